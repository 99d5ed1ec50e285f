//! The hosts of Entra's clouds, as Microsoft's own clients know them by heart: they need no discovery.

use crate::encoding::parse_digits;

/// The hosts of a cloud, the one that is called first. Regional endpoints are made of the host behind it.
struct Cloud {
    hosts: &'static [&'static str],
    regional: &'static str,
}

/// Public, US Government, China, the former Germany, the former US host, Bleu (France), Delos (Germany), GovSG (Singapore),
/// and Microsoft's own pre-production.
const CLOUDS: &[Cloud] = &[
    Cloud {
        hosts: &["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
        regional: "login.microsoft.com",
    },
    Cloud {
        hosts: &["login.microsoftonline.us", "login.usgovcloudapi.net"],
        regional: "login.microsoftonline.us",
    },
    Cloud {
        hosts: &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
        regional: "login.partner.microsoftonline.cn",
    },
    Cloud { hosts: &["login.microsoftonline.de"], regional: "login.microsoftonline.de" },
    Cloud { hosts: &["login-us.microsoftonline.com"], regional: "login-us.microsoftonline.com" },
    Cloud { hosts: &["login.sovcloud-identity.fr"], regional: "login.sovcloud-identity.fr" },
    Cloud { hosts: &["login.sovcloud-identity.de"], regional: "login.sovcloud-identity.de" },
    Cloud { hosts: &["login.sovcloud-identity.sg"], regional: "login.sovcloud-identity.sg" },
    Cloud {
        hosts: &["login.windows-ppe.net", "sts.windows-ppe.net", "login.microsoft-ppe.com"],
        regional: "login.windows-ppe.net",
    },
];

/// External ID and B2C: each tenant has a host of its own below one of these.
const TENANT_HOSTS: &[&str] =
    &[".ciamlogin.com", ".b2clogin.com", ".b2clogin.cn", ".b2clogin.us", ".b2clogin.de"];

/// The host that a cloud's regional endpoints are made of, if `host` is one of the cloud's.
pub(super) fn regional_host(host: &str) -> Option<&'static str> {
    CLOUDS.iter().find(|cloud| cloud.hosts.contains(&host)).map(|cloud| cloud.regional)
}

/// Whether a host is one of Entra's: of a cloud, a region of it, or a tenant's own.
pub(super) fn is_known(host: &str) -> bool {
    regional_host(host).is_some()
        || TENANT_HOSTS.iter().any(|suffix| host.len() > suffix.len() && host.ends_with(suffix))
        || host.split_once('.').is_some_and(|(_, cloud)| CLOUDS.iter().any(|known| known.regional == cloud))
}

/// Whether a host is this machine, by its name or address.
pub(super) fn is_loopback(host: &str) -> bool {
    let is_octet = |label| parse_digits(label).is_some_and(|octet| octet <= 255);
    let is_ipv4 = host.split('.').count() == 4 && host.split('.').all(is_octet);
    host == "localhost" || host == "[::1]" || (host.starts_with("127.") && is_ipv4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_entra_are_known_and_those_that_look_alike_are_not() {
        for host in [
            "login.microsoftonline.com",
            "sts.windows.net",
            "login.chinacloudapi.cn",
            "login.sovcloud-identity.fr",
            "westeurope.login.microsoft.com",
            "usgovvirginia.login.microsoftonline.us",
            "contoso.ciamlogin.com",
            "contoso.b2clogin.com",
        ] {
            assert!(is_known(host), "{host}");
        }
        for host in [
            "login.microsoftonline.com.evil.example",
            "evil-login.microsoftonline.com",
            "ciamlogin.com",
            ".ciamlogin.com",
            "login.contoso.com",
            "a.b.login.microsoft.com",
            "localhost",
        ] {
            assert!(!is_known(host), "{host}");
        }
    }

    #[test]
    fn loopback_is_this_machine_alone() {
        assert!(["localhost", "127.0.0.1", "[::1]"].iter().all(|host| is_loopback(host)));
        assert!(
            ["localhost.example", "127.example", "127.0.evil.com", "127.0.0.x", "10.0.0.1"]
                .iter()
                .all(|host| !is_loopback(host))
        );
    }
}
