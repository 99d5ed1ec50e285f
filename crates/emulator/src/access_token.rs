//! Access tokens: the claims of an app-only token and of a user's, versions 1.0 and 2.0, and their signature.
//!
//! A v1 token is issued by `https://sts.windows.net/{tenant}/`, a v2 token by the address at which the emulator was
//! called, `{base}/{tenant}/v2.0`; both are what the OpenID configuration document of that version says at the same
//! address, so that a resource that reads the document accepts the token. As at Entra, `iat` and `nbf` lie five
//! minutes back. What is opaque there (`aio`, `rh`, `uti`) is random here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::certificate::sha256;
use crate::client_authentication::Client;
use crate::keys::SigningKey;
use crate::random;
use crate::resource::Resource;
use crate::tenant::Tenant;
use crate::token_endpoint::RequestedClaims;
use crate::user::User;

/// How far back `iat` and `nbf` are set.
pub(crate) const BACKDATED_SECONDS: i64 = 300;

/// What a token says.
pub(crate) struct AccessToken<'a> {
    pub(crate) client: &'a Client<'a>,
    pub(crate) resource: &'a Resource<'a>,
    pub(crate) holder: Holder<'a>,
    pub(crate) tenant: &'a Tenant,
    pub(crate) base: &'a str,
    pub(crate) now: OffsetDateTime,
    pub(crate) lifetime: i64,
    /// What the client has asked of it.
    pub(crate) requested: RequestedClaims,
}

/// Who acts with the token.
pub(crate) enum Holder<'a> {
    /// The application itself, with these roles.
    Application {
        roles: &'a [String],
        /// Path of the managed identity that the application is.
        managed_by: Option<&'a str>,
    },
    /// The application for a user.
    User(SignedIn<'a>),
}

/// A user, what he lets the application do, and how he has signed in.
#[derive(Clone, Copy)]
pub(crate) struct SignedIn<'a> {
    pub(crate) user: &'a User,
    pub(crate) scopes: &'a [String],
    pub(crate) amr: &'a [String],
}

impl AccessToken<'_> {
    pub(crate) fn not_before(&self) -> i64 {
        let now = self.now.unix_timestamp();
        let usual = now.saturating_sub(BACKDATED_SECONDS);
        self.requested.not_before.filter(|asked| *asked <= now).map_or(usual, |asked| asked.max(usual))
    }

    pub(crate) fn expires_on(&self) -> i64 {
        self.now.unix_timestamp().saturating_add(self.lifetime)
    }

    /// The compact JWS.
    pub(crate) fn sign(&self, key: &SigningKey) -> Result<String, ring::error::Unspecified> {
        let mut claims = self.common_claims();
        match self.holder {
            Holder::Application { roles, managed_by } => {
                self.add_application(&mut claims, roles);
                claims.extend(managed_by.map(|path| ("xms_mirid".to_owned(), json!(path))));
            }
            Holder::User(signed_in) => self.add_user(&mut claims, &signed_in),
        }
        for (name, value) in &self.requested.more {
            claims.entry(name.as_str()).or_insert_with(|| value.clone());
        }
        key.sign_jwt(self.resource.token_version, &Value::Object(claims))
    }

    fn common_claims(&self) -> Map<String, Value> {
        let application = self.client.application;
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| {
            claims.insert(name.to_owned(), value);
        };
        if self.resource.token_version == 1 {
            let issuer = v1_issuer(&self.tenant.id);
            put("aud", json!(self.resource.requested));
            put("iss", json!(issuer));
            put("appid", json!(application.app_id));
            put("appidacr", json!(self.client.method));
            put("app_displayname", json!(application.display_name));
            put("ver", json!("1.0"));
        } else {
            put("aud", json!(self.resource.app_id));
            put("iss", json!(v2_issuer(self.base, &self.tenant.id)));
            put("azp", json!(application.app_id));
            put("azpacr", json!(self.client.method));
            put("ver", json!("2.0"));
        }
        put("iat", json!(self.not_before()));
        put("nbf", json!(self.not_before()));
        put("exp", json!(self.expires_on()));
        put("aio", json!(URL_SAFE_NO_PAD.encode(random::bytes::<36>())));
        put("rh", json!(format!("1.{}.", URL_SAFE_NO_PAD.encode(random::bytes::<36>()))));
        put("uti", json!(random::token_id()));
        put("tid", json!(self.tenant.id));
        if self.requested.is_capable {
            put("xms_cc", json!(["cp1"]));
        }
        claims
    }

    fn add_application(&self, claims: &mut Map<String, Value>, roles: &[String]) {
        let object_id = self.client.application.service_principal_id(self.tenant);
        if self.resource.token_version == 1 {
            claims.insert("idp".to_owned(), json!(v1_issuer(&self.tenant.id)));
        }
        claims.insert("idtyp".to_owned(), json!("app"));
        claims.insert("oid".to_owned(), json!(object_id));
        claims.insert("sub".to_owned(), json!(object_id));
        if !roles.is_empty() {
            claims.insert("roles".to_owned(), json!(roles));
        }
    }

    fn add_user(&self, claims: &mut Map<String, Value>, signed_in: &SignedIn<'_>) {
        let user = signed_in.user;
        let mut put = |name: &str, value: Value| {
            claims.insert(name.to_owned(), value);
        };
        put("idtyp", json!("user"));
        put("name", json!(user.display_name));
        put("oid", json!(user.id));
        put("scp", json!(signed_in.scopes.join(" ")));
        put("sub", json!(pairwise(user, self.resource.app_id)));
        if self.resource.token_version == 1 {
            put("acr", json!("1"));
            put("amr", json!(signed_in.amr));
            put("unique_name", json!(user.principal_name));
            put("upn", json!(user.principal_name));
            for (name, value) in user.names() {
                put(name, json!(value));
            }
        } else {
            put("preferred_username", json!(user.principal_name));
        }
    }
}

/// `sub` of a user: another one for each application that reads it.
pub(crate) fn pairwise(user: &User, reader: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(format!("subject {} {reader}", user.id).as_bytes()))
}

/// Issuer of v1 tokens, the same wherever the emulator listens.
pub(crate) fn v1_issuer(tenant: &str) -> String {
    format!("https://sts.windows.net/{tenant}/")
}

/// Issuer of v2 tokens.
pub(crate) fn v2_issuer(base: &str, tenant: &str) -> String {
    format!("{base}/{tenant}/v2.0")
}
