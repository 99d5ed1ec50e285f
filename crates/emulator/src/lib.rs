#![doc = include_str!("../README.md")]

extern crate alloc;

mod access_token;
mod assertion;
mod certificate;
mod client_authentication;
mod client_key;
mod clock;
mod config;
mod discovery;
mod emulator;
mod error;
mod form;
mod http;
mod keys;
mod log;
mod message;
mod random;
mod registration;
mod resource;
mod service;
mod service_error;
mod tenant;
mod tls;
mod token_endpoint;

pub use clock::Clock;
pub use config::Config;
pub use emulator::{Emulator, Running};
pub use error::{Error, RegistrationError};
pub use log::{Decision, LogEntry, LogSink};
pub use message::{Request, Response};
pub use registration::Application;
pub use service::TokenService;
pub use tenant::Tenant;
