//! A registration file: applications and, beside them, users, issuers and managed identities.
//!
//! The applications are read as [`Application::parse`] reads them. If the file is Graph's list reply, the object
//! `{"value": […]}`, its member `emulator` has what is no application.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{RegistrationError, json_fault};
use crate::federation::Issuer;
use crate::managed_identity::{IdentityHost, ManagedIdentity};
use crate::registration::Application;
use crate::user::User;

/// What a registration file holds.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Registrations {
    /// The applications.
    pub applications: Vec<Application>,
    /// The users who can sign in.
    pub users: Vec<User>,
    /// Issuers whose tokens may stand for an application.
    pub issuers: Vec<Issuer>,
    /// Managed identities of the machine that the emulator stands in for.
    pub managed_identities: Vec<ManagedIdentity>,
    /// That machine.
    pub identity_host: IdentityHost,
}

#[derive(Deserialize)]
struct RawFile {
    #[serde(default)]
    emulator: RawDirectory,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawDirectory {
    #[serde(default)]
    users: Vec<Value>,
    #[serde(default)]
    issuers: Vec<Value>,
    #[serde(default)]
    managed_identities: Vec<Value>,
    #[serde(default)]
    identity_host: IdentityHost,
}

impl Registrations {
    /// Reads registrations from JSON.
    ///
    /// # Errors
    ///
    /// The text is not JSON of one of the accepted shapes, or a member has a value that can't be. The error says
    /// where.
    pub fn parse(json: &str) -> Result<Self, RegistrationError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let applications = Application::parse(json)?;
        let shape: Value = serde_json::from_str(json).map_err(|fault| json_fault(&fault))?;
        if shape.get("value").is_none() {
            return Ok(Self { applications, ..Self::default() });
        }
        let file: RawFile =
            serde_json::from_value(shape).map_err(|fault| json_fault(&fault).within("emulator"))?;
        let RawDirectory { users, issuers, managed_identities, identity_host } = file.emulator;
        Ok(Self {
            applications,
            users: read_users(&users)?,
            issuers: each("issuer", &issuers, Issuer::parse)?,
            managed_identities: each("managed identity", &managed_identities, ManagedIdentity::parse)?,
            identity_host,
        })
    }

    /// Reads registrations from a file.
    ///
    /// # Errors
    ///
    /// The file can't be read, or as of [`Registrations::parse`].
    pub fn read(path: &Path) -> Result<Self, RegistrationError> {
        let text = fs::read_to_string(path).map_err(RegistrationError::new);
        text.and_then(|text| Self::parse(&text)).map_err(|fault| fault.within(&path.display().to_string()))
    }
}

/// Reads a list; an error says which member it is about.
fn each<T>(
    what: &str,
    values: &[Value],
    read: impl Fn(&str) -> Result<T, RegistrationError>,
) -> Result<Vec<T>, RegistrationError> {
    let read = |(index, value): (usize, &Value)| {
        read(&value.to_string()).map_err(|fault| fault.within(&format!("emulator: {what} {}", index + 1)))
    };
    values.iter().enumerate().map(read).collect()
}

fn read_users(values: &[Value]) -> Result<Vec<User>, RegistrationError> {
    let users = each("user", values, User::parse)?;
    for (index, user) in users.iter().enumerate() {
        let earlier = users.get(..index).unwrap_or_default();
        if earlier.iter().any(|other| other.is_named(&user.principal_name) || other.is_named(&user.id)) {
            let fault = RegistrationError::new("userPrincipalName or id is registered twice");
            return Err(fault.within(&format!("emulator: user {}", index + 1)));
        }
    }
    Ok(users)
}
