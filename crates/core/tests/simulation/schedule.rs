//! One schedule: callers, answers, aborts and time in an order that its seed says.

use crate::asked::{Asked, ask};
use crate::clock::Clock;
use crate::driven::Driven;
use crate::finding::{Checked, Rule, broken};
use crate::host::{self, Certificates, ForeignHost, Host};
use crate::oracle::{Oracle, check_text};
use crate::random::Random;
use crate::service::{Issued, Service, Weather};
use certgrant_core::*;
use certgrant_testkit::vectors::assertion_rs256;
use std::collections::BTreeMap;

/// What was done, to see that schedules are worth their time.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) schedules: u64,
    pub(crate) steps: u64,
    pub(crate) callers: u64,
    pub(crate) requests: u64,
    /// Callers who got a token, who were failed by a flight, and who gave up.
    pub(crate) served: u64,
    pub(crate) failed: u64,
    pub(crate) aborted: u64,
}

impl core::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.steps += other.steps;
        self.callers += other.callers;
        self.requests += other.requests;
        self.served += other.served;
        self.failed += other.failed;
        self.aborted += other.aborted;
    }
}

pub(crate) struct Schedule {
    pub(crate) random: Random,
    pub(crate) clock: Clock,
    pub(crate) service: Service,
    pub(crate) host: Box<dyn Host>,
    pub(crate) oracle: Oracle,
    pub(crate) flights: BTreeMap<FlightId, Driven>,
    pub(crate) certificate: usize,
    pub(crate) tally: Tally,
    limits: CacheLimits,
    /// Whether the host's timers run on while the machine is suspended.
    timers_count_suspends: bool,
    is_told: bool,
    /// At the end signers and hosts make no mistake any more.
    pub(crate) is_ending: bool,
}

/// What stands between the schedule and the host: nothing, or a planted fault.
pub(crate) type Wrapper = fn(Box<dyn Host>) -> Box<dyn Host>;

impl Schedule {
    pub(crate) fn new(seed: u64, wrap: Wrapper, is_told: bool) -> Self {
        let mut random = Random::new(seed);
        let config = host::config(&mut random);
        let is_foreign = random.percent(40);
        let limits = match random.below(5) {
            0 if !is_foreign => CacheLimits { tokens: random.within(0, 3) as usize, bytes: 1 << 20 },
            1 if !is_foreign => CacheLimits { tokens: 100, bytes: random.within(0, 1500) as usize },
            _ => CacheLimits::default(),
        };
        let oracle = Oracle::new(config.max_retries, limits != CacheLimits::default());
        let inner: Box<dyn Host> = if is_foreign {
            Box::new(ForeignHost::new(config).expect("a sound configuration"))
        } else {
            Box::new(CachingClient::new(config, limits, random.bytes()).expect("a sound configuration"))
        };
        let certificates = Certificates::get();
        let registered = if random.percent(90) { vec![certificates.thumbprint(0)] } else { vec![] };
        let weather = Weather::random(&mut random);
        let ahead = *random.pick(&[0, 0, 0, 40_000, -40_000, 720_000, -720_000]);
        let start = (assertion_rs256::NOT_BEFORE + 30 * 86_400) * 1000 + random.below(1_000_000);
        Self {
            service: Service::new(weather, &mut random, registered),
            clock: Clock::new(start, ahead),
            host: wrap(inner),
            oracle,
            flights: BTreeMap::new(),
            certificate: 0,
            tally: Tally { schedules: 1, ..Tally::default() },
            limits,
            timers_count_suspends: is_foreign || random.percent(50),
            random,
            is_told,
            is_ending: false,
        }
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Checked<Tally> {
        for _ in 0..self.random.within(40, 240) {
            self.act()?;
            self.check_size()?;
        }
        self.end()?;
        self.tally.requests = self.service.requests;
        Ok(self.tally)
    }

    pub(crate) fn tell(&self, text: impl FnOnce() -> String) {
        if self.is_told {
            println!("{:>13} {:>13} {}", self.clock.real, self.clock.now().as_millis(), text());
        }
    }

    fn act(&mut self) -> Checked {
        self.tally.steps += 1;
        match self.random.below(100) {
            0..=24 => self.callers_come(),
            25..=64 => self.answer_one(),
            65..=69 => self.give_up(),
            70..=84 => self.wait_for_something(),
            85..=92 => self.pass_time(),
            93 => self.set_clock(),
            94 => self.user_acts(),
            95 => self.renew_certificate(),
            96 => self.disturb(),
            _ => {
                self.service.weather = Weather::random(&mut self.random);
                Ok(())
            }
        }
    }

    fn callers_come(&mut self) -> Checked {
        let asked = ask(&mut self.random);
        let number = if self.random.percent(5) { 40 } else { self.random.within(1, 3) };
        (0..number).try_for_each(|_| self.call(&asked))
    }

    fn call(&mut self, asked: &Asked) -> Checked {
        self.tally.callers += 1;
        let found = self.host.acquire(&asked.request, self.clock.now(), self.clock.awake);
        self.tell(|| format!("caller of {:?}: {found:?}", asked.wish));
        let found = match found {
            Ok(_) if asked.mistake.is_some() => return broken(Rule::Unclear, "a mistake that is not told"),
            Ok(found) => found,
            Err(error) => return self.oracle.turned_away(asked.mistake, &error),
        };
        match found {
            Found::Token(token) => self.serve(asked, &token, None),
            Found::TokenToRenew(token, flight) => self.serve(asked, &token, Some(flight)),
            Found::Join(flight) => {
                self.oracle.joined(flight, &asked.wish)?;
                self.flights.get_mut(&flight).expect("the oracle knows it").waiting += 1;
                Ok(())
            }
            Found::Start(flight) => {
                self.oracle.started(flight, &asked.wish, &self.clock)?;
                self.flights.insert(flight, Driven::new(asked, self.clock.awake, 1));
                Ok(())
            }
        }
    }

    fn serve(&mut self, asked: &Asked, token: &AccessToken, renews: Option<FlightId>) -> Checked {
        let issued = read(token)?;
        self.tally.served += 1;
        self.oracle.served(&asked.wish, &issued, token, renews, &self.clock)?;
        if let Some(flight) = renews {
            self.flights.insert(flight, Driven::new(asked, self.clock.awake, 0));
        }
        Ok(())
    }

    /// A caller gives up; a host ends the flight that nobody waits for any more, or lets it go on.
    fn give_up(&mut self) -> Checked {
        let waited_for: Vec<FlightId> =
            self.flights.iter().filter(|(_, driven)| driven.waiting > 0).map(|(id, _)| *id).collect();
        if waited_for.is_empty() {
            return Ok(());
        }
        let id = *self.random.pick(&waited_for);
        let driven = self.flights.get_mut(&id).expect("it was just there");
        driven.waiting -= 1;
        self.tally.aborted += 1;
        if driven.waiting == 0 && self.random.percent(80) {
            self.tell(|| format!("{id:?} is abandoned"));
            self.flights.remove(&id);
            self.host.abandon(id);
            self.oracle.abandoned(id);
        }
        Ok(())
    }

    /// Passes the time until the next answer, wake-up or signature, or somewhat less.
    fn wait_for_something(&mut self) -> Checked {
        let next = self.flights.values().map(|driven| driven.ready).min();
        let left = next.map_or(100, |ready| ready.saturating_sub(self.clock.awake));
        self.clock.pass(if self.random.percent(80) { left } else { left / 2 });
        Ok(())
    }

    fn pass_time(&mut self) -> Checked {
        let millis = match self.random.below(10) {
            0..=3 => self.random.below(2_000),
            4 | 5 => self.random.below(60_000),
            6 | 7 => self.random.below(1_200_000),
            _ => self.random.below(14_400_000),
        };
        if self.random.percent(25) {
            self.tell(|| format!("{millis} ms pass in sleep"));
            match self.timers_count_suspends {
                true => self.clock.pass(millis),
                false => self.clock.suspend(millis),
            }
            return Ok(());
        }
        self.tell(|| format!("{millis} ms pass"));
        self.stay_awake(self.clock.awake + millis)
    }

    /// Passes the time, and answers what comes meanwhile, as a host does that is awake.
    fn stay_awake(&mut self, end: u64) -> Checked {
        loop {
            let next = self.flights.values().map(|driven| driven.ready).min().filter(|ready| *ready <= end);
            let Some(next) = next else {
                self.clock.pass(end - self.clock.awake);
                return Ok(());
            };
            self.clock.pass(next.saturating_sub(self.clock.awake));
            self.answer_one()?;
        }
    }

    /// A clock that is set back is noticed only by who looked before and looks again before it is as late as it was: so
    /// callers come on both sides, as they do in any service that is in use.
    fn set_clock(&mut self) -> Checked {
        let millis = match self.random.below(4) {
            0 => self.random.below(2_000),
            1 => self.random.below(600_000),
            2 => self.random.below(7_200_000),
            _ => self.random.below(86_400_000 * 3),
        };
        if self.random.percent(40) {
            self.tell(|| format!("the clock is set forward by {millis} ms"));
            self.clock.set_forward(millis);
            return Ok(());
        }
        self.somebody_looks()?;
        self.tell(|| format!("the clock is set back by {millis} ms"));
        self.clock.set_back(millis);
        self.oracle.clock_was_set_back();
        self.somebody_looks()
    }

    /// A caller whose request says the time to the client.
    fn somebody_looks(&mut self) -> Checked {
        let mut asked = ask(&mut self.random);
        while asked.mistake.is_some() {
            asked = ask(&mut self.random);
        }
        self.call(&asked)
    }

    fn user_acts(&mut self) -> Checked {
        if self.random.percent(20) {
            self.host.clear();
            self.oracle.cleared();
            return Ok(());
        }
        let asked = ask(&mut self.random);
        if asked.mistake.is_some() || asked.wish.skips_cache {
            return Ok(());
        }
        let was_there = self.host.remove(&asked.request);
        self.tell(|| format!("removed {:?}: {was_there}", asked.wish));
        self.oracle.removed(&asked.wish, was_there, &self.clock)
    }

    /// The app's certificate is replaced: at the service, at the host, or at both.
    fn renew_certificate(&mut self) -> Checked {
        let certificates = Certificates::get();
        self.certificate = 1 - self.certificate;
        if self.random.percent(80) {
            self.service.registered = vec![certificates.thumbprint(self.certificate)];
        }
        let client = self.host.client_mut();
        if client.certificate().is_some() && self.random.percent(50) {
            client.renew(certificates.credential(self.certificate));
        }
        Ok(())
    }

    /// A host that makes mistakes: they are told, and change nothing.
    fn disturb(&mut self) -> Checked {
        let (now, awake) = (self.clock.now(), self.clock.awake);
        let flights: Vec<(FlightId, bool)> =
            self.flights.iter().map(|(id, driven)| (*id, driven.waits_for_time())).collect();
        let (id, input) = match flights.is_empty() {
            true => (FlightId::from_u32(u32::MAX), Input::Woken),
            false => match *self.random.pick(&flights) {
                (id, true) => (id, Input::Renewed),
                (id, false) => (id, Input::Woken),
            },
        };
        match self.host.step(id, input, now, awake) {
            Err(error) if error.code() == ErrorCode::StepUnexpected => Oracle::check_error(&error),
            other => broken(Rule::Unclear, &format!("{other:?} for what the flight did not ask for")),
        }
    }

    fn check_size(&mut self) -> Checked {
        for notice in self.host.client_mut().take_notices() {
            check_text(&notice.to_string())?;
        }
        let (flights, tokens, bytes) = self.host.size();
        let CacheLimits { tokens: most, bytes: most_bytes } = self.limits;
        if flights != self.oracle.flights() || flights != self.flights.len() {
            return broken(Rule::Leaked, &format!("{flights} flights of {}", self.oracle.flights()));
        }
        if tokens > most.max(1) || bytes > most_bytes {
            return broken(Rule::Leaked, &format!("{tokens} tokens, {bytes} bytes: {:?}", self.limits));
        }
        Ok(())
    }

    /// The weather clears up, and everything ends: nobody is left waiting, and all who come get a token.
    fn end(&mut self) -> Checked {
        self.tell(|| "the end".into());
        self.service.weather = Weather::default();
        self.finish_flights()?;
        self.service.registered = (0..2).map(|number| Certificates::get().thumbprint(number)).collect();
        self.clock.pass(3 * 3_600_000);
        self.is_ending = true;
        for _ in 0..3 {
            let asked = ask(&mut self.random);
            if asked.mistake.is_none() {
                let served = self.tally.served;
                self.call(&asked)?;
                self.finish_flights()?;
                if self.tally.served == served {
                    return broken(Rule::Remembered, "the weather is fine, and a caller fails");
                }
            }
        }
        self.check_size()
    }

    fn finish_flights(&mut self) -> Checked {
        for _ in 0..20_000 {
            if self.flights.is_empty() {
                return Ok(());
            }
            self.wait_for_something()?;
            self.answer_one()?;
        }
        broken(Rule::Lost, &format!("{} flights do not end", self.flights.len()))
    }
}

/// What a token says of itself.
pub(crate) fn read(token: &AccessToken) -> Checked<Issued> {
    let text = token.access_token.expose();
    Issued::read(text).map_or_else(|| broken(Rule::Foreign, "a token that nobody issued"), Ok)
}
