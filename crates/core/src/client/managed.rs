//! The steps of a flight for a managed identity: its endpoint is asked, perhaps with a key that it challenges for.

use super::flight::{Flight, Progress, State};
use super::standing::Standing;
use super::{ClientConfig, Input, Step};
use crate::credential::Credential;
use crate::error::{Error, ErrorCode, Result};
use crate::identity::{Answer, ManagedIdentity, read};
use crate::secret::SecretBytes;
use crate::text::text;
use crate::time::Timestamp;

impl Flight {
    /// Asks the identity's endpoint, with the key that it named if there is one.
    pub(super) fn ask_identity(
        &mut self,
        config: &ClientConfig,
        identity: &ManagedIdentity,
        standing: &Standing,
        key: Option<&SecretBytes>,
        now: Timestamp,
    ) -> Progress {
        self.endpoint = identity.endpoint().into();
        if let Some(throttled) = standing.throttled(&self.endpoint, now) {
            return self.sit_out(throttled, now);
        }
        let limits = (config.timeout_millis, standing.was_identity_reached);
        let id = self.correlation_id.as_deref();
        match identity.request(&self.request.target, id, key, limits) {
            Ok(request) => {
                self.state = State::Identity { sent: Some(now), has_key: key.is_some() };
                Progress::Next(Step::Send(request))
            }
            Err(error) => Progress::Landed(Err(error)),
        }
    }

    /// Takes a flight on that waits for the identity's endpoint or its key.
    pub(super) fn step_identity(
        &mut self,
        config: &ClientConfig,
        standing: &mut Standing,
        (state, input): (State, Input),
        now: Timestamp,
    ) -> Result<Progress> {
        let Credential::ManagedIdentity(identity) = &config.credential else {
            return self.unexpected(state);
        };
        Ok(match (state, input) {
            (State::Key, Input::Key(key)) => self.ask_identity(config, identity, standing, Some(&key), now),
            (State::Key, Input::KeyUnreadable(text)) => {
                let expected = "the key file of Azure Arc's agent";
                Progress::Landed(Err(Error::new(ErrorCode::IdentityChallengeInvalid, text, expected)))
            }
            (State::Identity { sent, has_key }, Input::Response(response)) => {
                standing.was_identity_reached = true;
                match read(identity, &response, sent.unwrap_or(now), has_key) {
                    Answer::Result(result) => self.judge(config, standing, result, (&response, sent), now),
                    Answer::Challenge(path) => {
                        self.state = State::Key;
                        Progress::Next(Step::ReadKey { path })
                    }
                }
            }
            (State::Identity { .. }, Input::Failure(failure)) => {
                let error = failure.into_error("a response of the identity endpoint");
                // Nothing but an answer shows that there is an endpoint: without one, trying again only takes time.
                if identity.is_guessed() && !standing.was_identity_reached {
                    let found = text!["no ", identity.source().as_str(), " (", error.found(), ")"];
                    let expected = "the identity endpoint of an Azure host";
                    return Ok(Progress::Landed(Err(Error::new(
                        ErrorCode::IdentityUnavailable,
                        found,
                        expected,
                    ))));
                }
                self.conclude(config, standing, Err(error), None, now)
            }
            (state, _) => return self.unexpected(state),
        })
    }
}
