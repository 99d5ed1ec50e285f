//! A token service in memory, for tests that drive core without a network. It looks at the form of a request, not at the
//! signature; the emulator is for that.

use crate::jwt::{decode, form_value};
use serde_json::json;

/// Hands out tokens that can be told apart, and keeps what it was asked.
#[derive(Debug, Default)]
pub struct InMemoryAuthority {
    /// The bodies of the requests so far.
    pub requests: Vec<String>,
    /// Answers that come before the regular ones, first in first out.
    pub scripted: std::collections::VecDeque<(u16, String)>,
}

impl InMemoryAuthority {
    /// A service that was not asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The token that answers request number `n`, counted from 1.
    pub fn token(n: usize) -> String {
        format!("secret-access-token-{n:08}")
    }

    /// Status and body that answer a POST of `body` to `url`.
    ///
    /// # Panics
    ///
    /// If the request is not what Entra expects: the test has failed.
    pub fn answer(&mut self, url: &str, body: &str) -> (u16, Vec<u8>) {
        self.requests.push(body.to_owned());
        if let Some((status, body)) = self.scripted.pop_front() {
            return (status, body.into_bytes());
        }
        match form_value(body, "grant_type").as_deref() {
            Some("client_credentials") => {}
            Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => {
                assert_eq!(form_value(body, "requested_token_use").as_deref(), Some("on_behalf_of"));
                assert!(form_value(body, "assertion").is_some(), "a user's token");
            }
            other => panic!("{other:?}"),
        }
        if form_value(body, "client_secret").is_none() {
            let assertion = form_value(body, "client_assertion").expect("an assertion");
            let (_, claims, _) = decode(&assertion);
            assert_eq!(claims["aud"], url.split('?').next().unwrap_or_default());
            assert_eq!(claims["iss"], form_value(body, "client_id").expect("a client id"));
        }
        let token = json!({
            "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599,
            "access_token": Self::token(self.requests.len()),
        });
        (200, token.to_string().into_bytes())
    }
}
