//! Shows the vaults, adds and changes versions of certificates, and says who is denied what.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::{Answer, ControlError, nothing_here, read};
use crate::service::TokenService;
use crate::vault::{Challenge, Denial, LiveVault, VersionChange, VersionDefinition, document};

/// What can be changed about a vault; what is absent stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VaultChange {
    #[serde(default)]
    challenge: Option<Challenge>,
    #[serde(default)]
    denied: Option<Vec<Denial>>,
}

pub(super) fn answer(service: &TokenService, method: &str, segments: &[&str], body: &[u8]) -> Answer {
    match (method, segments) {
        ("GET", []) => {
            let vaults: Vec<Value> = service.vaults.get().iter().map(|vault| shown(service, vault)).collect();
            Ok(json!({ "vaults": vaults }))
        }
        ("PATCH", [vault]) => {
            let change: VaultChange = read(body)?;
            service.vaults.change(|vaults| {
                let vault = find(vaults, vault)?;
                vault.challenge = change.challenge.unwrap_or_else(|| vault.challenge.clone());
                vault.denied = change.denied.unwrap_or_else(|| vault.denied.clone());
                Ok(shown(service, vault))
            })
        }
        ("POST", [vault, "certificates", name, "versions"]) => {
            let definition: VersionDefinition = read(body)?;
            let now = service.config.clock.now();
            service.vaults.change(|vaults| {
                let vault = find(vaults, vault)?;
                let version = vault.add(name, &definition, now)?;
                Ok(document(&base(service, vault), name, &version))
            })
        }
        ("PATCH", [vault, "certificates", name, "versions", id]) => {
            let change: VersionChange = read(body)?;
            let now = service.config.clock.now();
            service.vaults.change(|vaults| {
                let vault = find(vaults, vault)?;
                let base = base(service, vault);
                let version =
                    vault.version_mut(name, id).ok_or_else(|| ControlError::missing("version", id))?;
                version.change(&change, now);
                Ok(document(&base, name, version))
            })
        }
        _ => Err(nothing_here(method, "/vaults")),
    }
}

fn find<'a>(vaults: &'a mut [LiveVault], name: &str) -> Result<&'a mut LiveVault, ControlError> {
    let found = vaults.iter_mut().find(|vault| vault.definition.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| ControlError::missing("vault", name))
}

/// The address of a vault: its own port, or its name where there are no ports.
fn base(service: &TokenService, vault: &LiveVault) -> String {
    let name = &vault.definition.name;
    match service.vault_ports().iter().find(|(vault, _)| vault == name) {
        Some((_, port)) => format!("https://localhost:{port}"),
        None => format!("https://{name}.vault.localhost"),
    }
}

fn shown(service: &TokenService, vault: &LiveVault) -> Value {
    let certificates: Vec<Value> = vault
        .contents()
        .map(|(name, versions)| {
            let versions: Vec<&str> = versions.iter().map(|version| version.id.as_str()).collect();
            json!({ "name": name, "versions": versions })
        })
        .collect();
    json!({
        "name": vault.definition.name,
        "url": base(service, vault),
        "hosts": vault.definition.all_hosts().collect::<Vec<_>>(),
        "tenant": vault.definition.tenant.id(),
        "certificates": certificates,
    })
}
