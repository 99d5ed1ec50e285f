//! The token service without IO: a request goes in, a response and a log entry come out.
//!
//! Routes by path, makes the headers that every reply has, and turns a refusal into an error body. State is what the
//! configuration says, the signing key and, in strict mode, the `jti` values already used; the result depends on
//! these, the request and the clock, but for random ids.

use serde_json::Value;
use time::OffsetDateTime;

use crate::client_authentication::{Circumstances, Replays};
use crate::clock::http_date;
use crate::config::Config;
use crate::discovery;
use crate::error::Error;
use crate::form::Form;
use crate::keys::SigningKey;
use crate::log::{Decision, LogEntry, Trail};
use crate::message::{Request, Response};
use crate::random;
use crate::service_error::{ReplyIds, ServiceError};
use crate::tenant::{NoRealm, Realm, resolve};
use crate::token_endpoint::{self, Issued, Version, check_parameters, claimed_client, read_form, tenanted};

/// The service: everything but sockets and TLS.
pub struct TokenService {
    config: Config,
    key: SigningKey,
    replays: Replays,
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Route<'a> {
    Instance,
    Keys(&'a str, Version),
    OpenId(&'a str, Version),
    Token(&'a str, Version),
}

/// What a request came to, before headers.
enum Outcome {
    Document(Value, &'static str),
    Token(Issued),
}

impl TokenService {
    /// A service with a signing key of its own.
    ///
    /// # Errors
    ///
    /// The key can't be made.
    pub fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { config, key: SigningKey::generate()?, replays: Replays::default() })
    }

    /// Answers one request and says what was checked and decided.
    pub fn handle(&self, request: &Request) -> (Response, LogEntry) {
        let now = self.config.clock.now();
        let mut trail = Trail::new(self.config.strict);
        let Some(route) = Route::of(&request.path) else {
            let entry = entry(request, 404, trail, Decision::NotFound);
            return (not_found(now), entry);
        };
        let form = match route {
            Route::Token(..) if request.method == "POST" => read_form(request),
            _ => Ok(Form::default()),
        };
        let ids = ReplyIds {
            trace: random::guid(),
            correlation: correlation(request, form.as_ref().ok()).unwrap_or_else(random::guid),
        };
        let result = form
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|form| self.answer(request, route, form, now, &mut trail));
        let (status, body, decision) = match result {
            Ok(Outcome::Document(document, name)) => {
                (200, document.to_string().into_bytes(), Decision::Served { document: name })
            }
            Ok(Outcome::Token(issued)) => {
                let decision = Decision::Issued { version: issued.token_version, resource: issued.resource };
                (200, issued.body, decision)
            }
            Err(error) => {
                let reason = if error.reason.is_empty() { error.text.clone() } else { error.reason.clone() };
                let decision = Decision::Refused { code: error.code, reason };
                (error.status(), error.body(&request.base(), &ids, now), decision)
            }
        };
        let is_document = matches!(decision, Decision::Served { .. });
        let headers = headers(request, form.as_ref().ok(), &ids, now, is_document);
        (Response { status, headers, body }, entry(request, status, trail, decision))
    }

    /// Where [`TokenService::handle`]'s entries are meant to go.
    pub(crate) fn log(&self, entry: &LogEntry) {
        self.config.log.write(entry);
    }

    fn answer(
        &self,
        request: &Request,
        route: Route<'_>,
        form: &Form,
        now: OffsetDateTime,
        trail: &mut Trail,
    ) -> Result<Outcome, ServiceError> {
        check_method(&request.method, route)?;
        let base = request.base();
        match route {
            Route::Instance => {
                let document = discovery::instance(&request.query, &base, &request.host)?;
                Ok(Outcome::Document(document, "instance discovery"))
            }
            Route::Keys(segment, version) => {
                let realm = self.realm(segment)?;
                let issuer = (version == Version::V2).then(|| discovery::issuer(version, &base, &realm));
                Ok(Outcome::Document(self.key.key_set(issuer.as_deref()), "key set"))
            }
            Route::OpenId(segment, version) => {
                let realm = self.realm(segment)?;
                let document = discovery::openid_configuration(version, &base, &realm);
                Ok(Outcome::Document(document, "OpenID configuration"))
            }
            Route::Token(segment, version) => {
                self.token(request, segment, version, form, now, trail).map(Outcome::Token)
            }
        }
    }

    fn token(
        &self,
        request: &Request,
        segment: &str,
        version: Version,
        form: &Form,
        now: OffsetDateTime,
        trail: &mut Trail,
    ) -> Result<Issued, ServiceError> {
        let client_id = claimed_client(request, form);
        trail.client = client_id.clone();
        let realm = self.realm(segment)?;
        trail.passed("tenant");
        let target = check_parameters(version, form, client_id.as_deref(), trail)?;
        let base = request.base();
        let at = Circumstances {
            applications: &self.config.applications,
            tenant: tenanted(&realm)?,
            segment,
            base: &base,
            endpoint: version.path(),
            now,
            skew: skew(&self.config),
            replays: &self.replays,
        };
        let client_id = client_id.unwrap_or_default();
        let client = token_endpoint::authenticate(request, form, &at, &client_id, trail)?;
        let lifetime = self.config.lifetime.map(|lifetime| lifetime.as_secs());
        token_endpoint::issue(version, &target, form, &client, &at, (&self.key, lifetime), trail)
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

impl<'a> Route<'a> {
    /// Fixed segments are compared without regard to case, as the service does.
    fn of(path: &'a str) -> Option<Self> {
        let (tenant, rest) = path.strip_prefix('/')?.split_once('/')?;
        let route = match rest.to_ascii_lowercase().as_str() {
            "discovery/instance" if tenant.eq_ignore_ascii_case("common") => Self::Instance,
            "discovery/keys" => Self::Keys(tenant, Version::V1),
            "discovery/v2.0/keys" => Self::Keys(tenant, Version::V2),
            "oauth2/token" => Self::Token(tenant, Version::V1),
            "oauth2/v2.0/token" => Self::Token(tenant, Version::V2),
            ".well-known/openid-configuration" => Self::OpenId(tenant, Version::V1),
            "v2.0/.well-known/openid-configuration" => Self::OpenId(tenant, Version::V2),
            _ => return None,
        };
        Some(route)
    }
}

fn check_method(method: &str, route: Route<'_>) -> Result<(), ServiceError> {
    let (allowed, name): (&[&str], _) = match route {
        Route::Token(..) => (&["POST"], "POST"),
        _ => (&["GET", "HEAD"], "GET"),
    };
    if allowed.contains(&method) {
        return Ok(());
    }
    let method = method.escape_debug();
    let text = format!("The endpoint only accepts {name} requests. Received a {method} request.");
    Err(ServiceError::new(900561, text).because(format!("{name} is the only method here")))
}

fn skew(config: &Config) -> time::Duration {
    time::Duration::try_from(config.clock_skew).unwrap_or(time::Duration::MAX)
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
) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("date", http_date(now)),
        ("x-content-type-options", "nosniff".to_owned()),
        ("x-ms-request-id", ids.trace.clone()),
        ("x-ms-ests-server", concat!("certgrant-emulator ", env!("CARGO_PKG_VERSION")).to_owned()),
    ];
    if is_document {
        headers.push(("cache-control", "max-age=86400, private".to_owned()));
        headers.push(("access-control-allow-origin", "*".to_owned()));
    } else {
        // RFC 6749 sections 5.1 and 5.2: a reply of the token endpoint must not be stored.
        headers.push(("cache-control", "no-store, no-cache".to_owned()));
        headers.push(("pragma", "no-cache".to_owned()));
    }
    if wants_id(request, form) {
        headers.push(("client-request-id", ids.correlation.clone()));
    }
    headers
}

fn entry(request: &Request, status: u16, trail: Trail, decision: Decision) -> LogEntry {
    LogEntry {
        method: request.method.clone(),
        path: request.path.clone(),
        status,
        client: trail.client,
        checks: trail.checks,
        deviations: trail.deviations,
        decision,
    }
}

fn not_found(now: OffsetDateTime) -> Response {
    let headers = vec![("content-type", "text/plain; charset=utf-8".to_owned()), ("date", http_date(now))];
    Response { status: 404, headers, body: b"certgrant-emulator serves nothing at this path\n".to_vec() }
}
