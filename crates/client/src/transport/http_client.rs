//! The transport over reqwest: TLS by rustls with the system's certificate authorities, and proxies.

use alloc::sync::Arc;
use core::error::Error as _;
use std::sync::{Mutex, OnceLock, PoisonError};

use certgrant_core::{HttpRequest, HttpResponse, Method};
use reqwest::{Certificate, Client, ClientBuilder, NoProxy, Proxy, redirect, retry};

use super::proxy_failure::of_proxy;
use super::{BoxFuture, MAX_RESPONSE_BYTES, Transport, TransportError, pinned_server};
use crate::error::{BoxError, Error, Result};

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

/// Longer than most token responses.
const USUAL_LENGTH: usize = 16 << 10;

/// The transport over reqwest. What reqwest itself holds of a request or a response is not wiped from memory. Clones share their connections, as do the credentials that are given the same one.
#[derive(Clone)]
pub struct HttpClient(Arc<Clients>);

/// Connections of three kinds.
struct Clients {
    usual: Client,
    /// For this machine and its host, where no proxy must come between; made when it is needed.
    direct: OnceLock<Result<Client, TransportError>>,
    trust: Trust,
    /// For the server of that thumbprint.
    pinned: Mutex<Option<(String, Client)>>,
}

impl HttpClient {
    /// A client with connections of its own.
    ///
    /// # Errors
    ///
    /// `ERR_TRANSPORT_INVALID` if the proxy's address or a certificate authority can't be used.
    pub fn new(options: HttpClientOptions) -> Result<Self> {
        let trust = Trust { authorities: authorities(&options.authorities)?, are_only: options.are_only };
        let usual = with_proxy(trust.builder(), options.proxy, options.no_proxy.as_deref())?;
        let usual = usual.build().map_err(unusable("TLS that can't be set up"))?;
        Ok(Self(Arc::new(Clients { usual, direct: OnceLock::new(), trust, pinned: Mutex::new(None) })))
    }

    /// The client for a request.
    fn client_for(&self, request: &HttpRequest) -> Result<Client, TransportError> {
        let clients = &*self.0;
        let Some(thumbprint) = &request.server_thumbprint else {
            let direct = || clients.trust.builder().no_proxy().build().map_err(without_tls);
            return if request.is_direct {
                clients.direct.get_or_init(direct).clone()
            } else {
                Ok(clients.usual.clone())
            };
        };
        let mut pinned = clients.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = pinned.as_ref().filter(|(known, _)| known == thumbprint) {
            return Ok(client.clone());
        }
        let tls = pinned_server::config(thumbprint).map_err(without_tls)?;
        let client = builder().no_proxy().tls_backend_preconfigured(tls).build().map_err(without_tls)?;
        *pinned = Some((thumbprint.clone(), client.clone()));
        Ok(client)
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        let client = self.client_for(request)?;
        let mut builder = match request.method {
            Method::Get => client.get(&request.url),
            Method::Post => client.post(&request.url).body(request.body.expose().clone()),
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
        // As long as it will be, if that is known: growing leaves copies of a token behind.
        let length = response.content_length().and_then(|length| usize::try_from(length).ok());
        let mut body = Vec::with_capacity(length.unwrap_or(USUAL_LENGTH).min(MAX_RESPONSE_BYTES));
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

/// Whose word is taken for a server's certificate.
struct Trust {
    authorities: Vec<Certificate>,
    are_only: bool,
}

impl Trust {
    fn builder(&self) -> ClientBuilder {
        match self.are_only {
            true => builder().tls_certs_only(self.authorities.clone()),
            false => builder().tls_certs_merge(self.authorities.clone()),
        }
    }
}

fn without_tls(error: impl Into<BoxError>) -> TransportError {
    TransportError::new("TLS that can't be set up").with_cause(error)
}

/// What all connections have in common. What is sent is made for one address, and core knows when to send it again.
fn builder() -> ClientBuilder {
    Client::builder().redirect(redirect::Policy::none()).retry(retry::never())
}

fn with_proxy(
    builder: ClientBuilder,
    choice: Option<ProxyChoice>,
    exceptions: Option<&str>,
) -> Result<ClientBuilder> {
    Ok(match choice {
        None => builder,
        Some(ProxyChoice::None) => builder.no_proxy(),
        Some(ProxyChoice::Url(url)) => {
            let proxy = Proxy::all(url).map_err(unusable("a proxy that is no URL"))?;
            builder.proxy(proxy.no_proxy(exceptions.and_then(NoProxy::from_string)))
        }
    })
}

fn authorities(pems: &[Vec<u8>]) -> Result<Vec<Certificate>> {
    let mut authorities = Vec::new();
    for pem in pems {
        let found = Certificate::from_pem_bundle(pem);
        let found = found.map_err(unusable("a certificate authority that can't be read"))?;
        if found.is_empty() {
            return Err(Error::transport_invalid("certificate authorities without a PEM certificate"));
        }
        authorities.extend(found);
    }
    Ok(authorities)
}

fn unusable(found: &'static str) -> impl FnOnce(reqwest::Error) -> Error {
    move |error| Error::transport_invalid(found).caused_by(Some(Arc::new(error.without_url())), None)
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
