//! May the caller do this? The bearer token first, then what the vault denies.
//!
//! A token must be one of the emulator's own, of the vault's tenant, for the vault's resource. As at the service the
//! audience is compared exactly: a final slash, or the vault's own address, is another audience (AKV10022).

use time::OffsetDateTime;

use crate::access_token::v1_issuer;
use crate::keys::SigningKey;
use crate::log::Trail;
use crate::own_token::{OwnToken, Unusable};
use crate::resource::KEY_VAULT;
use crate::vault::definition::Denial;
use crate::vault::error::VaultError;
use crate::vault::store::LiveVault;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    GetCertificate,
    Sign,
}

impl Permission {
    fn name(self) -> &'static str {
        match self {
            Self::GetCertificate => "get",
            Self::Sign => "sign",
        }
    }

    fn collection(self) -> &'static str {
        match self {
            Self::GetCertificate => "certificates",
            Self::Sign => "keys",
        }
    }
}

/// Checks the `Authorization` header and says who calls.
pub(crate) fn caller(
    vault: &LiveVault,
    header: Option<&str>,
    key: &SigningKey,
    now: OffsetDateTime,
) -> Result<OwnToken, VaultError> {
    let missing = || VaultError::unauthorized("AKV10000: Request is missing a Bearer or PoP token.");
    let (scheme, token) = header.and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(missing());
    }
    let token = OwnToken::read(token.trim(), key, now).map_err(|unusable| match unusable {
        Unusable::Foreign => {
            VaultError::unauthorized("AKV10046: Unable to resolve the key used for signature validation.")
        }
        Unusable::Malformed => VaultError::unauthorized("The token is not a JWT."),
        Unusable::NotYetValid => VaultError::unauthorized("The token is not valid yet."),
        Unusable::Expired => VaultError::unauthorized("The token is expired."),
    })?;
    let (issuer, expected) = (token.text("iss"), v1_issuer(&vault.definition.tenant.id));
    if issuer != expected {
        let message = format!("AKV10032: Invalid issuer. Expected one of {expected}, found {issuer}.");
        return Err(VaultError::unauthorized(message));
    }
    let (audience, resource) = (token.text("aud"), &vault.definition.resource);
    if audience != resource && audience != KEY_VAULT {
        let message = format!(
            "AKV10022: Invalid audience. Expected {resource} or {KEY_VAULT}, found: {}.",
            audience.escape_debug()
        );
        return Err(VaultError::unauthorized(message));
    }
    Ok(token)
}

/// Checks what the vault denies to this caller.
pub(crate) fn permitted(
    vault: &LiveVault,
    caller: &OwnToken,
    permission: Permission,
    object: &str,
    trail: &mut Trail,
) -> Result<(), VaultError> {
    let concerns = |denial: &&Denial| {
        let is_caller = denial.app_id.as_ref().is_none_or(|id| id.eq_ignore_ascii_case(caller.client()));
        let is_it = denial.operation.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(permission.name()));
        is_caller && is_it
    };
    let Some(denial) = vault.denied.iter().find(concerns) else {
        trail.passed("permission");
        return Ok(());
    };
    let message = denial.message.clone();
    let message = message.unwrap_or_else(|| message_of(denial, vault, caller, permission, object));
    Err(VaultError::forbidden(&denial.innererror, message))
}

/// The service's words for an inner code.
fn message_of(
    denial: &Denial,
    vault: &LiveVault,
    caller: &OwnToken,
    permission: Permission,
    object: &str,
) -> String {
    let name = &vault.definition.name;
    let who = format!("appid={};oid={};iss={}", caller.client(), caller.text("oid"), caller.text("iss"));
    let (action, collection) = (permission.name(), permission.collection());
    match denial.innererror.as_str() {
        "ForbiddenByFirewall" => format!(
            "Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1\r\n\
             Caller: {who}\r\nVault: {name};location=local"
        ),
        "ForbiddenByRbac" => format!(
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role \
             definitions were changed recently, please observe propagation time.\r\nCaller: {who}\r\nAction: \
             'Microsoft.KeyVault/vaults/{collection}/{}/action'\r\nResource: \
             '/vaults/{name}/{collection}/{object}'\r\nAssignment: (not found)\r\nVault: {name};location=local\r\n",
            if permission == Permission::Sign { action } else { "read" }
        ),
        _ => format!(
            "The user, group or application '{who}' does not have {collection} {action} permission on key vault \
             '{name};location=local'. For help resolving this issue, please see \
             https://go.microsoft.com/fwlink/?linkid=2125287"
        ),
    }
}
