//! Claims challenges: a resource that asks for claims, and tokens that have them.

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use certgrant_emulator::{Clock, Request, TokenService};
use serde_json::{Value, json};

use crate::people::text;
use crate::support::*;

const CAPABLE: &str = r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#;

fn controlled() -> (TokenService, Clock) {
    let clock = Clock::fixed(NOW);
    let service = service_with(&registration(), |config| {
        config.control = true;
        config.clock = clock.clone();
    });
    (service, clock)
}

fn token(service: &TokenService, claims: &str) -> String {
    let answer = match claims {
        "" => present(service, &Assertion::new()),
        _ => present_with(service, "claims", claims),
    };
    text(&answer, "access_token")
}

fn call(service: &TokenService, path: &str, authorization: &str) -> Answer {
    let mut request = Request::get(HOST, path);
    if !authorization.is_empty() {
        request.headers.push(("Authorization".to_owned(), authorization.to_owned()));
    }
    Answer::of(service, &request)
}

fn graph(service: &TokenService, token: &str) -> Answer {
    call(service, "/.resource/graph", &format!("Bearer {token}"))
}

/// A parameter of the challenge.
#[track_caller]
fn parameter(answer: &Answer, name: &str) -> Option<String> {
    assert_eq!(answer.response.status, 401, "{}", answer.body);
    let challenge = answer.response.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Bearer realm=\"\", "), "{challenge}");
    let (_, rest) = challenge.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

#[test]
fn resource_takes_tokens_that_are_for_it() {
    let (service, clock) = controlled();
    let good = token(&service, "");
    let answer = graph(&service, &good);
    assert_eq!((answer.response.status, &answer.body["client"]), (200, &json!(APP)));
    assert!(!answer.entry.to_string().contains(&good));
    assert_eq!(service.count("resource"), 1);
    assert_eq!(service.requests()[1].client.as_deref(), Some(APP));
    let by_id = call(&service, "/.resource/00000003-0000-0000-c000-000000000000", &format!("bearer {good}"));
    assert_eq!(by_id.response.status, 200);
    let missing = call(&service, "/.resource/graph", "");
    assert_eq!(parameter(&missing, "error"), None);
    assert_eq!(
        parameter(&missing, "authorization_uri"),
        Some(format!("https://{HOST}/common/oauth2/authorize"))
    );
    let (stranger, _) = controlled();
    let vault = call(&service, "/.resource/https%3A%2F%2Fvault.azure.net", &format!("Bearer {good}"));
    for answer in [graph(&stranger, &good), graph(&service, "nonsense"), vault] {
        assert_eq!(parameter(&answer, "error").as_deref(), Some("invalid_token"));
    }
    clock.advance(Duration::from_secs(5400));
    assert_eq!(parameter(&graph(&service, &good), "error").as_deref(), Some("invalid_token"));
    assert_eq!(call(&service, "/.resource/api%3A%2F%2Fnowhere", "").response.status, 404);
}

#[test]
fn revoked_session_is_challenged_until_a_younger_token_comes() {
    let (service, clock) = controlled();
    let before = token(&service, CAPABLE);
    assert_eq!(graph(&service, &before).response.status, 200);
    clock.advance(Duration::from_secs(10));
    control(&service, "POST", "resources/graph", Value::Null);
    let refused = graph(&service, &before);
    assert_eq!(parameter(&refused, "error").as_deref(), Some("insufficient_claims"));
    let encoded = parameter(&refused, "claims").expect("claims");
    let challenge: Value = serde_json::from_slice(&STANDARD.decode(encoded).expect("base64")).expect("JSON");
    let expected =
        json!({ "access_token": { "nbf": { "essential": true, "value": (NOW + 10).to_string() } } });
    assert_eq!(challenge, expected);
    assert_eq!(
        graph(&service, &token(&service, CAPABLE)).response.status,
        401,
        "asked for without the claims"
    );
    let mut merged = challenge;
    merged["access_token"]["xms_cc"] = json!({ "values": ["cp1"] });
    let after = token(&service, &merged.to_string());
    assert_eq!(graph(&service, &after).response.status, 200);
    assert_eq!(crate::people::claims(&after)["nbf"], NOW + 10);
    assert_eq!(control(&service, "GET", "resources", Value::Null)["demands"][GRAPH], expected);
    control(&service, "DELETE", "resources/graph", Value::Null);
    assert_eq!(graph(&service, &before).response.status, 200);
}

const GRAPH: &str = "https://graph.microsoft.com";

#[test]
fn any_claim_may_be_asked_for_and_is_put_into_the_token() {
    let (service, _) = controlled();
    let claims = json!({ "access_token": {
        "acrs": { "essential": true, "value": "c25" },
        "polids": { "values": ["a", "b"] },
    } });
    control(
        &service,
        "POST",
        "resources/graph",
        json!({ "claims": claims, "urlSafe": true, "ofEverybody": true }),
    );
    let plain = token(&service, "");
    let refused = graph(&service, &plain);
    let encoded = parameter(&refused, "claims").expect("claims");
    let challenge = URL_SAFE_NO_PAD.decode(encoded).expect("base64url without padding");
    let challenge = String::from_utf8(challenge).expect("UTF-8");
    let answered = token(&service, &challenge);
    let said = crate::people::claims(&answered);
    assert_eq!((&said["acrs"], &said["polids"]), (&json!(["c25"]), &json!(["a", "b"])));
    assert_eq!(graph(&service, &answered).response.status, 200);
    let half = r#"{"access_token":{"acrs":{"value":"c25"}}}"#;
    assert_eq!(graph(&service, &token(&service, half)).response.status, 401);
}

#[test]
fn client_that_has_declared_nothing_is_refused_and_not_challenged() {
    let (service, _) = controlled();
    control(&service, "POST", "resources/graph", Value::Null);
    let refused = graph(&service, &token(&service, ""));
    assert_eq!(parameter(&refused, "error").as_deref(), Some("invalid_token"));
    assert_eq!(parameter(&refused, "claims"), None);
}

#[test]
fn claims_of_a_request_do_not_change_what_the_token_says_of_itself() {
    let (service, _) = controlled();
    let forged = r#"{"access_token":{"appid":{"value":"other"},"oid":{"value":"other"},"roles":{"value":"All"},"nbf":{"value":"9999999999"}}}"#;
    let said = crate::people::claims(&token(&service, forged));
    assert_eq!((&said["appid"], &said["nbf"]), (&json!(APP), &json!(NOW - 300)));
    assert_ne!(said["oid"], "other");
    assert_eq!(said.get("roles"), None);
    present_with(&service, "claims", "{").assert_refused(90023, "invalid_request", 400, "claims");
    let wrong = Answer::of(&service, &control_request("POST", "resources/graph", &json!({ "claims": {} })));
    assert_eq!(wrong.response.status, 400);
}
