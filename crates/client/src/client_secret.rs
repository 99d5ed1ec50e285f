//! `ClientSecretCredential` and `ClientAssertionCredential`: credentials that open no file.

use alloc::sync::Arc;

use certgrant_core::{CredentialOptions, SecretString};

use crate::client::TokenClient;
use crate::credential::credential_of_application;
use crate::error::{BoxError, Result};
use crate::options::{ClientOptions, Identity};
use crate::proof::{AssertionFn, Proof};

/// Gets tokens for an application that proves its identity with a secret. A certificate is better: its key never crosses the
/// wire. The first credential of a process says so in an event, unless it is
/// [silenced](ClientOptions::silence_secret_warning).
///
/// ```no_run
/// use certgrant::{ClientOptions, ClientSecretCredential, TokenOptions};
///
/// # async fn example(secret: String) -> certgrant::Result<()> {
/// let credential = ClientSecretCredential::new(
///     "contoso.onmicrosoft.com",
///     "5e3ce6c0-2b1f-4285-8d4b-75ee78787346",
///     secret,
///     ClientOptions::default(),
/// )?;
/// let token = credential.get_token(&["https://graph.microsoft.com/.default"], &TokenOptions::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClientSecretCredential {
    identity: Arc<Identity>,
    client: Arc<TokenClient>,
}

impl ClientSecretCredential {
    /// A credential of an application in a tenant.
    ///
    /// # Errors
    ///
    /// What is wrong with tenant, client id or options.
    pub fn new(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        secret: impl Into<String>,
        options: ClientOptions,
    ) -> Result<Self> {
        let identity = Identity::new(tenant, client_id, options);
        let secret = SecretString::new(secret.into());
        let client = TokenClient::new(&identity, CredentialOptions::Secret(secret), Proof::InCore)?;
        if !identity.silences_secret_warning() {
            client.host.events.secret_is_used();
        }
        Ok(Self { identity, client })
    }
}

credential_of_application!(ClientSecretCredential);

/// Gets tokens for an application that proves its identity with assertions that somebody else makes: another identity
/// provider that the application trusts (workload identity federation), or a signer that makes whole assertions.
///
/// ```no_run
/// use certgrant::{ClientAssertionCredential, ClientOptions, TokenOptions};
///
/// # async fn token_of_other_provider(audience: &str) -> std::io::Result<String> { Ok(audience.to_owned()) }
/// # async fn example() -> certgrant::Result<()> {
/// let credential = ClientAssertionCredential::new(
///     "contoso.onmicrosoft.com",
///     "5e3ce6c0-2b1f-4285-8d4b-75ee78787346",
///     |audience: String| async move { Ok(token_of_other_provider(&audience).await?) },
///     ClientOptions::default(),
/// )?;
/// let token = credential.get_token(&["https://graph.microsoft.com/.default"], &TokenOptions::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClientAssertionCredential {
    identity: Arc<Identity>,
    client: Arc<TokenClient>,
}

impl ClientAssertionCredential {
    /// A credential of an application in a tenant. `assertion` is given the token endpoint that the assertion will be sent to,
    /// and asked anew for every request; its error becomes the source of the caller's, so its text must hold no secret. One that
    /// has not answered after two minutes counts as failed.
    ///
    /// # Errors
    ///
    /// What is wrong with tenant, client id or options.
    pub fn new<F, A>(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        assertion: F,
        options: ClientOptions,
    ) -> Result<Self>
    where
        F: Fn(String) -> A + Send + Sync + 'static,
        A: Future<Output = Result<String, BoxError>> + Send + 'static,
    {
        let identity = Identity::new(tenant, client_id, options);
        let proof = Proof::Assertion(Box::new(AssertionFn(assertion)));
        let client = TokenClient::new(&identity, CredentialOptions::Assertion, proof)?;
        Ok(Self { identity, client })
    }
}

credential_of_application!(ClientAssertionCredential);
