//! What a vault answers to a request without a token that it takes: whom to ask for one, and for what.
//! `WWW-Authenticate: Bearer authorization="https://login…/{tenant}", resource="https://vault.azure.net"`,
//! [RFC 9110 section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1).

use super::address::is_within;
use crate::encoding::split_at_pattern;
use crate::error::{Error, ErrorCode, Result};
use crate::http::HttpResponse;
use alloc::string::String;
use base64ct::{Base64, Encoding as _};

/// What a vault's token has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) scope: String,
    pub(super) tenant: Option<String>,
    pub(super) claims: Option<String>,
}

impl Challenge {
    /// A token for a resource, from whatever tenant the credential is of.
    pub(super) fn of_resource(resource: String) -> Self {
        Self { scope: [resource.as_str(), "/.default"].concat(), tenant: None, claims: None }
    }

    /// The challenge in a response of the vault at `host`, if there is one.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::VaultChallengeForeign`] if it names another domain than the vault's own.
    pub(super) fn read(response: &HttpResponse, host: &str) -> Result<Option<Self>> {
        let Some(parameters) = response.header("www-authenticate").and_then(bearer) else {
            return Ok(None);
        };
        let scope = match (parameter(parameters, "resource"), parameter(parameters, "scope")) {
            (Some(resource), _) => [resource.strip_suffix('/').unwrap_or(resource), "/.default"].concat(),
            (None, Some(scope)) => scope.into(),
            (None, None) => return Ok(None),
        };
        let domain = split_at_pattern(&scope, "://").filter(|(scheme, _)| *scheme == "https");
        let domain = domain.and_then(|(_, rest)| split_at_pattern(rest, "/")).map(|(domain, _)| domain);
        if !domain.is_some_and(|domain| is_within(host, domain)) {
            let found = "a challenge for a resource that the vault's host is not under";
            return Err(Error::new(ErrorCode::VaultChallengeForeign, found, "the vault's own domain"));
        }
        let authorization =
            parameter(parameters, "authorization").or(parameter(parameters, "authorization_uri"));
        Ok(Some(Self {
            scope,
            tenant: authorization.and_then(tenant),
            claims: parameter(parameters, "claims").and_then(decode_claims),
        }))
    }

    /// What further tokens have to be: a claims challenge is about one of them.
    pub(super) fn without_claims(self) -> Self {
        Self { claims: None, ..self }
    }
}

/// The parameters of a challenge with the scheme Bearer.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, parameters) = split_at_pattern(value, " ")?;
    scheme.eq_ignore_ascii_case("bearer").then_some(parameters)
}

/// The value of `name="value"`, without escapes, which no service sends.
fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters.split(',').find_map(|parameter| {
        let (found, value) = split_at_pattern(parameter, "=")?;
        let value = value.trim_ascii();
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        (found.trim_ascii().eq_ignore_ascii_case(name) && !value.is_empty()).then_some(value)
    })
}

/// The first segment of the path of `https://login.microsoftonline.com/{tenant}`.
fn tenant(authorization: &str) -> Option<String> {
    let (_, rest) = split_at_pattern(authorization, "://")?;
    let segment = rest.split('/').nth(1)?;
    (!segment.is_empty()).then(|| segment.into())
}

/// A claims challenge is base64, [Claims challenges](https://learn.microsoft.com/entra/identity-platform/claims-challenge).
fn decode_claims(value: &str) -> Option<String> {
    String::from_utf8(Base64::decode_vec(value).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const HOST: &str = "contoso.vault.azure.net";

    fn read(value: &str) -> Result<Option<Challenge>> {
        let headers = vec![("WWW-Authenticate".into(), value.into())];
        Challenge::read(&HttpResponse { status: 401, headers, body: vec![].into() }, HOST)
    }

    #[test]
    fn challenge_of_a_vault_names_tenant_and_resource() {
        let expected = Challenge {
            scope: "https://vault.azure.net/.default".into(),
            tenant: Some("11111111-2222-3333-4444-555555555555".into()),
            claims: None,
        };
        let authorization = "https://login.windows.net/11111111-2222-3333-4444-555555555555";
        for value in [
            alloc::format!("Bearer authorization=\"{authorization}\", resource=\"https://vault.azure.net\""),
            alloc::format!("bearer resource=https://vault.azure.net/,authorization_uri={authorization}/"),
            alloc::format!(
                "Bearer authorization=\"{authorization}\", scope=\"https://vault.azure.net/.default\""
            ),
        ] {
            assert_eq!(read(&value).unwrap().as_ref(), Some(&expected), "{value}");
        }
    }

    #[test]
    fn claims_are_passed_on_decoded_and_once() {
        let value = r#"Bearer realm="", authorization="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", resource="https://vault.azure.net", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;
        let challenge = read(value).unwrap().unwrap();
        assert_eq!(challenge.claims.as_deref(), Some(r#"{"access_token":{}}"#));
        assert_eq!(challenge.without_claims().claims, None);
    }

    #[test]
    fn challenge_for_another_domain_is_refused() {
        for resource in [
            "https://evil.example",
            "https://azure.net.evil.example",
            "https://ault.azure.net",
            "https://contoso.vault.azure.net.evil.example",
            "http://vault.azure.net",
            "vault.azure.net",
            "https://graph.microsoft.com",
        ] {
            let error = read(&alloc::format!("Bearer resource=\"{resource}\"")).unwrap_err();
            assert_eq!(error.code(), ErrorCode::VaultChallengeForeign, "{resource}");
        }
    }

    #[test]
    fn what_is_no_bearer_challenge_is_none() {
        for value in ["", "Bearer", "Basic realm=\"x\"", "Bearer realm=\"x\"", "Bearer resource=\"\""] {
            assert_eq!(read(value).unwrap(), None, "{value}");
        }
    }
}
