//! What JavaScript configures and asks, turned into core's own options.

use certgrant_core::{
    CertificateOptions, ClientOptions, CredentialOptions, EndpointVersion, KeyPlace, Product, Result, Secret,
    SecretBytes, TokenOptions,
};
use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;

/// What a client is made from.
#[napi(object, object_to_js = false)]
pub struct ClientConfig {
    /// `https://host[:port]`.
    pub authority: String,
    /// Tenant GUID or domain.
    pub tenant: String,
    /// Application (client) id.
    pub client_id: String,
    /// `v1` or `v2`.
    pub endpoint: String,
    /// PEM with the private key and its certificate; the certificate alone if the key is elsewhere.
    pub certificate: Option<Either<String, Uint8Array>>,
    /// Whether the private key is elsewhere.
    pub key_elsewhere: Option<bool>,
    /// Whether there may be a renewed certificate later.
    pub renewable: Option<bool>,
    /// A client secret in the place of a certificate.
    pub client_secret: Option<String>,
    /// Thumbprint in hexadecimal.
    pub thumbprint: Option<String>,
    /// `RS256` or `PS256`.
    pub algorithm: Option<String>,
    /// Whether to send `x5c`.
    pub send_certificate_chain: Option<bool>,
    /// Other tenants that requests may name.
    pub additionally_allowed_tenants: Option<Vec<String>>,
    /// Query parameter `api-version`.
    pub api_version: Option<String>,
    /// The calling library.
    pub product: Option<ClientProduct>,
    /// Retries after passing failures.
    pub max_retries: Option<u32>,
}

/// The calling library.
#[napi(object, object_to_js = false)]
pub struct ClientProduct {
    /// `x-client-SKU`
    pub sku: String,
    /// `x-client-Ver`
    pub version: String,
    /// `x-client-OS`
    pub os: Option<String>,
    /// `x-client-CPU`
    pub cpu: Option<String>,
}

/// A request for a token.
#[napi(object, object_to_js = false)]
pub struct TokenRequest {
    /// Scopes of a v2 endpoint.
    pub scopes: Option<Vec<String>>,
    /// Resource of a v1 endpoint.
    pub resource: Option<String>,
    /// Another tenant.
    pub tenant: Option<String>,
    /// A claims challenge.
    pub claims: Option<String>,
    /// Whether challenges can be handled.
    pub enable_cae: Option<bool>,
    /// Whether to ask the service even if a token is cached.
    pub skip_cache: Option<bool>,
    /// `client-request-id`
    pub correlation_id: Option<String>,
}

impl ClientConfig {
    /// The configuration as core's options.
    pub fn into_core(self) -> Result<ClientOptions> {
        let credential = match (self.client_secret, self.certificate) {
            (Some(secret), _) => CredentialOptions::Secret(secret.into()),
            (None, None) => CredentialOptions::Assertion,
            (None, Some(file)) => CredentialOptions::Certificate(CertificateOptions {
                file: bytes_of(file),
                password: None,
                thumbprint: self.thumbprint,
                algorithm: self.algorithm,
                send_chain: self.send_certificate_chain.unwrap_or(false),
                key: if self.key_elsewhere.unwrap_or(false) { KeyPlace::Elsewhere } else { KeyPlace::File },
                is_renewable: self.renewable.unwrap_or(false),
            }),
        };
        Ok(ClientOptions {
            authority: self.authority,
            tenant: self.tenant,
            client_id: self.client_id,
            endpoint: EndpointVersion::parse(&self.endpoint)?,
            credential,
            additionally_allowed_tenants: self.additionally_allowed_tenants.unwrap_or_default(),
            api_version: self.api_version,
            product: self.product.map(Product::from),
            max_retries: self.max_retries,
        })
    }
}

/// A file's bytes.
pub fn bytes_of(file: Either<String, Uint8Array>) -> SecretBytes {
    Secret::new(match file {
        Either::A(text) => text.into_bytes(),
        Either::B(bytes) => bytes.to_vec(),
    })
}

impl From<ClientProduct> for Product {
    fn from(product: ClientProduct) -> Self {
        let ClientProduct { sku, version, os, cpu } = product;
        Self { sku, version, os, cpu }
    }
}

impl From<TokenRequest> for TokenOptions {
    fn from(request: TokenRequest) -> Self {
        Self {
            scopes: request.scopes,
            resource: request.resource,
            tenant: request.tenant,
            claims: request.claims,
            enable_cae: request.enable_cae.unwrap_or(false),
            skip_cache: request.skip_cache.unwrap_or(false),
            correlation_id: request.correlation_id,
        }
    }
}
