//! Managed identities: tokens that Azure gives to what runs on it, without any credential. Each kind of host has an endpoint of
//! its own on the machine, and says in its environment which one:
//! [virtual machines](https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token) (IMDS),
//! [App Service, Functions and Container Apps](https://learn.microsoft.com/azure/app-service/overview-managed-identity),
//! [Service Fabric](https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code),
//! [Azure Arc](https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication), Cloud Shell, Machine Learning.
//!
//! A [`ManagedIdentity`] makes the requests and the sense of the answers; flights, caching and retries are the client's.

mod answer;

use crate::encoding::push_form_encoded;
use crate::error::{Error, ErrorCode, Result};
use crate::http::{HttpRequest, Method};
use crate::secret::{Secret, SecretBytes, SecretString};
use crate::text::text;
use crate::token::Target;
use alloc::string::String;
use alloc::vec::Vec;
pub(crate) use answer::{Answer, read};

/// The environment variables that a host passes in [`IdentityOptions::environment`].
pub const IDENTITY_VARIABLES: &[&str] = &[
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "DEFAULT_IDENTITY_CLIENT_ID",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "ProgramData",
    "ProgramFiles",
];

/// Where the metadata service of virtual machines is.
const IMDS_HOST: &str = "http://169.254.169.254";

/// Where Azure Arc's agent listens unless the environment says otherwise.
const ARC_ENDPOINT: &str = "http://127.0.0.1:40342/metadata/identity/oauth2/token";

/// How long the metadata service has to answer for the first time: where there is none, nothing answers at all.
const FIRST_TIMEOUT_MILLIS: u32 = 3_000;

/// The longest key file of Azure Arc's agent.
const MAX_KEY_BYTES: usize = 4_096;

/// What a managed identity is made from.
#[derive(Debug, Default)]
pub struct IdentityOptions {
    /// Those of [`IDENTITY_VARIABLES`] that are set. Some hold secrets.
    pub environment: Vec<(String, SecretString)>,
    /// Whether Azure Arc's agent is on the machine; see [`ManagedIdentity::arc_agent_path`].
    pub has_arc_agent: bool,
    /// Client id of a user-assigned identity.
    pub client_id: Option<String>,
    /// Object id of a user-assigned identity.
    pub object_id: Option<String>,
    /// Azure resource id of a user-assigned identity.
    pub resource_id: Option<String>,
}

/// The kinds of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// Virtual machines, scale sets, Kubernetes nodes: the instance metadata service.
    Imds,
    /// App Service, Functions, Container Apps.
    AppService,
    /// Service Fabric.
    ServiceFabric,
    /// Servers elsewhere that Azure Arc manages.
    Arc,
    /// Cloud Shell.
    CloudShell,
    /// Machine Learning.
    MachineLearning,
}

impl IdentitySource {
    /// The name as logs and errors have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Imds => "IMDS",
            Self::AppService => "App Service",
            Self::ServiceFabric => "Service Fabric",
            Self::Arc => "Azure Arc",
            Self::CloudShell => "Cloud Shell",
            Self::MachineLearning => "Machine Learning",
        }
    }

    /// What the endpoint calls the identity's client id, object id and resource id; none where it does not take it.
    const fn id_parameters(self) -> [Option<&'static str>; 3] {
        match self {
            Self::Imds => [Some("client_id"), Some("object_id"), Some("msi_res_id")],
            Self::AppService => [Some("client_id"), Some("object_id"), Some("mi_res_id")],
            Self::ServiceFabric => [None, Some("principalId"), None],
            Self::MachineLearning => [Some("clientid"), None, None],
            Self::Arc | Self::CloudShell => [None, None, None],
        }
    }

    const fn api_version(self) -> Option<&'static str> {
        match self {
            Self::Imds => Some("2018-02-01"),
            Self::AppService => Some("2019-08-01"),
            Self::ServiceFabric => Some("2020-05-01"),
            Self::Arc => Some("2020-06-01"),
            Self::MachineLearning => Some("2017-09-01"),
            Self::CloudShell => None,
        }
    }
}

/// A managed identity of this machine.
#[derive(Debug)]
pub struct ManagedIdentity {
    source: IdentitySource,
    endpoint: String,
    /// What proves to the endpoint that the request comes from this machine: name and value of a header.
    header: Option<(&'static str, SecretString)>,
    /// Name and value of the parameter that names the identity.
    id: Option<(&'static str, String)>,
    /// SHA-1 thumbprint of the endpoint's own TLS certificate, which no authority has signed.
    server_thumbprint: Option<String>,
    /// Where Azure Arc's agent keeps its keys.
    key_folder: String,
}

impl ManagedIdentity {
    /// The identity that the environment leads to.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::IdentityUnsupported`] if the source can't tell identities by such an id, or there is more than one;
    /// [`ErrorCode::IdentityUnavailable`] if the environment names an endpoint that is none.
    pub fn new(options: IdentityOptions) -> Result<Self> {
        let IdentityOptions { environment, has_arc_agent, client_id, object_id, resource_id } = options;
        let mut environment = Environment(environment);
        let source = environment.source(has_arc_agent);
        let client_id = client_id.or_else(|| match source {
            IdentitySource::MachineLearning if object_id.is_none() && resource_id.is_none() => {
                environment.text("DEFAULT_IDENTITY_CLIENT_ID")
            }
            _ => None,
        });
        let endpoint = environment.endpoint(source);
        if !["http://", "https://"].iter().any(|scheme| endpoint.starts_with(scheme))
            || endpoint.contains(['?', '#'])
        {
            let found = text!["an endpoint of ", source.as_str(), " that is no URL"];
            return Err(Error::new(ErrorCode::IdentityUnavailable, found, "an http URL without a query"));
        }
        Ok(Self {
            source,
            endpoint,
            header: environment.header(source),
            id: id_parameter(source, [client_id, object_id, resource_id])?,
            server_thumbprint: environment
                .text("IDENTITY_SERVER_THUMBPRINT")
                .filter(|_| source == IdentitySource::ServiceFabric),
            key_folder: match environment.text("ProgramData") {
                Some(folder) => [folder.as_str(), "\\AzureConnectedMachineAgent\\Tokens\\"].concat(),
                None => "/var/opt/azcmagent/tokens/".into(),
            },
        })
    }

    /// The file that is there where Azure Arc's agent is: of Windows if the environment has the variable `ProgramFiles`.
    pub fn arc_agent_path(program_files: Option<&str>) -> String {
        match program_files {
            Some(folder) => [folder, "\\AzureConnectedMachineAgent\\himds.exe"].concat(),
            None => "/opt/azcmagent/bin/himds".into(),
        }
    }

    /// Which kind of host it is.
    pub const fn source(&self) -> IdentitySource {
        self.source
    }

    /// The endpoint without its query.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Whether only an answer shows that there is an endpoint at all.
    pub(crate) const fn is_guessed(&self) -> bool {
        matches!(self.source, IdentitySource::Imds)
    }

    /// The request for a token. `key` is the one that Azure Arc's challenge named; `was_reached` tells whether the endpoint has
    /// answered before.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::IdentityChallengeInvalid`] for a key that is none.
    pub(crate) fn request(
        &self,
        target: &Target,
        correlation_id: Option<&str>,
        key: Option<&SecretBytes>,
        (timeout_millis, was_reached): (u32, bool),
    ) -> Result<HttpRequest> {
        let mut parameters = String::new();
        let mut push = |name: &str, value: &str| {
            parameters.push_str(if parameters.is_empty() { "" } else { "&" });
            parameters.push_str(name);
            parameters.push('=');
            push_form_encoded(&mut parameters, value);
        };
        if let Some(version) = self.source.api_version() {
            push("api-version", version);
        }
        push("resource", resource_of(target));
        if let Some((name, value)) = &self.id {
            push(name, value);
        }
        let is_post = self.source == IdentitySource::CloudShell;
        let mut headers: Vec<(&'static str, String)> = Vec::with_capacity(4);
        headers.push(("accept", "application/json".into()));
        if !matches!(self.source, IdentitySource::AppService | IdentitySource::ServiceFabric) {
            headers.push(("Metadata", "true".into()));
        }
        headers.extend(correlation_id.map(|id| ("x-ms-client-request-id", id.into())));
        if is_post {
            headers.push(("content-type", "application/x-www-form-urlencoded".into()));
        }
        let secret =
            |(name, value): &(&'static str, SecretString)| (*name, Secret::new(value.expose().clone()));
        Ok(HttpRequest {
            method: if is_post { Method::Post } else { Method::Get },
            url: if is_post { self.endpoint.clone() } else { [&self.endpoint, "?", &parameters].concat() },
            headers,
            secret_header: match key {
                Some(key) => Some(("Authorization", basic(key)?)),
                None => self.header.as_ref().map(secret),
            },
            body: Secret::new(if is_post { parameters } else { String::new() }),
            timeout_millis: match was_reached || !self.is_guessed() {
                true => timeout_millis,
                false => timeout_millis.min(FIRST_TIMEOUT_MILLIS),
            },
            is_direct: true,
            server_thumbprint: self.server_thumbprint.clone(),
        })
    }
}

/// The value of `Authorization` that Azure Arc's agent expects: the content of its key file as it is.
fn basic(key: &SecretBytes) -> Result<SecretString> {
    let text = core::str::from_utf8(key.expose()).unwrap_or_default().trim_ascii();
    let is_key = !text.is_empty()
        && text.len() <= MAX_KEY_BYTES
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !is_key {
        let found = text!["a key file of ", key.expose().len(), " bytes"];
        return Err(Error::new(
            ErrorCode::IdentityChallengeInvalid,
            found,
            "a key of one line, 4096 bytes at most",
        ));
    }
    let mut value = Secret::new(String::with_capacity("Basic ".len().saturating_add(text.len())));
    value.expose_mut().push_str("Basic ");
    value.expose_mut().push_str(text);
    Ok(value)
}

/// The resource that a scope names: these endpoints know the older form alone.
fn resource_of(target: &Target) -> &str {
    let target = target.as_str();
    target.strip_suffix("/.default").unwrap_or(target)
}

fn id_parameter(source: IdentitySource, ids: [Option<String>; 3]) -> Result<Option<(&'static str, String)>> {
    let unsupported = |found: &'static str| {
        let expected = "the system-assigned identity, or one id that the source takes";
        Error::new(ErrorCode::IdentityUnsupported, text![found, " for ", source.as_str()], expected)
    };
    let mut given = ids.into_iter().zip(source.id_parameters()).filter_map(|(id, name)| Some((id?, name)));
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some((id, Some(name))), None) => Ok(Some((name, id))),
        (Some((_, None)), None) => Err(unsupported("an id that can't be told")),
        (Some(_), Some(_)) => Err(unsupported("more than one id")),
    }
}

/// The variables that are set.
struct Environment(Vec<(String, SecretString)>);

impl Environment {
    fn find(&self, name: &str) -> Option<&SecretString> {
        let (_, value) = self.0.iter().find(|(found, value)| found == name && !value.expose().is_empty())?;
        Some(value)
    }

    fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.find(name).map(|value| value.expose().clone())
    }

    fn take(&mut self, name: &str) -> Option<SecretString> {
        let index = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.swap_remove(index).1)
    }

    /// The order in which Microsoft's own clients look.
    fn source(&self, has_arc_agent: bool) -> IdentitySource {
        let has = |name| self.has(name);
        match (has("IDENTITY_ENDPOINT"), has("IDENTITY_HEADER"), has("MSI_ENDPOINT")) {
            (true, true, _) if has("IDENTITY_SERVER_THUMBPRINT") => IdentitySource::ServiceFabric,
            (true, true, _) => IdentitySource::AppService,
            (_, _, true) if has("MSI_SECRET") => IdentitySource::MachineLearning,
            (_, _, true) => IdentitySource::CloudShell,
            (true, ..) if has("IMDS_ENDPOINT") => IdentitySource::Arc,
            _ if has_arc_agent => IdentitySource::Arc,
            _ => IdentitySource::Imds,
        }
    }

    fn endpoint(&self, source: IdentitySource) -> String {
        let text = |name| self.text(name).unwrap_or_default();
        match source {
            IdentitySource::AppService | IdentitySource::ServiceFabric => text("IDENTITY_ENDPOINT"),
            IdentitySource::CloudShell | IdentitySource::MachineLearning => text("MSI_ENDPOINT"),
            IdentitySource::Arc => self.text("IDENTITY_ENDPOINT").unwrap_or_else(|| ARC_ENDPOINT.into()),
            IdentitySource::Imds => {
                let host = self.text("AZURE_POD_IDENTITY_AUTHORITY_HOST");
                let host = host.as_deref().unwrap_or(IMDS_HOST);
                [host.strip_suffix('/').unwrap_or(host), "/metadata/identity/oauth2/token"].concat()
            }
        }
    }

    fn header(&mut self, source: IdentitySource) -> Option<(&'static str, SecretString)> {
        match source {
            IdentitySource::AppService => Some(("X-IDENTITY-HEADER", self.take("IDENTITY_HEADER")?)),
            IdentitySource::ServiceFabric => Some(("secret", self.take("IDENTITY_HEADER")?)),
            IdentitySource::MachineLearning => Some(("secret", self.take("MSI_SECRET")?)),
            IdentitySource::Imds | IdentitySource::Arc | IdentitySource::CloudShell => None,
        }
    }
}
