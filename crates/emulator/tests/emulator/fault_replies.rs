//! What fault rules have answered: statuses, codes, bodies, headers, lifetimes, a clock that is off.

use certgrant_emulator::{Connection, Decision, FaultRule, Request, TokenService, Vault};
use serde_json::{Value, json};

use crate::support::*;

fn faulty(rules: &Value) -> TokenService {
    service_with(&registration(), |config| {
        config.faults = FaultRule::parse(&rules.to_string()).expect("rules");
        config.control = true;
    })
}

fn doing(action: Value) -> TokenService {
    faulty(&json!({ "name": "script", "action": action }))
}

fn token(service: &TokenService) -> Answer {
    present(service, &Assertion::new())
}

#[test]
fn status_brings_an_error_of_the_service() {
    for (status, code, error) in [
        (503, 90033, "temporarily_unavailable"),
        (429, 90055, "temporarily_unavailable"),
        (500, 50000, "server_error"),
        (504, 90012, "temporarily_unavailable"),
        (400, 90023, "invalid_request"),
        (401, 70002, "invalid_client"),
    ] {
        let answer = token(&doing(json!({ "status": status })));
        assert_eq!(answer.response.status, status);
        assert_eq!((&answer.body["error_codes"][0], &answer.body["error"]), (&json!(code), &json!(error)));
        assert!(answer.text().starts_with(&format!("AADSTS{code}: ")), "{}", answer.body);
        assert_eq!(answer.response.header("retry-after"), None);
        let rules = vec!["script".to_owned()];
        assert_eq!(answer.entry.decision, Decision::Faulted { rules, code: Some(format!("AADSTS{code}")) });
        assert!(
            answer.entry.to_string().ends_with(&format!("; fault script: AADSTS{code}")),
            "{}",
            answer.entry
        );
    }
}

#[test]
fn retry_after_comes_in_every_form() {
    for (written, sent) in [
        (json!(60), "60"),
        (json!({ "date": 60 }), "Wed, 01 Jan 2025 00:02:40 GMT"),
        (json!({ "date": -60 }), "Wed, 01 Jan 2025 00:00:40 GMT"),
        (json!("soon"), "soon"),
    ] {
        let answer = token(&doing(json!({ "status": 429, "retryAfter": written })));
        assert_eq!(answer.response.header("retry-after"), Some(sent));
    }
}

#[test]
fn code_brings_its_error_status_and_text() {
    let with = |code: u32| token(&doing(json!({ "error": code })));
    with(700016).assert_scripted(
        700016,
        "unauthorized_client",
        400,
        &format!("identifier '{APP}' was not found in the directory '{TENANT}'"),
    );
    with(500011).assert_scripted(
        500011,
        "invalid_resource",
        400,
        "named https://graph.microsoft.com was not found",
    );
    with(53003).assert_scripted(53003, "access_denied", 400, "blocked by Conditional Access policies");
    with(7000222).assert_scripted(7000222, "invalid_client", 401, "are expired");
    with(90033).assert_scripted(90033, "temporarily_unavailable", 503, "transient error");
    with(51000).assert_scripted(51000, "invalid_request", 412, "MtlsClientAuth");
    with(123).assert_scripted(123, "invalid_request", 400, "answers with this code");
}

#[test]
fn code_700027_names_the_thumbprint_that_the_client_used() {
    let service = doing(json!({ "error": 700027 }));
    let telling = format!(
        "Reason - The key was not found., Thumbprint of key used by client: '{}'",
        app_key().thumbprint()
    );
    token(&service).assert_scripted(700027, "invalid_client", 401, &telling);
    let without = present_text(&service, "no.j.wt");
    without.assert_scripted(700027, "invalid_client", 401, "is not registered on application");
}

#[test]
fn code_700024_tells_the_times_of_the_assertion() {
    let answer = token(&doing(json!({ "error": 700024, "clockOffsetSeconds": 720 })));
    let telling = "Current time: 2025-01-01T00:13:40.0000000Z, assertion valid from 2025-01-01T00:01:40.0000000Z, \
                   expiry time of assertion 2025-01-01T00:11:40.0000000Z";
    answer.assert_scripted(700024, "invalid_client", 401, telling);
    assert_eq!(answer.response.header("date"), Some("Wed, 01 Jan 2025 00:13:40 GMT"));
}

#[test]
fn particulars_of_an_error_are_the_scripts() {
    let challenge = json!({ "access_token": { "capolids": { "essential": true, "values": ["a"] } } });
    let answer = token(&doing(json!({
        "status": 418,
        "error": {
            "code": 50076, "error": "odd", "description": "in other words", "suberror": "basic_action",
            "claims": challenge,
        },
    })));
    answer.assert_scripted(50076, "odd", 418, "AADSTS50076: in other words Trace ID: ");
    assert_eq!(answer.body["suberror"], "basic_action");
    let claims: Value = serde_json::from_str(answer.body["claims"].as_str().expect("text")).expect("JSON");
    assert_eq!(claims, challenge);
    let plain = token(&doing(json!({ "error": { "code": 50076, "claims": "not JSON" } })));
    plain.assert_scripted(50076, "interaction_required", 400, "multi-factor");
    assert_eq!((&plain.body["claims"], plain.body.get("suberror")), (&json!("not JSON"), None));
}

#[test]
fn body_may_be_anything() {
    let raw = |action: Value| token(&doing(action)).response;
    let html = raw(json!({ "status": 502, "body": "html" }));
    assert_eq!((html.status, html.header("content-type")), (502, Some("text/html; charset=utf-8")));
    assert!(html.body.starts_with(b"<!DOCTYPE html>"));
    let garbage = raw(json!({ "body": "garbage" }));
    assert_eq!(
        (garbage.status, garbage.header("content-type")),
        (200, Some("application/json; charset=utf-8"))
    );
    assert!(
        serde_json::from_slice::<Value>(&garbage.body).is_err()
            && core::str::from_utf8(&garbage.body).is_err()
    );
    assert_eq!(raw(json!({ "body": "empty" })).body, b"");
    assert_eq!(raw(json!({ "status": 401, "body": { "text": "no" } })).body, b"no");
    let json = raw(json!({ "body": { "json": { "access_token": 5 } }, "contentType": "text/plain" }));
    assert_eq!(
        (&json.body[..], json.header("content-type")),
        (&b"{\"access_token\":5}"[..], Some("text/plain"))
    );
}

#[test]
fn real_reply_gets_another_type_and_other_headers() {
    let answer = token(&doing(json!({
        "contentType": "text/html",
        "headers": { "Date": "Thu, 01 Jan 1970 00:00:00 GMT", "x-ms-request-id": null, "X-New": "1" },
    })));
    answer.assert_issued();
    let header = |name| answer.response.header(name);
    assert_eq!(header("content-type"), Some("text/html"));
    assert_eq!(header("date"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
    assert_eq!((header("x-ms-request-id"), header("x-new")), (None, Some("1")));
    assert_eq!(answer.entry.deviations, ["fault script"]);
}

#[test]
fn clock_that_is_off_shows_in_the_date_and_in_the_checks() {
    let ahead = doing(json!({ "clockOffsetSeconds": 3600 }));
    let answer = token(&ahead);
    answer.assert_refused(700024, "invalid_client", 401, "valid time range");
    assert_eq!(answer.response.header("date"), Some("Wed, 01 Jan 2025 01:01:40 GMT"));
    let corrected = Assertion::new().claim("nbf", NOW + 3600).claim("exp", NOW + 4200);
    let claims = present(&ahead, &corrected).assert_issued().token_part(1);
    assert_eq!(claims["iat"], NOW + 3300);
    let behind = doing(json!({ "clockOffsetSeconds": -720 }));
    token(&behind).assert_refused(700024, "invalid_client", 401, "valid time range");
}

#[test]
fn lifetime_and_refresh_in_are_the_scripts() {
    let answer = token(&doing(json!({ "lifetimeSeconds": 120, "refreshInSeconds": 30 })));
    assert_eq!((&answer.body["expires_in"], &answer.body["refresh_in"]), (&json!(119), &json!(30)));
    assert_eq!(answer.token_part(1)["exp"], NOW + 120);
    let long = token(&doing(json!({ "lifetimeSeconds": 86_400 })));
    assert_eq!(long.body["refresh_in"], 43_199);
}

#[test]
fn refresh_in_comes_at_v1_only_if_a_script_says_so() {
    let service = doing(json!({ "refreshInSeconds": 900 }));
    let assertion = Assertion::new().sign();
    let parameters = [
        ("grant_type", "client_credentials"),
        ("client_id", APP),
        ("resource", "https://graph.microsoft.com"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &*assertion),
    ];
    let request = Request::post(HOST, &format!("/{TENANT}/oauth2/token"), form(&parameters));
    assert_eq!(Answer::of(&service, &request).body["refresh_in"], "900");
}

#[test]
fn delivery_is_told_to_whoever_sends() {
    let sent = |action: Value| token(&doing(action)).response.delivery;
    let half = sent(json!({ "connection": "half", "delaySeconds": 1.5 }));
    assert_eq!((half.connection, half.delay.as_millis()), (Connection::Half, 1500));
    assert_eq!(sent(json!({ "connection": "stall" })).connection, Connection::Stalled);
    let service = doing(json!({ "connection": "reset" }));
    assert_eq!(token(&service).response.delivery.connection, Connection::Reset);
    let record = service.requests().pop().expect("a record");
    assert_eq!((record.status, record.faults), (0, vec!["script".to_owned()]));
}

#[test]
fn discovery_and_vaults_fail_in_their_own_way() {
    let rules = json!([
        { "match": { "operation": ["discovery", "keys", "instance"] }, "action": { "status": 503, "retryAfter": 5 } },
        { "match": { "operation": "vault" }, "action": { "status": 429, "retryAfter": 10 } },
    ]);
    let service = service_with(&registration(), |config| {
        config.faults = FaultRule::parse(&rules.to_string()).expect("rules");
        let tenant = TENANT.parse().expect("a tenant");
        config.vaults = vec![Vault::new("contoso", tenant).expect("a vault")];
        config.control = true;
    });
    for path in [
        "/contoso.com/v2.0/.well-known/openid-configuration",
        "/common/discovery/keys",
        "/common/discovery/instance",
    ] {
        let answer = Answer::of(&service, &Request::get(HOST, path));
        assert_eq!(
            (answer.response.status, answer.response.header("retry-after")),
            (503, Some("5")),
            "{path}"
        );
        assert_eq!(answer.response.header("access-control-allow-origin"), None);
    }
    let request = Request::get("contoso.vault.localhost", "/certificates/a?api-version=7.4");
    let throttled = Answer::of(&service, &request);
    assert_eq!((throttled.response.status, throttled.response.header("retry-after")), (429, Some("10")));
    assert_eq!(throttled.body["error"]["code"], "Throttled");
    token(&service).assert_issued();
    control(
        &service,
        "POST",
        "faults",
        json!({ "match": { "operation": "vault" }, "action": { "status": 401 } }),
    );
    let challenged = Answer::of(&service, &request);
    assert!(challenged.response.header("www-authenticate").is_some_and(|value| value.contains(TENANT)));
}

impl Answer {
    /// A refusal that a rule has made: code, OAuth error, status and the telling part of the text.
    #[track_caller]
    fn assert_scripted(&self, code: u32, error: &str, status: u16, telling: &str) {
        let shown = (&self.body["error_codes"], &self.body["error"], self.response.status);
        assert_eq!(shown, (&json!([code]), &json!(error), status), "{}", self.body);
        assert!(self.text().contains(telling), "{}\nlacks\n{telling}", self.text());
        assert_eq!(self.body["error_uri"], format!("https://{HOST}/error?code={code}"));
    }
}
