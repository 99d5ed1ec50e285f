//! Many callers on many threads who come, wait, run out of time and leave at random, over a service that fails at random.
//!
//! Whatever happens: a caller gets the token that it asked for, or an error that the service gave; there is one request for a
//! token at a time; and nothing is left behind.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use certgrant::{
    BoxFuture, ClientOptions, ClientSecretCredential, HttpRequest, HttpResponse, Transport, TransportError,
};
use certgrant_testkit::jwt::form_value;
use tokio::task::{JoinSet, yield_now};

use crate::support::{CLIENT_ID, SteppingClock, TENANT, plain};

const CALLERS: u64 = 3_000;
const SCOPES: u64 = 7;

/// A generator of numbers that a seed determines: splitmix64, by Steele, Lea and Flood.
#[derive(Clone, Copy, Debug)]
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A service whose tokens name their scope and live for a moment or long.
#[derive(Clone, Debug)]
struct Service(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    numbers: Numbers,
    under_way: HashMap<String, usize>,
    most: usize,
    answered: usize,
}

/// A request under way, for as long as nobody gives it up.
struct UnderWay(Service, String);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut inner = self.0.0.lock().expect("a lock");
        *inner.under_way.get_mut(&self.1).expect("it was counted") -= 1;
    }
}

impl Transport for Service {
    fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let scope = form_value(request.body.expose(), "scope").expect("a scope");
            let (steps, fate, lives) = {
                let mut inner = self.0.lock().expect("a lock");
                let count = inner.under_way.entry(scope.clone()).or_default();
                *count += 1;
                inner.most = inner.most.max(*inner.under_way.get(&scope).expect("it was counted"));
                (
                    inner.numbers.below(30),
                    inner.numbers.below(10),
                    [20, 60, 400][inner.numbers.below(3) as usize],
                )
            };
            let under_way = UnderWay(self.clone(), scope.clone());
            for _ in 0..steps {
                yield_now().await;
            }
            drop(under_way);
            self.0.lock().expect("a lock").answered += 1;
            let grant =
                format!(r#"{{"token_type":"Bearer","expires_in":{lives},"access_token":"for {scope}"}}"#);
            let (status, body) = match fate {
                0 => return Err(TransportError::new("a broken connection")),
                1 => (400, r#"{"error":"invalid_request"}"#.to_owned()),
                _ => (200, grant),
            };
            Ok(HttpResponse { status, headers: vec![], body: body.into_bytes().into() })
        })
    }
}

async fn call(credential: ClientSecretCredential, mut numbers: Numbers) {
    for _ in 0..numbers.below(8) {
        yield_now().await;
    }
    let scope = format!("api://{}/.default", numbers.below(SCOPES));
    let options = match numbers.below(4) {
        0 => plain().timeout(Duration::ZERO),
        _ => plain(),
    };
    match credential.get_token(&[&scope], &options).await {
        Ok(token) => assert_eq!(token.secret(), format!("for {scope}")),
        Err(error) => {
            let allowed = ["ERR_REQUEST_TIMEOUT", "ERR_SERVICE_REFUSED", "ERR_NETWORK_FAILED"];
            assert!(allowed.contains(&error.code()), "{error:?}");
        }
    }
    if numbers.below(20) == 0 {
        credential.remove_token(&[&scope], &plain()).expect("usable scopes");
    }
}

async fn storm(seed: u64) {
    let mut numbers = Numbers(seed);
    let inner = Inner { numbers, under_way: HashMap::new(), most: 0, answered: 0 };
    let service = Service(Arc::new(Mutex::new(inner)));
    let options =
        ClientOptions::with_transport(service.clone()).max_retries(0).clock(SteppingClock::default());
    let credential = ClientSecretCredential::new(TENANT, CLIENT_ID, "s", options).expect("a credential");
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let handle = callers.spawn(call(credential.clone(), Numbers(seed ^ (caller << 20))));
        if numbers.below(5) == 0 {
            handle.abort();
        }
    }
    while let Some(outcome) = callers.join_next().await {
        if let Err(error) = outcome {
            assert!(error.is_cancelled(), "seed {seed}: {error:?}");
        }
    }
    // Flights that nobody waits for any more need a moment to be dropped by their runtime.
    while service.0.lock().expect("a lock").under_way.values().any(|count| *count > 0) {
        yield_now().await;
    }
    let inner = service.0.lock().expect("a lock");
    assert_eq!(inner.most, 1, "seed {seed}: one request for a token at a time");
    assert!(inner.answered > 0 && inner.answered < CALLERS as usize, "seed {seed}: {}", inner.answered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_who_come_and_leave_at_random_get_what_they_asked_for() {
    for seed in 0..8 {
        storm(seed).await;
    }
}
