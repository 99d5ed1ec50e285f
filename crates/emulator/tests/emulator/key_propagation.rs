//! Keys that are registered while the service runs, and not known at once.

use core::time::Duration;

use certgrant_emulator::{Clock, TokenService};
use serde_json::{Value, json};

use crate::support::*;

fn running() -> (TokenService, Clock) {
    let clock = Clock::fixed(NOW);
    let service = service_with(&registration(), |config| {
        config.clock = clock.clone();
        config.control = true;
    });
    (service, clock)
}

fn by_other_key() -> Assertion {
    use base64::Engine as _;
    let x5t = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(other_key().sha1());
    Assertion::new().signed_by(other_key()).header("x5t", x5t)
}

fn add_key(service: &TokenService, mut body: Value) -> Value {
    body["key"] = json!(other_key().base64());
    control(service, "POST", &format!("applications/{APP}/keys"), body)
}

#[test]
fn added_key_is_known_at_once_unless_it_is_said() {
    let (service, _) = running();
    present(&service, &by_other_key()).assert_refused(700027, "invalid_client", 401, "The key was not found");
    let added = add_key(&service, json!({}));
    assert_eq!(added["thumbprint"], other_key().thumbprint());
    present(&service, &by_other_key()).assert_issued();
    present(&service, &Assertion::new()).assert_issued();
}

#[test]
fn key_is_not_known_for_some_seconds() {
    let (service, clock) = running();
    add_key(&service, json!({ "propagationSeconds": 30 }));
    let telling = format!("Thumbprint of key used by client: '{}'", other_key().thumbprint());
    present(&service, &by_other_key()).assert_refused(700027, "invalid_client", 401, &telling);
    clock.advance(Duration::from_secs(29));
    present(&service, &by_other_key()).assert_refused(700027, "invalid_client", 401, &telling);
    clock.advance(Duration::from_secs(1));
    present(&service, &by_other_key()).assert_issued();
}

#[test]
fn key_is_not_known_for_some_requests() {
    let (service, _) = running();
    add_key(&service, json!({ "propagationRequests": 2, "keyId": "new" }));
    for _ in 0..2 {
        // A request with another key does not count.
        present(&service, &Assertion::new()).assert_issued();
        present(&service, &by_other_key()).assert_refused(700027, "invalid_client", 401, "was not found");
    }
    present(&service, &by_other_key()).assert_issued();
}

#[test]
fn removed_key_is_known_no_more() {
    let (service, _) = running();
    let shown = control(&service, "GET", "applications", Value::Null);
    let key = &shown["applications"][0]["keys"][0];
    assert_eq!(key["thumbprint"], app_key().thumbprint());
    let path = format!("applications/{APP}/keys/{}", key["keyId"].as_str().expect("an id"));
    control(&service, "DELETE", &path, Value::Null);
    present(&service, &Assertion::new()).assert_refused(700027, "invalid_client", 401, "was not found");
    assert_eq!(Answer::of(&service, &control_request("DELETE", &path, &Value::Null)).response.status, 404);
}

#[test]
fn key_that_is_none_is_refused() {
    let (service, _) = running();
    for (app, key, status, telling) in [
        (APP, "?", 400, "key: not base64"),
        (APP, "AAAA", 400, "key: not a DER certificate"),
        (APP, "-----BEGIN X-----", 400, "key: is PEM without a certificate"),
        (TENANT, &other_key().base64(), 404, "there is no application"),
    ] {
        let request = control_request("POST", &format!("applications/{app}/keys"), &json!({ "key": key }));
        let answer = Answer::of(&service, &request);
        assert_eq!(answer.response.status, status);
        assert!(answer.body["error"].as_str().is_some_and(|text| text.contains(telling)), "{}", answer.body);
    }
}
