//! Has a resource ask for claims, and ends that.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::{Answer, ControlError, nothing_here, read};
use crate::protected_resource::Demand;
use crate::service::TokenService;

/// What a resource is to ask for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewDemand {
    /// `{"access_token": {…}}`; a token younger than now if absent.
    #[serde(default)]
    claims: Option<Value>,
    #[serde(default)]
    url_safe: bool,
    #[serde(default)]
    of_everybody: bool,
}

pub(super) fn answer(service: &TokenService, method: &str, segments: &[&str], body: &[u8]) -> Answer {
    match (method, segments) {
        ("GET", []) => Ok(json!({ "demands": service.demands.shown() })),
        ("POST", [name]) => {
            let new: NewDemand = read(body)?;
            let now = service.config.clock.now().unix_timestamp().to_string();
            let revoked = || json!({ "access_token": { "nbf": { "essential": true, "value": now } } });
            let claims = new.claims.unwrap_or_else(revoked);
            if !claims.get("access_token").is_some_and(Value::is_object) {
                return Err(ControlError::new(400, "claims is not an object with an object access_token"));
            }
            let demand =
                Demand { claims: claims.clone(), is_url_safe: new.url_safe, of_everybody: new.of_everybody };
            service.demands.set(name, demand);
            Ok(json!({ "claims": claims }))
        }
        ("DELETE", [name]) if service.demands.end(name) => Ok(json!({})),
        ("DELETE", [name]) => Err(ControlError::missing("demand at the resource", name)),
        _ => Err(nothing_here(method, "/resources")),
    }
}
