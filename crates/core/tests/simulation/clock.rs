//! Time in a schedule: what really passes, what the host's clock shows, and how far a timer of the host has come.

use certgrant_core::Timestamp;

/// The largest step back that counts as one of a time service, by the documentation.
const UNNOTICED: u64 = 2_000;

/// All in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// The true time since the epoch.
    pub(crate) real: u64,
    /// How far the host's clock is ahead of it.
    ahead: i64,
    /// How much time the host has to believe has passed, because its clock says so: never less than really did.
    pub(crate) credible: u64,
    /// What the host's timers count: stands still while the machine is suspended.
    pub(crate) awake: u64,
    /// How often the clock was set back.
    pub(crate) set_backs: u32,
    /// By how much in steps that are too small to be noticed, as time services make them.
    pub(crate) slewed: u64,
}

impl Clock {
    pub(crate) const fn new(real: u64, ahead: i64) -> Self {
        Self { real, ahead, credible: real, awake: real, set_backs: 0, slewed: 0 }
    }

    /// The host's clock.
    pub(crate) const fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.real.saturating_add_signed(self.ahead))
    }

    pub(crate) const fn pass(&mut self, millis: u64) {
        self.awake += millis;
        self.suspend(millis);
    }

    /// Time passes, but no timer of the host runs.
    pub(crate) const fn suspend(&mut self, millis: u64) {
        self.real += millis;
        self.credible += millis;
    }

    /// The clock is set forward: to the host it looks like a suspend.
    pub(crate) const fn set_forward(&mut self, millis: u64) {
        self.ahead += millis.cast_signed();
        self.credible += millis;
    }

    pub(crate) const fn set_back(&mut self, millis: u64) {
        self.ahead -= millis.cast_signed();
        self.set_backs += 1;
        if millis <= UNNOTICED {
            self.slewed += millis;
        }
    }
}
