//! Registered applications, read from JSON in the shape of Microsoft Graph's `application` object.
//!
//! A file holds one object, an array of them, or Graph's list reply `{"value": […]}`. Members that have no bearing on
//! client credentials are ignored, as are keys that are not for verifying (SAML signing, token encryption). What
//! Graph keeps elsewhere (service principal, role assignments) stands under one member of our own, `emulator`; a
//! member of that which is misspelled is an error. The public half of a certificate is all that is ever read.

use alloc::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::certificate::{Certificate, from_base64, is_certificate, sha256};
use crate::error::{RegistrationError, json_fault};
use crate::random::{guid, guid_from_name, is_guid};
use crate::tenant::Tenant;

/// One registered application, which may be a client, a resource or both.
#[derive(Clone)]
pub struct Application {
    pub(crate) app_id: String,
    pub(crate) display_name: String,
    pub(crate) identifier_uris: Vec<String>,
    pub(crate) keys: Vec<KeyCredential>,
    pub(crate) secrets: Vec<PasswordCredential>,
    pub(crate) is_public: bool,
    pub(crate) is_multi_tenant: bool,
    pub(crate) is_disabled: bool,
    pub(crate) app_roles: Vec<AppRole>,
    pub(crate) required: Vec<RequiredResource>,
    pub(crate) token_version: u8,
    pub(crate) wants_capabilities: bool,
    pub(crate) emulator: EmulatorMember,
}

/// A certificate that the application may authenticate with.
#[derive(Clone, Debug)]
pub(crate) struct KeyCredential {
    pub(crate) key_id: String,
    pub(crate) certificate: Certificate,
    pub(crate) start: OffsetDateTime,
    pub(crate) end: OffsetDateTime,
}

/// A client secret; only its digest is kept. Not `Debug`.
#[derive(Clone)]
pub(crate) struct PasswordCredential {
    digest: [u8; 32],
    start: Option<OffsetDateTime>,
    end: Option<OffsetDateTime>,
}

/// What became of a presented secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretMatch {
    Valid,
    Expired,
    None,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppRole {
    pub(crate) id: String,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) value: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequiredResource {
    pub(crate) resource_app_id: String,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) resource_access: Vec<ResourceAccess>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ResourceAccess {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// The member `emulator`: what Graph keeps in other objects.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EmulatorMember {
    /// Tenants in which the application has a service principal; every tenant if absent.
    #[serde(default)]
    tenants: Option<Vec<String>>,
    /// Object id of the service principal; derived from application and tenant if absent.
    #[serde(default)]
    service_principal_id: Option<String>,
    /// Granted application roles by resource (App ID URI or appId); `requiredResourceAccess` if absent.
    #[serde(default)]
    pub(crate) roles: Option<BTreeMap<String, Vec<String>>>,
    /// The application or its service principal is disabled.
    #[serde(default)]
    disabled: bool,
    /// As a resource: gives tokens only to clients that hold one of its roles.
    #[serde(default)]
    pub(crate) assignment_required: bool,
    /// Subject names that may authenticate with any certificate of an issuer.
    #[serde(default)]
    pub(crate) trusted_subjects: Vec<TrustedSubject>,
}

/// A subject name and the authority that must have issued the certificate (subject name and issuer authentication).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TrustedSubject {
    /// Common name of the leaf.
    pub(crate) subject_name: String,
    /// The authority's certificate, base64 of DER.
    #[serde(rename = "issuer", deserialize_with = "base64_certificate")]
    pub(crate) issuer_der: Vec<u8>,
}

impl Application {
    /// An application without credentials, known in every tenant.
    ///
    /// # Errors
    ///
    /// `app_id` is not a GUID.
    pub fn new(app_id: &str) -> Result<Self, RegistrationError> {
        let json = serde_json::json!({ "appId": app_id }).to_string();
        let mut applications = Self::parse(&json)?;
        applications.pop().ok_or_else(|| RegistrationError::new("no application"))
    }

    /// Adds a certificate (DER) that is registered for as long as it is valid.
    ///
    /// # Errors
    ///
    /// `der` is not a certificate with an RSA key of 2048 bits or more.
    pub fn with_certificate(mut self, der: &[u8]) -> Result<Self, RegistrationError> {
        let certificate = Certificate::from_der(der).map_err(RegistrationError::new)?;
        let (start, end) = (certificate.not_before, certificate.not_after);
        self.keys.push(KeyCredential { key_id: guid(), certificate, start, end });
        Ok(self)
    }

    /// Adds a client secret that never expires.
    #[must_use]
    pub fn with_client_secret(mut self, secret: &str) -> Self {
        let digest = sha256(secret.as_bytes());
        self.secrets.push(PasswordCredential { digest, start: None, end: None });
        self
    }

    /// Reads registrations from JSON.
    ///
    /// # Errors
    ///
    /// The text is not JSON of one of the accepted shapes, or a member has a value that can't be. The error says
    /// where: line and column, or the application and its member.
    pub fn parse(json: &str) -> Result<Vec<Self>, RegistrationError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let shape: serde_json::Value = serde_json::from_str(json).map_err(|fault| json_fault(&fault))?;
        // Read again as the right type, so that a wrong member is reported with its line.
        let raw: Vec<RawApplication> = match &shape {
            serde_json::Value::Array(_) => serde_json::from_str(json),
            serde_json::Value::Object(members) if members.contains_key("value") => {
                serde_json::from_str::<RawList>(json).map(|list| list.value)
            }
            _ => serde_json::from_str(json).map(|one| vec![one]),
        }
        .map_err(|fault| json_fault(&fault))?;
        let mut applications: Vec<Self> = Vec::with_capacity(raw.len());
        for (index, raw) in raw.into_iter().enumerate() {
            let name = raw.describe(index);
            let application = raw.check().map_err(|fault| fault.within(&name))?;
            if applications.iter().any(|other| other.app_id == application.app_id) {
                return Err(RegistrationError::new("appId is registered twice").within(&name));
            }
            applications.push(application);
        }
        Ok(applications)
    }

    /// Reads registrations from a file.
    ///
    /// # Errors
    ///
    /// The file can't be read, or as of [`Application::parse`].
    pub fn read(path: &Path) -> Result<Vec<Self>, RegistrationError> {
        let text = fs::read_to_string(path).map_err(RegistrationError::new);
        text.and_then(|text| Self::parse(&text)).map_err(|fault| fault.within(&path.display().to_string()))
    }

    /// The application (client) id in lower case.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// Whether the application has a service principal in this tenant.
    pub(crate) fn is_in(&self, tenant: &Tenant) -> bool {
        let named = |name: &String| Tenant::named(name).is_some_and(|named| named.is(tenant));
        self.emulator.tenants.as_ref().is_none_or(|tenants| tenants.iter().any(named))
    }

    /// Object id of the service principal in this tenant.
    pub(crate) fn service_principal_id(&self, tenant: &Tenant) -> String {
        let derived = || guid_from_name(&format!("service principal {} {}", self.app_id, tenant.id));
        self.emulator.service_principal_id.as_ref().map_or_else(derived, |id| id.to_ascii_lowercase())
    }

    /// Compares a presented secret with all registered ones, in constant time.
    pub(crate) fn match_secret(&self, presented: &str, now: OffsetDateTime) -> SecretMatch {
        let presented = sha256(presented.as_bytes());
        let mut best = SecretMatch::None;
        for secret in &self.secrets {
            let matches = bool::from(secret.digest.ct_eq(&presented));
            let valid =
                secret.start.is_none_or(|start| start <= now) && secret.end.is_none_or(|end| now <= end);
            best = match (matches, valid, best) {
                (true, true, _) => SecretMatch::Valid,
                (true, false, SecretMatch::None) => SecretMatch::Expired,
                (_, _, best) => best,
            };
        }
        best
    }
}

impl core::fmt::Debug for Application {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Application")
            .field("app_id", &self.app_id)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct RawList {
    value: Vec<RawApplication>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawApplication {
    app_id: String,
    #[serde(default, deserialize_with = "null_is_default")]
    display_name: String,
    #[serde(default, deserialize_with = "null_is_default")]
    identifier_uris: Vec<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    key_credentials: Vec<RawKey>,
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
    web: RawWeb,
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
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawWeb {
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
    fn describe(&self, index: usize) -> String {
        let name = if self.display_name.is_empty() { &self.app_id } else { &self.display_name };
        format!("application {} ({})", index + 1, name.escape_debug())
    }

    fn check(self) -> Result<Application, RegistrationError> {
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
            secrets,
            is_public: self.is_fallback_public_client && self.web.redirect_uris.is_empty(),
            is_multi_tenant: matches!(
                audience.as_str(),
                "AzureADMultipleOrgs" | "AzureADandPersonalMicrosoftAccount"
            ),
            is_disabled: self.emulator.disabled || !matches!(status.as_str(), "" | "NotDisabled"),
            app_roles: self.app_roles,
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
        let certificate = from_base64(&key)
            .and_then(|der| Certificate::from_der(&der))
            .map_err(|fault| RegistrationError::new(fault).within("key"))?;
        Ok(Some(KeyCredential {
            key_id: self.key_id.unwrap_or_else(guid),
            start: instant("startDateTime", self.start_date_time)?.unwrap_or(certificate.not_before),
            end: instant("endDateTime", self.end_date_time)?.unwrap_or(certificate.not_after),
            certificate,
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

fn base64_certificate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let der = from_base64(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)?;
    if is_certificate(&der) { Ok(der) } else { Err(serde::de::Error::custom("not a DER certificate")) }
}

/// Graph writes `null` for what was never set.
fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
