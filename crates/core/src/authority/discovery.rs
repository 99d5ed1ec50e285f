//! What is asked about an authority that is not known by heart: whether Entra knows the host
//! ([instance discovery](https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud)), and where its token
//! endpoint is ([OpenID Connect Discovery 1.0 section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig)).

use super::{Authority, EndpointVersion, Tenant};
use crate::encoding::push_form_encoded;
use crate::error::{Error, ErrorCode, Result};
use crate::json::{Object, Value};
use alloc::string::String;

/// Who is asked about hosts.
const INSTANCE_DISCOVERY: &str =
    "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint=";

/// Where to ask whether an authority's host is one of Entra's.
pub(crate) fn instance_url(authority: &Authority, tenant: &Tenant) -> String {
    let mut url = String::from(INSTANCE_DISCOVERY);
    push_form_encoded(
        &mut url,
        &[authority.as_str(), "/", tenant.as_str(), "/oauth2/v2.0/authorize"].concat(),
    );
    url
}

/// What the answer says of the host. None if it says nothing: a failure of this service is not one of the authority.
///
/// # Errors
///
/// [`ErrorCode::AuthorityUnknown`]: a host that only looks like Entra would be handed an assertion.
pub(crate) fn read_instance(body: &[u8]) -> Result<Option<()>> {
    let Ok(body) = Object::parse(body) else {
        return Ok(None);
    };
    if body.get("error").and_then(Value::as_string).as_deref() == Some("invalid_instance") {
        let found = "a host that Entra does not know";
        return Err(Error::new(ErrorCode::AuthorityUnknown, found, "one of Entra's hosts"));
    }
    Ok(body.get("tenant_discovery_endpoint").map(|_| ()))
}

/// Where an authority's configuration document is.
pub(crate) fn configuration_url(authority: &Authority, tenant: &Tenant, version: EndpointVersion) -> String {
    let path = match version {
        EndpointVersion::V2 if !tenant.is_adfs() => "/v2.0/.well-known/openid-configuration",
        _ => "/.well-known/openid-configuration",
    };
    [authority.as_str(), "/", tenant.as_str(), &authority.policy, path].concat()
}

/// The token endpoint that a configuration document names. None if it is no such document.
///
/// # Errors
///
/// [`ErrorCode::DiscoveryInvalid`] if it leads to a host that is neither the authority's nor one of Entra's.
pub(crate) fn read_configuration(body: &[u8], authority: &Authority) -> Result<Option<String>> {
    let document = Object::parse(body).ok();
    let Some(endpoint) = document.as_ref().and_then(|document| document.get("token_endpoint")?.as_string())
    else {
        return Ok(None);
    };
    let origin = endpoint.splitn(4, '/').take(3).collect::<alloc::vec::Vec<_>>().join("/");
    match Authority::parse(&origin) {
        Ok(other) if other.origin == authority.origin || other.is_known() => Ok(Some(endpoint)),
        _ => {
            let found = "a document that names another host's token endpoint";
            Err(Error::new(ErrorCode::DiscoveryInvalid, found, "a token endpoint of the authority"))
        }
    }
}
