//! What lasts until some time, by name; what is over goes by itself.

use crate::table::Table;
use crate::time::Timestamp;

/// Times by name.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// In milliseconds.
    until: Table,
    /// How many there were when those that are over were last removed.
    swept: usize,
}

impl Deadlines {
    /// Until when it lasts, if it still does.
    pub(super) fn get(&self, name: &str, now: Timestamp) -> Option<Timestamp> {
        self.until.get(name).map(Timestamp::from_millis).filter(|until| now < *until)
    }

    /// Says until when it lasts.
    pub(super) fn set(&mut self, name: &str, until: Timestamp, now: Timestamp) {
        if self.until.len() > self.swept.saturating_mul(2) {
            self.until.retain(|until| now.as_millis() < until);
            self.swept = self.until.len();
        }
        self.until.insert(name, until.as_millis());
    }

    /// The host's clock was set back by so much: what there is lasts as long as it had left.
    pub(super) fn clock_was_set_back(&mut self, millis: u64) {
        for until in self.until.numbers_mut() {
            *until = until.saturating_sub(millis);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn what_is_over_does_not_pile_up() {
        let mut deadlines = Deadlines::default();
        for second in 0..10_000 {
            let now = Timestamp::from_secs(second);
            deadlines.set(&format!("endpoint {second}"), now.plus_secs(10), now);
            assert!(deadlines.until.len() <= 25, "{}", deadlines.until.len());
        }
        let now = Timestamp::from_secs(10_005);
        assert_eq!(deadlines.get("endpoint 9999", now), Some(Timestamp::from_secs(10_009)));
        assert_eq!(deadlines.get("endpoint 9995", now), None);
    }
}
