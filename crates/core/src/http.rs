//! HTTP as data: what the host is asked to send, and what it answers.

use crate::secret::{SecretBytes, SecretString};
use alloc::string::String;
use alloc::vec::Vec;

/// After how many milliseconds a host gives up on a response.
pub const DEFAULT_TIMEOUT_MILLIS: u32 = 30_000;

/// Request methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

impl Method {
    /// The method's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request for the host to send. Redirects must not be followed: the body carries the assertion.
#[derive(Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// An absolute https URL.
    pub url: String,
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for `GET`.
    pub body: SecretString,
    /// After how many milliseconds the host answers with [`TransportFailure::Timeout`].
    pub timeout_millis: u32,
}

/// A response that the host got, of whatever status.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Header names, of any case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: SecretBytes,
}

impl HttpResponse {
    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportFailure {
    /// The host could not connect, or lost the connection. The text says how and must hold no secret.
    Network(String),
    /// The time of the request was up.
    Timeout,
}
