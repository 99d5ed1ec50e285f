//! Points in time, as the host passes them in. This crate has no clock.

use crate::text::push_number;
use alloc::string::String;

const SECS_PER_DAY: u64 = 86_400;

/// Milliseconds since 1970-01-01T00:00:00Z, by the host's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// A time from milliseconds since the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// A time from seconds since the Unix epoch.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch: a NumericDate of
    /// [RFC 7519 section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2).
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// This time and `secs` seconds more; stays at the last representable time.
    pub const fn plus_secs(self, secs: u64) -> Self {
        self.plus_millis(secs.saturating_mul(1000))
    }

    /// This time and `millis` milliseconds more; stays at the last representable time.
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This time less `secs` seconds; stays at the epoch.
    pub const fn minus_secs(self, secs: u64) -> Self {
        Self(self.0.saturating_sub(secs.saturating_mul(1000)))
    }

    /// This time less `millis` milliseconds; stays at the epoch.
    pub(crate) const fn minus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_sub(millis))
    }

    /// This time moved by `millis`, which may be negative; stays within what can be represented.
    pub(crate) const fn shifted(self, millis: i64) -> Self {
        Self(self.0.saturating_add_signed(millis))
    }

    /// The day in UTC, `2026-11-24`: [RFC 3339 section 5.6](https://www.rfc-editor.org/rfc/rfc3339#section-5.6).
    pub(crate) fn to_date(self) -> String {
        let (year, month, day) = date_of_day(self.as_secs() / SECS_PER_DAY);
        let mut date = String::new();
        push_number(&mut date, year, 4);
        for part in [month, day] {
            date.push('-');
            push_number(&mut date, part, 2);
        }
        date
    }
}

/// Days from 1970-01-01 in the Gregorian calendar; before that, none. Years count from March, so that leap days come last.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "a year has four digits: nothing here comes near an overflow"
)]
pub(crate) fn days_since_epoch(year: u64, month: u64, day: u64) -> Option<u64> {
    let shifted_year = year.checked_sub(u64::from(month <= 2))?;
    let shifted_month = month.checked_add(9)?.checked_rem(12)?;
    let days_of_years = shifted_year * 365 + shifted_year / 4 - shifted_year / 100 + shifted_year / 400;
    let days_of_months = (shifted_month * 153 + 2) / 5;
    // 719 468 days lie between 0000-03-01 and the epoch.
    (days_of_years + days_of_months + day).checked_sub(719_469)
}

/// Year, month and day of a day since the epoch: the way back from [`days_since_epoch`], by eras of 400 years.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "days are far below the largest number, and each remainder is below its divisor"
)]
const fn date_of_day(days: u64) -> (u64, u64, u64) {
    const DAYS_PER_ERA: u64 = 146_097;
    let days = days + 719_468;
    let day_of_era = days % DAYS_PER_ERA;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / (DAYS_PER_ERA - 1)) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + days / DAYS_PER_ERA * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day_of_year - (153 * shifted_month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_equal_those_of_the_date_command() {
        for (secs, date) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_735_689_599, "2024-12-31"),
            (1_735_689_600, "2025-01-01"),
            (4_107_542_400, "2100-03-01"),
            (253_402_300_799, "9999-12-31"),
        ] {
            assert_eq!(Timestamp::from_secs(secs).to_date(), date);
        }
    }

    #[test]
    fn date_of_a_day_is_the_way_back_from_its_number() {
        for days in (0..200_000).step_by(7) {
            let (year, month, day) = date_of_day(days);
            assert_eq!(days_since_epoch(year, month, day), Some(days));
        }
    }
}
