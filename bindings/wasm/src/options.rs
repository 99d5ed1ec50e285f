//! What JavaScript configures and asks, turned into core's own options.

use certgrant_core::{
    CertificateOptions, ClientOptions, CredentialOptions, EndpointVersion, KeyPlace, Product, Result,
    TokenOptions,
};
use certgrant_wasm_convert::Members;

/// The members of `ClientConfig` as core's options.
pub fn client_options(config: &Members) -> Result<ClientOptions> {
    let text = |name| config.text(name).unwrap_or_default();
    Ok(ClientOptions {
        authority: text("authority"),
        tenant: text("tenant"),
        client_id: text("clientId"),
        endpoint: EndpointVersion::parse(&text("endpoint"))?,
        credential: credential(config),
        additionally_allowed_tenants: config.texts("additionallyAllowedTenants").unwrap_or_default(),
        api_version: config.text("apiVersion"),
        product: config.members("product").as_ref().map(product),
        max_retries: config.number("maxRetries").map(|number| number as u32),
    })
}

fn credential(config: &Members) -> CredentialOptions {
    match (config.text("clientSecret"), config.bytes("certificate")) {
        (Some(secret), _) => CredentialOptions::Secret(secret.into()),
        (None, None) => CredentialOptions::Assertion,
        (None, Some(file)) => CredentialOptions::Certificate(CertificateOptions {
            file: file.into(),
            password: None,
            thumbprint: config.text("thumbprint"),
            algorithm: config.text("algorithm"),
            send_chain: config.flag("sendCertificateChain"),
            key: if config.flag("keyElsewhere") { KeyPlace::Elsewhere } else { KeyPlace::File },
            is_renewable: config.flag("renewable"),
        }),
    }
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
