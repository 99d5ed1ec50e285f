//! The grants with which a user takes part: authorization code, refresh token, password, device code.
//!
//! The client is authenticated first, as it must be ([RFC 6749 section
//! 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)); then what it presents is checked. A code is used up
//! by the request that succeeds.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::certificate::sha256;
use crate::client_authentication::{Circumstances, Client};
use crate::device_codes::Poll;
use crate::form::Form;
use crate::log::Trail;
use crate::registration::Application;
use crate::scope::Asked;
use crate::sealed::Sealer;
use crate::service_error::{ErrorDetails, ServiceError};
use crate::tenant::Tenant;
use crate::token_endpoint::consent::{
    AuthorizationCode, CodeChallenge, Consent, check_code_age, check_refresh_age, opened_code,
    opened_refresh_token,
};
use crate::token_endpoint::credential::authenticate_or_public;
use crate::token_endpoint::parameters::device_code;
use crate::token_endpoint::reply::{ForUser, to_user};
use crate::token_endpoint::{Demand, Grant, Issued, Version};
use crate::user::{self, User};

/// The tenant that a request to `/common` or `/organizations` is about, as far as what it presents says.
pub(crate) fn home_tenant(
    grant: Grant,
    form: &Form,
    users: &[User],
    tenants: &[Tenant],
    (sealer, devices): (&Sealer, &crate::device_codes::DeviceCodes),
) -> Option<Tenant> {
    let id = match grant {
        Grant::AuthorizationCode => opened_code(sealer, form.get("code")?)?.consent.tenant,
        Grant::RefreshToken => opened_refresh_token(sealer, form.get("refresh_token")?)?.tenant,
        Grant::DeviceCode => {
            let name = devices.user_of(device_code(form)?)?;
            return users.iter().find(|user| user.is_named(&name))?.home(tenants);
        }
        Grant::Password => {
            let name = form.get("username")?;
            return users.iter().find(|user| user.is_named(name))?.home(tenants);
        }
        Grant::ClientCredentials | Grant::OnBehalfOf | Grant::Saml(_) => return None,
    };
    Some(tenants.iter().find(|known| known.id == id).cloned().unwrap_or(Tenant { id, domain: None }))
}

/// [RFC 6749 section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3): the code was issued to this client,
/// for this redirect URI, and is used for the first time.
pub(super) fn redeem_code(
    demand: &Demand<'_>,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<Issued, ServiceError> {
    let Demand { client_id, request, form, .. } = *demand;
    let redirect = form.get("redirect_uri").unwrap_or_default();
    let may_be_public = |application: &Application| {
        application.allows_public || application.public_redirects.iter().any(|one| one == redirect)
    };
    let client = authenticate_or_public(request, form, at, client_id, may_be_public, trail)?;
    let code = form.get("code").unwrap_or_default();
    let code = opened_code(at.sealer, code).ok_or_else(|| malformed_grant("code"))?;
    check_client(&code.consent, &client)?;
    let expires = check_code_age(&code, at.now)?;
    if code.redirect_uri != redirect {
        let text = format!(
            "The reply address '{redirect}' does not match the reply address '{}' provided when requesting \
             Authorization code.",
            code.redirect_uri
        );
        return Err(ServiceError::new(500112, text).because("redirect_uri is not that of the code"));
    }
    trail.passed("redirect_uri");
    check_verifier(&code, form.get("code_verifier"), trail)?;
    let user = code.consent.user(at)?;
    let asked = narrowed(demand, &code.consent.asked)?;
    let for_user = ForUser {
        user,
        asked: &asked,
        amr: &code.consent.amr,
        nonce: code.nonce.as_deref(),
        renews: code.consent.asked.is_offline,
    };
    let issued = to_user(demand.version, &for_user, form, &client, at, trail)?;
    if !at.codes.first_use(&client.application.app_id, &code.id, at.now.unix_timestamp(), expires) {
        let text = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an \
                    existing refresh token.";
        return Err(ServiceError::new(54005, text).because("the code has been used before"));
    }
    Ok(issued)
}

/// [RFC 7636 section 4.6](https://www.rfc-editor.org/rfc/rfc7636#section-4.6).
fn check_verifier(
    code: &AuthorizationCode,
    verifier: Option<&str>,
    trail: &mut Trail,
) -> Result<(), ServiceError> {
    let fits = match (&code.challenge, verifier) {
        (None, None) => return Ok(()),
        (Some(CodeChallenge::Plain(challenge)), Some(verifier)) => challenge == verifier,
        (Some(CodeChallenge::S256(challenge)), Some(verifier)) => {
            *challenge == URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()))
        }
        _ => false,
    };
    if fits {
        trail.passed("code_verifier");
        return Ok(());
    }
    let text = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
    Err(ServiceError::new(501481, text).because("code_verifier is missing, unasked for or wrong"))
}

pub(super) fn refresh(
    demand: &Demand<'_>,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<Issued, ServiceError> {
    let Demand { client_id, request, form, .. } = *demand;
    let presented = form.get("refresh_token").unwrap_or_default();
    let consent = opened_refresh_token(at.sealer, presented);
    let was_public = consent
        .as_ref()
        .is_some_and(|consent| consent.is_public && consent.client.eq_ignore_ascii_case(client_id));
    // Whoever got it without a credential needs none to renew it.
    let may_be_public = |application: &Application| application.allows_public || was_public;
    let client = authenticate_or_public(request, form, at, client_id, may_be_public, trail)?;
    let consent = consent.ok_or_else(|| malformed_grant("refresh_token"))?;
    check_client(&consent, &client)?;
    check_refresh_age(&consent, at.now)?;
    trail.passed("refresh token");
    let user = consent.user(at)?;
    let asked = narrowed(demand, &consent.asked)?;
    let for_user = ForUser { user, asked: &asked, amr: &consent.amr, nonce: None, renews: true };
    to_user(demand.version, &for_user, form, &client, at, trail)
}

/// The user's own password, typed into the client.
pub(super) fn sign_in(
    demand: &Demand<'_>,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<Issued, ServiceError> {
    let Demand { client_id, request, form, .. } = *demand;
    let client = authenticate_or_public(request, form, at, client_id, is_public, trail)?;
    let user = user::find(at.users, form.get("username").unwrap_or_default(), at.tenant)?;
    user.check_password(form.get("password").unwrap_or_default())?;
    user.check_enabled()?;
    trail.passed("password");
    let asked = asked(demand)?;
    let amr = ["pwd".to_owned()];
    let for_user = ForUser { user, asked: &asked, amr: &amr, nonce: None, renews: false };
    to_user(demand.version, &for_user, form, &client, at, trail)
}

/// [RFC 8628 section 3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5): has the user decided by now?
pub(super) fn poll(
    demand: &Demand<'_>,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<Issued, ServiceError> {
    let Demand { version, client_id, request, form, .. } = *demand;
    let client = authenticate_or_public(request, form, at, client_id, is_public, trail)?;
    let code = device_code(form).unwrap_or_default();
    let (name, asked) = match at.devices.poll(code, &client.application.app_id, at.now) {
        Poll::Approved { user, asked } => (user, asked),
        undecided => return Err(not_yet(&undecided, version)),
    };
    trail.passed("device code");
    let user = user::find(at.users, &name, at.tenant)?;
    user.check_enabled()?;
    let amr = ["pwd".to_owned(), "mfa".to_owned()];
    let for_user = ForUser { user, asked: &asked, amr: &amr, nonce: None, renews: false };
    let issued = to_user(version, &for_user, form, &client, at, trail)?;
    at.devices.forget(code);
    Ok(issued)
}

fn not_yet(poll: &Poll, version: Version) -> ServiceError {
    let pending = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
    match poll {
        Poll::SlowDown => {
            let details = ErrorDetails { error: Some("slow_down".to_owned()), ..ErrorDetails::default() };
            ServiceError::new(70016, pending).with(details).because("told to slow down")
        }
        Poll::Declined => {
            let text = "User declined to consent to access the app.";
            ServiceError::new(65004, text).because("the user has declined")
        }
        Poll::Expired if version == Version::V1 => {
            ServiceError::new(70019, "Verification code expired.").because("the device code is expired")
        }
        Poll::Expired => {
            let text = "The provided value for the input parameter 'device_code' is not valid. This device code has \
                        expired.";
            ServiceError::new(70020, text).because("the device code is expired")
        }
        Poll::Unknown => {
            let text =
                "Invalid verification code due to User typing in wrong user code for device code flow.";
            ServiceError::new(70018, text).because("no such device code of this client")
        }
        Poll::Pending | Poll::Approved { .. } => {
            ServiceError::new(70016, pending).because("nobody has decided yet")
        }
    }
}

/// What the request asks for.
pub(super) fn asked(demand: &Demand<'_>) -> Result<Asked, ServiceError> {
    let target = demand.target.unwrap_or_default();
    match demand.version {
        Version::V1 => Ok(Asked::of_resource(target)),
        Version::V2 => Asked::of_scope(target),
    }
}

/// What the request asks for or, if it doesn't say, what was agreed to.
fn narrowed(demand: &Demand<'_>, agreed: &Asked) -> Result<Asked, ServiceError> {
    match demand.target {
        None => Ok(agreed.clone()),
        Some(_) => asked(demand),
    }
}

/// Users may sign in to the application without a credential of its own.
pub(super) fn is_public(application: &Application) -> bool {
    application.allows_public
}

/// A code or refresh token is good for the application only that got it.
fn check_client(consent: &Consent, client: &Client<'_>) -> Result<(), ServiceError> {
    if consent.client.eq_ignore_ascii_case(&client.application.app_id) {
        return Ok(());
    }
    let details = ErrorDetails { suberror: Some("client_mismatch".to_owned()), ..ErrorDetails::default() };
    let text = "Provided grant is invalid or malformed. It was issued to another application.";
    Err(ServiceError::new(70000, text).with(details).because("issued to another application"))
}

fn malformed_grant(name: &str) -> ServiceError {
    let text = format!("Provided grant is invalid or malformed. The value of '{name}' is not valid.");
    ServiceError::new(70000, text).because(format!("{name} is not one of this run"))
}
