//! Error replies: AADSTS codes, the OAuth error and status that go with each, and the JSON body.
//!
//! The shape is that of the live service: a text that begins with the code and ends with trace id, correlation id and
//! time, the same three as members, and a list of codes. HTTP 401 goes with `invalid_client` and 400 with the rest
//! ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)). Client diagnostics read these texts,
//! so the telling parts (`Reason - …`, `Thumbprint of key used by client: '…'`, the three times) are spelled alike.

use serde::Serialize;

use crate::clock;
use time::OffsetDateTime;

/// OAuth error of each AADSTS code that the emulator can answer.
const OAUTH_ERRORS: &[(u32, &str)] = &[
    (50013, "invalid_grant"),
    (50027, "invalid_request"),
    (50034, "invalid_grant"),
    (50049, "invalid_instance"),
    (50050, "invalid_request"),
    (50053, "invalid_grant"),
    (50055, "invalid_grant"),
    (50057, "invalid_grant"),
    (50059, "invalid_request"),
    (50076, "interaction_required"),
    (50126, "invalid_grant"),
    (50173, "invalid_grant"),
    (54005, "invalid_grant"),
    (65001, "invalid_grant"),
    (65004, "authorization_declined"),
    (70000, "invalid_grant"),
    (70003, "unsupported_grant_type"),
    (70008, "invalid_grant"),
    (70011, "invalid_scope"),
    (70016, "authorization_pending"),
    (70018, "bad_verification_code"),
    (70019, "code_expired"),
    (70020, "expired_token"),
    (70021, "invalid_request"),
    (90002, "invalid_request"),
    (90014, "invalid_request"),
    (90023, "invalid_request"),
    (500011, "invalid_resource"),
    (500112, "invalid_client"),
    (500131, "invalid_grant"),
    (500133, "invalid_grant"),
    // Microsoft's documents say invalid_client, what was seen in the field says invalid_grant.
    (501051, "invalid_grant"),
    (501481, "invalid_grant"),
    (700016, "unauthorized_client"),
    (700021, "invalid_client"),
    (700022, "invalid_scope"),
    (700023, "invalid_client"),
    (700024, "invalid_client"),
    (700025, "invalid_client"),
    (700027, "invalid_client"),
    (700030, "invalid_client"),
    (700082, "invalid_grant"),
    (700211, "invalid_client"),
    (700212, "invalid_client"),
    (700213, "invalid_client"),
    (700226, "invalid_request"),
    (700227, "invalid_request"),
    (700229, "invalid_request"),
    (900023, "invalid_request"),
    (900144, "invalid_request"),
    (900384, "invalid_request"),
    (900561, "invalid_request"),
    (901002, "invalid_request"),
    (1002012, "invalid_scope"),
    (5002723, "invalid_client"),
    (5002727, "invalid_request"),
    (5002738, "invalid_client"),
    (7000112, "unauthorized_client"),
    (7000113, "invalid_grant"),
    (7000215, "invalid_client"),
    (7000218, "invalid_client"),
    (7000222, "invalid_client"),
    (7000229, "invalid_client"),
    (9000411, "invalid_request"),
    (9001023, "invalid_request"),
    (9002313, "invalid_request"),
];

/// A refusal: its code, its text, and for the log what the text must not or need not say.
#[derive(Clone, Debug)]
pub(crate) struct ServiceError {
    pub(crate) code: u32,
    pub(crate) text: String,
    /// Said in the log line and not in the reply.
    pub(crate) reason: String,
    /// Members that few replies have, and what a fault script has put in place of the usual.
    pub(crate) details: Box<ErrorDetails>,
}

/// What differs from reply to reply of one code; the usual where it is absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErrorDetails {
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
    pub(crate) suberror: Option<String>,
    /// JSON, for a claims challenge.
    pub(crate) claims: Option<String>,
}

/// The ids that tie a reply to its request.
#[derive(Clone, Debug)]
pub(crate) struct ReplyIds {
    pub(crate) trace: String,
    pub(crate) correlation: String,
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_description: String,
    error_codes: [u32; 1],
    timestamp: &'a str,
    trace_id: &'a str,
    correlation_id: &'a str,
    error_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    suberror: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<&'a str>,
}

impl ServiceError {
    pub(crate) fn new(code: u32, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), reason: String::new(), details: Box::default() }
    }

    /// Adds what only the log line says.
    pub(crate) fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..self }
    }

    pub(crate) fn with(self, details: ErrorDetails) -> Self {
        Self { details: Box::new(details), ..self }
    }

    pub(crate) fn oauth_error(&self) -> &str {
        self.details.error.as_deref().or_else(|| known_oauth_error(self.code)).unwrap_or("invalid_request")
    }

    pub(crate) fn status(&self) -> u16 {
        let usual = if self.oauth_error() == "invalid_client" { 401 } else { 400 };
        self.details.status.unwrap_or(usual)
    }

    /// The description as it stands in the body.
    pub(crate) fn description(&self, ids: &ReplyIds, now: OffsetDateTime) -> String {
        format!(
            "AADSTS{}: {} Trace ID: {} Correlation ID: {} Timestamp: {}",
            self.code,
            self.text,
            ids.trace,
            ids.correlation,
            clock::service_timestamp(now)
        )
    }

    /// The JSON body; `base` is scheme, host and port of the endpoint, which `error_uri` shares.
    pub(crate) fn body(&self, base: &str, ids: &ReplyIds, now: OffsetDateTime) -> Vec<u8> {
        let body = Body {
            error: self.oauth_error(),
            error_description: self.description(ids, now),
            error_codes: [self.code],
            timestamp: &clock::service_timestamp(now),
            trace_id: &ids.trace,
            correlation_id: &ids.correlation,
            error_uri: format!("{base}/error?code={}", self.code),
            suberror: self.details.suberror.as_deref(),
            claims: self.details.claims.as_deref(),
        };
        // A struct of strings and numbers can always be written as JSON.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// The OAuth error of a code that the emulator answers with of itself.
pub(crate) fn known_oauth_error(code: u32) -> Option<&'static str> {
    OAUTH_ERRORS.iter().find(|(known, _)| *known == code).map(|(_, error)| *error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once_and_in_order() {
        assert!(OAUTH_ERRORS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn readme_lists_every_code_with_its_error_and_status() {
        let readme = include_str!("../README.md");
        for (code, error) in OAUTH_ERRORS {
            let row = format!("| {code} | {error} | {} |", ServiceError::new(*code, "").status());
            assert!(readme.contains(&row), "no row with {row}");
        }
    }

    #[test]
    fn failed_authentication_is_401_and_all_else_400() {
        assert_eq!(ServiceError::new(700027, "").status(), 401);
        assert_eq!(ServiceError::new(700016, "").status(), 400);
        assert_eq!(ServiceError::new(90014, "").status(), 400);
    }
}
