//! When a request that failed for a passing reason is sent again.

use crate::entropy::Entropy;
use crate::error::{Error, ErrorCode};
use crate::time::Timestamp;

/// The longest `Retry-After` that is sat out; beyond that, callers are told at once.
const MAX_RETRY_AFTER_SECS: u32 = 30;

/// The first back-off and the largest, in milliseconds; each is twice the one before.
const FIRST_BACKOFF_MILLIS: u64 = 500;
const LARGEST_BACKOFF_MILLIS: u64 = 8_000;

/// How long the metadata service of a machine that is being updated is left alone: it may be away for 70 s (status 410).
#[cfg(feature = "managed-identity")]
const GONE_MILLIS: u64 = 10_000;

/// The retries of one request.
#[derive(Debug)]
pub(crate) struct Retries(u8);

impl Retries {
    /// No retry so far.
    pub(crate) const fn new() -> Self {
        Self(0)
    }

    /// Whether a wait until then is one that is sat out.
    pub(crate) fn sits_out(until: Timestamp, now: Timestamp) -> bool {
        until <= now.plus_secs(MAX_RETRY_AFTER_SECS.into())
    }

    /// How many milliseconds to wait before the next try, which then counts as begun; none if there is to be no other.
    pub(crate) fn delay(&mut self, error: &Error, max: u8, entropy: &mut Entropy) -> Option<u64> {
        if self.0 >= max {
            return None;
        }
        let wanted = error.service().and_then(|service| service.retry_after);
        let millis = match (is_passing(error.code()), wanted) {
            (false, _) => return None,
            (true, Some(secs)) if secs > MAX_RETRY_AFTER_SECS => return None,
            (true, Some(secs)) => u64::from(secs).saturating_mul(1000),
            #[cfg(feature = "managed-identity")]
            (true, None) if error.service().is_some_and(|service| service.status == 410) => GONE_MILLIS,
            (true, None) => {
                let doubled = FIRST_BACKOFF_MILLIS.saturating_mul(1 << self.0.min(10));
                // Full jitter, so that clients that failed together do not come back together.
                entropy.below(doubled.min(LARGEST_BACKOFF_MILLIS))
            }
        };
        self.0 = self.0.saturating_add(1);
        Some(millis)
    }
}

const fn is_passing(code: ErrorCode) -> bool {
    match code {
        ErrorCode::ServiceUnavailable | ErrorCode::NetworkFailed | ErrorCode::RequestTimeout => true,
        #[cfg(feature = "key-vault")]
        ErrorCode::VaultUnavailable => true,
        _ => false,
    }
}
