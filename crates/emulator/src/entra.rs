//! The token service proper: OpenID documents, key sets, instance discovery and token endpoints, with the headers that
//! every reply of theirs has.
//!
//! Turns a refusal into an error body. What is decided depends on the request, the configuration and the clock, but
//! for random ids.

use serde_json::Value;
use time::OffsetDateTime;

use crate::client_authentication::{Circumstances, Replays};
use crate::clock::http_date;
use crate::config::Config;
use crate::device_codes::DeviceCodes;
use crate::device_endpoint::{self, DeviceStart};
use crate::discovery;
use crate::error::Error;
use crate::form::Form;
use crate::keys::SigningKey;
use crate::log::{Decision, Trail};
use crate::managed_identity::ManagedIdentity;
use crate::message::{Delivery, Request, Response};
use crate::random;
use crate::registration::Application;
use crate::route::Endpoint;
use crate::sealed::Sealer;
use crate::service_error::{ReplyIds, ServiceError};
use crate::tenant::{NoRealm, Realm, Tenant, resolve};
use crate::token_endpoint::{
    self, Demand, Grant, Issued, Lifetimes, Version, check_parameters, claimed_client, read_form, tenanted,
};
use crate::user::User;

/// What the token service works with.
pub(crate) struct Entra<'a> {
    pub(crate) config: &'a Config,
    pub(crate) applications: &'a [Application],
    pub(crate) users: &'a [User],
    pub(crate) identities: &'a [ManagedIdentity],
    /// Names of Key Vault as a resource, beside those of the clouds.
    pub(crate) vault_resources: &'a [String],
    pub(crate) key: &'a SigningKey,
    pub(crate) replays: &'a Replays,
    pub(crate) state: &'a EntraState,
    pub(crate) now: OffsetDateTime,
    pub(crate) lifetimes: Lifetimes,
}

/// What the token service remembers of its users' sign-ins.
pub(crate) struct EntraState {
    /// Authorization codes that have been redeemed.
    pub(crate) codes: Replays,
    pub(crate) devices: DeviceCodes,
    pub(crate) sealer: Sealer,
}

impl EntraState {
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self { codes: Replays::default(), devices: DeviceCodes::default(), sealer: Sealer::new()? })
    }
}

/// What a request came to, before headers.
enum Outcome {
    Document(Value, &'static str),
    /// Not to be kept.
    Reply(Value, &'static str),
    Token(Issued),
}

impl Entra<'_> {
    /// Answers a request to one of the endpoints.
    pub(crate) fn respond(
        &self,
        request: &Request,
        endpoint: Endpoint<'_>,
        trail: &mut Trail,
    ) -> (Response, Decision) {
        let form = endpoint.form(request);
        let ids = ReplyIds {
            trace: random::guid(),
            correlation: correlation(request, form.as_ref().ok()).unwrap_or_else(random::guid),
        };
        let result =
            form.as_ref().map_err(Clone::clone).and_then(|form| self.answer(request, endpoint, form, trail));
        let is_document = matches!(result, Ok(Outcome::Document(..)));
        let (status, body, decision) = match result {
            Ok(Outcome::Document(document, name) | Outcome::Reply(document, name)) => {
                (200, document.to_string().into_bytes(), Decision::Served { document: name })
            }
            Ok(Outcome::Token(issued)) => {
                let decision = Decision::Issued { version: issued.token_version, resource: issued.resource };
                (200, issued.body, decision)
            }
            Err(error) => {
                let reason = if error.reason.is_empty() { error.text.clone() } else { error.reason.clone() };
                let decision = Decision::Refused { code: error.code, reason };
                (error.status(), error.body(&request.base(), &ids, self.now), decision)
            }
        };
        let headers = headers(request, form.as_ref().ok(), &ids, self.now, is_document);
        (Response { status, headers, body, delivery: Delivery::default() }, decision)
    }

    fn answer(
        &self,
        request: &Request,
        endpoint: Endpoint<'_>,
        form: &Form,
        trail: &mut Trail,
    ) -> Result<Outcome, ServiceError> {
        check_method(&request.method, endpoint)?;
        let base = request.base();
        match endpoint {
            Endpoint::DeviceCode(segment, version) => {
                let reply = self.device_code(segment, version, form, trail)?;
                Ok(Outcome::Reply(reply, "device code"))
            }
            Endpoint::Instance => {
                let document = discovery::instance(&request.query, &base, &request.host)?;
                Ok(Outcome::Document(document, "instance discovery"))
            }
            Endpoint::Keys(segment, version) => {
                let realm = self.realm(segment)?;
                let issuer = (version == Version::V2).then(|| discovery::issuer(version, &base, &realm));
                Ok(Outcome::Document(self.key.key_set(issuer.as_deref()), "key set"))
            }
            Endpoint::OpenId(segment, version) => {
                let realm = self.realm(segment)?;
                let document = discovery::openid_configuration(version, &base, &realm);
                Ok(Outcome::Document(document, "OpenID configuration"))
            }
            Endpoint::Token(segment, version) => {
                self.token(request, segment, version, form, trail).map(Outcome::Token)
            }
        }
    }

    fn token(
        &self,
        request: &Request,
        segment: &str,
        version: Version,
        form: &Form,
        trail: &mut Trail,
    ) -> Result<Issued, ServiceError> {
        let client_id = claimed_client(request, form);
        trail.client = client_id.clone();
        let realm = self.realm(segment)?;
        trail.passed("tenant");
        let (grant, target) = check_parameters(version, form, client_id.as_deref(), trail)?;
        let base = request.base();
        let tenant = self.tenant_of(&realm, grant, form)?;
        let at = Circumstances {
            applications: self.applications,
            users: self.users,
            tenants: &self.config.tenants,
            vault_resources: self.vault_resources,
            tenant: &tenant,
            segment,
            base: &base,
            endpoint: version.path(),
            now: self.now,
            skew: self.config.skew(),
            replays: self.replays,
            codes: &self.state.codes,
            devices: &self.state.devices,
            sealer: &self.state.sealer,
            key: self.key,
            lifetimes: self.lifetimes,
            issuers: &self.config.issuers,
            identities: self.identities,
        };
        let client_id = client_id.unwrap_or_default();
        let demand =
            Demand { version, grant, target: target.as_deref(), client_id: &client_id, request, form };
        token_endpoint::answer(&demand, &at, trail)
    }

    /// The tenant of the path or, where the path names none, the one that the presented grant belongs to.
    fn tenant_of(&self, realm: &Realm, grant: Grant, form: &Form) -> Result<Tenant, ServiceError> {
        let serves = match realm {
            Realm::Tenant(tenant) => return Ok(tenant.clone()),
            // Passwords are taken at /organizations, not at /common.
            Realm::Common => grant != Grant::Password,
            Realm::Organizations => true,
            Realm::Consumers => false,
        };
        let carried = (&self.state.sealer, &self.state.devices);
        let home = serves
            .then(|| token_endpoint::home_tenant(grant, form, self.users, &self.config.tenants, carried))
            .flatten();
        let undecided = || self.tenant_of_pending(grant, form).filter(|_| serves);
        home.or_else(undecided).map_or_else(|| tenanted(realm).cloned(), Ok)
    }

    /// A device that nobody has signed in on yet belongs to no tenant; what it polls for is looked up in one that the
    /// application is in.
    fn tenant_of_pending(&self, grant: Grant, form: &Form) -> Option<Tenant> {
        let client = form.get("client_id").filter(|_| grant == Grant::DeviceCode)?;
        let of_id = |application: &&Application| application.app_id.eq_ignore_ascii_case(client);
        self.applications.iter().find(of_id).map(Application::some_tenant)
    }

    fn device_code(
        &self,
        segment: &str,
        version: Version,
        form: &Form,
        trail: &mut Trail,
    ) -> Result<Value, ServiceError> {
        let realm = self.realm(segment)?;
        trail.passed("tenant");
        let tenant = match &realm {
            Realm::Tenant(tenant) => Some(tenant),
            _ => None,
        };
        let start = DeviceStart {
            version,
            applications: self.applications,
            vault_resources: self.vault_resources,
            tenant,
            segment,
            devices: &self.state.devices,
            now: self.now,
        };
        device_endpoint::start(&start, form, trail)
    }

    fn realm(&self, segment: &str) -> Result<Realm, ServiceError> {
        resolve(segment, &self.config.tenants).map_err(|fault| match fault {
            NoRealm::Malformed => {
                let text = format!(
                    "Specified tenant identifier '{segment}' is neither a valid DNS name, nor a valid external domain."
                );
                ServiceError::new(900023, text).because("the tenant is neither a GUID nor a domain")
            }
            NoRealm::Unknown => {
                let text = format!(
                    "Tenant '{segment}' not found. Check to make sure you have the correct tenant ID and are signing \
                     into the correct cloud. This may happen if there are no active subscriptions for the tenant."
                );
                ServiceError::new(90002, text).because("no such tenant is configured")
            }
        })
    }
}

/// A refusal with the headers that it has.
pub(crate) fn refuse(request: &Request, error: &ServiceError, now: OffsetDateTime) -> Response {
    let form = read_form(request).ok();
    let ids = ReplyIds {
        trace: random::guid(),
        correlation: correlation(request, form.as_ref()).unwrap_or_else(random::guid),
    };
    let headers = headers(request, form.as_ref(), &ids, now, false);
    let body = error.body(&request.base(), &ids, now);
    Response { status: error.status(), headers, body, delivery: Delivery::default() }
}

fn check_method(method: &str, endpoint: Endpoint<'_>) -> Result<(), ServiceError> {
    let (allowed, name): (&[&str], _) = match endpoint {
        Endpoint::DeviceCode(_, Version::V1) => (&["POST", "GET"], "POST"),
        Endpoint::DeviceCode(_, Version::V2) | Endpoint::Token(..) => (&["POST"], "POST"),
        _ => (&["GET", "HEAD"], "GET"),
    };
    if allowed.contains(&method) {
        return Ok(());
    }
    let method = method.escape_debug();
    let text = format!("The endpoint only accepts {name} requests. Received a {method} request.");
    Err(ServiceError::new(900561, text).because(format!("{name} is the only method here")))
}

/// The client's own id for this exchange, from header, query or body; only a GUID is taken.
fn correlation(request: &Request, form: Option<&Form>) -> Option<String> {
    let name = "client-request-id";
    let query = Form::parse(request.query.as_bytes()).unwrap_or_default();
    let found = request.header(name).or_else(|| query.get(name)).or_else(|| form?.get(name));
    found.filter(|id| random::is_guid(id)).map(str::to_owned)
}

/// Whether the client wants its request id back.
fn wants_id(request: &Request, form: Option<&Form>) -> bool {
    let name = "return-client-request-id";
    let query = Form::parse(request.query.as_bytes()).unwrap_or_default();
    let found = request.header(name).or_else(|| query.get(name)).or_else(|| form?.get(name));
    found.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn headers(
    request: &Request,
    form: Option<&Form>,
    ids: &ReplyIds,
    now: OffsetDateTime,
    is_document: bool,
) -> Vec<(String, String)> {
    let mut headers = vec![
        ("content-type", "application/json; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("x-ms-request-id", &ids.trace),
        ("x-ms-ests-server", concat!("certgrant-emulator ", env!("CARGO_PKG_VERSION"))),
    ];
    let date = http_date(now);
    headers.push(("date", &date));
    if is_document {
        headers.push(("cache-control", "max-age=86400, private"));
        headers.push(("access-control-allow-origin", "*"));
    } else {
        // RFC 6749 sections 5.1 and 5.2: a reply of the token endpoint must not be stored.
        headers.push(("cache-control", "no-store, no-cache"));
        headers.push(("pragma", "no-cache"));
    }
    if wants_id(request, form) {
        headers.push(("client-request-id", &ids.correlation));
    }
    headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
