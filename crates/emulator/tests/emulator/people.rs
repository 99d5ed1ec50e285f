//! Users and the applications that they use, for the tests of the grants in which they take part.

use certgrant_emulator::{Clock, Request, TokenService, User};
use serde_json::{Value, json};

use crate::support::*;

pub(crate) const ADA: &str = "ada@contoso.com";
pub(crate) const ADA_ID: &str = "ada0ada0-0000-4000-8000-000000000001";
pub(crate) const PASSWORD: &str = "correct horse & battery";
/// An API with a secret, which is a client of other APIs as well.
pub(crate) const API: &str = "a91a91a9-0000-4000-8000-000000000001";
pub(crate) const SECRET: &str = "not~a~secret";
/// An application without a credential of its own.
pub(crate) const DESKTOP: &str = "de5c0000-0000-4000-8000-000000000001";
pub(crate) const REDIRECT: &str = "http://localhost/back";

pub(crate) fn ada() -> Value {
    json!({
        "id": ADA_ID, "userPrincipalName": ADA, "displayName": "Ada Lovelace", "givenName": "Ada",
        "surname": "Lovelace", "mail": "countess@contoso.com", "passwordProfile": { "password": PASSWORD },
    })
}

pub(crate) fn registrations() -> Value {
    json!([
        registration(),
        {
            "appId": API, "displayName": "api", "identifierUris": ["api://orders"],
            "passwordCredentials": [{ "secretText": SECRET }],
            "web": { "redirectUris": [REDIRECT] },
            "api": { "requestedAccessTokenVersion": 2, "oauth2PermissionScopes": [
                { "id": "5c0be000-0000-4000-8000-000000000001", "value": "read" },
                { "id": "5c0be000-0000-4000-8000-000000000002", "value": "write" },
            ] },
        },
        {
            "appId": DESKTOP, "displayName": "desktop", "isFallbackPublicClient": true,
            "publicClient": { "redirectUris": ["http://localhost"] },
        },
    ])
}

/// A service that knows Ada, and its clock.
pub(crate) fn with_people() -> (TokenService, Clock) {
    with_user(&ada())
}

pub(crate) fn with_user(user: &Value) -> (TokenService, Clock) {
    let clock = Clock::fixed(NOW);
    let service = service_with(&registrations(), |config| {
        config.users = vec![User::parse(&user.to_string()).expect("a user")];
        config.clock = clock.clone();
        config.control = true;
        config.lifetime = Some(core::time::Duration::from_secs(3600));
    });
    (service, clock)
}

/// Posts a form to an endpoint below a tenant.
pub(crate) fn post(
    service: &TokenService,
    tenant: &str,
    endpoint: &str,
    parameters: &[(&str, &str)],
) -> Answer {
    Answer::of(service, &Request::post(HOST, &format!("/{tenant}/{endpoint}"), form(parameters)))
}

pub(crate) fn v2(service: &TokenService, parameters: &[(&str, &str)]) -> Answer {
    post(service, TENANT, "oauth2/v2.0/token", parameters)
}

pub(crate) fn v1(service: &TokenService, parameters: &[(&str, &str)]) -> Answer {
    post(service, TENANT, "oauth2/token?api-version=1.0", parameters)
}

/// Text of a member of the reply.
#[track_caller]
pub(crate) fn text(answer: &Answer, name: &str) -> String {
    answer.body[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", answer.body)).to_owned()
}

/// The claims of a JWT, not verified.
#[track_caller]
pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).expect("three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The names of what a JSON object has, sorted.
pub(crate) fn members(body: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
    // Whether an object keeps its order is a feature of the JSON library, which any dependency may turn on.
    names.sort_unstable();
    names
}
