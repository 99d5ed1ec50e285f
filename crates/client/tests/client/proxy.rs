//! A small CONNECT proxy, [RFC 9110 section 9.3.6](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6), that leads every
//! request to one address.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the proxy does about requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    Open,
    /// Only for `user` with `pass word`.
    Authenticated,
    Closed,
}

/// A running proxy; dropping it ends it.
pub(crate) struct Proxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    _accepting: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn start(policy: Policy, target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let heads = Arc::new(Mutex::new(Vec::new()));
        let mut accepting = JoinSet::new();
        let seen = Arc::clone(&heads);
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, policy, target, Arc::clone(&seen)));
            }
        });
        Self { address, heads, _accepting: accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn url_with(&self, user: &str, password: &str) -> String {
        format!("http://{user}:{password}@{}", self.address)
    }

    /// The first lines of the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        let heads = self.heads.lock().expect("a lock");
        heads.iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    }
}

async fn serve(mut stream: TcpStream, policy: Policy, target: SocketAddr, seen: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    // user:pass word, in base64.
    let is_user = head
        .to_ascii_lowercase()
        .contains(&"proxy-authorization: basic dXNlcjpwYXNzIHdvcmQ=".to_ascii_lowercase());
    seen.lock().expect("a lock").push(head);
    let refusal = match policy {
        Policy::Open => None,
        Policy::Authenticated if is_user => None,
        Policy::Authenticated => {
            Some("407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"x\"")
        }
        Policy::Closed => Some("403 Forbidden"),
    };
    if let Some(refusal) = refusal {
        let reply = format!("HTTP/1.1 {refusal}\r\ncontent-length: 0\r\n\r\n");
        // The client may have gone already.
        let _ = stream.write_all(reply.as_bytes()).await;
        return;
    }
    let Ok(mut upstream) = TcpStream::connect(target).await else { return };
    if stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_ok() {
        let _ = copy_bidirectional(&mut stream, &mut upstream).await;
    }
}
