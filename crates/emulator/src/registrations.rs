//! A registration file: applications and, beside them, users.
//!
//! The applications are read as [`Application::parse`] reads them. If the file is Graph's list reply, the object
//! `{"value": […]}`, its member `emulator` has what is no application.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{RegistrationError, json_fault};
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
        let mut users: Vec<User> = Vec::with_capacity(file.emulator.users.len());
        for (index, user) in file.emulator.users.iter().enumerate() {
            let place = format!("emulator: user {}", index + 1);
            let user = User::parse(&user.to_string()).map_err(|fault| fault.within(&place))?;
            if users.iter().any(|other| other.is_named(&user.principal_name) || other.is_named(&user.id)) {
                return Err(
                    RegistrationError::new("userPrincipalName or id is registered twice").within(&place)
                );
            }
            users.push(user);
        }
        Ok(Self { applications, users })
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
