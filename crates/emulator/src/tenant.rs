//! Tenants: what the first path segment of a request means.
//!
//! A tenant is named by its GUID or by a domain. Unless the configuration lists tenants, any is accepted, and a
//! domain gets a GUID of its own that is always the same. `common`, `organizations` and `consumers` are not tenants;
//! which error they get for client credentials is decided by the token endpoint.

use core::str::FromStr;

use crate::random::{guid_from_name, is_guid};

/// The tenant of personal accounts, which the path `consumers` stands for.
pub(crate) const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// A tenant: its GUID, and the domain by which it was named, if it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub(crate) id: String,
    pub(crate) domain: Option<String>,
}

impl Tenant {
    /// The tenant's GUID in lower case.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn named(segment: &str) -> Option<Self> {
        let name = segment.to_ascii_lowercase();
        if is_guid(&name) {
            Some(Self { id: name, domain: None })
        } else if is_domain(&name) {
            Some(Self { id: guid_from_name(&name), domain: Some(name) })
        } else {
            None
        }
    }

    /// Whether both name the same tenant.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.id == other.id || self.domain.is_some() && self.domain == other.domain
    }
}

impl FromStr for Tenant {
    type Err = String;

    /// `GUID`, `domain`, or `domain=GUID`.
    fn from_str(text: &str) -> Result<Self, String> {
        let fault =
            || format!("\"{}\" is no tenant; expected a GUID, a domain, or domain=GUID", text.escape_debug());
        match text.split_once('=') {
            None => Self::named(text).ok_or_else(fault),
            Some((domain, id)) => {
                let (domain, id) = (Self::named(domain).ok_or_else(fault)?, id.to_ascii_lowercase());
                match domain.domain.is_some() && is_guid(&id) {
                    true => Ok(Self { id, ..domain }),
                    false => Err(fault()),
                }
            }
        }
    }
}

/// What a path segment stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Realm {
    Common,
    Consumers,
    Organizations,
    Tenant(Tenant),
}

/// Why a path segment stands for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRealm {
    /// Neither a GUID nor a domain.
    Malformed,
    /// No tenant of that name is configured.
    Unknown,
}

/// Resolves a path segment; `known` empty means that every tenant exists.
pub(crate) fn resolve(segment: &str, known: &[Tenant]) -> Result<Realm, NoRealm> {
    match segment.to_ascii_lowercase().as_str() {
        "common" => return Ok(Realm::Common),
        "consumers" => return Ok(Realm::Consumers),
        "organizations" => return Ok(Realm::Organizations),
        _ => {}
    }
    let tenant = Tenant::named(segment).ok_or(NoRealm::Malformed)?;
    if known.is_empty() {
        return Ok(Realm::Tenant(tenant));
    }
    let found = known.iter().find(|candidate| candidate.is(&tenant)).ok_or(NoRealm::Unknown)?;
    Ok(Realm::Tenant(Tenant { id: found.id.clone(), domain: found.domain.clone().or(tenant.domain) }))
}

/// At least two DNS labels; the service asks no more.
fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_always_has_the_same_guid() {
        let one = Tenant::named("Contoso.OnMicrosoft.com").expect("a tenant");
        assert_eq!(Some(one.clone()), Tenant::named("contoso.onmicrosoft.com"));
        assert!(is_guid(one.id()));
    }

    #[test]
    fn neither_guid_nor_domain_is_malformed() {
        for segment in ["", "contoso", "{tenant}", "a..b", "-a.b", "a.b-", "$TENANT", "a b.c", "%7Btenant%7D"]
        {
            assert_eq!(resolve(segment, &[]), Err(NoRealm::Malformed), "{segment}");
        }
    }

    #[test]
    fn only_listed_tenants_exist_when_any_is_listed() {
        let id = "11111111-2222-3333-4444-555555555555";
        let known = [format!("contoso.com={id}").parse::<Tenant>().expect("a tenant")];
        for name in ["CONTOSO.com", id] {
            let Ok(Realm::Tenant(tenant)) = resolve(name, &known) else { panic!("{name} is listed") };
            assert_eq!((tenant.id(), tenant.domain.as_deref()), (id, Some("contoso.com")));
        }
        assert_eq!(resolve("fabrikam.com", &known), Err(NoRealm::Unknown));
        assert_eq!(resolve("Common", &known), Ok(Realm::Common));
    }

    #[test]
    fn a_tenant_option_that_makes_no_sense_is_refused() {
        for text in ["", "=", "contoso", "contoso.com=1", "11111111-2222-3333-4444-555555555555=contoso.com"]
        {
            assert!(text.parse::<Tenant>().is_err(), "{text}");
        }
    }
}
