//! Regional endpoints: the same token service, nearer by. Only for client credentials, and for most apps refused (AADSTS100007).

use crate::error::{Error, ErrorCode, Result};
use crate::json::{Object, Value};
use alloc::string::String;

/// Where Azure's virtual machines are told their region,
/// [IMDS](https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service).
pub(crate) const REGION_URL: &str = "http://169.254.169.254/metadata/instance/compute?api-version=2021-02-01";

/// The longest label of a host name, [RFC 1035 section 2.3.4](https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4).
const MAX_LENGTH: usize = 63;

/// Which region's endpoint is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Region {
    /// That of the machine, as its metadata service says; the global one if it does not.
    Detected,
    /// This one.
    Named(RegionName),
}

/// The name of a region, such as `westeurope`: one label of a host name, so that nothing can be smuggled into the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionName(String);

impl RegionName {
    /// Reads a name as users and Azure write it: `West Europe` is `westeurope`.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::RegionInvalid`].
    pub fn parse(text: &str) -> Result<Self> {
        let name: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_lowercase()).collect();
        let is_label = name.starts_with(|c: char| c.is_ascii_lowercase())
            && !name.ends_with('-')
            && name.len() <= MAX_LENGTH
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_label {
            return Ok(Self(name));
        }
        let found = if name.is_empty() { "nothing".into() } else { super::describe(text) };
        Err(Error::new(ErrorCode::RegionInvalid, found, "the name of an Azure region, such as westeurope"))
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Region {
    /// Reads what `@azure/identity` (`AutoDiscoverRegion`) and MSAL (`TryAutoDetect`) take, or a name. `environment` is the
    /// variable `REGION_NAME`, which Azure sets on some hosts: where it is usable, nothing has to be asked.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::RegionInvalid`].
    pub fn parse(text: &str, environment: Option<&str>) -> Result<Self> {
        if ["AutoDiscoverRegion", "TryAutoDetect"].iter().any(|auto| auto.eq_ignore_ascii_case(text)) {
            let named = environment.and_then(|name| RegionName::parse(name).ok());
            return Ok(named.map_or(Self::Detected, Self::Named));
        }
        RegionName::parse(text).map(Self::Named)
    }
}

/// The region that the metadata service names.
pub(crate) fn read_region(body: &[u8]) -> Option<RegionName> {
    let location = Object::parse(body).ok()?.get("location").and_then(Value::as_string)?;
    RegionName::parse(&location).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_is_one_label_of_a_host() {
        assert_eq!(RegionName::parse("West Europe").unwrap().as_str(), "westeurope");
        for name in ["", "-a", "a-", "1a", "a.b", "a/b", "a@b", "evil.example/#", &"a".repeat(64)] {
            assert_eq!(RegionName::parse(name).unwrap_err().code(), ErrorCode::RegionInvalid, "{name}");
        }
    }

    #[test]
    fn region_is_detected_only_where_the_environment_names_none() {
        let named = |name| Region::Named(RegionName::parse(name).unwrap());
        assert_eq!(Region::parse("AutoDiscoverRegion", None).unwrap(), Region::Detected);
        assert_eq!(Region::parse("tryAutoDetect", Some("not.a.region")).unwrap(), Region::Detected);
        assert_eq!(Region::parse("AutoDiscoverRegion", Some("East US")).unwrap(), named("eastus"));
        assert_eq!(Region::parse("centralus", Some("eastus")).unwrap(), named("centralus"));
    }

    #[test]
    fn region_is_read_from_the_metadata() {
        assert_eq!(read_region(br#"{"location":"westus2","name":"vm"}"#).unwrap().as_str(), "westus2");
        assert_eq!(read_region(br#"{"location":"a.b"}"#), None);
        assert_eq!(read_region(b"<html>"), None);
    }
}
