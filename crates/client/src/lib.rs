#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod answer;
#[cfg(feature = "azure-core")]
mod azure_core_credential;
mod certificate;
mod chained;
mod client;
mod client_certificate;
mod client_secret;
mod clock;
mod credential;
mod environment;
mod error;
mod events;
mod file_stamp;
mod flight;
mod host;
mod key_vault;
mod managed_identity;
mod on_behalf_of;
mod options;
mod proof;
mod running;
mod signer;
mod token;
mod transport;
mod workload_identity;

#[cfg(feature = "azure-core")]
pub use azure_core_credential::AzureCoreCredential;
pub use certgrant_core::{
    Algorithm, CacheLimits, Error as CoreError, ErrorCode, ErrorKind, HttpRequest, HttpResponse, Method,
    ServiceError, SigningRequest,
};
pub use certificate::CertificateSource;
pub use chained::ChainedTokenCredential;
pub use client_certificate::ClientCertificateCredential;
pub use client_secret::{ClientAssertionCredential, ClientSecretCredential};
pub use clock::{Clock, SystemClock};
pub use credential::TokenCredential;
pub use environment::EnvironmentCredential;
pub use error::{BoxError, Error, Result};
pub use key_vault::KeyVaultCertificate;
pub use managed_identity::{ManagedIdentityCredential, ManagedIdentityId};
pub use on_behalf_of::OnBehalfOfCredential;
pub use options::{ClientOptions, TokenOptions};
pub use signer::Signer;
pub use token::AccessToken;
pub use transport::{BoxFuture, MAX_RESPONSE_BYTES, Transport, TransportError};
#[cfg(feature = "reqwest")]
pub use transport::{HttpClient, HttpClientOptions};
pub use workload_identity::WorkloadIdentityCredential;
