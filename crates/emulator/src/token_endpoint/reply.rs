//! What a token reply says: strings where v1 has them, numbers where v2 has.

use serde::Serialize;

use crate::access_token::{AccessToken, Holder, SignedIn};
use crate::client_authentication::{Circumstances, Client};
use crate::form::Form;
use crate::id_token::{IdToken, client_info};
use crate::log::Trail;
use crate::random;
use crate::resource::{self, Resource};
use crate::scope::Asked;
use crate::service_error::ServiceError;
use crate::token_endpoint::claims::RequestedClaims;
use crate::token_endpoint::consent::{Consent, sealed_refresh_token};
use crate::token_endpoint::parameters::unusable;
use crate::token_endpoint::{Issued, Version};
use crate::user::User;

/// A lifetime is random between 60 and 90 minutes unless it is configured.
const LIFETIMES: core::ops::RangeInclusive<u64> = 3600..=5399;
/// A client that understands claims challenges gets a token for about a day where the resource supports it.
const CAPABLE_LIFETIMES: core::ops::RangeInclusive<u64> = 72_000..=100_800;
/// From this lifetime on a reply says when to refresh.
const LONG_LIVED_SECONDS: i64 = 7200;

/// Members that only the replies for users have.
#[derive(Default, Serialize)]
struct UserMembers {
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_info: Option<String>,
}

/// v1 writes every number as a string.
#[derive(Serialize)]
struct V1Reply<'a> {
    token_type: &'static str,
    expires_in: String,
    ext_expires_in: String,
    expires_on: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_in: Option<String>,
    not_before: String,
    resource: &'a str,
    access_token: String,
    #[serde(flatten)]
    user: UserMembers,
}

#[derive(Serialize)]
struct V2Reply {
    token_type: &'static str,
    expires_in: i64,
    ext_expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_in: Option<i64>,
    access_token: String,
    #[serde(flatten)]
    user: UserMembers,
}

/// What a user's token is issued on.
pub(super) struct ForUser<'a> {
    pub(super) user: &'a User,
    pub(super) asked: &'a Asked,
    pub(super) amr: &'a [String],
    pub(super) nonce: Option<&'a str>,
    /// A refresh token comes along even if none was asked for.
    pub(super) renews: bool,
}

/// Issues a token to the application for itself.
pub(super) fn to_application(
    version: Version,
    target: &str,
    form: &Form,
    client: &Client<'_>,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<Issued, ServiceError> {
    let requested = match version {
        Version::V1 => target.to_owned(),
        Version::V2 => resource::of_scope(target)?,
    };
    trail.passed(if version == Version::V1 { "resource form" } else { "scope form" });
    let resource = resource::find(at, &requested)?;
    trail.passed("resource");
    let roles = resource.roles(client.application);
    resource.check_assignment(client.application, &roles, trail)?;
    let requested = RequestedClaims::read(form)?;
    let holder = Holder::Application { roles: &roles, managed_by: None };
    let token = token(client, &resource, holder, requested, at);
    let body = written(version, &token, UserMembers::default(), at)?;
    Ok(Issued { body, token_version: resource.token_version, resource: resource.requested })
}

/// Issues a token to the application for a user, with what comes along.
pub(super) fn to_user(
    version: Version,
    signed_in: &ForUser<'_>,
    form: &Form,
    client: &Client<'_>,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<Issued, ServiceError> {
    let ForUser { user, asked, amr, .. } = *signed_in;
    let resource = resource::find(at, &asked.resource)?;
    trail.passed("resource");
    let scopes = asked.consented(&resource, client.application)?;
    trail.passed("consent");
    user.check_factors(amr, &resource.requested)?;
    let requested = RequestedClaims::read(form)?;
    let holder = Holder::User(SignedIn { user, scopes: &scopes, amr });
    let token = token(client, &resource, holder, requested, at);
    let scope = match version {
        Version::V1 => scopes.join(" "),
        Version::V2 => asked.spelled(&scopes),
    };
    let members = members(version, signed_in, scope, form, client, at)?;
    let body = written(version, &token, members, at)?;
    Ok(Issued { body, token_version: resource.token_version, resource: resource.requested })
}

/// What comes along with a user's access token.
fn members(
    version: Version,
    signed_in: &ForUser<'_>,
    scope: String,
    form: &Form,
    client: &Client<'_>,
    at: &Circumstances<'_>,
) -> Result<UserMembers, ServiceError> {
    let ForUser { user, asked, amr, nonce, renews } = *signed_in;
    let consent = Consent::new(user, client, at, asked, amr);
    let id_token = IdToken {
        version,
        user,
        amr,
        client: &client.application.app_id,
        tenant: at.tenant,
        base: at.base,
        nonce,
        now: at.now,
    };
    let id_token = asked.wants_id_token().then(|| id_token.sign(at.key)).transpose();
    let home = user.home(at.tenants);
    let info = || client_info(user, home.as_ref().unwrap_or(at.tenant));
    Ok(UserMembers {
        scope: Some(scope),
        refresh_token: (asked.is_offline || renews).then(|| sealed_refresh_token(&consent, at)).flatten(),
        id_token: id_token.map_err(|_| unusable("the id token could not be signed"))?,
        client_info: (form.get("client_info") == Some("1")).then(info),
    })
}

fn token<'a>(
    client: &'a Client<'a>,
    resource: &'a Resource<'a>,
    holder: Holder<'a>,
    mut requested: RequestedClaims,
    at: &Circumstances<'a>,
) -> AccessToken<'a> {
    requested.is_capable &= resource.wants_capabilities;
    let range = if requested.is_capable { CAPABLE_LIFETIMES } else { LIFETIMES };
    let lifetime = at.lifetimes.lifetime.unwrap_or_else(|| random::within(range));
    let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX);
    AccessToken {
        client,
        resource,
        holder,
        tenant: at.tenant,
        base: at.base,
        now: at.now,
        lifetime,
        requested,
    }
}

fn written(
    version: Version,
    token: &AccessToken<'_>,
    user: UserMembers,
    at: &Circumstances<'_>,
) -> Result<Vec<u8>, ServiceError> {
    let access_token = token.sign(at.key).map_err(|_| unusable("the token could not be signed"))?;
    let expires_in = token.lifetime.saturating_sub(1);
    let body = match version {
        Version::V1 => serde_json::to_vec(&V1Reply {
            token_type: "Bearer",
            expires_in: expires_in.to_string(),
            ext_expires_in: expires_in.to_string(),
            expires_on: token.expires_on().to_string(),
            // Only if a fault rule says so: whether v1 ever does is not known.
            refresh_in: at.lifetimes.refresh_in.map(|seconds| seconds.to_string()),
            not_before: token.not_before().to_string(),
            resource: &token.resource.requested,
            access_token,
            user,
        }),
        Version::V2 => serde_json::to_vec(&V2Reply {
            token_type: "Bearer",
            expires_in,
            ext_expires_in: expires_in,
            refresh_in: at
                .lifetimes
                .refresh_in
                .or_else(|| (token.lifetime >= LONG_LIVED_SECONDS).then_some(expires_in / 2)),
            access_token,
            user,
        }),
    };
    // Structs of strings and numbers can always be written as JSON.
    Ok(body.unwrap_or_default())
}
