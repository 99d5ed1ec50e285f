//! What a user lets an application have, as authorization codes and refresh tokens carry it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::client_authentication::{Circumstances, Client};
use crate::scope::Asked;
use crate::sealed::Sealer;
use crate::service_error::ServiceError;
use crate::tenant::Tenant;
use crate::user::User;

const CODE: &str = "authorization code";
const REFRESH_TOKEN: &str = "refresh token";
/// An authorization code is good for ten minutes.
const CODE_SECONDS: i64 = 600;
/// A refresh token is good for ninety days.
const REFRESH_SECONDS: i64 = 90 * 86_400;

/// Who has agreed to what, for which application.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Consent {
    /// Object id.
    pub(crate) user: String,
    pub(crate) client: String,
    /// The tenant in which the user has signed in.
    pub(crate) tenant: String,
    pub(crate) asked: Asked,
    pub(crate) amr: Vec<String>,
    /// The application got it without a credential.
    pub(crate) is_public: bool,
    pub(crate) issued: i64,
}

/// An authorization code.
#[derive(Serialize, Deserialize)]
pub(crate) struct AuthorizationCode {
    pub(crate) id: String,
    pub(crate) consent: Consent,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<CodeChallenge>,
    pub(crate) nonce: Option<String>,
}

/// What the verifier must fit ([RFC 7636 section 4.3](https://www.rfc-editor.org/rfc/rfc7636#section-4.3)).
#[derive(Serialize, Deserialize)]
pub(crate) enum CodeChallenge {
    Plain(String),
    S256(String),
}

impl Consent {
    pub(super) fn new(
        user: &User,
        client: &Client<'_>,
        at: &Circumstances<'_>,
        asked: &Asked,
        amr: &[String],
    ) -> Self {
        Self {
            user: user.id.clone(),
            client: client.application.app_id.clone(),
            tenant: at.tenant.id.clone(),
            asked: asked.clone(),
            amr: amr.to_vec(),
            is_public: client.is_public(),
            issued: at.now.unix_timestamp(),
        }
    }

    fn is_older_than(&self, seconds: i64, now: OffsetDateTime) -> bool {
        now.unix_timestamp() >= self.issued.saturating_add(seconds)
    }

    /// The user, if he still is one and has not signed out since.
    pub(super) fn user<'a>(&self, at: &Circumstances<'a>) -> Result<&'a User, ServiceError> {
        let tenant = Tenant { id: self.tenant.clone(), domain: None };
        let in_use = if at.tenant.is(&tenant) { at.tenant } else { &tenant };
        let user = crate::user::find(at.users, &self.user, in_use)?;
        user.check_enabled()?;
        if user.signed_out.is_some_and(|at| self.issued < at.unix_timestamp()) {
            let text = "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user \
                        might have changed or reset their password.";
            return Err(ServiceError::new(50173, text).because("the user has been signed out since"));
        }
        Ok(user)
    }
}

/// The code as a client carries it.
pub(crate) fn sealed_code(sealer: &Sealer, code: &AuthorizationCode) -> Option<String> {
    sealer.seal(CODE, code)
}

pub(super) fn sealed_refresh_token(consent: &Consent, at: &Circumstances<'_>) -> Option<String> {
    at.sealer.seal(REFRESH_TOKEN, consent)
}

/// What a presented code stands for, whatever its age.
pub(super) fn opened_code(sealer: &Sealer, text: &str) -> Option<AuthorizationCode> {
    sealer.open(CODE, text)
}

/// What a presented refresh token stands for, whatever its age.
pub(super) fn opened_refresh_token(sealer: &Sealer, text: &str) -> Option<Consent> {
    sealer.open(REFRESH_TOKEN, text)
}

pub(super) fn check_code_age(code: &AuthorizationCode, now: OffsetDateTime) -> Result<i64, ServiceError> {
    if code.consent.is_older_than(CODE_SECONDS, now) {
        let text = "The provided authorization code or refresh token has expired due to inactivity. Send a new \
                    interactive authorization request for this user and resource.";
        return Err(ServiceError::new(70008, text).because("the code is older than ten minutes"));
    }
    Ok(code.consent.issued.saturating_add(CODE_SECONDS))
}

pub(super) fn check_refresh_age(consent: &Consent, now: OffsetDateTime) -> Result<(), ServiceError> {
    if consent.is_older_than(REFRESH_SECONDS, now) {
        let text = "The refresh token has expired due to inactivity.";
        return Err(ServiceError::new(700082, text).because("the refresh token is older than 90 days"));
    }
    Ok(())
}
