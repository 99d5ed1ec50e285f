//! Access tokens: the claims of an app-only token, versions 1.0 and 2.0, and their signature.
//!
//! A v1 token is issued by `https://sts.windows.net/{tenant}/`, a v2 token by the address at which the emulator was
//! called, `{base}/{tenant}/v2.0`; both are what the OpenID configuration document of that version says at the same
//! address, so that a resource that reads the document accepts the token. As at Entra, `iat` and `nbf` lie five
//! minutes back. What is opaque there (`aio`, `rh`, `uti`) is random here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::client_authentication::Client;
use crate::keys::SigningKey;
use crate::random;
use crate::resource::Resource;
use crate::tenant::Tenant;

/// How far back `iat` and `nbf` are set.
pub(crate) const BACKDATED_SECONDS: i64 = 300;

/// What a token says.
pub(crate) struct AccessToken<'a> {
    pub(crate) client: &'a Client<'a>,
    pub(crate) resource: &'a Resource<'a>,
    pub(crate) roles: &'a [String],
    pub(crate) tenant: &'a Tenant,
    pub(crate) base: &'a str,
    pub(crate) now: OffsetDateTime,
    pub(crate) lifetime: i64,
    /// The client declared that it understands claims challenges (`cp1`).
    pub(crate) is_capable: bool,
}

impl AccessToken<'_> {
    pub(crate) fn not_before(&self) -> i64 {
        self.now.unix_timestamp().saturating_sub(BACKDATED_SECONDS)
    }

    pub(crate) fn expires_on(&self) -> i64 {
        self.now.unix_timestamp().saturating_add(self.lifetime)
    }

    /// The compact JWS.
    pub(crate) fn sign(&self, key: &SigningKey) -> Result<String, ring::error::Unspecified> {
        let header = match self.resource.token_version {
            1 => json!({ "typ": "JWT", "alg": "RS256", "x5t": key.kid, "kid": key.kid }),
            _ => json!({ "typ": "JWT", "alg": "RS256", "kid": key.kid }),
        };
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(header), part(Value::Object(self.claims())));
        let signature = key.sign(input.as_bytes())?;
        Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn claims(&self) -> Map<String, Value> {
        let application = self.client.application;
        let object_id = application.service_principal_id(self.tenant);
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| {
            claims.insert(name.to_owned(), value);
        };
        if self.resource.token_version == 1 {
            let issuer = v1_issuer(&self.tenant.id);
            put("aud", json!(self.resource.requested));
            put("idp", json!(issuer));
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
        put("idtyp", json!("app"));
        put("oid", json!(object_id));
        put("sub", json!(object_id));
        put("tid", json!(self.tenant.id));
        if !self.roles.is_empty() {
            put("roles", json!(self.roles));
        }
        if self.is_capable {
            put("xms_cc", json!(["cp1"]));
        }
        claims
    }
}

/// Issuer of v1 tokens, the same wherever the emulator listens.
pub(crate) fn v1_issuer(tenant: &str) -> String {
    format!("https://sts.windows.net/{tenant}/")
}

/// Issuer of v2 tokens.
pub(crate) fn v2_issuer(base: &str, tenant: &str) -> String {
    format!("{base}/{tenant}/v2.0")
}
