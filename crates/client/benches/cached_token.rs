//! What a cached token costs, alone and among others: `cargo bench --package certgrant`, or as one line of `cargo xtask bench`.
//!
//! Prints one line of JSON for each number of other tokens that it is given: nanoseconds of a call for the same token (`one`),
//! through `dyn TokenCredential` (`dyn`), and before the others came (`alone`). Each is the median of batches that take less than
//! what a scheduler gives at a time, so that what else the machine does does not count.

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
    let given: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let numbers = if given.is_empty() { vec![0, 1_000, 100_000] } else { given };
    let limits = CacheLimits { tokens: usize::MAX, bytes: usize::MAX };
    let plain = TokenOptions::default();
    for others in numbers {
        let options = ClientOptions::with_transport(InMemory).cache_limits(limits);
        let credential = ClientSecretCredential::new("contoso.com", "client", "secret", options)?;
        credential.get_token(GRAPH, &plain).await?;
        let alone = of_calls(&credential).await?;
        for number in 0..others {
            credential.get_token(&[&format!("api://{number}/.default")], &plain).await?;
        }
        let one = of_calls(&credential).await?;
        let through_dyn = of_dyn_calls(&credential).await?;
        println!(r#"{{"others":{others},"one":{one:.1},"dyn":{through_dyn:.1},"alone":{alone:.1}}}"#);
    }
    Ok(())
}

async fn of_calls(credential: &ClientSecretCredential) -> certgrant::Result<f64> {
    let plain = TokenOptions::default();
    let mut figures = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let started = Instant::now();
        for _ in 0..CALLS {
            black_box(credential.get_token(black_box(GRAPH), black_box(&plain)).await?);
        }
        figures.push(started.elapsed().as_nanos() as f64 / CALLS as f64);
    }
    Ok(median(figures))
}

async fn of_dyn_calls(credential: &dyn TokenCredential) -> certgrant::Result<f64> {
    let plain = TokenOptions::default();
    let mut figures = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let started = Instant::now();
        for _ in 0..CALLS {
            black_box(credential.get_token(black_box(GRAPH), black_box(&plain)).await?);
        }
        figures.push(started.elapsed().as_nanos() as f64 / CALLS as f64);
    }
    Ok(median(figures))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
