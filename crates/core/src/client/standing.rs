//! What a client has learnt and made, and all its flights share: assertions, the clock's error, the notices for its user.

use super::assertions::{Assertions, Found};
use super::deadlines::Deadlines;
use super::flight::Flight;
#[cfg(feature = "discovery")]
use super::location::Location;
use crate::assertion::PreparedAssertion;
use crate::credential::CertificateCredential;
use crate::error::Error;
use crate::notice::{NoticeCode, Notices};
use crate::text::text;
use crate::time::Timestamp;
use crate::token::RequestKey;
use alloc::string::String;
use alloc::sync::Arc;

/// How far the clocks may be apart before one is called wrong: `Date` has whole seconds, and answers take their time.
const CLOCK_TOLERANCE_MILLIS: u64 = 30_000;

/// From how many days before its end on a certificate is warned of.
const EXPIRY_WARNING_DAYS: u64 = 30;

/// The longest `Retry-After` that is believed.
const MAX_THROTTLE_SECS: u64 = 3_600;

/// How long a token whose renewal failed is left alone: this to twice this, so that clients do not come back together.
const QUIET_MILLIS: u64 = 15_000;

const SECS_PER_DAY: u64 = 86_400;

/// What outlives a flight.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) assertions: Assertions,
    pub(super) notices: Notices,
    /// Whether the endpoint of the managed identity has ever answered.
    #[cfg(feature = "managed-identity")]
    pub(super) was_identity_reached: bool,
    /// Where the token endpoint is.
    #[cfg(feature = "discovery")]
    pub(super) location: Location,
    /// Counts the certificates: another number is another certificate.
    pub(super) certificate: u32,
    /// How far the service's clock is ahead of the host's.
    clock_offset_millis: i64,
    /// Whether each request has to have an assertion of its own.
    makes_every_assertion_anew: bool,
    /// Endpoints that asked to be left alone, and until when.
    throttled: Deadlines,
    /// Tokens whose renewal failed, and until when the held one is served without another try.
    quiet: Deadlines,
    /// For which certificate, and on which day, its user was warned last.
    warned: Option<(u32, u64)>,
}

impl Standing {
    /// The service's time, as far as it is known.
    pub(super) fn service_time(&self, now: Timestamp) -> Timestamp {
        now.shifted(self.clock_offset_millis)
    }

    /// The assertion for an endpoint that can be used now, if there is one.
    pub(super) fn find_assertion(&mut self, endpoint: &str, now: Timestamp) -> Option<Found> {
        if self.makes_every_assertion_anew {
            return None;
        }
        let now = self.service_time(now);
        self.assertions.find(endpoint, now)
    }

    /// Prepares an assertion for an endpoint, dated by the service's clock.
    pub(super) fn prepare_assertion(
        &mut self,
        certificate: &CertificateCredential,
        endpoint: &str,
        now: Timestamp,
        jti: &str,
    ) -> Arc<PreparedAssertion> {
        let now = self.service_time(now);
        self.assertions.prepare(certificate.template(), endpoint, now, jti)
    }

    /// The same for one flight alone.
    pub(super) fn prepare_unshared(
        &self,
        certificate: &CertificateCredential,
        endpoint: &str,
        now: Timestamp,
        jti: &str,
    ) -> Arc<PreparedAssertion> {
        Arc::new(certificate.template().prepare(endpoint, self.service_time(now), jti))
    }

    /// By how many milliseconds assertions are dated ahead of the host's clock.
    pub(super) const fn clock_offset(&self) -> i64 {
        self.clock_offset_millis
    }

    /// Takes the service's clock for the right one, after it found an assertion outside of its time. Whether that changes
    /// the date of the next assertion. The clock is not learnt from other answers: a proxy's clock may be the wrong one.
    pub(super) fn learn_clock(&mut self, date: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(date) = date else {
            return false;
        };
        let offset = date.as_millis().cast_signed().saturating_sub(now.as_millis().cast_signed());
        if offset.abs_diff(self.clock_offset_millis) < CLOCK_TOLERANCE_MILLIS {
            return false;
        }
        let is_right = offset.unsigned_abs() < CLOCK_TOLERANCE_MILLIS;
        self.clock_offset_millis = if is_right { 0 } else { offset };
        self.assertions.clear();
        if !is_right {
            let direction = if offset < 0 { "ahead" } else { "behind" };
            let secs = offset.unsigned_abs().div_ceil(1000);
            self.notices.push(NoticeCode::ClockOff, text![secs, " s ", direction]);
        }
        true
    }

    /// The service refused an assertion that was used before, and took a new one.
    pub(super) fn stop_reusing_assertions(&mut self) {
        self.makes_every_assertion_anew = true;
        self.assertions.clear();
        self.notices.push(NoticeCode::AssertionReuseRefused, String::new());
    }

    /// Until when an endpoint wants to be left alone.
    pub(super) fn throttled(&self, endpoint: &str, now: Timestamp) -> Option<Timestamp> {
        self.throttled.get(endpoint, now)
    }

    /// Remembers that an endpoint asked to be left alone; all flights keep to it.
    pub(super) fn learn_throttling(&mut self, endpoint: &str, error: &Error, now: Timestamp) {
        let Some(secs) = error.service().and_then(|service| service.retry_after) else {
            return;
        };
        let until = now.plus_secs(u64::from(secs).min(MAX_THROTTLE_SECS));
        // Requests that were in the air together are answered one after the other, not always with the same wish.
        let until = self.throttled(endpoint, now).map_or(until, |known| known.max(until));
        self.throttled.set(endpoint, until, now);
    }

    /// The host's clock was set back by so much: what was to last until some time lasts as long as it had left.
    pub(super) fn clock_was_set_back(&mut self, millis: u64) {
        self.throttled.clock_was_set_back(millis);
        self.quiet.clock_was_set_back(millis);
        #[cfg(feature = "discovery")]
        self.location.clock_was_set_back(millis);
    }

    /// Whether the renewal of a held token failed lately.
    pub(super) fn is_quiet(&self, key: &RequestKey, now: Timestamp) -> bool {
        self.quiet.get(key.as_str(), now).is_some()
    }

    /// Leaves a token alone for a while after its renewal failed.
    pub(super) fn keep_quiet(&mut self, flight: &mut Flight, error: &Error, now: Timestamp) {
        let wanted = error.service().and_then(|service| service.retry_after).unwrap_or(0);
        let millis = flight.entropy.below(QUIET_MILLIS).saturating_add(QUIET_MILLIS);
        let until =
            now.plus_millis(millis.max(u64::from(wanted).min(MAX_THROTTLE_SECS).saturating_mul(1000)));
        self.quiet.set(flight.key.as_str(), until, now);
    }

    /// Warns of what will soon be wrong with the certificate, once a day.
    pub(super) fn warn_of(&mut self, certificate: &CertificateCredential, now: Timestamp) {
        let day = self.service_time(now).as_secs() / SECS_PER_DAY;
        if self.warned == Some((self.certificate, day)) {
            return;
        }
        let is_new = self.warned.is_none_or(|(warned, _)| warned != self.certificate);
        self.warned = Some((self.certificate, day));
        if is_new && certificate.has_weak_signature {
            self.notices.push(NoticeCode::CertificateSignatureWeak, String::new());
        }
        let Some((_, until)) = certificate.validity else {
            return;
        };
        if until.as_secs() / SECS_PER_DAY < day.saturating_add(EXPIRY_WARNING_DAYS) {
            self.notices.push(NoticeCode::CertificateExpires, until.to_date());
        }
    }
}
