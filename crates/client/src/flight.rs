//! One flight: carries out the steps that core asks for.

use alloc::sync::Arc;
use core::time::Duration;

use certgrant_core::{CachingStep, ErrorKind, FlightId, Input, Notice, SigningRequest, Step, Timestamp};
use tokio::time::Instant;

use crate::answer::answer_of;
use crate::client::{Token, TokenClient};
use crate::error::{Error, Result};
use crate::host::{Behind, Unanswered, random};
use crate::proof::Proof;

/// What is known of a failure beyond what core is told.
enum Trouble {
    /// The error itself: it says all, and core's would only wrap it.
    Whole(Error),
    /// What lies behind core's error.
    Behind(Behind),
}

impl TokenClient {
    /// Takes a flight to its end, which all who wait for it get.
    pub(crate) async fn fly(self: Arc<Self>, id: FlightId) -> Result<Token> {
        let _end = End { client: &self, id };
        let mut input = Input::Begin(random()?);
        let mut now = self.host.now();
        let begun = Instant::now();
        let mut trouble = None;
        loop {
            let (step, notices) = self.step(id, input, now)?;
            for notice in &notices {
                self.host.events.noticed(notice);
            }
            let step = match step {
                CachingStep::Next(step) => step,
                CachingStep::Done { result, not_renewed } => {
                    return self.conclude(result, not_renewed, trouble, begun.elapsed());
                }
            };
            if let Step::Wait(until) = step {
                (input, trouble) = (Input::Woken, None);
                now = self.host.wait(until).await;
            } else {
                (input, trouble) = self.carry_out(step).await?;
                now = self.host.now();
            }
        }
    }

    fn step(&self, id: FlightId, input: Input, now: Timestamp) -> Result<(CachingStep, Vec<Notice>)> {
        let mut state = self.state();
        let step = state.core.step(id, input, now)?;
        if let CachingStep::Done { .. } = step {
            state.end(id);
        }
        Ok((step, state.core.client_mut().take_notices()))
    }

    fn conclude(
        &self,
        result: certgrant_core::Result<Token>,
        not_renewed: Option<certgrant_core::Error>,
        trouble: Option<Trouble>,
        took: Duration,
    ) -> Result<Token> {
        let whole = |error: certgrant_core::Error| match trouble {
            Some(Trouble::Whole(error)) => error,
            Some(Trouble::Behind(behind)) => behind.of(error),
            None => error.into(),
        };
        match (result, not_renewed) {
            (Ok(token), None) => {
                self.host.events.granted(&token, took);
                Ok(token)
            }
            (Ok(token), Some(error)) => {
                self.host.events.not_refreshed(&whole(error));
                Ok(token)
            }
            (Err(error), _) => {
                let error = whole(error);
                self.host.events.failed(&error);
                // Nobody can tell a machine without the identity from one whose endpoint fails.
                let is_of_machine =
                    matches!(self.proof, Proof::Machine) && error.kind() != ErrorKind::Internal;
                Err(if is_of_machine { error.as_unavailable() } else { error })
            }
        }
    }

    async fn carry_out(&self, step: Step) -> Result<(Input, Option<Trouble>)> {
        match step {
            Step::Sign(request) => Ok(self.sign(request).await),
            Step::Assert { audience } => Ok(self.assert(audience).await),
            Step::Renew { after_refusal } => {
                self.renew_certificate(after_refusal).await;
                Ok((Input::Renewed, None))
            }
            Step::ReadKey { path } => Ok((read_key(path).await, None)),
            Step::Send(request) => Ok(match self.host.send(&request).await {
                Ok(response) => (Input::Response(response), None),
                Err(Unanswered { failure, behind }) => {
                    (Input::Failure(failure), Some(Trouble::Behind(behind)))
                }
            }),
            Step::Wait(_) | Step::Done(_) => Err(Error::internal("a step that is carried out elsewhere")),
        }
    }

    async fn sign(&self, request: SigningRequest) -> (Input, Option<Trouble>) {
        self.host.events.signing(request.algorithm.as_str());
        let key = self.state().key.clone();
        let signature = match key {
            Some(key) => self.signatures.sign(key, request).await,
            None => Err(Error::internal("a certificate without its key")),
        };
        match signature {
            Ok(signature) => (Input::Signature(signature.to_vec().into()), None),
            Err(error) => signing_failed(error),
        }
    }

    async fn assert(&self, audience: String) -> (Input, Option<Trouble>) {
        match self.proof.assertion(audience).await {
            Ok(assertion) => (Input::Assertion(assertion), None),
            Err(error) => signing_failed(error),
        }
    }

    /// Has the credential look for a renewed certificate; what is wrong with it is told, and the one in use stays.
    async fn renew_certificate(&self, after_refusal: bool) {
        let Proof::Certificate(certificates) = &self.proof else {
            return;
        };
        let terms = self.state().core.client().certificate().map(|certificate| certificate.terms().clone());
        let Some(terms) = terms else {
            return;
        };
        match certificates.look(&self.host, terms, after_refusal).await {
            Ok(None) => {}
            Ok(Some(opened)) => {
                let mut state = self.state();
                let is_another = state.core.client_mut().renew(opened.certificate);
                if is_another {
                    state.key = Some(opened.key);
                }
                if let (true, Some(certificate)) = (is_another, state.core.client().certificate()) {
                    self.host.events.renewed(certificate);
                }
            }
            Err(error) => self.host.events.not_renewed(&error),
        }
    }
}

fn signing_failed(error: Error) -> (Input, Option<Trouble>) {
    (Input::SigningFailed(error.to_string()), Some(Trouble::Whole(error)))
}

/// Ends the flight in core however its task ends.
struct End<'a> {
    client: &'a TokenClient,
    id: FlightId,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.client.state().end(self.id);
    }
}

/// A key file of Azure Arc's agent.
async fn read_key(path: String) -> Input {
    let read = async {
        match tokio::task::spawn_blocking(move || std::fs::read(path)).await {
            Ok(key) => key.map_err(|error| error.kind().to_string()),
            Err(_) => Err("a reader that panicked".to_owned()),
        }
    };
    match answer_of("its disk", read, |found| found).await {
        Ok(key) => Input::Key(key.into()),
        Err(found) => Input::KeyUnreadable(found),
    }
}
