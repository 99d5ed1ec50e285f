//! What a schedule brought to light.

/// The promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A token that is over was handed out.
    Dead,
    /// Two requests for one key at a time.
    Double,
    /// A caller failed who could have been served.
    Failed,
    /// A token or a flight that is for another request.
    Foreign,
    /// Flights or tokens that stay.
    Leaked,
    /// A caller without an end.
    Lost,
    /// A request to an endpoint that asked to be left alone.
    Pushed,
    /// A failure that is remembered for too long.
    Remembered,
    /// Retries of what can't succeed, or beyond the budget.
    Retried,
    /// An error without a stable code; an input that was taken although nobody asked for it.
    Unclear,
    /// A request that the service can't read.
    Malformed,
}

/// A broken promise.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) rule: Rule,
    pub(crate) text: String,
}

impl core::fmt::Display for Finding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.text)
    }
}

pub(crate) fn broken<T>(rule: Rule, text: &str) -> Result<T, Finding> {
    Err(Finding { rule, text: text.into() })
}

/// A result of the simulation, which names core's own type more often.
pub(crate) type Checked<T = ()> = Result<T, Finding>;
