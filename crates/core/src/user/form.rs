//! The bodies of requests at the v1 endpoints, with ADAL's parameters in ADAL's order.

use super::{UserGrant, UserTask};
use crate::encoding::push_form_pair;
use crate::secret::{Secret, SecretString};
use alloc::string::String;

/// Parameters of a request body, in order. None has no value to send.
type Pairs<'a> = [(&'static str, Option<&'a str>)];

/// A token request of a task; a device code is asked about with the same body each time.
pub(super) fn token(task: &UserTask) -> SecretString {
    let (client, resource) = (("client_id", some(&task.client_id)), ("resource", task.resource.as_deref()));
    let grant = |name| ("grant_type", Some(name));
    // `openid` makes the service name the user.
    let scope = ("scope", Some("openid"));
    match &task.grant {
        UserGrant::ClientSecret(secret) => {
            write(&[grant("client_credentials"), client, resource, ("client_secret", Some(secret.expose()))])
        }
        UserGrant::AuthorizationCode { code, redirect_uri, client_secret } => write(&[
            grant("authorization_code"),
            client,
            resource,
            ("redirect_uri", some(redirect_uri)),
            ("code", Some(code.expose())),
            ("client_secret", client_secret.as_ref().map(|secret| secret.expose().as_str())),
        ]),
        UserGrant::RefreshToken { refresh_token, client_secret } => write(&[
            grant("refresh_token"),
            scope,
            client,
            resource,
            ("client_secret", client_secret.as_ref().map(|secret| secret.expose().as_str())),
            ("refresh_token", Some(refresh_token.expose())),
        ]),
        UserGrant::Password { username, password } => write(&[
            grant("password"),
            scope,
            client,
            resource,
            ("password", Some(password.expose())),
            ("username", Some(username)),
        ]),
        // The v1 endpoint calls it `code`, unlike RFC 8628 section 3.4.
        UserGrant::DeviceCode { device_code, .. } => {
            write(&[grant("device_code"), client, resource, ("code", Some(device_code.expose()))])
        }
        UserGrant::UserCode { .. } | UserGrant::Discovery => Secret::new(String::new()),
    }
}

/// The request for a code for the user.
pub(super) fn user_code(task: &UserTask) -> SecretString {
    let UserGrant::UserCode { language } = &task.grant else {
        return Secret::new(String::new());
    };
    write(&[
        ("client_id", some(&task.client_id)),
        ("resource", task.resource.as_deref()),
        ("mkt", language.as_deref()),
    ])
}

/// The token request with a federation server's assertion,
/// [RFC 7522 section 2.1](https://www.rfc-editor.org/rfc/rfc7522#section-2.1). ADAL's base64 is the standard one.
pub(super) fn assertion(task: &UserTask, grant_type: &'static str, encoded: &SecretString) -> SecretString {
    write(&[
        ("grant_type", Some(grant_type)),
        ("scope", Some("openid")),
        ("client_id", some(&task.client_id)),
        ("resource", task.resource.as_deref()),
        ("assertion", Some(encoded.expose())),
    ])
}

/// Nothing for the empty text, which ADAL left out too.
fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Room for all of it, percent-encoded: growing would leave a copy of a secret behind.
fn write(pairs: &Pairs<'_>) -> SecretString {
    let room = pairs.iter().fold(0_usize, |sum, (name, value)| {
        sum.saturating_add(name.len())
            .saturating_add(value.map_or(0, str::len).saturating_mul(3))
            .saturating_add(2)
    });
    let mut body = Secret::new(String::with_capacity(room));
    for (name, value) in pairs {
        if let Some(value) = value {
            push_form_pair(body.expose_mut(), name, value);
        }
    }
    body
}
