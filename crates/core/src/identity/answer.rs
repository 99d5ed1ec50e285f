//! What the endpoints of managed identities answer: tokens in the v1 form, errors in four forms, and Azure Arc's challenge.

use super::{IdentitySource, ManagedIdentity};
use crate::error::{Error, ErrorCode, Result, ServiceError};
use crate::http::HttpResponse;
use crate::json::{Object, Value};
use crate::text::text;
use crate::time::Timestamp;
use crate::token::{AccessToken, is_passing, read_response};
use alloc::borrow::ToOwned as _;
use alloc::string::String;

/// What an answer means.
pub(crate) enum Answer {
    /// The end of the request.
    Result(Result<AccessToken>),
    /// Azure Arc's agent wants the content of that file.
    Challenge(String),
}

/// Reads the answer to a request that was sent at `sent`; `has_key` tells whether it answered a challenge.
pub(crate) fn read(
    identity: &ManagedIdentity,
    response: &HttpResponse,
    sent: Timestamp,
    has_key: bool,
) -> Answer {
    if identity.source == IdentitySource::Arc && response.status == 401 && !has_key {
        return match challenged_path(identity, response) {
            Ok(path) => Answer::Challenge(path),
            Err(error) => Answer::Result(Err(error)),
        };
    }
    Answer::Result(match response.status {
        200..=299 => read_response(response, sent),
        _ => Err(refusal(identity.source, response, sent)),
    })
}

/// The path of Azure Arc's challenge: a `.key` file right in the agent's folder, and no other file of this machine.
fn challenged_path(identity: &ManagedIdentity, response: &HttpResponse) -> Result<String> {
    let challenge = response.header("www-authenticate").unwrap_or_default();
    let realm = challenge.trim_ascii().strip_prefix("Basic realm=").map(|realm| realm.trim_matches('"'));
    let is_key = |path: &&str| {
        let folder = identity.key_folder.as_str();
        let name = path.get(folder.len()..).unwrap_or_default();
        let is_in = path.get(..folder.len()).is_some_and(|start| start.eq_ignore_ascii_case(folder));
        is_in && name.len() > ".key".len() && name.ends_with(".key") && !name.contains(['/', '\\', ':', '\0'])
    };
    realm.filter(is_key).map(str::to_owned).ok_or_else(|| {
        let found = "a challenge for another file";
        Error::new(ErrorCode::IdentityChallengeInvalid, found, text!["a .key file in ", identity.key_folder])
    })
}

fn refusal(source: IdentitySource, response: &HttpResponse, sent: Timestamp) -> Error {
    let service = service_error(response, sent);
    // IMDS: 404 and 410 are for machines that are being updated, 400 for identities that the machine does not have.
    let passes = is_passing(service.status)
        || matches!((source, service.status), (_, 404) | (IdentitySource::Imds, 410));
    let code = match service.status {
        _ if passes => ErrorCode::ServiceUnavailable,
        400 => ErrorCode::IdentityUnavailable,
        _ => ErrorCode::ServiceRefused,
    };
    let hint = match (code, service.status) {
        (ErrorCode::ServiceRefused, 401 | 403) => {
            Some("check that nothing stands between this machine and its identity endpoint, such as a proxy")
        }
        (ErrorCode::ServiceRefused, _) => Some("read the identity endpoint's own words"),
        _ => None,
    };
    Error::from_service(code, service, hint)
}

/// `error` and `error_description` (IMDS, Arc), `error: {code, message}` (Cloud Shell, Service Fabric), `message` (App
/// Service), or no JSON at all.
fn service_error(response: &HttpResponse, sent: Timestamp) -> ServiceError {
    let body = Object::parse(response.body.expose()).unwrap_or_default();
    let nested = body.get("error").and_then(|error| error.members().ok()).unwrap_or_default();
    let text = |name| body.get(name).and_then(Value::as_string);
    let inner = |name| nested.get(name).and_then(Value::as_string);
    ServiceError {
        status: response.status,
        error: text("error").or_else(|| inner("code")).unwrap_or_default(),
        error_description: text("error_description").or_else(|| inner("message")).or_else(|| text("message")),
        correlation_id: text("correlation_id")
            .or_else(|| inner("correlationId"))
            .or_else(|| text("correlationId")),
        retry_after: response.retry_after(sent),
        ..ServiceError::default()
    }
}
