//! What callers see while a token lives, and while the service is slow, down or throttling.

use crate::drive::*;
use certgrant_core::*;
use certgrant_testkit::authority::InMemoryAuthority;
use std::sync::Arc;

fn options() -> ClientOptions {
    ClientOptions { max_retries: Some(0), ..crate::drive::options() }
}

fn scope(name: &str) -> TokenRequest {
    TokenRequest::new(Target::scopes(&[name]).unwrap())
}

#[test]
fn token_that_is_to_be_refreshed_is_served_at_once_and_renewed_behind_its_caller() {
    let mut drive = drive(options());
    let first = drive.acquire(&request()).unwrap();
    drive.now = first.refresh_on;
    let Ok(Found::TokenToRenew(token, flight)) = drive.client.acquire(&request(), drive.now) else {
        panic!()
    };
    assert!(Arc::ptr_eq(&token, &first));
    assert!(
        matches!(drive.client.acquire(&request(), drive.now), Ok(Found::Token(_))),
        "one renewal at a time"
    );
    drive.finish(flight).unwrap();
    assert_eq!(drive.acquire(&request()).unwrap().access_token.expose(), &InMemoryAuthority::token(2));
}

#[test]
fn refresh_is_spread_and_never_later_than_the_service_wants_it() {
    let mut drive = drive(options());
    let body = r#"{"token_type":"Bearer","expires_in":86399,"refresh_in":43200,"access_token":"x"}"#;
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..50 {
        drive.script(200, body);
        let token = drive.acquire(&scope(&format!("{number}/.default"))).unwrap();
        let after = token.refresh_on.as_millis() - drive.now.as_millis();
        assert!((43_200_000 - 300_000..=43_200_000).contains(&after), "{after}");
        seen.insert(after);
    }
    assert!(seen.len() > 40);
}

#[test]
fn token_that_lives_long_is_refreshed_at_half_its_life() {
    let mut drive = drive(options());
    drive.script(200, r#"{"token_type":"Bearer","expires_in":86400,"access_token":"x"}"#);
    let token = drive.acquire(&request()).unwrap();
    assert!(
        token.refresh_on <= drive.now.plus_secs(43_200) && token.refresh_on > drive.now.plus_secs(42_800)
    );
}

#[test]
fn no_failure_of_the_service_is_a_callers_problem_while_a_token_lives() {
    for (status, body) in [
        (0, ""),
        (429, "{}"),
        (500, "<html>"),
        (503, ""),
        (200, "<html>login</html>"),
        (200, "{"),
        (401, r#"{"error":"invalid_client","error_codes":[700027]}"#),
        (400, r#"{"error":"invalid_request"}"#),
    ] {
        let mut drive = drive(options());
        let first = drive.acquire(&request()).unwrap();
        for left in [200, 29, 1] {
            drive.now = Timestamp::from_millis(first.expires_on.as_millis() - left * 1000);
            drive.script(status, body);
            let token = drive.acquire(&request()).unwrap();
            assert!(Arc::ptr_eq(&token, &first), "{status} {body} {left}");
        }
        assert!(!drive.not_renewed.is_empty(), "it is told");
        drive.now = first.expires_on;
        drive.service.scripted.clear();
        drive.now = drive.now.plus_secs(4000);
        assert_ne!(drive.acquire(&request()).unwrap().access_token.expose(), first.access_token.expose());
    }
}

#[test]
fn expired_token_is_never_handed_out() {
    let mut drive = drive(options());
    let first = drive.acquire(&request()).unwrap();
    drive.now = first.expires_on;
    drive.script(0, "");
    assert_eq!(drive.acquire(&request()).unwrap_err().code(), ErrorCode::NetworkFailed);
}

#[test]
fn clock_that_is_set_back_makes_a_token_of_the_future_count_as_dead() {
    let mut drive = drive(options());
    drive.acquire(&request()).unwrap();
    drive.now = Timestamp::from_millis(drive.now.as_millis() - 2_000);
    drive.acquire(&request()).unwrap();
    assert_eq!(drive.requests.len(), 1, "as time services do it");
    drive.now = Timestamp::from_millis(drive.now.as_millis() - 3_600_000);
    drive.acquire(&request()).unwrap();
    assert_eq!(drive.requests.len(), 2);
}

#[test]
fn failed_renewal_is_left_alone_for_some_seconds() {
    let mut drive = drive(options());
    let first = drive.acquire(&request()).unwrap();
    drive.now = first.refresh_on;
    drive.script(0, "");
    for _ in 0..100 {
        drive.acquire(&request()).unwrap();
    }
    assert_eq!(drive.requests.len(), 2);
    drive.now = drive.now.plus_secs(31);
    drive.acquire(&request()).unwrap();
    assert_eq!(drive.requests.len(), 3);
}

#[test]
fn failure_without_a_token_is_not_remembered() {
    let mut drive = drive(options());
    drive.script(0, "");
    drive.acquire(&request()).unwrap_err();
    drive.acquire(&request()).unwrap();
}

#[test]
fn all_callers_leave_a_throttling_endpoint_alone() {
    let mut drive = drive(options());
    drive.script(429, "{}");
    let error = drive.acquire(&scope("a/.default")).unwrap_err();
    assert_eq!(error.service().unwrap().retry_after, Some(7));
    let start = drive.now;
    drive.acquire(&scope("b/.default")).unwrap();
    assert_eq!((drive.waits.as_slice(), drive.requests.len()), ([start.plus_secs(7)].as_slice(), 2));
}

#[test]
fn endpoint_that_is_throttling_for_long_is_not_asked_and_its_callers_are_told_for_how_long() {
    let mut drive = drive(options());
    drive.script(503, "");
    drive.acquire(&scope("a/.default")).unwrap_err();
    drive.now = drive.now.plus_secs(600);
    let error = drive.acquire(&scope("b/.default")).unwrap_err();
    assert_eq!((error.code(), drive.requests.len()), (ErrorCode::ServiceUnavailable, 1));
    assert_eq!(error.service().unwrap().retry_after, Some(3000));
    drive.now = drive.now.plus_secs(3000);
    drive.acquire(&scope("b/.default")).unwrap();
}

/// AADSTS50196 is how Entra stops a client that asks in a loop.
#[test]
fn refusal_that_says_for_how_long_is_respected_whatever_the_credential() {
    let with_secret =
        ClientOptions { credential: CredentialOptions::Secret(String::from("secret").into()), ..options() };
    for options in [options(), with_secret] {
        let mut drive = drive(options);
        drive.script(400, r#"{"error":"invalid_request","error_codes":[50196]}"#);
        let error = drive.acquire(&scope("a/.default")).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ServiceRefused);
        drive.now = drive.now.plus_secs(3_000);
        let error = drive.acquire(&scope("b/.default")).unwrap_err();
        assert_eq!(
            (error.service().unwrap().retry_after, drive.requests.len()),
            (Some(600), 1),
            "of an hour"
        );
    }
}

#[test]
fn other_endpoints_are_not_throttled() {
    let all = vec!["*".into()];
    let mut drive = drive(ClientOptions { additionally_allowed_tenants: all, ..options() });
    drive.script(503, "");
    drive.acquire(&request()).unwrap_err();
    drive.acquire(&TokenRequest { tenant: Tenant::parse("b.example").ok(), ..request() }).unwrap();
}

#[test]
fn retries_end_with_the_budget_of_a_flight() {
    let mut drive = drive(ClientOptions { max_retries: Some(255), ..crate::drive::options() });
    let start = drive.now;
    for _ in 0..300 {
        drive.script(0, "");
    }
    drive.acquire(&request()).unwrap_err();
    assert!(drive.now < start.plus_secs(60) && drive.now > start.plus_secs(40));
    assert!(drive.requests.len() < 60, "{}", drive.requests.len());
}

#[test]
fn removed_token_is_asked_for_again() {
    let mut drive = drive(options());
    drive.acquire(&scope("a/.default")).unwrap();
    drive.acquire(&scope("b/.default")).unwrap();
    assert!(drive.client.remove(&scope("a/.default")).unwrap());
    assert!(!drive.client.remove(&scope("a/.default")).unwrap());
    drive.acquire(&scope("b/.default")).unwrap();
    assert_eq!(drive.requests.len(), 2);
    drive.acquire(&scope("a/.default")).unwrap();
    assert_eq!(drive.requests.len(), 3);
    drive.client.clear();
    assert_eq!(drive.client.tokens(), 0);
}

#[test]
fn longer_of_two_wishes_to_be_left_alone_counts() {
    let mut drive = drive(options());
    let flights = ["a/.default", "b/.default"].map(|name| drive.send(&scope(name)));
    for (flight, secs) in flights.into_iter().zip(["600", "1"]) {
        let headers = vec![("Retry-After".into(), secs.into())];
        let busy = Input::Response(HttpResponse { status: 429, headers, body: vec![].into() });
        assert!(matches!(drive.client.step(flight, busy, drive.now), Ok(CachingStep::Done { .. })));
    }
    drive.now = drive.now.plus_secs(500);
    let error = drive.acquire(&scope("c/.default")).unwrap_err();
    assert_eq!(error.service().unwrap().retry_after, Some(100));
}

#[test]
fn token_got_for_a_claims_challenge_serves_those_whose_own_flight_fails() {
    let mut drive = drive(options());
    let plain = drive.start(&request());
    let claims = Some(r#"{"access_token":{"nbf":{"essential":true}}}"#.to_owned());
    let challenged = drive.start(&TokenRequest { claims, ..request() });
    let got = drive.finish(challenged).unwrap();
    drive.script(0, "");
    assert!(Arc::ptr_eq(&drive.finish(plain).unwrap(), &got));
    assert_eq!(drive.not_renewed, [ErrorCode::NetworkFailed], "it is told");
}

#[test]
fn token_of_unknown_life_that_answers_a_claims_challenge_serves_no_other_flight() {
    let mut drive = drive(crate::drive::options());
    let plain = drive.send(&request());
    let claims = Some(r#"{"access_token":{"nbf":{"essential":true}}}"#.to_owned());
    let challenged = drive.start(&TokenRequest { claims, ..request() });
    drive.script(200, r#"{"token_type":"Bearer","access_token":"x"}"#);
    assert_eq!(drive.finish(challenged).unwrap().expires_in, 0);
    // A step of the clock that is too small to be noticed: by its time alone the token was alive again.
    drive.now = Timestamp::from_millis(drive.now.as_millis() - 100);
    let lost = Input::Failure(TransportFailure::Network("ECONNRESET".into()));
    assert!(matches!(drive.step(plain, lost), Ok(Step::Wait(_))));
}

#[test]
fn token_without_any_life_is_no_token() {
    let mut drive = drive(options());
    drive.script(200, r#"{"token_type":"Bearer","expires_in":0,"access_token":"x"}"#);
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!((error.code(), error.found()), (ErrorCode::ResponseInvalid, "a token with a life of 0 s"));
}

#[test]
fn renewal_of_a_token_that_was_removed_is_tried_again_like_any_other_request() {
    for clears in [false, true] {
        let mut drive = drive(crate::drive::options());
        let first = drive.acquire(&request()).unwrap();
        drive.now = Timestamp::from_millis(first.expires_on.as_millis() - 500);
        let flight = drive.send(&request());
        match clears {
            true => drive.client.clear(),
            false => assert!(drive.client.remove(&request()).unwrap()),
        }
        let lost = Input::Failure(TransportFailure::Network("ECONNRESET".into()));
        assert!(matches!(drive.step(flight, lost), Ok(Step::Wait(_))));
    }
}
