//! A certificate whose private key stays in an Azure Key Vault. Its requests are made and understood by core; this module gets
//! the vault's token from the caller's credential, and carries the requests out.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use certgrant_core::{
    ErrorCode, SigningRequest, Timestamp, Vault, VaultAnswer, VaultFlight, VaultInput, VaultOptions,
    VaultStep, VaultTask,
};

use crate::answer::answer_within;
use crate::certificate::Content;
use crate::credential::TokenCredential;
use crate::error::{BoxError, Error, Result};
use crate::host::{Behind, Host, Unanswered, random};
use crate::options::TokenOptions;
use crate::signer::Signer;
use crate::transport::BoxFuture;

/// How often a vault is asked whether there is a newer version, unless the service refused the one in use.
const INTERVAL: Duration = Duration::from_secs(3600);

/// How long the credential of a vault is waited for. It may be somebody else's, and never answer; those of certgrant have limits
/// for each request and for all of their retries, and take less even where they need all of that.
const TOKEN_LIMIT: Duration = Duration::from_secs(180);

/// Which certificate of which vault, and who may use it.
///
/// ```no_run
/// use certgrant::{CertificateSource, ClientOptions, ClientSecretCredential, KeyVaultCertificate};
///
/// # fn main() -> certgrant::Result<()> {
/// # let (tenant, client_id, secret) = ("contoso.com", "5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "");
/// let may_sign = ClientSecretCredential::new(tenant, client_id, secret, ClientOptions::default())?;
/// let vault = KeyVaultCertificate::new("https://contoso.vault.azure.net", "daemon", may_sign);
/// let source = CertificateSource::key_vault(vault);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct KeyVaultCertificate {
    options: VaultOptions,
    credential: Arc<dyn TokenCredential>,
}

impl KeyVaultCertificate {
    /// The newest version of a certificate of the vault at `vault_url`, which `credential` may get and sign with. A newer
    /// version is used within the hour, or when the token service no longer knows the one in use.
    pub fn new(
        vault_url: impl Into<String>,
        certificate_name: impl Into<String>,
        credential: impl TokenCredential + 'static,
    ) -> Self {
        let options = VaultOptions {
            vault_url: vault_url.into(),
            certificate_name: certificate_name.into(),
            certificate_version: None,
        };
        Self { options, credential: Arc::new(credential) }
    }

    /// One version of it, for good.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.options.certificate_version = Some(version.into());
        self
    }
}

/// A certificate of a vault.
#[derive(Debug)]
pub(crate) struct KeyVault {
    certificate: KeyVaultCertificate,
    /// What core knows of the vault; none before it is asked for the first time.
    vault: Mutex<Option<Vault>>,
    /// When it was looked at last, and how often.
    looks: Mutex<(Option<Timestamp>, u64)>,
}

impl KeyVault {
    pub(crate) fn new(certificate: KeyVaultCertificate) -> Self {
        Self { certificate, vault: Mutex::new(None), looks: Mutex::new((None, 0)) }
    }

    /// Checks address, name and version.
    pub(crate) fn check(&self) -> Result<()> {
        Vault::new(&self.certificate.options)?;
        Ok(())
    }

    pub(crate) fn is_renewable(&self) -> bool {
        self.certificate.options.certificate_version.is_none()
    }

    /// Another number for each interval that has passed.
    pub(crate) fn interval(&self, now: Timestamp) -> u64 {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let since = looks.0.get_or_insert(now);
        if u128::from(now.as_millis().abs_diff(since.as_millis())) >= INTERVAL.as_millis() {
            *since = now;
            looks.1 += 1;
        }
        looks.1
    }

    /// The certificate, and what signs with the key of its version: a newer key would not fit it.
    pub(crate) async fn read(self: &Arc<Self>, host: &Host) -> Result<Content> {
        match self.run(host, VaultTask::Certificate).await? {
            VaultAnswer::Certificate { pem, version } => {
                let signer = VaultSigner { vault: Arc::clone(self), host: host.clone(), version };
                Ok(Content { file: pem.into_bytes().into(), signer: Some(Arc::new(signer)) })
            }
            VaultAnswer::Signature(_) => Err(Error::internal("a signature in the place of a certificate")),
        }
    }

    async fn run(&self, host: &Host, task: VaultTask) -> Result<VaultAnswer> {
        let mut flight = VaultFlight::new(task);
        let mut input = VaultInput::Begin(random()?);
        let mut now = host.now();
        let mut behind = Behind::default();
        loop {
            match self.step(&mut flight, input, now)? {
                VaultStep::Done(answer) => return answer.map_err(|error| behind.of(error)),
                VaultStep::Wait(until) => {
                    input = VaultInput::Woken;
                    now = host.wait(until).await;
                    continue;
                }
                VaultStep::Send(request) => {
                    (input, behind) = match host.send(&request).await {
                        Ok(response) => (VaultInput::Response(response), Behind::default()),
                        Err(Unanswered { failure, behind }) => (VaultInput::Failure(failure), behind),
                    }
                }
                VaultStep::Token { scope, tenant, claims } => {
                    (input, behind) = self.token(&scope, tenant, claims).await;
                }
            }
            now = host.now();
        }
    }

    fn step(&self, flight: &mut VaultFlight, input: VaultInput, now: Timestamp) -> Result<VaultStep> {
        let mut vault = self.vault.lock().unwrap_or_else(PoisonError::into_inner);
        let vault = match &mut *vault {
            Some(vault) => vault,
            unknown => unknown.insert(Vault::new(&self.certificate.options)?),
        };
        Ok(vault.step(flight, input, now)?)
    }

    async fn token(
        &self,
        scope: &str,
        tenant: Option<String>,
        claims: Option<String>,
    ) -> (VaultInput, Behind) {
        let mut options = TokenOptions::new();
        if let Some(tenant) = tenant {
            options = options.tenant(tenant);
        }
        if let Some(claims) = claims {
            options = options.claims(claims).enable_cae(true);
        }
        let scopes = [scope];
        let token = self.certificate.credential.get_token(&scopes, &options);
        let silent = |found| Error::new(ErrorCode::RequestTimeout, found, "a token for the vault");
        match answer_within(TOKEN_LIMIT, "the vault's credential", token, silent).await {
            Ok(token) => (VaultInput::Token(token.secret().to_owned().into()), Behind::default()),
            Err(error) => {
                (VaultInput::TokenFailed(format!("{} from its credential", error.code())), error.into())
            }
        }
    }
}

/// Signs with the key of one version.
struct VaultSigner {
    vault: Arc<KeyVault>,
    host: Host,
    version: String,
}

impl fmt::Debug for VaultSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultSigner").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Signer for VaultSigner {
    fn sign<'a>(&'a self, request: &'a SigningRequest) -> BoxFuture<'a, Result<Vec<u8>, BoxError>> {
        Box::pin(async {
            let task = VaultTask::Sign { version: self.version.clone(), request: request.clone() };
            match self.vault.run(&self.host, task).await {
                Ok(VaultAnswer::Signature(signature)) => Ok(signature),
                Ok(VaultAnswer::Certificate { .. }) => {
                    Err(Error::internal("a certificate in the place of a signature").into())
                }
                Err(error) => Err(error.into()),
            }
        })
    }
}
