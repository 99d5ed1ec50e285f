//! What a `CachingClient` costs: a cached token alone and among others, the memory that it takes beside the token, and flights
//! that are under way together. Run by `cargo xtask bench`; prints one line of JSON.
//!
//! `cached <others>` and `flights <number>` say what is measured.

use certgrant_core::*;
use core::hint::black_box;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};
use std::time::Instant;

/// Counts the bytes that are in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is passed on to the system's allocator; the counter changes nothing of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NOW: Timestamp = Timestamp::from_secs(1_795_536_000);

/// A round takes less than what a scheduler gives at a time, so that the median is of rounds that nobody interrupted.
const ROUNDS: usize = 501;
const CALLS: usize = 5_000;

/// As long as Entra's tokens.
const TOKEN_BYTES: usize = 1_500;

fn client() -> CachingClient {
    let options = ClientOptions {
        tenant: "11111111-2222-3333-4444-555555555555".into(),
        client_id: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee".into(),
        ..ClientOptions::default()
    };
    let (config, _) = options.into_config().expect("usable options");
    CachingClient::new(config, CacheLimits { tokens: usize::MAX, bytes: usize::MAX }, [7; 16])
        .expect("usable options")
}

fn request(number: usize) -> TokenRequest {
    TokenRequest::new(Target::scopes(&[format!("https://r{number}.example/.default")]).expect("a scope"))
}

fn granted(number: usize) -> Input {
    let token = format!("{number:0TOKEN_BYTES$}");
    let body = format!(r#"{{"token_type":"Bearer","expires_in":86399,"access_token":"{token}"}}"#);
    Input::Response(HttpResponse { status: 200, headers: vec![], body: body.into_bytes().into() })
}

/// Starts a flight and drives it until its request is under way.
fn send(client: &mut CachingClient, request: &TokenRequest) -> FlightId {
    let Ok(Found::Start(flight)) = client.acquire(request, NOW) else { panic!("a token is there already") };
    for input in [Input::Begin([1; 32]), Input::Assertion("x".repeat(700).into())] {
        assert!(matches!(client.step(flight, input, NOW), Ok(CachingStep::Next(_))), "the flight goes on");
    }
    flight
}

fn land(client: &mut CachingClient, flight: FlightId, number: usize) {
    let Ok(CachingStep::Done { result: Ok(_), .. }) = client.step(flight, granted(number), NOW) else {
        panic!("the flight does not land")
    };
}

/// The median of the nanoseconds that a call takes.
fn median(mut call: impl FnMut(usize)) -> f64 {
    let round = |round: usize| nanoseconds(CALLS, |index| call(round * CALLS + index));
    let mut times: Vec<f64> = (0..ROUNDS).map(round).collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

/// The same for calls each of which can be done once.
fn median_of_all(calls: usize, mut call: impl FnMut(usize)) -> f64 {
    const ROUND: usize = 50;
    let round = |round: usize| nanoseconds(ROUND, |index| call(round * ROUND + index));
    let mut times: Vec<f64> = (0..calls / ROUND).map(round).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn nanoseconds(calls: usize, mut call: impl FnMut(usize)) -> f64 {
    let started = Instant::now();
    (0..calls).for_each(&mut call);
    started.elapsed().as_nanos() as f64 / calls as f64
}

fn cached(others: usize) -> String {
    let mut client = client();
    let number = others + 1;
    let requests: Vec<TokenRequest> = (0..number).map(request).collect();
    let before = IN_USE.load(Ordering::Relaxed);
    for (number, request) in requests.iter().enumerate() {
        let flight = send(&mut client, request);
        land(&mut client, flight, number);
    }
    let bytes = (IN_USE.load(Ordering::Relaxed) - before) / number;
    let mut get = |request: &TokenRequest| {
        let found = client.acquire(black_box(request), NOW);
        assert!(matches!(black_box(found), Ok(Found::Token(_))), "the token is cached");
    };
    let one = median(|_| get(&requests[0]));
    let round = median(|index| get(&requests[(index * 7919) % number]));
    let beside = bytes - TOKEN_BYTES;
    format!(r#"{{"one":{one:.1},"round":{round:.1},"bytes":{beside}}}"#)
}

/// Nanoseconds for each flight: to start it beside the others, for another caller to join it, to land it.
fn flights(number: usize) -> String {
    let mut client = client();
    let requests: Vec<TokenRequest> = (0..number).map(request).collect();
    let mut flights = Vec::with_capacity(number);
    let start = median_of_all(number, |index| flights.push(send(&mut client, &requests[index])));
    let join = median_of_all(number, |index| {
        let joined = client.acquire(&requests[index], NOW);
        assert!(matches!(joined, Ok(Found::Join(_))), "its flight is under way");
    });
    let landing = median_of_all(number, |index| land(&mut client, flights[index], index));
    assert_eq!((client.client().flights(), client.tokens()), (0, number));
    format!(r#"{{"start":{start:.0},"join":{join:.0},"landing":{landing:.0}}}"#)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [what, number] = arguments.as_slice() else { panic!("what is measured, and a number") };
    let number = number.parse().expect("a number");
    match what.as_str() {
        "cached" => println!("{}", cached(number)),
        "flights" => println!("{}", flights(number)),
        other => panic!("neither cached nor flights: {other}"),
    }
}
