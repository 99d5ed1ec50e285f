//! The user realm: whether the token service knows a user's password itself, or which federation server does.

use super::trust::{TrustEndpoint, TrustVersion};
use super::{UserFault, is_https};
use crate::http::HttpResponse;
use crate::json::{Object, Value};
use alloc::string::String;

/// Where a federated user's password is checked.
#[derive(Debug)]
pub(super) struct Realm {
    /// The federation server's metadata.
    pub(super) metadata_url: Option<String>,
    /// What the token service takes for the right endpoint.
    active_auth_url: Option<String>,
}

/// What stands in texts for a member that is missing.
const MISSING: &str = "undefined";

/// Reads the answer: a federated user's realm, or none for a managed user.
pub(super) fn read(response: &HttpResponse) -> Result<Option<Realm>, UserFault> {
    let body = Object::parse(response.body.expose()).unwrap_or_default();
    let text = |name| body.get(name).and_then(Value::as_string);
    let account_type = text("account_type").unwrap_or_else(|| MISSING.into());
    match account_type.to_ascii_lowercase().as_str() {
        "managed" => return Ok(None),
        "federated" => {}
        "unknown" => return Err(UserFault::AccountUnknown(account_type)),
        _ => return Err(UserFault::AccountType(account_type)),
    }
    let protocol = text("federation_protocol").unwrap_or_else(|| MISSING.into());
    if !["wstrust", "saml20", "unknown"].iter().any(|known| protocol.eq_ignore_ascii_case(known)) {
        return Err(UserFault::FederationProtocol(protocol));
    }
    let url = |name| text(name).filter(|url| !url.is_empty());
    Ok(Some(Realm {
        metadata_url: url("federation_metadata_url"),
        active_auth_url: url("federation_active_auth_url"),
    }))
}

impl Realm {
    /// The endpoint that the token service named, for when the metadata is of no use.
    pub(super) fn trust_endpoint(self) -> Result<TrustEndpoint, UserFault> {
        let url = self.active_auth_url.ok_or(UserFault::NoTrustEndpoint)?;
        if !is_https(&url) {
            return Err(UserFault::TrustEndpointInsecure);
        }
        let version = TrustVersion::of_url(&url).ok_or(UserFault::TrustVersionUnknown)?;
        Ok(TrustEndpoint { url, version })
    }
}
