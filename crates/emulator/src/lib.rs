#![doc = include_str!("../README.md")]

extern crate alloc;

mod access_token;
mod assertion;
mod certificate;
mod client_authentication;
mod client_key;
mod clock;
mod config;
mod control;
mod discovery;
mod emulator;
mod entra;
mod error;
mod form;
mod http;
mod keys;
mod log;
mod message;
mod own_token;
mod random;
mod registration;
mod requests;
mod resource;
mod route;
mod rsa_key;
mod service;
mod service_error;
mod snapshot;
mod tenant;
mod tls;
mod token_endpoint;
mod vault;

pub use clock::Clock;
pub use config::Config;
pub use emulator::{Emulator, Running};
pub use error::{Error, RegistrationError};
pub use log::{Decision, LogEntry, LogSink};
pub use message::{Request, Response};
pub use registration::Application;
pub use requests::RequestRecord;
pub use service::TokenService;
pub use tenant::Tenant;
pub use vault::Vault;
