//! Managed identities: applications that prove nothing, because the machine that they run on vouches for them.

use alloc::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{RegistrationError, json_fault};
use crate::random::{guid_from_name, is_guid};
use crate::registration::Application;
use crate::tenant::Tenant;

/// A managed identity of the machine that the emulator stands in for.
#[derive(Clone, Debug)]
pub struct ManagedIdentity {
    pub(crate) application: Application,
    /// Object id of its service principal.
    pub(crate) principal_id: String,
    /// Its path in Azure Resource Manager.
    pub(crate) resource_id: Option<String>,
    pub(crate) tenant: Tenant,
    pub(crate) is_system_assigned: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawIdentity {
    client_id: String,
    #[serde(default)]
    principal_id: Option<String>,
    #[serde(default)]
    resource_id: Option<String>,
    tenant_id: String,
    #[serde(default)]
    system_assigned: bool,
    #[serde(default)]
    roles: BTreeMap<String, Vec<String>>,
}

/// The machine itself, as its metadata and its agents show it.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct IdentityHost {
    /// What `X-IDENTITY-HEADER` and `secret` must say; random if absent.
    #[serde(default)]
    pub secret: Option<String>,
    /// The folder for the keys of Azure Arc's agent; without it the machine is not one of Arc's.
    #[serde(default)]
    pub arc_key_folder: Option<std::path::PathBuf>,
    /// The machine's region; `westeurope` if absent.
    #[serde(default)]
    pub region: Option<String>,
}

impl core::fmt::Debug for IdentityHost {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IdentityHost")
            .field("arc_key_folder", &self.arc_key_folder)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl ManagedIdentity {
    /// Reads a managed identity from JSON: `clientId` and `tenantId`, and if need be `principalId`, `resourceId`,
    /// `systemAssigned` and `roles`.
    ///
    /// # Errors
    ///
    /// The text is not JSON of that shape, or a member has a value that can't be.
    pub fn parse(json: &str) -> Result<Self, RegistrationError> {
        let raw: RawIdentity = serde_json::from_str(json).map_err(|fault| json_fault(&fault))?;
        let tenant = Tenant::named(&raw.tenant_id)
            .ok_or_else(|| RegistrationError::new("neither a GUID nor a domain").within("tenantId"))?;
        let mut application = Application::new(&raw.client_id)
            .map_err(|_| RegistrationError::new("not a GUID").within("clientId"))?;
        let derived = || guid_from_name(&format!("managed identity {}", application.app_id));
        let principal_id = raw.principal_id.unwrap_or_else(derived).to_ascii_lowercase();
        if !is_guid(&principal_id) {
            return Err(RegistrationError::new("not a GUID").within("principalId"));
        }
        application.emulator.service_principal_id = Some(principal_id.clone());
        application.emulator.roles = Some(raw.roles);
        Ok(Self {
            application,
            principal_id,
            resource_id: raw.resource_id,
            tenant,
            is_system_assigned: raw.system_assigned,
        })
    }

    pub(crate) fn is_client(&self, id: &str) -> bool {
        self.application.app_id.eq_ignore_ascii_case(id)
    }
}
