//! What must never happen, and what must, in the words of the promise and not of the implementation.
//!
//! The oracle sees what callers and the token service see: who asked for what, what was sent when, what came back, who was
//! told what. It has a model of its own of what is held and of who waits, and the true time.

use crate::answer::Kind;
use crate::asked::Wish;
use crate::clock::Clock;
use crate::finding::{Checked, Rule, broken};
use crate::service::{CLIENT_SECRET, Issued, TOKEN_MARK};
use certgrant_core::{AccessToken, Error, ErrorCode, FlightId};
use std::collections::{BTreeMap, HashMap};

/// A flight's failures are looked at again after 15 to 30 seconds, says the documentation.
const LONGEST_QUIET: u64 = 30_000;
/// Retries begin within a minute of the flight.
const BUDGET: u64 = 60_000;
/// A `Retry-After` up to that many milliseconds is sat out.
const SAT_OUT: u64 = 30_000;

/// A token that the client holds, as far as is known from outside.
#[derive(Debug)]
struct Held {
    issued: Issued,
    /// When it began and when it ends, by the time that the host has to believe in.
    since: u64,
    ends: u64,
}

/// A flight as those see it who wait for it and who answer it.
#[derive(Debug)]
struct Flight {
    wish: Wish,
    began: u64,
    /// The true time of its begin.
    began_real: u64,
    sent: u32,
    /// When the last request was sent, by the time that the host has to believe in, and whether it is in the air.
    sent_on: u64,
    is_in_air: bool,
    last: Option<Kind>,
    /// Whether a token was held when it began: what becomes of that, the flight does not always learn.
    had_held: bool,
    /// How often its assertion was outside of its time.
    clock_wrong: u32,
    /// The host's fault, or one that no request can mend: it may end without a token.
    is_excused: bool,
}

#[derive(Debug)]
pub(crate) struct Oracle {
    max_retries: u32,
    /// Whether the limits of the cache are so narrow that tokens may go at any time.
    forgets: bool,
    held: BTreeMap<Wish, Held>,
    flights: HashMap<FlightId, Flight>,
    /// Until when each endpoint is to be left alone.
    alone: HashMap<String, u64>,
    /// When the last renewal of a held token failed, and what the service then wanted.
    failed: BTreeMap<Wish, (u64, u64)>,
}

impl Oracle {
    pub(crate) fn new(max_retries: u8, forgets: bool) -> Self {
        Self {
            max_retries: max_retries.into(),
            forgets,
            held: BTreeMap::new(),
            flights: HashMap::new(),
            alone: HashMap::new(),
            failed: BTreeMap::new(),
        }
    }

    /// Whether a valid token is held for a wish.
    fn is_held(&self, wish: &Wish, clock: &Clock) -> bool {
        self.held.get(&wish.plain()).is_some_and(|held| clock.credible < held.ends)
    }

    fn under_way(&self, wish: &Wish) -> Option<FlightId> {
        self.flights.iter().find(|(_, flight)| flight.wish == *wish).map(|(id, _)| *id)
    }

    /// A caller was given a token at once; `renews` is the flight that is to renew it.
    pub(crate) fn served(
        &mut self,
        wish: &Wish,
        issued: &Issued,
        token: &AccessToken,
        renews: Option<FlightId>,
        clock: &Clock,
    ) -> Checked {
        if !wish.takes_held() {
            return broken(Rule::Foreign, "a held token for a caller who wants a new one");
        }
        Self::check_token(wish, issued, clock)?;
        match renews {
            Some(flight) => {
                self.check_age(wish, issued, token, clock)?;
                self.started(flight, wish, clock)
            }
            None => self.check_refresh(wish, token.refresh_on <= clock.now(), clock),
        }
    }

    /// A token is not renewed before its time: the service's, or half of its life. By chance it is up to a twentieth less.
    fn check_age(&self, wish: &Wish, issued: &Issued, token: &AccessToken, clock: &Clock) -> Checked {
        let wanted =
            token.refresh_in.filter(|secs| *secs > 0).or(issued.life.map(|secs| secs / 2)).unwrap_or(0);
        let earliest = (wanted.min(1 << 40) * 1000) / 100 * 94;
        match self.held.get(wish) {
            Some(held) if clock.credible < held.since + earliest => broken(
                Rule::Retried,
                &format!("{issued:?} is renewed after {} ms", clock.credible - held.since),
            ),
            _ => Ok(()),
        }
    }

    /// A failed renewal is not remembered longer than the back-off says.
    fn check_refresh(&self, wish: &Wish, refresh_is_due: bool, clock: &Clock) -> Checked {
        let quiet = self.failed.get(wish).map_or(0, |(on, wanted)| on + LONGEST_QUIET.max(*wanted));
        if refresh_is_due && self.under_way(wish).is_none() && quiet < clock.credible {
            return broken(Rule::Remembered, "a token that is due is not renewed, and no failure is recent");
        }
        Ok(())
    }

    /// A caller waits for a new flight, or nobody does.
    pub(crate) fn started(&mut self, id: FlightId, wish: &Wish, clock: &Clock) -> Checked {
        if let Some(other) = self.under_way(wish) {
            return broken(Rule::Double, &format!("{id:?} begins while {other:?} is under way for the same"));
        }
        let flight = Flight {
            wish: wish.clone(),
            began: clock.credible,
            began_real: clock.real,
            sent: 0,
            sent_on: 0,
            is_in_air: false,
            last: None,
            had_held: wish.takes_held() && self.held.contains_key(wish),
            clock_wrong: 0,
            is_excused: false,
        };
        match self.flights.insert(id, flight) {
            None => Ok(()),
            Some(_) => broken(Rule::Double, "a flight has the number of another"),
        }
    }

    /// Its host drives a flight from now on.
    pub(crate) fn begun(&mut self, id: FlightId, clock: &Clock) {
        let flight = self.flights.get_mut(&id).expect("it was started");
        (flight.began, flight.began_real) = (clock.credible, clock.real);
    }

    /// A caller waits for a flight that another started.
    pub(crate) fn joined(&self, id: FlightId, wish: &Wish) -> Checked {
        match self.flights.get(&id) {
            Some(flight) if flight.wish == *wish => Ok(()),
            Some(_) => broken(Rule::Foreign, "a caller waits for a flight for another token"),
            None => broken(Rule::Lost, "a caller waits for a flight that is not under way"),
        }
    }

    /// A caller was turned away at once.
    pub(crate) fn turned_away(&self, mistake: Option<ErrorCode>, error: &Error) -> Checked {
        Self::check_error(error)?;
        if mistake == Some(error.code()) {
            return Ok(());
        }
        broken(Rule::Failed, &format!("{} for the mistake {mistake:?}", error.code().as_str()))
    }

    /// A request left.
    pub(crate) fn sent(&mut self, id: FlightId, url: &str, timeout: u64, clock: &Clock) -> Checked {
        self.check_outlasts(id, timeout, "request", clock)?;
        let until = self.alone.get(url).copied().unwrap_or(0);
        if clock.credible + clock.slewed < until {
            return broken(
                Rule::Pushed,
                &format!("{} ms before the endpoint may be asked", until - clock.credible),
            );
        }
        let flight = self.flights.get_mut(&id).expect("the host drives flights that were started");
        if !url.to_ascii_lowercase().contains(&flight.wish.tenant) {
            return broken(Rule::Foreign, "a request goes to the endpoint of another tenant");
        }
        if flight.is_in_air {
            return broken(Rule::Double, "a flight sends while its request is in the air");
        }
        if flight.last == Some(Kind::Final) {
            return broken(Rule::Retried, "what can't succeed is sent again");
        }
        flight.sent += 1;
        // One more each for the clock, a renewed certificate that this flight or another one looked for, a fresh assertion, and
        // a token or a refusal that was of the past when it came.
        if flight.sent > 1 + self.max_retries + 6 {
            return broken(Rule::Retried, &format!("{} requests of one flight", flight.sent));
        }
        (flight.sent_on, flight.is_in_air) = (clock.credible, true);
        Ok(())
    }

    /// While a token is held that has two seconds left, nothing is begun that may outlast it: its callers are served by then.
    fn check_outlasts(&self, id: FlightId, millis: u64, what: &str, clock: &Clock) -> Checked {
        let flight = &self.flights[&id];
        let held = self.held.get(&flight.wish).filter(|held| held.since <= flight.began && !self.forgets);
        match held.map(|held| held.ends.saturating_sub(clock.credible)) {
            Some(left) if left >= 2_000 && left + clock.slewed <= millis => {
                broken(Rule::Failed, &format!("a {what} of {millis} ms while a token is held for {left} ms"))
            }
            _ => Ok(()),
        }
    }

    /// An answer arrived.
    pub(crate) fn answered(&mut self, id: FlightId, url: &str, kind: Kind, clock: &Clock) {
        if let Kind::Passing(Some(secs)) = kind {
            let until = self.alone.entry(url.to_owned()).or_default();
            *until = (*until).max(clock.credible + secs * 1000);
        }
        let flight = self.flights.get_mut(&id).expect("it is under way");
        flight.is_in_air = false;
        flight.clock_wrong += u32::from(kind == Kind::ClockWrong);
        flight.last = Some(kind);
    }

    /// A flight waits for so many milliseconds.
    pub(crate) fn waits(&self, id: FlightId, url: &str, millis: u64, clock: &Clock) -> Checked {
        self.check_outlasts(id, millis, "wait", clock)?;
        let flight = &self.flights[&id];
        if clock.credible + millis > flight.began + BUDGET + SAT_OUT {
            return broken(Rule::Retried, &format!("a wait of {millis} ms leads beyond the budget"));
        }
        let alone = self.alone.get(url).map_or(0, |until| until.saturating_sub(clock.credible));
        match &flight.last {
            None | Some(Kind::Granted(_) | Kind::Reused | Kind::Unregistered(_) | Kind::ClockWrong)
                if alone == 0 && clock.slewed == 0 =>
            {
                broken(Rule::Remembered, "a wait although nothing failed and nobody asked for it")
            }
            Some(Kind::Final) => broken(Rule::Retried, "a wait behind what can't succeed"),
            // Back-offs of at most 0.5, 1, 2, 4, 8, 8, … s.
            Some(Kind::Passing(None))
                if millis > alone.max(500 << (flight.sent - 1).min(4)) + clock.slewed =>
            {
                broken(Rule::Remembered, &format!("a back-off of {millis} ms after {} requests", flight.sent))
            }
            _ => Ok(()),
        }
    }

    /// The signer failed, or a certificate is not valid: the flight may end without a token.
    pub(crate) fn excuse(&mut self, id: FlightId) {
        self.flights.get_mut(&id).expect("it is under way").is_excused = true;
    }

    /// A flight ended with a token, and `waiting` so many callers for it.
    pub(crate) fn granted(
        &mut self,
        id: FlightId,
        issued: &Issued,
        not_renewed: Option<&Error>,
        clock: &Clock,
    ) -> Checked {
        let flight = self.flights.remove(&id).expect("it was under way");
        Self::check_token(&flight.wish, issued, clock)?;
        if let Some(error) = not_renewed {
            Self::check_error(error)?;
            self.remember_failure(&flight, clock);
            if !flight.wish.takes_held() {
                return broken(Rule::Foreign, "a held token for callers who want a new one");
            }
            return Ok(());
        }
        if issued.on < flight.began_real && !flight.wish.takes_held() {
            return broken(Rule::Foreign, "an old token for callers who want a new one");
        }
        if !flight.wish.skips_cache {
            self.hold(&flight, issued);
        }
        Ok(())
    }

    fn hold(&mut self, flight: &Flight, issued: &Issued) {
        let life = issued.life.unwrap_or(0).saturating_mul(1000);
        if life == 0 && flight.wish.claims.is_none() {
            // It serves those at hand, and what is held is not given up for it.
            return;
        }
        let ends = flight.sent_on.saturating_add(life);
        self.held.insert(flight.wish.plain(), Held { issued: issued.clone(), since: flight.sent_on, ends });
    }

    fn remember_failure(&mut self, flight: &Flight, clock: &Clock) {
        let wanted = match flight.last {
            Some(Kind::Passing(Some(secs))) => secs * 1000,
            _ => 0,
        };
        let alone = self.alone.values().max().map_or(0, |until| until.saturating_sub(clock.credible));
        self.failed.insert(flight.wish.clone(), (clock.credible, wanted.max(alone)));
    }

    /// A flight ended without a token.
    pub(crate) fn failed(
        &mut self,
        id: FlightId,
        url: &str,
        error: &Error,
        certificate: Option<&str>,
        clock: &Clock,
    ) -> Checked {
        let flight = self.flights.remove(&id).expect("it was under way");
        Self::check_error(error)?;
        if flight.wish.takes_held() && self.is_held(&flight.wish, clock) && !self.forgets {
            let held = &self.held[&flight.wish.plain()];
            return broken(
                Rule::Failed,
                &format!(
                    "{} while {:?} is held for {} ms",
                    error.code().as_str(),
                    held.issued,
                    held.ends - clock.credible
                ),
            );
        }
        let alone = self.alone.get(url).is_some_and(|until| *until + clock.slewed > clock.credible);
        if flight.is_excused || alone {
            return Ok(());
        }
        self.check_end(&flight, error, certificate, clock)
    }

    /// Whether a flight did all that could help.
    fn check_end(&self, flight: &Flight, error: &Error, certificate: Option<&str>, clock: &Clock) -> Checked {
        // With what core, which may see small steps of the clock behind a large one, can take for it.
        let elapsed = clock.credible - flight.began + clock.slewed;
        // Such a flight is over before the held token is, and may learn too late that it is gone.
        let counts_on_held = flight.had_held || self.forgets;
        match &flight.last {
            None => broken(Rule::Failed, &format!("{} without a request", error.code().as_str())),
            Some(Kind::Passing(_))
                if flight.sent <= self.max_retries && elapsed < BUDGET - 8_000 && !counts_on_held =>
            {
                broken(Rule::Failed, &format!("given up after {} requests and {elapsed} ms", flight.sent))
            }
            Some(Kind::Reused) => broken(Rule::Failed, "an assertion that was used before is not replaced"),
            Some(Kind::Unregistered(used))
                if certificate.is_some_and(|present| present != used) && flight.sent < 2 =>
            {
                broken(Rule::Failed, "a certificate that was renewed is not used")
            }
            Some(Kind::ClockWrong) if flight.clock_wrong < 2 => {
                broken(Rule::Failed, "a wrong clock is not corrected by the service's")
            }
            Some(Kind::Granted(issued)) if clock.set_backs == 0 => {
                let life = issued.life.unwrap_or(u64::MAX).saturating_mul(1000);
                if flight.sent_on.saturating_add(life) <= clock.credible {
                    return Ok(());
                }
                broken(Rule::Failed, &format!("{error:?} although {issued:?} came"))
            }
            _ => Ok(()),
        }
    }

    /// Nobody waits for a flight any more, and the host ended it.
    pub(crate) fn abandoned(&mut self, id: FlightId) {
        self.flights.remove(&id);
    }

    /// The user had a token removed.
    pub(crate) fn removed(&mut self, wish: &Wish, was_there: bool, clock: &Clock) -> Checked {
        if self.is_held(wish, clock) && !was_there && !self.forgets && clock.set_backs == 0 {
            return broken(Rule::Failed, "a valid token that was got is not held");
        }
        self.held.remove(&wish.plain());
        Ok(())
    }

    pub(crate) fn cleared(&mut self) {
        self.held.clear();
    }

    /// The clock was set back: nobody knows from then on how old the held tokens are, so they may count as dead.
    pub(crate) fn clock_was_set_back(&mut self) {
        self.held.clear();
    }

    /// How many flights are under way.
    pub(crate) fn flights(&self) -> usize {
        self.flights.len()
    }

    fn check_token(wish: &Wish, issued: &Issued, clock: &Clock) -> Checked {
        if issued.is_dead(clock.real - clock.slewed) {
            return broken(Rule::Dead, &format!("{issued:?} at {}", clock.real));
        }
        let capability = issued.claims.as_deref().is_some_and(|claims| claims.contains("xms_cc"));
        let has_claims = wish.claims.is_none_or(|wanted| {
            let member = wanted.split('"').nth(3).expect("the claims of the pool have one");
            issued.claims.as_deref().is_some_and(|claims| claims.contains(member))
        });
        let is_for = (issued.tenant.as_str(), issued.scope.as_str(), issued.user.as_deref(), capability);
        if is_for != (wish.tenant.as_str(), wish.scope.as_str(), wish.user, wish.has_capability) {
            return broken(Rule::Foreign, &format!("{issued:?} for {wish:?}"));
        }
        if has_claims {
            Ok(())
        } else {
            broken(Rule::Foreign, &format!("{issued:?} lacks what {wish:?} asks for"))
        }
    }

    /// Every error has a stable code and shows no secret.
    pub(crate) fn check_error(error: &Error) -> Checked {
        let code = error.code();
        if !ErrorCode::ALL.contains(&code) || !code.as_str().starts_with("ERR_") || error.hint().is_empty() {
            return broken(Rule::Unclear, &format!("an error without a stable code or a hint: {code:?}"));
        }
        check_text(&format!("{error} {error:?}"))
    }
}

/// No text for people shows a secret: a token, a user's, an assertion, a signature (0x5a each byte), the client's secret.
pub(crate) fn check_text(text: &str) -> Checked {
    let secrets =
        [TOKEN_MARK, CLIENT_SECRET, crate::host::OUTSIDE_ASSERTION, "WlpaWlpa", "eyJ", "s3cr3t-user"];
    match secrets.iter().find(|secret| text.contains(**secret)) {
        None => Ok(()),
        Some(secret) => broken(Rule::Leaked, &format!("{secret}… in {text}")),
    }
}
