//! What tells the six kinds of endpoint apart: path, method, headers, versions, names of parameters.

use subtle::ConstantTimeEq as _;

use crate::form::Form;
use crate::identity::reply::Fault;
use crate::message::Request;

/// Which kind of machine is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    AppService,
    Arc,
    CloudShell,
    Imds,
    MachineLearning,
    ServiceFabric,
}

const ARC_VERSIONS: &[&str] = &["2019-11-01", "2020-06-01"];
const SERVICE_FABRIC_VERSIONS: &[&str] = &["2019-07-01-preview", "2020-05-01"];
/// The path that three of them share; the version tells which one is meant.
pub(crate) const METADATA_PATH: &str = "/metadata/identity/oauth2/token";

impl Source {
    pub(crate) const ALL_IDENTITY_PARAMETERS: &[&str] =
        &["client_id", "clientid", "object_id", "principalId", "principal_id", "msi_res_id", "mi_res_id"];

    /// The kind that a request is for, by path and version.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let path = request.path.trim_end_matches('/').to_ascii_lowercase();
        match path.as_str() {
            METADATA_PATH => {
                let query = Form::parse(request.query.as_bytes()).unwrap_or_default();
                Some(match query.get("api-version") {
                    Some(version) if ARC_VERSIONS.contains(&version) => Self::Arc,
                    Some(version) if SERVICE_FABRIC_VERSIONS.contains(&version) => Self::ServiceFabric,
                    _ => Self::Imds,
                })
            }
            "/msi/token" => Some(Self::AppService),
            "/msi/auth" => Some(Self::MachineLearning),
            "/oauth2/token" => Some(Self::CloudShell),
            _ => None,
        }
    }

    /// The name under which its requests are counted and faulted.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::AppService => "identity.appservice",
            Self::Arc => "identity.arc",
            Self::CloudShell => "identity.cloudshell",
            Self::Imds => "identity.imds",
            Self::MachineLearning => "identity.machinelearning",
            Self::ServiceFabric => "identity.servicefabric",
        }
    }

    /// The parameters that may name a user-assigned identity.
    pub(super) fn identity_parameters(self) -> &'static [&'static str] {
        match self {
            Self::AppService => &["client_id", "object_id", "principal_id", "mi_res_id"],
            Self::Arc | Self::CloudShell => &[],
            Self::Imds => &["client_id", "object_id", "msi_res_id"],
            Self::MachineLearning => &["clientid"],
            Self::ServiceFabric => &["principalId"],
        }
    }

    pub(super) fn check_method(self, request: &Request) -> Result<(), Fault> {
        let wanted = if self == Self::CloudShell { "POST" } else { "GET" };
        if request.method == wanted {
            return Ok(());
        }
        Err(Fault::new(405, "method_not_allowed", format!("{wanted} is the only method here")))
    }

    /// What shows that the request does not come from outside: a header that no browser and no forwarder would send.
    pub(super) fn check_headers(self, request: &Request, secret: &str) -> Result<(), Fault> {
        match self {
            Self::Imds | Self::Arc | Self::CloudShell => {
                if request.header("x-forwarded-for").is_some() {
                    return Err(Fault::invalid("the request was forwarded (X-Forwarded-For)"));
                }
                match request.header("metadata") {
                    Some(value) if value.eq_ignore_ascii_case("true") => Ok(()),
                    _ => Err(Fault::new(400, "invalid_request", "Required metadata header not specified")),
                }
            }
            Self::AppService => self.check_secret(request, "x-identity-header", secret),
            Self::MachineLearning | Self::ServiceFabric => self.check_secret(request, "secret", secret),
        }
    }

    fn check_secret(self, request: &Request, name: &str, secret: &str) -> Result<(), Fault> {
        let presented = request.header(name).unwrap_or_default();
        if bool::from(presented.as_bytes().ct_eq(secret.as_bytes())) {
            return Ok(());
        }
        Err(match self {
            Self::ServiceFabric => {
                Fault::new(400, "SecretHeaderNotFound", "Secret is not found in the request headers.")
            }
            _ => Fault::new(
                401,
                "unauthorized",
                format!("the header {name} is missing or not the machine's secret"),
            ),
        })
    }

    pub(super) fn check_version(self, version: Option<&str>) -> Result<(), Fault> {
        let known = match self {
            // The path with one of their versions is how these are told apart.
            Self::Arc | Self::ServiceFabric | Self::CloudShell => return Ok(()),
            Self::AppService => version == Some("2019-08-01"),
            Self::MachineLearning => version == Some("2017-09-01"),
            // The metadata service knows many versions, each a date.
            Self::Imds => version.is_some_and(|version| version >= "2018-02-01" && version.starts_with("20")),
        };
        match version {
            _ if known => Ok(()),
            None => Err(Fault::missing("api-version")),
            Some(_) => Err(Fault::invalid("this api-version is not served here")),
        }
    }
}
