//! Faults on demand: what is to go wrong with which requests, and how often it did.
//!
//! A [`FaultRule`] says which requests it is for and what happens to them; `codes` are the AADSTS codes that it may
//! name, `reply` makes the replies that take the place of the real ones. Every rule that fits a request is applied;
//! where two say something about the same thing, the later one counts.

mod codes;
mod reply;
mod rule;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

pub(crate) use reply::{adjust, replace};
pub(crate) use rule::Action;
pub use rule::FaultRule;

use crate::random;
use crate::tenant::{Realm, Tenant, resolve};

/// Clients that a rule counts separately; beyond these the rule forgets windows that are over.
const MOST_CLIENTS: usize = 10_000;

/// What a rule looks at.
pub(crate) struct Facts<'a> {
    pub(crate) operation: &'a str,
    /// As spelled in the path.
    pub(crate) tenant: Option<&'a str>,
    pub(crate) client: Option<&'a str>,
}

/// What is to happen to a request.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) action: Action,
    /// Names of the rules that said so.
    pub(crate) rules: Vec<String>,
}

/// The rules in force.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<LiveRule>>);

struct LiveRule {
    id: String,
    rule: FaultRule,
    added: OffsetDateTime,
    matched: u64,
    fired: u64,
    /// By client: when its window began, and its requests since.
    windows: HashMap<String, (OffsetDateTime, u64)>,
}

impl Faults {
    pub(crate) fn new(rules: &[FaultRule], now: OffsetDateTime) -> Self {
        let faults = Self::default();
        for rule in rules {
            faults.add(rule.clone(), now);
        }
        faults
    }

    fn rules(&self) -> MutexGuard<'_, Vec<LiveRule>> {
        // Whole even if a thread panicked while it held the lock: a rule is added and removed in one go.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule and says how it is called.
    pub(crate) fn add(&self, rule: FaultRule, now: OffsetDateTime) -> String {
        let id = rule.name.clone().unwrap_or_else(random::guid);
        let mut rules = self.rules();
        rules.retain(|other| other.id != id);
        rules.push(LiveRule {
            id: id.clone(),
            rule,
            added: now,
            matched: 0,
            fired: 0,
            windows: HashMap::new(),
        });
        id
    }

    /// Removes a rule; whether there was one.
    pub(crate) fn remove(&self, id: &str) -> bool {
        let mut rules = self.rules();
        let before = rules.len();
        rules.retain(|rule| rule.id != id);
        rules.len() < before
    }

    pub(crate) fn clear(&self) {
        self.rules().clear();
    }

    pub(crate) fn shown(&self) -> Vec<Value> {
        let shown = |rule: &LiveRule| {
            json!({
                "name": rule.id,
                "rule": rule.rule.written,
                "matched": rule.matched,
                "fired": rule.fired,
            })
        };
        self.rules().iter().map(shown).collect()
    }

    /// Counts the request, and says what is to happen to it.
    pub(crate) fn consult(&self, facts: &Facts<'_>, known: &[Tenant], now: OffsetDateTime) -> Verdict {
        let mut verdict = Verdict::default();
        for rule in self.rules().iter_mut().filter(|rule| rule.concerns(facts, known, now)) {
            rule.matched += 1;
            if let Some(action) = rule.fire(facts, now) {
                rule.fired += 1;
                verdict.action.overlay(&action);
                verdict.rules.push(rule.id.clone());
            }
        }
        verdict
    }
}

impl LiveRule {
    fn concerns(&self, facts: &Facts<'_>, known: &[Tenant], now: OffsetDateTime) -> bool {
        let matching = &self.rule.matching;
        let in_time = matching
            .for_seconds
            .is_none_or(|seconds| now < self.added.saturating_add(Duration::seconds_f64(seconds)));
        let of_client = matching
            .client
            .as_ref()
            .is_none_or(|client| facts.client.is_some_and(|found| found.eq_ignore_ascii_case(client)));
        let of_tenant = matching
            .tenant
            .as_ref()
            .is_none_or(|tenant| facts.tenant.is_some_and(|found| is_same_tenant(tenant, found, known)));
        in_time && of_client && of_tenant && self.rule.is_for(facts.operation)
    }

    /// What the rule does to the request that has just been counted.
    fn fire(&mut self, facts: &Facts<'_>, now: OffsetDateTime) -> Option<Action> {
        let matching = &self.rule.matching;
        let first = matching.from.max(1);
        let last = matching.count.map_or(u64::MAX, |count| first.saturating_add(count));
        if self.matched < first || self.matched >= last {
            return None;
        }
        let mut action = self.rule.action.clone();
        if let Some(limit) = &matching.over {
            let window = Duration::seconds_f64(limit.seconds);
            if self.windows.len() >= MOST_CLIENTS {
                self.windows.retain(|_, (began, _)| now < began.saturating_add(window));
            }
            let client = facts.client.unwrap_or_default().to_ascii_lowercase();
            let (began, requests) = self.windows.entry(client).or_insert((now, 0));
            if now >= began.saturating_add(window) {
                (*began, *requests) = (now, 0);
            }
            *requests += 1;
            if *requests <= limit.requests {
                return None;
            }
            action.throttle(began.saturating_add(window) - now);
        }
        Some(action)
    }
}

/// A domain and a GUID may name the same tenant.
fn is_same_tenant(one: &str, other: &str, known: &[Tenant]) -> bool {
    match (resolve(one, known), resolve(other, known)) {
        (Ok(Realm::Tenant(one)), Ok(Realm::Tenant(other))) => one.is(&other),
        _ => one.eq_ignore_ascii_case(other),
    }
}
