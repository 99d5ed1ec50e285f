//! A service that calls an API as itself: `GET /orders` is answered with what the API answers.
//!
//! ```console
//! $ export TENANT=contoso.onmicrosoft.com CLIENT_ID=5e3ce6c0-2b1f-4285-8d4b-75ee78787346
//! $ export CERTIFICATE=app.pfx CERTIFICATE_PASSWORD=… API=https://orders.contoso.com/orders SCOPE=api://orders/.default
//! $ cargo run --package certgrant --example rust-service
//! serving http://127.0.0.1:3000/orders
//! ```

use std::env;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use certgrant::{
    CertificateSource, ClientCertificateCredential, ClientOptions, TokenCredential, TokenOptions,
};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The API, and who is to be asked for its tokens.
pub struct Orders {
    /// Gets the tokens.
    pub credential: Arc<dyn TokenCredential>,
    /// Sends the requests.
    pub http: reqwest::Client,
    /// The address that lists orders.
    pub api: String,
    /// What the API's tokens are asked for with.
    pub scope: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let certificate = CertificateSource::file(env::var("CERTIFICATE")?);
    let certificate = match env::var("CERTIFICATE_PASSWORD") {
        Ok(password) => certificate.password(password),
        Err(_) => certificate,
    };
    let credential = ClientCertificateCredential::new(
        env::var("TENANT")?,
        env::var("CLIENT_ID")?,
        certificate,
        ClientOptions::default(),
    )?;
    // A wrong password ends the start, and not the first request.
    credential.open().await?;

    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 3000))).await?;
    println!("serving http://{}/orders", listener.local_addr()?);
    let orders = Orders {
        credential: Arc::new(credential),
        http: reqwest::Client::new(),
        api: env::var("API")?,
        scope: env::var("SCOPE")?,
    };
    serve(listener, Arc::new(orders)).await
}

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, orders: Arc<Orders>) -> Result<(), Box<dyn Error>> {
    loop {
        let (stream, _) = listener.accept().await?;
        let orders = Arc::clone(&orders);
        tokio::spawn(async move {
            let answer = service_fn(|request| answer(&orders, request));
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            if let Err(error) = connection.await {
                eprintln!("a connection ended early: {error}");
            }
        });
    }
}

async fn answer(orders: &Orders, request: Request<Incoming>) -> hyper::http::Result<Response<Full<Bytes>>> {
    let (status, body) = match request.uri().path() {
        "/orders" => orders.list().await.unwrap_or_else(|error| {
            eprintln!("no orders: {error}");
            (StatusCode::BAD_GATEWAY, "the orders are not to be had now".into())
        }),
        _ => (StatusCode::NOT_FOUND, "there is only /orders".into()),
    };
    Response::builder().status(status).body(Full::new(body))
}

impl Orders {
    /// What the API answers. A token is asked for with every call: the one at hand costs nothing.
    async fn list(&self) -> Result<(StatusCode, Bytes), Box<dyn Error + Send + Sync>> {
        let token = self.credential.get_token(&[&self.scope], &TokenOptions::default()).await?;
        let response = self.http.get(&self.api).bearer_auth(token.secret()).send().await?;
        Ok((response.status(), response.bytes().await?))
    }
}
