//! Device codes: who has started to sign in on which device, and what became of it.
//!
//! [RFC 8628](https://www.rfc-editor.org/rfc/rfc8628) with Entra's numbers. The user's part, typing the code in at another device, is played by
//! the control interface.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::random;
use crate::scope::Asked;

/// A code is good for fifteen minutes.
pub(crate) const LIFETIME_SECONDS: i64 = 900;
/// How often a device may ask.
pub(crate) const INTERVAL_SECONDS: i64 = 5;
/// Codes that are remembered; beyond these, those go that are expired.
const MOST_KEPT: usize = 10_000;
/// Letters and digits that are not taken for each other.
const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const USER_CODE_LENGTH: usize = 9;

/// The codes of this run.
#[derive(Default)]
pub(crate) struct DeviceCodes(Mutex<Codes>);

#[derive(Default)]
struct Codes {
    /// By device code.
    pending: HashMap<String, Pending>,
    /// What the user does with every code that is yet to come.
    standing: Decision,
}

struct Pending {
    user_code: String,
    client: String,
    asked: Asked,
    expires: OffsetDateTime,
    decision: Decision,
    /// Polls that are still told to slow down.
    slow_polls: u32,
}

/// What the user has done.
#[derive(Clone, Default)]
pub(crate) enum Decision {
    #[default]
    None,
    Approved(String),
    Declined,
}

/// What a poll comes to.
pub(crate) enum Poll {
    Approved {
        user: String,
        asked: Asked,
    },
    Declined,
    Expired,
    Pending,
    SlowDown,
    /// No such code of this client.
    Unknown,
}

impl DeviceCodes {
    fn codes(&self) -> MutexGuard<'_, Codes> {
        // Whole even if a thread panicked while it held the lock: every change is made in one go.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a sign-in: device code and user code.
    pub(crate) fn start(&self, client: &str, asked: Asked, now: OffsetDateTime) -> (String, String) {
        let device_code = format!("{}{}", random::token_id(), random::token_id());
        let letters = random::bytes::<USER_CODE_LENGTH>();
        let letter = |byte: &u8| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]);
        let user_code: String = letters.iter().map(letter).collect();
        let mut codes = self.codes();
        let pending = Pending {
            user_code: user_code.clone(),
            client: client.to_ascii_lowercase(),
            asked,
            expires: now.saturating_add(Duration::seconds(LIFETIME_SECONDS)),
            decision: codes.standing.clone(),
            slow_polls: 0,
        };
        if codes.pending.len() >= MOST_KEPT {
            codes.pending.retain(|_, other| now < other.expires);
        }
        codes.pending.insert(device_code.clone(), pending);
        (device_code, user_code)
    }

    pub(crate) fn poll(&self, device_code: &str, client: &str, now: OffsetDateTime) -> Poll {
        let mut codes = self.codes();
        let found =
            codes.pending.get_mut(device_code).filter(|pending| pending.client.eq_ignore_ascii_case(client));
        let Some(pending) = found else { return Poll::Unknown };
        if now >= pending.expires {
            return Poll::Expired;
        }
        if pending.slow_polls > 0 {
            pending.slow_polls -= 1;
            return Poll::SlowDown;
        }
        match &pending.decision {
            Decision::None => Poll::Pending,
            Decision::Declined => Poll::Declined,
            Decision::Approved(user) => Poll::Approved { user: user.clone(), asked: pending.asked.clone() },
        }
    }

    /// Who has approved the code.
    pub(crate) fn user_of(&self, device_code: &str) -> Option<String> {
        match &self.codes().pending.get(device_code)?.decision {
            Decision::Approved(user) => Some(user.clone()),
            _ => None,
        }
    }

    /// A code is good for one token.
    pub(crate) fn forget(&self, device_code: &str) {
        self.codes().pending.remove(device_code);
    }

    /// Records what the user does with a code; whether there is such a code.
    pub(crate) fn decide(&self, user_code: &str, decision: Option<Decision>, slow_polls: u32) -> bool {
        let mut codes = self.codes();
        let found =
            codes.pending.values_mut().find(|pending| pending.user_code.eq_ignore_ascii_case(user_code));
        let Some(pending) = found else { return false };
        pending.decision = decision.unwrap_or_else(|| pending.decision.clone());
        pending.slow_polls = pending.slow_polls.saturating_add(slow_polls);
        true
    }

    /// Says what the user does with every code that is yet to come.
    pub(crate) fn decide_ahead(&self, decision: Decision) {
        self.codes().standing = decision;
    }

    pub(crate) fn shown(&self) -> Vec<Value> {
        let shown = |pending: &Pending| {
            let (state, user) = match &pending.decision {
                Decision::None => ("pending", None),
                Decision::Approved(user) => ("approved", Some(user)),
                Decision::Declined => ("declined", None),
            };
            json!({
                "userCode": pending.user_code,
                "appId": pending.client,
                "resource": pending.asked.resource,
                "expires": pending.expires.unix_timestamp(),
                "state": state,
                "user": user,
            })
        };
        self.codes().pending.values().map(shown).collect()
    }
}
