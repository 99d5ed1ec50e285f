//! What a client sees of a reply that comes late, by half or not at all.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::ErrorKind;

use certgrant_emulator::{Clock, Config, Emulator, FaultRule, Running};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const REQUEST: &[u8] = b"GET /common/discovery/keys HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

async fn start(action: Value) -> (Running, Clock) {
    let clock = Clock::fixed(1000);
    let mut config = Config::default();
    config.http_listen = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    config.clock = clock.clone();
    config.faults = FaultRule::parse(&json!({ "action": action }).to_string()).expect("a rule");
    (Emulator::start(config).await.expect("a running emulator"), clock)
}

async fn asked(running: &Running) -> TcpStream {
    let mut stream = TcpStream::connect(running.http_addr().expect("a port")).await.expect("a connection");
    stream.write_all(REQUEST).await.expect("written");
    stream
}

/// Announced and received length of a body.
fn lengths(reply: &[u8]) -> (usize, usize) {
    let text = String::from_utf8_lossy(reply).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no body: {text}"));
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    (announced.and_then(|length| length.parse().ok()).expect("a length"), body.len())
}

#[tokio::test]
async fn late_reply_comes_when_the_clock_has_been_moved() {
    let (running, clock) = start(json!({ "delaySeconds": 600 })).await;
    let mut stream = asked(&running).await;
    // The request is counted before the reply is held back.
    while running.service().count("keys") == 0 {
        tokio::task::yield_now().await;
    }
    // A request that is not held back is answered meanwhile.
    let mut other = TcpStream::connect(running.http_addr().expect("a port")).await.expect("a connection");
    other
        .write_all(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .expect("written");
    assert_ne!(other.read_to_end(&mut Vec::new()).await.expect("a reply"), 0);
    tokio::select! {
        biased;
        _ = stream.readable() => panic!("the reply has not been held back"),
        () = core::future::ready(()) => (),
    }
    clock.advance(Duration::from_secs(600));
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.expect("a reply");
    assert!(reply.starts_with(b"HTTP/1.1 200"));
    running.shutdown().await;
}

#[tokio::test]
async fn reset_connection_gives_no_reply() {
    let (running, _) = start(json!({ "connection": "reset" })).await;
    let mut reply = Vec::new();
    let error = asked(&running).await.read_to_end(&mut reply).await.expect_err("a reset");
    assert_eq!((error.kind(), reply.len()), (ErrorKind::ConnectionReset, 0));
    let reply = crate::over_tls::try_get(
        &running,
        running.https_addr().port(),
        "localhost",
        "/common/discovery/keys",
    );
    assert!(reply.await.is_empty());
    assert_eq!(running.service().count("keys"), 2);
    running.shutdown().await;
}

#[tokio::test]
async fn half_a_reply_ends_before_its_announced_length() {
    let (running, _) = start(json!({ "connection": "half" })).await;
    let mut reply = Vec::new();
    // Whether the end is an error depends on the platform.
    let _ = asked(&running).await.read_to_end(&mut reply).await;
    let (announced, received) = lengths(&reply);
    assert!(received > 0 && received == announced / 2, "{received} of {announced}");
    let path = "/common/discovery/keys";
    let reply = crate::over_tls::try_get(&running, running.https_addr().port(), "localhost", path).await;
    let (announced, received) = lengths(&reply);
    assert_eq!(received, announced / 2);
    running.shutdown().await;
}

#[tokio::test]
async fn stalled_reply_stays_open_until_the_emulator_ends() {
    let (running, _) = start(json!({ "connection": "stall" })).await;
    let mut stream = asked(&running).await;
    let mut reply = Vec::new();
    while !String::from_utf8_lossy(&reply).contains("\r\n\r\n{") {
        assert_ne!(stream.read_buf(&mut reply).await.expect("bytes"), 0, "it ended");
    }
    let (announced, received) = lengths(&reply);
    assert!(received <= announced / 2, "{received} of {announced}");
    running.shutdown().await;
}
