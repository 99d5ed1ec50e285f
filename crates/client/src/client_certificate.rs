//! `ClientCertificateCredential`.

use alloc::sync::{Arc, Weak};
use core::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use certgrant_core::CredentialOptions;

use crate::certificate::{CertificateSource, Certificates};
use crate::client::{TokenClient, within};
use crate::credential::token_credential;
use crate::error::Result;
use crate::host::Host;
use crate::on_behalf_of::OnBehalfOfCredential;
use crate::options::{ClientOptions, Identity, TokenOptions, User};
use crate::proof::Proof;
use crate::running::Running;
use crate::token::AccessToken;

/// Gets tokens for an application that proves its identity with a certificate.
///
/// Clones are the same credential, with one cache. The certificate is opened when the first token is asked for, off the
/// runtime's own threads; [`ClientCertificateCredential::open`] does it before.
///
/// ```no_run
/// use certgrant::{CertificateSource, ClientCertificateCredential, ClientOptions, TokenOptions};
///
/// # async fn example() -> certgrant::Result<()> {
/// let certificate = CertificateSource::file("app.pfx").password("not~a~real~password");
/// let credential = ClientCertificateCredential::new(
///     "contoso.onmicrosoft.com",
///     "5e3ce6c0-2b1f-4285-8d4b-75ee78787346",
///     certificate,
///     ClientOptions::default(),
/// )?;
/// let token = credential.get_token(&["https://graph.microsoft.com/.default"], &TokenOptions::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClientCertificateCredential(Arc<Inner>);

struct Inner {
    identity: Arc<Identity>,
    source: Arc<CertificateSource>,
    host: Host,
    client: OnceLock<Arc<TokenClient>>,
    opening: Mutex<Weak<Running<Arc<TokenClient>>>>,
}

impl ClientCertificateCredential {
    /// A credential of an application in a tenant. Does no IO.
    ///
    /// # Errors
    ///
    /// What is wrong with tenant, client id or options; what is wrong with the certificate is found when it is opened.
    pub fn new(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        certificate: CertificateSource,
        options: ClientOptions,
    ) -> Result<Self> {
        let identity = Identity::new(tenant, client_id, options);
        let host = identity.host()?;
        // The parts that need no certificate are checked by a client without one.
        TokenClient::of_config(
            &identity,
            identity.with(CredentialOptions::Assertion).into_config()?.0,
            None,
            Proof::InCore,
            host.clone(),
        )?;
        certificate.check()?;
        Ok(Self(Arc::new(Inner {
            identity,
            source: Arc::new(certificate),
            host,
            client: OnceLock::new(),
            opening: Mutex::new(Weak::new()),
        })))
    }

    /// Opens the certificate now, so that what is wrong with it is known at the start of a service.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, its password, the key or the certificate.
    pub async fn open(&self) -> Result<()> {
        self.0.client().await.map(drop)
    }

    /// Gets an access token: from the cache while it is good, else from the token service. Callers of the same token share one
    /// request, and one that gives up leaves the others alone. See [`TokenCredential::get_token`](crate::TokenCredential::get_token).
    ///
    /// # Errors
    ///
    /// Why there is no token.
    pub async fn get_token(&self, scopes: &[&str], options: &TokenOptions) -> Result<AccessToken> {
        self.get_token_for(scopes, options, None).await
    }

    /// The same, perhaps on behalf of a user.
    pub(crate) async fn get_token_for(
        &self,
        scopes: &[&str],
        options: &TokenOptions,
        user: Option<&User>,
    ) -> Result<AccessToken> {
        if let Some(client) = self.0.client.get() {
            return client.get_token(scopes, options, user).await;
        }
        let opened_first = async { self.0.client().await?.get_token(scopes, options, user).await };
        within(options.patience(), opened_first, || Ok(None)).await
    }

    /// A credential of the same application, with the same cache, for tokens on behalf of the user whose token for this
    /// application is given.
    pub fn on_behalf_of(&self, user_assertion: impl Into<String>) -> OnBehalfOfCredential {
        OnBehalfOfCredential::of_certificate(self, user_assertion.into())
    }

    /// Forgets the token of a request, because a resource rejected it; whether there was one.
    ///
    /// # Errors
    ///
    /// The scopes or the tenant are not usable.
    pub fn remove_token(&self, scopes: &[&str], options: &TokenOptions) -> Result<bool> {
        self.remove_token_for(scopes, options, None)
    }

    pub(crate) fn remove_token_for(
        &self,
        scopes: &[&str],
        options: &TokenOptions,
        user: Option<&User>,
    ) -> Result<bool> {
        self.0.client.get().map_or(Ok(false), |client| client.remove_token(scopes, options, user))
    }

    /// Forgets all tokens; requests under way go on.
    pub fn clear_tokens(&self) {
        if let Some(client) = self.0.client.get() {
            client.clear_tokens();
        }
    }
}

token_credential!(ClientCertificateCredential, |credential: &ClientCertificateCredential,
                                                scopes,
                                                options| {
    credential.0.client.get()?.cached(scopes, options)
});

impl Inner {
    /// The client, once the certificate is open. All callers share one attempt; a failed one is not remembered.
    async fn client(self: &Arc<Self>) -> Result<Arc<TokenClient>> {
        loop {
            let opening = match self.client.get() {
                Some(client) => return Ok(Arc::clone(client)),
                None => self.opening()?,
            };
            if let Some(outcome) = opening.outcome().get().await {
                return outcome;
            }
        }
    }

    fn opening(self: &Arc<Self>) -> Result<Arc<Running<Arc<TokenClient>>>> {
        let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opening) = opening.upgrade().filter(|opening| !opening.is_dead()) {
            return Ok(opening);
        }
        let inner = Arc::clone(self);
        let started = Running::start(async move { inner.open().await })?;
        *opening = Arc::downgrade(&started);
        Ok(started)
    }

    async fn open(&self) -> Result<Arc<TokenClient>> {
        if let Some(client) = self.client.get() {
            return Ok(Arc::clone(client));
        }
        let (certificates, config, key) =
            Certificates::open(Arc::clone(&self.source), Arc::clone(&self.identity), &self.host).await?;
        let proof = Proof::Certificate(certificates);
        let client = TokenClient::of_config(&self.identity, config, Some(key), proof, self.host.clone())?;
        client.tell_of_certificate();
        Ok(Arc::clone(self.client.get_or_init(|| client)))
    }
}

impl fmt::Debug for ClientCertificateCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificateCredential")
            .field("of", &self.0.identity)
            .field("certificate", &self.0.source)
            .finish_non_exhaustive()
    }
}
