//! The Microsoft Entra ID client-certificate protocol as a state machine.
//!
//! A service proves who it is with a certificate: the private key signs a short JWT, the client assertion, and the token
//! service answers with an access token. This crate makes the assertions, the requests and the sense of the answers. It
//! does no IO, has no clock and no source of randomness: the host carries out the [`Step`]s that a [`Client`] asks for.
//! So the same code serves a native addon, a WASM module, an async client and a test in memory.
//!
//! It does not sign either: [`Step::Sign`] is answered by whatever holds the key. `certgrant-signer` does it in process.
//!
//! # The drive loop
//!
//! ```
//! use certgrant_core::*;
//! # use certgrant_testkit::{authority::InMemoryAuthority, vectors::assertion_rs256 as vector};
//!
//! # fn main() -> Result<()> {
//! # let pem = vector::pem();
//! let bundle = Bundle::from_pem(pem.as_bytes())?;
//! let terms = CertificateTerms {
//!     client_id: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee".into(),
//!     thumbprint: None,
//!     algorithm: None,
//!     preferred: Algorithm::Ps256,
//!     send_chain: false,
//!     key: KeyPlace::File,
//! };
//! let certificate = CertificateCredential::new(terms, bundle.key.public_key(), &bundle.chain)?;
//! let config = ClientConfig {
//!     authority: Authority::parse("https://login.microsoftonline.com")?,
//!     tenant: Tenant::parse("contoso.onmicrosoft.com")?,
//!     client_id: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee".into(),
//!     endpoint: EndpointVersion::V2,
//!     credential: Credential::Certificate(Box::new(certificate)),
//!     is_renewable: false,
//!     additionally_allowed_tenants: vec![],
//!     api_version: None,
//!     product: None,
//!     discovers: true,
//!     region: None,
//!     max_retries: DEFAULT_MAX_RETRIES,
//!     timeout_millis: DEFAULT_TIMEOUT_MILLIS,
//! };
//! let mut client = CachingClient::new(config, CacheLimits::default(), [7; 16])?; // the host's random bytes
//!
//! # let mut service = InMemoryAuthority::new();
//! # let mut sign = |_: &SigningRequest| vec![0; 256];
//! # let mut send = |request: &HttpRequest| service.answer(request.url.as_str(), request.body.expose());
//! let mut now = Timestamp::from_secs(1_798_761_600); // the host's clock
//! let request = TokenRequest::new(Target::scopes(&["https://graph.microsoft.com/.default"])?);
//! let token = match client.acquire(&request, now)? {
//!     Found::Token(token) => token,
//!     Found::TokenToRenew(..) | Found::Join(_) => unreachable!("nobody else asks"),
//!     Found::Start(flight) => {
//!         let mut input = Input::Begin([7; 32]); // the host's random bytes
//!         loop {
//!             let step = match client.step(flight, input, now)? {
//!                 CachingStep::Next(step) => step,
//!                 CachingStep::Done { result, .. } => break result?,
//!             };
//!             input = match step {
//!                 Step::Sign(request) => Input::Signature(sign(&request).into()),
//!                 Step::Send(request) => {
//!                     let (status, body) = send(&request);
//!                     Input::Response(HttpResponse { status, headers: vec![], body: body.into() })
//!                 }
//!                 Step::Wait(until) => {
//!                     now = until;
//!                     Input::Woken
//!                 }
//!                 // Assert and ReadKey are for other credentials, Renew for renewable ones, Done is CachingStep::Done.
//!                 other => unreachable!("{other:?}"),
//!             }
//!         }
//!     }
//! };
//! assert_eq!(token.expires_in, 3599);
//! assert!(matches!(client.acquire(&request, now)?, Found::Token(_)));
//! # Ok(())
//! # }
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![warn(
    clippy::alloc_instead_of_core,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::panic_in_result_fn,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::expect_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used,
        reason = "a test that panics has failed, as it should"
    )
)]

extern crate alloc;

// In the order of dependencies: a module imports only from modules above it. `cargo xtask check-core` keeps it so.
mod text;
mod time;
mod secret;
mod encoding;
mod aadsts;
mod error;
mod notice;
mod entropy;
mod siphash;
mod table;
mod asn1;
#[cfg(feature = "encryption")]
mod ber;
mod json;
mod pem;
#[cfg(feature = "uncommon-files")]
mod mend;
#[cfg(feature = "uncommon-files")]
mod stranger;
mod certificate;
mod key;
#[cfg(feature = "encryption")]
mod pbe;
#[cfg(feature = "encryption")]
mod pfx;
mod file;
#[cfg(feature = "encryption")]
mod plain;
mod bundle;
mod jws;
mod assertion;
mod authority;
mod http;
mod retry;
mod token;
#[cfg(feature = "managed-identity")]
mod identity;
mod credential;
mod client;
mod cache;
mod caching;
mod options;
#[cfg(feature = "key-vault")]
mod vault;
#[cfg(feature = "user-flows")]
mod user;

#[cfg(feature = "aadsts-hints")]
pub use aadsts::AADSTS_HINTS;
pub use assertion::{AssertionTemplate, CLIENT_ASSERTION_TYPE, DEFAULT_LIFETIME_SECS, PreparedAssertion};
pub use authority::{Authority, EndpointVersion, Tenant};
#[cfg(feature = "discovery")]
pub use authority::{Region, RegionName};
pub use bundle::Bundle;
pub use cache::CacheLimits;
pub use caching::{CachingClient, CachingStep, Found};
pub use certificate::{Certificate, RsaPublicKey, Thumbprint};
pub use client::{
    Acquired, Client, ClientConfig, DEFAULT_MAX_RETRIES, FlightId, Held, Input, Outcome, Product, Step,
};
pub use credential::{CertificateCredential, CertificateTerms, Credential, KeyPlace};
pub use error::{Error, ErrorCode, ErrorKind, Result, ServiceError};
pub use http::{DEFAULT_TIMEOUT_MILLIS, HttpRequest, HttpResponse, Method, TransportFailure};
#[cfg(feature = "managed-identity")]
pub use identity::{IDENTITY_VARIABLES, IdentityOptions, IdentitySource, ManagedIdentity};
pub use jws::{Algorithm, SigningRequest};
pub use key::{PrivateKey, RsaPrivateNumbers};
pub use notice::{Notice, NoticeCode};
pub use options::{CertificateOptions, ClientOptions, CredentialOptions, TokenOptions};
pub use pem::{Label, Section, sections};
#[cfg(feature = "encryption")]
pub use plain::plain_pem;
pub use secret::{Secret, SecretBytes, SecretString};
pub use time::Timestamp;
pub use token::{AccessToken, RequestKey, Target, TokenRequest};
#[cfg(feature = "user-flows")]
pub use user::{
    Purpose, UserFault, UserFlight, UserFlows, UserGrant, UserInput, UserOptions, UserStep, UserTask,
};
#[cfg(feature = "key-vault")]
pub use vault::{Vault, VaultAnswer, VaultFlight, VaultInput, VaultOptions, VaultStep, VaultTask};
