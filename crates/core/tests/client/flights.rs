//! Cache, flights, retries, requests and what they give away.

use crate::drive::*;
use certgrant_core::*;
use certgrant_testkit::authority::InMemoryAuthority;
use certgrant_testkit::jwt::{decode, form_value};
use certgrant_testkit::leaks::LeakScanner;
use certgrant_testkit::vectors::assertion_rs256 as vector;
use std::sync::Arc;

const ENDPOINT: &str =
    "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token";

#[test]
fn token_is_asked_for_once_and_then_served_until_it_needs_renewal() {
    let mut drive = drive(options());
    let first = drive.acquire(&request()).unwrap();
    drive.now = drive.now.plus_secs(3298);
    assert!(Arc::ptr_eq(&first, &drive.acquire(&request()).unwrap()));
    drive.now = drive.now.plus_secs(1);
    assert_eq!(drive.acquire(&request()).unwrap().access_token.expose(), &InMemoryAuthority::token(2));
}

#[test]
fn request_has_the_fields_that_entra_documents() {
    let mut drive = drive(ClientOptions {
        product: Some(Product { sku: "certgrant.test".into(), version: "1.2".into(), os: None, cpu: None }),
        ..options()
    });
    drive.acquire(&TokenRequest { correlation_id: Some("my-id".into()), ..request() }).unwrap();
    let sent = &drive.requests[0];
    assert_eq!((sent.method, sent.url.as_str()), (Method::Post, ENDPOINT));
    let expected = [
        ("accept", "application/json"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("client-request-id", "my-id"),
        ("return-client-request-id", "true"),
        ("x-client-SKU", "certgrant.test"),
        ("x-client-Ver", "1.2"),
    ];
    assert_eq!(sent.headers, expected.map(|(name, value)| (name, value.to_owned())));
    let value = |name| form_value(sent.body.expose(), name).unwrap();
    assert_eq!(value("grant_type"), "client_credentials");
    assert_eq!(value("client_id"), vector::CLIENT_ID);
    assert_eq!(value("scope"), "https://graph.microsoft.com/.default");
    assert_eq!(value("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let (header, claims, signature) = decode(&value("client_assertion"));
    assert_eq!(header["x5t#S256"], vector::X5T_S256);
    assert_eq!(claims["aud"], ENDPOINT);
    assert_eq!(claims["exp"], START + 600);
    assert_eq!(signature, SIGNATURE);
}

#[test]
fn v1_request_names_the_resource_and_the_api_version() {
    let mut drive =
        drive(ClientOptions { endpoint: EndpointVersion::V1, api_version: Some("1.0".into()), ..options() });
    drive.acquire(&TokenRequest::new(Target::resource("https://graph.microsoft.com").unwrap())).unwrap();
    let sent = &drive.requests[0];
    assert_eq!(sent.url, ENDPOINT.replace("/v2.0", "") + "?api-version=1.0");
    assert_eq!(form_value(sent.body.expose(), "resource").as_deref(), Some("https://graph.microsoft.com"));
    let (header, claims, _) = decode(&form_value(sent.body.expose(), "client_assertion").unwrap());
    assert_eq!((&header["alg"], &header["x5t"]), (&"RS256".into(), &vector::X5T.into()));
    // The audience is the endpoint without the query.
    assert_eq!(claims["aud"], ENDPOINT.replace("/v2.0", ""));
}

#[test]
fn second_caller_joins_the_flight_of_the_first() {
    let mut drive = drive(options());
    let flight = drive.start(&request());
    let other = TokenRequest::new(Target::scopes(&["https://vault.azure.net/.default"]).unwrap());
    assert!(
        matches!(drive.client.acquire(&request(), drive.now), Ok(Found::Join(joined)) if joined == flight)
    );
    assert_ne!(drive.start(&other), flight);
    drive.finish(flight).unwrap();
    assert!(matches!(drive.client.acquire(&request(), drive.now), Ok(Found::Token(_))));
}

#[test]
fn abandoned_flight_is_gone() {
    let mut drive = drive(options());
    let flight = drive.start(&request());
    drive.client.abandon(flight);
    drive.client.abandon(flight);
    assert_ne!(drive.start(&request()), flight);
    let error = drive.step(flight, Input::Woken).unwrap_err();
    assert_eq!((error.code(), error.found()), (ErrorCode::StepUnexpected, "an unknown flight"));
}

#[test]
fn unexpected_input_leaves_the_flight_as_it_was() {
    let mut drive = drive(options());
    let flight = drive.start(&request());
    let step = |drive: &mut Drive, input| drive.step(flight, input);
    assert_eq!(step(&mut drive, Input::Woken).unwrap_err().code(), ErrorCode::StepUnexpected);
    assert!(matches!(step(&mut drive, Input::Begin([0; 32])), Ok(Step::Sign(_))));
    assert_eq!(step(&mut drive, Input::Begin([0; 32])).unwrap_err().code(), ErrorCode::StepUnexpected);
    assert!(matches!(step(&mut drive, signature()), Ok(Step::Send(_))));
    assert_eq!(step(&mut drive, signature()).unwrap_err().code(), ErrorCode::StepUnexpected);
    assert!(matches!(step(&mut drive, Input::Failure(TransportFailure::Timeout)), Ok(Step::Wait(_))));
}

#[test]
fn throttled_request_waits_as_long_as_the_service_asks() {
    let mut drive = drive(options());
    let start = drive.now;
    drive.script(429, r#"{"error":"invalid_request"}"#);
    drive.acquire(&request()).unwrap();
    assert_eq!(drive.waits, [start.plus_secs(7)]);
}

#[test]
fn flight_does_not_sit_out_an_hour() {
    let mut drive = drive(options());
    drive.script(503, "");
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ServiceUnavailable);
    assert_eq!(error.service().unwrap().retry_after, Some(3600));
    assert!(drive.waits.is_empty());
}

#[test]
fn network_failures_are_retried_with_growing_back_off_and_then_told() {
    let mut drive = drive(ClientOptions { max_retries: Some(4), ..options() });
    for _ in 0..5 {
        drive.script(0, "");
    }
    let mut before = drive.now;
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!((error.code(), error.found()), (ErrorCode::NetworkFailed, "ECONNREFUSED"));
    assert_eq!(drive.waits.len(), 4);
    for (until, limit) in drive.waits.iter().zip([500, 1000, 2000, 4000]) {
        assert!(*until >= before && *until < before.plus_millis(limit), "{until:?} {before:?}");
        before = *until;
    }
    assert!(drive.acquire(&request()).is_ok(), "a failure is not remembered");
}

#[test]
fn refusal_is_not_retried() {
    let mut drive = drive(options());
    drive.script(401, r#"{"error":"invalid_client","error_codes":[700027]}"#);
    assert_eq!(drive.acquire(&request()).unwrap_err().code(), ErrorCode::ServiceRefused);
    assert_eq!(drive.requests.len(), 1);
}

#[test]
fn woken_too_early_waits_on() {
    let mut drive = drive(options());
    let flight = drive.start(&request());
    let mut input = drive.begin();
    let until = loop {
        input = match drive.step(flight, input).unwrap() {
            Step::Sign(_) => signature(),
            Step::Send(_) => Input::Response(HttpResponse {
                status: 429,
                headers: vec![("retry-after".into(), "5".into())],
                body: b"{}".to_vec().into(),
            }),
            Step::Wait(until) => break until,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(drive.step(flight, Input::Woken), Ok(Step::Wait(again)) if again == until));
    drive.now = until;
    assert!(matches!(drive.step(flight, Input::Woken), Ok(Step::Send(_))));
}

#[test]
fn valid_token_is_served_when_its_renewal_fails() {
    let mut drive = drive(ClientOptions { max_retries: Some(0), ..options() });
    let token = drive.acquire(&request()).unwrap();
    drive.now = token.refresh_on;
    drive.script(0, "");
    assert!(Arc::ptr_eq(&token, &drive.acquire(&request()).unwrap()));
    drive.now = token.expires_on;
    drive.script(0, "");
    assert_eq!(drive.acquire(&request()).unwrap_err().code(), ErrorCode::NetworkFailed);
}

#[test]
fn claims_challenge_bypasses_the_cache_and_replaces_the_token() {
    let mut drive = drive(options());
    let rejected = drive.acquire(&request()).unwrap();
    let challenge = TokenRequest { claims: Some(r#"{"access_token":{}}"#.into()), ..request() };
    let renewed = drive.acquire(&challenge).unwrap();
    assert!(!Arc::ptr_eq(&rejected, &renewed));
    assert_eq!(
        form_value(drive.requests[1].body.expose(), "claims").as_deref(),
        Some(r#"{"access_token":{}}"#)
    );
    assert!(Arc::ptr_eq(&renewed, &drive.acquire(&request()).unwrap()));
}

#[test]
fn caller_with_a_cache_of_its_own_always_asks_the_service() {
    let mut drive = drive(options());
    let request = TokenRequest { skip_cache: true, ..request() };
    drive.acquire(&request).unwrap();
    drive.acquire(&request).unwrap();
    assert_eq!(drive.requests.len(), 2);
    drive.acquire(&self::request()).unwrap();
    assert_eq!(drive.requests.len(), 3, "and leaves nothing in this one");
}

#[test]
fn callers_with_and_without_the_cache_do_not_share_a_flight() {
    let mut drive = drive(options());
    let ordinary = drive.start(&request());
    assert_ne!(drive.start(&TokenRequest { skip_cache: true, ..request() }), ordinary);
}

#[test]
fn tenants_and_capabilities_have_tokens_of_their_own() {
    let mut drive =
        drive(ClientOptions { additionally_allowed_tenants: vec!["Fabrikam.com".into()], ..options() });
    let other = Tenant::parse("fabrikam.com").unwrap();
    drive.acquire(&request()).unwrap();
    drive.acquire(&TokenRequest { tenant: Some(other), ..request() }).unwrap();
    drive.acquire(&TokenRequest { enable_cae: true, ..request() }).unwrap();
    assert_eq!(drive.requests.len(), 3);
    assert!(drive.requests[1].url.contains("/fabrikam.com/"));
    let claims = form_value(drive.requests[2].body.expose(), "claims");
    assert_eq!(claims.as_deref(), Some(r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#));
}

#[test]
fn tenant_that_is_not_allowed_is_refused_before_any_request() {
    let mut drive = drive(options());
    let tenant = Tenant::parse("fabrikam.com").ok();
    let error = drive.acquire(&TokenRequest { tenant, ..request() }).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TenantNotAllowed);
    let error = drive.acquire(&TokenRequest::new(Target::resource("x").unwrap())).unwrap_err();
    assert_eq!(error.code(), ErrorCode::EndpointMismatch);
    assert!(drive.requests.is_empty());
}

#[test]
fn federated_client_sends_the_assertion_of_its_host() {
    let (mut config, _) = options().into_config().unwrap();
    config.credential = Credential::Assertion;
    let mut client = Client::new(config).unwrap();
    let now = Timestamp::default();
    let Ok(Acquired::Start(flight)) = client.acquire(&request(), None, now) else { panic!() };
    let step = client.step(flight, Input::Begin([1; 32]), now).unwrap();
    assert!(matches!(step, Step::Assert { audience } if audience == ENDPOINT));
    let step = client.step(flight, Input::Assertion("a.b.c".to_owned().into()), now).unwrap();
    let Step::Send(request) = step else { panic!("{step:?}") };
    assert_eq!(form_value(request.body.expose(), "client_assertion").as_deref(), Some("a.b.c"));
}

#[test]
fn failing_signer_ends_the_flight_for_all_who_wait() {
    let mut drive = drive(options());
    let flight = drive.start(&request());
    let begin = drive.begin();
    drive.step(flight, begin).unwrap();
    let failed = Input::SigningFailed("a refusal of the vault".into());
    let step = drive.client.step(flight, failed, drive.now).unwrap();
    let CachingStep::Done { result: Err(error), .. } = step else { panic!("{step:?}") };
    assert_eq!((error.code(), error.found()), (ErrorCode::SigningFailed, "a refusal of the vault"));
    assert_eq!(error.code().kind(), ErrorKind::Key);
}

#[test]
fn host_without_an_assertion_ends_the_flight_with_an_error_of_its_own() {
    let (mut config, _) = options().into_config().unwrap();
    config.credential = Credential::Assertion;
    let mut client = Client::new(config).unwrap();
    let now = Timestamp::default();
    let Ok(Acquired::Start(flight)) = client.acquire(&request(), None, now) else { panic!() };
    client.step(flight, Input::Begin([1; 32]), now).unwrap();
    let step = client.step(flight, Input::SigningFailed("an empty file".into()), now).unwrap();
    let Step::Done(Outcome::Failed(error)) = step else { panic!("{step:?}") };
    assert_eq!((error.code(), error.found()), (ErrorCode::AssertionFailed, "an empty file"));
}

#[test]
fn refusal_of_a_proxy_is_not_tried_again() {
    let mut drive = drive(options());
    let flight = drive.start(&request());
    let begin = drive.begin();
    drive.step(flight, begin).unwrap();
    drive.step(flight, Input::Signature(SIGNATURE.to_vec().into())).unwrap();
    let refused = Input::Failure(TransportFailure::Proxy("status 407".into()));
    let step = drive.client.step(flight, refused, drive.now).unwrap();
    let CachingStep::Done { result: Err(error), .. } = step else { panic!("{step:?}") };
    assert_eq!((error.code(), error.found()), (ErrorCode::ProxyRefused, "status 407"));
}

#[test]
fn nothing_that_is_printed_for_debugging_holds_a_secret() {
    let mut scanner = LeakScanner::new();
    scanner.add_bytes("key", vector::KEY_PKCS8_DER);
    scanner.add_bytes("signature", &SIGNATURE);
    scanner.add_text("token", &InMemoryAuthority::token(1));
    let mut drive = drive(options());
    let mut printed = format!("{:?} {:?}", options(), Bundle::from_pem(vector::pem().as_bytes()));
    let flight = drive.start(&request());
    let mut input = drive.begin();
    loop {
        printed += &format!("{:?}", drive.client);
        printed += &format!("{input:?}");
        let step = drive.client.step(flight, input, drive.now).unwrap();
        printed += &format!("{step:?}");
        let step = match step {
            CachingStep::Next(step) => step,
            CachingStep::Done { result, .. } => {
                printed += &format!("{result:?} {:?}", drive.client);
                break;
            }
        };
        input = match step {
            Step::Sign(_) => signature(),
            Step::Send(request) => {
                scanner
                    .add_text("assertion", &form_value(request.body.expose(), "client_assertion").unwrap());
                let (status, body) = drive.service.answer(&request.url, request.body.expose());
                Input::Response(HttpResponse { status, headers: vec![], body: body.into() })
            }
            other => panic!("{other:?}"),
        };
    }
    drive.script(401, &format!(r#"{{"error":"x","access_token":"{}"}}"#, InMemoryAuthority::token(1)));
    drive.script(200, &format!(r#"{{"access_token":"{}"#, InMemoryAuthority::token(1)));
    for _ in 0..2 {
        printed += &format!("{:?}", drive.acquire(&TokenRequest { skip_cache: true, ..request() }));
    }
    assert_eq!(scanner.find(&printed), [""; 0]);
}
