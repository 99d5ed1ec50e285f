//! Adds, shows and removes fault rules.

use serde_json::json;

use crate::control::{Answer, ControlError, nothing_here};
use crate::faults::FaultRule;
use crate::service::TokenService;

pub(super) fn answer(service: &TokenService, method: &str, segments: &[&str], body: &[u8]) -> Answer {
    match (method, segments) {
        ("GET", []) => Ok(json!({ "faults": service.faults.shown() })),
        ("POST", []) => {
            let text =
                core::str::from_utf8(body).map_err(|_| ControlError::new(400, "the body is not UTF-8"))?;
            let rules = FaultRule::parse(text)?;
            let now = service.config.clock.now();
            let names: Vec<String> = rules.into_iter().map(|rule| service.faults.add(rule, now)).collect();
            Ok(json!({ "names": names }))
        }
        ("DELETE", []) => {
            service.faults.clear();
            Ok(json!({}))
        }
        ("DELETE", [name]) if service.faults.remove(name) => Ok(json!({})),
        ("DELETE", [name]) => Err(ControlError::missing("fault", name)),
        _ => Err(nothing_here(method, "/faults")),
    }
}
