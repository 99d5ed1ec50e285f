//! A request and a response as plain values, so that the service can be driven without a socket.
//!
//! The HTTP server makes a [`Request`] of what it has read and writes a [`Response`] out; tests make the request
//! themselves. Neither type is `Debug`: a request carries assertions and secrets, a response carries access tokens.

use core::time::Duration;

/// One HTTP request, completely read.
#[derive(Clone)]
pub struct Request {
    /// The method, `POST` for instance.
    pub method: String,
    /// `https`, or `http` for the plain port.
    pub scheme: &'static str,
    /// Host and port as the client addressed them in the `Host` header.
    pub host: String,
    /// The path, beginning with `/`, not decoded.
    pub path: String,
    /// The query without its question mark; empty if there is none.
    pub query: String,
    /// Header fields, names in any case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A `GET` of `path` at `host` over HTTPS; a query may follow the path.
    pub fn get(host: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            method: "GET".to_owned(),
            scheme: "https",
            host: host.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A `POST` of a form body to `path` at `host` over HTTPS; a query may follow the path.
    pub fn post(host: &str, path: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        Self { method: "POST".to_owned(), headers, body: body.into(), ..Self::get(host, path) }
    }

    /// The first header field of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Scheme, host and port: what every URL in a reply begins with.
    pub(crate) fn base(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }
}

/// One HTTP response, not yet written.
#[derive(Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How it is to be sent.
    pub delivery: Delivery,
}

/// How a response is to be sent. A driver without sockets can look at it or leave it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// How long it is held back, on the emulator's clock.
    pub delay: Duration,
    /// What becomes of the connection.
    pub connection: Connection,
}

/// What becomes of a connection while a response is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Connection {
    /// Nothing.
    #[default]
    Kept,
    /// It is reset instead.
    Reset,
    /// It ends after the first half of the body.
    Half,
    /// Nothing follows the first half of the body, and it stays open.
    Stalled,
}

impl Response {
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { status, headers, body: body.into(), delivery: Delivery::default() }
    }

    /// The first header field of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
