//! Where the wall clock's time comes from.

use core::fmt::Debug;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use certgrant_core::Timestamp;

/// A wall clock. Tests bring their own; waits and time-outs are tokio's, which a test can pause.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> SystemTime;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A time as core takes it; before 1970 there is none.
pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}

/// A time of core's as the standard library's.
pub(crate) fn system_time(timestamp: Timestamp) -> SystemTime {
    // The year 9999 is far enough for every system's clock; RFC 3339 has none beyond.
    const LAST: Duration = Duration::from_secs(253_402_300_799);
    UNIX_EPOCH + Duration::from_millis(timestamp.as_millis()).min(LAST)
}

/// How long it is from `now` until then.
pub(crate) fn until(then: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(then.as_millis().saturating_sub(now.as_millis()))
}
