//! The replies that take the place of real ones, and what is done to those that are sent.
//!
//! What a rule leaves open looks like the service would have it: an error of the token service in its JSON, one of a
//! vault in a vault's.

use core::time::Duration;

use time::OffsetDateTime;

use crate::assertion::Assertion;
use crate::client_authentication::{outside_time, times};
use crate::client_key::key_not_found;
use crate::clock::http_date;
use crate::entra;
use crate::faults::codes;
use crate::faults::rule::{Action, BodyKind, ConnectionFault, DetailedError, ErrorReply, RetryAfter};
use crate::form::Form;
use crate::identity;
use crate::log::Trail;
use crate::message::{Connection, Delivery, Request, Response};
use crate::route::Route;
use crate::service_error::{ErrorDetails, ServiceError};
use crate::token_endpoint::{claimed_client, read_form};
use crate::vault;
use crate::wstrust;

/// A reply in place of the real one, and the code of the error that it shows.
pub(crate) struct Replaced {
    pub(crate) response: Response,
    pub(crate) code: Option<String>,
}

const GARBAGE: &[u8] = b"{\"access_token\":\"\xff\xfe\x00eyJ\", \"expires_in\":";

/// Makes the reply.
pub(crate) fn replace(
    action: &Action,
    request: &Request,
    route: &Route<'_>,
    authority: &str,
    now: OffsetDateTime,
) -> Replaced {
    let mut replaced = match (&action.error, route) {
        (Some(error), Route::Entra(_)) => of_entra(error.detailed(), action.status, request, route, now),
        (_, Route::Identity(source)) => {
            let (response, code) = identity::refuse(*source, action.status.unwrap_or(500), now);
            Replaced { response, code: Some(code) }
        }
        (_, Route::Federation(target)) => {
            let (response, code) = wstrust::refuse(*target, action.status.unwrap_or(500), now);
            Replaced { response, code: Some(code) }
        }
        (_, Route::Vault(vault, _)) => {
            let (response, code) =
                vault::refuse(vault, request, action.status.unwrap_or(500), authority, now);
            Replaced { response, code: Some(code) }
        }
        (_, _) => {
            let status = action.status.unwrap_or(500);
            let code = DetailedError::of_code(codes::of_status(status));
            of_entra(code, Some(status), request, route, now)
        }
    };
    if let Some(kind) = &action.body {
        replaced.code = None;
        let (content_type, body) = body_of(kind, action.status.unwrap_or(200));
        replaced.response.status = action.status.unwrap_or(200);
        replaced.response.body = body;
        set_header(&mut replaced.response, "content-type", content_type);
    }
    replaced
}

fn body_of(kind: &BodyKind, status: u16) -> (&'static str, Vec<u8>) {
    const JSON: &str = "application/json; charset=utf-8";
    match kind {
        BodyKind::Html => {
            let page = format!(
                "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{status}</h1><p>An error occurred \
                 on the way.</p></body></html>\n"
            );
            ("text/html; charset=utf-8", page.into_bytes())
        }
        BodyKind::Garbage => (JSON, GARBAGE.to_vec()),
        BodyKind::Empty => (JSON, Vec::new()),
        BodyKind::Text(text) => (JSON, text.clone().into_bytes()),
        BodyKind::Json(value) => (JSON, value.to_string().into_bytes()),
    }
}

/// An error of the token service, with what its text says about the request.
fn of_entra(
    error: DetailedError,
    status: Option<u16>,
    request: &Request,
    route: &Route<'_>,
    now: OffsetDateTime,
) -> Replaced {
    let form = read_form(request).unwrap_or_default();
    let mut refusal = usual(error.code, request, &form, route, now);
    if let Some(description) = error.description {
        refusal.text = description;
    }
    let known = codes::known(error.code).map(|(error, _)| error.to_owned());
    let claims = error.claims.map(|claims| match claims {
        serde_json::Value::String(text) => text,
        object => object.to_string(),
    });
    let details = ErrorDetails {
        status: status.or_else(|| codes::unusual_status(error.code)),
        error: error.error.or(known),
        suberror: error.suberror,
        claims,
    };
    let refusal = refusal.with(details);
    Replaced { response: entra::refuse(request, &refusal, now), code: Some(format!("AADSTS{}", error.code)) }
}

/// The code with the service's text. Those from which clients read something get what they read.
fn usual(code: u32, request: &Request, form: &Form, route: &Route<'_>, now: OffsetDateTime) -> ServiceError {
    let client = claimed_client(request, form).unwrap_or_default();
    let assertion = form.get("client_assertion").and_then(|text| Assertion::parse(text).ok());
    let mut trail = Trail::new(false);
    if let Some(assertion) = &assertion {
        match code {
            700024 => {
                if let Ok((from, until)) = times(assertion, &mut trail) {
                    return outside_time(now, from, until);
                }
            }
            700027 => {
                if let Ok(hint) = assertion.key_hint(&mut trail) {
                    return key_not_found(&hint, &client);
                }
            }
            _ => (),
        }
    }
    let text = codes::known(code).map_or("The service answers with this code.", |(_, text)| text);
    let resource = form.get("resource").or_else(|| form.get("scope")).unwrap_or_default();
    let resource = resource.strip_suffix("/.default").unwrap_or(resource);
    let text = text.replace("{client}", &client).replace("{tenant}", route.tenant().unwrap_or("common"));
    ServiceError::new(code, text.replace("{resource}", resource))
}

/// Does to a reply, real or not, what the rules say.
pub(crate) fn adjust(response: &mut Response, action: &Action, now: OffsetDateTime) {
    if let Some(retry_after) = &action.retry_after {
        let value = match retry_after {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::Date { date } => http_date(now.saturating_add(time::Duration::seconds(*date))),
            RetryAfter::Text(text) => text.clone(),
        };
        set_header(response, "retry-after", &value);
    }
    if let Some(content_type) = &action.content_type {
        set_header(response, "content-type", content_type);
    }
    for (name, value) in &action.headers {
        response.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        response.headers.extend(value.clone().map(|value| (name.to_ascii_lowercase(), value)));
    }
    response.delivery = Delivery {
        delay: action.delay_seconds.map_or(Duration::ZERO, Duration::from_secs_f64),
        connection: match action.connection {
            None => Connection::Kept,
            Some(ConnectionFault::Reset) => Connection::Reset,
            Some(ConnectionFault::Half) => Connection::Half,
            Some(ConnectionFault::Stall) => Connection::Stalled,
        },
    };
}

fn set_header(response: &mut Response, name: &str, value: &str) {
    response.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    response.headers.push((name.to_owned(), value.to_owned()));
}

impl ErrorReply {
    fn detailed(&self) -> DetailedError {
        match self {
            Self::Code(code) => DetailedError::of_code(*code),
            Self::Detailed(detailed) => detailed.clone(),
        }
    }
}

impl DetailedError {
    fn of_code(code: u32) -> Self {
        Self { code, error: None, description: None, suberror: None, claims: None }
    }
}
