//! Proof that the oracle can fail: hosts with a planted fault, each of which breaks one promise.
//!
//! A fault is a function around the host; it looks at what goes through and changes it.

use crate::finding::Rule;
use crate::host::Host;
use crate::run;
use certgrant_core::*;
use std::collections::HashMap;
use std::sync::Arc;

/// In how many schedules a fault has to be found.
const SCHEDULES: u64 = 300;

/// What a planted fault may do.
trait Fault {
    /// Changes a request before it is looked at.
    fn request(&mut self, _: &mut TokenRequest) {}

    /// Changes what a caller is told.
    fn found(&mut self, _: &TokenRequest, _: Timestamp, found: Result<Found>) -> Result<Found> {
        found
    }

    /// Changes what a flight is answered.
    fn input(&mut self, input: Input) -> Input {
        input
    }

    /// Changes what a flight asks for, or how it ends.
    fn step(&mut self, step: Result<CachingStep>) -> Result<CachingStep> {
        step
    }

    /// Whether a flight that is to end does.
    fn abandons(&self) -> bool {
        true
    }
}

/// A host behind a fault.
struct Mutant<F> {
    host: Box<dyn Host>,
    fault: F,
}

impl<F: Fault> Host for Mutant<F> {
    fn acquire(&mut self, request: &TokenRequest, now: Timestamp, awake: u64) -> Result<Found> {
        let mut changed = request.clone();
        self.fault.request(&mut changed);
        let found = self.host.acquire(&changed, now, awake);
        self.fault.found(request, now, found)
    }

    fn step(&mut self, flight: FlightId, input: Input, now: Timestamp, awake: u64) -> Result<CachingStep> {
        let input = self.fault.input(input);
        let step = self.host.step(flight, input, now, awake);
        self.fault.step(step)
    }

    fn abandon(&mut self, flight: FlightId) {
        if self.fault.abandons() {
            self.host.abandon(flight);
        }
    }

    fn remove(&mut self, request: &TokenRequest) -> bool {
        self.host.remove(request)
    }

    fn clear(&mut self) {
        self.host.clear();
    }

    fn client_mut(&mut self) -> &mut Client {
        self.host.client_mut()
    }

    fn size(&self) -> (usize, usize, usize) {
        self.host.size()
    }
}

fn plant<F: Fault + Default + 'static>(host: Box<dyn Host>) -> Box<dyn Host> {
    Box::new(Mutant { host, fault: F::default() })
}

/// The rules that schedules with a fault were found to break.
fn rules_broken_by<F: Fault + Default + 'static>() -> Vec<Rule> {
    let (_, findings) = run::many(0, SCHEDULES, plant::<F>);
    findings.into_iter().map(|(_, finding)| finding.rule).collect()
}

macro_rules! faults {
    ($($(#[doc = $text:literal])+ $test:ident: $fault:ident => $rule:ident;)+) => {
        $(
            $(#[doc = $text])+
            #[test]
            fn $test() {
                let rules = rules_broken_by::<$fault>();
                assert!(rules.contains(&Rule::$rule), "found {rules:?}");
            }
        )+
    };
}

faults! {
    /// Each token is served for ever.
    token_that_is_over_is_found: ServesTheDead => Dead;
    /// Every other caller's request is made a different one for the client, as if its key were incomplete the other way.
    second_request_for_the_same_is_found: AsksTwice => Double;
    /// The tenant is not part of the key.
    token_of_another_tenant_is_found: ForgetsTenants => Foreign;
    /// On whose behalf a token is, is not part of the key.
    token_of_another_user_is_found: ForgetsUsers => Foreign;
    /// Whether the caller handles challenges is not part of the key.
    token_without_the_capability_is_found: ForgetsCapabilities => Foreign;
    /// The failure of a renewal is thrown.
    caller_who_could_have_been_served_is_found: ThrowsWhatIsToBeTold => Failed;
    /// Nothing is tried again.
    caller_whose_request_was_not_retried_is_found: GivesUp => Failed;
    /// A failure is told again for ten minutes.
    failure_that_is_remembered_is_found: RemembersFailures => Remembered;
    /// `Retry-After` is not read.
    endpoint_that_is_not_left_alone_is_found: Pushes => Pushed;
    /// A refusal is taken for an overload.
    retry_of_what_cannot_succeed_is_found: RetriesRefusals => Retried;
    /// Flights stay when nobody waits for them.
    flight_that_stays_is_found: KeepsFlights => Leaked;
    /// An error shows a token.
    secret_in_an_error_is_found: TellsSecrets => Leaked;
    /// A caller waits for a flight that there is not.
    caller_without_an_end_is_found: LosesCallers => Lost;
    /// An input that no flight asked for is swallowed.
    input_that_is_swallowed_is_found: TakesAnyInput => Unclear;
}

#[derive(Default)]
struct ServesTheDead(HashMap<String, Arc<AccessToken>>);

impl Fault for ServesTheDead {
    fn found(&mut self, request: &TokenRequest, _: Timestamp, found: Result<Found>) -> Result<Found> {
        let key = format!("{request:?}");
        match (&found, self.0.get(&key)) {
            (Ok(Found::Token(token)), _) => drop(self.0.insert(key, token.clone())),
            (Ok(Found::Join(_)), Some(token)) => return Ok(Found::Token(token.clone())),
            _ => {}
        }
        found
    }
}

#[derive(Default)]
struct AsksTwice(bool);

impl Fault for AsksTwice {
    fn request(&mut self, request: &mut TokenRequest) {
        self.0 = !self.0;
        request.skip_cache |= self.0;
    }
}

#[derive(Default)]
struct ForgetsTenants;

impl Fault for ForgetsTenants {
    fn request(&mut self, request: &mut TokenRequest) {
        request.tenant = None;
    }
}

#[derive(Default)]
struct ForgetsUsers;

impl Fault for ForgetsUsers {
    fn request(&mut self, request: &mut TokenRequest) {
        request.user_assertion = None;
    }
}

#[derive(Default)]
struct ForgetsCapabilities;

impl Fault for ForgetsCapabilities {
    fn request(&mut self, request: &mut TokenRequest) {
        request.enable_cae = false;
    }
}

#[derive(Default)]
struct ThrowsWhatIsToBeTold;

impl Fault for ThrowsWhatIsToBeTold {
    fn step(&mut self, step: Result<CachingStep>) -> Result<CachingStep> {
        match step? {
            CachingStep::Done { not_renewed: Some(error), .. } => {
                Ok(CachingStep::Done { result: Err(error), not_renewed: None })
            }
            step => Ok(step),
        }
    }
}

/// How a service says that it can't succeed.
fn refusal() -> Input {
    let body = br#"{"error":"invalid_request"}"#.to_vec().into();
    Input::Response(HttpResponse { status: 400, headers: vec![], body })
}

#[derive(Default)]
struct GivesUp;

impl Fault for GivesUp {
    fn input(&mut self, input: Input) -> Input {
        if matches!(input, Input::Failure(_)) { refusal() } else { input }
    }
}

#[derive(Default)]
struct RemembersFailures(Option<Error>);

impl Fault for RemembersFailures {
    fn input(&mut self, input: Input) -> Input {
        // What failed once fails from then on.
        match (&self.0, input) {
            (Some(_), Input::Response(_)) => refusal(),
            (_, input) => input,
        }
    }

    fn step(&mut self, step: Result<CachingStep>) -> Result<CachingStep> {
        if let Ok(CachingStep::Done { result: Err(error), .. }) = &step {
            self.0 = Some(error.clone());
        }
        step
    }
}

#[derive(Default)]
struct Pushes;

impl Fault for Pushes {
    fn input(&mut self, input: Input) -> Input {
        match input {
            Input::Response(HttpResponse { status, body, .. }) => {
                Input::Response(HttpResponse { status, headers: vec![], body })
            }
            input => input,
        }
    }
}

#[derive(Default)]
struct RetriesRefusals;

impl Fault for RetriesRefusals {
    fn input(&mut self, input: Input) -> Input {
        match input {
            Input::Response(HttpResponse { status: 400, headers, body }) => {
                Input::Response(HttpResponse { status: 503, headers, body })
            }
            input => input,
        }
    }
}

#[derive(Default)]
struct KeepsFlights;

impl Fault for KeepsFlights {
    fn abandons(&self) -> bool {
        false
    }
}

#[derive(Default)]
struct TellsSecrets;

impl Fault for TellsSecrets {
    fn step(&mut self, step: Result<CachingStep>) -> Result<CachingStep> {
        match step? {
            CachingStep::Done { result: Err(error), not_renewed } => {
                let found = format!("{}~1~", crate::service::TOKEN_MARK);
                let result = Err(Error::new(error.code(), found, "nothing of the kind"));
                Ok(CachingStep::Done { result, not_renewed })
            }
            step => Ok(step),
        }
    }
}

#[derive(Default)]
struct LosesCallers;

impl Fault for LosesCallers {
    fn found(&mut self, _: &TokenRequest, _: Timestamp, found: Result<Found>) -> Result<Found> {
        match found? {
            Found::Join(_) => Ok(Found::Join(FlightId::from_u32(u32::MAX))),
            found => Ok(found),
        }
    }
}

#[derive(Default)]
struct TakesAnyInput;

impl Fault for TakesAnyInput {
    fn step(&mut self, step: Result<CachingStep>) -> Result<CachingStep> {
        match step {
            Err(_) => Ok(CachingStep::Next(Step::Wait(Timestamp::default()))),
            step => step,
        }
    }
}
