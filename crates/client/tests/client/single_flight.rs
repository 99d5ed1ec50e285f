//! Callers of the same token share one request, and none of them depends on another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::support::*;

#[tokio::test]
async fn ten_thousand_callers_make_one_request() {
    let service = Service::default();
    let credential = service.secret_credential();
    let gate = service.gate();
    let calling = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..10_000 {
        let (credential, calling) = (credential.clone(), Arc::clone(&calling));
        callers.spawn(async move {
            calling.fetch_add(1, Ordering::Relaxed);
            credential.get_token(GRAPH, &plain()).await
        });
    }
    while calling.load(Ordering::Relaxed) < 10_000 || service.count() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!((service.count(), service.under_way()), (1, 1));
    gate.add_permits(1);
    while let Some(token) = callers.join_next().await {
        assert_eq!(token.expect("no panic").expect("a token").secret(), Service::token(1));
    }
    assert_eq!(service.count(), 1);
}

#[tokio::test]
async fn ten_thousand_callers_share_a_certificate_that_is_opened_once_and_one_request() {
    let service = Service::default();
    let opened = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&opened);
    let source = certgrant::CertificateSource::supplier(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        async { Ok(certgrant_testkit::vectors::assertion_rs256::pem().into_bytes()) }
    });
    let credential = service.credential_with(source);
    let mut callers = JoinSet::new();
    for _ in 0..10_000 {
        let credential = credential.clone();
        callers.spawn(async move { credential.get_token(GRAPH, &plain()).await });
    }
    while let Some(token) = callers.join_next().await {
        assert_eq!(token.expect("no panic").expect("a token").secret(), Service::token(1));
    }
    assert_eq!(service.count(), 1);
    // Once to open it, once before the assertion was made.
    assert_eq!(opened.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn flight_goes_on_when_the_caller_that_started_it_leaves() {
    let service = Service::default();
    let credential = service.secret_credential();
    let gate = service.gate();
    let call = |credential: certgrant::ClientSecretCredential| {
        tokio::spawn(async move { credential.get_token(GRAPH, &plain()).await })
    };
    let first = call(credential.clone());
    settle().await;
    let second = call(credential.clone());
    settle().await;
    first.abort();
    assert!(first.await.expect_err("it was ended").is_cancelled());
    settle().await;
    assert_eq!((service.count(), service.under_way()), (1, 1));
    gate.add_permits(1);
    assert_eq!(second.await.expect("no panic").expect("a token").secret(), Service::token(1));
}

#[tokio::test]
async fn flight_ends_when_nobody_waits_for_it() {
    let service = Service::default();
    let credential = service.secret_credential();
    let gate = service.gate();
    let caller = tokio::spawn({
        let credential = credential.clone();
        async move { credential.get_token(GRAPH, &plain()).await }
    });
    settle().await;
    assert_eq!(service.under_way(), 1);
    caller.abort();
    settle().await;
    assert_eq!(service.under_way(), 0, "the request was given up");
    gate.add_permits(1);
    let token = credential.get_token(GRAPH, &plain()).await.expect("a token of a new flight");
    assert_eq!(token.secret(), Service::token(2));
}

#[tokio::test]
async fn caller_that_comes_while_a_flight_is_being_given_up_gets_a_new_one() {
    let service = Service::default();
    let credential = service.secret_credential();
    service.next([Does::Hang]);
    {
        let scopes = GRAPH;
        let options = plain();
        let mut call = Box::pin(credential.get_token(scopes, &options));
        tokio::select! {
            biased;
            _ = &mut call => unreachable!("it hangs"),
            () = settle() => {}
        }
    }
    // Its task has had no chance to end yet.
    let token = credential.get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(token.secret(), Service::token(2));
}

#[tokio::test(start_paused = true)]
async fn caller_that_times_out_leaves_the_others_alone() {
    let service = Service::default();
    let credential = service.secret_credential();
    service.next([Does::AnswerAfter(Duration::from_secs(10), Service::grant("late", 3599))]);
    let (hasty_options, deadline_options) = (
        plain().timeout(Duration::from_secs(2)),
        plain().deadline(tokio::time::Instant::now().into_std() + Duration::from_secs(3)),
    );
    let patient_options = plain();
    let (hasty, with_deadline, patient) = tokio::join!(
        credential.get_token(GRAPH, &hasty_options),
        credential.get_token(GRAPH, &deadline_options),
        credential.get_token(GRAPH, &patient_options),
    );
    let error = hasty.expect_err("its time was up");
    assert_eq!(error.code(), "ERR_REQUEST_TIMEOUT");
    assert!(error.to_string().contains("found no token after 2000 ms"), "{error}");
    assert_eq!(with_deadline.expect_err("its time was up").code(), "ERR_REQUEST_TIMEOUT");
    assert_eq!(patient.expect("a token").secret(), "late");
    assert_eq!(service.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_slow_token_holds_up_no_other() {
    let service = Service::default();
    let credential = service.secret_credential();
    service.next([Does::Hang]);
    let slow = tokio::spawn({
        let credential = credential.clone();
        async move { credential.get_token(VAULT, &plain()).await }
    });
    settle().await;
    let started = tokio::time::Instant::now();
    let token = credential.get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(token.secret(), Service::token(2));
    assert_eq!(started.elapsed(), Duration::ZERO);
    slow.abort();
}

#[tokio::test]
async fn failure_is_shared_and_not_remembered() {
    let service = Service::default();
    let credential = service.secret_credential();
    let refusal = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}"#;
    service.next([Does::Answer(401, vec![], refusal.to_owned())]);
    let options = plain();
    let (first, second) =
        tokio::join!(credential.get_token(GRAPH, &options), credential.get_token(GRAPH, &options));
    for error in [first.expect_err("refused"), second.expect_err("refused")] {
        assert_eq!(error.code(), "ERR_SERVICE_REFUSED");
        assert_eq!(error.service().expect("its words").error_codes, [7_000_215]);
    }
    assert_eq!(service.count(), 1);
    credential.get_token(GRAPH, &plain()).await.expect("a token");
}

#[tokio::test]
async fn flight_that_panics_is_an_error_for_all_and_the_next_call_starts_afresh() {
    let service = Service::default();
    let credential = service.secret_credential();
    service.next([Does::Panic]);
    let options = plain();
    let (first, second) =
        tokio::join!(credential.get_token(GRAPH, &options), credential.get_token(GRAPH, &options));
    for error in [first.expect_err("a panic"), second.expect_err("a panic")] {
        assert_eq!(error.code(), "ERR_INTERNAL");
    }
    credential.get_token(GRAPH, &plain()).await.expect("a token");
}

#[test]
fn flight_of_a_runtime_that_is_shut_down_is_started_again_by_another_caller() {
    let service = Service::default();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let (first, second) = (runtime(), runtime());
    service.next([Does::Hang]);
    let credential = first.block_on(async { service.secret_credential() });
    first.block_on(async {
        let credential = credential.clone();
        tokio::spawn(async move { credential.get_token(GRAPH, &plain()).await });
        settle().await;
    });
    let waiting = second.spawn({
        let credential = credential.clone();
        async move { credential.get_token(GRAPH, &plain()).await }
    });
    second.block_on(settle());
    assert_eq!(service.count(), 1, "it waits for the other runtime's flight");
    drop(first);
    let token = second.block_on(waiting).expect("no panic").expect("a token");
    assert_eq!((token.secret(), service.count()), (Service::token(2).as_str(), 2));
}

#[test]
fn renewal_that_its_runtime_never_began_is_begun_by_another_caller() {
    let service = Service::default();
    let clock = SteppingClock::default();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let (first, second) = (runtime(), runtime());
    let options = service.options().clock(clock.clone());
    let credential =
        certgrant::ClientSecretCredential::new(TENANT, CLIENT_ID, "secret", options).expect("a credential");
    let ask = |runtime: &tokio::runtime::Runtime| {
        runtime.block_on(credential.get_token(GRAPH, &plain())).expect("a token").secret().to_owned()
    };
    assert_eq!(ask(&first), Service::token(1));
    clock.set(NOW + 3_400);
    assert_eq!(ask(&first), Service::token(1), "its renewal is left to a runtime that does not come to it");
    drop(first);
    clock.set(NOW + 3_700);
    assert_eq!(ask(&second), Service::token(2));
}

#[test]
fn caller_outside_of_a_runtime_gets_the_token_that_is_alive_until_its_end() {
    let service = Service::default();
    let clock = SteppingClock::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let options = runtime.block_on(async { service.options().clock(clock.clone()) });
    let credential =
        certgrant::ClientSecretCredential::new(TENANT, CLIENT_ID, "secret", options).expect("a credential");
    runtime.block_on(credential.get_token(GRAPH, &plain())).expect("a token");
    clock.set(NOW + 3_599 - 10);
    service.always(Does::Hang);
    let ask = || {
        let options = plain();
        let call = core::pin::pin!(credential.get_token(GRAPH, &options));
        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        match call.poll(&mut context) {
            core::task::Poll::Ready(token) => token.expect("the token at hand").secret().to_owned(),
            core::task::Poll::Pending => panic!("it can't wait"),
        }
    };
    assert_eq!((ask(), service.count()), (Service::token(1), 1), "there is nothing to renew it on");
    // Another runtime's renewal can be joined, and not be waited for.
    runtime.spawn({
        let credential = credential.clone();
        async move { credential.get_token(GRAPH, &plain()).await }
    });
    runtime.block_on(settle());
    assert_eq!((ask(), service.count()), (Service::token(1), 2));
}

/// With a time limit and without.
fn hurried_or_not() -> [certgrant::TokenOptions; 2] {
    [plain(), plain().timeout(Duration::from_secs(9))]
}

#[test]
fn call_outside_of_a_runtime_is_an_error_that_says_so() {
    let service = Service::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let credential = runtime.block_on(async { service.secret_credential() });
    for options in hurried_or_not() {
        let call = core::pin::pin!(credential.get_token(GRAPH, &options));
        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        let core::task::Poll::Ready(result) = call.poll(&mut context) else { panic!("it waits for nothing") };
        assert_eq!(result.expect_err("no runtime").code(), "ERR_RUNTIME_MISSING");
    }
}

#[test]
fn call_on_a_runtime_without_timers_is_an_error_that_says_so() {
    let service = Service::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let credential = runtime.block_on(async { service.secret_credential() });
    for options in hurried_or_not() {
        let error = runtime.block_on(credential.get_token(GRAPH, &options)).expect_err("no timers");
        assert_eq!(error.code(), "ERR_RUNTIME_MISSING");
        assert!(error.to_string().contains("found a runtime without timers"), "{error}");
    }
}

#[tokio::test]
async fn credentials_are_token_credentials_that_threads_can_share() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<certgrant::ClientCertificateCredential>();
    shared::<certgrant::ClientSecretCredential>();
    shared::<certgrant::ClientAssertionCredential>();
    shared::<certgrant::AccessToken>();
    shared::<certgrant::Error>();
    fn sent<T: Send>(value: T) -> T {
        value
    }
    let service = Service::default();
    let credential: Arc<dyn certgrant::TokenCredential> = Arc::new(service.secret_credential());
    let options = plain();
    let token = sent(credential.get_token(GRAPH, &options)).await.expect("a token");
    assert_eq!(token.secret(), Service::token(1));
    sent(service.certificate_credential().get_token(GRAPH, &options)).await.expect("a token");
}
