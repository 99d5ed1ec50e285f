//! What was checked and decided about a request, and the one line that says so.
//!
//! An entry never holds an assertion, a secret or a token. It does hold text that the client chose (path, client id,
//! names of claims), so whatever could forge a line or move a terminal's cursor is escaped when it is displayed.

use alloc::sync::Arc;
use core::fmt;

use crate::service_error::ServiceError;

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// An access token was issued.
    Issued {
        /// Version of the token, 1 or 2.
        version: u8,
        /// The resource it is for, as requested.
        resource: String,
    },
    /// The service answered with an error.
    Refused {
        /// The AADSTS code.
        code: u32,
        /// Why, in a few words.
        reason: String,
    },
    /// Another service than the token service answered with an error.
    Denied {
        /// Its code, `KeyNotFound` for instance.
        code: String,
        /// Why.
        reason: String,
    },
    /// A fault rule had something else answered.
    Faulted {
        /// Names of the rules that were applied.
        rules: Vec<String>,
        /// The service's code that was shown, if there was one.
        code: Option<String>,
    },
    /// A document was served.
    Served {
        /// Which one.
        document: &'static str,
    },
    /// There is nothing at this path.
    NotFound,
    /// The request could not be read: too long, too slow or not HTTP.
    Unreadable {
        /// Why.
        reason: &'static str,
    },
}

impl Decision {
    /// The service's code of a refusal.
    pub(crate) fn code(&self) -> Option<String> {
        match self {
            Self::Refused { code, .. } => Some(format!("AADSTS{code}")),
            Self::Denied { code, .. } => Some(code.clone()),
            Self::Faulted { code, .. } => code.clone(),
            _ => None,
        }
    }
}

/// What the emulator says about one request.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// Status of the response.
    pub status: u16,
    /// The client id, once it is known.
    pub client: Option<String>,
    /// Names of the checks that passed, in the order they were made.
    pub checks: Vec<String>,
    /// What a strict reading of the RFCs would have refused, or what Entra may treat differently.
    pub deviations: Vec<String>,
    /// How it ended.
    pub decision: Decision,
}

/// Longest piece of a client's text in a log line.
const LONGEST: usize = 160;

/// Escapes control characters and cuts what is too long.
fn plain(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(LONGEST)
        .flat_map(|c| match c {
            // Beyond ASCII, escape_debug also escapes what is invisible or turns the direction of text.
            '"' | '\'' | '\\' => vec![c],
            c => c.escape_debug().collect(),
        })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

impl fmt::Display for LogEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", plain(&self.method), plain(&self.path), self.status)?;
        if let Some(client) = &self.client {
            write!(f, " client {}", plain(client))?;
        }
        if !self.checks.is_empty() {
            let checks: Vec<String> = self.checks.iter().map(|check| plain(check)).collect();
            write!(f, "; checked {}", checks.join(", "))?;
        }
        if !self.deviations.is_empty() {
            let deviations: Vec<String> = self.deviations.iter().map(|deviation| plain(deviation)).collect();
            write!(f, "; deviations: {}", deviations.join(", "))?;
        }
        match &self.decision {
            Decision::Issued { version, resource } => {
                write!(f, "; issued a v{version} token for {}", plain(resource))
            }
            Decision::Refused { code, reason } => write!(f, "; refused AADSTS{code}: {}", plain(reason)),
            Decision::Denied { code, reason } => write!(f, "; refused {}: {}", plain(code), plain(reason)),
            Decision::Faulted { rules, code } => {
                write!(f, "; fault {}", plain(&rules.join(", ")))?;
                code.iter().try_for_each(|code| write!(f, ": {code}"))
            }
            Decision::Served { document } => write!(f, "; served {document}"),
            Decision::NotFound => write!(f, "; nothing here"),
            Decision::Unreadable { reason } => write!(f, "; unreadable: {reason}"),
        }
    }
}

/// Where log entries go.
#[derive(Clone)]
pub struct LogSink(Arc<dyn Fn(&LogEntry) + Send + Sync>);

impl LogSink {
    /// Hands every entry to `sink`, from the thread that handled the request.
    pub fn new(sink: impl Fn(&LogEntry) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Drops every entry.
    pub fn none() -> Self {
        Self::new(|_| ())
    }

    pub(crate) fn write(&self, entry: &LogEntry) {
        (self.0)(entry);
    }
}

impl Default for LogSink {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogSink")
    }
}

/// Collects the checks of one request, and knows whether deviations are let pass.
pub(crate) struct Trail {
    strict: bool,
    pub(crate) client: Option<String>,
    pub(crate) checks: Vec<String>,
    pub(crate) deviations: Vec<String>,
}

impl Trail {
    pub(crate) fn new(strict: bool) -> Self {
        Self { strict, client: None, checks: Vec::new(), deviations: Vec::new() }
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    pub(crate) fn passed(&mut self, check: impl Into<String>) {
        self.checks.push(check.into());
    }

    /// Something that Microsoft's own clients do and an RFC forbids: noted, or refused if strict.
    pub(crate) fn deviation(&mut self, what: impl Into<String>) -> Result<(), ServiceError> {
        let what = what.into();
        if self.strict {
            let text =
                format!("JWT token is invalid or malformed. [Reason - {what}, refused in strict mode.]");
            return Err(ServiceError::new(50027, text).because(what));
        }
        self.note(what);
        Ok(())
    }

    /// Something legal that is worth a remark.
    pub(crate) fn note(&mut self, what: impl Into<String>) {
        self.deviations.push(what.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, client: &str) -> LogEntry {
        LogEntry {
            method: "POST".to_owned(),
            path: path.to_owned(),
            status: 401,
            client: Some(client.to_owned()),
            checks: vec!["tenant".to_owned(), "grant".to_owned()],
            deviations: vec!["x5t is padded".to_owned()],
            decision: Decision::Refused { code: 700024, reason: "expired 10 s ago".to_owned() },
        }
    }

    #[test]
    fn a_line_says_what_was_checked_and_decided() {
        assert_eq!(
            entry("/contoso.com/oauth2/v2.0/token", "app").to_string(),
            "POST /contoso.com/oauth2/v2.0/token 401 client app; checked tenant, grant; \
             deviations: x5t is padded; refused AADSTS700024: expired 10 s ago"
        );
    }

    #[test]
    fn a_client_cannot_forge_a_line_or_flood_it() {
        let line = entry("/a\nPOST /b", &format!("\u{1b}[2J\u{202e}{}", "x".repeat(5000))).to_string();
        assert!(line.starts_with(r"POST /a\nPOST /b 401 client \u{1b}[2J\u{202e}xxx"), "{line}");
        assert!(line.len() < 500 && !line.contains(['\n', '\u{1b}', '\u{202e}']), "{line}");
    }
}
