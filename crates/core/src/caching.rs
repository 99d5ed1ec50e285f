//! A client that holds its tokens itself, for hosts in Rust. Hosts that have them in another language hold them there, and
//! use [`Client`].

use crate::cache::{CacheLimits, TokenCache};
use crate::client::{Acquired, Client, ClientConfig, FlightId, Held, Input, Outcome, Step};
use crate::error::{Error, ErrorCode, Result};
use crate::time::Timestamp;
use crate::token::{AccessToken, RequestKey, TokenRequest};
use alloc::sync::Arc;

/// A [`Client`] and the tokens that it got.
#[derive(Debug)]
pub struct CachingClient {
    client: Client,
    cache: TokenCache,
    /// The key of the request that is looked at, so that no look-up allocates one.
    key: RequestKey,
}

/// What [`CachingClient::acquire`] found.
#[derive(Debug)]
pub enum Found {
    /// A token with time left.
    Token(Arc<AccessToken>),
    /// The same; a new flight is to renew it while nobody waits, to be driven with [`Input::Begin`] first.
    TokenToRenew(Arc<AccessToken>, FlightId),
    /// The same token is being asked for: wait for that flight's end.
    Join(FlightId),
    /// A new flight, to be driven by the caller with [`Input::Begin`] first.
    Start(FlightId),
}

/// A step of a flight, or its end.
#[derive(Debug)]
pub enum CachingStep {
    /// What the flight asks of the host; never [`Step::Done`].
    Next(Step),
    /// The end of the flight, for all who wait for it. With a token there may be an error that is to be told, not thrown: its
    /// renewal failed, and it is still alive.
    Done {
        /// The token, or why there is none.
        result: Result<Arc<AccessToken>>,
        /// Why the token is the old one.
        not_renewed: Option<Error>,
    },
}

impl CachingClient {
    /// A client without tokens. `seed` is random: it keeps whoever chooses scopes or tenants from slowing the cache down.
    ///
    /// # Errors
    ///
    /// Those of [`Client::new`].
    pub fn new(config: ClientConfig, limits: CacheLimits, seed: [u8; 16]) -> Result<Self> {
        let [low, high] = [0, 8]
            .map(|from| seed.iter().skip(from).take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)));
        let cache = TokenCache::new(limits, [low, high]);
        Ok(Self { client: Client::new(config)?, cache, key: RequestKey::default() })
    }

    /// The client without its tokens.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The same, to renew its certificate and to take its notices.
    pub const fn client_mut(&mut self) -> &mut Client {
        &mut self.client
    }

    /// The token for one scope and nothing else but what is given, if [`CachingClient::acquire`] would serve it without a thought
    /// of its renewal. The way of nearly every call, kept short: it makes no request, and allocates nothing.
    pub fn fresh(
        &mut self,
        scope: &str,
        tenant: Option<&str>,
        enable_cae: bool,
        now: Timestamp,
    ) -> Option<Arc<AccessToken>> {
        self.observe(now);
        let tenant = tenant.unwrap_or(self.client.config().tenant.as_str());
        self.key.rewrite_for_scope(tenant, scope, enable_cae);
        let token = self.cache.get(&self.key)?;
        Held::from(token.as_ref()).is_fresh(now).then(|| token.clone())
    }

    /// Looks for a token; joins or starts a flight if there is none, or none with enough time left.
    ///
    /// # Errors
    ///
    /// Those of [`Client::acquire`].
    pub fn acquire(&mut self, request: &TokenRequest, now: Timestamp) -> Result<Found> {
        self.observe(now);
        self.key.rewrite(request, self.client.tenant_of(request)?);
        let token = self.cache.get(&self.key);
        let held = token.map(|token| Held::from(token.as_ref()));
        let acquired = self.client.acquire_by(&self.key, request, held, now)?;
        Ok(match (acquired, token) {
            (Acquired::Serve, Some(token)) => Found::Token(token.clone()),
            (Acquired::ServeAndRenew(flight), Some(token)) => Found::TokenToRenew(token.clone(), flight),
            (Acquired::Join(flight), _) => Found::Join(flight),
            (Acquired::Start(flight) | Acquired::ServeAndRenew(flight), _) => Found::Start(flight),
            // Core serves only what was held.
            (Acquired::Serve, None) => {
                let found = "a token that is not there";
                return Err(Error::new(ErrorCode::StepUnexpected, found, "a token that the client holds"));
            }
        })
    }

    /// The token that is held for a request, if it is alive, though perhaps for a moment only: for a caller who was told to wait for
    /// another, and can't any longer. None for a request with a claims challenge, and for one that wants no cached token.
    ///
    /// # Errors
    ///
    /// Those of [`Client::key`].
    pub fn living(&mut self, request: &TokenRequest, now: Timestamp) -> Result<Option<Arc<AccessToken>>> {
        self.observe(now);
        if request.skip_cache || request.claims.is_some() {
            return Ok(None);
        }
        self.key.rewrite(request, self.client.tenant_of(request)?);
        let token = self.cache.get(&self.key);
        Ok(token.filter(|token| Held::from(token.as_ref()).is_alive(now)).cloned())
    }

    /// Takes a flight one step further. Behind [`CachingStep::Done`] the flight no longer exists.
    ///
    /// # Errors
    ///
    /// Those of [`Client::step`].
    pub fn step(&mut self, flight: FlightId, input: Input, now: Timestamp) -> Result<CachingStep> {
        self.observe(now);
        let (outcome, key) = match self.client.advance(flight, input, now)? {
            (Step::Done(outcome), key) => (outcome, key.unwrap_or_default()),
            (step, _) => return Ok(CachingStep::Next(step)),
        };
        let (result, not_renewed) = match outcome {
            Outcome::Token(token) => (Ok(self.keep(&key, token, now)), None),
            // The one that is there may be another than the client thinks: a newer one may have been too large to be kept.
            Outcome::Held(error) => match self.cache.get(&key.without_claims()) {
                Some(token) if Held::from(token.as_ref()).is_alive(now) => (Ok(token.clone()), Some(error)),
                _ => (Err(error), None),
            },
            Outcome::Failed(error) => (Err(error), None),
        };
        Ok(CachingStep::Done { result, not_renewed })
    }

    /// Keeps a token, unless its caller has a cache of its own. One whose life is not known serves those at hand, and does
    /// not take the place of one that is held, unless that was rejected.
    fn keep(&mut self, key: &RequestKey, token: AccessToken, now: Timestamp) -> Arc<AccessToken> {
        let token = Arc::new(token);
        if !key.skips_cache() && (now < token.expires_on || key.has_claims()) {
            self.cache.insert(key.without_claims(), token.clone(), now);
        }
        token
    }

    /// Ends a flight that nobody waits for any more. An unknown flight is none.
    pub fn abandon(&mut self, flight: FlightId) {
        self.client.abandon(flight);
    }

    /// Removes the token that a request was served with, because a resource rejected it; whether there was one.
    ///
    /// # Errors
    ///
    /// Those of [`Client::key`].
    pub fn remove(&mut self, request: &TokenRequest) -> Result<bool> {
        let key = self.client.key(request)?.without_claims();
        self.client.forget_held(&key);
        Ok(self.cache.remove(&key))
    }

    /// Removes all tokens. Flights under way go on.
    pub fn clear(&mut self) {
        self.client.forget_all_held();
        self.cache.clear();
    }

    /// How many tokens there are.
    pub const fn tokens(&self) -> usize {
        self.cache.len()
    }

    /// How many bytes of tokens and their keys there are, as [`CacheLimits::bytes`] counts them.
    pub const fn bytes(&self) -> usize {
        self.cache.bytes()
    }

    /// Nobody knows how old tokens are that were got before the clock was set back.
    fn observe(&mut self, now: Timestamp) {
        if self.client.observe(now) {
            self.cache.clear();
        }
    }
}
