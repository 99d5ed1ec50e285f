//! The control interface, `/.control/…`: what a test may look at and change while the emulator runs.
//!
//! It is served only if it is asked for. JSON in and out, UTF-8. A page in a browser must not reach it: requests from an
//! `Origin`, for a host that is not of the loopback, or with a body of another type than JSON are refused.

mod applications;
mod clock;
mod devicecodes;
mod faults;
mod identities;
mod requests;
mod resources;
mod users;
mod vaults;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::RegistrationError;
use crate::form::{Form, decode};
use crate::log::Decision;
use crate::message::{Request, Response};
use crate::service::TokenService;

/// A request that is not carried out.
pub(crate) struct ControlError {
    status: u16,
    message: String,
}

type Answer = Result<Value, ControlError>;

impl ControlError {
    fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// There is nothing of that name.
    fn missing(what: &str, name: &str) -> Self {
        Self::new(404, format!("there is no {what} \"{}\"", name.escape_debug()))
    }
}

impl From<RegistrationError> for ControlError {
    fn from(fault: RegistrationError) -> Self {
        Self::new(400, fault.to_string())
    }
}

/// Answers over HTTP.
pub(crate) fn respond(service: &TokenService, request: &Request, path: &str) -> (Response, Decision) {
    let answer = guard(request)
        .and_then(|()| carry_out(service, &request.method, path, &request.query, &request.body));
    let (status, body, decision) = match answer {
        Ok(body) => (200, body, Decision::Served { document: "control" }),
        Err(error) => {
            let body = json!({ "error": error.message });
            (error.status, body, Decision::Denied { code: "control".to_owned(), reason: error.message })
        }
    };
    let headers = [
        ("content-type", "application/json; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ];
    (Response::new(status, &headers, body.to_string()), decision)
}

/// The same without HTTP; a query may follow the path.
pub(crate) fn perform(
    service: &TokenService,
    method: &str,
    path: &str,
    body: &[u8],
) -> Result<String, String> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let answer = carry_out(service, method, path, query, body);
    answer.map(|answer| answer.to_string()).map_err(|error| error.message)
}

fn guard(request: &Request) -> Result<(), ControlError> {
    if request.header("origin").is_some() {
        return Err(ControlError::new(403, "the control interface is not for pages"));
    }
    let name = match request.host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => request.host.split(':').next().unwrap_or_default(),
    };
    if !matches!(name, "127.0.0.1" | "::1") && !name.eq_ignore_ascii_case("localhost") {
        return Err(ControlError::new(
            403,
            "the control interface answers to localhost, 127.0.0.1 and [::1]",
        ));
    }
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !request.body.is_empty() && !media_type.eq_ignore_ascii_case("application/json") {
        return Err(ControlError::new(415, "the body must be of the type application/json"));
    }
    Ok(())
}

fn carry_out(service: &TokenService, method: &str, path: &str, query: &str, body: &[u8]) -> Answer {
    let query =
        Form::parse(query.as_bytes()).map_err(|_| ControlError::new(400, "the query is not form-encoded"))?;
    let segments: Option<Vec<String>> =
        path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect();
    let segments = segments.ok_or_else(|| ControlError::new(400, "the path is not percent-encoded UTF-8"))?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (method, &segments[..]) {
        ("GET", []) => Ok(index(service)),
        (_, ["applications", rest @ ..]) => applications::answer(service, method, rest, body),
        (_, ["clock"]) => clock::answer(service, method, body),
        (_, ["devicecodes", rest @ ..]) => devicecodes::answer(service, method, rest, body),
        (_, ["faults", rest @ ..]) => faults::answer(service, method, rest, body),
        (_, ["identities", rest @ ..]) => identities::answer(service, method, rest, body),
        (_, ["requests"]) => requests::answer(service, method, &query),
        (_, ["resources", rest @ ..]) => resources::answer(service, method, rest, body),
        (_, ["users", rest @ ..]) => users::answer(service, method, rest, body),
        (_, ["vaults", rest @ ..]) => vaults::answer(service, method, rest, body),
        _ => Err(nothing_here(method, path)),
    }
}

/// A path segment, percent-decoded; a plus stays one.
fn decoded(segment: &str) -> Option<String> {
    decode(segment.replace('+', "%2B").as_bytes()).ok()
}

fn nothing_here(method: &str, path: &str) -> ControlError {
    let message = format!("there is no {} {}", method.escape_debug(), path.escape_debug());
    ControlError::new(404, message)
}

fn index(service: &TokenService) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "strict": service.config.strict,
        "clock": clock::shown(service),
        "counts": service.requests.counts(),
    })
}

/// The body as what it should be; an error says what is wrong without repeating a value.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|fault| crate::error::json_fault(&fault).into())
}
