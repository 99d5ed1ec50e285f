//! Everything but sockets and TLS: a request goes in, a response and a log entry come out.
//!
//! Finds out which service a request is for and what is to go wrong with it, has it answered, and counts it. State is what the configuration says, the
//! signing key, what the control interface has changed and, in strict mode, the `jti` values already used; the result
//! depends on these, the request and the clock, but for random ids.

use std::sync::OnceLock;

use time::OffsetDateTime;

use crate::client_authentication::Replays;
use crate::clock::http_date;
use crate::config::Config;
use crate::control;
use crate::entra::{Entra, EntraState};
use crate::error::Error;
use crate::faults::{self, Action, Facts, Faults, Verdict};
use crate::identity::{self, ArcKeys, IdentityCall, Source};
use crate::keys::SigningKey;
use crate::log::{Decision, LogEntry, Trail};
use crate::managed_identity::ManagedIdentity;
use crate::message::{Connection, Request, Response};
use crate::protected_resource::{self, Demands, ResourceCall};
use crate::random;
use crate::registration::Application;
use crate::requests::{RequestRecord, Requests};
use crate::route::{Endpoint, Route, VaultPorts};
use crate::snapshot::Snapshot;
use crate::token_endpoint::Lifetimes;
use crate::user::User;
use crate::vault::{self, LiveVault, VaultCall};
use crate::wstrust::{self, FederationCall, FederationTarget};

/// The service: everything but sockets and TLS.
pub struct TokenService {
    pub(crate) config: Config,
    pub(crate) key: SigningKey,
    pub(crate) applications: Snapshot<Vec<Application>>,
    pub(crate) vaults: Snapshot<Vec<LiveVault>>,
    pub(crate) requests: Requests,
    pub(crate) faults: Faults,
    pub(crate) users: Snapshot<Vec<User>>,
    pub(crate) identities: Snapshot<Vec<ManagedIdentity>>,
    /// What code on the emulated machine shows to its identity endpoints.
    pub(crate) identity_secret: String,
    arc: ArcKeys,
    pub(crate) entra: EntraState,
    pub(crate) demands: Demands,
    replays: Replays,
    addresses: OnceLock<Addresses>,
}

impl core::fmt::Debug for TokenService {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TokenService").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Where the service is listened for, which is known only once it is.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    /// `https://localhost:PORT`.
    pub(crate) authority: String,
    /// `http://localhost:PORT`; empty if plain HTTP is off.
    pub(crate) http: String,
    /// SHA-1 of the TLS certificate.
    pub(crate) tls_thumbprint: String,
    pub(crate) vaults: Vec<(String, u16)>,
}

impl TokenService {
    /// A service with a signing key of its own.
    ///
    /// # Errors
    ///
    /// A key can't be made, or a vault's can't be read.
    pub fn new(config: Config) -> Result<Self, Error> {
        let now = config.clock.now();
        Ok(Self {
            key: SigningKey::generate()?,
            applications: Snapshot::new(config.applications.clone()),
            vaults: Snapshot::new(LiveVault::open_all(&config.vaults, now)?),
            requests: Requests::default(),
            faults: Faults::new(&config.faults, now),
            users: Snapshot::new(config.users.clone()),
            identities: Snapshot::new(config.managed_identities.clone()),
            identity_secret: config.identity_host.secret.clone().unwrap_or_else(random::guid),
            arc: ArcKeys::new(config.identity_host.arc_key_folder.clone()),
            entra: EntraState::new()?,
            demands: Demands::default(),
            replays: Replays::default(),
            addresses: OnceLock::new(),
            config,
        })
    }

    /// Answers one request and says what was checked and decided.
    pub fn handle(&self, request: &Request) -> (Response, LogEntry) {
        let now = self.config.clock.now();
        let vaults = self.vaults.get();
        let route = Route::of(request, &vaults, self.vault_ports());
        let mut trail = Trail::new(self.config.strict);
        let Some(operation) = route.operation() else {
            let (response, decision) = match route {
                Route::Control(path) if self.config.control => control::respond(self, request, path),
                _ => (not_found(now), Decision::NotFound),
            };
            let entry = entry(request, response.status, trail, decision);
            return (response, entry);
        };
        let client = route.claimed_client(request);
        let facts = Facts { operation, tenant: route.tenant(), client: client.as_deref() };
        let verdict = self.faults.consult(&facts, &self.config.tenants, now);
        let (response, decision) = self.faulted(request, &route, &verdict, now, &mut trail);
        if trail.client.is_none() {
            trail.client.clone_from(&client);
        }
        let is_reset = response.delivery.connection == Connection::Reset;
        self.requests.add(RequestRecord {
            number: 0,
            unix_seconds: now.unix_timestamp(),
            operation,
            method: request.method.clone(),
            path: request.path.clone(),
            tenant: route.tenant().map(str::to_owned),
            client: trail.client.clone(),
            status: if is_reset { 0 } else { response.status },
            code: decision.code(),
            faults: verdict.rules,
        });
        let entry = entry(request, response.status, trail, decision);
        (response, entry)
    }

    /// Answers with what goes wrong.
    fn faulted(
        &self,
        request: &Request,
        route: &Route<'_>,
        verdict: &Verdict,
        now: OffsetDateTime,
        trail: &mut Trail,
    ) -> (Response, Decision) {
        let action = &verdict.action;
        let now = now.saturating_add(action.clock_offset());
        let (mut response, decision) = if action.replaces() {
            let replaced = faults::replace(action, request, route, &self.authority(request), now);
            let rules = verdict.rules.clone();
            (replaced.response, Decision::Faulted { rules, code: replaced.code })
        } else {
            for rule in &verdict.rules {
                trail.note(format!("fault {rule}"));
            }
            self.respond(request, route, action, now, trail)
        };
        faults::adjust(&mut response, action, now);
        (response, decision)
    }

    fn respond(
        &self,
        request: &Request,
        route: &Route<'_>,
        action: &Action,
        now: OffsetDateTime,
        trail: &mut Trail,
    ) -> (Response, Decision) {
        match *route {
            Route::Control(_) | Route::Nothing => (not_found(now), Decision::NotFound),
            Route::Entra(endpoint) => self.answer_client(request, endpoint, action, now, trail),
            Route::Federation(target) => self.answer_federated(request, target, now, trail),
            Route::Identity(source) => self.answer_machine(request, source, action, now, trail),
            Route::Instance => identity::metadata(request, self.config.identity_host.region.as_deref(), now),
            Route::Resource(name) => self.answer_caller(request, name, now, trail),
            Route::Vault(vault, target) => {
                let call = VaultCall { vault, request, target, key: &self.key, now };
                vault::respond(&call, &self.authority(request), trail)
            }
        }
    }

    fn answer_client(
        &self,
        request: &Request,
        endpoint: Endpoint<'_>,
        action: &Action,
        now: OffsetDateTime,
        trail: &mut Trail,
    ) -> (Response, Decision) {
        let entra = Entra {
            config: &self.config,
            applications: &self.applications.get(),
            users: &self.users.get(),
            identities: &self.identities.get(),
            state: &self.entra,
            vault_resources: &self.vault_resources(),
            key: &self.key,
            replays: &self.replays,
            now,
            lifetimes: self.lifetimes(action),
        };
        entra.respond(request, endpoint, trail)
    }

    fn answer_machine(
        &self,
        request: &Request,
        source: Source,
        action: &Action,
        now: OffsetDateTime,
        trail: &mut Trail,
    ) -> (Response, Decision) {
        let call = IdentityCall {
            source,
            request,
            identities: &self.identities.get(),
            applications: &self.applications.get(),
            vault_resources: &self.vault_resources(),
            secret: &self.identity_secret,
            arc: &self.arc,
            key: &self.key,
            authority: &self.authority(request),
            now,
            lifetimes: self.lifetimes(action),
        };
        identity::respond(&call, trail)
    }

    fn answer_federated(
        &self,
        request: &Request,
        target: FederationTarget<'_>,
        now: OffsetDateTime,
        trail: &mut Trail,
    ) -> (Response, Decision) {
        let call = FederationCall {
            request,
            target,
            users: &self.users.get(),
            tenants: &self.config.tenants,
            key: &self.key,
            authority: &self.authority(request),
            now,
            skew: self.config.skew(),
        };
        wstrust::respond(&call, trail)
    }

    fn answer_caller(
        &self,
        request: &Request,
        name: &str,
        now: OffsetDateTime,
        trail: &mut Trail,
    ) -> (Response, Decision) {
        let call = ResourceCall {
            request,
            name,
            applications: &self.applications.get(),
            vault_resources: &self.vault_resources(),
            demands: &self.demands,
            key: &self.key,
            authority: &self.authority(request),
            now,
        };
        protected_resource::respond(&call, trail)
    }

    fn lifetimes(&self, action: &Action) -> Lifetimes {
        let configured = self.config.lifetime.map(|lifetime| lifetime.as_secs());
        Lifetimes { lifetime: action.lifetime_seconds.or(configured), refresh_in: action.refresh_in_seconds }
    }

    /// Names of Key Vault as a resource, beside those of the clouds.
    pub(crate) fn vault_resources(&self) -> Vec<String> {
        self.config.vaults.iter().map(|vault| vault.resource.clone()).collect()
    }

    /// The address that a token names as its issuer's if no request says how the service is addressed.
    pub(crate) fn base(&self) -> String {
        self.addresses
            .get()
            .map_or_else(|| "https://localhost".to_owned(), |addresses| addresses.authority.clone())
    }

    /// The address for plain HTTP; empty if there is none.
    pub(crate) fn http_base(&self) -> String {
        self.addresses.get().map_or_else(|| "http://localhost".to_owned(), |addresses| addresses.http.clone())
    }

    /// SHA-1 thumbprint of the TLS certificate, in upper-case hexadecimal; empty without TLS.
    pub(crate) fn tls_thumbprint(&self) -> &str {
        self.addresses.get().map_or("", |addresses| &addresses.tls_thumbprint)
    }

    /// Where tenants get their tokens.
    fn authority(&self, request: &Request) -> String {
        self.addresses.get().map_or_else(|| request.base(), |addresses| addresses.authority.clone())
    }

    /// How many requests there were for an operation: `token`, `devicecode`, `discovery`, `instance`, `keys`, `vault.certificate` or
    /// `vault.sign`; for `vault` those of all its operations.
    pub fn count(&self, operation: &str) -> u64 {
        self.requests.count(operation)
    }

    /// The latest requests, oldest first; those of the control interface are not among them.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.requests.latest(None)
    }

    /// Does what a request to the control interface does, whether or not it is served: method, path below
    /// `/.control/`, and the body, JSON or empty. Gives back the JSON of the answer.
    ///
    /// # Errors
    ///
    /// The request makes no sense; the text says why.
    pub fn control(&self, method: &str, path: &str, body: &str) -> Result<String, String> {
        control::perform(self, method, path, body.as_bytes())
    }

    /// Where [`TokenService::handle`]'s entries are meant to go.
    pub(crate) fn log(&self, entry: &LogEntry) {
        self.config.log.write(entry);
    }

    /// Says where the service is listened for. Only the first call counts.
    pub(crate) fn listens_at(&self, addresses: Addresses) {
        let _ = self.addresses.set(addresses);
    }

    pub(crate) fn vault_ports(&self) -> &VaultPorts {
        self.addresses.get().map_or(&[], |addresses| &addresses.vaults)
    }
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
    let headers = [("content-type", "text/plain; charset=utf-8"), ("date", &http_date(now))];
    Response::new(404, &headers, &b"certgrant-emulator serves nothing at this path\n"[..])
}
