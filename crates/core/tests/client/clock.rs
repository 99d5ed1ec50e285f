//! What becomes of a flight and of held tokens when the machine sleeps or its clock is set.

use crate::drive::*;
use certgrant_core::*;
use certgrant_testkit::authority::InMemoryAuthority;
use certgrant_testkit::vectors::{assertion_rs256 as vector, bundles};

fn scope(name: &str) -> TokenRequest {
    TokenRequest::new(Target::scopes(&[name]).unwrap())
}

fn response(status: u16, date: Option<&str>, body: &str) -> Input {
    let headers = date.map(|date| ("Date".into(), date.into())).into_iter().collect();
    Input::Response(HttpResponse { status, headers, body: body.as_bytes().to_vec().into() })
}

fn granted(lifetime: u32) -> Input {
    let body = format!(r#"{{"token_type":"Bearer","expires_in":{lifetime},"access_token":"x"}}"#);
    response(200, None, &body)
}

fn refused(code: u32, date: Option<&str>) -> Input {
    response(401, date, &format!(r#"{{"error":"invalid_client","error_codes":[{code}]}}"#))
}

fn at(secs_after_start: u64) -> Timestamp {
    Timestamp::from_secs(START + secs_after_start)
}

#[test]
fn token_that_ran_out_while_the_machine_slept_is_asked_for_again() {
    let mut drive = drive(options());
    let flight = drive.send(&request());
    drive.now = at(7200);
    let Ok(Step::Sign(_)) = drive.step(flight, granted(3599)) else { panic!() };
    let Ok(Step::Send(_)) = drive.step(flight, signature()) else { panic!() };
    let Ok(CachingStep::Done { result: Ok(token), .. }) = drive.client.step(flight, granted(3599), drive.now)
    else {
        panic!()
    };
    assert_eq!(token.expires_on, at(7200 + 3599));
}

#[test]
fn token_that_is_over_whenever_it_comes_is_an_error() {
    let mut drive = drive(options());
    let flight = drive.send(&request());
    drive.now = at(10);
    let Ok(Step::Sign(_)) = drive.step(flight, granted(9)) else { panic!() };
    let Ok(Step::Send(_)) = drive.step(flight, signature()) else { panic!() };
    drive.now = at(20);
    let Ok(CachingStep::Done { result: Err(error), .. }) = drive.client.step(flight, granted(9), drive.now)
    else {
        panic!()
    };
    assert_eq!(
        (error.code(), error.found()),
        (ErrorCode::ResponseInvalid, "a token that was over when it came")
    );
}

#[test]
fn token_got_before_the_clock_was_set_back_is_not_served_when_the_clock_is_as_late_again() {
    let mut drive = drive(options());
    drive.acquire(&request()).unwrap();
    drive.now = Timestamp::from_secs(START - 3600);
    drive.acquire(&scope("b/.default")).unwrap();
    // An hour and a half later by the true time, at which the first token is half an hour dead.
    drive.now = at(1800);
    let token = drive.acquire(&request()).unwrap();
    assert_eq!(token.access_token.expose(), &InMemoryAuthority::token(3));
}

#[test]
fn answer_that_comes_after_the_clock_was_set_back_is_asked_for_again() {
    let mut drive = drive(options());
    let flight = drive.send(&request());
    drive.now = Timestamp::from_secs(START - 3600);
    let Ok(Step::Sign(_)) = drive.step(flight, granted(3599)) else { panic!("nobody knows how old it is") };
}

#[test]
fn wait_lasts_no_longer_because_the_clock_was_set_back() {
    let mut drive = drive(options());
    let flight = drive.send(&request());
    let busy = Input::Response(HttpResponse {
        status: 429,
        headers: vec![("Retry-After".into(), "7".into())],
        body: vec![].into(),
    });
    let Ok(Step::Wait(until)) = drive.step(flight, busy) else { panic!() };
    assert_eq!(until, at(7));
    drive.now = Timestamp::from_secs(START - 3600);
    let Ok(Step::Wait(until)) = drive.step(flight, Input::Woken) else { panic!() };
    assert_eq!(until, Timestamp::from_secs(START - 3600 + 7));
    let other = drive.start(&scope("b/.default"));
    let begin = drive.begin();
    let Ok(Step::Sign(_)) = drive.step(other, begin) else { panic!() };
    let Ok(Step::Wait(until)) = drive.step(other, signature()) else { panic!("all keep to it") };
    assert_eq!(until, Timestamp::from_secs(START - 3600 + 7));
}

#[test]
fn clock_that_one_flight_learnt_serves_those_that_were_under_way() {
    let mut drive = drive(options());
    let date = Some("Tue, 24 Nov 2026 15:00:00 GMT");
    let flights = ["a/.default", "b/.default"].map(|name| drive.send(&scope(name)));
    for flight in flights {
        let Ok(Step::Sign(_)) = drive.step(flight, refused(700_024, date)) else { panic!("{flight:?}") };
    }
}

#[test]
fn date_of_an_answer_that_the_machine_slept_over_is_not_taken_for_the_time() {
    let mut drive = drive(options());
    let flight = drive.send(&request());
    drive.now = at(7200);
    let Ok(Step::Sign(_)) = drive.step(flight, refused(700_024, Some("Tue, 24 Nov 2026 15:00:00 GMT")))
    else {
        panic!("it is asked again")
    };
    assert_eq!(drive.client.client_mut().take_notices(), []);
}

#[test]
fn assertion_whose_signature_came_too_late_is_not_sent() {
    let mut drive = drive(options());
    let flight = drive.start(&request());
    let begin = drive.begin();
    let Ok(Step::Sign(first)) = drive.step(flight, begin) else { panic!() };
    drive.now = at(700);
    let Ok(Step::Sign(second)) = drive.step(flight, signature()) else { panic!() };
    assert_ne!(first.signing_input, second.signing_input);
    drive.now = at(1400);
    let Ok(CachingStep::Done { result: Err(error), .. }) = drive.client.step(flight, signature(), drive.now)
    else {
        panic!()
    };
    assert_eq!((error.code(), error.found()), (ErrorCode::SigningFailed, "a signature that took minutes"));
}

#[test]
fn certificate_that_came_while_a_flight_was_under_way_serves_it() {
    let mut drive = drive(options());
    let flight = drive.send(&request());
    drive.renew(&[bundles::LEAF_PEM, bundles::LEAF_KEY_PKCS1_PEM].concat()).unwrap();
    let Ok(Step::Sign(_)) = drive.step(flight, refused(700_027, None)) else { panic!() };
    let Ok(Step::Send(_)) = drive.step(flight, signature()) else { panic!() };
    let Ok(CachingStep::Done { result: Err(_), .. }) =
        drive.client.step(flight, refused(700_027, None), drive.now)
    else {
        panic!("it is tried once")
    };
}

#[test]
fn assertion_that_another_flight_sent_first_is_made_anew() {
    let mut drive = drive(options());
    let [first, second] = ["a/.default", "b/.default"].map(|name| drive.send(&scope(name)));
    // The service took it from the second, and takes it no more from the one that had it made.
    assert!(matches!(drive.client.step(second, granted(3599), drive.now), Ok(CachingStep::Done { .. })));
    let Ok(Step::Sign(_)) = drive.step(first, refused(0, None)) else { panic!() };
    let Ok(Step::Send(_)) = drive.step(first, signature()) else { panic!() };
}

#[test]
fn tenant_is_the_same_in_any_spelling() {
    let mut drive = drive(ClientOptions { additionally_allowed_tenants: vec!["*".into()], ..options() });
    for tenant in ["other.example", "OTHER.Example"] {
        let request = TokenRequest { tenant: Tenant::parse(tenant).ok(), ..scope(tenant) };
        drive.acquire(&request).unwrap();
    }
    assert_eq!(drive.requests[0].url, drive.requests[1].url);
    assert_eq!(drive.signatures, 1, "one endpoint, one assertion");
    assert_eq!(Tenant::parse(vector::TENANT).unwrap().as_str(), vector::TENANT);
}
