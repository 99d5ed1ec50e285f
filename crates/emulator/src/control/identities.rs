//! Shows the managed identities and what the environment of a program must say to find them; adds and removes some.

use serde_json::{Value, json};

use crate::control::{Answer, ControlError, nothing_here};
use crate::identity::METADATA_PATH;
use crate::managed_identity::ManagedIdentity;
use crate::service::TokenService;

pub(super) fn answer(service: &TokenService, method: &str, segments: &[&str], body: &[u8]) -> Answer {
    match (method, segments) {
        ("GET", []) => {
            let identities: Vec<Value> = service.identities.get().iter().map(shown).collect();
            Ok(json!({ "identities": identities, "environment": environment(service) }))
        }
        ("POST", []) => {
            let text =
                core::str::from_utf8(body).map_err(|_| ControlError::new(400, "the body is not UTF-8"))?;
            let identity = ManagedIdentity::parse(text)?;
            let shown = shown(&identity);
            service.identities.change(|identities| {
                identities.retain(|other| !other.is_client(&identity.application.app_id));
                identities.push(identity);
                Ok(shown)
            })
        }
        ("DELETE", [client_id]) => service.identities.change(|identities| {
            let before = identities.len();
            identities.retain(|identity| !identity.is_client(client_id));
            match identities.len() < before {
                true => Ok(json!({})),
                false => Err(ControlError::missing("managed identity", client_id)),
            }
        }),
        _ => Err(nothing_here(method, "/identities")),
    }
}

fn shown(identity: &ManagedIdentity) -> Value {
    json!({
        "clientId": identity.application.app_id,
        "principalId": identity.principal_id,
        "resourceId": identity.resource_id,
        "tenantId": identity.tenant.id,
        "systemAssigned": identity.is_system_assigned,
    })
}

/// The variables by which a program finds each kind of endpoint.
fn environment(service: &TokenService) -> Value {
    let (https, http) = (service.base(), service.http_base());
    let secret = &service.identity_secret;
    json!({
        "imds": { "AZURE_POD_IDENTITY_AUTHORITY_HOST": http },
        "appService": { "IDENTITY_ENDPOINT": format!("{http}/msi/token"), "IDENTITY_HEADER": secret },
        "azureArc": { "IDENTITY_ENDPOINT": format!("{http}{METADATA_PATH}"), "IMDS_ENDPOINT": http },
        "serviceFabric": {
            "IDENTITY_ENDPOINT": format!("{https}{METADATA_PATH}"),
            "IDENTITY_HEADER": secret,
            "IDENTITY_SERVER_THUMBPRINT": service.tls_thumbprint(),
        },
        "cloudShell": { "MSI_ENDPOINT": format!("{http}/oauth2/token") },
        "machineLearning": { "MSI_ENDPOINT": format!("{http}/msi/auth"), "MSI_SECRET": secret },
    })
}
