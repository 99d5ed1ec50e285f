//! Shows the registered applications, adds keys to them and takes keys away.

use alloc::sync::Arc;
use core::sync::atomic::AtomicU64;

use serde::Deserialize;
use serde_json::{Value, json};
use time::Duration;

use crate::certificate::{from_text, hex};
use crate::control::{Answer, ControlError, nothing_here, read};
use crate::error::RegistrationError;
use crate::registration::{Application, KeyCredential, Propagation};
use crate::service::TokenService;

/// A certificate to register.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewKey {
    /// Base64 of DER, or PEM.
    key: String,
    #[serde(default)]
    key_id: Option<String>,
    /// How long the token service does not know it yet.
    #[serde(default)]
    propagation_seconds: u32,
    /// How many requests with it the token service refuses yet.
    #[serde(default)]
    propagation_requests: u32,
}

pub(super) fn answer(service: &TokenService, method: &str, segments: &[&str], body: &[u8]) -> Answer {
    match (method, segments) {
        ("GET", []) => {
            let applications: Vec<Value> = service.applications.get().iter().map(shown).collect();
            Ok(json!({ "applications": applications }))
        }
        ("POST", [app_id, "keys"]) => {
            let key = new_key(service, &read(body)?)?;
            service.applications.change(|applications| {
                let application = find(applications, app_id)?;
                application.keys.push(key.clone());
                Ok(shown_key(&key))
            })
        }
        ("DELETE", [app_id, "keys", key_id]) => service.applications.change(|applications| {
            let application = find(applications, app_id)?;
            let before = application.keys.len();
            application.keys.retain(|key| !key.key_id.eq_ignore_ascii_case(key_id));
            match application.keys.len() < before {
                true => Ok(json!({})),
                false => Err(ControlError::missing("key", key_id)),
            }
        }),
        _ => Err(nothing_here(method, "/applications")),
    }
}

fn new_key(service: &TokenService, new: &NewKey) -> Result<KeyCredential, ControlError> {
    let der = from_text(&new.key).map_err(|fault| RegistrationError::new(fault).within("key"))?;
    let mut key = KeyCredential::of_certificate(&der).map_err(|fault| fault.within("key"))?;
    if let Some(id) = &new.key_id {
        key.key_id.clone_from(id);
    }
    let delay = Duration::seconds(new.propagation_seconds.into());
    key.propagation = Propagation {
        visible_from: Some(service.config.clock.now().saturating_add(delay)),
        unseen: Arc::new(AtomicU64::new(new.propagation_requests.into())),
    };
    Ok(key)
}

fn find<'a>(applications: &'a mut [Application], app_id: &str) -> Result<&'a mut Application, ControlError> {
    let found = applications.iter_mut().find(|application| application.app_id.eq_ignore_ascii_case(app_id));
    found.ok_or_else(|| ControlError::missing("application", app_id))
}

fn shown(application: &Application) -> Value {
    json!({
        "appId": application.app_id,
        "displayName": application.display_name,
        "keys": application.keys.iter().map(shown_key).collect::<Vec<_>>(),
    })
}

fn shown_key(key: &KeyCredential) -> Value {
    json!({ "keyId": key.key_id, "thumbprint": hex(&key.certificate.sha1).to_ascii_uppercase() })
}
