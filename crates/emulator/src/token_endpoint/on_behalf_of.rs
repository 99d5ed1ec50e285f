//! On-behalf-of: an API presents the access token that a user's client sent it, and gets one for the next API.
//!
//! [RFC 7523 section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3) for the assertion: signed by this service, in
//! its time, for the application that presents it. It must be a user's: an application has no user to act for.

use serde_json::Value;

use crate::assertion::{Assertion, malformed};
use crate::client_authentication::{Circumstances, Client};
use crate::log::Trail;
use crate::own_token::{OwnToken, Unusable};
use crate::scope::Asked;
use crate::service_error::ServiceError;
use crate::token_endpoint::credential::authenticate;
use crate::token_endpoint::reply::{ForUser, to_user};
use crate::token_endpoint::{Demand, Issued, Version};
use crate::user;

pub(super) fn redeem(
    demand: &Demand<'_>,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<Issued, ServiceError> {
    let Demand { version, client_id, request, form, .. } = *demand;
    let client = authenticate(request, form, at, client_id, trail)?;
    let incoming = incoming(form.get("assertion").unwrap_or_default(), &client, at)?;
    trail.passed("user assertion");
    let user = user::find(at.users, incoming.text("oid"), at.tenant)?;
    user.check_enabled()?;
    let target = demand.target.unwrap_or_default();
    let asked = match version {
        Version::V1 => Asked::of_resource(target),
        Version::V2 => Asked::of_scope(target)?,
    };
    let amr = incoming.texts("amr");
    let for_user = ForUser { user, asked: &asked, amr: &amr, nonce: None, renews: false };
    to_user(version, &for_user, form, &client, at, trail)
}

/// Checks the token that the API got.
fn incoming(text: &str, client: &Client<'_>, at: &Circumstances<'_>) -> Result<OwnToken, ServiceError> {
    Assertion::parse(text).map_err(|_| malformed("the assertion is not a JWT"))?;
    let token = OwnToken::read(text, at.key, at.now).map_err(|unusable| match unusable {
        Unusable::NotYetValid | Unusable::Expired => {
            let text = format!(
                "Assertion is not within its valid time range. Ensure that the access token is not expired before using \
                 it for user assertion, or request a new token. Current time: {}.",
                crate::clock::round_trip(at.now)
            );
            ServiceError::new(500133, text).because("the assertion is expired or not yet valid")
        }
        Unusable::Foreign | Unusable::Malformed => {
            let text = "Assertion failed signature validation. [Reason - The key was not found.]";
            ServiceError::new(50013, text).because("the assertion is not signed by this service")
        }
    })?;
    if !token.text("tid").eq_ignore_ascii_case(&at.tenant.id) {
        let text =
            "Assertion issuer does not match the tenant of the request. [Reason - The issuer was not found.]";
        return Err(ServiceError::new(50013, text).because("the assertion is of another tenant"));
    }
    check_audience(&token, client)?;
    if !matches!(token.get("scp"), Some(Value::String(_))) {
        let app_id = &client.application.app_id;
        let text =
            format!("Application '{app_id}' is not authorized to make application on-behalf-of calls.");
        return Err(
            ServiceError::new(7000113, text).because("the assertion is an application's or an id token")
        );
    }
    Ok(token)
}

/// The token's audience is the application, by id or, spelled exactly, by an App ID URI.
fn check_audience(token: &OwnToken, client: &Client<'_>) -> Result<(), ServiceError> {
    let (audience, application) = (token.text("aud"), client.application);
    let is_it = audience.eq_ignore_ascii_case(&application.app_id)
        || application.identifier_uris.iter().any(|uri| uri == audience);
    if is_it {
        return Ok(());
    }
    let text = format!(
        "Assertion audience does not match the Client app presenting the assertion. The audience in the assertion was \
         '{audience}' and the expected audience is '{}' or one of the Application Uris of this application with App ID \
         '{}'({}).",
        application.identifier_uris.first().unwrap_or(&application.app_id),
        application.app_id,
        application.display_name
    );
    Err(ServiceError::new(500131, text).because("the assertion is for another application"))
}
