//! What a vault holds while the emulator runs: certificates, their versions and keys.
//!
//! A change makes a new state and leaves the old one to the requests that are being answered with it; keys are shared
//! between the two.

use alloc::sync::Arc;

use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use crate::certificate::{Certificate, hex};
use crate::error::RegistrationError;
use crate::random;
use crate::rsa_key;
use crate::vault::definition::{Challenge, Denial, Vault, VersionDefinition, instant, is_name};

/// How long a generated certificate is valid, from a day before it is made.
const VALIDITY: Duration = Duration::days(365);
const BACKDATED: Duration = Duration::days(1);

/// A vault in use.
#[derive(Clone)]
pub(crate) struct LiveVault {
    pub(crate) definition: Arc<Vault>,
    pub(crate) challenge: Challenge,
    pub(crate) denied: Vec<Denial>,
    certificates: Vec<NamedCertificate>,
}

/// Versions, oldest first; there is at least one.
#[derive(Clone)]
struct NamedCertificate {
    name: String,
    versions: Vec<Version>,
}

/// A certificate with its key.
#[derive(Clone)]
pub(crate) struct Version {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) key: Arc<rsa::PrivateKey>,
    pub(crate) certificate: Certificate,
    pub(crate) enabled: bool,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) expires: OffsetDateTime,
    pub(crate) created: OffsetDateTime,
    pub(crate) updated: OffsetDateTime,
}

/// What can be changed about a version; what is absent stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct VersionChange {
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "instant")]
    not_before: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "instant")]
    expires: Option<OffsetDateTime>,
}

impl LiveVault {
    /// Opens all of them; names must differ.
    pub(crate) fn open_all(
        definitions: &[Vault],
        now: OffsetDateTime,
    ) -> Result<Vec<Self>, RegistrationError> {
        for (index, vault) in definitions.iter().enumerate() {
            if definitions.iter().take(index).any(|other| other.name.eq_ignore_ascii_case(&vault.name)) {
                let place = format!("vault {}", vault.name);
                return Err(RegistrationError::new("the name is there twice").within(&place));
            }
        }
        definitions.iter().map(|definition| Self::open(definition, now)).collect()
    }

    /// Makes the keys that are to be generated and reads the others.
    fn open(definition: &Vault, now: OffsetDateTime) -> Result<Self, RegistrationError> {
        let mut vault = Self {
            challenge: definition.challenge.clone(),
            denied: definition.denied.clone(),
            certificates: Vec::new(),
            definition: Arc::new(definition.clone()),
        };
        let place = |name: &str| format!("vault {}: {name}", definition.name);
        for certificate in &definition.certificates {
            if vault.certificates.iter().any(|other| other.name.eq_ignore_ascii_case(&certificate.name)) {
                return Err(
                    RegistrationError::new("the name is there twice").within(&place(&certificate.name))
                );
            }
            for version in &certificate.versions {
                vault
                    .add(&certificate.name, version, now)
                    .map_err(|fault| fault.within(&place(&certificate.name)))?;
            }
        }
        Ok(vault)
    }

    /// Adds a version, which is the latest from now on; a certificate of a new name comes into being with it.
    pub(crate) fn add(
        &mut self,
        name: &str,
        definition: &VersionDefinition,
        now: OffsetDateTime,
    ) -> Result<Version, RegistrationError> {
        if !is_name(name) {
            return Err(RegistrationError::new("the name is not of letters, digits and hyphens"));
        }
        let version = Version::make(name, definition, now)?;
        let found = self.certificates.iter_mut().find(|other| other.name.eq_ignore_ascii_case(name));
        match found {
            None => {
                let versions = vec![version.clone()];
                self.certificates.push(NamedCertificate { name: name.to_owned(), versions });
            }
            Some(certificate) if certificate.versions.iter().any(|other| other.id == version.id) => {
                return Err(RegistrationError::new(format!("version {} is there already", version.id)));
            }
            Some(certificate) => certificate.versions.push(version.clone()),
        }
        Ok(version)
    }

    /// The latest version, or the one that is named. Names are compared without regard to case, as Key Vault does.
    pub(crate) fn version(&self, name: &str, id: Option<&str>) -> Option<&Version> {
        let certificate = self.certificates.iter().find(|other| other.name.eq_ignore_ascii_case(name))?;
        match id {
            None => certificate.versions.last(),
            Some(id) => certificate.versions.iter().find(|version| version.id.eq_ignore_ascii_case(id)),
        }
    }

    pub(crate) fn version_mut(&mut self, name: &str, id: &str) -> Option<&mut Version> {
        let certificate = self.certificates.iter_mut().find(|other| other.name.eq_ignore_ascii_case(name))?;
        certificate.versions.iter_mut().find(|version| version.id.eq_ignore_ascii_case(id))
    }

    /// Names and versions.
    pub(crate) fn contents(&self) -> impl Iterator<Item = (&str, &[Version])> {
        self.certificates
            .iter()
            .map(|certificate| (certificate.name.as_str(), certificate.versions.as_slice()))
    }
}

impl Version {
    fn make(
        name: &str,
        definition: &VersionDefinition,
        now: OffsetDateTime,
    ) -> Result<Self, RegistrationError> {
        let (key, certificate) = match (&definition.private_key, &definition.certificate) {
            (None, None) => generated(name, now)?,
            (Some(key), Some(certificate)) => given(key, certificate)?,
            (Some(_), None) => return Err(RegistrationError::new("a private key without a certificate")),
            (None, Some(_)) => return Err(RegistrationError::new("a certificate without a private key")),
        };
        let id =
            definition.version.as_ref().map_or_else(|| hex(&random::bytes::<16>()), |id| id.to_lowercase());
        if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(RegistrationError::new("the version is not of 32 hexadecimal digits"));
        }
        let created = definition.created.unwrap_or(now);
        Ok(Self {
            id,
            key: Arc::new(key),
            enabled: definition.enabled,
            not_before: definition.not_before.unwrap_or(certificate.not_before),
            expires: definition.expires.unwrap_or(certificate.not_after),
            created,
            updated: created,
            certificate,
        })
    }

    pub(crate) fn change(&mut self, change: &VersionChange, now: OffsetDateTime) {
        self.enabled = change.enabled.unwrap_or(self.enabled);
        self.not_before = change.not_before.unwrap_or(self.not_before);
        self.expires = change.expires.unwrap_or(self.expires);
        self.updated = now;
    }
}

type Pair = (rsa::PrivateKey, Certificate);

fn generated(name: &str, now: OffsetDateTime) -> Result<Pair, RegistrationError> {
    let made = || {
        let key = rsa_key::generate()?;
        let from = now.saturating_sub(BACKDATED);
        let der =
            rsa_key::self_signed(&rsa_key::pkcs8(&key)?, name, Some((from, from.saturating_add(VALIDITY))))?;
        Ok((key, der))
    };
    let (key, der) = made().map_err(|fault: crate::Error| RegistrationError::new(fault))?;
    Ok((key, Certificate::from_der(&der).map_err(RegistrationError::new)?))
}

fn given(key: &str, certificate: &str) -> Result<Pair, RegistrationError> {
    let key = rsa_key::from_pem(key).map_err(|fault| RegistrationError::new(fault).within("privateKey"))?;
    let place = |fault: String| RegistrationError::new(fault).within("certificate");
    let der = crate::certificate::from_text(certificate).map_err(place)?;
    let certificate = Certificate::from_der(&der).map_err(place)?;
    if rsa_key::public_pkcs1(&key).as_ref() != Some(&certificate.rsa_public_key) {
        return Err(place("is of another key than privateKey".to_owned()));
    }
    Ok((key, certificate))
}
