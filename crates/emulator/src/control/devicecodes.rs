//! Plays the user who types a device code in: approves it or declines it, or makes the device wait.

use serde::Deserialize;
use serde_json::json;

use crate::control::{Answer, ControlError, nothing_here, read};
use crate::device_codes::Decision;
use crate::service::TokenService;

/// What the user does. Without a decision the code stays as it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Act {
    /// The user who approves.
    #[serde(default)]
    approve: Option<String>,
    #[serde(default)]
    decline: bool,
    /// How many of the next polls are told to slow down.
    #[serde(default)]
    slow_down: u32,
}

pub(super) fn answer(service: &TokenService, method: &str, segments: &[&str], body: &[u8]) -> Answer {
    match (method, segments) {
        ("GET", []) => Ok(json!({ "deviceCodes": service.entra.devices.shown() })),
        ("POST", []) => {
            let decision = decision(service, &read(body)?)?;
            service.entra.devices.decide_ahead(decision.unwrap_or_default());
            Ok(json!({}))
        }
        ("POST", [user_code]) => {
            let act: Act = read(body)?;
            let decision = decision(service, &act)?;
            match service.entra.devices.decide(user_code, decision, act.slow_down) {
                true => Ok(json!({})),
                false => Err(ControlError::missing("device code", user_code)),
            }
        }
        _ => Err(nothing_here(method, "/devicecodes")),
    }
}

fn decision(service: &TokenService, act: &Act) -> Result<Option<Decision>, ControlError> {
    match (&act.approve, act.decline) {
        (Some(_), true) => Err(ControlError::new(400, "a code is approved or declined, not both")),
        (Some(name), false) => {
            let users = service.users.get();
            let user = users.iter().find(|user| user.is_named(name));
            let user = user.ok_or_else(|| ControlError::missing("user", name))?;
            Ok(Some(Decision::Approved(user.id.clone())))
        }
        (None, true) => Ok(Some(Decision::Declined)),
        (None, false) => Ok(None),
    }
}
