//! The token endpoint, [RFC 6749](https://www.rfc-editor.org/rfc/rfc6749): requests out, responses and errors in.
//!
//! Entra's v1 endpoint gives numbers as strings and v2 as numbers; both are read everywhere, as Microsoft's own clients do.

use crate::assertion::CLIENT_ASSERTION_TYPE;
use crate::authority::{Tenant, describe};
use crate::encoding::push_form_pair;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorCode, Result, ServiceError};
use crate::http::HttpResponse;
use crate::json::{Fault, Object, ObjectWriter, Value};
use crate::secret::{Secret, SecretString};
use crate::time::Timestamp;
use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// `resource` of a v1 endpoint.
    Resource(String),
    /// `scope` of a v2 endpoint: its values, separated by one space.
    Scope(String),
}

impl Target {
    /// The name of the request parameter that carries it.
    pub const fn parameter(&self) -> &'static str {
        match self {
            Self::Resource(_) => "resource",
            Self::Scope(_) => "scope",
        }
    }

    /// The value of that parameter.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Resource(value) | Self::Scope(value) => value,
        }
    }

    /// The App ID URI or client id of a resource.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::ResourceInvalid`] for nothing, white space or control characters.
    pub fn resource(resource: &str) -> Result<Self> {
        if is_token(resource) {
            return Ok(Self::Resource(resource.into()));
        }
        let found = if resource.is_empty() { "nothing".into() } else { describe(resource) };
        Err(Error::new(ErrorCode::ResourceInvalid, found, "an App ID URI or a client id without spaces"))
    }

    /// One scope or several, in any order; duplicates count once.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::ScopeInvalid`] for none, and for characters outside of
    /// [RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3).
    pub fn scopes<S: AsRef<str>>(scopes: &[S]) -> Result<Self> {
        let mut values: Vec<&str> = Vec::with_capacity(scopes.len());
        for value in
            scopes.iter().flat_map(|scope| scope.as_ref().split(' ')).filter(|value| !value.is_empty())
        {
            if let Err(index) = values.binary_search(&value) {
                values.insert(index, value);
            }
        }
        let found = match values.iter().find(|value| !is_token(value)) {
            Some(value) => describe(value),
            None if values.is_empty() => "nothing".into(),
            None => return Ok(Self::Scope(values.join(" "))),
        };
        Err(Error::new(
            ErrorCode::ScopeInvalid,
            found,
            "a scope such as https://graph.microsoft.com/.default",
        ))
    }
}

/// `scope-token` of RFC 6749 section 3.3: visible ASCII but `"` and `\`.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

/// A request for an access token, as a caller puts it.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// What the token is for.
    pub target: Target,
    /// Another tenant than the configured one.
    pub tenant: Option<Tenant>,
    /// A claims challenge: the JSON object that a resource's `WWW-Authenticate` carried, decoded.
    pub claims: Option<String>,
    /// Declares that the caller handles claims challenges.
    pub enable_cae: bool,
    /// Asks the service even if a token is cached.
    pub skip_cache: bool,
    /// Sent as `client-request-id` instead of an id that is made.
    pub correlation_id: Option<String>,
}

impl TokenRequest {
    /// A request with nothing but a target.
    pub const fn new(target: Target) -> Self {
        Self {
            target,
            tenant: None,
            claims: None,
            enable_cae: false,
            skip_cache: false,
            correlation_id: None,
        }
    }
}

/// Everything that tells one token request of a client from another, as one text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey(String);

impl RequestKey {
    /// The key of a request for `tenant`. No part can pass for another, because none but the last can hold a line feed.
    pub(crate) fn new(request: &TokenRequest, tenant: &Tenant) -> Self {
        let (kind, target) = (request.target.parameter(), request.target.as_str());
        let flags = match (request.enable_cae, request.skip_cache) {
            (false, false) => "",
            (true, false) => "c",
            (false, true) => "s",
            (true, true) => "cs",
        };
        let claims = request.claims.as_deref().unwrap_or_default();
        Self([tenant.as_str(), "\n", kind, flags, "\n", target, "\n", claims].concat())
    }

    /// Its bytes, for a hash.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of the same request without its claims challenge: whose token the new one replaces.
    pub(crate) fn without_claims(&self) -> Self {
        Self(self.0.get(..self.claims_begin()).unwrap_or_default().into())
    }

    /// Whether the request carries a claims challenge.
    pub(crate) fn has_claims(&self) -> bool {
        self.claims_begin() < self.0.len()
    }

    fn claims_begin(&self) -> usize {
        self.0.match_indices('\n').nth(2).map_or(self.0.len(), |(index, _)| index.saturating_add(1))
    }
}

/// By what a request proves which client it comes from.
#[derive(Clone, Copy)]
pub(crate) enum ClientProof<'a> {
    /// A client assertion, [RFC 7521 section 4.2](https://www.rfc-editor.org/rfc/rfc7521#section-4.2).
    Assertion(&'a SecretString),
    /// A secret, [RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1).
    Secret(&'a SecretString),
}

/// The body of a client_credentials request, [RFC 6749 section 4.4.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.4.2).
pub(crate) fn client_credentials_body(
    client_id: &str,
    target: &Target,
    claims: Option<&str>,
    proof: ClientProof<'_>,
) -> SecretString {
    let (ClientProof::Assertion(secret) | ClientProof::Secret(secret)) = proof;
    // Room for all of it, percent-encoded: growing would leave a copy of the secret behind.
    let lengths = [client_id.len(), target.as_str().len(), claims.map_or(0, str::len), secret.expose().len()];
    let room =
        lengths.into_iter().fold(256_usize, |sum, length| sum.saturating_add(length.saturating_mul(3)));
    let mut body = Secret::new(String::with_capacity(room));
    let mut push = |name, value| push_form_pair(body.expose_mut(), name, value);
    push("grant_type", "client_credentials");
    push("client_id", client_id);
    push(target.parameter(), target.as_str());
    if let Some(claims) = claims {
        push("claims", claims);
    }
    match proof {
        ClientProof::Assertion(assertion) => {
            push("client_assertion_type", CLIENT_ASSERTION_TYPE);
            push("client_assertion", assertion.expose());
        }
        ClientProof::Secret(secret) => push("client_secret", secret.expose()),
    }
    body
}

/// The value of the `claims` parameter: a challenge's, with the capability `cp1` added if the caller handles challenges.
///
/// # Errors
///
/// [`ErrorCode::ClaimsInvalid`] if the challenge is not a JSON object.
pub(crate) fn claims_parameter(challenge: Option<&str>, enable_cae: bool) -> Result<Option<String>> {
    const CAPABILITY: &str = "xms_cc";
    const CAPABILITIES: &str = r#"{"values":["cp1"]}"#;
    let invalid = |_| {
        Error::new(
            ErrorCode::ClaimsInvalid,
            "text that is not JSON of that shape",
            "a JSON object of objects",
        )
    };

    let claims = challenge.map(|text| Object::parse(text.as_bytes())).transpose().map_err(invalid)?;
    if !enable_cae {
        return Ok(challenge.map(str::to_owned));
    }
    let of_token = claims.as_ref().and_then(|claims| claims.get("access_token"));
    let of_token = of_token.map(Value::members).transpose().map_err(invalid)?;
    let mut of_token = copy_without(of_token.as_ref(), CAPABILITY);
    let of_token = of_token.raw(CAPABILITY, CAPABILITIES).finish();
    Ok(Some(copy_without(claims.as_ref(), "access_token").raw("access_token", &of_token).finish()))
}

/// A copy of an object, if there is one, without one of its members.
fn copy_without(object: Option<&Object<'_>>, left_out: &str) -> ObjectWriter {
    let mut copy = ObjectWriter::new();
    for (name, value) in object.into_iter().flat_map(Object::members).filter(|(name, _)| *name != left_out) {
        copy.raw(name, value.raw());
    }
    copy
}

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
            access_token(&body, sent)
        }
        Ok(body) => Err(refusal(&body, response, sent)),
    }
}

/// A success response, [RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1), and Entra's additions.
fn access_token(body: &Object<'_>, sent: Timestamp) -> Result<AccessToken> {
    let invalid = |found: String| {
        Error::new(ErrorCode::ResponseInvalid, found, "a token response (RFC 6749 section 5.1)")
    };
    let without = |name| invalid(format!("JSON without a usable \"{name}\""));
    let number = |name| body.get(name).and_then(Value::as_u64);
    let access_token = text(body, "access_token").map(Secret::new);
    let access_token =
        access_token.filter(|token| !token.expose().is_empty()).ok_or_else(|| without("access_token"))?;
    let token_type = text(body, "token_type").ok_or_else(|| without("token_type"))?;
    if !token_type.eq_ignore_ascii_case("bearer") {
        return Err(invalid("a \"token_type\" other than Bearer".into()));
    }
    // RFC 6749 section 5.1 only recommends it: without it, the token serves the callers at hand and is not kept.
    let expires_in = match body.get("expires_in").filter(|value| !value.is_null()) {
        Some(value) => match value.as_u64().ok_or_else(|| without("expires_in"))? {
            0 => return Err(invalid("a token with a life of 0 s".into())),
            secs => secs,
        },
        None => 0,
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
    let is_passing = is_passing(service.status) || service.error == "temporarily_unavailable";
    let code = if is_passing { ErrorCode::ServiceUnavailable } else { ErrorCode::ServiceRefused };
    let hint = service.error_codes.iter().find_map(|code| hint(*code));
    Error::from_service(code, service, hint)
}

/// Whether a status says that the same request may succeed later.
const fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// Says what answered instead of JSON, by length, form and type; never by content.
fn unreadable(response: &HttpResponse, fault: Fault, sent: Timestamp) -> Error {
    let body = response.body.expose();
    let content_type = response.header("content-type").map_or("no content type", media_type);
    let status = response.status;
    let found = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => format!("an empty body (HTTP status {status})"),
        Some(b'<') => format!("HTML or XML of {} bytes (HTTP status {status}, {content_type})", body.len()),
        Some(b'{') if fault == Fault::CutOff => {
            format!("JSON that is cut off after {} bytes (HTTP status {status})", body.len())
        }
        Some(_) => {
            format!("{} bytes that are not a JSON object (HTTP status {status}, {content_type})", body.len())
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

/// What helps against the refusals that a certificate client meets most.
const fn hint(aadsts: u32) -> Option<&'static str> {
    Some(match aadsts {
        700_027 => {
            "register this certificate (its public part) on the app, or configure the one that is registered; \
             right after an upload, wait some minutes"
        }
        700_024 => "set this machine's clock: the service found the assertion outside its time of validity",
        700_023 => "use the authority and tenant that the app is registered in",
        700_016 | 7_000_229 => {
            "check client id and tenant: the app is not known there; a multi-tenant app needs admin consent in the tenant"
        }
        5_002_723 | 5_002_738 => {
            "set the algorithm to RS256 (which names the certificate by x5t): this token service does not take PS256"
        }
        90_002 | 900_023 => "check the tenant id, and that the authority is of the tenant's cloud",
        500_011 => "check the resource: no service principal of that name is in the tenant",
        1_002_012 | 70_011 => "use exactly one scope, the resource's App ID URI followed by /.default",
        7_000_215 | 7_000_222 => "renew the client secret, or better use a certificate",
        501_051 => "assign an app role of the resource to this app, or lift its assignment requirement",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn capability_is_merged_into_a_challenge() {
        let merged = |challenge, cae| claims_parameter(challenge, cae).unwrap();
        assert_eq!(merged(None, false), None);
        assert_eq!(merged(Some(r#"{"a":1}"#), false).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(merged(None, true).as_deref(), Some(r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#));
        let challenge = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}},"x":1.50}"#;
        let expected =
            r#"{"x":1.50,"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["cp1"]}}}"#;
        assert_eq!(merged(Some(challenge), true).as_deref(), Some(expected));
        for broken in ["", "[]", "{", "7"] {
            assert_eq!(claims_parameter(Some(broken), false).unwrap_err().code(), ErrorCode::ClaimsInvalid);
        }
    }

    #[test]
    fn scopes_are_normalised() {
        let scope = |scopes: &[&str]| Target::scopes(scopes);
        assert_eq!(scope(&["b", "a b"]).unwrap(), Target::Scope("a b".into()));
        assert_eq!(scope(&[]).unwrap_err().found(), "nothing");
        assert_eq!(scope(&["a\"b"]).unwrap_err().code(), ErrorCode::ScopeInvalid);
        assert_eq!(Target::resource("").unwrap_err().code(), ErrorCode::ResourceInvalid);
    }
}
