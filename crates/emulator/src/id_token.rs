//! Id tokens: who has signed in, told to the client
//! ([OpenID Connect Core section 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)).
//!
//! The endpoint decides the version, not the client. `client_info` says the two ids of an account once more, outside
//! of any token, to clients that ask for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::access_token::{BACKDATED_SECONDS, pairwise, v1_issuer, v2_issuer};
use crate::keys::SigningKey;
use crate::random;
use crate::tenant::Tenant;
use crate::token_endpoint::Version;
use crate::user::User;

/// Longest-standing lifetime of an id token.
const LIFETIME_SECONDS: i64 = 3600;

/// What an id token says.
pub(crate) struct IdToken<'a> {
    pub(crate) version: Version,
    pub(crate) user: &'a User,
    pub(crate) amr: &'a [String],
    pub(crate) client: &'a str,
    pub(crate) tenant: &'a Tenant,
    pub(crate) base: &'a str,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) now: OffsetDateTime,
}

impl IdToken<'_> {
    /// The compact JWS.
    pub(crate) fn sign(&self, key: &SigningKey) -> Result<String, ring::error::Unspecified> {
        let issued = self.now.unix_timestamp().saturating_sub(BACKDATED_SECONDS);
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| {
            claims.insert(name.to_owned(), value);
        };
        put("aud", json!(self.client));
        put("iat", json!(issued));
        put("nbf", json!(issued));
        put("exp", json!(self.now.unix_timestamp().saturating_add(LIFETIME_SECONDS)));
        put("name", json!(self.user.display_name));
        put("oid", json!(self.user.id));
        put("sub", json!(pairwise(self.user, self.client)));
        put("tid", json!(self.tenant.id));
        put("uti", json!(random::token_id()));
        let optional = [("nonce", self.nonce), ("email", self.user.mail.as_deref())];
        for (name, value) in optional {
            if let Some(value) = value {
                put(name, json!(value));
            }
        }
        self.add_of_version(&mut claims);
        let version = if self.version == Version::V1 { 1 } else { 2 };
        key.sign_jwt(version, &Value::Object(claims))
    }

    fn add_of_version(&self, claims: &mut Map<String, Value>) {
        let mut put = |name: &str, value: Value| {
            claims.insert(name.to_owned(), value);
        };
        match self.version {
            Version::V1 => {
                put("iss", json!(v1_issuer(&self.tenant.id)));
                put("amr", json!(self.amr));
                put("unique_name", json!(self.user.principal_name));
                put("upn", json!(self.user.principal_name));
                put("ver", json!("1.0"));
                for (name, value) in self.user.names() {
                    put(name, json!(value));
                }
            }
            Version::V2 => {
                put("iss", json!(v2_issuer(self.base, &self.tenant.id)));
                put("preferred_username", json!(self.user.principal_name));
                put("rh", json!(format!("1.{}.", URL_SAFE_NO_PAD.encode(random::bytes::<36>()))));
                put("ver", json!("2.0"));
            }
        }
    }
}

/// `client_info`: object id and home tenant of the account.
pub(crate) fn client_info(user: &User, home: &Tenant) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "uid": user.id, "utid": home.id }).to_string())
}
