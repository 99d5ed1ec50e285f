//! What the endpoints answer: numbers as strings, and errors of three shapes.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::access_token::AccessToken;
use crate::clock::http_date;
use crate::identity::source::Source;
use crate::log::Decision;
use crate::message::Response;
use crate::random;
use crate::service_error::ServiceError;

/// Why there is no token.
pub(crate) struct Fault {
    status: u16,
    code: String,
    message: String,
    /// `WWW-Authenticate`, from Arc.
    challenge: Option<String>,
}

impl Fault {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), challenge: None }
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::new(400, "invalid_request", message)
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::new(400, "invalid_request", format!("Required query variable '{name}' is missing"))
    }

    pub(super) fn identity_not_found() -> Self {
        Self::new(400, "invalid_request", "Identity not found")
    }

    pub(super) fn internal(message: &str) -> Self {
        Self::new(500, "server_error", message)
    }

    /// What the token service would say, passed on.
    pub(super) fn of_service(error: &ServiceError) -> Self {
        Self::new(400, error.oauth_error(), format!("AADSTS{}: {}", error.code, error.text))
    }

    pub(super) fn challenged(challenge: String) -> Self {
        let fault = Self::new(401, "unauthorized", "the content of the key file is asked for");
        Self { challenge: Some(challenge), ..fault }
    }

    /// The error of a status that a fault rule names.
    fn of_status(status: u16) -> Self {
        let (code, message) = match status {
            404 => ("not_found", "The identity endpoint is being updated."),
            410 => ("gone", "The identity service is being updated. Try again in at most 70 seconds."),
            429 => ("too_many_requests", "Too many requests for tokens."),
            400..=499 => ("invalid_request", "Identity not found"),
            _ => ("server_error", "The identity service could not get a token."),
        };
        Self::new(status, code, message)
    }

    /// The body, in the shape that this kind of machine has.
    fn body(&self, source: Source) -> Value {
        let Self { status, code, message, .. } = self;
        match source {
            Source::Imds | Source::Arc | Source::MachineLearning => {
                json!({ "error": code, "error_description": message })
            }
            Source::AppService if *status == 400 && message == "Identity not found" => json!({
                "statusCode": status,
                "message": "No User Assigned or Delegated Managed Identity found for specified \
                            ClientId/ResourceId/PrincipalId.",
                "correlationId": random::guid(),
            }),
            Source::AppService => {
                json!({ "statusCode": status, "message": message, "correlationId": random::guid() })
            }
            Source::ServiceFabric => {
                json!({ "error": { "correlationId": random::guid(), "code": self.fabric_code(), "message": message } })
            }
            Source::CloudShell => json!({ "error": { "code": code, "message": message } }),
        }
    }

    fn fabric_code(&self) -> &str {
        match self.message.as_str() {
            "Identity not found" => "ManagedIdentityNotFound",
            _ => &self.code,
        }
    }

    pub(super) fn respond(self, source: Source, now: OffsetDateTime) -> (Response, Decision) {
        let status = match (source, self.fabric_code()) {
            (Source::ServiceFabric, "ManagedIdentityNotFound") => 404,
            _ => self.status,
        };
        let mut response = respond_with(status, &self.body(source), now);
        response.headers.extend(self.challenge.map(|value| ("www-authenticate".to_owned(), value)));
        (response, Decision::Denied { code: self.code, reason: self.message })
    }
}

/// The reply that a fault rule with a status puts in place of the real one, and its code.
pub(crate) fn refuse(source: Source, status: u16, now: OffsetDateTime) -> (Response, String) {
    let fault = Fault::of_status(status);
    let code = fault.code.clone();
    (fault.respond(source, now).0, code)
}

pub(super) fn respond_with(status: u16, body: &Value, now: OffsetDateTime) -> Response {
    let date = http_date(now);
    let headers = [
        ("content-type", "application/json; charset=utf-8"),
        ("cache-control", "no-store"),
        ("date", date.as_str()),
    ];
    Response::new(status, &headers, body.to_string())
}

/// The reply with a token, in the shape that this kind of machine has.
pub(super) fn token_reply(
    source: Source,
    token: &AccessToken<'_>,
    signed: String,
    refresh_in: Option<i64>,
) -> Value {
    let mut reply = usual_reply(source, token, signed);
    if let Some(seconds) = refresh_in {
        reply["refresh_in"] = json!(seconds.to_string());
    }
    reply
}

fn usual_reply(source: Source, token: &AccessToken<'_>, signed: String) -> Value {
    let (resource, client) = (&token.resource.requested, &token.client.application.app_id);
    let expires_in = token.lifetime.saturating_sub(1).to_string();
    let expires_on = token.expires_on();
    match source {
        Source::Imds | Source::Arc | Source::CloudShell => json!({
            "access_token": signed,
            "client_id": client,
            "expires_in": expires_in,
            "expires_on": expires_on.to_string(),
            "ext_expires_in": expires_in,
            "not_before": token.not_before().to_string(),
            "refresh_token": "",
            "resource": resource,
            "token_type": "Bearer",
        }),
        Source::AppService | Source::MachineLearning => json!({
            "access_token": signed,
            "client_id": client,
            "expires_on": expires_on.to_string(),
            "resource": resource,
            "token_type": "Bearer",
        }),
        // The one that writes a number.
        Source::ServiceFabric => json!({
            "access_token": signed,
            "expires_on": expires_on,
            "resource": resource,
            "token_type": "Bearer",
        }),
    }
}
