//! The transport over reqwest: TLS by rustls with the system's certificate authorities, and proxies.

use core::error::Error as _;

use certgrant_core::{HttpRequest, HttpResponse, Method};
use reqwest::{Certificate, Client, NoProxy, Proxy, redirect, retry};

use super::{BoxFuture, MAX_RESPONSE_BYTES, Transport, TransportError};
use crate::error::{Error, Result};

/// Says how the HTTP client reaches the network.
///
/// ```no_run
/// use certgrant::{ClientOptions, HttpClient, HttpClientOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let http = HttpClientOptions::new()
///     .proxy("http://proxy.contoso.com:3128")
///     .certificate_authorities(std::fs::read("/etc/contoso/ca.pem")?);
/// let options = ClientOptions::with_transport(HttpClient::new(http)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct HttpClientOptions {
    proxy: Option<ProxyChoice>,
    no_proxy: Option<String>,
    authorities: Vec<Vec<u8>>,
    are_only: bool,
}

#[derive(Clone)]
enum ProxyChoice {
    /// Its address may carry a user name and a password.
    Url(String),
    None,
}

impl HttpClientOptions {
    /// The environment's proxy (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) and the system's certificate
    /// authorities.
    pub fn new() -> Self {
        Self::default()
    }

    /// A proxy in the place of the environment's: `http://[user:password@]host:port`, or `https`.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(ProxyChoice::Url(url.into()));
        self
    }

    /// Hosts that are reached without that proxy, as `NO_PROXY` lists them: `.contoso.com,10.0.0.0/8`.
    #[must_use]
    pub fn no_proxy_for(mut self, hosts: impl Into<String>) -> Self {
        self.no_proxy = Some(hosts.into());
        self
    }

    /// No proxy, whatever the environment says.
    #[must_use]
    pub fn without_proxy(mut self) -> Self {
        self.proxy = Some(ProxyChoice::None);
        self
    }

    /// More certificate authorities to trust, beside the system's: one PEM or several in a row.
    #[must_use]
    pub fn certificate_authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(pem.into());
        self
    }

    /// Trusts the given certificate authorities alone, and none of the system's.
    #[must_use]
    pub fn only_given_certificate_authorities(mut self) -> Self {
        self.are_only = true;
        self
    }
}

impl core::fmt::Debug for HttpClientOptions {
    /// Without the proxy's address, which may carry a password.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HttpClientOptions").finish_non_exhaustive()
    }
}

/// The transport over reqwest. Clones share their connections, as do the credentials that are given the same one.
#[derive(Clone)]
pub struct HttpClient(Client);

impl HttpClient {
    /// A client with connections of its own.
    ///
    /// # Errors
    ///
    /// `ERR_TRANSPORT_INVALID` if the proxy's address or a certificate authority can't be used.
    pub fn new(options: HttpClientOptions) -> Result<Self> {
        let invalid = |found: &'static str| {
            move |error: reqwest::Error| {
                Error::transport_invalid(found)
                    .caused_by(Some(alloc::sync::Arc::new(error.without_url())), None)
            }
        };
        let mut builder = Client::builder().redirect(redirect::Policy::none()).retry(retry::never());
        match options.proxy {
            Some(ProxyChoice::Url(url)) => {
                let proxy = Proxy::all(url).map_err(invalid("a proxy that is no URL"))?;
                let except = options.no_proxy.as_deref().and_then(NoProxy::from_string);
                builder = builder.proxy(proxy.no_proxy(except));
            }
            Some(ProxyChoice::None) => builder = builder.no_proxy(),
            None => {}
        }
        let mut authorities = Vec::new();
        for pem in &options.authorities {
            let found = Certificate::from_pem_bundle(pem);
            let found = found.map_err(invalid("a certificate authority that can't be read"))?;
            if found.is_empty() {
                return Err(Error::transport_invalid("certificate authorities without a PEM certificate"));
            }
            authorities.extend(found);
        }
        builder = if options.are_only {
            builder.tls_certs_only(authorities)
        } else {
            builder.tls_certs_merge(authorities)
        };
        Ok(Self(builder.build().map_err(invalid("TLS that can't be set up"))?))
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut builder = match request.method {
            Method::Get => self.0.get(&request.url),
            Method::Post => self.0.post(&request.url).body(request.body.expose().clone()),
        };
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some((name, value)) = &request.secret_header {
            let value = reqwest::header::HeaderValue::from_str(value.expose());
            let mut value = value.map_err(|_| TransportError::new("a token that no header can hold"))?;
            value.set_sensitive(true);
            builder = builder.header(*name, value);
        }
        let mut response = builder.send().await.map_err(failure)?;
        let headers = response.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let (status, headers) = (response.status().as_u16(), headers.collect());
        let mut body = Vec::new();
        while body.len() < MAX_RESPONSE_BYTES
            && let Some(chunk) = response.chunk().await.map_err(failure)?
        {
            let room = MAX_RESPONSE_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        Ok(HttpResponse { status, headers, body: body.into() })
    }
}

impl Transport for HttpClient {
    fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(self.exchange(request))
    }
}

impl core::fmt::Debug for HttpClient {
    /// Without reqwest's own text, which has the proxy's address.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HttpClient")
    }
}

/// Says what failed by the innermost of the errors, which are nested; none of them but reqwest's own names the address, which
/// names the tenant.
fn failure(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let mut texts = Vec::new();
    let mut inner = error.source();
    while let Some(error) = inner {
        texts.push(error.to_string());
        inner = error.source();
    }
    let found = match of_proxy(&texts) {
        Some((found, hint)) => TransportError::new(found).with_hint(hint),
        None => {
            let innermost = texts.last().cloned().unwrap_or_else(|| error.to_string());
            TransportError::new(format!("no connection ({innermost})"))
        }
    };
    found.with_cause(error)
}

/// What a proxy did, if it was one. The type of these errors is not public, so their texts tell; the tests over a real proxy
/// fail if these change.
fn of_proxy(texts: &[String]) -> Option<(&'static str, &'static str)> {
    let tunnel = texts.iter().find_map(|text| text.strip_prefix("tunnel error: "))?;
    Some(match tunnel {
        "proxy authorization required" => (
            "a proxy that wants a user name and a password (status 407)",
            "put them into the proxy's address: http://user:password@host:port",
        ),
        "failed to create underlying connection" => (
            "a proxy that can't be reached",
            "check HTTPS_PROXY or the option proxy, and that the proxy runs",
        ),
        _ => (
            "a proxy that refused to connect to the token service",
            "have the proxy allow CONNECT to the token service, or add its host to NO_PROXY",
        ),
    })
}
