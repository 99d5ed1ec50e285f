//! The token endpoints, v1 and v2: from a form body to a token reply, in the service's order of checks.
//!
//! `parameters` finds out which grant a request asks for, `credential` whose it is, `user_grants` and `on_behalf_of` for
//! whom; `reply` issues. Parameters that have no bearing on it (telemetry, `api-version`) are ignored wherever they
//! stand. How a client proves who it is, is the business of `client_authentication`.

mod claims;
mod consent;
mod credential;
mod on_behalf_of;
mod parameters;
mod reply;
mod saml_grant;
mod user_grants;

pub(crate) use claims::{RequestedClaims, seconds, wanted_values};
pub(crate) use consent::{AuthorizationCode, CodeChallenge, Consent, sealed_code};
pub(crate) use credential::claimed_client;
pub(crate) use parameters::{Grant, check_parameters, missing, target};
pub(crate) use user_grants::home_tenant;

use crate::client_authentication::Circumstances;
use crate::form::Form;
use crate::log::Trail;
use crate::message::Request;
use crate::service_error::ServiceError;
use crate::tenant::Realm;

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

    /// The parameter that says what a token is for.
    pub(crate) fn target_name(self) -> &'static str {
        match self {
            Self::V1 => "resource",
            Self::V2 => "scope",
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

/// What is asked of the endpoint, as far as it has been read.
pub(crate) struct Demand<'a> {
    pub(crate) version: Version,
    pub(crate) grant: Grant,
    /// `resource` or `scope`, if there is one.
    pub(crate) target: Option<&'a str>,
    pub(crate) client_id: &'a str,
    pub(crate) request: &'a Request,
    pub(crate) form: &'a Form,
}

/// Reads the body; one that is not form-encoded by its content type counts as empty, as at Entra.
pub(crate) fn read_form(request: &Request) -> Result<Form, ServiceError> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(Form::default());
    }
    Form::parse(&request.body).map_err(|_| malformed_form("the body is not form-encoded UTF-8"))
}

/// The answer to parameters that can't be read.
pub(crate) fn malformed_form(reason: &str) -> ServiceError {
    ServiceError::new(9002313, "Invalid request. Request is malformed or invalid.").because(reason)
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

/// Authenticates the client, checks what it presents, and issues a token.
pub(crate) fn answer(
    demand: &Demand<'_>,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<Issued, ServiceError> {
    match demand.grant {
        Grant::ClientCredentials => {
            let Demand { version, target, client_id, request, form, .. } = *demand;
            let client = credential::authenticate(request, form, at, client_id, trail)?;
            reply::to_application(version, target.unwrap_or_default(), form, &client, at, trail)
        }
        Grant::OnBehalfOf => on_behalf_of::redeem(demand, at, trail),
        Grant::AuthorizationCode => user_grants::redeem_code(demand, at, trail),
        Grant::DeviceCode => user_grants::poll(demand, at, trail),
        Grant::Password => user_grants::sign_in(demand, at, trail),
        Grant::Saml(version) => saml_grant::redeem(version, demand, at, trail),
        Grant::RefreshToken => user_grants::refresh(demand, at, trail),
    }
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
}
