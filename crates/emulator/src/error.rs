//! What can go wrong before the first request: the registrations, the sockets, the keys.

use core::error::Error as StdError;
use core::fmt;
use core::net::SocketAddr;
use std::io;

/// A registration that can't be used, and where in the file it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationError(String);

impl RegistrationError {
    pub(crate) fn new(fault: impl fmt::Display) -> Self {
        Self(fault.to_string())
    }

    /// Puts the place in front of the fault.
    pub(crate) fn within(self, place: &str) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for RegistrationError {}

/// What is wrong with the JSON and where, without the offending value, which might be a secret.
pub(crate) fn json_fault(fault: &serde_json::Error) -> RegistrationError {
    let text = fault.to_string();
    let names_value =
        ["invalid type: ", "invalid value: "].iter().any(|beginning| text.starts_with(beginning));
    match text.split_once(", expected ").filter(|_| names_value) {
        Some((_, expected)) => {
            RegistrationError::new(format!("a value of the wrong type, expected {expected}"))
        }
        None => RegistrationError::new(text),
    }
}

/// Why the emulator could not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// An address could not be listened on, because another program has the port for instance.
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// A listening address is not of this machine's loopback interface.
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The keys or certificates of the emulator itself could not be made.
    Keys(String),
    /// A registration or a vault can't be used.
    Registration(RegistrationError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, source } if source.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "port {} is in use at {}; choose another one, or 0 for any",
                    address.port(),
                    address.ip()
                )
            }
            Self::Listen { address, source } => write!(f, "can't listen on {address}: {source}"),
            Self::NotLoopback { address } => {
                write!(f, "{} is not a loopback address; the emulator serves this machine only", address.ip())
            }
            Self::Keys(fault) => write!(f, "can't make the emulator's own keys: {fault}"),
            Self::Registration(fault) => write!(f, "{fault}"),
        }
    }
}

impl StdError for Error {}

impl From<RegistrationError> for Error {
    fn from(fault: RegistrationError) -> Self {
        Self::Registration(fault)
    }
}
