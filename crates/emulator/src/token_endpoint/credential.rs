//! How the client of a token request proposes to prove who it is, and whether it does.
//!
//! By assertion, by secret in the body or in HTTP Basic, or not at all: a public client has nothing to prove it with, and
//! only a user who signs in with it can get anything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::client_authentication::{Circumstances, Client, by_assertion, by_secret, public};
use crate::form::{Form, decode};
use crate::log::Trail;
use crate::message::Request;
use crate::registration::Application;
use crate::service_error::ServiceError;
use crate::token_endpoint::parameters::{missing, unusable};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Not `Debug`.
enum Credential<'a> {
    Assertion(&'a str),
    Secret(String),
}

/// The client id that a request claims, from the body or from HTTP Basic.
pub(crate) fn claimed_client(request: &Request, form: &Form) -> Option<String> {
    form.get("client_id").map(str::to_owned).or_else(|| basic(request).ok().flatten().map(|(id, _)| id))
}

/// Authenticates a client that must have a credential.
pub(super) fn authenticate<'a>(
    request: &Request,
    form: &Form,
    at: &Circumstances<'a>,
    client_id: &str,
    trail: &mut Trail,
) -> Result<Client<'a>, ServiceError> {
    match credential(request, form)? {
        Some(Credential::Assertion(assertion)) => by_assertion(at, client_id, assertion, trail),
        Some(Credential::Secret(secret)) => by_secret(at, client_id, &secret, trail),
        None => Err(no_credential()),
    }
}

/// Authenticates a client that need have no credential if `may_be_public` says so.
pub(super) fn authenticate_or_public<'a>(
    request: &Request,
    form: &Form,
    at: &Circumstances<'a>,
    client_id: &str,
    may_be_public: impl Fn(&Application) -> bool,
    trail: &mut Trail,
) -> Result<Client<'a>, ServiceError> {
    if credential(request, form)?.is_some() {
        return authenticate(request, form, at, client_id, trail);
    }
    public(at, client_id, may_be_public, trail)?.ok_or_else(no_credential)
}

fn no_credential() -> ServiceError {
    let text =
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
    ServiceError::new(7000218, text).because("no credential")
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

/// The one credential of the request, if there is any; more than one is forbidden
/// ([RFC 6749 section 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3)).
fn credential<'a>(request: &Request, form: &'a Form) -> Result<Option<Credential<'a>>, ServiceError> {
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
            Ok(Some(Credential::Assertion(assertion)))
        }
        (None, Some(secret), None) => Ok(Some(Credential::Secret(secret.to_owned()))),
        (None, None, Some((_, secret))) => Ok(Some(Credential::Secret(secret))),
        (None, None, None) => Ok(None),
        _ => Err(unusable("it has more than one client credential")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
