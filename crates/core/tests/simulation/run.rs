//! Runs schedules, as many at a time as there are processors.

use crate::finding::{Checked, Finding};
use crate::random::Random;
use crate::schedule::{Schedule, Tally, Wrapper};
use core::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Beyond so many findings there is no point in going on.
const ENOUGH: usize = 20;

/// How often a long run says how far it is.
const PROGRESS: Duration = Duration::from_secs(10);

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schedules, steps, callers, requests, served, failed, aborted } = self;
        write!(
            f,
            "{schedules} schedules, {steps} steps, {callers} callers ({served} served, {failed} failed, {aborted} gave up), \
             {requests} requests"
        )
    }
}

/// Runs the schedule of one seed.
pub(crate) fn one(seed: u64, wrap: Wrapper, is_told: bool) -> Checked<Tally> {
    // Seeds that follow each other make schedules that have nothing to do with each other.
    Schedule::new(Random::new(seed).number(), wrap, is_told).run()
}

/// Runs the schedules of so many seeds from the first on; the findings, each with its seed.
pub(crate) fn many(first: u64, schedules: u64, wrap: Wrapper) -> (Tally, Vec<(u64, Finding)>) {
    let next = AtomicU64::new(0);
    let results = Mutex::new((Tally::default(), Vec::new()));
    let told = Mutex::new(Instant::now());
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let mut found = results.lock().expect("no schedule panics with it");
            if number >= schedules || found.1.len() >= ENOUGH {
                return;
            }
            drop(found);
            let seed = first + number;
            let result = one(seed, wrap, false);
            found = results.lock().expect("no schedule panics with it");
            match result {
                Ok(tally) => found.0 += tally,
                Err(finding) => found.1.push((seed, finding)),
            }
            let mut told = told.lock().expect("nobody panics with it");
            if told.elapsed() > PROGRESS {
                *told = Instant::now();
                println!("{} of {schedules} schedules", found.0.schedules);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    results.into_inner().expect("no schedule panics with it")
}
