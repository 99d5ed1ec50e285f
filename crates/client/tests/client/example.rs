//! The example `examples/rust-service.rs`, run against the emulator and an API that checks the token.

use std::net::SocketAddr;
use std::sync::Arc;

use certgrant::{CertificateSource, ClientCertificateCredential};
use certgrant_emulator::Application;
use certgrant_testkit::jwt::decode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::emulator::{self, PASSWORD};
use crate::support::*;

#[path = "../../../../examples/rust-service.rs"]
#[allow(dead_code, unreachable_pub, reason = "its main is for people")]
mod rust_service;

/// The head of the next request on a connection.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a request"));
    }
    String::from_utf8(head).expect("text")
}

/// An API that answers a token of Graph with orders, and anything else with 401.
async fn api(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let head = head(&mut stream).await;
        let bearer = head.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
        let is_good = bearer.is_some_and(|token| decode(token).1["aud"] == "https://graph.microsoft.com");
        let (status, body) = if is_good { ("200 OK", "two orders") } else { ("401 Unauthorized", "") };
        let length = body.len();
        let reply =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        stream.write_all(reply.as_bytes()).await.expect("sent");
    }
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("a reply");
    reply
}

#[tokio::test]
async fn service_of_the_example_calls_the_api_with_a_token() {
    let emulator = emulator::start(|config| {
        let application =
            Application::new(CLIENT_ID).expect("a GUID").with_certificate(&emulator::leaf_der());
        config.applications = vec![application.expect("a certificate")];
    })
    .await;
    let bind = || TcpListener::bind("127.0.0.1:0");
    let (api_listener, listener) = (bind().await.expect("a port"), bind().await.expect("a port"));
    let api_url = format!("http://{}/orders", api_listener.local_addr().expect("an address"));
    let address = listener.local_addr().expect("an address");
    let pfx = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/keys/modern.pfx");
    let source = CertificateSource::file(pfx).password(PASSWORD);
    let credential =
        ClientCertificateCredential::new(TENANT, CLIENT_ID, source, emulator::options(&emulator));
    let orders = rust_service::Orders {
        credential: Arc::new(credential.expect("a credential")),
        http: reqwest::Client::builder().no_proxy().build().expect("a client"),
        api: api_url,
        scope: GRAPH[0].to_owned(),
    };
    let mut serving = JoinSet::new();
    serving.spawn(api(api_listener));
    serving.spawn(async move { drop(rust_service::serve(listener, Arc::new(orders)).await) });

    for _ in 0..2 {
        let reply = get(address, "/orders").await;
        assert!(reply.starts_with("HTTP/1.1 200") && reply.ends_with("two orders"), "{reply}");
    }
    assert_eq!(emulator.service().count("token"), 1);
    let reply = get(address, "/").await;
    assert!(reply.starts_with("HTTP/1.1 404"), "{reply}");
}
