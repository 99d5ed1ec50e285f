//! What JavaScript configures and asks, turned into core's own options.

use crate::convert::Members;
use certgrant_core::{ClientOptions, EndpointVersion, Product, Result, Secret, TokenOptions};

/// The members of `ClientConfig` as core's options.
pub fn client_options(config: &Members) -> Result<ClientOptions> {
    let text = |name| config.text(name).unwrap_or_default();
    Ok(ClientOptions {
        authority: text("authority"),
        tenant: text("tenant"),
        client_id: text("clientId"),
        endpoint: EndpointVersion::parse(&text("endpoint"))?,
        certificate: Secret::new(config.bytes("certificate").unwrap_or_default()),
        certificate_password: None,
        thumbprint: config.text("thumbprint"),
        algorithm: config.text("algorithm"),
        send_certificate_chain: config.flag("sendCertificateChain"),
        additionally_allowed_tenants: config.texts("additionallyAllowedTenants").unwrap_or_default(),
        api_version: config.text("apiVersion"),
        product: config.members("product").as_ref().map(product),
        max_retries: config.number("maxRetries").map(|number| number as u32),
    })
}

fn product(product: &Members) -> Product {
    Product {
        sku: product.text("sku").unwrap_or_default(),
        version: product.text("version").unwrap_or_default(),
        os: product.text("os"),
        cpu: product.text("cpu"),
    }
}

/// The members of `TokenRequest` as core's options.
pub fn token_options(request: &Members) -> TokenOptions {
    TokenOptions {
        scopes: request.texts("scopes"),
        resource: request.text("resource"),
        tenant: request.text("tenant"),
        claims: request.text("claims"),
        enable_cae: request.flag("enableCae"),
        skip_cache: request.flag("skipCache"),
        correlation_id: request.text("correlationId"),
    }
}
