//! How often a device code is asked about, and when that ends: [RFC 8628 section 3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5).

use super::{Purpose, UserFault, is_success};
use crate::http::{HttpResponse, TransportFailure};
use crate::json::{Object, Value};
use alloc::string::String;

/// By how much the interval grows when the service finds it too short, RFC 8628 section 3.5.
const SLOW_DOWN_MILLIS: u64 = 5_000;

/// The questions so far. Their number is bounded by the code's lifetime: the interval before each, summed up.
#[derive(Debug)]
pub(super) struct Polling {
    interval: u64,
    lifetime: u64,
    spent: u64,
}

/// What follows from an answer.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Ask again after so many milliseconds.
    AskAgain(u64),
    /// That is it.
    Ended(Result<HttpResponse, UserFault>),
}

impl Polling {
    /// Before the first question.
    pub(super) const fn new(interval: u64, lifetime: u64) -> Self {
        // An interval of nothing would ask without end.
        let interval = if interval == 0 { SLOW_DOWN_MILLIS } else { interval };
        Self { interval, lifetime, spent: interval }
    }

    /// Judges the answer to a question.
    pub(super) fn judge(&mut self, answer: Result<HttpResponse, TransportFailure>) -> Verdict {
        let fault = match answer {
            Ok(response) => match (is_success(response.status), error_of(&response).as_deref()) {
                (true, None) => return Verdict::Ended(Ok(response)),
                (false, Some("authorization_pending")) => UserFault::CodeExpired(response),
                (false, Some("slow_down")) => {
                    self.interval = self.interval.saturating_add(SLOW_DOWN_MILLIS);
                    UserFault::CodeExpired(response)
                }
                _ => return Verdict::Ended(Err(UserFault::Refused(Purpose::Token, response))),
            },
            // The user may be typing while a network comes back.
            Err(failure) => UserFault::Unanswered(Purpose::Token, failure),
        };
        self.spent = self.spent.saturating_add(self.interval);
        if self.spent > self.lifetime { Verdict::Ended(Err(fault)) } else { Verdict::AskAgain(self.interval) }
    }
}

/// The OAuth error code of a response.
fn error_of(response: &HttpResponse) -> Option<String> {
    let body = Object::parse(response.body.expose()).ok()?;
    body.get("error").filter(|error| !error.is_null()).and_then(Value::as_string)
}
