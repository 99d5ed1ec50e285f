//! Requests and responses as the host has them.

use crate::incomplete;
use crate::members::Members;
use crate::value::{Builder, Value};
use certgrant_core::{HttpRequest, HttpResponse, Result, TransportFailure};

/// `HttpRequest`.
pub fn http_request(request: &HttpRequest) -> Value<'static> {
    let secret = request.secret_header.iter().map(|(name, value)| (*name, value.expose().as_str()));
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain(secret)
        .fold(Builder::new(), |headers, (name, value)| headers.set(name, value));
    let object = Builder::new();
    #[cfg(feature = "managed-identity")]
    let object = object.set_some("serverThumbprint", request.server_thumbprint.as_deref());
    object
        .set("method", request.method.as_str())
        .set("url", request.url.as_str())
        .set("headers", headers.finish())
        .set("body", request.body.expose().as_str())
        .set("timeout", request.timeout_millis)
        .set("direct", request.is_direct)
        .finish()
}

/// An input of the kind `response`.
pub fn http_response(input: &Members<'_>) -> Result<HttpResponse> {
    Ok(HttpResponse {
        status: input.number("status").ok_or_else(incomplete)? as u16,
        headers: input.members("headers").map(|headers| headers.text_entries()).unwrap_or_default(),
        body: input.bytes("body").ok_or_else(incomplete)?.into(),
    })
}

/// An input of the kind `failure`.
pub fn transport_failure(input: &Members<'_>) -> Result<TransportFailure> {
    let text = |name| input.text(name).ok_or_else(incomplete);
    Ok(match text("reason")?.as_str() {
        "timeout" => TransportFailure::Timeout,
        "proxy" => TransportFailure::Proxy(text("message")?),
        _ => TransportFailure::Network(text("message")?),
    })
}
