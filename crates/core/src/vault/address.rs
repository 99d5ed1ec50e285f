//! Where a certificate of a vault is.

use super::VaultOptions;
use crate::authority::Authority;
use crate::encoding::split_at_pattern;
use crate::error::{Error, ErrorCode, Result};
use crate::text::text;
use alloc::string::String;

/// The domains of the vaults of each cloud: public, China, US Government, and Germany until 2021.
const DOMAINS: [&str; 4] =
    ["vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net", "vault.microsoftazure.de"];

/// A certificate's address; its key has the same name and version.
#[derive(Debug)]
pub(super) struct Address {
    /// `https://host[:port]`.
    pub(super) origin: String,
    /// The host alone.
    pub(super) host: String,
    name: String,
    pub(super) version: Option<String>,
}

impl Address {
    pub(super) fn parse(options: &VaultOptions) -> Result<Self> {
        let VaultOptions { vault_url, certificate_name: name, certificate_version: version } = options;
        let invalid = |found: &'static str, expected: &'static str| {
            Error::new(ErrorCode::VaultInvalid, found, expected)
        };
        let expected = "https://name.vault.azure.net";
        let origin = Authority::parse(vault_url)
            .map_err(|error| Error::new(ErrorCode::VaultInvalid, String::from(error.found()), expected))?;
        if !is_name(name) {
            return Err(invalid("an unusable certificate name", "1 to 127 letters, digits and hyphens"));
        }
        if version.as_deref().is_some_and(|version| !is_version(version)) {
            return Err(invalid("an unusable certificate version", "the 32 hexadecimal digits of a version"));
        }
        let origin = String::from(origin.as_str());
        let host = origin.strip_prefix("https://").unwrap_or_default();
        let host =
            host.rfind(':').filter(|_| !host.ends_with(']')).map_or(host, |colon| host.split_at(colon).0);
        Ok(Self { host: host.into(), origin, name: name.clone(), version: version.clone() })
    }

    /// What a token for this vault is for, if it is in a known cloud.
    pub(super) fn known_resource(&self) -> Option<String> {
        let domain = DOMAINS.iter().find(|domain| is_within(&self.host, domain))?;
        Some(text!["https://", domain])
    }

    pub(super) fn certificate_path(&self) -> String {
        text!["/certificates/", self.name, "/", self.version.as_deref().unwrap_or_default()]
    }

    pub(super) fn sign_path(&self, version: &str) -> String {
        text!["/keys/", self.name, "/", version, "/sign"]
    }

    /// The version in the id of a key, `https://host/keys/name/version`; none if it is not this certificate's.
    pub(super) fn version_of_key<'a>(&self, kid: &'a str) -> Option<&'a str> {
        let (_, rest) = split_at_pattern(kid, "://")?;
        let (host, path) = split_at_pattern(rest, "/")?;
        let origin_host = self.origin.strip_prefix("https://")?;
        // A vault behind a forwarded port names itself without it.
        let is_here = host.eq_ignore_ascii_case(origin_host) || host.eq_ignore_ascii_case(&self.host);
        let mut parts = path.split('/');
        let is_key = parts.next() == Some("keys") && parts.next() == Some(self.name.as_str());
        let version = parts.next().filter(|version| is_version(version))?;
        let is_wanted = self.version.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(version));
        (is_here && is_key && is_wanted && parts.next().is_none()).then_some(version)
    }
}

/// Whether `host` is a name under `domain`.
pub(super) fn is_within(host: &str, domain: &str) -> bool {
    let Some(start) = host.len().checked_sub(domain.len()) else {
        return false;
    };
    host.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(domain))
        && host.get(..start).is_some_and(|front| front.len() > 1 && front.ends_with('.'))
}

fn is_name(text: &str) -> bool {
    (1..=127).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_version(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(vault_url: &str, name: &str, version: Option<&str>) -> Result<Address> {
        Address::parse(&VaultOptions {
            vault_url: vault_url.into(),
            certificate_name: name.into(),
            certificate_version: version.map(Into::into),
        })
    }

    #[test]
    fn vaults_of_every_cloud_are_known() {
        for (url, resource) in [
            ("https://contoso.vault.azure.net/", "https://vault.azure.net"),
            ("https://Contoso.Vault.Azure.CN", "https://vault.azure.cn"),
            ("https://contoso.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net"),
        ] {
            assert_eq!(address(url, "app", None).unwrap().known_resource().as_deref(), Some(resource));
        }
        for url in [
            "https://localhost:8443",
            "https://vault.azure.net",
            "https://evilvault.azure.net",
            "https://.vault.azure.net.evil.example",
        ] {
            assert_eq!(address(url, "app", None).unwrap().known_resource(), None, "{url}");
        }
    }

    #[test]
    fn host_is_without_its_port() {
        for (url, host) in [
            ("https://a.b:8443", "a.b"),
            ("https://a.b", "a.b"),
            ("https://[::1]", "[::1]"),
            ("https://[::1]:8", "[::1]"),
        ] {
            assert_eq!(address(url, "app", None).unwrap().host, host);
        }
    }

    #[test]
    fn unusable_addresses_are_refused_without_being_shown() {
        for (url, name, version) in [
            ("http://contoso.vault.azure.net", "app", None),
            ("contoso", "app", None),
            ("https://contoso.vault.azure.net/certificates/app", "app", None),
            ("https://contoso.vault.azure.net", "", None),
            ("https://contoso.vault.azure.net", "../secrets", None),
            ("https://contoso.vault.azure.net", "a_b", None),
            ("https://contoso.vault.azure.net", "app", Some("")),
            ("https://contoso.vault.azure.net", "app", Some("a/b")),
        ] {
            let error = address(url, name, version).unwrap_err();
            assert_eq!(error.code(), ErrorCode::VaultInvalid, "{url} {name} {version:?}");
        }
    }

    #[test]
    fn key_of_another_vault_name_or_version_is_not_this_certificates() {
        let newest = address("https://contoso.vault.azure.net", "app", None).unwrap();
        let version = |kid| newest.version_of_key(kid);
        assert_eq!(version("https://contoso.vault.azure.net/keys/app/0123abc"), Some("0123abc"));
        for kid in [
            "https://evil.vault.azure.net/keys/app/0123abc",
            "https://contoso.vault.azure.net/keys/other/0123abc",
            "https://contoso.vault.azure.net/secrets/app/0123abc",
            "https://contoso.vault.azure.net/keys/app/",
            "https://contoso.vault.azure.net/keys/app/0123abc/sign",
            "app",
        ] {
            assert_eq!(version(kid), None, "{kid}");
        }
        let pinned = address("https://localhost:8443", "app", Some("0123abc")).unwrap();
        assert_eq!(pinned.version_of_key("https://localhost/keys/app/0123ABC"), Some("0123ABC"));
        assert_eq!(pinned.version_of_key("https://localhost:8443/keys/app/0123abd"), None);
    }
}
