//! What the token endpoint answers.
//!
//! Entra's v1 endpoint gives numbers as strings and v2 as numbers; both are read everywhere, as Microsoft's own clients do.

use crate::aadsts;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorCode, Result, ServiceError};
use crate::http::HttpResponse;
use crate::json::{Fault, Object, Value};
use crate::secret::{Secret, SecretString};
use crate::text::text;
use crate::time::Timestamp;
use alloc::borrow::ToOwned as _;
use alloc::string::String;

/// An access token and what the service said of it.
#[derive(Debug)]
pub struct AccessToken {
    /// `access_token`: opaque to the client.
    pub access_token: SecretString,
    /// `token_type`, as spelled by the service: `Bearer`.
    pub token_type: String,
    /// When it was got, by the host's clock: when the request was sent.
    pub obtained_on: Timestamp,
    /// When it dies, by the host's clock: when the request was sent, plus `expires_in`.
    pub expires_on: Timestamp,
    /// From when on it should be renewed, by the host's clock.
    pub refresh_on: Timestamp,
    /// `expires_in`: lifetime in seconds.
    pub expires_in: u64,
    /// `ext_expires_in`: lifetime in an outage, in seconds.
    pub ext_expires_in: Option<u64>,
    /// `expires_on`: NumericDate; v1 only.
    pub service_expires_on: Option<u64>,
    /// `not_before`: NumericDate; v1 only.
    pub not_before: Option<u64>,
    /// `refresh_in`: seconds after which the service wants the token renewed; 0 is none.
    pub refresh_in: Option<u64>,
    /// `resource`: echo of the request; v1 only.
    pub resource: Option<String>,
    /// `scope`: not sent for client_credentials, but by other services.
    pub scope: Option<String>,
}

/// How long before its death a token is renewed if the service names no time, what Microsoft's own clients do; but not before
/// half of its life.
const RENEWAL_MARGIN_SECS: u64 = 300;

/// From which lifetime on a token is renewed at half of it: one that lives for a day leaves room for a long outage.
const LONG_LIFETIME_SECS: u64 = 7_200;

/// By how much of its time to the refresh, and by how many milliseconds at most, a token is refreshed earlier than others
/// that were got at the same time.
const SPREAD_SHARE: u64 = 20;
const MAX_SPREAD_MILLIS: u64 = 300_000;

impl AccessToken {
    /// Moves the refresh forward by chance, so that many that began together do not come back together.
    pub(crate) fn spread_refresh(&mut self, entropy: &mut Entropy) {
        let millis = self.refresh_on.as_millis().saturating_sub(self.obtained_on.as_millis());
        let spread = entropy.below((millis / SPREAD_SHARE).clamp(1, MAX_SPREAD_MILLIS));
        self.refresh_on = Timestamp::from_millis(self.refresh_on.as_millis().saturating_sub(spread));
    }
}

/// Reads the answer to a token request that was sent at `sent`.
///
/// # Errors
///
/// [`ErrorCode::ServiceRefused`] and [`ErrorCode::ServiceUnavailable`] with the service's own words,
/// [`ErrorCode::ResponseInvalid`] for anything that is not a token response.
pub(crate) fn read_response(response: &HttpResponse, sent: Timestamp) -> Result<AccessToken> {
    match Object::parse(response.body.expose()) {
        Err(fault) => Err(unreadable(response, fault, sent)),
        Ok(body)
            if (200..=299).contains(&response.status) && body.get("error").is_none_or(Value::is_null) =>
        {
            access_token(&body, sent, response.date())
        }
        Ok(body) => Err(refusal(&body, response, sent)),
    }
}

/// A success response, [RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1), and Entra's additions.
fn access_token(body: &Object<'_>, sent: Timestamp, date: Option<Timestamp>) -> Result<AccessToken> {
    let invalid = |found: String| {
        Error::new(ErrorCode::ResponseInvalid, found, "a token response (RFC 6749 section 5.1)")
    };
    let without = |name| invalid(text!["JSON without a usable \"", name, "\""]);
    let number = |name| body.get(name).and_then(Value::as_u64);
    let access_token = text(body, "access_token").map(Secret::new);
    let access_token =
        access_token.filter(|token| !token.expose().is_empty()).ok_or_else(|| without("access_token"))?;
    let token_type = text(body, "token_type").ok_or_else(|| without("token_type"))?;
    if !token_type.eq_ignore_ascii_case("bearer") {
        return Err(invalid("a \"token_type\" other than Bearer".into()));
    }
    let expires_in = match body.get("expires_in").filter(|value| !value.is_null()) {
        Some(value) => match value.as_u64().ok_or_else(|| without("expires_in"))? {
            0 => return Err(invalid("a token with a life of 0 s".into())),
            secs => secs,
        },
        // RFC 6749 section 5.1 only recommends it. Managed identities may give the end alone, by their own clock; without either,
        // the token serves the callers at hand and is not kept.
        None => {
            let now = date.unwrap_or(sent).as_secs();
            body.get("expires_on").and_then(end).map_or(0, |end| end.saturating_sub(now))
        }
    };
    let refresh_in = number("refresh_in").filter(|secs| *secs > 0);
    let expires_on = sent.plus_secs(expires_in);
    Ok(AccessToken {
        access_token,
        token_type,
        expires_on,
        obtained_on: sent,
        refresh_on: match refresh_in {
            Some(secs) => sent.plus_secs(secs).min(expires_on),
            None if expires_in >= LONG_LIFETIME_SECS => sent.plus_secs(expires_in / 2),
            None => expires_on.minus_secs(RENEWAL_MARGIN_SECS.min(expires_in / 2)),
        },
        expires_in,
        ext_expires_in: number("ext_expires_in"),
        service_expires_on: number("expires_on"),
        not_before: number("not_before"),
        refresh_in,
        resource: text(body, "resource"),
        scope: text(body, "scope"),
    })
}

/// The NumericDate that `expires_on` is.
fn end(value: Value<'_>) -> Option<u64> {
    #[cfg(feature = "managed-identity")]
    if let Some(date) = value.as_string().as_deref().and_then(super::date::read) {
        return Some(date.as_secs());
    }
    value.as_u64()
}

fn text(body: &Object<'_>, name: &str) -> Option<String> {
    body.get(name).and_then(Value::as_string)
}

/// An error response, [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2), and Entra's additions.
fn refusal(body: &Object<'_>, response: &HttpResponse, sent: Timestamp) -> Error {
    let codes = body.get("error_codes").and_then(Value::elements).unwrap_or_default();
    let service = ServiceError {
        status: response.status,
        error: text(body, "error").unwrap_or_default(),
        error_description: text(body, "error_description"),
        error_codes: codes.into_iter().filter_map(|code| u32::try_from(code.as_u64()?).ok()).collect(),
        timestamp: text(body, "timestamp"),
        trace_id: text(body, "trace_id"),
        correlation_id: text(body, "correlation_id"),
        error_uri: text(body, "error_uri"),
        suberror: text(body, "suberror"),
        claims: text(body, "claims"),
        request_id: response.header("x-ms-request-id").map(str::to_owned),
        retry_after: response.retry_after(sent),
    };
    let is_passing = aadsts::is_passing(&service.error_codes)
        .unwrap_or(is_passing(service.status) || service.error == "temporarily_unavailable");
    let code = if is_passing { ErrorCode::ServiceUnavailable } else { ErrorCode::ServiceRefused };
    let hint = aadsts::hint(&service.error_codes);
    Error::from_service(code, service, hint)
}

/// The service's refusal, if a response to another request than one for a token is one.
#[cfg(feature = "discovery")]
pub(crate) fn refusal_of(response: &HttpResponse, sent: Timestamp) -> Option<Error> {
    let body = Object::parse(response.body.expose()).ok()?;
    body.get("error").and_then(Value::as_string)?;
    let error = refusal(&body, response, sent);
    (error.code() == ErrorCode::ServiceRefused).then_some(error)
}

/// Whether a status says that the same request may succeed later.
pub(crate) const fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// Says what answered instead of JSON, by length, form and type; never by content.
fn unreadable(response: &HttpResponse, fault: Fault, sent: Timestamp) -> Error {
    let body = response.body.expose();
    let content_type = response.header("content-type").map_or("no content type", media_type);
    let status = response.status;
    let found = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => text!["an empty body (HTTP status ", status, ")"],
        Some(b'<') => {
            text!["HTML or XML of ", body.len(), " bytes (HTTP status ", status, ", ", content_type, ")"]
        }
        Some(b'{') if fault == Fault::CutOff => {
            text!["JSON that is cut off after ", body.len(), " bytes (HTTP status ", status, ")"]
        }
        Some(_) => {
            text![
                body.len(),
                " bytes that are not a JSON object (HTTP status ",
                status,
                ", ",
                content_type,
                ")"
            ]
        }
    };
    if !is_passing(status) {
        return Error::new(ErrorCode::ResponseInvalid, found, "a token response in JSON");
    }
    let service = ServiceError {
        status,
        error_description: Some(found),
        request_id: response.header("x-ms-request-id").map(str::to_owned),
        retry_after: response.retry_after(sent),
        ..ServiceError::default()
    };
    Error::from_service(ErrorCode::ServiceUnavailable, service, None)
}

/// The media type of a Content-Type header, if it looks like one.
fn media_type(value: &str) -> &str {
    let media_type = value.split(';').next().unwrap_or("").trim_ascii();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte);
    if !media_type.is_empty() && media_type.len() <= 60 && media_type.bytes().all(is_plain) {
        media_type
    } else {
        "an odd content type"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn response(status: u16, content_type: &str, body: &str) -> HttpResponse {
        HttpResponse {
            status,
            headers: alloc::vec![("Content-Type".into(), content_type.into())],
            body: Secret::new(body.as_bytes().into()),
        }
    }

    fn read(status: u16, body: &str) -> Result<AccessToken> {
        read_response(&response(status, "application/json", body), Timestamp::from_secs(1000))
    }

    #[test]
    fn v2_response_is_read() {
        let token = read(
            200,
            r#"{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"ey.x"}"#,
        );
        let token = token.unwrap();
        assert_eq!(token.access_token.expose(), "ey.x");
        assert_eq!(token.expires_on, Timestamp::from_secs(4599));
        assert_eq!(token.refresh_on, Timestamp::from_secs(4299));
        assert_eq!(token.ext_expires_in, Some(3599));
    }

    #[test]
    fn v1_response_with_numbers_as_strings_is_read() {
        let body = r#"{"token_type":"Bearer","expires_in":"3599","ext_expires_in":"3599","expires_on":"1388452167",
            "not_before":"1388448267","resource":"https://graph.microsoft.com","access_token":"ey.x","future":[{}]}"#;
        let token = read(200, body).unwrap();
        assert_eq!(token.expires_in, 3599);
        assert_eq!(token.service_expires_on, Some(1_388_452_167));
        assert_eq!(token.not_before, Some(1_388_448_267));
        assert_eq!(token.resource.as_deref(), Some("https://graph.microsoft.com"));
    }

    #[test]
    fn service_names_the_time_of_renewal() {
        let body = r#"{"token_type":"bearer","expires_in":86399,"refresh_in":43199,"access_token":"x"}"#;
        assert_eq!(read(200, body).unwrap().refresh_on, Timestamp::from_secs(44_199));
    }

    #[test]
    fn renewal_is_never_later_than_death() {
        let body = r#"{"token_type":"Bearer","expires_in":3600,"refresh_in":86400,"access_token":"x"}"#;
        let token = read(200, body).unwrap();
        assert_eq!(token.refresh_on, token.expires_on);
    }

    #[test]
    fn token_without_a_lifetime_is_dead_at_once() {
        let token = read(200, r#"{"token_type":"Bearer","access_token":"x"}"#).unwrap();
        assert_eq!((token.expires_in, token.expires_on), (0, Timestamp::from_secs(1000)));
        let error =
            read(200, r#"{"token_type":"Bearer","access_token":"x","expires_in":"soon"}"#).unwrap_err();
        assert_eq!(error.found(), "JSON without a usable \"expires_in\"");
    }

    #[test]
    fn overload_without_json_is_overload_all_the_same() {
        for status in [408, 429, 500, 503] {
            let error = read(status, "<html>").unwrap_err();
            assert_eq!(error.code(), ErrorCode::ServiceUnavailable, "{status}");
        }
    }

    #[test]
    fn refusal_keeps_every_field_of_the_service() {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS700027: no.\r\nTrace ID: t","error_codes":[700027,"50012"],
            "timestamp":"2026-01-31 12:00:00Z","trace_id":"t","correlation_id":"c","error_uri":"u","suberror":"s","claims":"{}"}"#;
        let mut response = response(401, "application/json", body);
        response.headers.push(("X-MS-Request-Id".into(), "r".into()));
        response.headers.push(("retry-after".into(), "7".into()));
        let error = read_response(&response, Timestamp::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ServiceRefused);
        #[cfg(feature = "aadsts-hints")]
        assert!(error.hint().starts_with("register this certificate"));
        let expected = ServiceError {
            status: 401,
            error: "invalid_client".into(),
            error_description: Some("AADSTS700027: no.\r\nTrace ID: t".into()),
            error_codes: alloc::vec![700_027, 50_012],
            timestamp: Some("2026-01-31 12:00:00Z".into()),
            trace_id: Some("t".into()),
            correlation_id: Some("c".into()),
            error_uri: Some("u".into()),
            suberror: Some("s".into()),
            claims: Some("{}".into()),
            request_id: Some("r".into()),
            retry_after: Some(7),
        };
        assert_eq!(error.service(), Some(&expected));
    }

    #[test]
    fn what_is_no_token_response_is_named_by_form_and_not_shown() {
        let cases = [
            (200, "", ErrorCode::ResponseInvalid, "an empty body (HTTP status 200)"),
            (
                200,
                " <html>secret</html>",
                ErrorCode::ResponseInvalid,
                "HTML or XML of 20 bytes (HTTP status 200, text/html)",
            ),
            (
                200,
                r#"{"access_token":"secr"#,
                ErrorCode::ResponseInvalid,
                "JSON that is cut off after 21 bytes (HTTP status 200)",
            ),
            (
                200,
                r#"{"access_token":7}"#,
                ErrorCode::ResponseInvalid,
                "JSON without a usable \"access_token\"",
            ),
            (
                200,
                "[]",
                ErrorCode::ResponseInvalid,
                "2 bytes that are not a JSON object (HTTP status 200, text/html)",
            ),
            (200, "{}", ErrorCode::ResponseInvalid, "JSON without a usable \"access_token\""),
            (
                200,
                r#"{"access_token":"x","token_type":"mac","expires_in":1}"#,
                ErrorCode::ResponseInvalid,
                "a \"token_type\" other than Bearer",
            ),
            (302, "", ErrorCode::ResponseInvalid, "an empty body (HTTP status 302)"),
            (
                503,
                "<html>",
                ErrorCode::ServiceUnavailable,
                "HTML or XML of 6 bytes (HTTP status 503, text/html)",
            ),
        ];
        for (status, body, code, found) in cases {
            let error = read_response(&response(status, "text/html; charset=x", body), Timestamp::default())
                .unwrap_err();
            assert_eq!(error.code(), code, "{body}");
            assert_eq!(error.found(), found);
        }
    }

    #[test]
    fn overload_is_told_apart_from_refusal() {
        let code =
            |status, error: &str| read(status, &format!(r#"{{"error":"{error}"}}"#)).unwrap_err().code();
        assert_eq!(code(400, "invalid_request"), ErrorCode::ServiceRefused);
        assert_eq!(code(400, "temporarily_unavailable"), ErrorCode::ServiceUnavailable);
        assert_eq!(code(429, "invalid_request"), ErrorCode::ServiceUnavailable);
        assert_eq!(code(200, "invalid_request"), ErrorCode::ServiceRefused);
    }
}
