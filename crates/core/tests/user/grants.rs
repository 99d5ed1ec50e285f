//! Token requests, user codes and the polling of device codes.

use crate::drive::*;
use certgrant_core::*;

fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

fn body_of(grant: UserGrant) -> String {
    run(grant, vec![ok("{}")]).sent.remove(0).body
}

#[test]
fn token_requests_have_the_parameters_that_adal_node_sends() {
    assert_eq!(
        body_of(UserGrant::ClientSecret(secret("s e&c"))),
        "grant_type=client_credentials&client_id=client&resource=urn%3Aresource&client_secret=s%20e%26c"
    );
    let code = |client_secret| UserGrant::AuthorizationCode {
        code: secret("c"),
        redirect_uri: "https://r".into(),
        client_secret,
    };
    let public = "grant_type=authorization_code&client_id=client&resource=urn%3Aresource&redirect_uri=https%3A%2F%2Fr&code=c";
    assert_eq!(body_of(code(None)), public);
    assert_eq!(body_of(code(Some(secret("s")))), format!("{public}&client_secret=s"));
    let refresh = |client_secret| UserGrant::RefreshToken { refresh_token: secret("r"), client_secret };
    assert_eq!(
        body_of(refresh(None)),
        "grant_type=refresh_token&scope=openid&client_id=client&resource=urn%3Aresource&refresh_token=r"
    );
    assert_eq!(
        body_of(refresh(Some(secret("s")))),
        "grant_type=refresh_token&scope=openid&client_id=client&resource=urn%3Aresource&client_secret=s&refresh_token=r"
    );
}

#[test]
fn request_goes_to_the_v1_endpoint_with_the_standard_headers() {
    let driven = run(UserGrant::ClientSecret(secret("s")), vec![ok("{\"a\":1}")]);
    let [sent] = driven.sent.as_slice() else { panic!("one request") };
    assert_eq!(sent.url, "https://login.example/tenant/oauth2/token?api-version=1.0");
    assert_eq!((sent.method, sent.purpose), (Method::Post, Purpose::Token));
    for (name, value) in [
        ("client-request-id", "correlation"),
        ("return-client-request-id", "true"),
        ("x-client-SKU", "Node"),
        ("x-client-Ver", "0.2.4"),
        ("x-client-OS", "linux"),
        ("x-client-CPU", "x64"),
        ("content-type", "application/x-www-form-urlencoded"),
    ] {
        assert_eq!(sent.header(name), Some(value), "{name}");
    }
    assert_eq!(driven.result.unwrap(), "{\"a\":1}");
}

#[test]
fn tenant_can_not_break_out_of_its_place_in_the_path() {
    for (tenant, path) in
        [("common", "common"), ("a/../b", "a%2F..%2Fb"), ("t%20x", "t%2520x"), ("t?x#y", "t%3Fx%23y")]
    {
        let driven = run_in(tenant, task(UserGrant::ClientSecret(secret("s"))), vec![ok("{}")]);
        assert_eq!(driven.sent[0].url, format!("https://login.example/{path}/oauth2/token?api-version=1.0"));
    }
}

#[test]
fn resource_is_left_out_where_there_is_none() {
    let grant = UserGrant::RefreshToken { refresh_token: secret("r"), client_secret: None };
    let driven = run_in("tenant", UserTask { resource: None, ..task(grant) }, vec![ok("{}")]);
    assert_eq!(driven.sent[0].body, "grant_type=refresh_token&scope=openid&client_id=client&refresh_token=r");
}

#[test]
fn error_status_is_a_refusal_with_the_response_and_is_not_repeated() {
    let driven = run(UserGrant::ClientSecret(secret("s")), vec![refusal("invalid_client")]);
    assert_eq!(driven.sent.len(), 1);
    let fault = driven.result.unwrap_err();
    let UserFault::Refused(Purpose::Token, response) = &fault else { panic!("{fault:?}") };
    assert_eq!(response.status, 400);
    let error = fault.error(Timestamp::from_millis(START));
    assert_eq!(error.code(), ErrorCode::ServiceRefused);
    assert_eq!(error.service().unwrap().error, "invalid_client");
}

#[test]
fn redirect_of_a_post_is_a_refusal() {
    let driven = run(UserGrant::ClientSecret(secret("s")), vec![Answer::Body(302, String::new())]);
    assert!(matches!(driven.result, Err(UserFault::Refused(Purpose::Token, _))));
}

#[test]
fn missing_answer_is_an_error_of_the_network() {
    let fault = run(UserGrant::ClientSecret(secret("s")), vec![Answer::Nothing]).result.unwrap_err();
    assert_eq!(fault.error(Timestamp::from_millis(START)).code(), ErrorCode::NetworkFailed);
}

#[test]
fn user_code_is_asked_for_in_the_language_of_the_user() {
    for (language, body) in [
        (Some("de-DE"), "client_id=client&resource=urn%3Aresource&mkt=de-DE"),
        (None, "client_id=client&resource=urn%3Aresource"),
    ] {
        let driven = run(UserGrant::UserCode { language: language.map(Into::into) }, vec![ok("{}")]);
        assert_eq!(driven.sent[0].url, "https://login.example/tenant/oauth2/devicecode?api-version=1.0");
        assert_eq!(driven.sent[0].purpose, Purpose::UserCode);
        assert_eq!(driven.sent[0].body, body);
    }
}

#[test]
fn discovery_asks_the_world_wide_service_about_the_authority() {
    let driven = run(UserGrant::Discovery, vec![ok("{}")]);
    assert_eq!(
        driven.sent[0].url,
        "https://login.windows.net/common/discovery/instance?authorization_endpoint=\
         https%3A%2F%2Flogin.example%2Ftenant%2Foauth2%2Fauthorize&api-version=1.0"
    );
    assert_eq!((driven.sent[0].method, driven.sent[0].purpose), (Method::Get, Purpose::Discovery));
}

fn device_code(interval: u64, lifetime: u64) -> UserGrant {
    UserGrant::DeviceCode {
        device_code: secret("d"),
        interval_millis: interval * 1000,
        expires_in_millis: lifetime * 1000,
    }
}

#[test]
fn device_code_is_asked_about_at_once_and_then_in_its_interval() {
    let pending = || refusal("authorization_pending");
    let driven = run(device_code(5, 900), vec![pending(), Answer::Nothing, pending(), ok("{\"token\":1}")]);
    assert_eq!(driven.waits, [5000; 3]);
    assert_eq!(driven.result.unwrap(), "{\"token\":1}");
    assert!(driven.sent.iter().all(|sent| {
        sent.body == "grant_type=device_code&client_id=client&resource=urn%3Aresource&code=d"
    }));
}

#[test]
fn device_code_is_asked_about_as_often_as_its_lifetime_allows() {
    for (interval, lifetime, polls) in [(1, 3, 3), (3, 10, 3), (5, 900, 180), (5, 3, 1), (0, 11, 2)] {
        let driven = run(device_code(interval, lifetime), vec![refusal("authorization_pending")]);
        assert_eq!(driven.sent.len(), polls, "every {interval} s of {lifetime} s");
        let fault = driven.result.unwrap_err();
        assert!(matches!(fault, UserFault::CodeExpired(_)));
        assert_eq!(fault.error(Timestamp::from_millis(START)).code(), ErrorCode::DeviceCodeExpired);
    }
}

#[test]
fn slow_down_makes_the_interval_five_seconds_longer() {
    let script = vec![refusal("slow_down"), refusal("authorization_pending"), refusal("slow_down"), ok("{}")];
    assert_eq!(run(device_code(5, 900), script).waits, [10_000, 10_000, 15_000]);
}

#[test]
fn every_other_answer_ends_the_polling() {
    for answer in [
        refusal("authorization_declined"),
        refusal("expired_token"),
        refusal("bad_verification_code"),
        Answer::Body(503, "busy".into()),
        ok(r#"{"error":"authorization_pending"}"#),
    ] {
        let driven = run(device_code(5, 900), vec![answer]);
        assert_eq!(driven.sent.len(), 1);
        assert!(matches!(driven.result, Err(UserFault::Refused(Purpose::Token, _))));
    }
}

#[test]
fn waking_too_early_waits_on_and_other_inputs_are_refused() {
    let flows = flows("tenant");
    let mut flight = UserFlight::new(task(device_code(5, 900)));
    let at = Timestamp::from_millis;
    flows.step(&mut flight, UserInput::Begin([1; 32]), at(0)).unwrap();
    flows.step(&mut flight, UserInput::Failure(TransportFailure::Timeout), at(0)).unwrap();
    assert!(
        matches!(flows.step(&mut flight, UserInput::Woken, at(4999)), Ok(UserStep::Wait(until)) if until == at(5000))
    );
    assert!(matches!(flows.step(&mut flight, UserInput::Woken, at(5000)), Ok(UserStep::Send { .. })));
    let error = flows.step(&mut flight, UserInput::Woken, at(5000)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::StepUnexpected);
}
