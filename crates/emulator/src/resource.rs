//! Resources: what a token is for, and which roles the client has there.
//!
//! v1 asks with `resource=` and an App ID URI or appId; v2 with `scope=` and the same followed by `/.default`. The
//! resource decides the version of the token, not the endpoint. Some of Microsoft's resources are built in, as every
//! tenant has them; a registration of the same id or URI takes precedence.

use alloc::collections::BTreeMap;

use crate::client_authentication::Circumstances;
use crate::log::Trail;
use crate::registration::Application;
use crate::service_error::ServiceError;
use crate::tenant::Tenant;

const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// Application id of Azure Key Vault.
pub(crate) const KEY_VAULT: &str = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093";

/// Application id of the endpoint that exchanges a managed identity's token for an application's.
pub(crate) const TOKEN_EXCHANGE: &str = "fb60f99c-7a34-4190-8149-302f77469936";

/// A resource of Microsoft's that every tenant has.
struct BuiltIn {
    app_id: &'static str,
    name: &'static str,
    uris: &'static [&'static str],
    /// Endings of host names of single accounts or vaults, which name the resource as well.
    hosts: &'static [&'static str],
}

const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        app_id: GRAPH,
        name: "Microsoft Graph",
        uris: &[
            "https://graph.microsoft.com",
            "https://graph.microsoft.us",
            "https://dod-graph.microsoft.us",
            "https://microsoftgraph.chinacloudapi.cn",
        ],
        hosts: &[],
    },
    BuiltIn {
        app_id: "00000002-0000-0000-c000-000000000000",
        name: "Windows Azure Active Directory",
        uris: &["https://graph.windows.net"],
        hosts: &[],
    },
    BuiltIn {
        app_id: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        name: "Windows Azure Service Management API",
        uris: &[
            "https://management.azure.com",
            "https://management.core.windows.net",
            "https://management.usgovcloudapi.net",
            "https://management.chinacloudapi.cn",
        ],
        hosts: &[],
    },
    BuiltIn {
        app_id: KEY_VAULT,
        name: "Azure Key Vault",
        uris: &["https://vault.azure.net", "https://vault.usgovcloudapi.net", "https://vault.azure.cn"],
        hosts: &[".vault.azure.net"],
    },
    BuiltIn {
        app_id: TOKEN_EXCHANGE,
        name: "AAD Token Exchange Endpoint: Public",
        uris: &[
            "api://AzureADTokenExchange",
            "api://AzureADTokenExchangeUSGov",
            "api://AzureADTokenExchangeChina",
        ],
        hosts: &[],
    },
    BuiltIn {
        app_id: "e406a681-f3d4-42a8-90b6-c2b029497af1",
        name: "Azure Storage",
        uris: &["https://storage.azure.com"],
        hosts: &[
            ".blob.core.windows.net",
            ".queue.core.windows.net",
            ".table.core.windows.net",
            ".file.core.windows.net",
            ".dfs.core.windows.net",
        ],
    },
];

/// Values of the commonest application permissions of Microsoft Graph, which a registration names by id only.
const GRAPH_ROLES: &[(&str, &str)] = &[
    ("18a4783c-866b-4cc7-a460-3d5e5662c884", "Application.ReadWrite.OwnedBy"),
    ("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "Application.ReadWrite.All"),
    ("7ab1d382-f21e-4acd-a863-ba3e13f7da61", "Directory.Read.All"),
    ("b633e1c5-b582-4048-a93e-9f11b44c7e96", "Mail.Send"),
    ("df021288-bdef-4463-88db-98f22de89214", "User.Read.All"),
];

/// Values of the commonest delegated permissions of Microsoft Graph.
const GRAPH_SCOPES: &[(&str, &str)] = &[
    ("14dad69e-099b-42c9-810b-d002981feec1", "profile"),
    ("37f7f235-527c-4136-accd-4a02d197296e", "openid"),
    ("64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0", "email"),
    ("7427e0e9-2fba-42fe-b0c0-848c9e6a8182", "offline_access"),
    ("a154be20-db9c-4678-8ab7-66f6cc099a59", "User.Read.All"),
    ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "User.Read"),
];

/// A resource that was found.
pub(crate) struct Resource<'a> {
    pub(crate) app_id: &'a str,
    pub(crate) name: &'a str,
    /// As the client asked for it, without `/.default`.
    pub(crate) requested: String,
    /// 1 or 2.
    pub(crate) token_version: u8,
    /// Puts the client's declared capabilities (`xms_cc`) into the token.
    pub(crate) wants_capabilities: bool,
    assignment_required: bool,
    registration: Option<&'a Application>,
}

/// The resource of a v2 `scope`.
pub(crate) fn of_scope(scope: &str) -> Result<String, ServiceError> {
    let mut scopes = scope.split_ascii_whitespace();
    let (first, second) = (scopes.next().unwrap_or_default(), scopes.next());
    if let Some(second) = second {
        let reason = format!("more than one scope, \"{second}\" too");
        return Err(invalid_scope(scope).because(reason));
    }
    match first.strip_suffix("/.default") {
        Some("") => Err(invalid_scope(scope).because("no resource before /.default")),
        Some(resource) if resource.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'%') => {
            Err(invalid_scope(scope).because("the resource has characters that no URI has"))
        }
        Some(resource) => Ok(resource.to_owned()),
        None => {
            let text = format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value \
                 with /.default suffixed to the resource identifier (application ID URI)."
            );
            Err(ServiceError::new(1002012, text).because("scope does not end with /.default"))
        }
    }
}

/// The answer to a scope that can't be.
pub(crate) fn invalid_scope(scope: &str) -> ServiceError {
    let text = format!(
        "The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
    );
    ServiceError::new(70011, text)
}

/// Finds a resource by App ID URI or appId.
pub(crate) fn find<'a>(at: &Circumstances<'a>, requested: &str) -> Result<Resource<'a>, ServiceError> {
    find_named(at.applications, at.vault_resources, Some(at.tenant), at.segment, requested)
}

/// The same for whoever is not in a token request; without a tenant it may be of any.
pub(crate) fn find_named<'a>(
    applications: &'a [Application],
    vault_resources: &[String],
    tenant: Option<&Tenant>,
    segment: &str,
    requested: &str,
) -> Result<Resource<'a>, ServiceError> {
    let registered = applications.iter().find(|application| {
        let mut names = application.identifier_uris.iter().chain([&application.app_id]);
        names.any(|name| is_same(name, requested))
    });
    if let Some(application) =
        registered.filter(|application| tenant.is_none_or(|tenant| application.is_in(tenant)))
    {
        return Ok(Resource {
            app_id: &application.app_id,
            name: &application.display_name,
            requested: requested.to_owned(),
            token_version: application.token_version,
            wants_capabilities: application.wants_capabilities,
            assignment_required: application.emulator.assignment_required,
            registration: Some(application),
        });
    }
    if let Some(known) = BUILT_IN.iter().find(|known| known.is_asked(requested, vault_resources)) {
        return Ok(Resource {
            app_id: known.app_id,
            name: known.name,
            requested: requested.to_owned(),
            token_version: if known.app_id == TOKEN_EXCHANGE { 2 } else { 1 },
            wants_capabilities: known.app_id == GRAPH,
            assignment_required: false,
            registration: None,
        });
    }
    let text = format!(
        "The resource principal named {requested} was not found in the tenant named {segment}. This can happen if the \
         application has not been installed by the administrator of the tenant or consented to by any user in the \
         tenant. You might have sent your authentication request to the wrong tenant."
    );
    Err(ServiceError::new(500011, text).because("no such resource in this tenant"))
}

impl BuiltIn {
    fn is_asked(&self, requested: &str, vault_resources: &[String]) -> bool {
        let host = requested.strip_prefix("https://").map(trimmed).filter(|host| !host.contains('/'));
        let of_account =
            |ending: &&str| host.is_some_and(|host| host.len() > ending.len() && host.ends_with(*ending));
        is_same(self.app_id, requested)
            || self.uris.iter().any(|uri| is_same(uri, requested))
            || self.hosts.iter().any(of_account)
            || self.app_id == KEY_VAULT && vault_resources.iter().any(|uri| is_same(uri, requested))
    }
}

/// Whether two names of a resource are the same but for case and a final slash.
fn is_same(one: &str, other: &str) -> bool {
    trimmed(one).eq_ignore_ascii_case(trimmed(other))
}

fn trimmed(uri: &str) -> &str {
    uri.strip_suffix('/').unwrap_or(uri)
}

impl Resource<'_> {
    /// The client's application roles here: those granted under `emulator.roles`, or else those that it requires.
    pub(crate) fn roles(&self, client: &Application) -> Vec<String> {
        if let Some(granted) = &client.emulator.roles {
            return self.granted(granted);
        }
        self.required_of(client, "Role").filter_map(|id| self.role_value(id)).collect()
    }

    /// Whether a token's audience names it.
    pub(crate) fn is_named(&self, audience: &str) -> bool {
        [self.app_id, &self.requested].into_iter().chain(self.uris()).any(|own| is_same(own, audience))
    }

    fn uris(&self) -> impl Iterator<Item = &str> {
        let registered = self.registration.iter().flat_map(|application| &application.identifier_uris);
        let built_in =
            BUILT_IN.iter().filter(|known| known.app_id == self.app_id).flat_map(|known| known.uris);
        registered.map(String::as_str).chain(built_in.copied())
    }

    /// The delegated permissions that the client has here: those granted under `emulator.scopes`, or else those that
    /// it requires, or else all that a registered resource offers and the one that every other has.
    pub(crate) fn scopes(&self, client: &Application) -> Vec<String> {
        if let Some(granted) = &client.emulator.scopes {
            return self.granted(granted);
        }
        let required = self.required_of(client, "Scope").filter_map(|id| self.scope_value(id));
        let required: Vec<String> = required.collect();
        if !required.is_empty() {
            return required;
        }
        let offered = self.registration.iter().flat_map(|application| &application.scopes);
        let offered: Vec<String> = offered.map(|scope| scope.value.clone()).collect();
        if !offered.is_empty() {
            return offered;
        }
        vec![if self.app_id == GRAPH { "User.Read" } else { "user_impersonation" }.to_owned()]
    }

    /// What a list by name of the resource grants here.
    fn granted(&self, granted: &BTreeMap<String, Vec<String>>) -> Vec<String> {
        let mine = |name: &str| {
            [self.app_id, &self.requested].into_iter().chain(self.uris()).any(|own| is_same(own, name))
        };
        granted.iter().filter(|(name, _)| mine(name)).flat_map(|(_, values)| values.clone()).collect()
    }

    /// Ids of the permissions of a kind that the client requires here.
    fn required_of<'a>(&self, client: &'a Application, kind: &str) -> impl Iterator<Item = &'a str> {
        let required = client.required.iter().filter(|r| r.resource_app_id.eq_ignore_ascii_case(self.app_id));
        required
            .flat_map(|resource| &resource.resource_access)
            .filter(move |access| access.kind == kind)
            .map(|access| access.id.as_str())
    }

    fn scope_value(&self, id: &str) -> Option<String> {
        let registered = self.registration.iter().flat_map(|application| &application.scopes);
        let mut values =
            registered.filter(|scope| scope.id.eq_ignore_ascii_case(id)).map(|scope| scope.value.clone());
        let known =
            GRAPH_SCOPES.iter().filter(|(known, _)| self.app_id == GRAPH && known.eq_ignore_ascii_case(id));
        values
            .next()
            .filter(|value| !value.is_empty())
            .or_else(|| known.map(|(_, value)| (*value).to_owned()).next())
    }

    fn role_value(&self, id: &str) -> Option<String> {
        let registered = self.registration.iter().flat_map(|application| &application.app_roles);
        let mut values =
            registered.filter(|role| role.id.eq_ignore_ascii_case(id)).map(|role| role.value.clone());
        let built_in = || {
            let known =
                GRAPH_ROLES.iter().find(|(known, _)| self.app_id == GRAPH && known.eq_ignore_ascii_case(id));
            known.map(|(_, value)| (*value).to_owned())
        };
        values.next().filter(|value| !value.is_empty()).or_else(built_in)
    }

    /// A resource that requires assignment gives nothing to a client without a role.
    pub(crate) fn check_assignment(
        &self,
        client: &Application,
        roles: &[String],
        trail: &mut Trail,
    ) -> Result<(), ServiceError> {
        if self.assignment_required && roles.is_empty() {
            let text = format!(
                "Application '{}'({}) is not assigned to a role for the application '{}'({}).",
                client.app_id, client.display_name, self.requested, self.name
            );
            return Err(ServiceError::new(501051, text)
                .because("the resource requires a role and the client has none"));
        }
        trail.passed("roles");
        Ok(())
    }
}
