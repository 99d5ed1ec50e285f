//! A client driven in memory through schedules of callers, faults, aborts and time that a seed says, with a clock that jumps.
//!
//! `CERTGRANT_SCHEDULES` says how many run, `CERTGRANT_SEED` where the seeds begin; the test fails with the seed of the
//! schedule that broke a promise, and `CERTGRANT_SEED=… CERTGRANT_SCHEDULES=1` tells that schedule step by step.

mod answer;
mod asked;
mod clock;
mod driven;
mod finding;
mod host;
mod mutants;
mod oracle;
mod random;
mod run;
mod schedule;
mod service;

/// How many schedules run unless the environment says otherwise.
const SCHEDULES: u64 = 1_000;

#[test]
fn no_schedule_breaks_a_promise() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    let (first, schedules) = (number("CERTGRANT_SEED").unwrap_or(0), number("CERTGRANT_SCHEDULES"));
    if schedules == Some(1) {
        let tally = run::one(first, |host| host, true).unwrap_or_else(|finding| panic!("{finding}"));
        return println!("{tally}");
    }
    let (tally, findings) = run::many(first, schedules.unwrap_or(SCHEDULES), |host| host);
    println!("simulation: {tally}, {} findings", findings.len());
    let told: Vec<String> =
        findings.iter().map(|(seed, finding)| format!("seed {seed}: {finding}")).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}
