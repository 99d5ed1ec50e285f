//! The `claims` parameter ([OpenID Connect Core section
//! 5.5](https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter)): what a client can do, and what a resource
//! has asked for in a claims challenge.
//!
//! Of the members of `access_token`, `xms_cc` declares capabilities, `nbf` asks for a token that is younger than an instant,
//! and of any other that does not say who may do what the value is put into the token, as if what it takes (another factor, another place) had been done.

use serde_json::{Map, Value, json};

use crate::form::Form;
use crate::service_error::ServiceError;
use crate::token_endpoint::parameters::unusable;

/// Claims that say who may do what; nobody gets these by asking.
const RESERVED: &[&str] = &[
    "acr",
    "amr",
    "appid",
    "appidacr",
    "aud",
    "azp",
    "azpacr",
    "exp",
    "groups",
    "iat",
    "idp",
    "idtyp",
    "iss",
    "oid",
    "preferred_username",
    "roles",
    "scp",
    "sub",
    "tid",
    "unique_name",
    "upn",
    "uti",
    "ver",
    "wids",
    "xms_mirid",
];

/// What is asked of the token.
#[derive(Default)]
pub(crate) struct RequestedClaims {
    /// The client understands claims challenges (`cp1`).
    pub(crate) is_capable: bool,
    /// The token must not be valid from earlier on, in seconds since 1970.
    pub(crate) not_before: Option<i64>,
    /// Further claims of the token.
    pub(crate) more: Map<String, Value>,
}

impl RequestedClaims {
    pub(crate) fn read(form: &Form) -> Result<Self, ServiceError> {
        let mut read = Self::default();
        let Some(text) = form.get("claims") else { return Ok(read) };
        let claims: Value = serde_json::from_str(text).map_err(|_| unusable("claims is not JSON"))?;
        let asked = claims.get("access_token").and_then(Value::as_object);
        for (name, wanted) in asked.into_iter().flatten() {
            let values = wanted_values(wanted);
            match name.as_str() {
                "xms_cc" => {
                    let mut texts = values.iter().filter_map(Value::as_str);
                    read.is_capable = texts.any(|value| value.eq_ignore_ascii_case("cp1"));
                }
                "nbf" => read.not_before = values.first().and_then(seconds),
                name if values.is_empty() || RESERVED.contains(&name) => (),
                _ => {
                    read.more.insert(name.clone(), json!(values));
                }
            }
        }
        Ok(read)
    }
}

/// `value` or `values` of a request for a claim.
pub(crate) fn wanted_values(wanted: &Value) -> Vec<Value> {
    let one = wanted.get("value").cloned();
    let several = wanted.get("values").and_then(Value::as_array).cloned();
    several.unwrap_or_else(|| one.into_iter().collect())
}

/// A NumericDate, as a number or, as challenges write it, as a text.
pub(crate) fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}
