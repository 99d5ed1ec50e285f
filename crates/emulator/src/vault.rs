//! Key vaults: a stand-in for Azure Key Vault as far as certificates and the signing of digests go.
//!
//! A [`Vault`] says what a vault is to hold; `store` is what it holds while the emulator runs, `endpoint` answers
//! requests, `authorization` looks at the caller's token. A vault is reached under names of its own and on a port of
//! its own, over the same certificate authority as the rest.

mod authorization;
mod definition;
mod endpoint;
mod error;
mod response;
mod store;

pub use definition::Vault;
pub(crate) use definition::{Challenge, Denial, VersionDefinition};
pub(crate) use endpoint::{Target, VaultCall, document};
pub(crate) use response::{refuse, respond};
pub(crate) use store::{LiveVault, VersionChange};
