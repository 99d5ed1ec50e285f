//! Reading back an access token that this emulator has issued: what a resource does with a bearer token.
//!
//! Signature and validity are checked here; what issuer, audience and caller must be is for the reader to say. There
//! is no allowance for clocks that differ, for there is only one. Not `Debug`: it comes from a credential.

use serde_json::Value;
use time::OffsetDateTime;

use crate::assertion::{Assertion, Date, Object};
use crate::clock::from_numeric_date;
use crate::keys::SigningKey;
use crate::log::Trail;

/// The claims of a token whose signature and times are good.
pub(crate) struct OwnToken {
    claims: Object,
}

/// Why a token can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// No JWT at all.
    Malformed,
    /// Signed by somebody else, or changed.
    Foreign,
    NotYetValid,
    Expired,
}

impl OwnToken {
    pub(crate) fn read(text: &str, key: &SigningKey, now: OffsetDateTime) -> Result<Self, Unusable> {
        let token = Assertion::parse(text).map_err(|_| Unusable::Malformed)?;
        let is_ours = token.header.text("kid").is_ok_and(|kid| kid == Some(key.kid.as_str()))
            && token.header.text("alg").is_ok_and(|alg| alg == Some("RS256"))
            && key.has_signed(&token.signing_input, &token.signature);
        if !is_ours {
            return Err(Unusable::Foreign);
        }
        let mut trail = Trail::new(false);
        let mut instant = |name| match token.claims.date(name, &mut trail) {
            Ok(Date::Seconds(seconds)) => Ok(from_numeric_date(seconds)),
            _ => Err(Unusable::Malformed),
        };
        let (from, until) = (instant("nbf")?, instant("exp")?);
        if now < from {
            return Err(Unusable::NotYetValid);
        }
        if now >= until {
            return Err(Unusable::Expired);
        }
        Ok(Self { claims: token.claims })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// A claim that is a list of texts; empty if it is absent or something else.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let values = self.get(name).and_then(Value::as_array).into_iter().flatten();
        values.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// A claim that is text; empty if it is absent or something else.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.claims.text(name).ok().flatten().unwrap_or_default()
    }

    /// The application that the token was issued to.
    pub(crate) fn client(&self) -> &str {
        if self.claims.get("appid").is_some() { self.text("appid") } else { self.text("azp") }
    }
}
