//! What callers see while the token service fails: nothing, for as long as a token lives.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use certgrant::{ClientSecretCredential, TokenOptions};
use tokio::time::{Instant, advance, sleep};

use crate::log::{heard, listen};
use crate::support::*;

/// A credential that has got a token for an hour, of which `passed` are over.
async fn credential_after(service: &Service, passed: Duration) -> ClientSecretCredential {
    let credential = service.secret_credential();
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    advance(passed).await;
    credential
}

/// A time at which a token of an hour is to be renewed and serves for some minutes more.
const LATE: Duration = Duration::from_secs(3599 - 200);

#[tokio::test(start_paused = true)]
async fn no_outage_is_noticed_while_a_token_is_valid() {
    for trouble in [
        Does::Break,
        Does::Hang,
        Does::status(503),
        Does::retry_after(429, 3600),
        Does::Answer(200, vec![], "<html>".to_owned()),
        Does::Answer(401, vec![], r#"{"error":"invalid_client","error_codes":[700027]}"#.to_owned()),
    ] {
        let service = Service::default();
        let credential = credential_after(&service, LATE).await;
        service.always(trouble.clone());
        for _ in 0..10 {
            let asked = Instant::now();
            let token = credential.get_token(GRAPH, &plain()).await.expect("the token at hand");
            assert_eq!(token.secret(), Service::token(1), "{trouble:?}");
            assert_eq!(asked.elapsed(), Duration::ZERO, "{trouble:?}: at once");
            advance(Duration::from_secs(15)).await;
            settle().await;
        }
        assert!(service.count() > 1, "{trouble:?}: it was tried to renew it");
        advance(Duration::from_secs(200)).await;
        service.always(None);
        let token = credential.get_token(GRAPH, &plain()).await;
        if let Ok(token) = token {
            assert_ne!(token.secret(), Service::token(1), "{trouble:?}: no dead token is handed out");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn token_is_renewed_behind_its_callers_once() {
    let service = Service::default();
    let credential = credential_after(&service, LATE).await;
    let gate = service.gate();
    for _ in 0..100 {
        let token = credential.get_token(GRAPH, &plain()).await.expect("the token at hand");
        assert_eq!(token.secret(), Service::token(1));
    }
    settle().await;
    assert_eq!(service.count(), 2);
    gate.add_permits(1);
    settle().await;
    let token = credential.get_token(GRAPH, &plain()).await.expect("the new token");
    assert_eq!(token.secret(), Service::token(2));
}

#[tokio::test(start_paused = true)]
async fn renewal_belongs_to_the_callers_who_wait_for_it() {
    let service = Service::default();
    let credential = credential_after(&service, Duration::from_secs(3599 - 45)).await;
    service.next([Does::AnswerAfter(Duration::from_secs(25), Service::grant("renewed", 3599))]);
    credential.get_token(GRAPH, &plain()).await.expect("the token at hand");
    settle().await;
    // Without that token it belongs to whoever waits for it.
    credential.clear_tokens();
    let options = plain();
    let patient = credential.get_token(GRAPH, &options);
    let hasty_options = plain().timeout(Duration::from_secs(1));
    let hasty = credential.get_token(GRAPH, &hasty_options);
    let (patient, hasty) = tokio::join!(patient, hasty);
    assert_eq!(hasty.expect_err("its time was up").code(), "ERR_REQUEST_TIMEOUT");
    assert_eq!(patient.expect("the renewed token").secret(), "renewed");
    assert_eq!((service.count(), service.under_way()), (2, 0));
}

/// A token of an hour is not given to callers who could wait for another by then.
const TOO_LATE: Duration = Duration::from_secs(3599 - 25);

/// How long they wait.
const WAIT: Duration = Duration::from_secs(2);

/// The token that a call gave, and how long that took.
async fn timed(credential: &ClientSecretCredential, options: TokenOptions) -> (String, Duration) {
    let asked = Instant::now();
    let token = credential.get_token(GRAPH, &options).await.expect("a token");
    (token.secret().to_owned(), asked.elapsed())
}

#[tokio::test(start_paused = true)]
async fn callers_in_the_last_seconds_of_a_token_wait_shortly_for_its_renewal() {
    let service = Service::default();
    let credential = credential_after(&service, TOO_LATE).await;
    service.next([Does::AnswerAfter(WAIT - Duration::from_millis(10), Service::grant("renewed", 3599))]);
    let (token, took) = timed(&credential, plain()).await;
    assert_eq!((token.as_str(), took), ("renewed", WAIT - Duration::from_millis(10)));
}

#[tokio::test(start_paused = true)]
async fn service_that_is_silent_in_the_last_seconds_of_a_token_holds_its_callers_up_for_two_seconds() {
    let service = Service::default();
    let credential = credential_after(&service, TOO_LATE).await;
    listen();
    service.always(Does::Hang);
    for _ in 0..5 {
        let (first, second) = tokio::join!(timed(&credential, plain()), timed(&credential, plain()));
        assert_eq!((first, second), ((Service::token(1), WAIT), (Service::token(1), WAIT)));
    }
    assert_eq!((service.count(), service.under_way()), (2, 1), "one request, which goes on");
    advance(Duration::from_secs(14)).await;
    settle().await;
    let log = heard();
    assert!(log.contains("the token was not renewed and is still served"), "{log}");
    assert_eq!(timed(&credential, plain()).await, (Service::token(1), Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn caller_with_less_time_gets_the_living_token_when_that_is_over() {
    let service = Service::default();
    let credential = credential_after(&service, TOO_LATE).await;
    service.always(Does::Hang);
    for time in [Duration::from_millis(700), Duration::ZERO] {
        let (token, took) = timed(&credential, plain().timeout(time)).await;
        assert_eq!(token, Service::token(1));
        // Tokio's timers are accurate to a millisecond.
        assert!(took <= time + Duration::from_millis(1), "{took:?}");
    }
    assert_eq!((service.count(), service.under_way()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn renewal_that_its_callers_did_not_wait_for_serves_the_next_ones() {
    let service = Service::default();
    let credential = credential_after(&service, TOO_LATE).await;
    service.next([Does::AnswerAfter(Duration::from_secs(5), Service::grant("renewed", 3599))]);
    assert_eq!(timed(&credential, plain()).await, (Service::token(1), WAIT));
    settle().await;
    advance(Duration::from_secs(3)).await;
    settle().await;
    assert_eq!(timed(&credential, plain()).await, ("renewed".to_owned(), Duration::ZERO));
    assert_eq!(service.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn token_that_is_removed_while_its_renewal_is_waited_for_is_not_given() {
    let service = Service::default();
    let credential = credential_after(&service, TOO_LATE).await;
    service.next([Does::AnswerAfter(Duration::from_secs(5), Service::grant("renewed", 3599))]);
    let (patient, hasty) = (plain(), plain().timeout(Duration::from_secs(3)));
    let removal = async {
        sleep(Duration::from_secs(1)).await;
        credential.remove_token(GRAPH, &plain())
    };
    let (patient, hasty, removed) =
        tokio::join!(credential.get_token(GRAPH, &patient), credential.get_token(GRAPH, &hasty), removal);
    assert!(removed.expect("usable scopes"));
    assert_eq!(patient.expect("the renewed token").secret(), "renewed");
    assert_eq!(hasty.expect_err("its time was up").code(), "ERR_REQUEST_TIMEOUT");
    assert_eq!(service.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn token_that_a_resource_rejected_is_not_given_in_its_last_seconds() {
    let service = Service::default();
    let credential = credential_after(&service, TOO_LATE).await;
    service.next([Does::AnswerAfter(Duration::from_secs(5), Service::grant("for the claims", 3599))]);
    let claims = || plain().claims(r#"{"access_token":{"nbf":{"essential":true}}}"#);
    let (patient, hasty) = (claims(), claims().timeout(Duration::from_secs(1)));
    let (patient, hasty) =
        tokio::join!(credential.get_token(GRAPH, &patient), credential.get_token(GRAPH, &hasty));
    assert_eq!(patient.expect("another token").secret(), "for the claims");
    assert_eq!(hasty.expect_err("its time was up").code(), "ERR_REQUEST_TIMEOUT");
}

#[tokio::test(start_paused = true)]
async fn token_that_dies_while_its_renewal_is_waited_for_is_not_given() {
    let service = Service::default();
    let credential = credential_after(&service, Duration::from_secs(3599 - 1)).await;
    service.next([Does::Hang]);
    let (patient, hasty) = (plain(), plain().timeout(Duration::from_millis(1_001)));
    service.next([Does::AnswerAfter(Duration::from_secs(5), Service::grant("renewed", 3599))]);
    let (patient, hasty) =
        tokio::join!(credential.get_token(GRAPH, &patient), credential.get_token(GRAPH, &hasty));
    assert_eq!(patient.expect("the renewed token").secret(), "renewed");
    assert_eq!(hasty.expect_err("its time was up").code(), "ERR_REQUEST_TIMEOUT");
}

#[tokio::test(start_paused = true)]
async fn renewal_that_takes_long_is_given_up_with_its_last_caller() {
    let service = Service::default();
    let asked = AtomicUsize::new(0);
    let source = move |_| {
        let never = asked.fetch_add(1, Ordering::Relaxed) == 1;
        async move {
            match never {
                true => core::future::pending().await,
                false => Ok("an.assertion.x".to_owned()),
            }
        }
    };
    let credential = certgrant::ClientAssertionCredential::new(TENANT, CLIENT_ID, source, service.options())
        .expect("a credential");
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    advance(Duration::from_secs(3599 - 45)).await;
    credential.get_token(GRAPH, &plain()).await.expect("the token at hand");
    settle().await;
    // Without that token it belongs to whoever waits for it.
    credential.clear_tokens();
    let hasty = credential.get_token(GRAPH, &plain().timeout(Duration::from_secs(1))).await;
    assert_eq!(hasty.expect_err("its time was up").code(), "ERR_REQUEST_TIMEOUT");
    let token = credential.get_token(GRAPH, &plain()).await.expect("a token of another flight");
    assert_eq!(token.secret(), Service::token(2));
}

#[tokio::test(start_paused = true)]
async fn passing_failures_are_retried_as_retry_after_says() {
    let service = Service::default();
    let credential = service.secret_credential();
    service.next([Does::retry_after(503, 7), Does::retry_after(429, 3)]);
    let asked = Instant::now();
    let token = credential.get_token(GRAPH, &plain()).await.expect("a token of the third try");
    assert_eq!(token.secret(), Service::token(3));
    let waited = asked.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_millis(10_100)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn long_retry_after_is_told_at_once_and_kept_to_by_other_callers() {
    let service = Service::default();
    let credential = service.secret_credential();
    service.next([Does::retry_after(429, 120)]);
    let asked = Instant::now();
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("throttled");
    assert_eq!(error.code(), "ERR_SERVICE_UNAVAILABLE");
    assert_eq!(error.service().expect("its words").retry_after, Some(120));
    let error = credential.get_token(VAULT, &plain()).await.expect_err("throttled");
    assert_eq!(error.code(), "ERR_SERVICE_UNAVAILABLE");
    assert_eq!((service.count(), asked.elapsed()), (1, Duration::ZERO));
    advance(Duration::from_secs(121)).await;
    credential.get_token(VAULT, &plain()).await.expect("a token");
}

#[tokio::test(start_paused = true)]
async fn request_that_is_not_answered_times_out_and_is_sent_again() {
    let service = Service::default();
    let options = service.options().request_timeout(Duration::from_secs(4)).max_retries(1);
    let credential = ClientSecretCredential::new(TENANT, CLIENT_ID, "s", options).expect("a credential");
    service.next([Does::Hang, Does::Hang]);
    let asked = Instant::now();
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("no answer");
    assert_eq!(error.code(), "ERR_REQUEST_TIMEOUT");
    let waited = asked.elapsed();
    assert!((Duration::from_secs(8)..Duration::from_secs(9)).contains(&waited), "{waited:?}");
    assert_eq!((service.count(), service.under_way()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn broken_connection_is_an_error_with_its_cause_after_the_retries() {
    let service = Service::default();
    let credential = service.secret_credential();
    service.always(Does::Break);
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("no connection");
    assert_eq!((error.code(), service.count()), ("ERR_NETWORK_FAILED", 3));
    assert!(error.to_string().contains("found a broken connection"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn wall_clock_that_is_set_back_hands_out_no_token_of_the_future() {
    let service = Service::default();
    let clock = SteppingClock::default();
    let options = service.options().clock(clock.clone());
    let credential = ClientSecretCredential::new(TENANT, CLIENT_ID, "s", options).expect("a credential");
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    clock.set(NOW - 86_400);
    let token = credential.get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(token.secret(), Service::token(2));
}
