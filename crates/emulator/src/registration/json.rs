//! The JSON of registrations, and what is checked when it is read.

use serde::{Deserialize, Deserializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::certificate::{from_base64, is_certificate, sha256};
use crate::error::{RegistrationError, json_fault};
use crate::federation::FederatedCredential;
use crate::random::is_guid;
use crate::registration::{
    AppRole, Application, EmulatorMember, KeyCredential, PasswordCredential, RequiredResource,
};
use crate::tenant::Tenant;

/// Reads the JSON, of whatever accepted shape.
pub(super) fn read(json: &str) -> Result<Vec<RawApplication>, RegistrationError> {
    let shape: serde_json::Value = serde_json::from_str(json).map_err(|fault| json_fault(&fault))?;
    // Read again as the right type, so that a wrong member is reported with its line.
    match &shape {
        serde_json::Value::Array(_) => serde_json::from_str(json),
        serde_json::Value::Object(members) if members.contains_key("value") => {
            serde_json::from_str::<RawList>(json).map(|list| list.value)
        }
        _ => serde_json::from_str(json).map(|one| vec![one]),
    }
    .map_err(|fault| json_fault(&fault))
}

#[derive(Deserialize)]
struct RawList {
    value: Vec<RawApplication>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawApplication {
    app_id: String,
    #[serde(default, deserialize_with = "null_is_default")]
    display_name: String,
    #[serde(default, deserialize_with = "null_is_default")]
    identifier_uris: Vec<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    key_credentials: Vec<RawKey>,
    #[serde(default, deserialize_with = "null_is_default")]
    federated_identity_credentials: Vec<FederatedCredential>,
    #[serde(default, deserialize_with = "null_is_default")]
    password_credentials: Vec<RawSecret>,
    #[serde(default, deserialize_with = "null_is_default")]
    is_fallback_public_client: bool,
    #[serde(default)]
    sign_in_audience: Option<String>,
    #[serde(default)]
    disabled_by_microsoft_status: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    app_roles: Vec<AppRole>,
    #[serde(default, deserialize_with = "null_is_default")]
    required_resource_access: Vec<RequiredResource>,
    #[serde(default, deserialize_with = "null_is_default")]
    api: RawApi,
    #[serde(default, deserialize_with = "null_is_default")]
    web: RawPlatform,
    #[serde(default, deserialize_with = "null_is_default")]
    spa: RawPlatform,
    #[serde(default, deserialize_with = "null_is_default")]
    public_client: RawPlatform,
    #[serde(default, deserialize_with = "null_is_default")]
    optional_claims: RawOptionalClaims,
    #[serde(default, deserialize_with = "null_is_default")]
    emulator: EmulatorMember,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawApi {
    #[serde(default)]
    requested_access_token_version: Option<u8>,
    #[serde(default, rename = "oauth2PermissionScopes", deserialize_with = "null_is_default")]
    scopes: Vec<AppRole>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPlatform {
    #[serde(default, deserialize_with = "null_is_default")]
    redirect_uris: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawOptionalClaims {
    #[serde(default, deserialize_with = "null_is_default")]
    access_token: Vec<RawOptionalClaim>,
}

#[derive(Deserialize)]
struct RawOptionalClaim {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawKey {
    #[serde(rename = "type", default, deserialize_with = "null_is_default")]
    kind: String,
    #[serde(default, deserialize_with = "null_is_default")]
    usage: String,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    key_id: Option<String>,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    start_date_time: Option<String>,
    #[serde(default)]
    end_date_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSecret {
    #[serde(default)]
    secret_text: Option<String>,
    #[serde(default)]
    start_date_time: Option<String>,
    #[serde(default)]
    end_date_time: Option<String>,
}

impl RawApplication {
    /// How errors name this application.
    pub(super) fn describe(&self, index: usize) -> String {
        let name = if self.display_name.is_empty() { &self.app_id } else { &self.display_name };
        format!("application {} ({})", index + 1, name.escape_debug())
    }

    pub(super) fn check(self) -> Result<Application, RegistrationError> {
        if !is_guid(&self.app_id) {
            return Err(RegistrationError::new("appId is not a GUID"));
        }
        let token_version =
            self.api.token_version().map_err(|fault| fault.within("api.requestedAccessTokenVersion"))?;
        self.emulator.check().map_err(|fault| fault.within("emulator"))?;
        let mut keys = Vec::new();
        for (index, key) in self.key_credentials.into_iter().enumerate() {
            let name = key.describe(index);
            keys.extend(key.check().map_err(|fault| fault.within(&name))?);
        }
        let mut secrets = Vec::new();
        for (index, secret) in self.password_credentials.into_iter().enumerate() {
            let name = format!("passwordCredentials[{index}]");
            secrets.extend(secret.check().map_err(|fault| fault.within(&name))?);
        }
        let audience = self.sign_in_audience.unwrap_or_default();
        let status = self.disabled_by_microsoft_status.unwrap_or_default();
        Ok(Application {
            app_id: self.app_id.to_ascii_lowercase(),
            display_name: self.display_name,
            identifier_uris: self.identifier_uris,
            keys,
            federated: self.federated_identity_credentials,
            secrets,
            is_public: self.is_fallback_public_client && self.web.redirect_uris.is_empty(),
            allows_public: self.is_fallback_public_client,
            public_redirects: [self.public_client.redirect_uris, self.spa.redirect_uris].concat(),
            web_redirects: self.web.redirect_uris,
            is_multi_tenant: matches!(
                audience.as_str(),
                "AzureADMultipleOrgs" | "AzureADandPersonalMicrosoftAccount"
            ),
            is_disabled: self.emulator.disabled || !matches!(status.as_str(), "" | "NotDisabled"),
            app_roles: self.app_roles,
            scopes: self.api.scopes,
            required: self.required_resource_access,
            token_version,
            wants_capabilities: self.optional_claims.access_token.iter().any(|claim| claim.name == "xms_cc"),
            emulator: self.emulator,
        })
    }
}

impl RawApi {
    fn token_version(&self) -> Result<u8, RegistrationError> {
        match self.requested_access_token_version {
            None | Some(1) => Ok(1),
            Some(2) => Ok(2),
            Some(other) => {
                Err(RegistrationError::new(format!("{other} is no version; expected null, 1 or 2")))
            }
        }
    }
}

impl EmulatorMember {
    fn check(&self) -> Result<(), RegistrationError> {
        for name in self.tenants.iter().flatten() {
            if Tenant::named(name).is_none() {
                let fault = format!("\"{}\" is neither a GUID nor a domain", name.escape_debug());
                return Err(RegistrationError::new(fault).within("tenants"));
            }
        }
        match &self.service_principal_id {
            Some(id) if !is_guid(id) => {
                Err(RegistrationError::new("not a GUID").within("servicePrincipalId"))
            }
            _ => Ok(()),
        }
    }
}

impl RawKey {
    fn describe(&self, index: usize) -> String {
        let name = self.display_name.as_deref().or(self.key_id.as_deref());
        let name = name.map(|name| format!(" ({})", name.escape_debug())).unwrap_or_default();
        format!("keyCredentials[{index}]{name}")
    }

    /// The credential, or none if this key is for something else than client authentication.
    fn check(self) -> Result<Option<KeyCredential>, RegistrationError> {
        let is_certificate = matches!(self.kind.as_str(), "" | "AsymmetricX509Cert");
        if !is_certificate || !matches!(self.usage.as_str(), "" | "Verify") {
            return Ok(None);
        }
        let key = self.key.ok_or_else(|| {
            let fault =
                "has no certificate; Graph gives it only for one application with $select=keyCredentials";
            RegistrationError::new(fault).within("key")
        })?;
        let registered = from_base64(&key).map_err(RegistrationError::new);
        let registered = registered.and_then(|der| KeyCredential::of_certificate(&der));
        let registered = registered.map_err(|fault| fault.within("key"))?;
        Ok(Some(KeyCredential {
            key_id: self.key_id.unwrap_or_else(|| registered.key_id.clone()),
            start: instant("startDateTime", self.start_date_time)?.unwrap_or(registered.start),
            end: instant("endDateTime", self.end_date_time)?.unwrap_or(registered.end),
            ..registered
        }))
    }
}

impl RawSecret {
    /// The secret, or none: Graph shows it only in the answer that made it.
    fn check(self) -> Result<Option<PasswordCredential>, RegistrationError> {
        let start = instant("startDateTime", self.start_date_time)?;
        let end = instant("endDateTime", self.end_date_time)?;
        Ok(self.secret_text.map(|text| PasswordCredential { digest: sha256(text.as_bytes()), start, end }))
    }
}

fn instant(member: &str, text: Option<String>) -> Result<Option<OffsetDateTime>, RegistrationError> {
    let parsed = text.map(|text| OffsetDateTime::parse(&text, &Rfc3339)).transpose();
    parsed.map_err(|_| {
        RegistrationError::new("not an ISO 8601 date and time such as 2026-01-31T00:00:00Z").within(member)
    })
}

pub(super) fn base64_certificate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let der = from_base64(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)?;
    if is_certificate(&der) { Ok(der) } else { Err(serde::de::Error::custom("not a DER certificate")) }
}

/// Graph writes `null` for what was never set.
pub(crate) fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
