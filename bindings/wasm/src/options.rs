//! What JavaScript configures and asks, turned into core's own options.

use crate::convert::Bytes;
use certgrant_core::{ClientOptions, EndpointVersion, Product, Result, Secret, TokenOptions};
use serde::Deserialize;

/// What a client is made from.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientConfig {
    authority: String,
    tenant: String,
    client_id: String,
    endpoint: String,
    certificate: Bytes,
    thumbprint: Option<String>,
    algorithm: Option<String>,
    #[serde(default)]
    send_certificate_chain: bool,
    #[serde(default)]
    additionally_allowed_tenants: Vec<String>,
    api_version: Option<String>,
    product: Option<ClientProduct>,
    max_retries: Option<u32>,
}

/// The calling library.
#[derive(Deserialize)]
struct ClientProduct {
    sku: String,
    version: String,
    os: Option<String>,
    cpu: Option<String>,
}

/// A request for a token.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRequest {
    scopes: Option<Vec<String>>,
    resource: Option<String>,
    tenant: Option<String>,
    claims: Option<String>,
    #[serde(default)]
    enable_cae: bool,
    #[serde(default)]
    skip_cache: bool,
    correlation_id: Option<String>,
}

impl ClientConfig {
    /// The configuration as core's options.
    pub fn into_core(self) -> Result<ClientOptions> {
        Ok(ClientOptions {
            authority: self.authority,
            tenant: self.tenant,
            client_id: self.client_id,
            endpoint: EndpointVersion::parse(&self.endpoint)?,
            certificate: Secret::new(self.certificate.0),
            thumbprint: self.thumbprint,
            algorithm: self.algorithm,
            send_certificate_chain: self.send_certificate_chain,
            additionally_allowed_tenants: self.additionally_allowed_tenants,
            api_version: self.api_version,
            product: self.product.map(Product::from),
            max_retries: self.max_retries,
        })
    }
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
            enable_cae: request.enable_cae,
            skip_cache: request.skip_cache,
            correlation_id: request.correlation_id,
        }
    }
}
