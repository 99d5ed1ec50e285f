//! What a cached token costs, alone and among others: `cargo bench --package certgrant`.
//!
//! Each figure is the median of batches, so that what else the machine does in between does not count. With `--test` each
//! runs once.

use core::hint::black_box;
use std::time::Instant;

use certgrant::{
    BoxFuture, CacheLimits, ClientOptions, ClientSecretCredential, HttpRequest, HttpResponse,
    TokenCredential, TokenOptions, Transport, TransportError,
};

const BATCHES: usize = 301;
const CALLS: usize = 1000;
const GRAPH: &[&str] = &["https://graph.microsoft.com/.default"];

/// Answers every request with a token as long as Entra's are.
#[derive(Debug)]
struct InMemory;

impl Transport for InMemory {
    fn send<'a>(&'a self, _: &'a HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        let token = "t".repeat(1500);
        let body = format!(r#"{{"token_type":"Bearer","expires_in":86399,"access_token":"{token}"}}"#);
        Box::pin(async { Ok(HttpResponse { status: 200, headers: vec![], body: body.into_bytes().into() }) })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> certgrant::Result<()> {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (batches, others) = if is_test { (1, &[0, 10][..]) } else { (BATCHES, &[0, 1_000, 100_000][..]) };
    let limits = CacheLimits { tokens: 2_000_000, bytes: usize::MAX };
    for &others in others {
        let options = ClientOptions::with_transport(InMemory).cache_limits(limits);
        let credential = ClientSecretCredential::new("contoso.com", "client", "secret", options)?;
        let plain = TokenOptions::default();
        for number in 0..others {
            credential.get_token(&[&format!("api://{number}/.default")], &plain).await?;
        }
        credential.get_token(GRAPH, &plain).await?;

        let mut figures = Vec::with_capacity(batches);
        for _ in 0..batches {
            let started = Instant::now();
            for _ in 0..CALLS {
                black_box(credential.get_token(black_box(GRAPH), black_box(&plain)).await?);
            }
            figures.push(started.elapsed().as_nanos() as f64 / CALLS as f64);
        }
        println!("a cached token among {others} others: {:.1} ns", median(&mut figures));

        let of_trait: &dyn TokenCredential = &credential;
        figures.clear();
        for _ in 0..batches {
            let started = Instant::now();
            for _ in 0..CALLS {
                black_box(of_trait.get_token(black_box(GRAPH), black_box(&plain)).await?);
            }
            figures.push(started.elapsed().as_nanos() as f64 / CALLS as f64);
        }
        println!("the same through dyn TokenCredential: {:.1} ns", median(&mut figures));
    }
    Ok(())
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
