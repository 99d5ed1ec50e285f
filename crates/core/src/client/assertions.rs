//! The assertions that were made, each kept for its audience until shortly before it expires: a signer may cost money, a
//! network call, or somebody's patience.

use super::CLOCK_STEP_MILLIS;
use crate::assertion::{AssertionTemplate, PreparedAssertion};
use crate::secret::SecretString;
use crate::time::Timestamp;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// How long before its end an assertion is used for the last time: it has to reach the service, whose clock may be ahead.
const MARGIN_SECS: u64 = 90;

/// How many audiences have an assertion kept; beyond that, the one that expires next goes.
const CAPACITY: usize = 64;

/// Whether an assertion can be sent for some time after `now`. One of the future is of a clock that has been set back.
pub(super) fn is_good(prepared: &PreparedAssertion, now: Timestamp) -> bool {
    prepared.issued_on() <= now.plus_millis(CLOCK_STEP_MILLIS)
        && now.plus_secs(MARGIN_SECS) < prepared.expires_on()
}

/// The assertions of one client.
#[derive(Debug, Default)]
pub(super) struct Assertions(Vec<Kept>);

#[derive(Debug)]
struct Kept {
    audience: String,
    prepared: Arc<PreparedAssertion>,
    signed: Option<Arc<SecretString>>,
    /// Whether another flight than the one that had it made uses it, too.
    is_shared: bool,
}

/// What is there for an audience.
pub(super) enum Found {
    /// A whole assertion.
    Signed(Arc<SecretString>),
    /// One that waits for its signature, which other flights have asked for: the same octets again, so that a host can
    /// answer all of them with one signature.
    Prepared(Arc<PreparedAssertion>),
}

impl Assertions {
    /// The assertion for `audience`, if it is good for some time after `now`.
    pub(super) fn find(&mut self, audience: &str, now: Timestamp) -> Option<Found> {
        let kept = self.0.iter_mut().find(|kept| kept.audience == audience)?;
        is_good(&kept.prepared, now).then(|| {
            kept.is_shared = true;
            match &kept.signed {
                Some(assertion) => Found::Signed(assertion.clone()),
                None => Found::Prepared(kept.prepared.clone()),
            }
        })
    }

    /// Whether nobody but the flight that had it made can have sent it: another may have, and dropped it.
    pub(super) fn is_unshared(&self, prepared: &Arc<PreparedAssertion>) -> bool {
        self.0.iter().any(|kept| Arc::ptr_eq(&kept.prepared, prepared) && !kept.is_shared)
    }

    /// Prepares an assertion in the place of whatever was there for `audience`.
    pub(super) fn prepare(
        &mut self,
        template: &AssertionTemplate,
        audience: &str,
        now: Timestamp,
        jti: &str,
    ) -> Arc<PreparedAssertion> {
        let prepared = Arc::new(template.prepare(audience, now, jti));
        self.forget(audience);
        if self.0.len() >= CAPACITY {
            let next = self.0.iter().enumerate().min_by_key(|(_, kept)| kept.prepared.expires_on());
            if let Some(index) = next.map(|(index, _)| index) {
                self.0.swap_remove(index);
            }
        }
        let (audience, kept) = (audience.into(), prepared.clone());
        self.0.push(Kept { audience, prepared: kept, signed: None, is_shared: false });
        prepared
    }

    /// Keeps what `prepared` became, unless something else has taken its place by now.
    pub(super) fn keep(&mut self, prepared: &Arc<PreparedAssertion>, assertion: &Arc<SecretString>) {
        if let Some(kept) = self.0.iter_mut().find(|kept| Arc::ptr_eq(&kept.prepared, prepared)) {
            kept.signed = Some(assertion.clone());
        }
    }

    /// Drops the assertion for `audience`.
    pub(super) fn forget(&mut self, audience: &str) {
        self.0.retain(|kept| kept.audience != audience);
    }

    /// Drops all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
