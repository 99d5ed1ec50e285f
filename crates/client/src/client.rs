//! One application at one token service: its tokens, and the flights that callers share.
//!
//! What core knows stands behind one lock, which is held for microseconds and never across anything that waits. Each flight
//! is a task of its own; callers wait for it, and it ends early when none of them does any more. A flight that renews a token
//! which is still alive goes on by itself: nobody waits for it, or in that token's last seconds for a moment, until its time is
//! up and callers join it.

use alloc::sync::{Arc, Weak};
use core::fmt;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use certgrant_core::{CachingClient, CredentialOptions, ErrorCode, FlightId, Found, TokenRequest};
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::error::{Error, Result};
use crate::host::{Host, random};
use crate::options::{Identity, TokenOptions, User};
use crate::proof::Proof;
use crate::running::{self, Outcome, Running};
use crate::signer::{Key, Signatures};
use crate::token::AccessToken;

pub(crate) type Token = Arc<certgrant_core::AccessToken>;

/// How long a caller waits for the renewal of a token that is still alive, but only for seconds. A service that answers does so
/// sooner; one that does not takes many times that, and nobody knows whether the token reaches its resource by then.
const RENEWAL_WAIT: Duration = Duration::from_secs(2);

/// A client with its tokens and flights.
pub(crate) struct TokenClient {
    state: Mutex<State>,
    pub(crate) proof: Proof,
    pub(crate) signatures: Signatures,
    pub(crate) host: Host,
    is_of_one_tenant: bool,
}

/// What flights and callers share.
pub(crate) struct State {
    pub(crate) core: CachingClient,
    /// The key of the certificate in use.
    pub(crate) key: Option<Key>,
    flights: HashMap<FlightId, Flight>,
}

/// A flight under way, as its callers find it.
enum Flight {
    /// It belongs to those who wait for it; the last of them ends it.
    Awaited(Weak<Running<Token>>, Outcome<Token>),
    /// It goes on by itself, until callers come whom the token that it renews no longer serves: then it is theirs.
    Renewal(Arc<Running<Token>>),
}

/// What a caller gets at once.
enum Acquired {
    Token(Token),
    Flight(Arc<Running<Token>>),
    /// A flight that goes on by itself. If it takes long, there is the token that it renews.
    Renewal(Outcome<Token>),
    /// A flight that all have left and that is about to end: there is no other before that.
    Ending(Outcome<Token>),
}

impl TokenClient {
    /// A client that opens no file.
    pub(crate) fn new(identity: &Identity, credential: CredentialOptions, proof: Proof) -> Result<Arc<Self>> {
        let host = identity.host()?;
        let (config, _) = identity.with(credential).into_config()?;
        Self::of_config(identity, config, None, proof, host)
    }

    pub(crate) fn of_config(
        identity: &Identity,
        config: certgrant_core::ClientConfig,
        key: Option<Key>,
        proof: Proof,
        host: Host,
    ) -> Result<Arc<Self>> {
        let core = CachingClient::new(config, identity.cache_limits(), random()?)?;
        let state = Mutex::new(State { core, key, flights: HashMap::new() });
        let (signatures, is_of_one_tenant) = (Signatures::default(), identity.is_of_one_tenant());
        Ok(Arc::new(Self { state, proof, signatures, host, is_of_one_tenant }))
    }

    /// The application's own token for one scope, if it is in the cache and not to be renewed yet: the way of nearly every call.
    pub(crate) fn cached(&self, scopes: &[&str], options: &TokenOptions) -> Option<AccessToken> {
        let ([scope], (tenant, enable_cae)) = (scopes, options.plain()?) else {
            return None;
        };
        let tenant = tenant.filter(|_| !self.is_of_one_tenant);
        let now = self.host.now();
        let token = self.state().core.fresh(scope, tenant, enable_cae, now)?;
        self.host.events.served();
        Some(AccessToken::new(token))
    }

    /// A token of the application's own, or on behalf of a user: from the cache, from a flight under way, or from a new one.
    pub(crate) async fn get_token(
        self: &Arc<Self>,
        scopes: &[&str],
        options: &TokenOptions,
        user: Option<&User>,
    ) -> Result<AccessToken> {
        if let (None, Some(token)) = (user, self.cached(scopes, options)) {
            return Ok(token);
        }
        let request = options.request(scopes, user, self.is_of_one_tenant)?;
        let instead = || self.living(&request);
        let token = within(options.patience(), self.wait_for(&request), instead).await?;
        Ok(AccessToken::new(token))
    }

    pub(crate) fn tell_of_certificate(&self) {
        if let Some(certificate) = self.state().core.client().certificate() {
            self.host.events.opened(certificate);
        }
    }

    /// Forgets the token of a request; whether there was one.
    pub(crate) fn remove_token(
        &self,
        scopes: &[&str],
        options: &TokenOptions,
        user: Option<&User>,
    ) -> Result<bool> {
        let request = options.request(scopes, user, self.is_of_one_tenant)?;
        Ok(self.state().core.remove(&request)?)
    }

    /// Forgets all tokens.
    pub(crate) fn clear_tokens(&self) {
        self.state().core.clear();
    }

    /// The state, for as long as it takes to ask core one thing. A panic in it was core's own fault, which is reported.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait_for(self: &Arc<Self>, request: &TokenRequest) -> Result<Token> {
        loop {
            let outcome = match self.acquire(request)? {
                Acquired::Token(token) => return Ok(token),
                Acquired::Flight(flight) => flight.outcome().get().await,
                Acquired::Renewal(outcome) => match soon(outcome).await {
                    Some(outcome) => outcome,
                    // It was removed meanwhile, or has died, if there is none: then the flight is all there is.
                    None => match self.living(request)? {
                        Some(token) => return Ok(token),
                        None => continue,
                    },
                },
                Acquired::Ending(outcome) => outcome.get().await,
            };
            if let Some(outcome) = outcome {
                return outcome;
            }
            // All had left it, or the runtime that it was on is gone; this caller's is not.
        }
    }

    /// The token at hand, for a caller who can't wait any longer for another.
    fn living(&self, request: &TokenRequest) -> Result<Option<Token>> {
        let token = self.state().core.living(request, self.host.now())?;
        if token.is_some() {
            self.host.events.served();
        }
        Ok(token)
    }

    fn acquire(self: &Arc<Self>, request: &TokenRequest) -> Result<Acquired> {
        let mut state = self.state();
        loop {
            let now = self.host.now();
            match state.core.acquire(request, now)? {
                Found::Token(token) => {
                    self.host.events.served();
                    return Ok(Acquired::Token(token));
                }
                Found::TokenToRenew(token, id) => {
                    self.renew_behind(&mut state, id);
                    return Ok(Acquired::Token(token));
                }
                Found::Join(id) => {
                    let is_alive = state.core.living(request, now)?.is_some();
                    if let Some(flight) = state.flights.get_mut(&id).filter(|flight| !flight.is_dead()) {
                        self.host.events.joined();
                        return Ok(if is_alive { flight.watch() } else { flight.join() });
                    }
                    // It was never begun, or its runtime was shut down before it was.
                    state.end(id);
                }
                Found::Start(id) => {
                    return match state.core.living(request, now)? {
                        Some(token) => Ok(match self.renew_behind(&mut state, id) {
                            Some(outcome) => Acquired::Renewal(outcome),
                            None => Acquired::Token(token),
                        }),
                        None => self.begin(&mut state, id),
                    };
                }
            }
        }
    }

    /// Starts a flight that belongs to its callers.
    fn begin(self: &Arc<Self>, state: &mut State, id: FlightId) -> Result<Acquired> {
        let running = self.start(state, id, false)?;
        state.flights.insert(id, Flight::Awaited(Arc::downgrade(&running), running.outcome()));
        Ok(Acquired::Flight(running))
    }

    /// Starts a flight that goes on by itself. Without a runtime the renewal is left to another caller.
    fn renew_behind(self: &Arc<Self>, state: &mut State, id: FlightId) -> Option<Outcome<Token>> {
        let running = self.start(state, id, true).ok()?;
        let outcome = running.outcome();
        state.flights.insert(id, Flight::Renewal(running));
        Some(outcome)
    }

    fn start(
        self: &Arc<Self>,
        state: &mut State,
        id: FlightId,
        is_renewal: bool,
    ) -> Result<Arc<Running<Token>>> {
        let flight = Arc::clone(self).fly(id).instrument(self.host.events.flight(is_renewal));
        Running::start(flight).inspect_err(|_| state.end(id))
    }
}

impl State {
    /// Ends a flight that nobody waits for any more, or that is over.
    pub(crate) fn end(&mut self, id: FlightId) {
        self.core.abandon(id);
        self.flights.remove(&id);
    }
}

impl Flight {
    fn is_dead(&self) -> bool {
        match self {
            Self::Renewal(running) => running.is_dead(),
            Self::Awaited(_, outcome) => outcome.is_dead(),
        }
    }

    /// For a caller whom the token that it renews serves in the end: whoever waits for it, it goes on by itself from now on.
    fn watch(&mut self) -> Acquired {
        let (outcome, running) = match self {
            Self::Renewal(running) => (running.outcome(), None),
            Self::Awaited(running, outcome) => (outcome.clone(), running.upgrade()),
        };
        if let Some(running) = running {
            *self = Self::Renewal(running);
        }
        Acquired::Renewal(outcome)
    }

    /// Were a renewal not handed over, it would go on when all who need it have left.
    fn join(&mut self) -> Acquired {
        match self {
            Self::Renewal(running) => {
                let running = Arc::clone(running);
                *self = Self::Awaited(Arc::downgrade(&running), running.outcome());
                Acquired::Flight(running)
            }
            Self::Awaited(running, outcome) => match running.upgrade() {
                Some(running) => Acquired::Flight(running),
                None => Acquired::Ending(outcome.clone()),
            },
        }
    }
}

impl fmt::Debug for TokenClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenClient").field("tokens", &self.state().core.tokens()).finish_non_exhaustive()
    }
}

/// How a flight ended, if it does so while the token that it renews can wait. Without a runtime there is nothing to wait on.
async fn soon(outcome: Outcome<Token>) -> Option<Option<Result<Token>>> {
    running::runtime().ok()?;
    timeout(RENEWAL_WAIT, outcome.get()).await.ok()
}

/// Waits no longer than the caller has patience; then it gets what there is `instead`, if anything is.
pub(crate) async fn within<T>(
    patience: Option<Duration>,
    work: impl Future<Output = Result<T>>,
    instead: impl FnOnce() -> Result<Option<T>>,
) -> Result<T> {
    let Some(patience) = patience else {
        return work.await;
    };
    running::runtime()?;
    match timeout(patience, work).await {
        Ok(outcome) => outcome,
        Err(_) => instead()?.ok_or_else(|| {
            let found = format!("no token after {} ms", patience.as_millis());
            Error::new(ErrorCode::RequestTimeout, found, "one by then")
        }),
    }
}
