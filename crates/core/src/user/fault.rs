//! Why a flight ended without an answer.

use super::Purpose;
use crate::error::{Error, ErrorCode};
use crate::http::{HttpResponse, TransportFailure};
use crate::time::Timestamp;
use crate::token::read_response;
use alloc::format;
use alloc::string::String;

/// Why there is no answer. The host of ADAL's calls makes ADAL's texts of it; [`UserFault::error`] is this crate's own.
#[derive(Debug)]
pub enum UserFault {
    /// A request was answered with an error.
    Refused(Purpose, HttpResponse),
    /// A request was not answered.
    Unanswered(Purpose, TransportFailure),
    /// The user did not type in the code in time; the service's last answer.
    CodeExpired(HttpResponse),
    /// The realm's account type is none that exists.
    AccountType(String),
    /// The realm does not know the account.
    AccountUnknown(String),
    /// The realm's federation protocol is none that exists.
    FederationProtocol(String),
    /// Neither metadata nor realm name an endpoint for passwords.
    NoTrustEndpoint,
    /// The realm's endpoint would get the password in clear text.
    TrustEndpointInsecure,
    /// The realm's endpoint does not say which version of WS-Trust it speaks.
    TrustVersionUnknown,
    /// The federation server refused.
    TrustRefused {
        /// The fault's innermost code, without its prefix.
        code: Option<String>,
        /// The fault's text.
        reason: Option<String>,
    },
    /// The federation server answered with nothing.
    TrustEmpty,
    /// The federation server answered with what is not XML, or has a DTD.
    TrustMalformed,
    /// The federation server's answer has no assertion.
    TrustWithoutToken,
    /// The federation server's token is not a SAML assertion.
    TrustTokenType(String),
}

/// How much of a foreign text an error quotes.
const MAX_QUOTED: usize = 200;

impl UserFault {
    /// The fault's name as the bindings spell it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Refused(..) => "refused",
            Self::Unanswered(..) => "unanswered",
            Self::CodeExpired(_) => "codeExpired",
            Self::AccountType(_) => "accountType",
            Self::AccountUnknown(_) => "accountUnknown",
            Self::FederationProtocol(_) => "federationProtocol",
            Self::NoTrustEndpoint => "noTrustEndpoint",
            Self::TrustEndpointInsecure => "trustEndpointInsecure",
            Self::TrustVersionUnknown => "trustVersionUnknown",
            Self::TrustRefused { .. } => "trustRefused",
            Self::TrustEmpty => "trustEmpty",
            Self::TrustMalformed => "trustMalformed",
            Self::TrustWithoutToken => "trustWithoutToken",
            Self::TrustTokenType(_) => "trustTokenType",
        }
    }

    /// What the other side said in the place of what was expected.
    pub fn found(&self) -> Option<&str> {
        match self {
            Self::AccountType(found)
            | Self::AccountUnknown(found)
            | Self::FederationProtocol(found)
            | Self::TrustTokenType(found) => Some(found),
            Self::TrustRefused { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// The other side's text for people.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::TrustRefused { reason, .. } => reason.as_deref(),
            _ => None,
        }
    }

    /// The fault as an error with a stable code; `now` dates a `Retry-After`.
    pub fn error(&self, now: Timestamp) -> Error {
        match self {
            Self::Refused(_, response) => refused(response, now),
            Self::Unanswered(purpose, failure) => failure.clone().into_error(expected_of(*purpose)),
            Self::CodeExpired(_) => Error::new(
                ErrorCode::DeviceCodeExpired,
                "a code that nobody had typed in when its time was up",
                "a user who signs in with it",
            ),
            Self::TrustRefused { code, reason } => Error::new(
                ErrorCode::FederationRefused,
                format!(
                    "{} ({})",
                    cut(reason.as_deref().unwrap_or("no reason")),
                    cut(code.as_deref().unwrap_or("no code"))
                ),
                "an assertion about the user",
            ),
            _ => self.unusable(),
        }
    }

    /// The error of an answer that says what can't be used: found, and expected in its place.
    fn unusable(&self) -> Error {
        let realm = |found: String, expected| Error::new(ErrorCode::RealmInvalid, found, expected);
        let federation = |found, expected| Error::new(ErrorCode::FederationInvalid, found, expected);
        match self {
            Self::AccountType(found) => realm(quoted("the account type", found), "managed or federated"),
            Self::AccountUnknown(_) => realm("an account that is not known".into(), "managed or federated"),
            Self::FederationProtocol(found) => realm(quoted("the protocol", found), "WSTrust or SAML20"),
            Self::NoTrustEndpoint => {
                realm("no endpoint of a federation server".into(), "one that takes passwords")
            }
            Self::TrustEndpointInsecure => realm(
                "an endpoint without TLS".into(),
                "an https address; a password must not cross the network in clear text",
            ),
            Self::TrustVersionUnknown => realm(
                "an endpoint of another kind".into(),
                "…/trust/13/usernamemixed or …/trust/2005/usernamemixed",
            ),
            Self::TrustEmpty => federation("an empty body".into(), "an assertion about the user"),
            Self::TrustMalformed => federation("what is not XML, or has a DTD".into(), "a SOAP envelope"),
            Self::TrustTokenType(found) => {
                federation(quoted("a token of the type", found), "a SAML assertion of version 1.0 or 2.0")
            }
            _ => federation("an answer without a token".into(), "an assertion about the user"),
        }
    }
}

/// The service's own words, with what is known to help.
fn refused(response: &HttpResponse, now: Timestamp) -> Error {
    read_response(response, now).err().unwrap_or_else(|| {
        Error::new(ErrorCode::ResponseInvalid, format!("HTTP status {}", response.status), "an answer")
    })
}

const fn expected_of(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Token => "a response of the token service",
        Purpose::UserCode => "a code for the user",
        Purpose::Realm => "the user's realm",
        Purpose::Metadata | Purpose::Assertion => "a response of the federation server",
        Purpose::Discovery => "a response about the host",
    }
}

fn quoted(what: &str, found: &str) -> String {
    format!("{what} \"{}\"", cut(found))
}

/// The beginning of a foreign text.
fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_QUOTED).map_or(text.len(), |(index, _)| index);
    text.get(..end).unwrap_or_default()
}
