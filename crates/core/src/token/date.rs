//! Dates as the endpoints of managed identities once wrote them.

use crate::encoding::parse_digits;
use crate::time::{Timestamp, days_since_epoch};

/// The time of `expires_on` as the endpoint of 2017 wrote it: `09/14/2017 00:00:00 PM +00:00`, or without `AM` or `PM`.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let mut words = text.split(' ');
    let (date, time) = (words.next()?, words.next()?);
    let half = words.next()?;
    let (half, zone) = if half.ends_with('M') { (half, words.next()?) } else { ("", half) };
    let mut date = date.splitn(3, '/').map(parse_digits);
    let (month, day, year) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':').map(parse_digits);
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let hour = match half {
        "PM" if hour < 12 => hour.saturating_add(12),
        "AM" if hour == 12 => 0,
        _ => hour,
    };
    if zone != "+00:00" || !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 {
        return None;
    }
    let days = days_since_epoch(year, month, day)?;
    let of_day = hour.saturating_mul(3_600).saturating_add(minute.saturating_mul(60)).saturating_add(second);
    Some(Timestamp::from_secs(days.saturating_mul(86_400).saturating_add(of_day)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_2017_are_read_and_others_are_not() {
        let secs = |text| read(text).map(Timestamp::as_secs);
        assert_eq!(secs("09/14/2017 00:00:00 PM +00:00"), Some(1_505_390_400));
        assert_eq!(secs("1/2/2026 03:04:05 AM +00:00"), Some(1_767_323_045));
        assert_eq!(secs("01/02/2026 15:04:05 +00:00"), Some(1_767_366_245));
        for text in [
            "",
            "1767323045",
            "13/01/2026 00:00:00 +00:00",
            "01/02/2026 15:04:05 +01:00",
            "a/b/c d:e:f +00:00",
        ] {
            assert_eq!(secs(text), None, "{text}");
        }
    }
}
