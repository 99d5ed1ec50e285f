//! Which token service, which tenant, which endpoint.
//!
//! The hosts of Entra's clouds are known by heart; others are asked about, unless they are on this machine.

mod cloud;
#[cfg(feature = "discovery")]
mod discovery;
#[cfg(feature = "discovery")]
mod region;

use crate::encoding::{parse_digits, split_at_pattern};
use crate::error::{Error, ErrorCode, Result};
use crate::text::text;
use alloc::string::String;
#[cfg(feature = "discovery")]
pub(crate) use discovery::{configuration_url, instance_url, read_configuration, read_instance};
#[cfg(feature = "discovery")]
pub(crate) use region::{REGION_URL, read_region};
#[cfg(feature = "discovery")]
pub use region::{Region, RegionName};

/// A tenant: a GUID, a verified domain, or `adfs` for Active Directory Federation Services, which has no tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant(String);

impl Tenant {
    /// Reads a tenant as it stands in the path of an endpoint. It is kept in lower case: one tenant has one endpoint, one
    /// assertion and one token, however it is spelled.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::TenantNotSpecific`] for `common`, `organizations` and `consumers`, which are for users;
    /// [`ErrorCode::TenantInvalid`] for what is neither a GUID nor a domain.
    pub fn parse(text: &str) -> Result<Self> {
        let expected = "a tenant id (GUID) or a verified domain";
        if let Some(name) =
            ["common", "organizations", "consumers"].iter().find(|n| n.eq_ignore_ascii_case(text))
        {
            return Err(Error::new(ErrorCode::TenantNotSpecific, *name, expected));
        }
        if is_guid(text) || is_domain(text) || text.eq_ignore_ascii_case("adfs") {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            let found = if text.is_empty() { "nothing".into() } else { describe(text) };
            Err(Error::new(ErrorCode::TenantInvalid, found, expected))
        }
    }

    /// What stands for the tenant of a managed identity, which is not known: MSAL's caches have the same word.
    pub(crate) fn of_managed_identity() -> Self {
        Self("managed_identity".into())
    }

    /// The tenant in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for AD FS.
    pub fn is_adfs(&self) -> bool {
        self.0 == "adfs"
    }
}

/// Says how long a refused value is without showing it: people paste secrets into the wrong field.
pub(crate) fn describe(text: &str) -> String {
    text!["a value of ", text.chars().fold(0_usize, |count, _| count.saturating_add(1)), " characters"]
}

/// `8-4-4-4-12` hexadecimal digits.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A domain name of two labels or more, [RFC 1035 section 2.3.1](https://www.rfc-editor.org/rfc/rfc1035#section-2.3.1)
/// with digits allowed in front.
fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

/// Which of Entra's token endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointVersion {
    /// `/oauth2/token`: takes a resource.
    V1,
    /// `/oauth2/v2.0/token`: takes scopes.
    V2,
}

impl EndpointVersion {
    /// Reads `v1` or `v2`.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::EndpointMismatch`] for any other name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "v1" => Ok(Self::V1),
            "v2" => Ok(Self::V2),
            _ => Err(Error::new(ErrorCode::EndpointMismatch, "an endpoint of another name", "v1 or v2")),
        }
    }
}

/// The scheme, host and port of a token service; with Azure AD B2C also the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    origin: String,
    /// A slash and a policy of B2C, or nothing.
    policy: String,
}

/// How the names of all policies of Azure AD B2C begin: user flows `B2C_1_`, custom policies `B2C_1A_`.
const B2C_POLICY: &str = "b2c_1";

impl Authority {
    /// Reads `https://host[:port]`, with or without a final slash. The host is lower-cased. Behind it there may be a policy of
    /// [Azure AD B2C](https://learn.microsoft.com/azure/active-directory-b2c/client-credentials-grant-flow), with or without the
    /// tenant before it: `https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_daemon`.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::AuthorityInsecure`] for `http`, [`ErrorCode::AuthorityInvalid`] for anything but a plain origin.
    pub fn parse(text: &str) -> Result<Self> {
        let expected = "https://host, without path, query or user name";
        let invalid = |found: String| Error::new(ErrorCode::AuthorityInvalid, found, expected);
        let (scheme, rest) = split_at_pattern(text.trim_ascii(), "://")
            .ok_or_else(|| invalid(text![describe(text), ", not a URL"]))?;
        if scheme.eq_ignore_ascii_case("http") {
            return Err(Error::new(ErrorCode::AuthorityInsecure, "an http URL", "an https URL"));
        }
        if !scheme.eq_ignore_ascii_case("https") {
            return Err(invalid("a URL that is not https".into()));
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, policy) = split_policy(rest);
        if is_host_and_port(host) {
            Ok(Self { origin: text!["https://", host.to_ascii_lowercase()], policy: policy.into() })
        } else {
            Err(invalid("an https URL with more or less than a host".into()))
        }
    }

    /// `https://host[:port]`.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// Host name without port.
    fn host(&self) -> &str {
        let host = self.origin.strip_prefix("https://").unwrap_or_default();
        match host.find(']') {
            Some(end) => host.get(..=end).unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        }
    }

    /// Whether it is one of Entra's, of which nothing has to be asked.
    pub(crate) fn is_known(&self) -> bool {
        cloud::is_known(self.host())
    }

    /// Whether it is on this machine, where nobody else can answer in its name.
    pub(crate) fn is_loopback(&self) -> bool {
        cloud::is_loopback(self.host())
    }

    /// The same cloud's endpoint in a region; none where the authority is not a cloud's.
    #[cfg(feature = "discovery")]
    pub(crate) fn in_region(&self, region: &RegionName) -> Option<Self> {
        let host = cloud::regional_host(self.host())?;
        let origin = text!["https://", region.as_str(), ".", host];
        Some(Self { origin, policy: String::new() })
    }

    /// The token endpoint of a tenant, which is also the audience of its assertions.
    pub fn token_endpoint(&self, tenant: &Tenant, version: EndpointVersion) -> String {
        let path = match version {
            // AD FS has one endpoint, for scopes and resources alike.
            _ if tenant.is_adfs() => "oauth2/token",
            EndpointVersion::V1 => "oauth2/token",
            EndpointVersion::V2 => "oauth2/v2.0/token",
        };
        text![self.as_str(), "/", tenant.as_str(), self.policy, "/", path]
    }
}

/// Splits the policy of B2C off the end, with its slash; a tenant before it is left out, as every request has one.
fn split_policy(rest: &str) -> (&str, &str) {
    let name = last_part(rest, '/');
    let starts = name.get(..B2C_POLICY.len()).is_some_and(|start| start.eq_ignore_ascii_case(B2C_POLICY));
    if !starts || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return (rest, "");
    }
    let start = rest.len().saturating_sub(name.len()).saturating_sub(1);
    let (before, policy) = rest.split_at_checked(start).unwrap_or((rest, ""));
    match before.split_once('/') {
        Some((host, tenant)) if is_guid(tenant) || is_domain(tenant) => (host, policy),
        _ => (before, policy),
    }
}

/// A host name, an IPv4 address or an IPv6 address in brackets, then perhaps a port.
fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => return is_ipv6(address) && is_port(port),
            None => return false,
        },
        None => text.find(':').and_then(|colon| text.split_at_checked(colon)).unwrap_or((text, "")),
    };
    let is_host_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    !host.is_empty() && host.bytes().all(is_host_byte) && is_port(port) && is_name_or_ipv4(host)
}

/// A host whose last label is a number is an IPv4 address to every URL parser: then it has to be a whole one.
fn is_name_or_ipv4(host: &str) -> bool {
    let octet = |label| parse_digits(label).is_some_and(|number| number <= 255);
    let last_is_number = parse_digits(last_part(host, '.')).is_some();
    !last_is_number || (host.split('.').all(octet) && host.split('.').count() == 4)
}

/// What stands behind the last separator. Forwards: the standard library's search from behind is not worth its weight here.
fn last_part(text: &str, separator: char) -> &str {
    text.split(separator).fold("", |_, part| part)
}

/// Characters of an IPv6 address: the host's URL parser has the last word, here nothing may break out of the brackets.
fn is_ipv6(text: &str) -> bool {
    text.split(':').count() >= 3
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.')
}

/// Nothing, or a colon and a number.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| parse_digits(port).is_some_and(|port| port <= 65_535))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_guids_or_domains() {
        for tenant in ["11111111-2222-3333-4444-555555555555", "contoso.onmicrosoft.com", "adfs"] {
            assert_eq!(Tenant::parse(tenant).unwrap().as_str(), tenant);
        }
        for tenant in
            ["", "contoso", "{tenant}", "a b.com", "-a.com", "a..b", "../x.y", "x.y/z", "münchen.de"]
        {
            assert_eq!(Tenant::parse(tenant).unwrap_err().code(), ErrorCode::TenantInvalid, "{tenant}");
        }
        for tenant in ["common", "Organizations", "consumers"] {
            assert_eq!(Tenant::parse(tenant).unwrap_err().code(), ErrorCode::TenantNotSpecific);
        }
    }

    #[test]
    fn refused_tenant_is_not_shown() {
        let error = Tenant::parse("s3cr3t~value").unwrap_err();
        assert_eq!(error.found(), "a value of 12 characters");
    }

    #[test]
    fn authorities_are_https_origins() {
        for (text, origin) in [
            ("https://login.microsoftonline.com", "https://login.microsoftonline.com"),
            (" https://Login.MicrosoftOnline.us/ ", "https://login.microsoftonline.us"),
            ("HTTPS://localhost:8443", "https://localhost:8443"),
            ("https://[::1]:1", "https://[::1]:1"),
            ("https://127.0.0.1:8443", "https://127.0.0.1:8443"),
        ] {
            assert_eq!(Authority::parse(text).unwrap().as_str(), origin);
        }
        for text in [
            "",
            "login.microsoftonline.com",
            "ftp://a.b",
            "https://",
            "https://a.b/tenant",
            "https://a.b?x",
            "https://u:p@a.b",
            "https://a.b:x",
            "https://a.b:70000",
            "https://a b",
            "https://[::1",
            "https://[zz]",
            "https://[:]",
            "https://a.b:+443",
            "https://256.1.1.1",
            "https://127.1",
        ] {
            assert_eq!(Authority::parse(text).unwrap_err().code(), ErrorCode::AuthorityInvalid, "{text}");
        }
        assert_eq!(Authority::parse("http://a.b").unwrap_err().code(), ErrorCode::AuthorityInsecure);
    }

    #[test]
    fn policies_of_b2c_stand_behind_the_tenant() {
        for authority in [
            "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_daemon/",
            "https://contoso.b2clogin.com/B2C_1_daemon",
        ] {
            let authority = Authority::parse(authority).unwrap();
            assert_eq!(
                authority
                    .token_endpoint(&Tenant::parse("contoso.onmicrosoft.com").unwrap(), EndpointVersion::V2),
                "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_daemon/oauth2/v2.0/token"
            );
        }
        for authority in [
            "https://a.b/B2C_1_x?y",
            "https://a.b/x/y/B2C_1_z",
            "https://a.b/../B2C_1_z",
            "https:///B2C_1_z",
            "B2C_1_z",
        ] {
            assert_eq!(
                Authority::parse(authority).unwrap_err().code(),
                ErrorCode::AuthorityInvalid,
                "{authority}"
            );
        }
    }

    #[test]
    fn token_endpoints_have_the_documented_paths() {
        let authority = Authority::parse("https://login.microsoftonline.com").unwrap();
        let endpoint = |tenant, version| authority.token_endpoint(&Tenant::parse(tenant).unwrap(), version);
        assert_eq!(
            endpoint("a.b", EndpointVersion::V1),
            "https://login.microsoftonline.com/a.b/oauth2/token"
        );
        assert_eq!(
            endpoint("a.b", EndpointVersion::V2),
            "https://login.microsoftonline.com/a.b/oauth2/v2.0/token"
        );
        assert_eq!(
            endpoint("adfs", EndpointVersion::V2),
            "https://login.microsoftonline.com/adfs/oauth2/token"
        );
    }
}
