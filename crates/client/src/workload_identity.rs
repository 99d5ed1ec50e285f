//! `WorkloadIdentityCredential`.

use alloc::sync::Arc;
use std::env;
use std::path::PathBuf;

use certgrant_core::{CredentialOptions, SecretString};
use tokio::task::spawn_blocking;

use crate::answer::answer_of;
use crate::client::TokenClient;
use crate::credential::credential_of_application;
use crate::error::{BoxError, Error, Result};
use crate::options::{ClientOptions, Identity};
use crate::proof::{AssertionSource, Proof};
use crate::transport::BoxFuture;

/// Gets tokens for an application that trusts the issuer of a workload's token (workload identity federation), as Kubernetes
/// projects it into a file.
///
/// The file is read each time an assertion is needed, so that a token that was rotated is used at once.
///
/// ```no_run
/// use certgrant::{ClientOptions, TokenOptions, WorkloadIdentityCredential};
///
/// # async fn example() -> certgrant::Result<()> {
/// // What Azure Kubernetes Service sets is enough.
/// let credential = WorkloadIdentityCredential::from_environment(ClientOptions::default())?;
/// let token = credential.get_token(&["https://graph.microsoft.com/.default"], &TokenOptions::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WorkloadIdentityCredential {
    identity: Arc<Identity>,
    client: Arc<TokenClient>,
}

impl WorkloadIdentityCredential {
    /// A credential of an application in a tenant, and the file with the workload's token.
    ///
    /// # Errors
    ///
    /// What is wrong with tenant, client id or options.
    pub fn new(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        token_file: impl Into<PathBuf>,
        options: ClientOptions,
    ) -> Result<Self> {
        let identity = Identity::new(tenant, client_id, options);
        let proof = Proof::Assertion(Box::new(TokenFile(token_file.into())));
        let client = TokenClient::new(&identity, CredentialOptions::Assertion, proof)?;
        Ok(Self { identity, client })
    }

    /// The credential that `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_FEDERATED_TOKEN_FILE` describe.
    ///
    /// # Errors
    ///
    /// `ERR_CREDENTIAL_UNAVAILABLE` if one of them is missing, behind which a chain goes on; else those of
    /// [`WorkloadIdentityCredential::new`].
    pub fn from_environment(options: ClientOptions) -> Result<Self> {
        Self::of_variables(|name| env::var(name).ok(), options)
    }

    /// The same with variables of a function, which is given their names.
    ///
    /// # Errors
    ///
    /// Those of [`WorkloadIdentityCredential::from_environment`].
    pub fn of_variables(variable: impl Fn(&str) -> Option<String>, options: ClientOptions) -> Result<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let needed = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"];
        if let [Some(tenant), Some(client_id), Some(file)] = needed.map(variable) {
            return Self::new(tenant, client_id, file, options.or_environment(variable));
        }
        let missing: Vec<&str> = needed.into_iter().filter(|name| variable(name).is_none()).collect();
        let hint = "label the pod azure.workload.identity/use so that Azure Workload Identity sets them";
        Err(Error::unavailable(format!("no {}", missing.join(", no "))).caused_by(None, Some(hint)))
    }
}

credential_of_application!(WorkloadIdentityCredential);

/// The file with the workload's token.
#[derive(Debug)]
struct TokenFile(PathBuf);

impl AssertionSource for TokenFile {
    fn assertion(&self, _audience: String) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        let path = self.0.clone();
        let token = async { Ok(spawn_blocking(move || read(path)).await??) };
        let silent = |found| Error::file_silent(found).as_unavailable().into();
        Box::pin(answer_of(self.0.display(), token, silent))
    }
}

/// A file that is not there is one more way of not being in a pod, so a chain goes on.
fn read(path: PathBuf) -> Result<SecretString> {
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Error::file_unreadable(&path, error).as_unavailable())?;
    let text = SecretString::new(text);
    let token = text.expose().trim();
    if token.is_empty() {
        let hint = "check what writes the file; the next call reads it again";
        return Err(Error::unavailable("an empty file in the place of the workload's token")
            .caused_by(None, Some(hint)));
    }
    Ok(token.to_owned().into())
}
