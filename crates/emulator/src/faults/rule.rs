//! One rule of a fault script, as JSON: `match` says for which requests, `action` what happens to them.
//!
//! A member that is misspelled, an operation that does not exist and an action that does nothing are errors: a script
//! that silently does nothing would make a test that can't fail.

use alloc::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use time::Duration;

use crate::error::{RegistrationError, json_fault};
use crate::requests::is_of;
use crate::route::OPERATIONS;

/// Something that is to go wrong.
#[derive(Clone, Debug)]
pub struct FaultRule {
    pub(crate) name: Option<String>,
    pub(crate) matching: Matching,
    pub(crate) action: Action,
    /// As it was given.
    pub(crate) written: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, rename = "match")]
    matching: Matching,
    action: Action,
}

/// Which requests a rule is for; all where it is silent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Matching {
    #[serde(default)]
    operation: Operations,
    #[serde(default)]
    pub(super) tenant: Option<String>,
    #[serde(default)]
    pub(super) client: Option<String>,
    /// The first of them that it happens to, counted from 1.
    #[serde(default)]
    pub(super) from: u64,
    /// To how many of them it happens from then on.
    #[serde(default)]
    pub(super) count: Option<u64>,
    /// How long the rule is in force.
    #[serde(default)]
    pub(super) for_seconds: Option<f64>,
    /// Only to what a client sends beyond a limit.
    #[serde(default)]
    pub(super) over: Option<Limit>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Operations {
    One(String),
    Several(Vec<String>),
}

/// A number of requests in a window that begins with the first of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    pub(super) requests: u64,
    pub(super) seconds: f64,
}

/// What happens to a request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Action {
    /// Takes the place of the real reply, as do `error` and `body`.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(super) error: Option<ErrorReply>,
    #[serde(default)]
    pub(super) body: Option<BodyKind>,
    #[serde(default)]
    pub(super) retry_after: Option<RetryAfter>,
    #[serde(default)]
    pub(super) content_type: Option<String>,
    /// Header fields to set or, if null, to leave out.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Option<String>>,
    #[serde(default)]
    pub(super) delay_seconds: Option<f64>,
    #[serde(default)]
    pub(super) connection: Option<ConnectionFault>,
    /// How far the service's clock is off for this request.
    #[serde(default)]
    pub(super) clock_offset_seconds: Option<i64>,
    #[serde(default)]
    pub(crate) lifetime_seconds: Option<u64>,
    #[serde(default)]
    pub(crate) refresh_in_seconds: Option<i64>,
}

/// `Retry-After`: seconds, an HTTP date that many seconds ahead, or whatever is to stand there.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RetryAfter {
    Seconds(u64),
    Date { date: i64 },
    Text(String),
}

/// An error of the token service: a code, or a code with its particulars.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ErrorReply {
    Code(u32),
    Detailed(DetailedError),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DetailedError {
    pub(super) code: u32,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) suberror: Option<String>,
    /// A JSON object, or a text that is sent as it is.
    #[serde(default)]
    pub(super) claims: Option<Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum BodyKind {
    Html,
    Garbage,
    Empty,
    Text(String),
    Json(Value),
}

/// What happens to the connection while the reply is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum ConnectionFault {
    Reset,
    Half,
    Stall,
}

impl Default for Operations {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Operations {
    fn names(&self) -> &[String] {
        match self {
            Self::One(name) => core::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

impl FaultRule {
    /// Reads a script: one rule or an array of them.
    ///
    /// # Errors
    ///
    /// The text is not JSON of that shape, or a rule could never do anything. The error says where.
    pub fn parse(json: &str) -> Result<Vec<Self>, RegistrationError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let written: Value = serde_json::from_str(json).map_err(|fault| json_fault(&fault))?;
        let rules = match written {
            Value::Array(rules) => rules,
            one => vec![one],
        };
        let read = |(index, written)| {
            Self::read_one(written).map_err(|fault| fault.within(&format!("rule {}", index + 1)))
        };
        rules.into_iter().enumerate().map(read).collect()
    }

    /// Reads a script from a file.
    ///
    /// # Errors
    ///
    /// The file can't be read, or as of [`FaultRule::parse`].
    pub fn read(path: &Path) -> Result<Vec<Self>, RegistrationError> {
        let text = fs::read_to_string(path).map_err(RegistrationError::new);
        text.and_then(|text| Self::parse(&text)).map_err(|fault| fault.within(&path.display().to_string()))
    }

    fn read_one(written: Value) -> Result<Self, RegistrationError> {
        let raw: RawRule = serde_json::from_value(written.clone()).map_err(|fault| json_fault(&fault))?;
        let rule = Self { name: raw.name, matching: raw.matching, action: raw.action, written };
        rule.check()?;
        Ok(rule)
    }

    fn check(&self) -> Result<(), RegistrationError> {
        let fault = |text: &str| Err(RegistrationError::new(text));
        for name in self.matching.operation.names() {
            if !OPERATIONS.iter().any(|known| is_of(known, name)) {
                let text = format!(
                    "\"{}\" is no operation; there are {}",
                    name.escape_debug(),
                    OPERATIONS.join(", ")
                );
                return Err(RegistrationError::new(text).within("match.operation"));
            }
        }
        let seconds = [
            self.matching.for_seconds,
            self.matching.over.as_ref().map(|limit| limit.seconds),
            self.action.delay_seconds,
        ];
        if seconds.into_iter().flatten().any(|seconds| !(0.0..=1e9).contains(&seconds)) {
            return fault("a time is not a number of seconds from 0 to 1000000000");
        }
        if self.action.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return fault("action.status is not a number from 200 to 599");
        }
        if self.matching.over.is_none() && self.action.is_idle() {
            return fault("the action does nothing");
        }
        Ok(())
    }

    pub(super) fn is_for(&self, operation: &str) -> bool {
        let names = self.matching.operation.names();
        names.is_empty() || names.iter().any(|name| is_of(operation, name))
    }
}

impl Action {
    fn is_idle(&self) -> bool {
        !self.replaces()
            && self.retry_after.is_none()
            && self.content_type.is_none()
            && self.headers.is_empty()
            && self.delay_seconds.is_none()
            && self.connection.is_none()
            && self.clock_offset_seconds.is_none()
            && self.lifetime_seconds.is_none()
            && self.refresh_in_seconds.is_none()
    }

    /// Whether the request is not really answered.
    pub(crate) fn replaces(&self) -> bool {
        self.status.is_some() || self.error.is_some() || self.body.is_some()
    }

    /// Takes over all that a later rule says.
    pub(super) fn overlay(&mut self, later: &Self) {
        fn take<T: Clone>(place: &mut Option<T>, later: &Option<T>) {
            if later.is_some() {
                place.clone_from(later);
            }
        }
        take(&mut self.status, &later.status);
        take(&mut self.error, &later.error);
        take(&mut self.body, &later.body);
        take(&mut self.retry_after, &later.retry_after);
        take(&mut self.content_type, &later.content_type);
        take(&mut self.delay_seconds, &later.delay_seconds);
        take(&mut self.connection, &later.connection);
        take(&mut self.clock_offset_seconds, &later.clock_offset_seconds);
        take(&mut self.lifetime_seconds, &later.lifetime_seconds);
        take(&mut self.refresh_in_seconds, &later.refresh_in_seconds);
        self.headers.extend(later.headers.clone());
    }

    /// 429 until the window is over, unless the rule says something else.
    pub(super) fn throttle(&mut self, remaining: Duration) {
        if !self.replaces() {
            self.status = Some(429);
        }
        if self.retry_after.is_none() {
            let whole = remaining.whole_seconds() + i64::from(remaining.subsec_nanoseconds() > 0);
            self.retry_after = Some(RetryAfter::Seconds(u64::try_from(whole).unwrap_or_default().max(1)));
        }
    }

    pub(crate) fn clock_offset(&self) -> Duration {
        Duration::seconds(self.clock_offset_seconds.unwrap_or_default())
    }
}
