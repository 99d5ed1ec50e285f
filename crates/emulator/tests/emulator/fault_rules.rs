//! Which requests a fault rule is for, how often it happens, and how rules come and go.

use core::time::Duration;

use certgrant_emulator::{Clock, FaultRule, Request, TokenService};
use serde_json::{Value, json};

use crate::support::*;

const OTHER_APP: &str = "99999999-bbbb-cccc-dddd-eeeeeeeeeeee";

fn faulty(rules: &Value) -> (TokenService, Clock) {
    let clock = Clock::fixed(NOW);
    let registrations = json!([
        registration(),
        { "appId": OTHER_APP, "passwordCredentials": [{ "secretText": "secret" }] },
    ]);
    let service = service_with(&registrations, |config| {
        config.faults = FaultRule::parse(&rules.to_string()).expect("rules");
        config.clock = clock.clone();
        config.control = true;
    });
    (service, clock)
}

/// Statuses of some token requests.
fn statuses(service: &TokenService, count: usize) -> Vec<u16> {
    (0..count).map(|_| present(service, &Assertion::new()).response.status).collect()
}

fn other_status(service: &TokenService, tenant: &str) -> u16 {
    let parameters = [
        ("grant_type", "client_credentials"),
        ("client_id", OTHER_APP),
        ("scope", GRAPH_SCOPE),
        ("client_secret", "secret"),
    ];
    let request = Request::post(HOST, &format!("/{tenant}/oauth2/v2.0/token"), form(&parameters));
    Answer::of(service, &request).response.status
}

#[test]
fn rule_happens_to_the_requests_that_it_counts() {
    let rule = |matching: Value| json!({ "match": matching, "action": { "status": 503 } });
    for (matching, expected) in [
        (json!({}), [503; 5]),
        (json!({ "count": 2 }), [503, 503, 200, 200, 200]),
        (json!({ "from": 2, "count": 1 }), [200, 503, 200, 200, 200]),
        (json!({ "from": 4 }), [200, 200, 200, 503, 503]),
        (json!({ "count": 0 }), [200; 5]),
    ] {
        assert_eq!(statuses(&faulty(&rule(matching)).0, 5), expected);
    }
}

#[test]
fn rule_is_for_an_operation_a_tenant_or_a_client() {
    let rule = |matching: Value| json!({ "match": matching, "action": { "status": 503 } });
    let (discovery, _) = faulty(&rule(json!({ "operation": "discovery" })));
    assert_eq!(statuses(&discovery, 1), [200]);
    let (client, _) = faulty(&rule(json!({ "client": APP.to_uppercase() })));
    assert_eq!((statuses(&client, 1), other_status(&client, TENANT)), (vec![503], 200));
    let (tenant, _) = faulty(&rule(json!({ "tenant": "contoso.com", "operation": ["token"] })));
    assert_eq!((other_status(&tenant, "Contoso.com"), other_status(&tenant, "fabrikam.com")), (503, 200));
    let document =
        Answer::of(&tenant, &Request::get(HOST, "/contoso.com/v2.0/.well-known/openid-configuration"));
    let issuer = document.body["issuer"].as_str().expect("an issuer").to_owned();
    let id = issuer.split('/').nth(3).expect("a tenant");
    assert_eq!(other_status(&tenant, id), 503, "the GUID of the domain is the same tenant");
}

#[test]
fn rule_ends_when_its_time_is_over() {
    let (service, clock) = faulty(&json!({ "match": { "forSeconds": 60 }, "action": { "status": 503 } }));
    assert_eq!(statuses(&service, 2), [503, 503]);
    clock.advance(Duration::from_secs(59));
    assert_eq!(statuses(&service, 1), [503]);
    clock.advance(Duration::from_secs(1));
    assert_eq!(statuses(&service, 1), [200]);
    // Added later, it begins later.
    control(&service, "POST", "faults", json!({ "match": { "forSeconds": 1 }, "action": { "status": 500 } }));
    assert_eq!(statuses(&service, 1), [500]);
}

#[test]
fn client_is_throttled_beyond_its_limit_until_the_window_is_over() {
    let rule = json!({ "name": "limit", "match": { "operation": "token", "over": { "requests": 2, "seconds": 60 } }, "action": {} });
    let (service, clock) = faulty(&rule);
    assert_eq!(statuses(&service, 2), [200, 200]);
    clock.advance(Duration::from_millis(20_500));
    let throttled = present(&service, &Assertion::new());
    assert_eq!((throttled.response.status, throttled.response.header("retry-after")), (429, Some("40")));
    assert_eq!(throttled.body["error"], "temporarily_unavailable");
    assert_eq!(other_status(&service, TENANT), 200, "another client has a window of its own");
    clock.advance(Duration::from_millis(39_500));
    assert_eq!(statuses(&service, 3), [200, 200, 429]);
    let shown = control(&service, "GET", "faults", Value::Null);
    let counters = json!({ "name": "limit", "rule": rule, "matched": 7, "fired": 2 });
    assert_eq!(shown["faults"], json!([counters]));
}

#[test]
fn throttling_may_look_otherwise() {
    let rule = json!({
        "match": { "over": { "requests": 0, "seconds": 60 } },
        "action": { "status": 503, "retryAfter": { "date": 5 } },
    });
    let answer = present(&faulty(&rule).0, &Assertion::new());
    assert_eq!(answer.response.status, 503);
    assert_eq!(answer.response.header("retry-after"), Some("Wed, 01 Jan 2025 00:01:45 GMT"));
}

#[test]
fn later_rules_count_more_and_the_rest_adds_up() {
    let (service, _) = faulty(&json!([
        { "name": "a", "action": { "status": 500, "retryAfter": 5, "headers": { "x-a": "1", "x-b": "1" } } },
        { "name": "b", "action": { "status": 503, "headers": { "x-b": "2" } } },
    ]));
    let answer = present(&service, &Assertion::new()).response;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    assert_eq!((answer.header("x-a"), answer.header("x-b")), (Some("1"), Some("2")));
    assert_eq!(service.requests()[0].faults, ["a", "b"]);
}

#[test]
fn rules_are_added_replaced_and_removed_while_it_runs() {
    let (service, _) = faulty(&json!([]));
    assert_eq!(statuses(&service, 1), [200]);
    let added = control(
        &service,
        "POST",
        "faults",
        json!([{ "name": "down", "action": { "status": 503 } }, { "action": { "headers": { "x-a": "1" } } }]),
    );
    assert_eq!((&added["names"][0], added["names"].as_array().map(Vec::len)), (&json!("down"), Some(2)));
    assert_eq!(statuses(&service, 1), [503]);
    control(&service, "POST", "faults", json!({ "name": "down", "action": { "status": 500 } }));
    assert_eq!(statuses(&service, 1), [500]);
    let shown = control(&service, "GET", "faults", Value::Null);
    assert_eq!(shown["faults"].as_array().map(Vec::len), Some(2));
    control(&service, "DELETE", "faults/down", Value::Null);
    assert_eq!(present(&service, &Assertion::new()).response.header("x-a"), Some("1"));
    let again = Answer::of(&service, &control_request("DELETE", "faults/down", &Value::Null));
    assert_eq!(again.response.status, 404);
    control(&service, "DELETE", "faults", Value::Null);
    assert_eq!(present(&service, &Assertion::new()).response.header("x-a"), None);
}

#[test]
fn control_interface_is_never_faulted() {
    let (service, _) = faulty(&json!({ "action": { "status": 503, "connection": "reset" } }));
    control(&service, "GET", "faults", Value::Null);
}

#[test]
fn script_that_makes_no_sense_is_refused() {
    for (rules, telling) in [
        (json!([{ "action": { "status": 503 } }, {}]), "rule 2: missing field `action`"),
        (json!({ "action": {} }), "rule 1: the action does nothing"),
        (json!({ "action": { "stat": 1 } }), "unknown field `stat`"),
        (json!({ "action": { "status": 99 } }), "action.status is not a number from 200 to 599"),
        (json!({ "action": { "delaySeconds": -1 } }), "a time is not a number of seconds"),
        (
            json!({ "action": { "status": 503 }, "match": { "operation": "tokens" } }),
            "\"tokens\" is no operation; there are token, ",
        ),
        (
            json!({ "action": { "status": 503 }, "match": { "over": { "requests": 1 } } }),
            "missing field `seconds`",
        ),
        (json!({ "action": { "connection": "burn" } }), "unknown variant `burn`"),
    ] {
        let fault = FaultRule::parse(&rules.to_string()).expect_err("a refusal").to_string();
        assert!(fault.contains(telling), "{fault}\nlacks\n{telling}");
    }
    assert!(FaultRule::parse("[").is_err());
}
