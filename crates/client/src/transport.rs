//! HTTP, behind a trait: whoever has an HTTP client of their own, or none, as in tests, brings it.

#[cfg(feature = "reqwest")]
mod http_client;
#[cfg(feature = "reqwest")]
mod pinned_server;
#[cfg(feature = "reqwest")]
mod proxy_failure;

use alloc::borrow::Cow;
use alloc::sync::Arc;
use core::fmt;
use core::pin::Pin;

use certgrant_core::{HttpRequest, HttpResponse};

use crate::error::{BoxError, Cause};

#[cfg(feature = "reqwest")]
pub use http_client::{HttpClient, HttpClientOptions};

/// A future that can be sent and named.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The bytes of a response that are read at most: a token response has a few thousand.
pub const MAX_RESPONSE_BYTES: usize = 1 << 20;

/// Sends requests. Its futures may be dropped at any time, which ends the request.
///
/// ```
/// use certgrant::{BoxFuture, ClientOptions, ClientSecretCredential, HttpRequest, HttpResponse, TokenOptions};
/// use certgrant::{Transport, TransportError};
///
/// #[derive(Debug)]
/// struct InMemory;
///
/// impl Transport for InMemory {
///     fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
///         assert!(request.url.ends_with("/oauth2/v2.0/token"));
///         let body = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"in-memory"}"#;
///         let response = HttpResponse { status: 200, headers: vec![], body: body.as_bytes().to_vec().into() };
///         Box::pin(async { Ok(response) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> certgrant::Result<()> {
/// let options = ClientOptions::with_transport(InMemory);
/// let credential = ClientSecretCredential::new("contoso.com", "client", "secret", options)?;
/// let token = credential.get_token(&["api://orders/.default"], &TokenOptions::default()).await?;
/// assert_eq!(token.secret(), "in-memory");
/// # Ok(())
/// # }
/// ```
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends a request and reads the response, of whatever status, up to [`MAX_RESPONSE_BYTES`] of its body. Redirects are
    /// not followed: what is sent is a secret made for this address. What is [direct](HttpRequest::is_direct) goes through no proxy,
    /// and a [named server](HttpRequest::server_thumbprint) is told by its certificate. The time-out is the caller's business.
    ///
    /// # Errors
    ///
    /// Why there is no response.
    fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>>;
}

/// Why there is no response.
#[derive(Clone, Debug)]
pub struct TransportError {
    found: Cow<'static, str>,
    hint: Option<&'static str>,
    cause: Option<Cause>,
}

impl TransportError {
    /// An error that says what was found in the place of a response. The text must hold no secret.
    pub fn new(found: impl Into<Cow<'static, str>>) -> Self {
        Self { found: found.into(), hint: None, cause: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// The same with what caused it, which becomes the source of the caller's error.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<BoxError>) -> Self {
        self.cause = Some(Arc::from(cause.into()));
        self
    }

    pub(crate) fn into_parts(self) -> (String, Option<&'static str>, Option<Cause>) {
        (self.found.into_owned(), self.hint, self.cause)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no response: found {}", self.found)
    }
}

impl core::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn core::error::Error + 'static))
    }
}
