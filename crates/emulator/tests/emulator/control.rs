//! The control interface: who may use it, the clock, the records of requests.

use certgrant_emulator::{Clock, Request, TokenService};
use serde_json::{Value, json};

use crate::support::*;

fn controlled() -> TokenService {
    service_with(&registration(), |config| config.control = true)
}

#[test]
fn it_is_off_unless_it_is_asked_for() {
    let request = control_request("GET", "", &Value::Null);
    assert_eq!(Answer::of(service(), &request).response.status, 404);
    let answer = Answer::of(&controlled(), &request);
    assert_eq!((answer.response.status, &answer.body["clock"]["unixSeconds"]), (200, &json!(NOW)));
}

#[test]
fn pages_and_strange_hosts_are_refused() {
    let service = controlled();
    let mut page = control_request("DELETE", "requests", &Value::Null);
    page.headers.push(("Origin".to_owned(), "https://evil.example".to_owned()));
    assert_eq!(Answer::of(&service, &page).response.status, 403);
    let mut form = control_request("POST", "clock", &json!({ "advanceSeconds": 1 }));
    form.headers.clear();
    assert_eq!(Answer::of(&service, &form).response.status, 415);
    for (host, status) in [
        ("rebound.example:8443", 403),
        ("localhost.evil.example", 403),
        ("LOCALHOST:8443", 200),
        ("127.0.0.1", 200),
        ("[::1]:8443", 200),
        ("[::2]:8443", 403),
    ] {
        let request = Request { host: host.to_owned(), ..control_request("GET", "clock", &Value::Null) };
        assert_eq!(Answer::of(&service, &request).response.status, status, "{host}");
    }
}

#[test]
fn what_makes_no_sense_is_said() {
    let service = controlled();
    for (method, path, body, status, telling) in [
        ("GET", "nothing", Value::Null, 404, "there is no GET /nothing"),
        ("PUT", "clock", Value::Null, 404, "there is no PUT"),
        ("POST", "clock", json!({ "advance": 1 }), 400, "unknown field `advance`"),
        ("POST", "clock", json!({ "advanceSeconds": -1 }), 400, "advanceSeconds"),
        ("PATCH", "vaults/nobody", json!({}), 404, "there is no vault \"nobody\""),
    ] {
        let answer = Answer::of(&service, &control_request(method, path, &body));
        assert_eq!(answer.response.status, status, "{}", answer.body);
        assert!(answer.body["error"].as_str().is_some_and(|text| text.contains(telling)), "{}", answer.body);
    }
}

#[test]
fn clock_is_moved_stopped_and_runs_on() {
    let service = controlled();
    let date = || present(&service, &Assertion::new()).response.header("date").map(str::to_owned);
    assert_eq!(date().as_deref(), Some("Wed, 01 Jan 2025 00:01:40 GMT"));
    let moved = control(&service, "POST", "clock", json!({ "advanceSeconds": 61.5 }));
    assert_eq!(moved, json!({ "unixSeconds": NOW + 61, "time": "2025-01-01 00:02:41Z", "stopped": false }));
    assert_eq!(date().as_deref(), Some("Wed, 01 Jan 2025 00:02:41 GMT"));
    let stopped = control(&service, "POST", "clock", json!({ "unixSeconds": NOW, "stopped": true }));
    assert_eq!((&stopped["unixSeconds"], &stopped["stopped"]), (&json!(NOW), &json!(true)));
    let still = control(&service, "POST", "clock", json!({ "unixSeconds": NOW + 5, "advanceSeconds": 1 }));
    assert_eq!((&still["unixSeconds"], &still["stopped"]), (&json!(NOW + 6), &json!(true)));
    let running = control(&service, "POST", "clock", json!({ "stopped": false }));
    assert_eq!((&running["unixSeconds"], &running["stopped"]), (&json!(NOW + 6), &json!(false)));
    assert_eq!(control(&service, "GET", "clock", Value::Null), running);
}

#[test]
fn assertion_expires_when_the_clock_is_moved() {
    let clock = Clock::fixed(NOW);
    let service = service_with(&registration(), |config| config.clock = clock.clone());
    let assertion = Assertion::new().sign();
    present_text(&service, &assertion).assert_issued();
    service.control("POST", "clock", "{\"advanceSeconds\": 901}").expect("a moved clock");
    present_text(&service, &assertion).assert_refused(700024, "invalid_client", 401, "valid time range");
}

#[test]
fn requests_are_shown_by_operation_and_forgotten() {
    let service = controlled();
    present(&service, &Assertion::new());
    present(&service, &Assertion::new().signed_by(other_key()));
    Answer::of(&service, &Request::get(HOST, "/common/discovery/keys"));
    let all = control(&service, "GET", "requests", Value::Null);
    assert_eq!(all["counts"], json!({ "keys": 1, "token": 2 }));
    let tokens = control(&service, "GET", "requests?operation=token", Value::Null);
    assert_eq!((&tokens["count"], &tokens["requests"][1]["number"]), (&json!(2), &json!(2)));
    let refused = json!({
        "number": 2, "unixSeconds": NOW, "operation": "token", "method": "POST",
        "path": format!("/{TENANT}/oauth2/v2.0/token"), "tenant": TENANT, "client": APP,
        "status": 401, "code": "AADSTS700027", "faults": [],
    });
    assert_eq!(tokens["requests"][1], refused);
    control(&service, "DELETE", "requests", Value::Null);
    assert_eq!(service.count("token"), 0);
}

#[test]
fn library_controls_without_http() {
    let service = service_with(&registration(), |_| ());
    let shown = service.control("GET", "requests?operation=token", "").expect("an answer");
    assert!(shown.contains("\"count\":0"), "{shown}");
    assert_eq!(service.control("GET", "nothing", ""), Err("there is no GET nothing".to_owned()));
}
