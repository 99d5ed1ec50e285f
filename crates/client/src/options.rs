//! What callers may choose: of a credential, and of one request.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::env;
use std::time::Instant;

use certgrant_core::{CacheLimits, CredentialOptions, Product, SecretString, Target, Tenant, TokenRequest};

use crate::clock::{Clock, SystemClock};
use crate::error::Result;
use crate::events::Events;
use crate::host::Host;
use crate::transport::Transport;

/// The public cloud's token service, where neither [`ClientOptions::authority`] nor `AZURE_AUTHORITY_HOST` names another.
const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

/// What every credential can be told beside its identity. Cheap to clone: clones share the transport and its connections.
///
/// ```
/// use certgrant::ClientOptions;
///
/// # #[cfg(feature = "reqwest")]
/// let options = ClientOptions::default().authority("https://login.microsoftonline.us").max_retries(5);
/// ```
#[derive(Clone, Debug)]
pub struct ClientOptions {
    authority: Option<String>,
    additionally_allowed_tenants: Vec<String>,
    disable_instance_discovery: bool,
    region: Option<String>,
    is_of_one_tenant: bool,
    max_retries: Option<u32>,
    request_timeout: Option<Duration>,
    cache_limits: CacheLimits,
    logs_account_identifiers: bool,
    silences_secret_warning: bool,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
}

#[cfg(feature = "reqwest")]
impl Default for ClientOptions {
    /// The public cloud or the one that `AZURE_AUTHORITY_HOST` names, over an [`HttpClient`](crate::HttpClient) with its defaults, which is made
    /// with the credential. In whatever options, the variable `AZURE_REGIONAL_AUTHORITY_NAME` stands in for a
    /// [region](ClientOptions::region) that is not given, and with `AZURE_IDENTITY_DISABLE_MULTITENANTAUTH` no tenant but the
    /// credential's own is asked, whatever requests name.
    fn default() -> Self {
        Self::new(None)
    }
}

impl ClientOptions {
    /// The same over a transport of the caller's: an [`HttpClient`](crate::HttpClient) with a proxy, or anything else.
    pub fn with_transport(transport: impl Transport) -> Self {
        Self::with_shared_transport(Arc::new(transport))
    }

    /// The same over a transport that others use too.
    pub fn with_shared_transport(transport: Arc<dyn Transport>) -> Self {
        Self::new(Some(transport))
    }

    fn new(transport: Option<Arc<dyn Transport>>) -> Self {
        Self {
            authority: None,
            additionally_allowed_tenants: Vec::new(),
            disable_instance_discovery: false,
            region: None,
            is_of_one_tenant: false,
            max_retries: None,
            request_timeout: None,
            cache_limits: CacheLimits::default(),
            logs_account_identifiers: false,
            silences_secret_warning: false,
            transport,
            clock: Arc::new(SystemClock),
        }
    }

    /// `https://host[:port]` of the token service.
    #[must_use]
    pub fn authority(mut self, origin: impl Into<String>) -> Self {
        self.authority = Some(origin.into());
        self
    }

    /// Other tenants that requests may name; `*` allows all.
    #[must_use]
    pub fn additionally_allowed_tenants<T: Into<String>>(
        mut self,
        tenants: impl IntoIterator<Item = T>,
    ) -> Self {
        self.additionally_allowed_tenants = tenants.into_iter().map(Into::into).collect();
        self
    }

    /// Whether nothing is asked about an authority that is not known by heart: for a token service of one's own, or a private cloud
    /// that can't reach the public one.
    #[must_use]
    pub fn disable_instance_discovery(mut self, disabled: bool) -> Self {
        self.disable_instance_discovery = disabled;
        self
    }

    /// The Azure region whose token service is asked: a name such as `westeurope`, or `AutoDiscoverRegion` for that of this
    /// machine. Entra refuses most applications there. By default what `AZURE_REGIONAL_AUTHORITY_NAME` says, else none.
    #[must_use]
    pub fn region(mut self, name: impl Into<String>) -> Self {
        self.region = Some(name.into());
        self
    }

    /// How often a request that failed for a passing reason is sent again; by default twice.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    /// How long one HTTP request may take; by default 30 seconds, which those to Key Vault always have. Retries have their own.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = Some(timeout);
        self
    }

    /// How many tokens are kept, and how many bytes of them; by default 100,000 and 256 MiB. The least recently used go first.
    #[must_use]
    pub fn cache_limits(mut self, limits: CacheLimits) -> Self {
        self.cache_limits = limits;
        self
    }

    /// Whether tenant, client id and the addresses that have them in it may stand in events and spans; by default not. Secrets
    /// never do.
    #[must_use]
    pub fn log_account_identifiers(mut self, allowed: bool) -> Self {
        self.logs_account_identifiers = allowed;
        self
    }

    /// Whether a [`ClientSecretCredential`](crate::ClientSecretCredential) leaves its warning unsaid, which the first of a process
    /// gives: that a certificate is better.
    #[must_use]
    pub fn silence_secret_warning(mut self, silenced: bool) -> Self {
        self.silences_secret_warning = silenced;
        self
    }

    /// The wall clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The same with what the environment has for all credentials, where it goes behind that of the options.
    pub(crate) fn or_environment(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        self.authority = self.authority.or_else(|| variable("AZURE_AUTHORITY_HOST"));
        self.region = self.region.or_else(|| variable("AZURE_REGIONAL_AUTHORITY_NAME"));
        // By the name that @azure/identity has for it.
        self.is_of_one_tenant |= variable("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH").is_some();
        self
    }

    /// The same with those tenants, `;` between them, if it has none.
    pub(crate) fn or_additionally_allowed_tenants(mut self, tenants: Option<&str>) -> Self {
        if self.additionally_allowed_tenants.is_empty() {
            let tenants = tenants.unwrap_or_default().split(';').map(str::trim);
            let tenants = tenants.filter(|tenant| !tenant.is_empty());
            self.additionally_allowed_tenants = tenants.map(str::to_owned).collect();
        }
        self
    }

    /// Makes the transport if there is none yet.
    pub(crate) fn host(&self) -> Result<Host> {
        let transport = match &self.transport {
            Some(transport) => Arc::clone(transport),
            None => default_transport()?,
        };
        let events = Events { names_accounts: self.logs_account_identifiers };
        Ok(Host { transport, clock: Arc::clone(&self.clock), events })
    }
}

#[cfg(feature = "reqwest")]
fn default_transport() -> Result<Arc<dyn Transport>> {
    use crate::transport::{HttpClient, HttpClientOptions};
    Ok(Arc::new(HttpClient::new(HttpClientOptions::new())?))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport() -> Result<Arc<dyn Transport>> {
    // Nothing makes options without a transport then.
    Err(crate::error::Error::transport_invalid("no transport"))
}

/// The token of a user on whose behalf an application asks.
pub(crate) type User = Arc<SecretString>;

/// An application at a token service, without what it proves its identity by.
pub(crate) struct Identity {
    authority: String,
    tenant: String,
    client_id: String,
    options: ClientOptions,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { authority, tenant, client_id, .. } = self;
        write!(f, "{client_id} of {tenant} at {authority}")
    }
}

impl Identity {
    pub(crate) fn new(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        options: ClientOptions,
    ) -> Arc<Self> {
        let options = options.or_environment(|name| env::var(name).ok().filter(|value| !value.is_empty()));
        Arc::new(Self {
            authority: options.authority.clone().unwrap_or_else(|| PUBLIC_CLOUD.to_owned()),
            tenant: tenant.into(),
            client_id: client_id.into(),
            options,
        })
    }

    pub(crate) fn host(&self) -> Result<Host> {
        self.options.host()
    }

    pub(crate) fn silences_secret_warning(&self) -> bool {
        self.options.silences_secret_warning
    }

    /// Whether the tenants that requests name do not count.
    pub(crate) fn is_of_one_tenant(&self) -> bool {
        self.options.is_of_one_tenant
    }

    pub(crate) fn cache_limits(&self) -> CacheLimits {
        self.options.cache_limits
    }

    /// What core makes a client of.
    pub(crate) fn with(&self, credential: CredentialOptions) -> certgrant_core::ClientOptions {
        certgrant_core::ClientOptions {
            authority: self.authority.clone(),
            tenant: self.tenant.clone(),
            client_id: self.client_id.clone(),
            credential,
            additionally_allowed_tenants: self.options.additionally_allowed_tenants.clone(),
            product: Some(Product {
                sku: "certgrant-rust".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                os: Some(env::consts::OS.to_owned()),
                cpu: Some(env::consts::ARCH.to_owned()),
            }),
            disable_discovery: self.options.disable_instance_discovery,
            region: self.options.region.clone(),
            environment_region: env::var("REGION_NAME").ok(),
            timeout_millis: self.options.request_timeout.map(millis),
            max_retries: self.options.max_retries,
            ..certgrant_core::ClientOptions::default()
        }
    }
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

/// What one request for a token may ask for beside its scopes.
///
/// ```
/// use std::time::Duration;
/// use certgrant::TokenOptions;
///
/// let options = TokenOptions::new().tenant("fabrikam.com").timeout(Duration::from_secs(5));
/// ```
#[derive(Clone, Debug, Default)]
pub struct TokenOptions {
    tenant: Option<String>,
    claims: Option<String>,
    enable_cae: bool,
    correlation_id: Option<String>,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
}

impl TokenOptions {
    /// Nothing beside the scopes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another tenant than the credential's, one of [`ClientOptions::additionally_allowed_tenants`].
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// A claims challenge: the JSON that a resource's `WWW-Authenticate` carried, decoded. The token at hand, which the resource
    /// rejected, is then not used, and the new one takes its place.
    #[must_use]
    pub fn claims(mut self, claims: impl Into<String>) -> Self {
        self.claims = Some(claims.into());
        self
    }

    /// Declares that the caller handles claims challenges (continuous access evaluation).
    #[must_use]
    pub fn enable_cae(mut self, enabled: bool) -> Self {
        self.enable_cae = enabled;
        self
    }

    /// Sent as `client-request-id` instead of an id that is made.
    #[must_use]
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }

    /// How long this caller waits; by default as long as the requests and their retries take, at most some 90 seconds, and as
    /// signers, functions and files take, at most two minutes each. Other callers of the same token are not affected.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Until when this caller waits; with a time-out as well, the earlier end counts.
    #[must_use]
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Tenant and capabilities of a request that a cached token may serve.
    pub(crate) fn plain(&self) -> Option<(Option<&str>, bool)> {
        self.claims.is_none().then_some((self.tenant.as_deref(), self.enable_cae))
    }

    pub(crate) fn request(
        &self,
        scopes: &[&str],
        user: Option<&User>,
        is_of_one_tenant: bool,
    ) -> Result<TokenRequest> {
        let tenant = self.tenant.as_deref().filter(|_| !is_of_one_tenant);
        Ok(TokenRequest {
            user_assertion: user.cloned(),
            tenant: tenant.map(Tenant::parse).transpose()?,
            claims: self.claims.clone(),
            enable_cae: self.enable_cae,
            correlation_id: self.correlation_id.clone(),
            ..TokenRequest::new(Target::scopes(scopes)?)
        })
    }

    /// How long the caller waits from now on, if that has an end.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let now = tokio::time::Instant::now().into_std();
        let of_deadline = self.deadline.map(|deadline| deadline.saturating_duration_since(now));
        self.timeout.into_iter().chain(of_deadline).min()
    }
}
