//! The HTTP transport itself, against servers that answer oddly.

use certgrant::{HttpClient, HttpClientOptions, HttpRequest, MAX_RESPONSE_BYTES, Method, Transport as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A server that answers its first connection with `reply`, and then with `more` for as long as it is read. Gives back its
/// address and, once it was asked, the head of the request.
async fn serve(reply: &'static str, more: &'static [u8]) -> (String, JoinSet<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/token", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a request"));
        }
        stream.write_all(reply.as_bytes()).await.expect("sent");
        while !more.is_empty() && stream.write_all(more).await.is_ok() {}
        String::from_utf8(head).expect("text")
    });
    (url, serving)
}

fn get(url: String) -> HttpRequest {
    HttpRequest {
        method: Method::Get,
        url,
        headers: vec![("accept", "application/json".to_owned())],
        secret_header: Some(("authorization", "Bearer of-the-test".to_owned().into())),
        body: String::new().into(),
        timeout_millis: 30_000,
        is_direct: true,
        server_thumbprint: None,
    }
}

fn client() -> HttpClient {
    HttpClient::new(HttpClientOptions::new()).expect("a client")
}

#[tokio::test]
async fn request_and_response_arrive_as_they_are() {
    let reply = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\ncontent-length: 2\r\n\r\n{}";
    let (url, mut serving) = serve(reply, &[]).await;
    let response = client().send(&get(url)).await.expect("a response");
    assert_eq!((response.status, response.header("retry-after")), (429, Some("7")));
    assert_eq!(response.body.expose(), b"{}");
    let head = serving.join_next().await.expect("it served").expect("no panic");
    assert!(head.starts_with("GET /token HTTP/1.1\r\n"), "{head}");
    for header in ["accept: application/json\r\n", "authorization: Bearer of-the-test\r\n"] {
        assert!(head.contains(header), "{head}");
    }
}

#[tokio::test]
async fn response_without_an_end_is_cut_at_the_limit() {
    let (url, mut serving) = serve("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", &[b'x'; 65_536]).await;
    let response = client().send(&get(url)).await.expect("a response");
    assert_eq!(response.body.expose().len(), MAX_RESPONSE_BYTES);
    serving.join_next().await.expect("it served").expect("the connection was closed");
}

#[tokio::test]
async fn response_that_is_cut_off_is_an_error_with_its_cause() {
    let (url, _serving) = serve("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\"", &[]).await;
    let error = client().send(&get(url.clone())).await.expect_err("half a response");
    assert!(std::error::Error::source(&error).is_some());
    assert!(!format!("{error:?}").contains(&url), "{error:?}");
}

#[tokio::test]
async fn redirect_is_a_response_like_any_other() {
    let reply = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/elsewhere\r\ncontent-length: 0\r\n\r\n";
    let (url, _serving) = serve(reply, &[]).await;
    assert_eq!(client().send(&get(url)).await.expect("a response").status, 302);
}
