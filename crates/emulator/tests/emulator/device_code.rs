//! The device code flow, with the control interface in the place of the user.

use core::time::Duration;

use certgrant_emulator::{Request, TokenService};
use serde_json::{Value, json};

use crate::people::*;
use crate::support::*;

const URN: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn start(service: &TokenService) -> (String, String) {
    let parameters = [("client_id", DESKTOP), ("scope", "openid offline_access User.Read")];
    let answer = post(service, TENANT, "oauth2/v2.0/devicecode", &parameters);
    assert_eq!(answer.response.status, 200, "{}", answer.body);
    (text(&answer, "device_code"), text(&answer, "user_code"))
}

fn poll(service: &TokenService, device_code: &str) -> Answer {
    v2(service, &[("grant_type", URN), ("client_id", DESKTOP), ("device_code", device_code)])
}

fn decide(service: &TokenService, user_code: &str, act: Value) {
    control(service, "POST", &format!("devicecodes/{user_code}"), act);
}

#[test]
fn v2_start_has_numbers() {
    let (service, _) = with_people();
    let parameters = [("client_id", DESKTOP), ("scope", "User.Read")];
    let answer = post(&service, TENANT, "oauth2/v2.0/devicecode?mkt=de-DE", &parameters);
    assert_eq!(
        members(&answer.body),
        ["device_code", "expires_in", "interval", "message", "user_code", "verification_uri"]
    );
    assert_eq!((&answer.body["expires_in"], &answer.body["interval"]), (&json!(900), &json!(5)));
    let message = text(&answer, "message");
    assert!(
        message.contains(&text(&answer, "user_code")) && message.contains(&text(&answer, "verification_uri"))
    );
    assert_eq!(text(&answer, "user_code").len(), 9);
    assert_eq!(answer.response.header("cache-control"), Some("no-store, no-cache"));
    assert_eq!((service.count("devicecode"), service.count("token")), (1, 0));
}

#[test]
fn v1_start_has_strings_and_takes_its_parameters_from_the_query_as_well() {
    let (service, _) = with_people();
    let parameters = [("client_id", DESKTOP), ("resource", "https://graph.microsoft.com"), ("mkt", "en-us")];
    let posted = post(&service, TENANT, "oauth2/devicecode?api-version=1.0", &parameters);
    let query = format!("/{TENANT}/oauth2/devicecode?{}", form(&parameters));
    let got = Answer::of(&service, &Request::get(HOST, &query));
    for answer in [posted, got] {
        assert_eq!(
            members(&answer.body),
            ["device_code", "expires_in", "interval", "message", "user_code", "verification_url"]
        );
        assert_eq!((&answer.body["expires_in"], &answer.body["interval"]), (&json!("900"), &json!("5")));
        assert_eq!(answer.entry.client.as_deref(), Some(DESKTOP));
    }
    let mut wrong = Request::get(HOST, &format!("/{TENANT}/oauth2/v2.0/devicecode"));
    assert_eq!(Answer::of(&service, &wrong).body["error_codes"], json!([900561]));
    wrong.method = "PUT".to_owned();
    assert_eq!(Answer::of(&service, &wrong).body["error_codes"], json!([900561]));
}

#[test]
fn start_says_what_it_lacks() {
    let (service, _) = with_people();
    for (parameters, code, telling) in [
        (&[("scope", "User.Read")][..], 900144, "'client_id'"),
        (&[("client_id", DESKTOP)], 900144, "'scope'"),
        (&[("client_id", TENANT), ("scope", "User.Read")], 700016, TENANT),
        (&[("client_id", DESKTOP), ("scope", "api://nowhere/x")], 500011, "api://nowhere"),
        (&[("client_id", DESKTOP), ("resource", "x")], 901002, "'resource'"),
    ] {
        let answer = post(&service, TENANT, "oauth2/v2.0/devicecode", parameters);
        assert_eq!(answer.body["error_codes"], json!([code]), "{}", answer.body);
        assert!(answer.text().contains(telling), "{}", answer.body);
    }
}

#[test]
fn device_waits_until_the_user_approves_and_gets_one_token() {
    let (service, _) = with_people();
    let (device_code, user_code) = start(&service);
    for _ in 0..2 {
        poll(&service, &device_code).assert_refused(70016, "authorization_pending", 400, "pending");
    }
    decide(&service, &user_code.to_lowercase(), json!({ "approve": ADA }));
    let answer = poll(&service, &device_code);
    assert_eq!(answer.assert_issued().token_part(1)["upn"], ADA);
    assert!(answer.body["refresh_token"].is_string() && answer.body["id_token"].is_string());
    poll(&service, &device_code).assert_refused(70018, "bad_verification_code", 400, "verification code");
}

#[test]
fn v1_calls_the_code_code() {
    let (service, _) = with_people();
    let parameters = [("client_id", DESKTOP), ("resource", "https://graph.microsoft.com")];
    let started = post(&service, "common", "oauth2/devicecode?api-version=1.0", &parameters);
    decide(&service, &text(&started, "user_code"), json!({ "approve": ADA }));
    let polled = [
        ("grant_type", "device_code"),
        ("client_id", DESKTOP),
        ("resource", "https://graph.microsoft.com"),
        ("code", &text(&started, "device_code")),
    ];
    let answer = post(&service, "common", "oauth2/token?api-version=1.0", &polled);
    assert_eq!(answer.assert_issued().body["expires_in"], "3599");
    assert!(answer.body["refresh_token"].is_string());
}

#[test]
fn common_knows_the_tenant_only_when_somebody_has_approved() {
    let (service, _) = with_people();
    let (device_code, user_code) = start(&service);
    let polled = [("grant_type", URN), ("client_id", DESKTOP), ("device_code", device_code.as_str())];
    let early = post(&service, "organizations", "oauth2/v2.0/token", &polled);
    early.assert_refused(70016, "authorization_pending", 400, "pending");
    decide(&service, &user_code, json!({ "approve": ADA }));
    post(&service, "organizations", "oauth2/v2.0/token", &polled).assert_issued();
}

#[test]
fn user_may_decline_or_let_it_expire() {
    let (service, clock) = with_people();
    let (declined, user_code) = start(&service);
    decide(&service, &user_code, json!({ "decline": true }));
    poll(&service, &declined).assert_refused(65004, "authorization_declined", 400, "declined");
    let (expired, _) = start(&service);
    clock.advance(Duration::from_secs(899));
    poll(&service, &expired).assert_refused(70016, "authorization_pending", 400, "");
    clock.advance(Duration::from_secs(1));
    poll(&service, &expired).assert_refused(70020, "expired_token", 400, "expired");
    let v1 = v1(&service, &[("grant_type", "device_code"), ("client_id", DESKTOP), ("code", &expired)]);
    v1.assert_refused(70019, "code_expired", 400, "expired");
}

#[test]
fn device_is_told_to_slow_down_on_demand() {
    let (service, _) = with_people();
    let (device_code, user_code) = start(&service);
    decide(&service, &user_code, json!({ "slowDown": 2 }));
    for _ in 0..2 {
        poll(&service, &device_code).assert_refused(70016, "slow_down", 400, "");
    }
    poll(&service, &device_code).assert_refused(70016, "authorization_pending", 400, "");
}

#[test]
fn user_may_decide_ahead() {
    let (service, _) = with_people();
    control(&service, "POST", "devicecodes", json!({ "approve": ADA }));
    poll(&service, &start(&service).0).assert_issued();
    control(&service, "POST", "devicecodes", json!({}));
    poll(&service, &start(&service).0).assert_refused(70016, "authorization_pending", 400, "");
}

#[test]
fn code_is_of_one_client_and_not_to_be_guessed() {
    let (service, _) = with_people();
    let (device_code, user_code) = start(&service);
    decide(&service, &user_code, json!({ "approve": ADA }));
    let of_other = [
        ("grant_type", URN),
        ("client_id", API),
        ("client_secret", SECRET),
        ("device_code", device_code.as_str()),
    ];
    v2(&service, &of_other).assert_refused(70018, "bad_verification_code", 400, "");
    poll(&service, "guessed").assert_refused(70018, "bad_verification_code", 400, "");
    poll(&service, &device_code).assert_issued();
}

#[test]
fn control_interface_shows_the_codes_and_knows_them() {
    let (service, _) = with_people();
    let (_, user_code) = start(&service);
    let shown = control(&service, "GET", "devicecodes", Value::Null);
    let expected = json!({
        "userCode": user_code, "appId": DESKTOP, "resource": "https://graph.microsoft.com",
        "expires": NOW + 900, "state": "pending", "user": null,
    });
    assert_eq!(shown["deviceCodes"], json!([expected]));
    for (path, act) in [
        ("devicecodes/NOTACODE1", json!({ "decline": true })),
        (&format!("devicecodes/{user_code}"), json!({ "approve": "nobody" })),
        (&format!("devicecodes/{user_code}"), json!({ "approve": ADA, "decline": true })),
    ] {
        assert_ne!(Answer::of(&service, &control_request("POST", path, &act)).response.status, 200);
    }
}
