//! One token request under way: from the assertion over the request to the token, with the retries between.

use super::{ClientConfig, Input, Step};
use crate::assertion::PreparedAssertion;
use crate::cache::CacheKey;
use crate::credential::Credential;
use crate::encoding::push_form_encoded;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorCode, Result, ServiceError};
use crate::http::{DEFAULT_TIMEOUT_MILLIS, HttpRequest, Method, TransportFailure};
use crate::secret::SecretString;
use crate::time::Timestamp;
use crate::token::{AccessToken, Target, client_credentials_body, read_response};
use alloc::string::String;
use alloc::vec::Vec;

/// The longest `Retry-After` that a flight sits out; beyond that, its callers are told at once.
const MAX_RETRY_AFTER_SECS: u32 = 30;

/// The first back-off and the largest, in milliseconds; each is twice the one before.
const FIRST_BACKOFF_MILLIS: u64 = 500;
const LARGEST_BACKOFF_MILLIS: u64 = 8_000;

/// What a flight has to do with the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CacheUse {
    /// Its token is kept; should it fail, a cached token that is still valid is its result.
    Ordinary,
    /// Its token takes the place of the one that a resource rejected with a claims challenge.
    Replace,
    /// The caller keeps a cache of its own.
    None,
}

/// A token request under way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) key: CacheKey,
    /// What it has to do with the cache.
    pub(super) cache_use: CacheUse,
    target: Target,
    endpoint: String,
    claims: Option<String>,
    correlation_id: Option<String>,
    entropy: Entropy,
    retries: u8,
    state: State,
}

/// What the flight waits for.
#[derive(Debug)]
enum State {
    Begin,
    Signature(PreparedAssertion),
    Assertion,
    Response { sent: Timestamp },
    Time { until: Timestamp },
}

/// Where a step led.
pub(super) enum Progress {
    Next(Step),
    Landed(Result<AccessToken>),
}

impl Flight {
    pub(super) fn new(
        key: CacheKey,
        target: Target,
        endpoint: String,
        claims: Option<String>,
        correlation_id: Option<String>,
        cache_use: CacheUse,
    ) -> Self {
        Self {
            key,
            cache_use,
            target,
            endpoint,
            claims,
            correlation_id,
            entropy: Entropy::new([0; 32]),
            retries: 0,
            state: State::Begin,
        }
    }

    /// Takes the flight on by one input; an input that it did not ask for changes nothing and is an error.
    pub(super) fn step(&mut self, config: &ClientConfig, input: Input, now: Timestamp) -> Result<Progress> {
        match (core::mem::replace(&mut self.state, State::Begin), input) {
            (State::Begin, Input::Begin(entropy)) => {
                self.entropy = Entropy::new(entropy);
                self.correlation_id = self.correlation_id.take().or_else(|| Some(self.entropy.uuid()));
                self.authenticate(config, now)
            }
            (State::Signature(prepared), Input::Signature(signature)) => {
                Ok(match prepared.with_signature(signature.expose()) {
                    Ok(assertion) => self.send(config, &assertion, now),
                    Err(error) => Progress::Landed(Err(error)),
                })
            }
            (State::Assertion, Input::Assertion(assertion)) => Ok(self.send(config, &assertion, now)),
            (State::Signature(_) | State::Assertion, Input::SigningFailed(text)) => {
                Ok(Progress::Landed(Err(Error::new(ErrorCode::SigningFailed, text, "a signed assertion"))))
            }
            (State::Response { sent }, Input::Response(response)) => {
                Ok(self.conclude(config, read_response(&response, sent), now))
            }
            (State::Response { .. }, Input::Failure(failure)) => {
                Ok(self.conclude(config, Err(transport_error(failure)), now))
            }
            (State::Time { until }, Input::Woken) if now < until => Ok(self.wait(until)),
            (State::Time { .. }, Input::Woken) => self.authenticate(config, now),
            (state, _) => {
                self.state = state;
                let found = "an input that the flight did not ask for";
                Err(Error::new(ErrorCode::StepUnexpected, found, "the answer to its last step"))
            }
        }
    }

    /// Asks for an assertion, a new one for each try: `jti` and the time of validity are used once.
    fn authenticate(&mut self, config: &ClientConfig, now: Timestamp) -> Result<Progress> {
        let audience = self.endpoint.as_str();
        let (state, step) = match &config.credential {
            Credential::Assertion => (State::Assertion, Step::Assert { audience: audience.into() }),
            Credential::Certificate(certificate) => {
                let prepared = certificate.template().prepare(audience, now, &self.entropy.uuid());
                let request = prepared.signing_request().clone();
                (State::Signature(prepared), Step::Sign(request))
            }
        };
        self.state = state;
        Ok(Progress::Next(step))
    }

    fn send(&mut self, config: &ClientConfig, assertion: &SecretString, now: Timestamp) -> Progress {
        let mut url = self.endpoint.clone();
        if let Some(version) = &config.api_version {
            url.push_str("?api-version=");
            push_form_encoded(&mut url, version);
        }
        self.state = State::Response { sent: now };
        Progress::Next(Step::Send(HttpRequest {
            method: Method::Post,
            url,
            headers: self.headers(config),
            body: client_credentials_body(&config.client_id, &self.target, self.claims.as_deref(), assertion),
            timeout_millis: DEFAULT_TIMEOUT_MILLIS,
        }))
    }

    fn headers(&self, config: &ClientConfig) -> Vec<(&'static str, String)> {
        let mut headers: Vec<(&'static str, String)> = Vec::with_capacity(8);
        headers.push(("accept", "application/json".into()));
        headers.push(("content-type", "application/x-www-form-urlencoded".into()));
        if let Some(id) = &self.correlation_id {
            headers.push(("client-request-id", id.clone()));
            headers.push(("return-client-request-id", "true".into()));
        }
        if let Some(product) = &config.product {
            headers.push(("x-client-SKU", product.sku.clone()));
            headers.push(("x-client-Ver", product.version.clone()));
            headers.extend(product.os.clone().map(|os| ("x-client-OS", os)));
            headers.extend(product.cpu.clone().map(|cpu| ("x-client-CPU", cpu)));
        }
        headers
    }

    /// Ends the flight with a result, or has it try again where that can help.
    fn conclude(&mut self, config: &ClientConfig, result: Result<AccessToken>, now: Timestamp) -> Progress {
        match result {
            Err(error) if self.retries < config.max_retries => match self.delay_before_retry(&error) {
                Some(millis) => {
                    self.retries = self.retries.saturating_add(1);
                    self.wait(now.plus_millis(millis))
                }
                None => Progress::Landed(Err(error)),
            },
            result => Progress::Landed(result),
        }
    }

    fn wait(&mut self, until: Timestamp) -> Progress {
        self.state = State::Time { until };
        Progress::Next(Step::Wait(until))
    }

    /// How many milliseconds to wait before the next try; none if another try is of no use.
    fn delay_before_retry(&mut self, error: &Error) -> Option<u64> {
        match (error.code(), error.service().and_then(|service: &ServiceError| service.retry_after)) {
            (ErrorCode::ServiceUnavailable, Some(secs)) if secs > MAX_RETRY_AFTER_SECS => None,
            (ErrorCode::ServiceUnavailable, Some(secs)) => Some(u64::from(secs).saturating_mul(1000)),
            (ErrorCode::ServiceUnavailable | ErrorCode::NetworkFailed | ErrorCode::RequestTimeout, _) => {
                let doubled = FIRST_BACKOFF_MILLIS.saturating_mul(1 << self.retries.min(10));
                // Full jitter, so that clients that failed together do not come back together.
                Some(self.entropy.below(doubled.min(LARGEST_BACKOFF_MILLIS)))
            }
            _ => None,
        }
    }
}

fn transport_error(failure: TransportFailure) -> Error {
    let expected = "a response of the token service";
    match failure {
        TransportFailure::Network(text) => Error::new(ErrorCode::NetworkFailed, text, expected),
        TransportFailure::Timeout => Error::new(ErrorCode::RequestTimeout, "no response in time", expected),
    }
}
