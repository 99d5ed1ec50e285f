//! The world outside of core: network, clock, random bytes.

use alloc::sync::Arc;
use core::time::Duration;

use certgrant_core::{HttpRequest, HttpResponse, Timestamp, TransportFailure};
use tokio::time::{Instant, sleep, timeout};

use crate::clock::{Clock, timestamp, until};
use crate::error::{Cause, Error, Result};
use crate::events::Events;
use crate::transport::{MAX_RESPONSE_BYTES, Transport};

/// What a credential reaches the world through.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) events: Events,
}

/// Why there is no response: what core is told, and what lies behind it.
pub(crate) struct Unanswered {
    pub(crate) failure: TransportFailure,
    pub(crate) behind: Behind,
}

/// What is known of an error beyond what core says.
#[derive(Default)]
pub(crate) struct Behind {
    cause: Option<Cause>,
    hint: Option<&'static str>,
}

impl Behind {
    /// An error of core's with what lies behind it.
    pub(crate) fn of(self, error: certgrant_core::Error) -> Error {
        let error = Error::from(error);
        if self.cause.is_none() && self.hint.is_none() {
            error
        } else {
            error.caused_by(self.cause, self.hint)
        }
    }
}

impl From<Error> for Behind {
    fn from(error: Error) -> Self {
        Self { cause: Some(Arc::new(error)), hint: None }
    }
}

impl Host {
    pub(crate) fn now(&self) -> Timestamp {
        timestamp(self.clock.now())
    }

    /// Sends a request, which gets an answer or an end in its time.
    pub(crate) async fn send(&self, request: &HttpRequest) -> Result<HttpResponse, Unanswered> {
        self.events.sending(request);
        let sent = Instant::now();
        let limit = Duration::from_millis(request.timeout_millis.into());
        let answer = timeout(limit, self.transport.send(request)).await;
        let took = sent.elapsed();
        match answer {
            Ok(Ok(mut response)) => {
                self.events.answered(&response, took);
                if response.body.expose().len() > MAX_RESPONSE_BYTES {
                    response.body = response.body.expose()[..MAX_RESPONSE_BYTES].to_vec().into();
                }
                Ok(response)
            }
            Ok(Err(error)) => {
                let (found, hint, cause) = error.into_parts();
                self.events.unanswered(&found, took);
                Err(Unanswered { failure: TransportFailure::Network(found), behind: Behind { cause, hint } })
            }
            Err(_) => {
                self.events.unanswered("no response in time", took);
                Err(Unanswered { failure: TransportFailure::Timeout, behind: Behind::default() })
            }
        }
    }

    /// Waits until then. Gives back the time, which is not before that: a clock that was set back meanwhile does not make a
    /// wait longer.
    pub(crate) async fn wait(&self, then: Timestamp) -> Timestamp {
        let time = until(then, self.now());
        self.events.waiting(time);
        sleep(time).await;
        self.now().max(then)
    }
}

/// Fresh bytes of the operating system's.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::internal("no random bytes from the operating system"))?;
    Ok(bytes)
}
