//! Registered applications, read from JSON in the shape of Microsoft Graph's `application` object.
//!
//! A file holds one object, an array of them, or Graph's list reply `{"value": […]}`. Members that have no bearing on
//! tokens are ignored, as are keys that are not for verifying (SAML signing, token encryption). What
//! Graph keeps elsewhere (service principal, role assignments) stands under one member of our own, `emulator`; a
//! member of that which is misspelled is an error. The public half of a certificate is all that is ever read.

mod json;

pub(crate) use json::null_is_default;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

use crate::certificate::{Certificate, sha256};
use crate::error::RegistrationError;
use crate::federation::FederatedCredential;
use crate::random::{guid, guid_from_name};
use crate::tenant::{CONSUMERS, Tenant};

/// One registered application, which may be a client, a resource or both.
#[derive(Clone)]
pub struct Application {
    pub(crate) app_id: String,
    pub(crate) display_name: String,
    pub(crate) identifier_uris: Vec<String>,
    pub(crate) keys: Vec<KeyCredential>,
    pub(crate) federated: Vec<FederatedCredential>,
    pub(crate) secrets: Vec<PasswordCredential>,
    pub(crate) is_public: bool,
    /// Users may sign in to it without a credential of its own.
    pub(crate) allows_public: bool,
    /// Where codes may be sent that are redeemed without a credential.
    pub(crate) public_redirects: Vec<String>,
    pub(crate) web_redirects: Vec<String>,
    pub(crate) is_multi_tenant: bool,
    pub(crate) is_disabled: bool,
    pub(crate) app_roles: Vec<AppRole>,
    /// Delegated permissions that it offers.
    pub(crate) scopes: Vec<AppRole>,
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
    pub(crate) propagation: Propagation,
}

/// How long a registered key is not known to the token service, as after an upload at Entra.
#[derive(Clone, Debug, Default)]
pub(crate) struct Propagation {
    pub(crate) visible_from: Option<OffsetDateTime>,
    /// Requests that will still be refused; shared by the copies of this key.
    pub(crate) unseen: Arc<AtomicU64>,
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

/// A permission, for applications or delegated.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppRole {
    pub(crate) id: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    pub(crate) value: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequiredResource {
    pub(crate) resource_app_id: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
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
    pub(crate) service_principal_id: Option<String>,
    /// Granted application roles by resource (App ID URI or appId); `requiredResourceAccess` if absent.
    #[serde(default)]
    pub(crate) roles: Option<BTreeMap<String, Vec<String>>>,
    /// Granted delegated permissions by resource; everything that is asked for if absent.
    #[serde(default)]
    pub(crate) scopes: Option<BTreeMap<String, Vec<String>>>,
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
    #[serde(rename = "issuer", deserialize_with = "json::base64_certificate")]
    pub(crate) issuer_der: Vec<u8>,
}

impl KeyCredential {
    /// A certificate (DER) that is registered for as long as it is valid.
    pub(crate) fn of_certificate(der: &[u8]) -> Result<Self, RegistrationError> {
        let certificate = Certificate::from_der(der).map_err(RegistrationError::new)?;
        let (start, end) = (certificate.not_before, certificate.not_after);
        Ok(Self { key_id: guid(), certificate, start, end, propagation: Propagation::default() })
    }

    /// Whether the token service knows the key by now; asking counts as a request with it.
    pub(crate) fn is_known(&self, now: OffsetDateTime) -> bool {
        let Propagation { visible_from, unseen } = &self.propagation;
        if visible_from.is_some_and(|from| now < from) {
            return false;
        }
        let one_less = |left: u64| left.checked_sub(1);
        unseen.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_err()
    }
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
        self.keys.push(KeyCredential::of_certificate(der)?);
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
        let raw = json::read(json)?;
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

    /// A tenant in which the application has a service principal.
    pub(crate) fn some_tenant(&self) -> Tenant {
        let first = self.emulator.tenants.as_ref().and_then(|tenants| tenants.first());
        let named = first.and_then(|name| Tenant::named(name));
        named.unwrap_or_else(|| Tenant { id: CONSUMERS.to_owned(), domain: None })
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
