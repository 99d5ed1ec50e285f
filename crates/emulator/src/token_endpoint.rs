//! The token endpoints, v1 and v2: from a form body to a token reply, in the service's order of checks.
//!
//! Only the client credentials grant ([RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)) is
//! served. Parameters that have no bearing on it (telemetry, `client_info`, `api-version`) are ignored wherever they
//! stand. How the client proves who it is, is the business of `client_authentication`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use crate::access_token::AccessToken;
use crate::client_authentication::{Circumstances, Client, by_assertion, by_secret};
use crate::form::{Form, decode};
use crate::keys::SigningKey;
use crate::log::Trail;
use crate::message::Request;
use crate::random;
use crate::resource;
use crate::service_error::ServiceError;
use crate::tenant::Realm;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// A lifetime is random between 60 and 90 minutes unless it is configured.
const LIFETIMES: core::ops::RangeInclusive<u64> = 3600..=5399;
/// A client that understands claims challenges gets a token for about a day where the resource supports it.
const CAPABLE_LIFETIMES: core::ops::RangeInclusive<u64> = 72_000..=100_800;
/// From this lifetime on a reply says when to refresh.
const LONG_LIVED_SECONDS: i64 = 7200;

/// Which of the two endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

impl Version {
    /// Path below the tenant.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::V1 => "/oauth2/token",
            Self::V2 => "/oauth2/v2.0/token",
        }
    }
}

/// A successful outcome: the body, and what the log says about it.
pub(crate) struct Issued {
    pub(crate) body: Vec<u8>,
    pub(crate) token_version: u8,
    pub(crate) resource: String,
}

/// How long tokens are good for, if that is not left to chance.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lifetimes {
    pub(crate) lifetime: Option<u64>,
    pub(crate) refresh_in: Option<i64>,
}

/// How the client proposes to authenticate. Not `Debug`.
enum Credential<'a> {
    Assertion(&'a str),
    Secret(String),
}

/// Reads the body; one that is not form-encoded by its content type counts as empty, as at Entra.
pub(crate) fn read_form(request: &Request) -> Result<Form, ServiceError> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(Form::default());
    }
    Form::parse(&request.body).map_err(|_| {
        let text = "Invalid request. Request is malformed or invalid.";
        ServiceError::new(9002313, text).because("the body is not form-encoded UTF-8")
    })
}

/// The realm's tenant, or the answer for a path that is none; `common` and its like can't issue to an application.
pub(crate) fn tenanted(realm: &Realm) -> Result<&crate::tenant::Tenant, ServiceError> {
    match realm {
        Realm::Tenant(tenant) => Ok(tenant),
        Realm::Common | Realm::Consumers => {
            let text = "The grant type is not supported over the /common or /consumers endpoints. Please use the \
                        /organizations or tenant-specific endpoint.";
            Err(ServiceError::new(9001023, text).because("no tenant in the path"))
        }
        Realm::Organizations => {
            let text = "No tenant-identifying information found in either the request or implied by any provided \
                        credentials.";
            Err(ServiceError::new(50059, text).because("no tenant in the path"))
        }
    }
}

/// The client id that a request claims, from the body or from HTTP Basic.
pub(crate) fn claimed_client(request: &Request, form: &Form) -> Option<String> {
    form.get("client_id").map(str::to_owned).or_else(|| basic(request).ok().flatten().map(|(id, _)| id))
}

/// Checks of the request as such, before anybody is authenticated.
pub(crate) fn check_parameters(
    version: Version,
    form: &Form,
    client_id: Option<&str>,
    trail: &mut Trail,
) -> Result<String, ServiceError> {
    if let Some(name) = form.duplicate() {
        let name = name.escape_debug();
        let text = format!("The request is not properly formatted. The parameter '{name}' is duplicated.");
        return Err(ServiceError::new(9000411, text).because(format!("{name} was sent twice")));
    }
    let grant = form.get("grant_type").ok_or_else(|| missing("grant_type"))?;
    if client_id.is_none() {
        return Err(missing("client_id"));
    }
    if grant != "client_credentials" {
        let text = format!("The app requested an unsupported grant type '{}'.", grant.escape_debug());
        return Err(ServiceError::new(70003, text).because("only client_credentials is served"));
    }
    let target = match version {
        Version::V1 => form.get("resource").ok_or_else(|| missing("resource"))?,
        Version::V2 if form.get("resource").is_some() => {
            let text = "The 'resource' request parameter is not supported.";
            return Err(ServiceError::new(901002, text).because("v2 takes scope, not resource"));
        }
        Version::V2 => form.get("scope").ok_or_else(|| missing("scope"))?,
    };
    trail.passed("grant");
    Ok(target.to_owned())
}

fn missing(name: &str) -> ServiceError {
    let text = format!("The request body must contain the following parameter: '{name}'.");
    ServiceError::new(900144, text).because(format!("no {name} in the body"))
}

fn unusable(reason: &str) -> ServiceError {
    ServiceError::new(90023, format!("The request is invalid: {reason}.")).because(reason)
}

/// Client id and secret of HTTP Basic, each form-encoded
/// ([RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
fn basic(request: &Request) -> Result<Option<(String, String)>, ServiceError> {
    let Some(value) = request.header("authorization") else { return Ok(None) };
    let fault = || unusable("the Authorization header is not HTTP Basic with a form-encoded id and secret");
    let (scheme, credentials) = value.split_once(' ').ok_or_else(fault)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(fault());
    }
    let bytes = STANDARD.decode(credentials.trim()).map_err(|_| fault())?;
    let colon = bytes.iter().position(|&byte| byte == b':').ok_or_else(fault)?;
    let id = decode(&bytes[..colon]).map_err(|_| fault())?;
    let secret = decode(&bytes[colon + 1..]).map_err(|_| fault())?;
    Ok(Some((id, secret)))
}

/// The one credential of the request; more than one is forbidden
/// ([RFC 6749 section 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3)).
fn credential<'a>(request: &Request, form: &'a Form) -> Result<Credential<'a>, ServiceError> {
    let basic = basic(request)?;
    if let (Some((id, _)), Some(client_id)) = (&basic, form.get("client_id"))
        && !id.eq_ignore_ascii_case(client_id)
    {
        return Err(unusable("client_id differs from the one in the Authorization header"));
    }
    let (assertion, secret) = (form.get("client_assertion"), form.get("client_secret"));
    match (assertion, secret, basic) {
        (Some(assertion), None, None) => {
            let kind = form.get("client_assertion_type").ok_or_else(|| missing("client_assertion_type"))?;
            if kind != ASSERTION_TYPE {
                return Err(unusable(&format!("client_assertion_type is not {ASSERTION_TYPE}")));
            }
            Ok(Credential::Assertion(assertion))
        }
        (None, Some(secret), None) => Ok(Credential::Secret(secret.to_owned())),
        (None, None, Some((_, secret))) => Ok(Credential::Secret(secret)),
        (None, None, None) => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            Err(ServiceError::new(7000218, text).because("no credential"))
        }
        _ => Err(unusable("it has more than one client credential")),
    }
}

/// Authenticates the client.
pub(crate) fn authenticate<'a>(
    request: &Request,
    form: &Form,
    at: &Circumstances<'a>,
    client_id: &str,
    trail: &mut Trail,
) -> Result<Client<'a>, ServiceError> {
    match credential(request, form)? {
        Credential::Assertion(assertion) => by_assertion(at, client_id, assertion, trail),
        Credential::Secret(secret) => by_secret(at, client_id, &secret, trail),
    }
}

/// Finds the resource and issues a token for it.
pub(crate) fn issue(
    version: Version,
    target: &str,
    form: &Form,
    client: &Client<'_>,
    at: &Circumstances<'_>,
    (key, lifetimes): (&SigningKey, Lifetimes),
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
    let is_capable = declares_capability(form)? && resource.wants_capabilities;
    let range = if is_capable { CAPABLE_LIFETIMES } else { LIFETIMES };
    let lifetime = lifetimes.lifetime.unwrap_or_else(|| random::within(range));
    let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX);
    let token = AccessToken {
        client,
        resource: &resource,
        roles: &roles,
        tenant: at.tenant,
        base: at.base,
        now: at.now,
        lifetime,
        is_capable,
    };
    let body = reply(version, &token, lifetimes.refresh_in, key)?;
    Ok(Issued { body, token_version: resource.token_version, resource: resource.requested })
}

/// Whether the `claims` parameter declares the capability `cp1`.
fn declares_capability(form: &Form) -> Result<bool, ServiceError> {
    let Some(claims) = form.get("claims") else { return Ok(false) };
    let claims: Value = serde_json::from_str(claims).map_err(|_| unusable("claims is not JSON"))?;
    let values = claims.pointer("/access_token/xms_cc/values").and_then(Value::as_array);
    Ok(values.into_iter().flatten().filter_map(Value::as_str).any(|value| value.eq_ignore_ascii_case("cp1")))
}

/// v1 writes every number as a string.
#[derive(Serialize)]
struct V1Reply<'a> {
    token_type: &'static str,
    expires_in: String,
    ext_expires_in: String,
    expires_on: String,
    not_before: String,
    resource: &'a str,
    access_token: String,
}

#[derive(Serialize)]
struct V2Reply {
    token_type: &'static str,
    expires_in: i64,
    ext_expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_in: Option<i64>,
    access_token: String,
}

fn reply(
    version: Version,
    token: &AccessToken<'_>,
    refresh_in: Option<i64>,
    key: &SigningKey,
) -> Result<Vec<u8>, ServiceError> {
    let access_token = token.sign(key).map_err(|_| unusable("the token could not be signed"))?;
    let expires_in = token.lifetime.saturating_sub(1);
    let body = match version {
        Version::V1 => serde_json::to_vec(&V1Reply {
            token_type: "Bearer",
            expires_in: expires_in.to_string(),
            ext_expires_in: expires_in.to_string(),
            expires_on: token.expires_on().to_string(),
            not_before: token.not_before().to_string(),
            resource: &token.resource.requested,
            access_token,
        }),
        Version::V2 => serde_json::to_vec(&V2Reply {
            token_type: "Bearer",
            expires_in,
            ext_expires_in: expires_in,
            refresh_in: refresh_in
                .or_else(|| (token.lifetime >= LONG_LIVED_SECONDS).then_some(expires_in / 2)),
            access_token,
        }),
    };
    // Structs of strings and numbers can always be written as JSON.
    Ok(body.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_another_type_counts_as_empty() {
        let mut request = Request::post("localhost", "/t/oauth2/token", "grant_type=client_credentials");
        assert!(read_form(&request).is_ok_and(|form| form.get("grant_type").is_some()));
        request.headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        assert!(read_form(&request).is_ok_and(|form| form.get("grant_type").is_none()));
    }

    #[test]
    fn basic_credentials_are_form_decoded() {
        let mut request = Request::get("localhost", "/");
        request.headers =
            vec![("Authorization".to_owned(), format!("basic {}", STANDARD.encode("id:p%3Aq+r")))];
        assert!(basic(&request).is_ok_and(|found| found == Some(("id".to_owned(), "p:q r".to_owned()))));
        for broken in ["Basic", "Basic !!!", "Bearer abc", "Basic aWQ="] {
            request.headers = vec![("Authorization".to_owned(), broken.to_owned())];
            assert!(basic(&request).is_err(), "{broken}");
        }
    }
}
