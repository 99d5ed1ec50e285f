//! The error of every operation: core's, or a fault of the host, with what caused it.

use alloc::sync::Arc;
use core::fmt;
use std::path::Path;

use certgrant_core::{ErrorCode, ErrorKind, ServiceError};

/// A result with this crate's error.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Any error as the cause of another.
pub type BoxError = Box<dyn core::error::Error + Send + Sync>;

pub(crate) type Cause = Arc<dyn core::error::Error + Send + Sync>;

/// Why there is no token.
///
/// Its text says what was found and what was expected; [`Error::hint`] says what to do. No error holds a key, an assertion, a
/// token, a password or a response body.
///
/// It is cheap to clone: all callers of one flight get the same.
///
/// ```
/// use certgrant::{ClientOptions, ClientSecretCredential};
///
/// let error = ClientSecretCredential::new("common", "client", "secret", ClientOptions::default()).unwrap_err();
/// assert_eq!(error.code(), "ERR_TENANT_NOT_SPECIFIC");
/// println!("{error}\n{}", error.hint());
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    fault: Fault,
    hint: Option<&'static str>,
    cause: Option<Cause>,
    is_unavailable: bool,
}

#[derive(Clone)]
enum Fault {
    Core(certgrant_core::Error),
    Host {
        code: HostCode,
        found: String,
    },
    /// What each credential of a chain said.
    Chain(Vec<Error>),
}

/// What only a host can meet. The strings are those of the JavaScript packages, where they have the same.
#[derive(Clone, Copy)]
enum HostCode {
    ArgumentInvalid,
    ChainExhausted,
    CredentialUnavailable,
    FileUnreadable,
    Internal,
    RuntimeMissing,
    TransportInvalid,
}

impl HostCode {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ArgumentInvalid => "ERR_INVALID_ARG_VALUE",
            Self::ChainExhausted => "ERR_CHAIN_EXHAUSTED",
            Self::CredentialUnavailable => "ERR_CREDENTIAL_UNAVAILABLE",
            Self::FileUnreadable => "ERR_FILE_UNREADABLE",
            Self::Internal => "ERR_INTERNAL",
            Self::RuntimeMissing => "ERR_RUNTIME_MISSING",
            Self::TransportInvalid => "ERR_TRANSPORT_INVALID",
        }
    }

    const fn kind(self) -> ErrorKind {
        match self {
            Self::FileUnreadable => ErrorKind::Key,
            Self::Internal => ErrorKind::Internal,
            Self::ArgumentInvalid
            | Self::ChainExhausted
            | Self::CredentialUnavailable
            | Self::RuntimeMissing
            | Self::TransportInvalid => ErrorKind::Config,
        }
    }

    const fn summary(self) -> &'static str {
        match self {
            Self::ArgumentInvalid => "the path of the certificate file is not usable",
            Self::ChainExhausted => "no credential can be used",
            Self::CredentialUnavailable => "the credential can't be used here",
            Self::FileUnreadable => "the file can't be read",
            Self::Internal => "certgrant failed",
            Self::RuntimeMissing => "there is no runtime to ask for a token on",
            Self::TransportInvalid => "the HTTP client can't be made",
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::ArgumentInvalid => "a path",
            Self::ChainExhausted => "one that can",
            Self::CredentialUnavailable => "all that it needs",
            Self::FileUnreadable => "a readable file",
            Self::Internal => "an answer",
            Self::RuntimeMissing => "a tokio runtime with timers",
            Self::TransportInvalid => "a usable proxy and certificate authorities",
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Self::ArgumentInvalid => {
                "give the bytes of a PEM to CertificateSource::bytes, and a path to file"
            }
            Self::ChainExhausted => {
                "see the attempts of the error: each credential of the chain says what it lacks"
            }
            Self::CredentialUnavailable => {
                "set what is missing before the process starts, or use another credential"
            }
            Self::FileUnreadable => "check the path and the permissions of the file and its folders",
            Self::Internal => "report this as a bug with the error's source; the next call starts afresh",
            Self::RuntimeMissing => {
                "call from within a tokio runtime, for example below #[tokio::main]; a Builder needs enable_time()"
            }
            Self::TransportInvalid => {
                "check the proxy's address, HTTPS_PROXY, and that the certificate authorities are PEM"
            }
        }
    }
}

impl Error {
    /// The stable code, `ERR_…`: the same string for the same fault as in the JavaScript packages. Those of core are an
    /// [`ErrorCode`] each; a host adds these:
    ///
    /// | code | what |
    /// | --- | --- |
    /// | `ERR_CHAIN_EXHAUSTED` | no credential of a chain can be used; see [`Error::attempts`] |
    /// | `ERR_CREDENTIAL_UNAVAILABLE` | the environment lacks what the credential needs |
    /// | `ERR_FILE_UNREADABLE` | a file, or what a function is to give in its place, can't be read |
    /// | `ERR_INVALID_ARG_VALUE` | a path that is none, such as a PEM in its place |
    /// | `ERR_INTERNAL` | a fault of certgrant itself, or a panic of what it called |
    /// | `ERR_RUNTIME_MISSING` | the call came from outside of a tokio runtime, or its runtime has no timers |
    /// | `ERR_TRANSPORT_INVALID` | the HTTP client can't be made of its options |
    pub fn code(&self) -> &'static str {
        match &self.0.fault {
            Fault::Core(error) => error.code().as_str(),
            Fault::Host { code, .. } => code.as_str(),
            Fault::Chain(_) => HostCode::ChainExhausted.as_str(),
        }
    }

    /// Who can act on it.
    pub fn kind(&self) -> ErrorKind {
        match &self.0.fault {
            Fault::Core(error) => error.code().kind(),
            Fault::Host { code, .. } => code.kind(),
            Fault::Chain(_) => HostCode::ChainExhausted.kind(),
        }
    }

    /// What to do.
    pub fn hint(&self) -> &str {
        let of_fault = || match &self.0.fault {
            Fault::Core(error) => error.hint(),
            Fault::Host { code, .. } => code.hint(),
            Fault::Chain(_) => HostCode::ChainExhausted.hint(),
        };
        self.0.hint.unwrap_or_else(of_fault)
    }

    /// What the token service answered, where it answered with an error.
    pub fn service(&self) -> Option<&ServiceError> {
        self.as_core()?.service()
    }

    /// Core's error, with its [`ErrorCode`] to match on; none for what only a host can meet: an unreadable file, a missing
    /// runtime, a fault of certgrant itself.
    pub fn as_core(&self) -> Option<&certgrant_core::Error> {
        match &self.0.fault {
            Fault::Core(error) => Some(error),
            Fault::Host { .. } | Fault::Chain(_) => None,
        }
    }

    /// Whether the credential can't be used in this environment, so that a [`ChainedTokenCredential`](crate::ChainedTokenCredential)
    /// goes on with the next. So count all failures of a managed identity, as they do in `@azure/identity`: refusals, outages,
    /// an endpoint that is not reached; not its caller's own mistakes and time limits.
    pub fn is_unavailable(&self) -> bool {
        let is_identity = |error: &certgrant_core::Error| {
            matches!(error.code(), ErrorCode::IdentityUnavailable | ErrorCode::IdentityUnsupported)
        };
        self.0.is_unavailable || self.as_core().is_some_and(is_identity)
    }

    /// What each credential of a chain said, if none could be used.
    pub fn attempts(&self) -> &[Self] {
        match &self.0.fault {
            Fault::Chain(errors) => errors,
            Fault::Core(_) | Fault::Host { .. } => &[],
        }
    }

    /// The same with what caused it, and what helps against that.
    pub(crate) fn caused_by(self, cause: Option<Cause>, hint: Option<&'static str>) -> Self {
        let Inner { fault, hint: own_hint, cause: own_cause, is_unavailable } = &*self.0;
        Self(Arc::new(Inner {
            fault: fault.clone(),
            hint: hint.or(*own_hint),
            cause: cause.or_else(|| own_cause.clone()),
            is_unavailable: *is_unavailable,
        }))
    }

    /// The same as an error behind which a chain goes on.
    pub(crate) fn as_unavailable(&self) -> Self {
        let Inner { fault, hint, cause, .. } = &*self.0;
        Self(Arc::new(Inner {
            fault: fault.clone(),
            hint: *hint,
            cause: cause.clone(),
            is_unavailable: true,
        }))
    }

    pub(crate) fn new(code: ErrorCode, found: impl Into<String>, expected: impl Into<String>) -> Self {
        certgrant_core::Error::new(code, found.into(), expected.into()).into()
    }

    pub(crate) fn file_unreadable(path: &Path, cause: std::io::Error) -> Self {
        let found = format!("{} at {}", cause.kind(), path.display());
        Self::host(HostCode::FileUnreadable, found).caused_by(Some(Arc::new(cause)), None)
    }

    pub(crate) fn file_silent(found: String) -> Self {
        Self::host(HostCode::FileUnreadable, found)
    }

    pub(crate) fn path_invalid(found: impl Into<String>) -> Self {
        Self::host(HostCode::ArgumentInvalid, found)
    }

    pub(crate) fn supplier_failed(cause: BoxError) -> Self {
        Self::host(HostCode::FileUnreadable, "an error of its supplier").caused_by(Some(cause.into()), None)
    }

    pub(crate) fn internal(found: impl Into<String>) -> Self {
        Self::host(HostCode::Internal, found)
    }

    pub(crate) fn runtime_missing(found: &'static str) -> Self {
        Self::host(HostCode::RuntimeMissing, found)
    }

    pub(crate) fn transport_invalid(found: impl Into<String>) -> Self {
        Self::host(HostCode::TransportInvalid, found)
    }

    pub(crate) fn unavailable(found: impl Into<String>) -> Self {
        Self::host(HostCode::CredentialUnavailable, found).as_unavailable()
    }

    pub(crate) fn chain_exhausted(attempts: Vec<Self>) -> Self {
        Self::of(Fault::Chain(attempts))
    }

    fn host(code: HostCode, found: impl Into<String>) -> Self {
        Self::of(Fault::Host { code, found: found.into() })
    }

    fn of(fault: Fault) -> Self {
        Self(Arc::new(Inner { fault, hint: None, cause: None, is_unavailable: false }))
    }
}

impl From<certgrant_core::Error> for Error {
    fn from(error: certgrant_core::Error) -> Self {
        Self::of(Fault::Core(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.fault {
            Fault::Core(error) => error.fmt(f),
            Fault::Host { code, found } => {
                write!(f, "{}: found {found}, expected {}", code.summary(), code.expected())
            }
            Fault::Chain(attempts) => {
                let (summary, expected) =
                    (HostCode::ChainExhausted.summary(), HostCode::ChainExhausted.expected());
                let codes: Vec<&str> = attempts.iter().map(Self::code).collect();
                let found = if codes.is_empty() { "an empty chain".to_owned() } else { codes.join(", ") };
                write!(f, "{summary}: found {found}, expected {expected}")
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.code())
            .field("text", &self.to_string())
            .field("hint", &self.hint())
            .field("service", &self.service())
            .field("cause", &self.0.cause)
            .field("attempts", &self.attempts())
            .finish()
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn core::error::Error + 'static))
    }
}
