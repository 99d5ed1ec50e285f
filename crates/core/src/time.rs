//! Points in time, as the host passes them in. This crate has no clock.

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
}
