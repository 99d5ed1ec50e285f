//! The client: configuration and flights, and what becomes of a token that the host holds.
//!
//! A flight is a token request that several callers may wait for. [`Client::acquire`] says whether the token that the host
//! holds serves, names the flight to join, or starts one; whoever starts it drives it with [`Client::step`] until
//! [`Step::Done`]. Every input carries the host's time; nothing else makes time pass here.

mod assertions;
mod conclusion;
mod deadlines;
mod flight;
mod flights;
#[cfg(feature = "discovery")]
mod location;
#[cfg(feature = "managed-identity")]
mod managed;
mod standing;
mod unregistered;

#[cfg(feature = "discovery")]
use crate::authority::Region;
use crate::authority::{Authority, EndpointVersion, Tenant};
use crate::credential::{CertificateCredential, Credential, check_client_id};
use crate::error::{Error, ErrorCode, Result};
use crate::http::{HttpRequest, HttpResponse, TransportFailure};
use crate::jws::SigningRequest;
use crate::notice::Notice;
use crate::secret::{SecretBytes, SecretString};
use crate::time::Timestamp;
use crate::token::{AccessToken, RequestKey, Target, TokenRequest, claims_parameter};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use flight::{Flight, Progress};
use flights::Flights;
use standing::Standing;

/// How often a request that failed for a passing reason is sent again, unless the host says otherwise.
pub const DEFAULT_MAX_RETRIES: u8 = 2;

/// What a client is and how it authenticates.
#[derive(Debug)]
pub struct ClientConfig {
    /// The token service.
    pub authority: Authority,
    /// The tenant of requests that name none.
    pub tenant: Tenant,
    /// The application (client) id.
    pub client_id: String,
    /// Which token endpoint is called.
    pub endpoint: EndpointVersion,
    /// What proves the client's identity.
    pub credential: Credential,
    /// Whether the host can get another certificate when the one in use was renewed: then it is asked to, by
    /// [`Step::Renew`].
    pub is_renewable: bool,
    /// Other tenants that requests may name; `*` allows all.
    pub additionally_allowed_tenants: Vec<String>,
    /// Value of the query parameter `api-version`, for callers that expect adal-node's requests.
    pub api_version: Option<String>,
    /// Whether an authority that is neither one of Entra's nor on this machine is asked about before it is handed an assertion,
    /// and for its token endpoint.
    pub discovers: bool,
    /// Which region's endpoint is called; by default the global one.
    #[cfg(feature = "discovery")]
    pub region: Option<Region>,
    /// What the service is told of the calling library.
    pub product: Option<Product>,
    /// How often a request that failed for a passing reason is sent again.
    pub max_retries: u8,
    /// After how many milliseconds a request that is not answered counts as failed.
    pub timeout_millis: u32,
}

impl ClientConfig {
    /// Whether this machine's own endpoint is asked, and no token service.
    pub(crate) const fn is_managed(&self) -> bool {
        #[cfg(feature = "managed-identity")]
        return matches!(self.credential, Credential::ManagedIdentity(_));
        #[cfg(not(feature = "managed-identity"))]
        false
    }

    /// Whether something is to be asked about the authority.
    pub(crate) fn is_discovered(&self) -> bool {
        !self.is_managed() && self.discovers && !self.authority.is_known() && !self.authority.is_loopback()
    }
}

/// The calling library, for the service's `x-client-*` headers.
#[derive(Clone, Debug)]
pub struct Product {
    /// `x-client-SKU`
    pub sku: String,
    /// `x-client-Ver`
    pub version: String,
    /// `x-client-OS`
    pub os: Option<String>,
    /// `x-client-CPU`
    pub cpu: Option<String>,
}

/// Names a flight of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlightId(u32);

impl FlightId {
    /// The flight that a host knows by this number.
    pub const fn from_u32(number: u32) -> Self {
        Self(number)
    }

    /// A number for a host that can't keep the type.
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

/// What is known of the token that a host holds for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// When it was got.
    pub obtained_on: Timestamp,
    /// From when on it should be renewed.
    pub refresh_on: Timestamp,
    /// When it dies.
    pub expires_on: Timestamp,
}

impl Held {
    /// Whether it is alive. A clock that was set back since it was got says nothing of its end, so it counts as dead.
    pub(crate) const fn is_alive(&self, now: Timestamp) -> bool {
        self.obtained_on.as_millis() <= now.plus_millis(CLOCK_STEP_MILLIS).as_millis()
            && now.as_millis() < self.expires_on.as_millis()
    }

    /// For how many milliseconds it is alive.
    const fn millis_left(&self, now: Timestamp) -> u64 {
        if self.is_alive(now) { self.expires_on.as_millis().saturating_sub(now.as_millis()) } else { 0 }
    }

    /// Whether it serves without a thought of its renewal.
    pub(crate) const fn is_fresh(&self, now: Timestamp) -> bool {
        self.serves(now) && now.as_millis() < self.refresh_on.as_millis()
    }

    /// Whether it is alive for long enough to be used.
    const fn serves(&self, now: Timestamp) -> bool {
        self.is_alive(now.plus_secs(LAST_SERVED_SECS))
    }
}

impl From<&AccessToken> for Held {
    fn from(token: &AccessToken) -> Self {
        let AccessToken { obtained_on, refresh_on, expires_on, .. } = *token;
        Self { obtained_on, refresh_on, expires_on }
    }
}

/// By how much a clock may be set back as time services do it.
const CLOCK_STEP_MILLIS: u64 = 2_000;

/// How long before its end a token is no longer given to a caller who could wait for another: it has to reach its resource.
const LAST_SERVED_SECS: u64 = 30;

/// What [`Client::acquire`] decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// The token that the host holds serves.
    Serve,
    /// It serves; a new flight is to renew it while nobody waits, to be driven with [`Input::Begin`] first.
    ServeAndRenew(FlightId),
    /// The same token is being asked for: wait for that flight's end.
    Join(FlightId),
    /// A new flight, to be driven by the caller with [`Input::Begin`] first.
    Start(FlightId),
}

/// How a flight ended.
#[derive(Debug)]
pub enum Outcome {
    /// A new token, to be held in the place of the old one.
    Token(AccessToken),
    /// There is no new token, but the one that the host holds is still alive and serves. The error is to be told, not thrown.
    Held(Error),
    /// There is no token.
    Failed(Error),
}

/// What the host tells a flight.
#[derive(Debug)]
pub enum Input {
    /// 32 fresh random bytes: the flight's ids and jitter come from them.
    Begin([u8; 32]),
    /// Answer to [`Step::Renew`]: the host has looked, and called [`Client::renew`] if there is another certificate.
    Renewed,
    /// Answer to [`Step::Sign`]: the signature.
    Signature(SecretBytes),
    /// Answer to [`Step::Assert`]: an assertion in compact form.
    Assertion(SecretString),
    /// Answer to [`Step::ReadKey`]: the content of the file.
    #[cfg(feature = "managed-identity")]
    Key(SecretBytes),
    /// Answer to [`Step::ReadKey`]: it can't be read. The text says why.
    #[cfg(feature = "managed-identity")]
    KeyUnreadable(String),
    /// Answer to [`Step::Sign`] or [`Step::Assert`]: it failed. The text says how and must hold no secret.
    SigningFailed(String),
    /// Answer to [`Step::Send`]: the response, of whatever status.
    Response(HttpResponse),
    /// Answer to [`Step::Send`]: there was no response.
    Failure(TransportFailure),
    /// Answer to [`Step::Wait`]: it is time.
    Woken,
}

/// What a flight asks of the host.
#[derive(Debug)]
pub enum Step {
    /// Look whether the certificate was renewed; if so, hand it in by [`Client::renew`]. Then answer with
    /// [`Input::Renewed`]. Only asked if [`ClientConfig::is_renewable`]: before an assertion is made, and at once when the
    /// service no longer knows the certificate.
    Renew {
        /// The service refused the one in use: what is known of the place that it came from is to be forgotten.
        after_refusal: bool,
    },
    /// Sign this with the private key; answer with [`Input::Signature`] or [`Input::SigningFailed`].
    Sign(SigningRequest),
    /// Get a ready-made assertion for this audience; answer with [`Input::Assertion`] or [`Input::SigningFailed`].
    Assert {
        /// The token endpoint that the assertion will be sent to.
        audience: String,
    },
    /// Read this file of the machine, which proves to Azure Arc's agent who is asking; answer with [`Input::Key`] or
    /// [`Input::KeyUnreadable`]. It has a few kilobytes at most.
    #[cfg(feature = "managed-identity")]
    ReadKey {
        /// Its absolute path.
        path: String,
    },
    /// Send this; answer with [`Input::Response`] or [`Input::Failure`].
    Send(HttpRequest),
    /// Come back at that time with [`Input::Woken`].
    Wait(Timestamp),
    /// The end of the flight, for all who wait for it.
    Done(Outcome),
}

/// One application at one token service, with its flights. Its host holds the tokens.
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    flights: Flights,
    standing: Standing,
    /// The latest time that the host has told.
    latest: Timestamp,
}

impl Client {
    /// A client without flights.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::ClientIdInvalid`]; [`ErrorCode::FeatureMissing`] for an authority that would have to be asked about, without the
    /// feature `discovery`.
    pub fn new(config: ClientConfig) -> Result<Self> {
        if !config.is_managed() {
            check_client_id(&config.client_id)?;
        }
        if cfg!(not(feature = "discovery")) && config.is_discovered() {
            let found = "an authority that is not one of Entra's";
            return Err(Error::new(ErrorCode::FeatureMissing, found, "the feature \"discovery\""));
        }
        let (flights, standing, latest) = (Flights::default(), Standing::default(), Timestamp::default());
        Ok(Self { config, flights, standing, latest })
    }

    /// The configuration.
    pub const fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// The certificate in use, if the client has one.
    pub fn certificate(&self) -> Option<&CertificateCredential> {
        match &self.config.credential {
            Credential::Certificate(certificate) => Some(certificate),
            #[cfg(feature = "managed-identity")]
            Credential::ManagedIdentity(_) => None,
            Credential::Secret(_) | Credential::Assertion => None,
        }
    }

    /// What tells a request of this client from others: by this a host holds its token.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::TenantNotAllowed`].
    pub fn key(&self, request: &TokenRequest) -> Result<RequestKey> {
        Ok(RequestKey::new(request, self.tenant_of(request)?))
    }

    /// Says what to do for a request, given what the host `held` for its [key](Client::key): serve that, or wait for a
    /// flight, which may be a new one.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::TenantNotAllowed`], [`ErrorCode::EndpointMismatch`], [`ErrorCode::ClaimsInvalid`].
    pub fn acquire(
        &mut self,
        request: &TokenRequest,
        held: Option<Held>,
        now: Timestamp,
    ) -> Result<Acquired> {
        self.observe(now);
        let key = self.key(request)?;
        self.acquire_by(&key, request, held, now)
    }

    /// The same for a key that is known.
    pub(crate) fn acquire_by(
        &mut self,
        key: &RequestKey,
        request: &TokenRequest,
        held: Option<Held>,
        now: Timestamp,
    ) -> Result<Acquired> {
        self.observe(now);
        self.check_user(request)?;
        // A token that a resource rejected, and one that its caller does not want, are as good as none.
        let held = held.filter(|held| !request.skip_cache && request.claims.is_none() && held.is_alive(now));
        let serves = held.is_some_and(|held| held.serves(now));
        let is_fresh = held.is_some_and(|held| held.is_fresh(now));
        if is_fresh || (held.is_some() && self.standing.is_quiet(key, now)) {
            return Ok(Acquired::Serve);
        }
        if let Some(id) = self.flights.find(key) {
            return Ok(if serves { Acquired::Serve } else { Acquired::Join(id) });
        }
        self.check_target(&request.target)?;
        let claims = claims_parameter(request.claims.as_deref(), request.enable_cae)?;
        let flight = Flight::new(key.clone(), held, self.tenant_of(request)?.clone(), request, claims);
        let id = self.flights.insert(flight);
        Ok(if serves { Acquired::ServeAndRenew(id) } else { Acquired::Start(id) })
    }

    /// Takes a flight one step further. Behind [`Step::Done`] the flight no longer exists.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::StepUnexpected`] if there is no such flight, or if it did not ask for this input; the flight stays as
    /// it was.
    pub fn step(&mut self, id: FlightId, input: Input, now: Timestamp) -> Result<Step> {
        Ok(self.advance(id, input, now)?.0)
    }

    /// The same; at its end with what the flight was for.
    pub(crate) fn advance(
        &mut self,
        id: FlightId,
        input: Input,
        now: Timestamp,
    ) -> Result<(Step, Option<RequestKey>)> {
        self.observe(now);
        let Some(flight) = self.flights.get_mut(id) else {
            return Err(Error::new(ErrorCode::StepUnexpected, "an unknown flight", "a flight under way"));
        };
        let result = match flight.step(&self.config, &mut self.standing, input, now)? {
            Progress::Next(step) => return Ok((step, None)),
            Progress::Landed(result) => result,
        };
        let outcome = match (result, flight.held) {
            (Ok(token), _) => Outcome::Token(token),
            (Err(error), Some(held)) if held.is_alive(now) => {
                self.standing.keep_quiet(flight, &error, now);
                Outcome::Held(error)
            }
            (Err(error), _) => Outcome::Failed(error),
        };
        let key = self.flights.remove(id).map(|flight| flight.key);
        if let (Some(key), Outcome::Token(token)) = (&key, &outcome) {
            self.tell_of_token(key, token);
        }
        Ok((Step::Done(outcome), key))
    }

    /// The host gave up a token that it held for a key: its flight must not count on it.
    pub(crate) fn forget_held(&mut self, key: &RequestKey) {
        if let Some(flight) = self.flights.find(key).and_then(|id| self.flights.get_mut(id)) {
            flight.held = None;
        }
    }

    /// The same for all that it held.
    pub(crate) fn forget_all_held(&mut self) {
        self.flights.values_mut().for_each(|flight| flight.held = None);
    }

    /// A token that was got for a claims challenge is held from now on for those who ask without one, too. One whose life is
    /// not known is not kept, and takes the place of the one that was rejected all the same.
    fn tell_of_token(&mut self, key: &RequestKey, token: &AccessToken) {
        let other = key.has_claims().then(|| self.flights.find(&key.without_claims())).flatten();
        if let Some(flight) = other.and_then(|id| self.flights.get_mut(id)) {
            flight.held = (token.expires_in > 0).then(|| token.into());
        }
    }

    /// Ends a flight that nobody waits for any more. An unknown flight is none.
    pub fn abandon(&mut self, id: FlightId) {
        self.flights.remove(id);
        #[cfg(feature = "discovery")]
        self.standing.location.forget(id.0);
    }

    /// How many flights are under way: none, once each was driven to its end or abandoned.
    pub fn flights(&self) -> usize {
        self.flights.len()
    }

    /// Puts a renewed certificate in the place of the one in use; it is best made on that one's
    /// [terms](CertificateCredential::terms). Tokens stay cached; assertions are made anew. Whether it is another one: if
    /// not, nothing changes.
    pub fn renew(&mut self, certificate: CertificateCredential) -> bool {
        if self.certificate().is_some_and(|present| present.is_same(&certificate)) {
            return false;
        }
        self.config.credential = Credential::Certificate(Box::new(certificate));
        self.standing.certificate = self.standing.certificate.wrapping_add(1);
        self.standing.assertions.clear();
        true
    }

    /// What the user should be told, since this was called last; to be called behind every [`Client::step`].
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.standing.notices.take()
    }

    /// Takes note of the host's time. Whether its clock was set back: then nobody knows how old a token is that was got
    /// before, and it counts as dead; what was to last until some time lasts as long as it had left.
    pub(crate) fn observe(&mut self, now: Timestamp) -> bool {
        if self.latest <= now.plus_millis(CLOCK_STEP_MILLIS) {
            self.latest = self.latest.max(now);
            return false;
        }
        let millis = self.latest.as_millis().saturating_sub(now.as_millis());
        self.latest = now;
        self.standing.clock_was_set_back(millis);
        for flight in self.flights.values_mut() {
            flight.clock_was_set_back(millis);
        }
        true
    }

    pub(crate) fn tenant_of<'a>(&'a self, request: &'a TokenRequest) -> Result<&'a Tenant> {
        let own = &self.config.tenant;
        // A managed identity is of one tenant, and its endpoint takes no other.
        let Some(tenant) = request.tenant.as_ref().filter(|_| !self.config.is_managed()) else {
            return Ok(own);
        };
        let is = |allowed: &str| allowed == "*" || allowed.eq_ignore_ascii_case(tenant.as_str());
        if is(own.as_str()) || self.config.additionally_allowed_tenants.iter().any(|allowed| is(allowed)) {
            return Ok(tenant);
        }
        let found = "a tenant that is not on the list";
        Err(Error::new(ErrorCode::TenantNotAllowed, found, "the configured tenant or one of those allowed"))
    }

    /// A managed identity acts for itself alone: its token handed out as a user's would let anybody act as the machine.
    fn check_user(&self, request: &TokenRequest) -> Result<()> {
        #[cfg(feature = "managed-identity")]
        if self.config.is_managed() && request.user_assertion.is_some() {
            let found = "a request on behalf of a user";
            return Err(Error::new(ErrorCode::IdentityUnsupported, found, "one for the machine's own token"));
        }
        let _ = request;
        Ok(())
    }

    fn check_target(&self, target: &Target) -> Result<()> {
        match (self.config.endpoint, target) {
            // Its endpoint takes a resource, which a scope names as well.
            _ if self.config.is_managed() => Ok(()),
            (EndpointVersion::V1, Target::Scope(_)) => {
                Err(Error::new(ErrorCode::EndpointMismatch, "a scope", "a resource for the v1 endpoint"))
            }
            (EndpointVersion::V2, Target::Resource(_)) => {
                Err(Error::new(ErrorCode::EndpointMismatch, "a resource", "a scope for the v2 endpoint"))
            }
            _ => Ok(()),
        }
    }
}
