//! The documents that clients and resources read: OpenID configuration, key sets, instance discovery.
//!
//! [OpenID Connect Discovery](https://openid.net/specs/openid-connect-discovery-1_0.html) with Entra's members. Every
//! URL carries scheme, host and port as the client addressed the emulator, so that a client that started at the
//! emulator stays there. For `common` and `organizations` the issuer holds the placeholder `{tenantid}`.

use serde_json::{Value, json};

use crate::access_token::{v1_issuer, v2_issuer};
use crate::form::Form;
use crate::service_error::ServiceError;
use crate::tenant::{CONSUMERS, Realm};
use crate::token_endpoint::Version;

/// What the public cloud calls itself.
pub(crate) const CLOUD_INSTANCE: &str = "microsoftonline.com";

/// A cloud: the host to call, the host under which tokens are cached, and all its names.
struct Cloud {
    network: &'static str,
    cache: &'static str,
    aliases: &'static [&'static str],
}

const CLOUDS: &[Cloud] = &[
    Cloud {
        network: "login.microsoftonline.com",
        cache: "login.windows.net",
        aliases: &[
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
    },
    Cloud {
        network: "login.partner.microsoftonline.cn",
        cache: "login.partner.microsoftonline.cn",
        aliases: &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    },
    Cloud {
        network: "login.microsoftonline.de",
        cache: "login.microsoftonline.de",
        aliases: &["login.microsoftonline.de"],
    },
    Cloud {
        network: "login.microsoftonline.us",
        cache: "login.microsoftonline.us",
        aliases: &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    },
    Cloud {
        network: "login-us.microsoftonline.com",
        cache: "login-us.microsoftonline.com",
        aliases: &["login-us.microsoftonline.com"],
    },
    Cloud {
        network: "login.sovcloud-identity.fr",
        cache: "login.sovcloud-identity.fr",
        aliases: &["login.sovcloud-identity.fr"],
    },
    Cloud {
        network: "login.sovcloud-identity.de",
        cache: "login.sovcloud-identity.de",
        aliases: &["login.sovcloud-identity.de"],
    },
    Cloud {
        network: "login.sovcloud-identity.sg",
        cache: "login.sovcloud-identity.sg",
        aliases: &["login.sovcloud-identity.sg"],
    },
];

/// Whether a host is one of Entra's.
pub(crate) fn is_cloud(host: &str) -> bool {
    CLOUDS.iter().any(|cloud| cloud.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(host)))
}

/// The realm as it stands in issuers.
fn issuer_tenant(realm: &Realm) -> &str {
    match realm {
        Realm::Common | Realm::Organizations => "{tenantid}",
        Realm::Consumers => CONSUMERS,
        Realm::Tenant(tenant) => &tenant.id,
    }
}

/// The realm as it stands in endpoints: a domain is replaced by its GUID, which is how clients look a GUID up.
fn path_tenant(realm: &Realm) -> &str {
    match realm {
        Realm::Common => "common",
        Realm::Organizations => "organizations",
        Realm::Consumers => "consumers",
        Realm::Tenant(tenant) => &tenant.id,
    }
}

/// The issuer that a document of this version names.
pub(crate) fn issuer(version: Version, base: &str, realm: &Realm) -> String {
    match version {
        Version::V1 => v1_issuer(issuer_tenant(realm)),
        Version::V2 => v2_issuer(base, issuer_tenant(realm)),
    }
}

/// The OpenID configuration document.
pub(crate) fn openid_configuration(version: Version, base: &str, realm: &Realm) -> Value {
    let tenant = path_tenant(realm);
    let mut document = json!({
        "token_endpoint": format!("{base}/{tenant}{}", version.path()),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "issuer": issuer(version, base, realm),
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "tenant_region_scope": matches!(realm, Realm::Tenant(_)).then_some("WW"),
        "cloud_instance_name": CLOUD_INSTANCE,
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
        "kerberos_endpoint": format!("{base}/{tenant}/kerberos"),
    });
    let of_version = match version {
        Version::V1 => json!({
            "jwks_uri": format!("{base}/common/discovery/keys"),
            "authorization_endpoint": format!("{base}/{tenant}/oauth2/authorize"),
            "end_session_endpoint": format!("{base}/{tenant}/oauth2/logout"),
            "device_authorization_endpoint": format!("{base}/{tenant}/oauth2/devicecode"),
            "userinfo_endpoint": format!("{base}/{tenant}/openid/userinfo"),
            "check_session_iframe": format!("{base}/{tenant}/oauth2/checksession"),
            "microsoft_multi_refresh_token": true,
            "response_types_supported": ["code", "id_token", "code id_token", "token id_token", "token"],
            "scopes_supported": ["openid"],
            "claims_supported": [
                "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
                "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "email", "given_name",
                "family_name", "nickname",
            ],
        }),
        Version::V2 => json!({
            "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
            "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
            "end_session_endpoint": format!("{base}/{tenant}/oauth2/v2.0/logout"),
            "device_authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/devicecode"),
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "request_uri_parameter_supported": false,
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "claims_supported": [
                "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
                "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name",
                "tid", "ver", "at_hash", "c_hash", "email",
            ],
        }),
    };
    if let (Value::Object(document), Value::Object(of_version)) = (&mut document, of_version) {
        document.extend(of_version);
    }
    document
}

/// Instance discovery: is the host of `authorization_endpoint` one that may be trusted with credentials?
pub(crate) fn instance(query: &str, base: &str, own_host: &str) -> Result<Value, ServiceError> {
    let malformed = |reason: &str| {
        let text = format!("Invalid instance discovery request: {reason}.");
        ServiceError::new(50050, text).because(reason)
    };
    let query = Form::parse(query.as_bytes()).map_err(|_| malformed("the query is not form-encoded"))?;
    let version = query.get("api-version").ok_or_else(|| malformed("no api-version"))?;
    if !matches!(version, "1.0" | "1.1") {
        return Err(malformed("api-version is neither 1.0 nor 1.1"));
    }
    let endpoint =
        query.get("authorization_endpoint").ok_or_else(|| malformed("no authorization_endpoint"))?;
    let unknown = || {
        let text = "Unknown or invalid instance.";
        ServiceError::new(50049, text)
            .because("the host of authorization_endpoint is not one of Entra's or ours")
    };
    let (scheme, rest) =
        endpoint.split_once("://").ok_or_else(|| malformed("authorization_endpoint is no URL"))?;
    let (host, path) = rest.split_once('/').ok_or_else(|| malformed("authorization_endpoint has no path"))?;
    let is_own = host.eq_ignore_ascii_case(own_host) && base.starts_with(&format!("{scheme}://"));
    let is_known = scheme == "https" && is_cloud(host);
    if !is_own && !is_known {
        return Err(unknown());
    }
    let tenant = path.split('/').next().filter(|tenant| !tenant.is_empty());
    let tenant = tenant.ok_or_else(|| malformed("authorization_endpoint has no tenant"))?;
    let infix = if path.contains("/oauth2/v2.0/") { "/v2.0" } else { "" };
    let mut metadata: Vec<Value> = CLOUDS.iter().map(Cloud::metadata).collect();
    metadata
        .push(json!({ "preferred_network": own_host, "preferred_cache": own_host, "aliases": [own_host] }));
    Ok(json!({
        "tenant_discovery_endpoint": format!("{scheme}://{host}/{tenant}{infix}/.well-known/openid-configuration"),
        "api-version": version,
        "metadata": metadata,
    }))
}

impl Cloud {
    fn metadata(&self) -> Value {
        json!({ "preferred_network": self.network, "preferred_cache": self.cache, "aliases": self.aliases })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(query: &str) -> Result<Value, u32> {
        instance(query, "https://localhost:8443", "localhost:8443").map_err(|error| error.code)
    }

    #[test]
    fn own_and_known_hosts_are_instances() {
        let own = "api-version=1.1&authorization_endpoint=https%3A%2F%2Flocalhost%3A8443%2Ft.com%2Foauth2%2Fv2.0%2Fauthorize";
        let reply = ask(own).expect("own host");
        assert_eq!(
            reply["tenant_discovery_endpoint"],
            "https://localhost:8443/t.com/v2.0/.well-known/openid-configuration"
        );
        assert_eq!(reply["api-version"], "1.1");
        let v1 = "api-version=1.0&authorization_endpoint=https://login.windows.net/t.com/oauth2/authorize";
        let reply = ask(v1).expect("known host");
        assert_eq!(
            reply["tenant_discovery_endpoint"],
            "https://login.windows.net/t.com/.well-known/openid-configuration"
        );
        assert_eq!(reply["metadata"][0]["preferred_cache"], "login.windows.net");
    }

    #[test]
    fn strange_hosts_and_malformed_questions_are_refused() {
        let evil = "api-version=1.1&authorization_endpoint=https://login.evil.example/t/oauth2/authorize";
        assert_eq!(ask(evil), Err(50049));
        assert_eq!(
            ask("api-version=1.1&authorization_endpoint=http://login.windows.net/t/oauth2"),
            Err(50049)
        );
        let no_endpoint = "api-version=1.1";
        let no_version = "authorization_endpoint=https://login.windows.net/t/oauth2/authorize";
        for malformed in
            ["", no_endpoint, no_version, "api-version=1.1&authorization_endpoint=x", "api-version=%"]
        {
            assert_eq!(ask(malformed), Err(50050), "{malformed}");
        }
    }
}
