//! The two kinds of host, behind one interface: Rust keeps its tokens in a `CachingClient`, JavaScript drives a `Client` and
//! keeps them itself.

use crate::asked::OTHER_TENANT;
use crate::random::Random;
use crate::service::CLIENT_SECRET;
use certgrant_core::*;
use certgrant_testkit::vectors::{assertion_rs256, bundles};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// The assertion that a host of `Credential::Assertion` gets elsewhere.
pub(crate) const OUTSIDE_ASSERTION: &str = "s3cr3t-assertion-of-another";

/// What is driven.
pub(crate) trait Host {
    /// `awake` is what the host's timers count, in milliseconds.
    fn acquire(&mut self, request: &TokenRequest, now: Timestamp, awake: u64) -> Result<Found>;
    fn step(&mut self, flight: FlightId, input: Input, now: Timestamp, awake: u64) -> Result<CachingStep>;
    fn abandon(&mut self, flight: FlightId);
    fn remove(&mut self, request: &TokenRequest) -> bool;
    fn clear(&mut self);
    fn client_mut(&mut self) -> &mut Client;
    /// How many flights, tokens and bytes of tokens there are.
    fn size(&self) -> (usize, usize, usize);
}

impl Host for CachingClient {
    fn acquire(&mut self, request: &TokenRequest, now: Timestamp, _: u64) -> Result<Found> {
        // As the crate `certgrant` does: the short way first, where the request is for one scope and has no wishes.
        let is_plain = request.claims.is_none() && !request.skip_cache && request.user_assertion.is_none();
        let scope = request.target.as_str();
        if is_plain && matches!(request.target, Target::Scope(_)) && !scope.contains(' ') {
            let tenant = request.tenant.as_ref().map(Tenant::as_str);
            if let Some(token) = self.fresh(scope, tenant, request.enable_cae, now) {
                return Ok(Found::Token(token));
            }
        }
        Self::acquire(self, request, now)
    }

    fn step(&mut self, flight: FlightId, input: Input, now: Timestamp, _: u64) -> Result<CachingStep> {
        Self::step(self, flight, input, now)
    }

    fn abandon(&mut self, flight: FlightId) {
        Self::abandon(self, flight);
    }

    fn remove(&mut self, request: &TokenRequest) -> bool {
        Self::remove(self, request).expect("its tenant is allowed")
    }

    fn clear(&mut self) {
        Self::clear(self);
    }

    fn client_mut(&mut self) -> &mut Client {
        Self::client_mut(self)
    }

    fn size(&self) -> (usize, usize, usize) {
        (self.client().flights(), self.tokens(), self.bytes())
    }
}

/// A host as the npm package is one: tokens end by a timer that no clock moves, whatever core says of the clock.
#[derive(Debug)]
pub(crate) struct ForeignHost {
    client: Client,
    tokens: HashMap<RequestKey, (Arc<AccessToken>, u64)>,
    flights: HashMap<FlightId, Kept>,
}

/// What is kept for a flight.
#[derive(Debug, Default)]
struct Kept {
    /// Under which key its token is held.
    key: Option<RequestKey>,
    /// The token that it renews, and when its timer ends it.
    held: Option<(Arc<AccessToken>, u64)>,
    /// Whether the one that is held was rejected.
    is_rejected: bool,
}

impl ForeignHost {
    pub(crate) fn new(config: ClientConfig) -> Result<Self> {
        Ok(Self { client: Client::new(config)?, tokens: HashMap::new(), flights: HashMap::new() })
    }

    /// Under which key the token of a request is kept.
    fn store_key(&self, request: &TokenRequest) -> Result<Option<RequestKey>> {
        let plain = TokenRequest { claims: None, ..request.clone() };
        (!request.skip_cache).then(|| self.client.key(&plain)).transpose()
    }
}

impl Host for ForeignHost {
    fn acquire(&mut self, request: &TokenRequest, now: Timestamp, awake: u64) -> Result<Found> {
        let key = self.store_key(request)?;
        let held = key.as_ref().and_then(|key| self.tokens.get(key)).filter(|(_, ends)| awake < *ends);
        // What the timer says of its end counts where the clock says that it is later.
        let times = held.map(|(token, ends)| {
            let held = Held::from(token.as_ref());
            Held { expires_on: held.expires_on.min(now.plus_millis(ends - awake)), ..held }
        });
        let acquired = self.client.acquire(request, times, now)?;
        if let Acquired::Start(flight) | Acquired::ServeAndRenew(flight) = acquired {
            let kept = Kept { key, held: held.cloned(), is_rejected: request.claims.is_some() };
            self.flights.insert(flight, kept);
        }
        Ok(match (acquired, held.map(|(token, _)| token.clone())) {
            (Acquired::Serve, Some(token)) => Found::Token(token),
            (Acquired::ServeAndRenew(flight), Some(token)) => Found::TokenToRenew(token, flight),
            (Acquired::Join(flight), _) => Found::Join(flight),
            (Acquired::Start(flight), _) => Found::Start(flight),
            (acquired, None) => panic!("{acquired:?} without a token"),
        })
    }

    fn step(&mut self, flight: FlightId, input: Input, now: Timestamp, awake: u64) -> Result<CachingStep> {
        let outcome = match self.client.step(flight, input, now)? {
            Step::Done(outcome) => outcome,
            step => return Ok(CachingStep::Next(step)),
        };
        let Kept { key, held, is_rejected } = self.flights.remove(&flight).unwrap_or_default();
        // What a flight for a claims challenge put into the place of the token that this one set out to renew.
        let newer = key.as_ref().and_then(|key| self.tokens.get(key)).cloned();
        // Core may think of a newer one that was too large to be kept: what is there must be alive by its own times.
        let alive = newer.or(held).filter(|(token, ends)| now < token.expires_on && awake < *ends);
        Ok(match (outcome, alive) {
            (Outcome::Token(token), _) => {
                let token = Arc::new(token);
                let left = token.expires_on.as_millis().saturating_sub(now.as_millis());
                match key {
                    Some(key) if left > 0 => {
                        self.tokens.insert(key, (token.clone(), awake.saturating_add(left)));
                    }
                    Some(key) if is_rejected => drop(self.tokens.remove(&key)),
                    _ => {}
                }
                CachingStep::Done { result: Ok(token), not_renewed: None }
            }
            (Outcome::Held(error), Some((held, _))) => {
                CachingStep::Done { result: Ok(held), not_renewed: Some(error) }
            }
            (Outcome::Held(error) | Outcome::Failed(error), _) => {
                CachingStep::Done { result: Err(error), not_renewed: None }
            }
        })
    }

    fn abandon(&mut self, flight: FlightId) {
        self.client.abandon(flight);
        self.flights.remove(&flight);
    }

    fn remove(&mut self, request: &TokenRequest) -> bool {
        let key = self.store_key(request).expect("its tenant is allowed");
        key.is_some_and(|key| self.tokens.remove(&key).is_some())
    }

    fn clear(&mut self) {
        self.tokens.clear();
    }

    fn client_mut(&mut self) -> &mut Client {
        &mut self.client
    }

    fn size(&self) -> (usize, usize, usize) {
        (self.client.flights(), self.tokens.len(), 0)
    }
}

/// A certificate and its successor, read once.
pub(crate) struct Certificates(Vec<Bundle>);

impl Certificates {
    pub(crate) fn get() -> &'static Self {
        static READ: OnceLock<Certificates> = OnceLock::new();
        READ.get_or_init(|| {
            let files = [assertion_rs256::pem(), [bundles::LEAF_PEM, bundles::LEAF_KEY_PKCS1_PEM].concat()];
            Self(files.map(|file| Bundle::from_pem(file.as_bytes()).expect("a sound file")).into())
        })
    }

    pub(crate) fn credential(&self, number: usize) -> CertificateCredential {
        let terms = CertificateTerms {
            client_id: assertion_rs256::CLIENT_ID.into(),
            thumbprint: None,
            algorithm: None,
            preferred: Algorithm::Ps256,
            send_chain: false,
            key: KeyPlace::File,
        };
        let bundle = &self.0[number];
        CertificateCredential::new(terms, bundle.key.public_key(), &bundle.chain).expect("they fit")
    }

    /// `x5t#S256` of a certificate.
    pub(crate) fn thumbprint(&self, number: usize) -> String {
        self.0[number].chain[0].thumbprint_sha256().to_base64url()
    }
}

/// What a client is made of in a schedule.
pub(crate) fn config(random: &mut Random) -> ClientConfig {
    let certificate = || Credential::Certificate(Box::new(Certificates::get().credential(0)));
    let credential = match random.below(8) {
        0 => Credential::Secret(CLIENT_SECRET.to_owned().into()),
        1 => Credential::Assertion,
        _ => certificate(),
    };
    let base = ClientOptions {
        tenant: crate::asked::OWN_TENANT.into(),
        client_id: assertion_rs256::CLIENT_ID.into(),
        additionally_allowed_tenants: vec![OTHER_TENANT.into()],
        max_retries: Some(*random.pick(&[0, 1, 2, 2, 2, 3, 9])),
        ..ClientOptions::default()
    };
    let (config, _) = base.into_config().expect("a sound configuration");
    ClientConfig { is_renewable: random.percent(50), credential, ..config }
}
