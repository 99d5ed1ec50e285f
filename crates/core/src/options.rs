//! A client's options and requests as hosts get them from their users: text, to be checked and completed with defaults.
//!
//! Bindings and clients fill these in, so that what is valid and what is left out means the same everywhere.

use crate::authority::{Authority, EndpointVersion, Tenant};
use crate::bundle::Bundle;
use crate::certificate::Thumbprint;
use crate::client::{ClientConfig, DEFAULT_MAX_RETRIES, Product};
use crate::credential::{CertificateCredential, CertificateOptions, Credential};
use crate::error::Result;
use crate::jws::Algorithm;
use crate::key::PrivateKey;
use crate::secret::{SecretBytes, SecretString};
use crate::token::{Target, TokenRequest};
use alloc::string::String;
use alloc::vec::Vec;

/// What a client with a certificate file is made from.
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
    /// The bytes of a file with the private key and, unless there is a thumbprint, its certificate.
    pub certificate: SecretBytes,
    /// The password of that file.
    pub certificate_password: Option<SecretString>,
    /// Thumbprint in hexadecimal.
    pub thumbprint: Option<String>,
    /// `RS256` or `PS256`; by default PS256 at Entra's v2 endpoint, RS256 at v1, at AD FS and for a SHA-1 thumbprint.
    pub algorithm: Option<String>,
    /// Whether assertions carry the certificate chain.
    pub send_certificate_chain: bool,
    /// Other tenants that requests may name; `*` allows all.
    pub additionally_allowed_tenants: Vec<String>,
    /// Value of the query parameter `api-version`.
    pub api_version: Option<String>,
    /// The calling library.
    pub product: Option<Product>,
    /// Retries after passing failures; by default [`DEFAULT_MAX_RETRIES`].
    pub max_retries: Option<u32>,
}

impl Default for ClientOptions {
    /// The public cloud's v2 endpoint; tenant, client id and certificate are left to fill in.
    fn default() -> Self {
        Self {
            authority: "https://login.microsoftonline.com".into(),
            tenant: String::new(),
            client_id: String::new(),
            endpoint: EndpointVersion::V2,
            certificate: SecretBytes::new(Vec::new()),
            certificate_password: None,
            thumbprint: None,
            algorithm: None,
            send_certificate_chain: false,
            additionally_allowed_tenants: Vec::new(),
            api_version: None,
            product: None,
            max_retries: None,
        }
    }
}

impl ClientOptions {
    /// The checked configuration, and the private key for the host's signer: core does not keep it. The file may be of any
    /// kind that [`Bundle::open`] takes; with the feature `encryption` that can mean key derivation, which takes its time.
    ///
    /// # Errors
    ///
    /// Every error of the parts: authority, tenant, client id, thumbprint, algorithm, file, password, key, certificate.
    pub fn into_config(self) -> Result<(ClientConfig, PrivateKey)> {
        self.into_config_by(Bundle::open)
    }

    /// The same for hosts that must not be held up: the file has to be unencrypted PEM, anything else is an error at once.
    ///
    /// # Errors
    ///
    /// Those of [`ClientOptions::into_config`].
    pub fn into_config_from_pem(self) -> Result<(ClientConfig, PrivateKey)> {
        self.into_config_by(|file, _| Bundle::from_pem(file))
    }

    fn into_config_by(
        self,
        open: impl FnOnce(&[u8], Option<&SecretString>) -> Result<Bundle>,
    ) -> Result<(ClientConfig, PrivateKey)> {
        let authority = Authority::parse(&self.authority)?;
        let tenant = Tenant::parse(&self.tenant)?;
        let thumbprint = self.thumbprint.as_deref().map(Thumbprint::from_hex).transpose()?;
        let algorithm = self.algorithm.as_deref().map(Algorithm::parse).transpose()?;
        let Bundle { key, chain } = open(self.certificate.expose(), self.certificate_password.as_ref())?;
        let rs256 = tenant.is_adfs() || self.endpoint == EndpointVersion::V1;
        let certificate = CertificateCredential::new(&CertificateOptions {
            client_id: &self.client_id,
            public_key: key.public_key(),
            chain: &chain,
            thumbprint,
            algorithm,
            preferred: if rs256 { Algorithm::Rs256 } else { Algorithm::Ps256 },
            send_chain: self.send_certificate_chain,
        })?;
        let config = ClientConfig {
            authority,
            tenant,
            client_id: self.client_id,
            endpoint: self.endpoint,
            credential: Credential::Certificate(certificate),
            additionally_allowed_tenants: self.additionally_allowed_tenants,
            api_version: self.api_version,
            product: self.product,
            max_retries: self.max_retries.map_or(DEFAULT_MAX_RETRIES, |n| u8::try_from(n).unwrap_or(u8::MAX)),
        };
        Ok((config, key))
    }
}

/// A request for a token.
#[derive(Clone, Debug, Default)]
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
            certificate: vector::pem().into_bytes().into(),
            ..ClientOptions::default()
        }
    }

    fn algorithm_of(options: ClientOptions) -> Algorithm {
        match options.into_config().unwrap().0.credential {
            Credential::Certificate(certificate) => certificate.algorithm,
            Credential::Assertion => unreachable!(),
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
        assert_eq!(
            algorithm_of(ClientOptions { algorithm: Some("RS256".into()), ..options() }),
            Algorithm::Rs256
        );
        let unknown = ClientOptions { algorithm: Some("none".into()), ..options() };
        assert_eq!(unknown.into_config().unwrap_err().code(), ErrorCode::AlgorithmInvalid);
    }

    #[test]
    fn retries_default_and_are_bounded() {
        let retries =
            |max_retries| ClientOptions { max_retries, ..options() }.into_config().unwrap().0.max_retries;
        assert_eq!([retries(None), retries(Some(0)), retries(Some(1000))], [DEFAULT_MAX_RETRIES, 0, 255]);
    }

    #[test]
    fn request_without_a_target_is_refused() {
        let error = TokenOptions::default().into_request().unwrap_err();
        assert_eq!(error.code(), ErrorCode::ScopeInvalid);
    }
}
