//! What a vault is to hold, read from JSON or put together in code.
//!
//! The private keys are in the file, because the emulator signs with them; a version without any is generated. A
//! member that is misspelled is an error.

use core::fmt;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::{RegistrationError, json_fault};
use crate::tenant::Tenant;

/// The resource that Key Vault's tokens are for in the public cloud.
const RESOURCE: &str = "https://vault.azure.net";

/// A key vault: its names, who may use it, and its certificates with their private keys.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vault {
    pub(crate) name: String,
    /// Tenant whose tokens the vault takes.
    #[serde(deserialize_with = "tenant")]
    pub(crate) tenant: Tenant,
    /// Port for HTTPS of its own; 0 picks a free one.
    #[serde(default)]
    pub(crate) port: u16,
    /// Host names under which it is reached on any port, beside `{name}.vault.localhost`.
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    /// Audience of the tokens that it takes.
    #[serde(default = "resource")]
    pub(crate) resource: String,
    #[serde(default)]
    pub(crate) challenge: Challenge,
    #[serde(default)]
    pub(crate) denied: Vec<Denial>,
    #[serde(default)]
    pub(crate) certificates: Vec<CertificateDefinition>,
}

/// What the challenge of an unauthenticated request says; the truth where it is silent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Challenge {
    #[serde(default)]
    pub(crate) authorization: Option<String>,
    #[serde(default)]
    pub(crate) resource: Option<String>,
}

/// Somebody who may not do something.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Denial {
    /// Client id; everybody if absent.
    #[serde(default)]
    pub(crate) app_id: Option<String>,
    /// `get` or `sign`; both if absent.
    #[serde(default)]
    pub(crate) operation: Option<String>,
    /// `ForbiddenByPolicy`, `ForbiddenByFirewall` and so on.
    pub(crate) innererror: String,
    /// The service's words for the code if absent.
    #[serde(default)]
    pub(crate) message: Option<String>,
}

/// A named certificate and its versions, oldest first.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CertificateDefinition {
    pub(crate) name: String,
    #[serde(default = "one_generated")]
    pub(crate) versions: Vec<VersionDefinition>,
}

/// One version; generated where it has no key.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct VersionDefinition {
    #[serde(default)]
    pub(crate) version: Option<String>,
    /// PEM, or base64 of DER.
    #[serde(default)]
    pub(crate) certificate: Option<String>,
    /// Unencrypted PEM.
    #[serde(default)]
    pub(crate) private_key: Option<String>,
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    #[serde(default, deserialize_with = "instant")]
    pub(crate) not_before: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "instant")]
    pub(crate) expires: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "instant")]
    pub(crate) created: Option<OffsetDateTime>,
}

impl Vault {
    /// An empty vault that takes tokens of `tenant`.
    ///
    /// # Errors
    ///
    /// The name is not of 3 to 24 letters, digits and hyphens, as those of Key Vault are.
    pub fn new(name: &str, tenant: Tenant) -> Result<Self, RegistrationError> {
        let vault = Self {
            name: name.to_owned(),
            tenant,
            port: 0,
            hosts: Vec::new(),
            resource: resource(),
            challenge: Challenge::default(),
            denied: Vec::new(),
            certificates: Vec::new(),
        };
        vault.check()?;
        Ok(vault)
    }

    /// Gives it a port; without one it gets any that is free.
    #[must_use]
    pub fn with_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Lets it be reached under a host name on any port of the emulator, `contoso.vault.azure.net` for instance.
    #[must_use]
    pub fn with_host(mut self, host: &str) -> Self {
        self.hosts.push(host.to_owned());
        self
    }

    /// Adds a version of a certificate with a key that the emulator makes.
    #[must_use]
    pub fn with_generated_certificate(self, name: &str) -> Self {
        self.with_version(name, VersionDefinition::generated())
    }

    /// Adds a version of a certificate (DER) and its private key (PEM, PKCS#8 or PKCS#1, not encrypted). Whether they
    /// belong together is found out when the emulator starts.
    #[must_use]
    pub fn with_certificate(self, name: &str, certificate: &[u8], private_key: &str) -> Self {
        let version = VersionDefinition {
            certificate: Some(STANDARD.encode(certificate)),
            private_key: Some(private_key.to_owned()),
            ..VersionDefinition::generated()
        };
        self.with_version(name, version)
    }

    fn with_version(mut self, name: &str, version: VersionDefinition) -> Self {
        match self.certificates.iter_mut().find(|certificate| certificate.name == name) {
            Some(certificate) => certificate.versions.push(version),
            None => {
                let versions = vec![version];
                self.certificates.push(CertificateDefinition { name: name.to_owned(), versions });
            }
        }
        self
    }

    /// Reads vaults from JSON: one object or an array of them.
    ///
    /// # Errors
    ///
    /// The text is not JSON of that shape, or a name is none. The error says where.
    pub fn parse(json: &str) -> Result<Vec<Self>, RegistrationError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let vaults: Vec<Self> = match json.trim_start().starts_with('[') {
            true => serde_json::from_str(json),
            false => serde_json::from_str(json).map(|one| vec![one]),
        }
        .map_err(|fault| json_fault(&fault))?;
        for (index, vault) in vaults.iter().enumerate() {
            let place = format!("vault {} ({})", index + 1, vault.name.escape_debug());
            vault.check().map_err(|fault| fault.within(&place))?;
        }
        Ok(vaults)
    }

    /// Reads vaults from a file.
    ///
    /// # Errors
    ///
    /// The file can't be read, or as of [`Vault::parse`].
    pub fn read(path: &Path) -> Result<Vec<Self>, RegistrationError> {
        let text = fs::read_to_string(path).map_err(RegistrationError::new);
        text.and_then(|text| Self::parse(&text)).map_err(|fault| fault.within(&path.display().to_string()))
    }

    /// The vault's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All host names under which it is reached.
    pub(crate) fn all_hosts(&self) -> impl Iterator<Item = String> + '_ {
        let own = format!("{}.vault.localhost", self.name.to_ascii_lowercase());
        core::iter::once(own).chain(self.hosts.iter().map(|host| host.to_ascii_lowercase()))
    }

    fn check(&self) -> Result<(), RegistrationError> {
        if !(3..=24).contains(&self.name.len()) || !is_name(&self.name) {
            let fault = "the name is not of 3 to 24 letters, digits and hyphens";
            return Err(RegistrationError::new(fault));
        }
        for host in &self.hosts {
            if host.is_empty() || !host.split('.').all(is_name) {
                let fault = format!("\"{}\" is not a host name", host.escape_debug());
                return Err(RegistrationError::new(fault).within("hosts"));
            }
        }
        match self.certificates.iter().find(|certificate| !is_name(&certificate.name)) {
            Some(wrong) => {
                let fault =
                    format!("\"{}\" is not of letters, digits and hyphens", wrong.name.escape_debug());
                Err(RegistrationError::new(fault).within("certificates: name"))
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> =
            self.certificates.iter().map(|certificate| certificate.name.as_str()).collect();
        f.debug_struct("Vault")
            .field("name", &self.name)
            .field("certificates", &names)
            .finish_non_exhaustive()
    }
}

impl VersionDefinition {
    pub(crate) fn generated() -> Self {
        Self {
            version: None,
            certificate: None,
            private_key: None,
            enabled: true,
            not_before: None,
            expires: None,
            created: None,
        }
    }
}

/// Key Vault's names of objects, and the labels of host names.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=127).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn resource() -> String {
    RESOURCE.to_owned()
}

fn one_generated() -> Vec<VersionDefinition> {
    vec![VersionDefinition::generated()]
}

fn yes() -> bool {
    true
}

fn tenant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tenant, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// RFC 3339, or seconds since 1970 as in Key Vault's own attributes.
pub(crate) fn instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Seconds(i64),
        Text(String),
    }
    let parsed = match Option::<Written>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Written::Seconds(seconds)) => OffsetDateTime::from_unix_timestamp(seconds).ok(),
        Some(Written::Text(text)) => OffsetDateTime::parse(&text, &Rfc3339).ok(),
    };
    let fault = "not a date and time such as 2026-01-31T00:00:00Z, nor seconds since 1970";
    parsed.map(Some).ok_or_else(|| serde::de::Error::custom(fault))
}
