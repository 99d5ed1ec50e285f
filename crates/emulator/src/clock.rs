//! Where the emulator gets the time from, and the spellings of time that the service uses.
//!
//! The clock is a function given by the caller, so that a test can stand still at any instant, and it can be moved while
//! the emulator runs; nothing below this module asks the operating system for the time. Four spellings are on the wire: the .NET round-trip form in the
//! text of AADSTS700024, month-first dates in AADSTS700027, `yyyy-MM-dd HH:mm:ssZ` in error bodies, and the HTTP
//! date ([RFC 9110 section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)) in the `Date` header.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::{datetime, format_description};
use tokio::sync::watch;

/// The time source of an emulator. Clones are the same clock: moving one moves all.
#[derive(Clone)]
pub struct Clock(Arc<Source>);

struct Source {
    base: Box<dyn Fn() -> SystemTime + Send + Sync>,
    position: watch::Sender<Position>,
}

/// Where the clock stands in relation to its source.
#[derive(Clone, Copy, Default)]
struct Position {
    /// What is added to the source's time.
    offset: time::Duration,
    /// The instant at which the clock stands still.
    stopped: Option<OffsetDateTime>,
}

impl Clock {
    /// A clock that calls `now` for every request.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let position = watch::Sender::new(Position::default());
        Self(Arc::new(Source { base: Box::new(now), position }))
    }

    /// The operating system's clock.
    pub fn system() -> Self {
        Self::new(SystemTime::now)
    }

    /// A clock that stands still at `unix_seconds`.
    pub fn fixed(unix_seconds: u64) -> Self {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(unix_seconds);
        Self::new(move || at)
    }

    /// Moves the clock forward. Replies that were held back until a time that has now come are sent.
    pub fn advance(&self, by: Duration) {
        let by = time::Duration::try_from(by).unwrap_or(time::Duration::MAX);
        self.0.position.send_modify(|position| match &mut position.stopped {
            Some(at) => *at = at.saturating_add(by),
            None => position.offset = position.offset.saturating_add(by),
        });
    }

    /// Sets the clock to `unix_seconds`, and has it stand still there until it is moved or runs again.
    pub fn stop_at(&self, unix_seconds: u64) {
        let at = written(Duration::from_secs(unix_seconds));
        self.0.position.send_modify(|position| position.stopped = Some(at));
    }

    /// Sets the clock to `unix_seconds`, from where it runs as its source does.
    pub fn run_from(&self, unix_seconds: u64) {
        let offset = written(Duration::from_secs(unix_seconds)) - self.source();
        self.0.position.send_replace(Position { offset, stopped: None });
    }

    /// Whether the clock stands still because of [`Clock::stop_at`].
    pub fn is_stopped(&self) -> bool {
        self.0.position.borrow().stopped.is_some()
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        let position = *self.0.position.borrow();
        position.stopped.unwrap_or_else(|| self.source().saturating_add(position.offset))
    }

    fn source(&self) -> OffsetDateTime {
        // A clock outside the years that can be written down is pulled to the nearest that can.
        (self.0.base)().duration_since(SystemTime::UNIX_EPOCH).map_or(OffsetDateTime::UNIX_EPOCH, written)
    }

    /// Completes when this much time has passed on the clock.
    pub(crate) async fn passes(&self, time: Duration) {
        let time = time::Duration::try_from(time).unwrap_or(time::Duration::MAX);
        self.reaches(self.now().saturating_add(time)).await;
    }

    /// Completes when the clock shows `due`, by itself or because it was moved.
    pub(crate) async fn reaches(&self, due: OffsetDateTime) {
        let mut moves = self.0.position.subscribe();
        loop {
            let Ok(remaining) = Duration::try_from(due - self.now()) else { return };
            if remaining.is_zero() {
                return;
            }
            // A clock that stands still arrives only by being moved, and the source of a test may stand still too.
            let remaining = remaining.clamp(SHORTEST_WAIT, LONGEST_WAIT);
            tokio::select! {
                _ = moves.changed() => (),
                () = tokio::time::sleep(remaining) => (),
            }
        }
    }
}

/// Shortest and longest pause between two looks at the clock while a reply is held back.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

fn written(since_epoch: Duration) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::new(
        i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX),
        i32::try_from(since_epoch.subsec_nanos()).unwrap_or(0),
    ))
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

const EARLIEST: OffsetDateTime = datetime!(0001-01-01 00:00:00 UTC);
const LATEST: OffsetDateTime = datetime!(9999-12-31 23:59:59.9999999 UTC);

/// The instant of a NumericDate, pulled into the range that .NET can write down: a client that counts milliseconds
/// gets an answer that shows it, not a crash.
pub(crate) fn from_numeric_date(seconds: f64) -> OffsetDateTime {
    let micros = (seconds * 1e6).round();
    if micros.is_nan() || micros <= EARLIEST.unix_timestamp() as f64 * 1e6 {
        return EARLIEST;
    }
    if micros >= LATEST.unix_timestamp() as f64 * 1e6 {
        return LATEST;
    }
    OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::microseconds(micros as i64))
}

const ROUND_TRIP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");
const SERVICE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
const MONTH_FIRST: &[BorrowedFormatItem<'_>] =
    format_description!("[month]/[day]/[year] [hour]:[minute]:[second]");
const HTTP: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

fn format(at: OffsetDateTime, description: &[BorrowedFormatItem<'_>]) -> String {
    // Formatting can only fail for a component that is missing, and an OffsetDateTime in UTC has them all.
    at.to_offset(time::UtcOffset::UTC).format(description).unwrap_or_default()
}

/// `2026-01-31T12:00:00.0000000Z`, what .NET's format "o" writes.
pub(crate) fn round_trip(at: OffsetDateTime) -> String {
    format(at, ROUND_TRIP)
}

/// `2026-01-31 12:00:00Z`, as in `timestamp` of an error body.
pub(crate) fn service_timestamp(at: OffsetDateTime) -> String {
    format(at, SERVICE)
}

/// `01/31/2026 12:00:00`, as in the key that AADSTS700027 names.
pub(crate) fn month_first(at: OffsetDateTime) -> String {
    format(at, MONTH_FIRST)
}

/// `Sat, 31 Jan 2026 12:00:00 GMT`.
pub(crate) fn http_date(at: OffsetDateTime) -> String {
    format(at, HTTP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_of_an_instant() {
        let at = datetime!(2026-01-31 12:00:00.1234567 UTC);
        assert_eq!(round_trip(at), "2026-01-31T12:00:00.1234567Z");
        assert_eq!(service_timestamp(at), "2026-01-31 12:00:00Z");
        assert_eq!(month_first(at), "01/31/2026 12:00:00");
        assert_eq!(http_date(at), "Sat, 31 Jan 2026 12:00:00 GMT");
    }

    #[test]
    fn a_clock_is_moved_stopped_and_runs_on() {
        let clock = Clock::fixed(1000);
        let other = clock.clone();
        clock.advance(Duration::from_secs(60));
        assert_eq!(other.now().unix_timestamp(), 1060);
        other.stop_at(5000);
        assert!(clock.is_stopped());
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now(), datetime!(1970-01-01 01:23:21.5 UTC));
        clock.run_from(7000);
        assert_eq!((other.now().unix_timestamp(), clock.is_stopped()), (7000, false));
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().year(), 9999);
    }

    #[tokio::test]
    async fn waiting_ends_when_the_clock_is_moved() {
        let clock = Clock::fixed(1000);
        clock.reaches(datetime!(1970-01-01 00:10:00 UTC)).await;
        let due = datetime!(1970-01-01 01:00:00 UTC);
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.reaches(due).await }
        });
        clock.advance(Duration::from_secs(3000));
        waiting.await.expect("an end");
    }

    #[test]
    fn a_numeric_date_of_any_size_can_be_written_down() {
        assert_eq!(round_trip(from_numeric_date(0.0)), "1970-01-01T00:00:00.0000000Z");
        assert_eq!(round_trip(from_numeric_date(1_735_689_600.5)), "2025-01-01T00:00:00.5000000Z");
        assert_eq!(round_trip(from_numeric_date(1.7e12)), "9999-12-31T23:59:59.9999999Z");
        assert_eq!(round_trip(from_numeric_date(-1e300)), "0001-01-01T00:00:00.0000000Z");
        assert_eq!(round_trip(from_numeric_date(f64::NAN)), "0001-01-01T00:00:00.0000000Z");
    }
}
