//! One token request under way: from the assertion over the request to the token, with the retries between.

use super::assertions::{self, Found};
#[cfg(feature = "discovery")]
use super::location::{Next, Question};
use super::standing::Standing;
use super::{ClientConfig, Held, Input, Step};
use crate::assertion::PreparedAssertion;
use crate::authority::Tenant;
use crate::credential::{CertificateCredential, Credential};
use crate::encoding::push_form_encoded;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorCode, Result};
use crate::http::{HttpRequest, HttpResponse, Method};
use crate::retry::Retries;
use crate::time::Timestamp;
use crate::token::{
    AccessToken, ClientProof, Grant, RequestKey, TokenRequest, read_response, token_request_body,
};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// How long before the end of a held token a flight has to be over, if it can.
pub(super) const LAST_MILLIS: u64 = 1_000;

/// A token request under way.
#[derive(Debug)]
pub(super) struct Flight {
    /// Its number among the flights, by which it is known who asks about the authority.
    pub(super) number: u32,
    pub(super) key: RequestKey,
    /// The token that the host holds and that this flight is to renew.
    pub(super) held: Option<Held>,
    pub(super) entropy: Entropy,
    pub(super) tenant: Tenant,
    /// The token endpoint; empty until it is located.
    pub(super) endpoint: String,
    pub(super) began: Timestamp,
    pub(super) request: TokenRequest,
    /// The request's claims, with the capabilities of its caller.
    claims: Option<String>,
    pub(super) correlation_id: Option<String>,
    pub(super) retries: Retries,
    /// Whether the request under way carries an assertion that was made for an earlier one.
    pub(super) is_reuse: bool,
    /// The assertion that this flight had made, and shares with others.
    pub(super) own: Option<Arc<PreparedAssertion>>,
    /// By what error of the clock, and of the certificate of which number, the request under way has its assertion.
    pub(super) dated_by: Option<i64>,
    pub(super) signed_by: u32,
    pub(super) tried: Tried,
    pub(super) state: State,
}

/// What a flight did about a refusal: each helps once at most.
#[derive(Debug, Default)]
pub(super) struct Tried {
    /// Dated an assertion by the service's clock.
    pub(super) clock: bool,
    /// Made a new assertion in the place of one that was used before.
    pub(super) fresh_assertion: bool,
    /// Had the host look for a renewed certificate, before making an assertion and after a refusal.
    pub(super) renewal: bool,
    pub(super) renewal_after_refusal: bool,
    /// Used the certificate that came while it was refused for the one before.
    pub(super) successor: bool,
    /// Had an assertion signed again because the signature took too long.
    pub(super) late_signature: bool,
    /// Asked again because the token, or what the service said of the time, came too late to be worth anything.
    pub(super) after_late_token: bool,
    pub(super) after_late_refusal: bool,
}

/// What the flight waits for.
#[derive(Debug)]
pub(super) enum State {
    Begin,
    /// The host reads a key for the endpoint of a managed identity.
    #[cfg(feature = "managed-identity")]
    Key,
    /// The answer of that endpoint.
    #[cfg(feature = "managed-identity")]
    Identity {
        sent: Option<Timestamp>,
        has_key: bool,
    },
    /// The answer to a question about the authority.
    #[cfg(feature = "discovery")]
    Location(Question),
    /// The host looks for a renewed certificate; `seen` is the one that is known.
    Renewal {
        seen: u32,
        refusal: Option<Error>,
    },
    /// The host signs with the key of the certificate of that number.
    Signature {
        prepared: Arc<PreparedAssertion>,
        certificate: u32,
    },
    Assertion,
    /// The request is under way; nobody knows since when if the clock was set back meanwhile.
    Response {
        sent: Option<Timestamp>,
    },
    Time {
        until: Timestamp,
    },
}

/// Where a step led.
pub(super) enum Progress {
    Next(Step),
    Landed(Result<AccessToken>),
}

impl Flight {
    pub(super) fn new(
        key: RequestKey,
        held: Option<Held>,
        tenant: Tenant,
        request: &TokenRequest,
        claims: Option<String>,
    ) -> Self {
        Self {
            number: 0,
            key,
            held,
            began: Timestamp::default(),
            request: request.clone(),
            tenant,
            endpoint: String::new(),
            claims,
            correlation_id: request.correlation_id.clone(),
            entropy: Entropy::new([0; 32]),
            retries: Retries::new(),
            is_reuse: false,
            own: None,
            dated_by: None,
            signed_by: 0,
            tried: Tried::default(),
            state: State::Begin,
        }
    }

    /// Takes the flight on by one input; an input that it did not ask for changes nothing and is an error.
    pub(super) fn step(
        &mut self,
        config: &ClientConfig,
        standing: &mut Standing,
        input: Input,
        now: Timestamp,
    ) -> Result<Progress> {
        match (core::mem::replace(&mut self.state, State::Begin), input) {
            (State::Begin, Input::Begin(entropy)) => {
                self.entropy = Entropy::new(entropy);
                self.began = now;
                self.correlation_id = self.correlation_id.take().or_else(|| Some(self.entropy.uuid()));
                Ok(self.locate(config, standing, now))
            }
            #[cfg(feature = "managed-identity")]
            (state @ (State::Key | State::Identity { .. }), input) => {
                self.step_identity(config, standing, (state, input), now)
            }
            #[cfg(feature = "discovery")]
            (State::Location(question), Input::Response(response)) => {
                Ok(self.located(config, standing, question, Some(&response), now))
            }
            #[cfg(feature = "discovery")]
            (State::Location(question), Input::Failure(_)) => {
                Ok(self.located(config, standing, question, None, now))
            }
            (State::Renewal { seen, refusal: Some(error) }, Input::Renewed)
                if seen == standing.certificate =>
            {
                Ok(Progress::Landed(Err(error)))
            }
            (State::Renewal { .. }, Input::Renewed) => Ok(self.authenticate(config, standing, now)),
            // Renewed while the host signed: who knows with which key. Or dated by a clock that is known to be wrong by now.
            (State::Signature { certificate, .. }, Input::Signature(_) | Input::SigningFailed(_))
                if certificate != standing.certificate || self.dated_by != Some(standing.clock_offset()) =>
            {
                Ok(self.authenticate(config, standing, now))
            }
            (State::Signature { prepared, .. }, Input::Signature(_))
                if !assertions::is_good(&prepared, standing.service_time(now)) =>
            {
                Ok(self.sign_again(config, standing, now))
            }
            (State::Signature { prepared, .. }, Input::Signature(signature)) => {
                Ok(match prepared.with_signature(signature.expose()) {
                    Ok(assertion) => {
                        let assertion = Arc::new(assertion);
                        standing.assertions.keep(&prepared, &assertion);
                        self.send(config, standing, ClientProof::Assertion(&assertion), now)
                    }
                    Err(error) => Progress::Landed(Err(error)),
                })
            }
            (State::Assertion, Input::Assertion(assertion)) => {
                Ok(self.send(config, standing, ClientProof::Assertion(&assertion), now))
            }
            (State::Signature { .. }, Input::SigningFailed(text)) => {
                Ok(Progress::Landed(Err(Error::new(ErrorCode::SigningFailed, text, "a signed assertion"))))
            }
            (State::Assertion, Input::SigningFailed(text)) => {
                Ok(Progress::Landed(Err(Error::new(ErrorCode::AssertionFailed, text, "a signed JWT"))))
            }
            (State::Response { sent }, Input::Response(response)) => {
                Ok(self.answered(config, standing, &response, sent, now))
            }
            (State::Response { .. }, Input::Failure(failure)) => {
                let result = Err(failure.into_error("a response of the token service"));
                Ok(self.conclude(config, standing, result, None, now))
            }
            (State::Time { until }, Input::Woken) if now < until => Ok(self.wait(until)),
            (State::Time { .. }, Input::Woken) => Ok(self.locate(config, standing, now)),
            (state, _) => self.unexpected(state),
        }
    }

    /// The flight stays as it was.
    pub(super) fn unexpected(&mut self, state: State) -> Result<Progress> {
        self.state = state;
        let found = "an input that the flight did not ask for";
        Err(Error::new(ErrorCode::StepUnexpected, found, "the answer to its last step"))
    }

    /// Goes on once the token endpoint is known.
    pub(super) fn locate(
        &mut self,
        config: &ClientConfig,
        standing: &mut Standing,
        now: Timestamp,
    ) -> Progress {
        #[cfg(feature = "managed-identity")]
        if let Credential::ManagedIdentity(identity) = &config.credential {
            return self.ask_identity(config, identity, standing, None, now);
        }
        #[cfg(feature = "discovery")]
        if self.endpoint.is_empty() {
            let asking = (self.number, now);
            match standing.location.next(config, &self.tenant, &self.request, asking) {
                Next::Call(endpoint) => self.endpoint = endpoint,
                Next::LookAgain(until) => return self.wait(until),
                Next::Ask(question, request) => {
                    self.state = State::Location(question);
                    return Progress::Next(Step::Send(request));
                }
            }
        }
        #[cfg(not(feature = "discovery"))]
        if self.endpoint.is_empty() {
            self.endpoint = config.authority.token_endpoint(&self.tenant, config.endpoint);
        }
        self.authenticate(config, standing, now)
    }

    /// The host's clock was set back by so much.
    pub(super) fn clock_was_set_back(&mut self, millis: u64) {
        self.held = None;
        self.dated_by = None;
        self.began = self.began.minus_millis(millis);
        match &mut self.state {
            State::Time { until } => *until = until.minus_millis(millis),
            State::Response { sent } => *sent = None,
            #[cfg(feature = "managed-identity")]
            State::Identity { sent, .. } => *sent = None,
            #[cfg(feature = "managed-identity")]
            State::Key => {}
            #[cfg(feature = "discovery")]
            State::Location(_) => {}
            State::Begin | State::Renewal { .. } | State::Signature { .. } | State::Assertion => {}
        }
    }

    /// Sends the request with what proves the client's identity, or asks the host for that first.
    pub(super) fn authenticate(
        &mut self,
        config: &ClientConfig,
        standing: &mut Standing,
        now: Timestamp,
    ) -> Progress {
        self.is_reuse = false;
        self.own = None;
        (self.dated_by, self.signed_by) = (Some(standing.clock_offset()), standing.certificate);
        match &config.credential {
            // It has no token endpoint, and never comes here.
            #[cfg(feature = "managed-identity")]
            Credential::ManagedIdentity(identity) => self.ask_identity(config, identity, standing, None, now),
            Credential::Secret(secret) => self.send(config, standing, ClientProof::Secret(secret), now),
            Credential::Assertion => {
                self.state = State::Assertion;
                Progress::Next(Step::Assert { audience: self.endpoint.clone() })
            }
            Credential::Certificate(certificate) if self.tried.fresh_assertion => {
                self.make_assertion(certificate, standing, now)
            }
            Credential::Certificate(certificate) => match standing.find_assertion(&self.endpoint, now) {
                Some(Found::Signed(assertion)) => {
                    self.is_reuse = true;
                    self.send(config, standing, ClientProof::Assertion(&assertion), now)
                }
                Some(Found::Prepared(prepared)) => {
                    // Another flight sends it, too.
                    self.is_reuse = true;
                    self.sign(prepared, standing)
                }
                None if config.is_renewable && !self.tried.renewal => self.renew(standing, None),
                None => self.make_assertion(certificate, standing, now),
            },
        }
    }

    /// Has the host look whether there is another certificate by now. With a `refusal`, that is the end if there is none.
    pub(super) fn renew(&mut self, standing: &Standing, refusal: Option<Error>) -> Progress {
        let after_refusal = refusal.is_some();
        self.tried.renewal = true;
        self.tried.renewal_after_refusal |= after_refusal;
        self.state = State::Renewal { seen: standing.certificate, refusal };
        Progress::Next(Step::Renew { after_refusal })
    }

    fn make_assertion(
        &mut self,
        certificate: &CertificateCredential,
        standing: &mut Standing,
        now: Timestamp,
    ) -> Progress {
        if let Err(error) = certificate.check_validity(standing.service_time(now)) {
            return Progress::Landed(Err(error));
        }
        standing.warn_of(certificate, now);
        let jti = self.entropy.uuid();
        if self.tried.fresh_assertion {
            // The service may take each assertion once: nobody else is to send this one before.
            return self.sign(standing.prepare_unshared(certificate, &self.endpoint, now, &jti), standing);
        }
        let prepared = standing.prepare_assertion(certificate, &self.endpoint, now, &jti);
        self.own = Some(prepared.clone());
        self.sign(prepared, standing)
    }

    fn sign(&mut self, prepared: Arc<PreparedAssertion>, standing: &Standing) -> Progress {
        let request = prepared.signing_request().clone();
        self.state = State::Signature { prepared, certificate: standing.certificate };
        Progress::Next(Step::Sign(request))
    }

    /// The assertion's time was over, or nearly, when its signature came.
    fn sign_again(&mut self, config: &ClientConfig, standing: &mut Standing, now: Timestamp) -> Progress {
        if self.tried.late_signature {
            let (found, expected) = ("a signature that took minutes", "one within the life of the assertion");
            return Progress::Landed(Err(Error::new(ErrorCode::SigningFailed, found, expected)));
        }
        self.tried.late_signature = true;
        self.authenticate(config, standing, now)
    }

    fn send(
        &mut self,
        config: &ClientConfig,
        standing: &Standing,
        proof: ClientProof<'_>,
        now: Timestamp,
    ) -> Progress {
        if let Some(throttled) = standing.throttled(&self.endpoint, now) {
            return self.sit_out(throttled, now);
        }
        let mut url = self.endpoint.clone();
        if let Some(version) = &config.api_version {
            url.push_str("?api-version=");
            push_form_encoded(&mut url, version);
        }
        self.state = State::Response { sent: Some(now) };
        Progress::Next(Step::Send(HttpRequest {
            method: Method::Post,
            url,
            headers: self.headers(config),
            secret_header: None,
            body: token_request_body(&self.grant(config), proof),
            timeout_millis: self.timeout_millis(config.timeout_millis, now),
            is_direct: false,
            #[cfg(feature = "managed-identity")]
            server_thumbprint: None,
        }))
    }

    fn grant<'a>(&'a self, config: &'a ClientConfig) -> Grant<'a> {
        Grant {
            client_id: &config.client_id,
            target: &self.request.target,
            claims: self.claims.as_deref(),
            user_assertion: self.request.user_assertion.as_deref(),
        }
    }

    /// A request is given up before the token that is held dies: its callers get that then.
    fn timeout_millis(&self, most: u32, now: Timestamp) -> u32 {
        let left = self.held.map_or(0, |held| held.millis_left(now));
        let before_its_end = left.saturating_sub(LAST_MILLIS).max(LAST_MILLIS);
        match u32::try_from(before_its_end) {
            Ok(millis) if left > 0 => millis.min(most),
            _ => most,
        }
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

    /// Reads an answer.
    fn answered(
        &mut self,
        config: &ClientConfig,
        standing: &mut Standing,
        response: &HttpResponse,
        sent: Option<Timestamp>,
        now: Timestamp,
    ) -> Progress {
        let result = read_response(response, sent.unwrap_or(now));
        self.judge(config, standing, result, (response, sent), now)
    }

    pub(super) fn wait(&mut self, until: Timestamp) -> Progress {
        self.state = State::Time { until };
        Progress::Next(Step::Wait(until))
    }
}
