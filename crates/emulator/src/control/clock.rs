//! Looks at the emulator's clock and moves it.

use core::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::service_timestamp;
use crate::control::{Answer, ControlError, nothing_here, read};
use crate::service::TokenService;

/// Farthest move in one go, some hundred years: what is beyond is a mistake.
const FARTHEST_SECONDS: f64 = 3.2e9;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Move {
    /// Moves it forward.
    #[serde(default)]
    advance_seconds: Option<f64>,
    /// Sets it.
    #[serde(default)]
    unix_seconds: Option<u64>,
    /// Whether it stands still afterwards; it does what it did if this is absent.
    #[serde(default)]
    stopped: Option<bool>,
}

pub(super) fn answer(service: &TokenService, method: &str, body: &[u8]) -> Answer {
    match method {
        "GET" => Ok(shown(service)),
        "POST" => {
            move_it(service, &read(body)?)?;
            Ok(shown(service))
        }
        _ => Err(nothing_here(method, "/clock")),
    }
}

fn move_it(service: &TokenService, to: &Move) -> Result<(), ControlError> {
    let clock = &service.config.clock;
    let advance = match to.advance_seconds {
        Some(seconds) if (0.0..=FARTHEST_SECONDS).contains(&seconds) => Duration::from_secs_f64(seconds),
        Some(_) => {
            return Err(ControlError::new(
                400,
                "advanceSeconds is not a number of seconds from 0 to 3200000000",
            ));
        }
        None => Duration::ZERO,
    };
    let at =
        to.unix_seconds.unwrap_or_else(|| u64::try_from(clock.now().unix_timestamp()).unwrap_or_default());
    match (to.unix_seconds, to.stopped) {
        (_, Some(true)) => clock.stop_at(at),
        (_, Some(false)) => clock.run_from(at),
        (Some(_), None) if clock.is_stopped() => clock.stop_at(at),
        (Some(_), None) => clock.run_from(at),
        (None, None) => (),
    }
    clock.advance(advance);
    Ok(())
}

pub(super) fn shown(service: &TokenService) -> Value {
    let (clock, now) = (&service.config.clock, service.config.clock.now());
    json!({
        "unixSeconds": now.unix_timestamp(),
        "time": service_timestamp(now),
        "stopped": clock.is_stopped(),
    })
}
