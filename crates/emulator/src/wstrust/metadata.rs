//! The provider's description of itself, WSDL as AD FS serves it to a plain GET, as far as clients read it.
//!
//! As at AD FS there is more than is of use: a policy for Windows users, whose binding no client with a password may take.

/// The document; `authority` is where the endpoints are reached over TLS.
pub(super) fn document(authority: &str) -> String {
    TEMPLATE.replace("{authority}", authority)
}

const TEMPLATE: &str = include_str!("metadata.xml");
