//! A client's options and requests as hosts get them from their users: text, to be checked and completed with defaults.
//!
//! Bindings and clients fill these in, so that what is valid and what is left out means the same everywhere.

#[cfg(feature = "discovery")]
use crate::authority::Region;
use crate::authority::{Authority, EndpointVersion, Tenant};
use crate::certificate::Thumbprint;
use crate::client::{ClientConfig, DEFAULT_MAX_RETRIES, Product};
use crate::credential::{CertificateCredential, CertificateTerms, Credential, KeyPlace};
use crate::error::Result;
#[cfg(not(feature = "discovery"))]
use crate::error::{Error, ErrorCode};
use crate::http::DEFAULT_TIMEOUT_MILLIS;
#[cfg(feature = "managed-identity")]
use crate::identity::{IdentityOptions, ManagedIdentity};
use crate::jws::Algorithm;
use crate::key::PrivateKey;
use crate::secret::{SecretBytes, SecretString};
use crate::token::{Target, TokenRequest};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// How often the endpoint of a managed identity is asked again by default: Azure's guidance for it is five times, because it may
/// be away for as long as a machine is updated.
const DEFAULT_IDENTITY_RETRIES: u8 = 5;

/// What a client is made from.
#[derive(Debug)]
pub struct ClientOptions {
    /// `https://host[:port]` of the token service.
    pub authority: String,
    /// Tenant GUID, verified domain or `adfs`.
    pub tenant: String,
    /// Application (client) id.
    pub client_id: String,
    /// Which token endpoint is called.
    pub endpoint: EndpointVersion,
    /// By what the client proves who it is.
    pub credential: CredentialOptions,
    /// Other tenants that requests may name; `*` allows all.
    pub additionally_allowed_tenants: Vec<String>,
    /// Value of the query parameter `api-version`.
    pub api_version: Option<String>,
    /// Nothing is asked about the authority, whichever it is.
    pub disable_discovery: bool,
    /// The region whose endpoint is called: a name, or `AutoDiscoverRegion` for this machine's; by default the global endpoint.
    pub region: Option<String>,
    /// Value of the environment variable `REGION_NAME`.
    pub environment_region: Option<String>,
    /// The calling library.
    pub product: Option<Product>,
    /// Retries after passing failures; by default [`DEFAULT_MAX_RETRIES`].
    pub max_retries: Option<u32>,
    /// Milliseconds after which a request that is not answered counts as failed, 1 at least; by default
    /// [`DEFAULT_TIMEOUT_MILLIS`](crate::DEFAULT_TIMEOUT_MILLIS).
    pub timeout_millis: Option<u32>,
}

/// By what a client proves who it is.
#[derive(Debug)]
pub enum CredentialOptions {
    /// A certificate.
    Certificate(CertificateOptions),
    /// A client secret.
    Secret(SecretString),
    /// Assertions that the host gets elsewhere.
    Assertion,
    /// The identity that Azure gives to this machine: authority, tenant and client id of the options do not matter.
    #[cfg(feature = "managed-identity")]
    ManagedIdentity(IdentityOptions),
}

/// A certificate file, and what the client wants of it.
#[derive(Debug)]
pub struct CertificateOptions {
    /// The bytes of a file with the private key and, unless there is a thumbprint, its certificate; with the certificate
    /// alone if the key is [`KeyPlace::Elsewhere`].
    pub file: SecretBytes,
    /// The password of that file.
    pub password: Option<SecretString>,
    /// Thumbprint in hexadecimal.
    pub thumbprint: Option<String>,
    /// `RS256` or `PS256`; by default PS256 at Entra's v2 endpoint, RS256 at v1, at AD FS and for a SHA-1 thumbprint.
    pub algorithm: Option<String>,
    /// Whether assertions carry the certificate chain.
    pub send_chain: bool,
    /// Where the private key is.
    pub key: KeyPlace,
    /// Whether the host can look for a renewed certificate.
    pub is_renewable: bool,
}

impl Default for CertificateOptions {
    /// An empty file; the rest is what fits.
    fn default() -> Self {
        Self {
            file: SecretBytes::new(Vec::new()),
            password: None,
            thumbprint: None,
            algorithm: None,
            send_chain: false,
            key: KeyPlace::File,
            is_renewable: false,
        }
    }
}

impl Default for ClientOptions {
    /// The public cloud's v2 endpoint; tenant, client id and credential are left to fill in.
    fn default() -> Self {
        Self {
            authority: "https://login.microsoftonline.com".into(),
            tenant: String::new(),
            client_id: String::new(),
            endpoint: EndpointVersion::V2,
            credential: CredentialOptions::Assertion,
            additionally_allowed_tenants: Vec::new(),
            api_version: None,
            disable_discovery: false,
            region: None,
            environment_region: None,
            product: None,
            max_retries: None,
            timeout_millis: None,
        }
    }
}

impl ClientOptions {
    /// The checked configuration, and the private key, if there is one, for the host's signer: core does not keep it. A
    /// certificate file may be of any kind that [`Bundle::open`](crate::Bundle::open) takes; with the feature `encryption` that can mean key
    /// derivation, which takes its time.
    ///
    /// # Errors
    ///
    /// Every error of the parts: authority, tenant, client id, thumbprint, algorithm, file, password, key, certificate.
    pub fn into_config(self) -> Result<(ClientConfig, Option<PrivateKey>)> {
        self.into_config_by(CertificateCredential::open)
    }

    /// The same for hosts that must not be held up: the file has to be unencrypted PEM, anything else is an error at once.
    ///
    /// # Errors
    ///
    /// Those of [`ClientOptions::into_config`].
    pub fn into_config_from_pem(self) -> Result<(ClientConfig, Option<PrivateKey>)> {
        self.into_config_by(|terms, file, _| CertificateCredential::from_pem(terms, file))
    }

    fn into_config_by(self, opening: Opening) -> Result<(ClientConfig, Option<PrivateKey>)> {
        let authority = Authority::parse(&self.authority)?;
        #[cfg(feature = "managed-identity")]
        let is_managed = matches!(self.credential, CredentialOptions::ManagedIdentity(_));
        #[cfg(not(feature = "managed-identity"))]
        let is_managed = false;
        let tenant = if is_managed { Tenant::of_managed_identity() } else { Tenant::parse(&self.tenant)? };
        let default_retries = if is_managed { DEFAULT_IDENTITY_RETRIES } else { DEFAULT_MAX_RETRIES };
        #[cfg(feature = "discovery")]
        // The environment may name one for all credentials; a machine's own service has none.
        let region = self.region.as_deref().filter(|_| !is_managed);
        #[cfg(feature = "discovery")]
        let region =
            region.map(|name| Region::parse(name, self.environment_region.as_deref())).transpose()?;
        #[cfg(not(feature = "discovery"))]
        if self.region.is_some() {
            return Err(Error::new(ErrorCode::FeatureMissing, "a region", "the feature \"discovery\""));
        }
        let rs256 = tenant.is_adfs() || self.endpoint == EndpointVersion::V1;
        let preferred = if rs256 { Algorithm::Rs256 } else { Algorithm::Ps256 };
        let (mut is_renewable, mut key) = (false, None);
        let credential = match self.credential {
            CredentialOptions::Secret(secret) => Credential::Secret(secret),
            CredentialOptions::Assertion => Credential::Assertion,
            #[cfg(feature = "managed-identity")]
            CredentialOptions::ManagedIdentity(options) => {
                Credential::ManagedIdentity(Box::new(ManagedIdentity::new(options)?))
            }
            CredentialOptions::Certificate(options) => {
                is_renewable = options.is_renewable;
                let (certificate, of_file) = options.open(&self.client_id, preferred, opening)?;
                key = of_file;
                Credential::Certificate(Box::new(certificate))
            }
        };
        let config = ClientConfig {
            authority,
            tenant,
            client_id: self.client_id,
            endpoint: self.endpoint,
            credential,
            is_renewable,
            additionally_allowed_tenants: self.additionally_allowed_tenants,
            api_version: self.api_version,
            discovers: !self.disable_discovery,
            #[cfg(feature = "discovery")]
            region,
            product: self.product,
            timeout_millis: self.timeout_millis.unwrap_or(DEFAULT_TIMEOUT_MILLIS).max(1),
            max_retries: self.max_retries.map_or(default_retries, |n| u8::try_from(n).unwrap_or(u8::MAX)),
        };
        Ok((config, key))
    }
}

impl CertificateOptions {
    fn open(
        self,
        client_id: &str,
        preferred: Algorithm,
        opening: Opening,
    ) -> Result<(CertificateCredential, Option<PrivateKey>)> {
        let terms = CertificateTerms {
            client_id: client_id.into(),
            thumbprint: self.thumbprint.as_deref().map(Thumbprint::from_hex).transpose()?,
            algorithm: self.algorithm.as_deref().map(Algorithm::parse).transpose()?,
            preferred,
            send_chain: self.send_chain,
            key: self.key,
        };
        opening(terms, self.file.expose(), self.password.as_ref())
    }
}

/// How certificate files are opened.
type Opening =
    fn(CertificateTerms, &[u8], Option<&SecretString>) -> Result<(CertificateCredential, Option<PrivateKey>)>;

/// A request for a token.
#[derive(Debug, Default)]
pub struct TokenOptions {
    /// Scopes, for a v2 endpoint.
    pub scopes: Option<Vec<String>>,
    /// Resource, for a v1 endpoint.
    pub resource: Option<String>,
    /// Another tenant than the configured one.
    pub tenant: Option<String>,
    /// A claims challenge, decoded.
    pub claims: Option<String>,
    /// Whether the caller handles claims challenges.
    pub enable_cae: bool,
    /// Whether the service is asked even if a token is cached.
    pub skip_cache: bool,
    /// Sent as `client-request-id`.
    pub correlation_id: Option<String>,
    /// The token of the user on whose behalf the token is asked for.
    pub user_assertion: Option<SecretString>,
}

impl TokenOptions {
    /// The checked request.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::ScopeInvalid`](crate::ErrorCode::ScopeInvalid), [`ErrorCode::ResourceInvalid`](crate::ErrorCode::ResourceInvalid), and those of [`Tenant::parse`].
    pub fn into_request(self) -> Result<TokenRequest> {
        let target = match (&self.scopes, &self.resource) {
            (None, Some(resource)) => Target::resource(resource)?,
            (scopes, _) => Target::scopes(scopes.as_deref().unwrap_or_default())?,
        };
        Ok(TokenRequest {
            target,
            tenant: self.tenant.as_deref().map(Tenant::parse).transpose()?,
            claims: self.claims,
            enable_cae: self.enable_cae,
            skip_cache: self.skip_cache,
            correlation_id: self.correlation_id,
            user_assertion: self.user_assertion.map(Arc::new),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use certgrant_testkit::vectors::assertion_rs256 as vector;

    fn options() -> ClientOptions {
        ClientOptions {
            tenant: vector::TENANT.into(),
            client_id: vector::CLIENT_ID.into(),
            credential: certificate(CertificateOptions::default()),
            ..ClientOptions::default()
        }
    }

    fn certificate(options: CertificateOptions) -> CredentialOptions {
        let file = vector::pem().into_bytes().into();
        CredentialOptions::Certificate(CertificateOptions { file, ..options })
    }

    fn algorithm_of(options: ClientOptions) -> Algorithm {
        match options.into_config().unwrap().0.credential {
            Credential::Certificate(certificate) => certificate.algorithm,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn algorithm_is_the_one_that_the_service_takes() {
        assert_eq!(algorithm_of(options()), Algorithm::Ps256);
        assert_eq!(
            algorithm_of(ClientOptions { endpoint: EndpointVersion::V1, ..options() }),
            Algorithm::Rs256
        );
        assert_eq!(algorithm_of(ClientOptions { tenant: "adfs".into(), ..options() }), Algorithm::Rs256);
        let wanting = |algorithm: &str| {
            certificate(CertificateOptions {
                algorithm: Some(algorithm.into()),
                ..CertificateOptions::default()
            })
        };
        assert_eq!(
            algorithm_of(ClientOptions { credential: wanting("RS256"), ..options() }),
            Algorithm::Rs256
        );
        let unknown = ClientOptions { credential: wanting("none"), ..options() };
        assert_eq!(unknown.into_config().unwrap_err().code(), ErrorCode::AlgorithmInvalid);
    }

    #[test]
    fn retries_default_and_are_bounded() {
        let retries =
            |max_retries| ClientOptions { max_retries, ..options() }.into_config().unwrap().0.max_retries;
        assert_eq!([retries(None), retries(Some(0)), retries(Some(1000))], [DEFAULT_MAX_RETRIES, 0, 255]);
    }

    #[test]
    fn certificate_without_its_key_is_enough_where_another_signs() {
        let elsewhere = |file: &str| ClientOptions {
            credential: CredentialOptions::Certificate(CertificateOptions {
                file: file.as_bytes().to_vec().into(),
                key: KeyPlace::Elsewhere,
                ..CertificateOptions::default()
            }),
            ..options()
        };
        let (config, key) = elsewhere(vector::CERTIFICATE_PEM).into_config().unwrap();
        assert!(key.is_none());
        let Credential::Certificate(certificate) = config.credential else { unreachable!() };
        assert_eq!(certificate.thumbprint_sha1.unwrap().to_hex(), vector::SHA1);
        let error = elsewhere(&vector::key_pem()).into_config().unwrap_err();
        assert_eq!(error.code(), ErrorCode::CertificateMissing);
    }

    #[test]
    fn request_without_a_target_is_refused() {
        let error = TokenOptions::default().into_request().unwrap_err();
        assert_eq!(error.code(), ErrorCode::ScopeInvalid);
    }
}
