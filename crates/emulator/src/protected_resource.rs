//! A resource to call with a token, `GET /.resource/{name}`: takes the tokens of this emulator, and challenges on demand.
//!
//! [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750) for the token and the refusal. Told so by the control interface it
//! asks for claims, as Microsoft Graph does when a session has been revoked or a policy wants more: 401 with
//! `error="insufficient_claims"`, until a token comes that has what is asked for. Only a client that has declared that it
//! understands this (`xms_cc` with `cp1` in its token) is challenged; others are refused.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::clock::http_date;
use crate::form::decode;
use crate::keys::SigningKey;
use crate::log::{Decision, Trail};
use crate::message::{Request, Response};
use crate::own_token::{OwnToken, Unusable};
use crate::registration::Application;
use crate::resource::{Resource, find_named};
use crate::token_endpoint::{seconds, wanted_values};

/// What `graph` in the path stands for.
const GRAPH: &str = "https://graph.microsoft.com";

/// What is asked for at a resource.
#[derive(Clone)]
pub(crate) struct Demand {
    /// The object that a challenge carries: `{"access_token": {…}}`.
    pub(crate) claims: Value,
    /// The challenge is base64url without padding instead of base64.
    pub(crate) is_url_safe: bool,
    /// Clients that have declared nothing are challenged as well.
    pub(crate) of_everybody: bool,
}

/// Under what a resource's demand is kept, however its name is spelled in the path.
fn key(name: &str) -> String {
    resource_name(name).unwrap_or_default().to_ascii_lowercase()
}

/// The demands in force, by name of the resource in the path.
#[derive(Default)]
pub(crate) struct Demands(Mutex<HashMap<String, Demand>>);

impl Demands {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Demand>> {
        // Whole even if a thread panicked while it held the lock: every change is made in one go.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, name: &str, demand: Demand) {
        self.all().insert(key(name), demand);
    }

    /// Whether there was one.
    pub(crate) fn end(&self, name: &str) -> bool {
        self.all().remove(&key(name)).is_some()
    }

    pub(crate) fn shown(&self) -> Value {
        self.all().iter().map(|(name, demand)| (name.clone(), demand.claims.clone())).collect()
    }

    fn of(&self, name: &str) -> Option<Demand> {
        self.all().get(&key(name)).cloned()
    }
}

/// What a resource works with.
pub(crate) struct ResourceCall<'a> {
    pub(crate) request: &'a Request,
    /// As it stands in the path.
    pub(crate) name: &'a str,
    pub(crate) applications: &'a [Application],
    pub(crate) vault_resources: &'a [String],
    pub(crate) demands: &'a Demands,
    pub(crate) key: &'a SigningKey,
    pub(crate) authority: &'a str,
    pub(crate) now: OffsetDateTime,
}

/// Why the caller gets nothing.
struct Refusal {
    /// `error` of the challenge, if there is one.
    error: Option<&'static str>,
    reason: &'static str,
    claims: Option<String>,
}

impl Refusal {
    fn invalid_token(reason: &'static str) -> Self {
        Self { error: Some("invalid_token"), reason, claims: None }
    }
}

/// The name of a resource in the path: percent-decoded, `graph` for Microsoft Graph.
fn resource_name(segment: &str) -> Option<String> {
    let name = decode(segment.replace('+', "%2B").as_bytes()).ok()?;
    Some(if name.eq_ignore_ascii_case("graph") { GRAPH.to_owned() } else { name })
}

/// Answers a call.
pub(crate) fn respond(call: &ResourceCall<'_>, trail: &mut Trail) -> (Response, Decision) {
    let date = http_date(call.now);
    let headers = |more: &[(&'static str, String)]| {
        let mut headers = vec![("content-type", "application/json".to_owned()), ("date", date.clone())];
        headers.extend(more.iter().cloned());
        headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Vec<_>>()
    };
    let name = resource_name(call.name).unwrap_or_default();
    let found = find_named(call.applications, call.vault_resources, None, "resource", &name);
    let Ok(resource) = found else {
        let body = json!({ "error": { "code": "NotFound", "message": "there is no such resource" } });
        let response = Response::new(404, &[], body.to_string());
        let reason = "no such resource".to_owned();
        let decision = Decision::Denied { code: "NotFound".to_owned(), reason };
        return (Response { headers: headers(&[]), ..response }, decision);
    };
    match admit(call, &resource, trail) {
        Ok(token) => {
            let body = json!({
                "resource": name,
                "client": token.client(),
                "oid": token.text("oid"),
                "scp": token.get("scp"),
                "roles": token.get("roles"),
            });
            let response = Response::new(200, &[], body.to_string());
            (Response { headers: headers(&[]), ..response }, Decision::Served { document: "resource" })
        }
        Err(refusal) => {
            let code = refusal.error.unwrap_or("unauthorized");
            let body = json!({ "error": { "code": code, "message": refusal.reason } });
            let challenge = refusal.challenge(call.authority, resource.app_id);
            let response = Response::new(401, &[], body.to_string());
            let decision = Decision::Denied { code: code.to_owned(), reason: refusal.reason.to_owned() };
            (Response { headers: headers(&[("www-authenticate", challenge)]), ..response }, decision)
        }
    }
}

fn admit(call: &ResourceCall<'_>, resource: &Resource<'_>, trail: &mut Trail) -> Result<OwnToken, Refusal> {
    let header = call.request.header("authorization").and_then(|value| value.split_once(' '));
    let bearer = header.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (_, token) = bearer.ok_or(Refusal { error: None, reason: "no bearer token", claims: None })?;
    let token = OwnToken::read(token.trim(), call.key, call.now).map_err(|unusable| {
        Refusal::invalid_token(match unusable {
            Unusable::Expired => "the token is expired",
            Unusable::NotYetValid => "the token is not valid yet",
            Unusable::Foreign | Unusable::Malformed => "the token is not one of this emulator's",
        })
    })?;
    trail.client = Some(token.client().to_owned());
    trail.passed("token");
    if !resource.is_named(token.text("aud")) {
        return Err(Refusal::invalid_token("the token is for another resource"));
    }
    trail.passed("aud");
    let Some(demand) = call.demands.of(call.name) else { return Ok(token) };
    if demand.is_met_by(&token) {
        trail.passed("claims");
        return Ok(token);
    }
    if !demand.of_everybody && !token.texts("xms_cc").iter().any(|one| one == "cp1") {
        return Err(Refusal::invalid_token("claims are lacking that this client would not understand"));
    }
    let reason = "the token lacks claims that are asked for";
    Err(Refusal { error: Some("insufficient_claims"), reason, claims: Some(demand.encoded()) })
}

impl Refusal {
    /// `WWW-Authenticate`, with the parameters that Microsoft's services send.
    fn challenge(&self, authority: &str, resource: &str) -> String {
        let mut challenge = format!(
            "Bearer realm=\"\", authorization_uri=\"{authority}/common/oauth2/authorize\", client_id=\"{resource}\""
        );
        if let Some(error) = self.error {
            challenge.push_str(&format!(", error=\"{error}\""));
        }
        if let Some(claims) = &self.claims {
            challenge.push_str(&format!(", claims=\"{claims}\""));
        }
        challenge
    }
}

impl Demand {
    fn encoded(&self) -> String {
        let text = self.claims.to_string();
        if self.is_url_safe { URL_SAFE_NO_PAD.encode(text) } else { STANDARD.encode(text) }
    }

    /// Whether every claim that is asked for is there, with one of the values that are asked for.
    fn is_met_by(&self, token: &OwnToken) -> bool {
        let asked = self.claims.get("access_token").and_then(Value::as_object);
        asked.into_iter().flatten().all(|(name, wanted)| {
            let values = wanted_values(wanted);
            match (token.get(name), name.as_str()) {
                (None, _) => false,
                // A session's claim: younger than the instant.
                (Some(found), "nbf") => {
                    values.first().and_then(seconds).zip(seconds(found)).is_none_or(|(w, f)| f >= w)
                }
                (Some(_), _) if values.is_empty() => true,
                (Some(Value::Array(found)), _) => values.iter().any(|value| found.contains(value)),
                (Some(found), _) => values.contains(found),
            }
        })
    }
}
