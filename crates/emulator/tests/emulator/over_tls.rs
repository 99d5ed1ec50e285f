//! The server on a port of the loopback interface, with a TLS client that trusts the authority it made.

use alloc::sync::Arc;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Mutex;

use certgrant_emulator::{Application, Clock, Config, Emulator, Error, LogSink, Running};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::*;

type Lines = Arc<Mutex<Vec<String>>>;

fn config() -> (Config, Lines) {
    let lines = Lines::default();
    let mut config = Config::default();
    config.http_listen = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    config.applications = Application::parse(&registration().to_string()).expect("registrations");
    config.clock = Clock::fixed(NOW);
    let sink = Arc::clone(&lines);
    config.log = LogSink::new(move |entry| sink.lock().expect("a lock").push(entry.to_string()));
    (config, lines)
}

async fn start() -> (Running, Lines) {
    let (config, lines) = config();
    (Emulator::start(config).await.expect("a running emulator"), lines)
}

fn connector(roots: RootCertStore) -> TlsConnector {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("protocol versions");
    TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn trusting(running: &Running) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(running.ca_pem().as_bytes()).expect("PEM"))
        .expect("an authority");
    connector(roots)
}

/// Sends bytes, reads until the server closes, gives back status and body.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &[u8]) -> (u16, Value) {
    stream.write_all(request).await.expect("written");
    let mut reply = Vec::new();
    // A server that has refused a long body may reset the connection after its reply.
    let _ = stream.read_to_end(&mut reply).await;
    let reply = String::from_utf8(reply).expect("text");
    let status = reply.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = reply.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

async fn get_over_tls(running: &Running, ip: IpAddr, name: &str, path: &str) -> (u16, Value) {
    let address = SocketAddr::from((ip, running.https_addr().port()));
    let stream = TcpStream::connect(address).await.expect("a connection");
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let stream = trusting(running).connect(name, stream).await.expect("a handshake");
    let host = running.https_addr().port();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost:{host}\r\nConnection: close\r\n\r\n");
    exchange(stream, request.as_bytes()).await
}

/// The whole reply to a GET at a port, asked for by a name that the TLS certificate must have.
pub(crate) async fn get(running: &Running, port: u16, name: &str, path: &str) -> String {
    String::from_utf8(try_get(running, port, name, path).await).expect("text")
}

/// As much of the reply as comes.
pub(crate) async fn try_get(running: &Running, port: u16, name: &str, path: &str) -> Vec<u8> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("a connection");
    let server = ServerName::try_from(name.to_owned()).expect("a name");
    let mut stream = trusting(running).connect(server, stream).await.expect("a handshake");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply).await;
    reply
}

fn token_request(base: &str, host: &str) -> Vec<u8> {
    let assertion = Assertion::new().claim("aud", format!("{base}/{TENANT}/oauth2/v2.0/token"));
    let parameters = v2_parameters(&assertion.sign());
    let parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let body = form(&parameters);
    format!(
        "POST /{TENANT}/oauth2/v2.0/token HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn assertion_over_https_gets_a_token_and_a_log_line() {
    let (running, lines) = start().await;
    let stream = TcpStream::connect(running.https_addr()).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = trusting(&running).connect(name, stream).await.expect("a handshake");
    let host = format!("localhost:{}", running.https_addr().port());
    let (status, body) = exchange(stream, &token_request(&running.authority(), &host)).await;
    assert_eq!((status, &body["token_type"]), (200, &Value::from("Bearer")));
    let lines = lines.lock().expect("a lock").clone();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with("issued a v1 token for https://graph.microsoft.com"), "{}", lines[0]);
    running.shutdown().await;
}

#[tokio::test]
async fn certificate_is_for_every_name_of_the_loopback() {
    let (running, _) = start().await;
    let path = "/common/discovery/keys";
    for name in ["localhost", "127.0.0.1"] {
        assert_eq!(get_over_tls(&running, Ipv4Addr::LOCALHOST.into(), name, path).await.0, 200);
    }
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, running.https_addr().port()));
    if TcpStream::connect(v6).await.is_ok() {
        assert_eq!(get_over_tls(&running, Ipv6Addr::LOCALHOST.into(), "::1", path).await.0, 200);
    }
    running.shutdown().await;
}

#[tokio::test]
async fn client_that_does_not_trust_the_authority_is_not_served() {
    let (running, lines) = start().await;
    let (other, _) = start().await;
    let stream = TcpStream::connect(running.https_addr()).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let refused = trusting(&other).connect(name, stream).await.expect_err("a refusal");
    assert!(refused.to_string().contains("certificate"), "{refused}");
    assert!(lines.lock().expect("a lock").is_empty());
    running.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn plain_http_is_served_beside_https() {
    let (running, _) = start().await;
    let address = running.http_addr().expect("an HTTP address");
    let base = format!("http://localhost:{}", address.port());
    let stream = TcpStream::connect(address).await.expect("a connection");
    let request = token_request(&base, base.trim_start_matches("http://"));
    assert_eq!(exchange(stream, &request).await.0, 200);
    running.shutdown().await;
}

#[tokio::test]
async fn several_requests_go_over_one_connection() {
    let (running, lines) = start().await;
    let stream =
        TcpStream::connect(running.http_addr().expect("an HTTP address")).await.expect("a connection");
    let one = "GET /common/discovery/keys HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let last = "GET /common/discovery/keys HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    exchange(stream, format!("{one}{one}{last}").as_bytes()).await;
    assert_eq!(lines.lock().expect("a lock").len(), 3);
    running.shutdown().await;
}

#[tokio::test]
async fn what_is_not_http_or_too_long_is_refused_and_the_server_goes_on() {
    let (running, lines) = start().await;
    let address = running.http_addr().expect("an HTTP address");
    let long_body = format!(
        "POST /{TENANT}/oauth2/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
        2 * 1024 * 1024,
        "a".repeat(2 * 1024 * 1024)
    );
    let long_head = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(100_000));
    for (request, statuses) in [
        ("\u{16}\u{3}\u{1}garbage\r\n\r\n", &[400][..]),
        ("GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n", &[400]),
        ("GET / HTTP/1.1\r\nHost: user@host\r\nConnection: close\r\n\r\n", &[400]),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", &[400]),
        // The reply may be lost with the connection when the client is still writing.
        (&long_body, &[413, 0]),
        (&long_head, &[414, 431, 0]),
        ("GET /common/discovery/keys HTTP/1.0\r\n\r\n", &[200]),
    ] {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (status, _) = exchange(stream, request.as_bytes()).await;
        assert!(statuses.contains(&status), "{status} for {}", &request[..20]);
    }
    let lines = lines.lock().expect("a lock").join("\n");
    assert!(lines.contains("unreadable: the body is longer than 1 MiB"), "{lines}");
    running.shutdown().await;
}

#[tokio::test]
async fn port_in_use_is_an_error_that_names_it() {
    let (running, _) = start().await;
    let mut config = config().0;
    config.listen = running.https_addr();
    let error = Emulator::start(config).await.expect_err("a refusal");
    assert!(matches!(error, Error::Listen { address, .. } if address == running.https_addr()));
    let port = running.https_addr().port();
    assert_eq!(
        error.to_string(),
        format!("port {port} is in use at 127.0.0.1; choose another one, or 0 for any")
    );
    running.shutdown().await;
}

#[tokio::test]
async fn shutdown_frees_the_port() {
    let (running, _) = start().await;
    let address = running.https_addr();
    running.shutdown().await;
    let mut config = config().0;
    config.listen = address;
    Emulator::start(config).await.expect("the same port").shutdown().await;
}

#[tokio::test]
async fn shutdown_does_not_wait_for_an_idle_connection() {
    let (running, _) = start().await;
    let mut idle =
        TcpStream::connect(running.http_addr().expect("an HTTP address")).await.expect("a connection");
    idle.write_all(b"GET /common/discovery/keys HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("written");
    let mut some = [0; 16];
    idle.read_exact(&mut some).await.expect("a reply");
    running.shutdown().await;
    let mut rest = Vec::new();
    // Ends because the server has closed the connection, in order or not.
    let _ = idle.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn only_loopback_addresses_are_served() {
    let mut config = config().0;
    config.listen = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let error = Emulator::start(config).await.expect_err("a refusal");
    assert_eq!(error.to_string(), "0.0.0.0 is not a loopback address; the emulator serves this machine only");
}
