//! The token endpoint, [RFC 6749](https://www.rfc-editor.org/rfc/rfc6749): requests out, responses and errors in.

#[cfg(feature = "managed-identity")]
mod date;
mod response;

use crate::assertion::CLIENT_ASSERTION_TYPE;
use crate::authority::{Tenant, describe};
use crate::encoding::{base64url, push_form_pair};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{Object, ObjectWriter, Value};
use crate::secret::{Secret, SecretString};
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
pub use response::AccessToken;
#[cfg(feature = "managed-identity")]
pub(crate) use response::is_passing;
pub(crate) use response::read_response;
#[cfg(feature = "discovery")]
pub(crate) use response::refusal_of;
use sha2::{Digest as _, Sha256};

/// What a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// `resource` of a v1 endpoint.
    Resource(String),
    /// `scope` of a v2 endpoint: its values, separated by one space.
    Scope(String),
}

impl Target {
    /// The name of the request parameter that carries it.
    pub const fn parameter(&self) -> &'static str {
        match self {
            Self::Resource(_) => "resource",
            Self::Scope(_) => SCOPE,
        }
    }

    /// The value of that parameter.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Resource(value) | Self::Scope(value) => value,
        }
    }

    /// The App ID URI or client id of a resource.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::ResourceInvalid`] for nothing, white space or control characters.
    pub fn resource(resource: &str) -> Result<Self> {
        if is_token(resource) {
            return Ok(Self::Resource(resource.into()));
        }
        let found = if resource.is_empty() { "nothing".into() } else { describe(resource) };
        Err(Error::new(ErrorCode::ResourceInvalid, found, "an App ID URI or a client id without spaces"))
    }

    /// One scope or several, in any order; duplicates count once.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::ScopeInvalid`] for none, and for characters outside of
    /// [RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3).
    pub fn scopes<S: AsRef<str>>(scopes: &[S]) -> Result<Self> {
        let mut values: Vec<&str> = Vec::with_capacity(scopes.len());
        for value in
            scopes.iter().flat_map(|scope| scope.as_ref().split(' ')).filter(|value| !value.is_empty())
        {
            if let Err(index) = values.binary_search(&value) {
                values.insert(index, value);
            }
        }
        let found = match values.iter().find(|value| !is_token(value)) {
            Some(value) => describe(value),
            None if values.is_empty() => "nothing".into(),
            None => return Ok(Self::Scope(with_spaces(&values))),
        };
        Err(Error::new(
            ErrorCode::ScopeInvalid,
            found,
            "a scope such as https://graph.microsoft.com/.default",
        ))
    }
}

/// The values of a list, with a space between them.
fn with_spaces(values: &[&str]) -> String {
    let mut list = String::new();
    for value in values {
        if !list.is_empty() {
            list.push(' ');
        }
        list.push_str(value);
    }
    list
}

/// `scope-token` of RFC 6749 section 3.3: visible ASCII but `"` and `\`.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

/// A request for an access token, as a caller puts it.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// What the token is for.
    pub target: Target,
    /// Another tenant than the configured one.
    pub tenant: Option<Tenant>,
    /// A claims challenge: the JSON object that a resource's `WWW-Authenticate` carried, decoded.
    pub claims: Option<String>,
    /// Declares that the caller handles claims challenges.
    pub enable_cae: bool,
    /// Asks the service even if a token is cached.
    pub skip_cache: bool,
    /// Sent as `client-request-id` instead of an id that is made.
    pub correlation_id: Option<String>,
    /// The user's token that is exchanged for one on this user's behalf; without it, the token is the client's own.
    pub user_assertion: Option<Arc<SecretString>>,
}

impl TokenRequest {
    /// A request with nothing but a target.
    pub const fn new(target: Target) -> Self {
        Self {
            target,
            tenant: None,
            claims: None,
            enable_cae: false,
            skip_cache: false,
            correlation_id: None,
            user_assertion: None,
        }
    }
}

/// The name of the request parameter for scopes.
const SCOPE: &str = "scope";

/// Everything that tells one token request of a client from another, as one text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RequestKey {
    text: String,
    skips_cache: bool,
}

impl RequestKey {
    /// The key of a request for `tenant`.
    pub(crate) fn new(request: &TokenRequest, tenant: &Tenant) -> Self {
        let mut key = Self::default();
        key.rewrite(request, tenant);
        key
    }

    /// Becomes the key of a request for `tenant`; a key that is kept for this needs no allocation. No part can pass for
    /// another, because none but the last can hold a line feed.
    pub(crate) fn rewrite(&mut self, request: &TokenRequest, tenant: &Tenant) {
        let (kind, target) = (request.target.parameter(), request.target.as_str());
        let flags = flags(request.enable_cae, request.skip_cache);
        let claims = request.claims.as_deref().unwrap_or_default();
        // Of a user's token its hash: the key is no secret.
        let user = request.user_assertion.as_ref();
        let user = user.map_or_else(String::new, |user| base64url(&Sha256::digest(user.expose().as_bytes())));
        self.write([tenant.as_str(), kind, flags, &user, target, claims], request.skip_cache);
    }

    /// The same for a request that has one scope and nothing else but what is given. What is not a tenant or a scope makes a
    /// key that no request has.
    pub(crate) fn rewrite_for_scope(&mut self, tenant: &str, scope: &str, enable_cae: bool) {
        self.write([tenant, SCOPE, flags(enable_cae, false), "", scope, ""], false);
    }

    fn write(&mut self, [tenant, kind, flags, user, target, claims]: [&str; 6], skips_cache: bool) {
        self.text.clear();
        for part in [tenant, "\n", kind, flags, ":", user, "\n", target, "\n", claims] {
            self.text.push_str(part);
        }
        self.skips_cache = skips_cache;
    }

    /// Its bytes, for a hash.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The key of the same request without its claims challenge: whose token the new one replaces.
    pub(crate) fn without_claims(&self) -> Self {
        let text = self.text.get(..self.claims_begin()).unwrap_or_default().into();
        Self { text, skips_cache: self.skips_cache }
    }

    /// Whether the request carries a claims challenge.
    pub(crate) fn has_claims(&self) -> bool {
        self.claims_begin() < self.text.len()
    }

    /// Whether the caller wants no cached token, and none of its own cached.
    pub(crate) const fn skips_cache(&self) -> bool {
        self.skips_cache
    }

    fn claims_begin(&self) -> usize {
        let third = self.text.match_indices('\n').nth(2);
        third.map_or(self.text.len(), |(index, _)| index.saturating_add(1))
    }
}

/// `grant_type` of an exchange of a user's token, [RFC 7523 section 2.1](https://www.rfc-editor.org/rfc/rfc7523#section-2.1).
const JWT_BEARER_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

const fn flags(enable_cae: bool, skip_cache: bool) -> &'static str {
    match (enable_cae, skip_cache) {
        (false, false) => "",
        (true, false) => "c",
        (false, true) => "s",
        (true, true) => "cs",
    }
}

/// By what a request proves which client it comes from.
#[derive(Clone, Copy)]
pub(crate) enum ClientProof<'a> {
    /// A client assertion, [RFC 7521 section 4.2](https://www.rfc-editor.org/rfc/rfc7521#section-4.2).
    Assertion(&'a SecretString),
    /// A secret, [RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1).
    Secret(&'a SecretString),
}

/// What a token request asks for, and in whose name.
pub(crate) struct Grant<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) target: &'a Target,
    pub(crate) claims: Option<&'a str>,
    /// The token of the user on whose behalf it is.
    pub(crate) user_assertion: Option<&'a SecretString>,
}

/// The body of a request for the client's own token,
/// [RFC 6749 section 4.4.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.4.2), or for one on behalf of a user,
/// [RFC 7523 section 2.1](https://www.rfc-editor.org/rfc/rfc7523#section-2.1) with
/// [Entra's additions](https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow).
pub(crate) fn token_request_body(grant: &Grant<'_>, proof: ClientProof<'_>) -> SecretString {
    let Grant { client_id, target, claims, user_assertion } = *grant;
    let (ClientProof::Assertion(secret) | ClientProof::Secret(secret)) = proof;
    // Room for all of it, percent-encoded: growing would leave a copy of the secret behind.
    let user_length = user_assertion.map_or(0, |user| user.expose().len());
    let parts = [client_id.len(), target.as_str().len(), claims.map_or(0, str::len), secret.expose().len()];
    let room = parts
        .into_iter()
        .chain([user_length])
        .fold(384_usize, |sum, length| sum.saturating_add(length.saturating_mul(3)));
    let mut body = Secret::new(String::with_capacity(room));
    let mut push = |name, value| push_form_pair(body.expose_mut(), name, value);
    match user_assertion {
        None => push("grant_type", "client_credentials"),
        Some(user) => {
            push("grant_type", JWT_BEARER_GRANT);
            push("requested_token_use", "on_behalf_of");
            push("assertion", user.expose());
        }
    }
    push("client_id", client_id);
    push(target.parameter(), target.as_str());
    if let Some(claims) = claims {
        push("claims", claims);
    }
    match proof {
        ClientProof::Assertion(assertion) => {
            push("client_assertion_type", CLIENT_ASSERTION_TYPE);
            push("client_assertion", assertion.expose());
        }
        ClientProof::Secret(secret) => push("client_secret", secret.expose()),
    }
    body
}

/// The value of the `claims` parameter: a challenge's, with the capability `cp1` added if the caller handles challenges.
///
/// # Errors
///
/// [`ErrorCode::ClaimsInvalid`] if the challenge is not a JSON object.
pub(crate) fn claims_parameter(challenge: Option<&str>, enable_cae: bool) -> Result<Option<String>> {
    const CAPABILITY: &str = "xms_cc";
    const CAPABILITIES: &str = r#"{"values":["cp1"]}"#;
    let invalid = |_| {
        Error::new(
            ErrorCode::ClaimsInvalid,
            "text that is not JSON of that shape",
            "a JSON object of objects",
        )
    };

    let claims = challenge.map(|text| Object::parse(text.as_bytes())).transpose().map_err(invalid)?;
    if !enable_cae {
        return Ok(challenge.map(str::to_owned));
    }
    let of_token = claims.as_ref().and_then(|claims| claims.get("access_token"));
    let of_token = of_token.map(Value::members).transpose().map_err(invalid)?;
    let mut of_token = copy_without(of_token.as_ref(), CAPABILITY);
    let of_token = of_token.raw(CAPABILITY, CAPABILITIES).finish();
    Ok(Some(copy_without(claims.as_ref(), "access_token").raw("access_token", &of_token).finish()))
}

/// A copy of an object, if there is one, without one of its members.
fn copy_without(object: Option<&Object<'_>>, left_out: &str) -> ObjectWriter {
    let mut copy = ObjectWriter::new();
    for (name, value) in object.into_iter().flat_map(Object::members).filter(|(name, _)| *name != left_out) {
        copy.raw(name, value.raw());
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capability_is_merged_into_a_challenge() {
        let merged = |challenge, cae| claims_parameter(challenge, cae).unwrap();
        assert_eq!(merged(None, false), None);
        assert_eq!(merged(Some(r#"{"a":1}"#), false).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(merged(None, true).as_deref(), Some(r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#));
        let challenge = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}},"x":1.50}"#;
        let expected =
            r#"{"x":1.50,"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["cp1"]}}}"#;
        assert_eq!(merged(Some(challenge), true).as_deref(), Some(expected));
        for broken in ["", "[]", "{", "7"] {
            assert_eq!(claims_parameter(Some(broken), false).unwrap_err().code(), ErrorCode::ClaimsInvalid);
        }
    }

    #[test]
    fn scopes_are_normalised() {
        let scope = |scopes: &[&str]| Target::scopes(scopes);
        assert_eq!(scope(&["b", "a b"]).unwrap(), Target::Scope("a b".into()));
        assert_eq!(scope(&[]).unwrap_err().found(), "nothing");
        assert_eq!(scope(&["a\"b"]).unwrap_err().code(), ErrorCode::ScopeInvalid);
        assert_eq!(Target::resource("").unwrap_err().code(), ErrorCode::ResourceInvalid);
    }
}
