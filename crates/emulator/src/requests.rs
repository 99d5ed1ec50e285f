//! What was asked: counts by operation and the latest requests, so that a test can assert how often something happened.
//!
//! No record holds a body, a query, a header or a token.

use alloc::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// How many records are kept; the counts go on.
const MOST_KEPT: usize = 10_000;

/// One answered request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RequestRecord {
    /// Counted from 1.
    pub number: u64,
    /// When it came, in seconds of the emulator's clock since 1970.
    pub unix_seconds: i64,
    /// What was asked for: `token` or `vault.sign`, for instance.
    pub operation: &'static str,
    /// The method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The tenant as spelled in the path, if there is one.
    pub tenant: Option<String>,
    /// The client id, if it is known.
    pub client: Option<String>,
    /// Status of the response; 0 if the connection was reset instead.
    pub status: u16,
    /// The service's code if it refused: `AADSTS700027` or `KeyNotFound`, for instance.
    pub code: Option<String>,
    /// Names of the fault rules that were applied.
    pub faults: Vec<String>,
}

/// The requests so far.
#[derive(Default)]
pub(crate) struct Requests(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    total: u64,
    counts: BTreeMap<&'static str, u64>,
    latest: VecDeque<RequestRecord>,
}

impl Requests {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Whole even if a thread panicked while it held the lock: every change is made in one go.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a record and numbers it.
    pub(crate) fn add(&self, mut record: RequestRecord) {
        let mut kept = self.kept();
        kept.total += 1;
        record.number = kept.total;
        *kept.counts.entry(record.operation).or_default() += 1;
        if kept.latest.len() == MOST_KEPT {
            kept.latest.pop_front();
        }
        kept.latest.push_back(record);
    }

    /// How many there were of an operation or, for `vault`, of all that begin with `vault.`.
    pub(crate) fn count(&self, operation: &str) -> u64 {
        let kept = self.kept();
        kept.counts.iter().filter(|(name, _)| is_of(name, operation)).map(|(_, count)| count).sum()
    }

    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.kept().counts.clone()
    }

    /// The latest records of an operation, oldest first.
    pub(crate) fn latest(&self, operation: Option<&str>) -> Vec<RequestRecord> {
        let of_it = |record: &&RequestRecord| operation.is_none_or(|wanted| is_of(record.operation, wanted));
        self.kept().latest.iter().filter(of_it).cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *self.kept() = Kept::default();
    }
}

/// Whether an operation is the one that is named, or a part of it.
pub(crate) fn is_of(operation: &str, name: &str) -> bool {
    match operation.strip_prefix(name) {
        Some(rest) => rest.is_empty() || rest.starts_with('.'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(operation: &'static str) -> RequestRecord {
        RequestRecord {
            number: 0,
            unix_seconds: 1000,
            operation,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            tenant: None,
            client: None,
            status: 200,
            code: None,
            faults: Vec::new(),
        }
    }

    #[test]
    fn operations_are_counted_alone_and_by_family() {
        let requests = Requests::default();
        for operation in ["token", "vault.sign", "vault.certificate", "vault.sign"] {
            requests.add(record(operation));
        }
        assert_eq!([requests.count("vault"), requests.count("vault.sign"), requests.count("va")], [3, 2, 0]);
        assert_eq!(requests.latest(Some("vault.sign")).last().map(|record| record.number), Some(4));
        requests.clear();
        assert_eq!((requests.count("token"), requests.latest(None).len()), (0, 0));
    }

    #[test]
    fn old_records_go_and_counts_stay() {
        let requests = Requests::default();
        for _ in 0..MOST_KEPT + 5 {
            requests.add(record("token"));
        }
        let latest = requests.latest(None);
        assert_eq!((latest.len(), latest[0].number), (MOST_KEPT, 6));
        assert_eq!(requests.count("token"), MOST_KEPT as u64 + 5);
    }
}
