//! How a try ends: with its token, with another try where that can help, or with its error.

use super::flight::{Flight, LAST_MILLIS, Progress};
use super::standing::Standing;
use super::{ClientConfig, unregistered};
use crate::aadsts::{CERTIFICATE_UNKNOWN, OUTSIDE_OF_ITS_TIME};
use crate::credential::Credential;
use crate::error::{Error, ErrorCode, Result, ServiceError};
use crate::http::HttpResponse;
use crate::retry::Retries;
use crate::time::Timestamp;
use crate::token::AccessToken;

/// The AADSTS number for a certificate that is not one of the app's.
const UNREGISTERED: u32 = 700_027;

/// How long after its begin a flight still begins another try. With the last try's own time-out its callers wait no longer
/// than twice that.
const BUDGET_MILLIS: u64 = 60_000;

/// From when on an answer counts as late: no host waits that long for one while it is awake.
const LATE_MILLIS: u64 = 60_000;

impl Flight {
    /// Takes what an answer says for what it is worth by now. Where the machine slept while it was on its way, or the clock was
    /// set back, the token may be over, and what the service says of the time is of the past: the flight asks once more.
    pub(super) fn judge(
        &mut self,
        config: &ClientConfig,
        standing: &mut Standing,
        result: Result<AccessToken>,
        (response, sent): (&HttpResponse, Option<Timestamp>),
        now: Timestamp,
    ) -> Progress {
        let is_late = sent.is_none_or(|sent| sent.plus_millis(LATE_MILLIS) < now);
        let is_worthless = match &result {
            Ok(token) => sent.is_none() || (token.expires_in > 0 && token.expires_on <= now),
            Err(error) => is_late && is_any_of(error, OUTSIDE_OF_ITS_TIME),
        };
        if !is_worthless {
            let date = response.date().filter(|_| !is_late);
            return self.conclude(config, standing, result, date, now);
        }
        let tried = match &result {
            Ok(_) => &mut self.tried.after_late_token,
            Err(_) => &mut self.tried.after_late_refusal,
        };
        if core::mem::replace(tried, true) {
            let (found, expected) = ("a token that was over when it came", "a token with time left");
            let over = Error::new(ErrorCode::ResponseInvalid, found, expected);
            return Progress::Landed(Err(result.err().unwrap_or(over)));
        }
        standing.assertions.forget(&self.endpoint);
        self.authenticate(config, standing, now)
    }

    /// Ends the flight with a result, or has it try again where that can help.
    pub(super) fn conclude(
        &mut self,
        config: &ClientConfig,
        standing: &mut Standing,
        result: Result<AccessToken>,
        date: Option<Timestamp>,
        now: Timestamp,
    ) -> Progress {
        let error = match result {
            Ok(mut token) => {
                token.spread_refresh(&mut self.entropy);
                if self.tried.fresh_assertion && !self.tried.renewal_after_refusal {
                    standing.stop_reusing_assertions();
                }
                return Progress::Landed(Ok(token));
            }
            Err(error) => error,
        };
        standing.learn_throttling(&self.endpoint, &error, now);
        if let (Credential::Certificate(certificate), ErrorCode::ServiceRefused) =
            (&config.credential, error.code())
        {
            let is_unregistered =
                error.service().is_some_and(|service| service.error_codes.contains(&UNREGISTERED));
            let error = match is_unregistered {
                true => {
                    let hint = unregistered::hint(&error, certificate);
                    error.with_hint(hint)
                }
                false => error,
            };
            return self.refused(config, standing, error, date, now);
        }
        let delay = self.retries.delay(&error, config.max_retries, &mut self.entropy);
        match delay.map(|millis| now.plus_millis(millis)) {
            Some(until) if until < self.began.plus_millis(BUDGET_MILLIS) && !self.is_too_late(until, now) => {
                self.wait(until)
            }
            _ => Progress::Landed(Err(error)),
        }
    }

    /// What can be done about a refusal of the assertion, each at most once: date it by the service's clock, look for a
    /// renewed certificate, make a new one in the place of one that was used before.
    fn refused(
        &mut self,
        config: &ClientConfig,
        standing: &mut Standing,
        error: Error,
        date: Option<Timestamp>,
        now: Timestamp,
    ) -> Progress {
        let is_any = |of| is_any_of(&error, of);
        let is_invalid_client = error.service().is_some_and(|service| service.error == "invalid_client");
        if is_any(OUTSIDE_OF_ITS_TIME) && !self.tried.clock {
            // What is to be learnt, another flight may have learnt while this one was under way.
            if standing.learn_clock(date, now) || self.dated_by != Some(standing.clock_offset()) {
                self.tried.clock = true;
                return self.authenticate(config, standing, now);
            }
        }
        if is_any(CERTIFICATE_UNKNOWN) && standing.certificate != self.signed_by && !self.tried.successor {
            self.tried.successor = true;
            return self.authenticate(config, standing, now);
        }
        if is_any(CERTIFICATE_UNKNOWN) && config.is_renewable && !self.tried.renewal_after_refusal {
            standing.assertions.clear();
            return self.renew(standing, Some(error));
        }
        let is_reuse =
            self.is_reuse || self.own.as_ref().is_some_and(|own| !standing.assertions.is_unshared(own));
        if is_reuse && is_invalid_client && !self.tried.fresh_assertion {
            self.tried.fresh_assertion = true;
            standing.assertions.forget(&self.endpoint);
            return self.authenticate(config, standing, now);
        }
        if is_invalid_client {
            standing.assertions.forget(&self.endpoint);
        }
        Progress::Landed(Err(error))
    }

    /// The service asked to be left alone: waits with the others if that is short, and else fails without asking.
    pub(super) fn sit_out(&mut self, until: Timestamp, now: Timestamp) -> Progress {
        let is_in_budget = until < self.began.plus_millis(BUDGET_MILLIS) && Retries::sits_out(until, now);
        if is_in_budget && !self.is_too_late(until, now) {
            return self.wait(until);
        }
        let secs = until.as_millis().saturating_sub(now.as_millis()).div_ceil(1000);
        let service = ServiceError {
            status: 429,
            error_description: Some("it asked to be left alone, and was not asked again".into()),
            retry_after: u32::try_from(secs).ok(),
            ..ServiceError::default()
        };
        Progress::Landed(Err(Error::from_service(ErrorCode::ServiceUnavailable, service, None)))
    }

    /// Whether callers who wait until then get no token although one is held that is alive now.
    fn is_too_late(&self, until: Timestamp, now: Timestamp) -> bool {
        self.held.is_some_and(|held| held.is_alive(now) && !held.is_alive(until.plus_millis(LAST_MILLIS)))
    }
}

/// Whether the service refused with any of these AADSTS codes.
fn is_any_of(error: &Error, codes: &[u32]) -> bool {
    error.service().is_some_and(|service| service.error_codes.iter().any(|code| codes.contains(code)))
}
