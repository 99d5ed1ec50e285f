//! What JavaScript configures and asks, turned into core's own options.

#[cfg(feature = "wide")]
use alloc::string::String;
use certgrant_core::{
    CertificateOptions, ClientOptions, CredentialOptions, EndpointVersion, KeyPlace, Product, Result,
    TokenOptions,
};
#[cfg(not(feature = "wide"))]
use certgrant_core::{Error, ErrorCode};
use certgrant_wasm_convert::Members;

/// The members of `ClientConfig` as core's options.
pub fn client_options(config: &Members<'_>) -> Result<ClientOptions> {
    let text = |name| config.text(name).unwrap_or_default();
    Ok(ClientOptions {
        authority: text("authority"),
        tenant: text("tenant"),
        client_id: text("clientId"),
        endpoint: EndpointVersion::parse(&text("endpoint"))?,
        credential: match config.members("managedIdentity") {
            Some(identity) => managed_identity(&identity)?,
            None => credential(config),
        },
        additionally_allowed_tenants: config.texts("additionallyAllowedTenants").unwrap_or_default(),
        api_version: config.text("apiVersion"),
        product: config.members("product").as_ref().map(product),
        max_retries: config.number("maxRetries").map(|number| number as u32),
        disable_discovery: config.flag("disableDiscovery"),
        region: config.text("region"),
        environment_region: config.text("environmentRegion"),
        timeout_millis: config.number("timeout").map(|number| number as u32),
    })
}

fn credential(config: &Members<'_>) -> CredentialOptions {
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

#[cfg(feature = "wide")]
fn managed_identity(identity: &Members<'_>) -> Result<CredentialOptions> {
    let environment = identity.members("environment").map(|environment| environment.text_entries());
    let secret = |(name, value): (String, String)| (name, value.into());
    Ok(CredentialOptions::ManagedIdentity(certgrant_core::IdentityOptions {
        environment: environment.unwrap_or_default().into_iter().map(secret).collect(),
        has_arc_agent: identity.flag("hasArcAgent"),
        client_id: identity.text("clientId"),
        object_id: identity.text("objectId"),
        resource_id: identity.text("resourceId"),
    }))
}

/// The module that takes this one's place has it.
#[cfg(not(feature = "wide"))]
fn managed_identity(_identity: &Members<'_>) -> Result<CredentialOptions> {
    Err(Error::new(ErrorCode::FeatureMissing, "a managed identity", "the feature \"managed-identity\""))
}

fn product(product: &Members<'_>) -> Product {
    Product {
        sku: product.text("sku").unwrap_or_default(),
        version: product.text("version").unwrap_or_default(),
        os: product.text("os"),
        cpu: product.text("cpu"),
    }
}

/// The members of `TokenRequest` as core's options.
pub fn token_options(request: &Members<'_>) -> TokenOptions {
    TokenOptions {
        scopes: request.texts("scopes"),
        resource: request.text("resource"),
        tenant: request.text("tenant"),
        claims: request.text("claims"),
        enable_cae: request.flag("enableCae"),
        skip_cache: request.flag("skipCache"),
        correlation_id: request.text("correlationId"),
        user_assertion: request.text("userAssertion").map(Into::into),
    }
}
