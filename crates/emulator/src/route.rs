//! Where a request goes: by the host that it addresses to a vault, by its path to one of the other services.

use crate::assertion::Assertion;
use crate::form::Form;
use crate::identity::Source;
use crate::message::Request;
use crate::service_error::ServiceError;
use crate::token_endpoint::{Version, claimed_client, malformed_form, read_form};
use crate::vault::{LiveVault, Target};
use crate::wstrust::FederationTarget;

/// Paths below this are the control interface.
const CONTROL: &str = "/.control";

/// Paths below this are resources to call.
const RESOURCE: &str = "/.resource/";

/// Names under which requests are counted and faults are aimed.
pub(crate) const OPERATIONS: &[&str] = &[
    "token",
    "devicecode",
    "discovery",
    "federation.metadata",
    "federation.realm",
    "federation.trust",
    "instance",
    "keys",
    "resource",
    "vault.certificate",
    "vault.sign",
    "vault.other",
    "identity.appservice",
    "identity.arc",
    "identity.cloudshell",
    "identity.imds",
    "identity.instance",
    "identity.machinelearning",
    "identity.servicefabric",
];

/// What a request is for.
#[derive(Clone, Copy)]
pub(crate) enum Route<'a> {
    /// The control interface, and the path below it.
    Control(&'a str),
    Entra(Endpoint<'a>),
    /// A managed identity's endpoint.
    Identity(Source),
    /// A resource to call with a token, by its name in the path.
    Resource(&'a str),
    /// The provider of federated users.
    Federation(FederationTarget<'a>),
    /// The metadata of the machine.
    Instance,
    Vault(&'a LiveVault, Target<'a>),
    Nothing,
}

/// An endpoint of the token service.
#[derive(Clone, Copy)]
pub(crate) enum Endpoint<'a> {
    DeviceCode(&'a str, Version),
    Instance,
    Keys(&'a str, Version),
    OpenId(&'a str, Version),
    Token(&'a str, Version),
}

/// Ports that vaults are listened for on, by name of the vault.
pub(crate) type VaultPorts = [(String, u16)];

impl<'a> Route<'a> {
    pub(crate) fn of(request: &'a Request, vaults: &'a [LiveVault], ports: &VaultPorts) -> Self {
        if let Some(rest) = request.path.strip_prefix(CONTROL)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return Self::Control(rest);
        }
        if let Some(vault) = addressed_vault(&request.host, vaults, ports) {
            return Self::Vault(vault, Target::of(&request.path));
        }
        if let Some(name) = request.path.strip_prefix(RESOURCE) {
            return Self::Resource(name);
        }
        if let Some(target) = FederationTarget::of(&request.path) {
            return Self::Federation(target);
        }
        if let Some(source) = Source::of(request) {
            return Self::Identity(source);
        }
        if request.path.to_ascii_lowercase().starts_with("/metadata/instance/compute") {
            return Self::Instance;
        }
        Endpoint::of(&request.path).map_or(Self::Nothing, Self::Entra)
    }

    /// One of [`OPERATIONS`].
    pub(crate) fn operation(&self) -> Option<&'static str> {
        match self {
            Self::Control(_) | Self::Nothing => None,
            Self::Entra(Endpoint::DeviceCode(..)) => Some("devicecode"),
            Self::Entra(Endpoint::Instance) => Some("instance"),
            Self::Entra(Endpoint::Keys(..)) => Some("keys"),
            Self::Entra(Endpoint::OpenId(..)) => Some("discovery"),
            Self::Entra(Endpoint::Token(..)) => Some("token"),
            Self::Identity(source) => Some(source.operation()),
            Self::Instance => Some("identity.instance"),
            Self::Resource(_) => Some("resource"),
            Self::Federation(target) => Some(target.operation()),
            Self::Vault(_, target) => Some(target.operation()),
        }
    }

    /// The client that a request says it comes from; nothing of it has been checked.
    pub(crate) fn claimed_client(&self, request: &Request) -> Option<String> {
        match self {
            Self::Entra(endpoint @ (Endpoint::Token(..) | Endpoint::DeviceCode(..))) => {
                let form = endpoint.form(request).unwrap_or_default();
                claimed_client(request, &form)
            }
            Self::Identity(_) => {
                let query = Form::parse(request.query.as_bytes()).unwrap_or_default();
                query.get("client_id").or_else(|| query.get("clientid")).map(str::to_owned)
            }
            Self::Resource(_) | Self::Vault(..) => {
                let (_, token) = request.header("authorization")?.split_once(' ')?;
                let token = Assertion::parse(token.trim()).ok()?;
                let named =
                    ["appid", "azp"].into_iter().find_map(|name| token.claims.text(name).ok().flatten());
                named.map(str::to_owned)
            }
            _ => None,
        }
    }

    /// The tenant as spelled in the path.
    pub(crate) fn tenant(&self) -> Option<&'a str> {
        match self {
            Self::Entra(
                Endpoint::DeviceCode(tenant, _)
                | Endpoint::Keys(tenant, _)
                | Endpoint::OpenId(tenant, _)
                | Endpoint::Token(tenant, _),
            ) => Some(tenant),
            Self::Vault(vault, _) => Some(vault.definition.tenant.id()),
            _ => None,
        }
    }
}

impl<'a> Endpoint<'a> {
    /// Fixed segments are compared without regard to case, as the service does.
    fn of(path: &'a str) -> Option<Self> {
        let (tenant, rest) = path.strip_prefix('/')?.split_once('/')?;
        let endpoint = match rest.to_ascii_lowercase().as_str() {
            "discovery/instance" if tenant.eq_ignore_ascii_case("common") => Self::Instance,
            "oauth2/devicecode" => Self::DeviceCode(tenant, Version::V1),
            "oauth2/v2.0/devicecode" => Self::DeviceCode(tenant, Version::V2),
            "discovery/keys" => Self::Keys(tenant, Version::V1),
            "discovery/v2.0/keys" => Self::Keys(tenant, Version::V2),
            "oauth2/token" => Self::Token(tenant, Version::V1),
            "oauth2/v2.0/token" => Self::Token(tenant, Version::V2),
            ".well-known/openid-configuration" => Self::OpenId(tenant, Version::V1),
            "v2.0/.well-known/openid-configuration" => Self::OpenId(tenant, Version::V2),
            _ => return None,
        };
        Some(endpoint)
    }

    /// The parameters of a request to it: those of the body or, where there may be none, of the query.
    pub(crate) fn form(&self, request: &Request) -> Result<Form, ServiceError> {
        match self {
            Self::DeviceCode(_, Version::V1) if request.method == "GET" => {
                Form::parse(request.query.as_bytes())
                    .map_err(|_| malformed_form("the query is not form-encoded UTF-8"))
            }
            Self::DeviceCode(..) | Self::Token(..) if request.method == "POST" => read_form(request),
            _ => Ok(Form::default()),
        }
    }
}

/// The vault whose port or host name is addressed.
fn addressed_vault<'a>(host: &str, vaults: &'a [LiveVault], ports: &VaultPorts) -> Option<&'a LiveVault> {
    let (name, port) = match host.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((name, port)) if !port.contains(']') => (name, port.parse::<u16>().ok()),
        _ => (host, None),
    };
    let of_port = ports.iter().find(|(_, bound)| Some(*bound) == port).map(|(vault, _)| vault);
    vaults.iter().find(|vault| {
        let definition = &vault.definition;
        of_port == Some(&definition.name) || definition.all_hosts().any(|own| own.eq_ignore_ascii_case(name))
    })
}
