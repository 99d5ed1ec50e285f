//! What JavaScript configures and asks, turned into core's own options.

use certgrant_core::{
    CertificateOptions, ClientOptions, CredentialOptions, EndpointVersion, IdentityOptions, KeyPlace,
    Product, Result, Secret, SecretBytes, TokenOptions,
};
use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;
use std::collections::HashMap;

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
    #[napi(ts_type = "readonly string[]")]
    pub additionally_allowed_tenants: Option<Vec<String>>,
    /// Query parameter `api-version`.
    pub api_version: Option<String>,
    /// The calling library.
    pub product: Option<ClientProduct>,
    /// Retries after passing failures.
    pub max_retries: Option<u32>,
    /// Nothing is asked about the authority.
    pub disable_discovery: Option<bool>,
    /// The region whose endpoint is called.
    pub region: Option<String>,
    /// The variable `REGION_NAME`.
    pub environment_region: Option<String>,
    /// This machine's identity in the place of a credential.
    pub managed_identity: Option<ManagedIdentity>,
    /// Milliseconds after which a request counts as failed.
    pub timeout: Option<u32>,
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
    #[napi(ts_type = "readonly string[]")]
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
    /// The token of the user on whose behalf it is.
    pub user_assertion: Option<String>,
}

/// Which identity of this machine.
#[napi(object, object_to_js = false)]
pub struct ManagedIdentity {
    /// The variables that lead to it.
    pub environment: HashMap<String, String>,
    /// Whether Azure Arc's agent is there.
    pub has_arc_agent: Option<bool>,
    /// Client id of a user-assigned identity.
    pub client_id: Option<String>,
    /// Object id of a user-assigned identity.
    pub object_id: Option<String>,
    /// Resource id of a user-assigned identity.
    pub resource_id: Option<String>,
}

impl From<ManagedIdentity> for IdentityOptions {
    fn from(identity: ManagedIdentity) -> Self {
        let secret = |(name, value): (String, String)| (name, value.into());
        Self {
            environment: identity.environment.into_iter().map(secret).collect(),
            has_arc_agent: identity.has_arc_agent.unwrap_or(false),
            client_id: identity.client_id,
            object_id: identity.object_id,
            resource_id: identity.resource_id,
        }
    }
}

impl ClientConfig {
    /// The configuration as core's options.
    pub fn into_core(self) -> Result<ClientOptions> {
        let credential = match (self.client_secret, self.certificate) {
            _ if self.managed_identity.is_some() => {
                CredentialOptions::ManagedIdentity(self.managed_identity.map(Into::into).unwrap_or_default())
            }
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
            timeout_millis: self.timeout,
            disable_discovery: self.disable_discovery.unwrap_or(false),
            region: self.region,
            environment_region: self.environment_region,
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
            user_assertion: request.user_assertion.map(Into::into),
        }
    }
}
