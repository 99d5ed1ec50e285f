//! Users who sign in, read from JSON in the shape of Microsoft Graph's `user` object.
//!
//! A user is known in every tenant unless `emulator.tenants` lists some; the first of these, or else the domain of the
//! user principal name, is the tenant that `/common` and `/organizations` lead to. What Graph keeps elsewhere stands
//! under `emulator`, where a misspelled member is an error. Of a password only the digest is kept.

use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

use crate::certificate::sha256;
use crate::error::{RegistrationError, json_fault};
use crate::random::{guid_from_name, is_guid};
use crate::registration::null_is_default;
use crate::saml::SamlVersion;
use crate::service_error::{ErrorDetails, ServiceError};
use crate::tenant::{Realm, Tenant, resolve};

/// Somebody who can sign in.
#[derive(Clone)]
pub struct User {
    /// Object id.
    pub(crate) id: String,
    pub(crate) principal_name: String,
    pub(crate) display_name: String,
    pub(crate) given_name: Option<String>,
    pub(crate) surname: Option<String>,
    pub(crate) mail: Option<String>,
    pub(crate) is_disabled: bool,
    password_digest: Option<[u8; 32]>,
    /// Refresh tokens and codes from before are void.
    pub(crate) signed_out: Option<OffsetDateTime>,
    pub(crate) emulator: UserMember,
}

/// The member `emulator`: what Graph keeps in other objects or does not show.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UserMember {
    /// Tenants in which the user exists; every tenant if absent.
    #[serde(default)]
    tenants: Option<Vec<String>>,
    /// A second factor is asked for, which a password alone or a token without `mfa` in its `amr` is not.
    #[serde(default)]
    pub(crate) mfa_required: bool,
    #[serde(default)]
    password_expired: bool,
    #[serde(default)]
    locked: bool,
    /// Another provider checks the password.
    #[serde(default)]
    federation: Option<Federation>,
}

/// The provider of a federated user, which the emulator plays as well.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Federation {
    /// Whether user realm names the provider's metadata, and not its endpoint alone.
    #[serde(default = "yes")]
    metadata: bool,
    /// Whether assertions are SAML 2.0 unless a request asks for a type.
    #[serde(default)]
    saml2: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawUser {
    #[serde(default)]
    id: Option<String>,
    user_principal_name: String,
    #[serde(default, deserialize_with = "null_is_default")]
    display_name: String,
    #[serde(default)]
    given_name: Option<String>,
    #[serde(default)]
    surname: Option<String>,
    #[serde(default)]
    mail: Option<String>,
    #[serde(default)]
    account_enabled: Option<bool>,
    #[serde(default)]
    password_profile: Option<RawPassword>,
    #[serde(default, deserialize_with = "null_is_default")]
    emulator: UserMember,
}

#[derive(Deserialize)]
struct RawPassword {
    #[serde(default)]
    password: Option<String>,
}

/// What the request for a second factor says has to be proved.
const SECOND_FACTOR_CLAIMS: &str =
    r#"{"access_token":{"capolids":{"essential":true,"values":["6c7b9d0e-1f53-4e3c-9c51-2f5d5a3f7c10"]}}}"#;

impl User {
    /// Reads one user from JSON.
    ///
    /// # Errors
    ///
    /// The text is not JSON of that shape, or a member has a value that can't be.
    pub fn parse(json: &str) -> Result<Self, RegistrationError> {
        let raw: RawUser = serde_json::from_str(json).map_err(|fault| json_fault(&fault))?;
        raw.check()
    }

    /// The user principal name, as it was given.
    pub fn principal_name(&self) -> &str {
        &self.principal_name
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.principal_name.eq_ignore_ascii_case(name) || self.id.eq_ignore_ascii_case(name)
    }

    pub(crate) fn is_in(&self, tenant: &Tenant) -> bool {
        let named = |name: &String| Tenant::named(name).is_some_and(|named| named.is(tenant));
        self.emulator.tenants.as_ref().is_none_or(|tenants| tenants.iter().any(named))
    }

    /// The tenant that the user belongs to; none if it is not one that exists.
    pub(crate) fn home(&self, known: &[Tenant]) -> Option<Tenant> {
        let first = self.emulator.tenants.as_ref().and_then(|tenants| tenants.first());
        let domain = self.principal_name.split_once('@').map(|(_, domain)| domain);
        match resolve(first.map(String::as_str).or(domain)?, known) {
            Ok(Realm::Tenant(tenant)) => Some(tenant),
            _ => None,
        }
    }

    /// The claims with the parts of the name, as far as there are any.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let parts = [("family_name", &self.surname), ("given_name", &self.given_name)];
        parts.into_iter().filter_map(|(name, part)| part.as_deref().map(|part| (name, part)))
    }

    pub(crate) fn is_federated(&self) -> bool {
        self.emulator.federation.is_some()
    }

    pub(crate) fn shows_metadata(&self) -> bool {
        self.emulator.federation.is_some_and(|federation| federation.metadata)
    }

    /// Which SAML the provider writes if it is not told.
    pub(crate) fn assertion_version(&self) -> SamlVersion {
        match self.emulator.federation.is_some_and(|federation| federation.saml2) {
            true => SamlVersion::V2,
            false => SamlVersion::V1,
        }
    }

    pub(crate) fn set_password(&mut self, password: &str) {
        self.password_digest = Some(sha256(password.as_bytes()));
        self.emulator.password_expired = false;
    }

    pub(crate) fn has_password(&self, presented: &str) -> bool {
        self.password_digest.is_some_and(|digest| bool::from(digest.ct_eq(&sha256(presented.as_bytes()))))
    }

    /// Checks a password, and whether it is enough.
    pub(crate) fn check_password(&self, presented: &str) -> Result<(), ServiceError> {
        if self.emulator.locked {
            let text = "The account is locked, you've tried to sign in too many times with an incorrect user ID or \
                        password.";
            return Err(ServiceError::new(50053, text).because("the user is locked"));
        }
        // Entra does not have the password of a federated user.
        if self.is_federated() || !self.has_password(presented) {
            let text = "Error validating credentials due to invalid username or password.";
            return Err(ServiceError::new(50126, text).because("the password is wrong"));
        }
        if self.emulator.password_expired {
            return Err(
                ServiceError::new(50055, "The password is expired.").because("the password is expired")
            );
        }
        Ok(())
    }

    /// Whether the account may be used at all.
    pub(crate) fn check_enabled(&self) -> Result<(), ServiceError> {
        if self.is_disabled {
            return Err(
                ServiceError::new(50057, "The user account is disabled.").because("the user is disabled")
            );
        }
        Ok(())
    }

    /// Whether what the user has proved (`amr`) suffices.
    pub(crate) fn check_factors(&self, amr: &[String], resource: &str) -> Result<(), ServiceError> {
        if !self.emulator.mfa_required || amr.iter().any(|method| method == "mfa") {
            return Ok(());
        }
        let text = format!(
            "Due to a configuration change made by your administrator, or because you moved to a new location, you \
             must use multi-factor authentication to access '{resource}'."
        );
        let details = ErrorDetails {
            suberror: Some("basic_action".to_owned()),
            claims: Some(SECOND_FACTOR_CLAIMS.to_owned()),
            ..ErrorDetails::default()
        };
        Err(ServiceError::new(50076, text).with(details).because("the user has proved one factor only"))
    }
}

impl RawUser {
    fn check(self) -> Result<User, RegistrationError> {
        let name = self.user_principal_name;
        if name
            .split_once('@')
            .is_none_or(|(user, domain)| user.is_empty() || Tenant::named(domain).is_none())
        {
            let fault = RegistrationError::new("not a name and a domain, such as ada@contoso.com");
            return Err(fault.within("userPrincipalName"));
        }
        let id = self.id.unwrap_or_else(|| guid_from_name(&format!("user {}", name.to_ascii_lowercase())));
        if !is_guid(&id) {
            return Err(RegistrationError::new("not a GUID").within("id"));
        }
        for tenant in self.emulator.tenants.iter().flatten() {
            if Tenant::named(tenant).is_none() {
                let fault = format!("\"{}\" is neither a GUID nor a domain", tenant.escape_debug());
                return Err(RegistrationError::new(fault).within("emulator.tenants"));
            }
        }
        let password = self.password_profile.and_then(|profile| profile.password);
        Ok(User {
            id: id.to_ascii_lowercase(),
            display_name: if self.display_name.is_empty() { name.clone() } else { self.display_name },
            principal_name: name,
            given_name: self.given_name,
            surname: self.surname,
            mail: self.mail,
            is_disabled: self.account_enabled == Some(false),
            password_digest: password.map(|password| sha256(password.as_bytes())),
            signed_out: None,
            emulator: self.emulator,
        })
    }
}

impl core::fmt::Debug for User {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("User").field("principal_name", &self.principal_name).finish_non_exhaustive()
    }
}

/// The user of this name or object id in a tenant.
pub(crate) fn find<'a>(users: &'a [User], name: &str, tenant: &Tenant) -> Result<&'a User, ServiceError> {
    let found = users.iter().find(|user| user.is_named(name) && user.is_in(tenant));
    found.ok_or_else(|| {
        let text = format!(
            "The user account {{EUII Hidden}} does not exist in the {} directory. To sign into this application, the \
             account must be added to the directory.",
            tenant.id
        );
        ServiceError::new(50034, text).because("no such user in this tenant")
    })
}
