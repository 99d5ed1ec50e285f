//! The SAML assertion of a federated user's own provider, for a token
//! ([RFC 7522 section 2.1](https://www.rfc-editor.org/rfc/rfc7522#section-2.1)).

use crate::client_authentication::Circumstances;
use crate::log::Trail;
use crate::saml::{self, SamlVersion, Unusable};
use crate::service_error::ServiceError;
use crate::token_endpoint::credential::authenticate_or_public;
use crate::token_endpoint::reply::{ForUser, to_user};
use crate::token_endpoint::user_grants::{asked, is_public};
use crate::token_endpoint::{Demand, Issued};
use crate::user;

pub(super) fn redeem(
    version: SamlVersion,
    demand: &Demand<'_>,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<Issued, ServiceError> {
    let Demand { client_id, request, form, .. } = *demand;
    let client = authenticate_or_public(request, form, at, client_id, is_public, trail)?;
    let presented = form.get("assertion").unwrap_or_default();
    let id = saml::read(version, presented, at.now, at.skew, at.key).map_err(refused)?;
    trail.passed("SAML assertion");
    let user = user::find(at.users, &id, at.tenant)?;
    user.check_enabled()?;
    let asked = asked(demand)?;
    let amr = ["pwd".to_owned()];
    let for_user = ForUser { user, asked: &asked, amr: &amr, nonce: None, renews: false };
    to_user(demand.version, &for_user, form, &client, at, trail)
}

fn refused(unusable: Unusable) -> ServiceError {
    let (code, text, reason) = match unusable {
        Unusable::Malformed => (
            50013,
            "Assertion is malformed. [Reason - The assertion is not base64 of a SAML assertion of this version.]",
            "the assertion is not base64 of SAML of this version",
        ),
        Unusable::Foreign => (
            50013,
            "Assertion failed signature validation. [Reason - The provided signature value did not match the expected \
             signature value.]",
            "the signature is not one by the provider over these bytes",
        ),
        Unusable::Audience => (
            50013,
            "Assertion audience does not match. [Reason - The audience is not urn:federation:MicrosoftOnline.]",
            "the assertion is for somebody else",
        ),
        Unusable::Time => (
            500133,
            "Assertion is not within its valid time range. Ensure that the access token is not expired before using it \
             for user assertion, or request a new token.",
            "the assertion is out of its time",
        ),
    };
    ServiceError::new(code, text).because(reason)
}
