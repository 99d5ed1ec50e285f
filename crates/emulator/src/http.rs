//! HTTP/1.1: reads requests from a connection, has them answered, writes responses.
//!
//! Everything that a client can make large or slow has a limit, so that a broken client can't hang or fill the
//! emulator: header size and time, body size and time, the TLS handshake.

use alloc::sync::Arc;
use core::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::faulty_io::{FaultyBody, ResetSwitch};
use crate::log::{Decision, LogEntry};
use crate::message::{Connection, Request, Response};
use crate::service::TokenService;

/// Longest request body; a token request with a long certificate chain has some 20 kB.
const LONGEST_BODY: usize = 1024 * 1024;
/// Longest request head. Some clients put telemetry and whole claims challenges into headers or the query.
const LONGEST_HEAD: usize = 64 * 1024;
/// Longest wait for a complete head, or for the next request on an open connection.
const HEAD_TIME: Duration = Duration::from_secs(60);
/// Longest wait for a complete body.
const BODY_TIME: Duration = Duration::from_secs(30);

type Reply = hyper::Response<FaultyBody>;

/// What the requests of one connection have in common.
pub(crate) struct Channel {
    pub(crate) service: Arc<TokenService>,
    pub(crate) scheme: &'static str,
    /// Host and port for clients that name none.
    pub(crate) local: Arc<str>,
    pub(crate) reset: ResetSwitch,
}

/// Serves one connection until the client or a shutdown ends it.
pub(crate) async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    channel: Channel,
    watcher: Watcher,
) {
    let channel = Arc::new(channel);
    let answer = service_fn(move |request| {
        let channel = Arc::clone(&channel);
        async move { answer(request, &channel).await }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), answer);
    // An error here means that the client broke off or spoke no HTTP, which hyper has answered if it could.
    let _ = watcher.watch(connection).await;
}

/// The error stands for no answer at all: hyper then drops the connection.
async fn answer(request: hyper::Request<Incoming>, channel: &Channel) -> Result<Reply, Dropped> {
    let Channel { service, scheme, local, .. } = channel;
    let (head, body) = request.into_parts();
    let mut read = Request {
        method: head.method.as_str().to_owned(),
        scheme,
        host: String::new(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: text_headers(&head.headers),
        body: Vec::new(),
    };
    match addressed_host(&head.uri, head.headers.get(HOST), local) {
        Some(host) => read.host = host,
        None => return Ok(refuse(service, &read, StatusCode::BAD_REQUEST, "the Host header is not a host")),
    }
    match timeout(BODY_TIME, Limited::new(body, LONGEST_BODY).collect()).await {
        Ok(Ok(body)) => read.body = body.to_bytes().to_vec(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return Ok(refuse(
                service,
                &read,
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is longer than 1 MiB",
            ));
        }
        Ok(Err(_)) => return Ok(refuse(service, &read, StatusCode::BAD_REQUEST, "the body is incomplete")),
        Err(_) => return Ok(refuse(service, &read, StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    }
    let (response, entry) = service.handle(&read);
    service.log(&entry);
    if !response.delivery.delay.is_zero() {
        service.config.clock.passes(response.delivery.delay).await;
    }
    if response.delivery.connection == Connection::Reset {
        channel.reset.on();
        return Err(Dropped);
    }
    Ok(written(response))
}

/// The reply is not sent.
#[derive(Debug)]
struct Dropped;

impl core::fmt::Display for Dropped {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a fault rule drops the connection")
    }
}

impl core::error::Error for Dropped {}

/// Host and port as addressed; HTTP/1.0 clients may leave them out.
fn addressed_host(uri: &Uri, header: Option<&HeaderValue>, local: &str) -> Option<String> {
    if let Some(authority) = uri.authority() {
        return Some(authority.as_str().to_owned());
    }
    let Some(header) = header else { return Some(local.to_owned()) };
    let host = header.to_str().ok()?;
    let authority: hyper::http::uri::Authority = host.parse().ok()?;
    (!authority.host().is_empty() && !host.contains('@')).then(|| host.to_owned())
}

/// Header fields as text. Those that are not text have no meaning for this service.
fn text_headers(headers: &hyper::HeaderMap) -> Vec<(String, String)> {
    let pairs = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn refuse(service: &TokenService, request: &Request, status: StatusCode, reason: &'static str) -> Reply {
    service.log(&LogEntry {
        method: request.method.clone(),
        path: request.path.clone(),
        status: status.as_u16(),
        client: None,
        checks: Vec::new(),
        deviations: Vec::new(),
        decision: Decision::Unreadable { reason },
    });
    let headers = [("content-type", "text/plain; charset=utf-8"), ("connection", "close")];
    written(Response::new(status.as_u16(), &headers, format!("{reason}\n")))
}

fn written(response: Response) -> Reply {
    let mut reply = Reply::new(FaultyBody::new(response.body, response.delivery.connection));
    *reply.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            reply.headers_mut().append(name, value);
        }
    }
    reply
}
