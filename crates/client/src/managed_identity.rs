//! `ManagedIdentityCredential`.

use alloc::sync::Arc;
use core::fmt;
use std::env;
use std::path::Path;

use certgrant_core::{CredentialOptions, IDENTITY_VARIABLES, IdentityOptions, ManagedIdentity, SecretString};

use crate::client::TokenClient;
use crate::credential::credential_of_client;
use crate::error::Result;
use crate::options::{ClientOptions, Identity};
use crate::proof::Proof;

/// Gets tokens of the identity that Azure gives to this machine: a virtual machine, App Service, Functions, Container Apps,
/// Service Fabric, Azure Arc, Cloud Shell, or Machine Learning. Which one it is is told by the environment.
///
/// A [`ChainedTokenCredential`](crate::ChainedTokenCredential) goes on behind whatever its endpoint answers but a token, and if
/// it is not reached.
///
/// It is also a federated credential of an application that trusts it:
///
/// ```no_run
/// use certgrant::{ClientAssertionCredential, ClientOptions, ManagedIdentityCredential, ManagedIdentityId, TokenOptions};
///
/// # fn main() -> certgrant::Result<()> {
/// let identity = ManagedIdentityCredential::new(ManagedIdentityId::SystemAssigned, ClientOptions::default())?;
/// let assertion = move |_audience| {
///     let identity = identity.clone();
///     async move {
///         let token = identity.get_token(&["api://AzureADTokenExchange/.default"], &TokenOptions::default()).await?;
///         Ok(token.secret().to_owned())
///     }
/// };
/// let (tenant, client_id) = ("contoso.onmicrosoft.com", "5e3ce6c0-2b1f-4285-8d4b-75ee78787346");
/// let credential = ClientAssertionCredential::new(tenant, client_id, assertion, ClientOptions::default())?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ManagedIdentityCredential {
    client: Arc<TokenClient>,
}

/// Which of a machine's identities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ManagedIdentityId {
    /// Its own, or its only one.
    #[default]
    SystemAssigned,
    /// The user-assigned one of this client id.
    ClientId(String),
    /// The user-assigned one of this object (principal) id.
    ObjectId(String),
    /// The user-assigned one of this Azure resource id.
    ResourceId(String),
}

impl ManagedIdentityCredential {
    /// A credential of this machine. Authority, tenants and region of the options do not matter.
    ///
    /// # Errors
    ///
    /// `ERR_IDENTITY_UNSUPPORTED` if this kind of machine can't tell identities by such an id, behind which a chain goes on.
    pub fn new(id: ManagedIdentityId, options: ClientOptions) -> Result<Self> {
        Self::of_variables(|name| env::var(name).ok(), id, options)
    }

    /// The same with variables of a function, which is given their names.
    ///
    /// # Errors
    ///
    /// Those of [`ManagedIdentityCredential::new`].
    pub fn of_variables(
        variable: impl Fn(&str) -> Option<String>,
        id: ManagedIdentityId,
        options: ClientOptions,
    ) -> Result<Self> {
        let known = IDENTITY_VARIABLES.iter();
        let environment =
            known.filter_map(|name| Some(((*name).to_owned(), SecretString::new(variable(name)?))));
        let mut identity = IdentityOptions {
            environment: environment.collect(),
            has_arc_agent: has_arc_agent(variable("ProgramFiles").as_deref()),
            ..IdentityOptions::default()
        };
        match id {
            ManagedIdentityId::SystemAssigned => {}
            ManagedIdentityId::ClientId(id) => identity.client_id = Some(id),
            ManagedIdentityId::ObjectId(id) => identity.object_id = Some(id),
            ManagedIdentityId::ResourceId(id) => identity.resource_id = Some(id),
        }
        let of = Identity::new("", "", options);
        let client = TokenClient::new(&of, CredentialOptions::ManagedIdentity(identity), Proof::Machine)?;
        Ok(Self { client })
    }
}

credential_of_client!(ManagedIdentityCredential);

impl fmt::Debug for ManagedIdentityCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedIdentityCredential").finish_non_exhaustive()
    }
}

/// Azure Arc's agent is only found by the file that is there with it.
fn has_arc_agent(program_files: Option<&str>) -> bool {
    Path::new(&ManagedIdentity::arc_agent_path(program_files)).exists()
}
