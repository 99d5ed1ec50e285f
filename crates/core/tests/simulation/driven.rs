//! Flights as their host drives them: what each waits for, and when that comes.

use crate::answer::{Answer, Kind};
use crate::asked::Asked;
use crate::finding::{Checked, Rule, broken};
use crate::host::{Certificates, OUTSIDE_ASSERTION};
use crate::schedule::{Schedule, read};
use certgrant_core::*;

/// Behind so many milliseconds a signature is of no use to an assertion that lives for ten minutes.
const TOO_LATE: u64 = 500_000;

/// A flight and what its host does for it.
#[derive(Debug)]
pub(crate) struct Driven {
    pending: Pending,
    /// When it is done, by the host's timers.
    pub(crate) ready: u64,
    /// When it was asked for, by the time that the host has to believe in.
    asked_on: u64,
    pub(crate) waiting: u64,
    /// Where its requests go.
    url: String,
}

#[derive(Debug)]
enum Pending {
    Begin,
    Renewal,
    Signature,
    Assertion,
    Answer(Input, Kind),
    Time,
}

impl Driven {
    pub(crate) fn new(asked: &Asked, awake: u64, waiting: u64) -> Self {
        let url = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", asked.wish.tenant);
        Self { pending: Pending::Begin, ready: awake, asked_on: 0, waiting, url }
    }

    pub(crate) const fn waits_for_time(&self) -> bool {
        matches!(self.pending, Pending::Time)
    }
}

impl Schedule {
    /// Answers one of the flights whose time has come; now and then one that waits is woken too early.
    pub(crate) fn answer_one(&mut self) -> Checked {
        let awake = self.clock.awake;
        let wakes_early = self.random.percent(2);
        let is_due = |driven: &Driven| driven.ready <= awake || (wakes_early && driven.waits_for_time());
        let due: Vec<FlightId> =
            self.flights.iter().filter(|(_, driven)| is_due(driven)).map(|(id, _)| *id).collect();
        if due.is_empty() {
            return Ok(());
        }
        let id = *self.random.pick(&due);
        let input = self.input(id)?;
        self.tell(|| format!("{id:?} <- {input:?}"));
        let step = self.host.step(id, input, self.clock.now(), self.clock.awake);
        self.tell(|| format!("{id:?} -> {step:?}"));
        match step {
            Ok(CachingStep::Next(step)) => self.carry_out(id, step),
            Ok(CachingStep::Done { result, not_renewed }) => self.land(id, result, not_renewed.as_ref()),
            Err(error) => broken(Rule::Unclear, &format!("{error} for what the flight asked for")),
        }
    }

    /// What the flight waited for.
    fn input(&mut self, id: FlightId) -> Checked<Input> {
        let driven = self.flights.get_mut(&id).expect("it is due");
        let is_sound = self.is_ending || self.random.percent(96);
        Ok(match core::mem::replace(&mut driven.pending, Pending::Begin) {
            Pending::Begin => {
                self.oracle.begun(id, &self.clock);
                Input::Begin(self.random.bytes())
            }
            Pending::Renewal => {
                if is_sound {
                    self.host.client_mut().renew(Certificates::get().credential(self.certificate));
                }
                Input::Renewed
            }
            Pending::Signature | Pending::Assertion if !is_sound => {
                self.oracle.excuse(id);
                match self.random.below(2) {
                    0 => Input::SigningFailed("the vault is sealed".into()),
                    _ => Input::SigningFailed("no such key".into()),
                }
            }
            Pending::Signature if driven.asked_on + TOO_LATE < self.clock.credible => {
                self.oracle.excuse(id);
                Input::Signature(vec![0x5a; 256].into())
            }
            Pending::Signature => Input::Signature(vec![0x5a; 256].into()),
            Pending::Assertion => Input::Assertion(OUTSIDE_ASSERTION.to_owned().into()),
            Pending::Answer(input, kind) => {
                self.oracle.answered(id, &driven.url, kind, &self.clock);
                input
            }
            Pending::Time => Input::Woken,
        })
    }

    fn carry_out(&mut self, id: FlightId, step: Step) -> Checked {
        let (pending, millis) = match step {
            Step::Renew { .. } => (Pending::Renewal, self.random.below(50)),
            Step::Sign(_) => (Pending::Signature, self.signing_millis()),
            Step::Assert { .. } => (Pending::Assertion, self.signing_millis()),
            Step::Send(request) => {
                self.oracle.sent(id, &request.url, request.timeout_millis.into(), &self.clock)?;
                let answer = self.service.answer(&request, self.clock.real, &mut self.random);
                let Answer { input, kind, millis } = answer.or_else(|text| broken(Rule::Malformed, &text))?;
                (Pending::Answer(input, kind), millis.min(request.timeout_millis.into()))
            }
            Step::Wait(until) => {
                let millis = until.as_millis().saturating_sub(self.clock.now().as_millis());
                self.oracle.waits(id, &self.flights[&id].url, millis, &self.clock)?;
                (Pending::Time, millis)
            }
            #[cfg(feature = "managed-identity")]
            Step::ReadKey { .. } => {
                return broken(Rule::Unclear, "a key, where nobody has a managed identity");
            }
            Step::Done(_) => return broken(Rule::Unclear, "an end that is not CachingStep::Done"),
        };
        let driven = self.flights.get_mut(&id).expect("it was just answered");
        (driven.pending, driven.ready) = (pending, self.clock.awake + millis);
        driven.asked_on = self.clock.credible;
        Ok(())
    }

    /// In process, by a vault, or by somebody who has to find a card first.
    fn signing_millis(&mut self) -> u64 {
        if self.is_ending {
            return 0;
        }
        *self.random.pick(&[0, 0, 0, 30, 30, 900, 25_000, 700_000])
    }

    fn land(
        &mut self,
        id: FlightId,
        result: Result<std::sync::Arc<AccessToken>>,
        not_renewed: Option<&Error>,
    ) -> Checked {
        let driven = self.flights.remove(&id).expect("it was just answered");
        match result {
            Ok(token) => {
                self.tally.served += driven.waiting;
                self.oracle.granted(id, &read(&token)?, not_renewed, &self.clock)
            }
            Err(error) => {
                self.tally.failed += driven.waiting;
                let certificate = self.host.client_mut().certificate();
                let present =
                    certificate.and_then(|used| used.thumbprint_sha256).map(|used| used.to_base64url());
                self.oracle.failed(id, &driven.url, &error, present.as_deref(), &self.clock)
            }
        }
    }
}
