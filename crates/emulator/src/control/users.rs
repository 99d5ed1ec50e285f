//! Shows and changes users, and does what they would do in a browser: signs them in for a token or a code.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::access_token::{AccessToken, Holder, SignedIn};
use crate::client_authentication::Client;
use crate::control::{Answer, ControlError, nothing_here, read};
use crate::random;
use crate::registration::Application;
use crate::resource::{self, find_named};
use crate::scope::Asked;
use crate::service::TokenService;
use crate::service_error::ServiceError;
use crate::tenant::{Realm, Tenant, resolve};
use crate::token_endpoint::{AuthorizationCode, CodeChallenge, Consent, RequestedClaims, sealed_code};
use crate::user::User;

/// The application that gets a minted token if none is named: a client of Microsoft's own, the Azure CLI.
const SOME_CLIENT: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const LIFETIME_SECONDS: i64 = 3600;

/// What can be changed about a user; what is absent stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserChange {
    #[serde(default)]
    account_enabled: Option<bool>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    mfa_required: Option<bool>,
}

/// A token as if the user had signed in to a client of the API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewToken {
    /// The API: App ID URI or appId.
    audience: String,
    #[serde(default)]
    client_id: Option<String>,
    /// The permissions; those that the client has there if absent.
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    tenant: Option<String>,
    #[serde(default)]
    amr: Option<Vec<String>>,
    #[serde(default)]
    lifetime_seconds: Option<i64>,
}

/// A code as if the user had been sent back to the application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewCode {
    client_id: String,
    redirect_uri: String,
    /// For v2; one of the two is there.
    #[serde(default)]
    scope: Option<String>,
    /// For v1.
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    tenant: Option<String>,
    #[serde(default)]
    code_challenge: Option<String>,
    /// `plain` or `S256`.
    #[serde(default)]
    code_challenge_method: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
}

pub(super) fn answer(service: &TokenService, method: &str, segments: &[&str], body: &[u8]) -> Answer {
    match (method, segments) {
        ("GET", []) => {
            let users: Vec<Value> = service.users.get().iter().map(shown).collect();
            Ok(json!({ "users": users }))
        }
        ("POST", []) => add(service, body),
        ("PATCH", [name]) => {
            let change: UserChange = read(body)?;
            changed(service, name, |user| apply(user, change))
        }
        ("DELETE", [name]) => service.users.change(|users| {
            let before = users.len();
            users.retain(|user| !user.is_named(name));
            if users.len() < before { Ok(json!({})) } else { Err(ControlError::missing("user", name)) }
        }),
        ("POST", [name, "sign-out"]) => {
            let now = service.config.clock.now();
            changed(service, name, |user| user.signed_out = Some(now))
        }
        ("POST", [name, "tokens"]) => token(service, name, &read(body)?),
        ("POST", [name, "codes"]) => code(service, name, read(body)?),
        _ => Err(nothing_here(method, "/users")),
    }
}

fn add(service: &TokenService, body: &[u8]) -> Answer {
    let text = core::str::from_utf8(body).map_err(|_| ControlError::new(400, "the body is not UTF-8"))?;
    let user = User::parse(text)?;
    let shown = shown(&user);
    service.users.change(|users| {
        users.retain(|other| !other.is_named(&user.principal_name) && !other.is_named(&user.id));
        users.push(user);
        Ok(shown)
    })
}

fn changed(service: &TokenService, name: &str, change: impl FnOnce(&mut User)) -> Answer {
    service.users.change(|users| {
        let user = users.iter_mut().find(|user| user.is_named(name));
        let user = user.ok_or_else(|| ControlError::missing("user", name))?;
        change(user);
        Ok(shown(user))
    })
}

fn apply(user: &mut User, change: UserChange) {
    if let Some(enabled) = change.account_enabled {
        user.is_disabled = !enabled;
    }
    if let Some(password) = change.password {
        user.set_password(&password);
    }
    if let Some(required) = change.mfa_required {
        user.emulator.mfa_required = required;
    }
}

fn shown(user: &User) -> Value {
    json!({
        "id": user.id,
        "userPrincipalName": user.principal_name,
        "displayName": user.display_name,
        "accountEnabled": !user.is_disabled,
    })
}

fn refused(error: &ServiceError) -> ControlError {
    ControlError::new(400, format!("AADSTS{}: {}", error.code, error.text))
}

/// The user, and the tenant in which he signs in.
fn signing_in(
    service: &TokenService,
    name: &str,
    tenant: Option<&str>,
) -> Result<(User, Tenant), ControlError> {
    let users = service.users.get();
    let user = users.iter().find(|user| user.is_named(name));
    let user = user.ok_or_else(|| ControlError::missing("user", name))?;
    let tenant = match tenant {
        None => user.home(&service.config.tenants),
        Some(segment) => match resolve(segment, &service.config.tenants) {
            Ok(Realm::Tenant(tenant)) => Some(tenant),
            _ => None,
        },
    };
    let tenant = tenant.ok_or_else(|| ControlError::new(400, "the user has no tenant of that name"))?;
    Ok((user.clone(), tenant))
}

fn token(service: &TokenService, name: &str, new: &NewToken) -> Answer {
    let (user, tenant) = signing_in(service, name, new.tenant.as_deref())?;
    let applications = service.applications.get();
    let id = new.client_id.as_deref().unwrap_or(SOME_CLIENT);
    let registered = applications.iter().find(|application| application.app_id.eq_ignore_ascii_case(id));
    let application = registered.cloned().map_or_else(|| Application::new(id), Ok)?;
    let api = find_named(&applications, &service.vault_resources(), Some(&tenant), &tenant.id, &new.audience)
        .map_err(|error| refused(&error))?;
    let scopes = new.scopes.clone().unwrap_or_else(|| api.scopes(&application));
    let amr = new.amr.clone().unwrap_or_else(|| vec!["pwd".to_owned()]);
    let client = Client { application: &application, method: "0" };
    let token = AccessToken {
        client: &client,
        resource: &api,
        holder: Holder::User(SignedIn { user: &user, scopes: &scopes, amr: &amr }),
        tenant: &tenant,
        base: &service.base(),
        now: service.config.clock.now(),
        lifetime: new.lifetime_seconds.unwrap_or(LIFETIME_SECONDS),
        requested: RequestedClaims::default(),
    };
    let signed =
        token.sign(&service.key).map_err(|_| ControlError::new(500, "the token could not be signed"))?;
    Ok(json!({ "accessToken": signed, "tenant": tenant.id }))
}

fn asked(new: &NewCode) -> Result<Asked, ControlError> {
    match (&new.scope, &new.resource) {
        (Some(scope), None) => Asked::of_scope(scope).map_err(|error| refused(&error)),
        (None, Some(resource)) => Ok(Asked::of_resource(resource)),
        _ => Err(ControlError::new(400, "expected scope, for v2, or resource, for v1")),
    }
}

fn challenge(new: &NewCode) -> Result<Option<CodeChallenge>, ControlError> {
    match (new.code_challenge.clone(), new.code_challenge_method.as_deref()) {
        (None, _) => Ok(None),
        (Some(challenge), None | Some("plain")) => Ok(Some(CodeChallenge::Plain(challenge))),
        (Some(challenge), Some("S256")) => Ok(Some(CodeChallenge::S256(challenge))),
        _ => Err(ControlError::new(400, "codeChallengeMethod is neither plain nor S256")),
    }
}

fn code(service: &TokenService, name: &str, new: NewCode) -> Answer {
    let (user, tenant) = signing_in(service, name, new.tenant.as_deref())?;
    let applications = service.applications.get();
    let application = applications.iter().find(|one| one.app_id.eq_ignore_ascii_case(&new.client_id));
    let application = application.ok_or_else(|| ControlError::missing("application", &new.client_id))?;
    let mut redirects = application.web_redirects.iter().chain(&application.public_redirects).peekable();
    if redirects.peek().is_some() && !redirects.any(|uri| *uri == new.redirect_uri) {
        return Err(ControlError::new(400, "redirectUri is not one of the application's"));
    }
    let asked = asked(&new)?;
    let known = resource::find_named(
        &applications,
        &service.vault_resources(),
        Some(&tenant),
        &tenant.id,
        &asked.resource,
    );
    known.map_err(|error| refused(&error))?;
    let challenge = challenge(&new)?;
    let consent = Consent {
        user: user.id,
        client: application.app_id.clone(),
        tenant: tenant.id,
        asked,
        amr: vec!["pwd".to_owned()],
        is_public: false,
        issued: service.config.clock.now().unix_timestamp(),
    };
    let code = AuthorizationCode {
        id: random::token_id(),
        consent,
        redirect_uri: new.redirect_uri,
        challenge,
        nonce: new.nonce,
    };
    let sealed = sealed_code(&service.entra.sealer, &code);
    Ok(json!({ "code": sealed.ok_or_else(|| ControlError::new(500, "the code could not be sealed"))? }))
}
