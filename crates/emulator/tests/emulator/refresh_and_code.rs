//! Refresh tokens and authorization codes: what they are good for, how often, and how long.

use core::time::Duration;

use certgrant_emulator::TokenService;
use serde_json::{Value, json};

use crate::people::*;
use crate::support::*;

/// A verifier and its challenge from RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn refresh_token(service: &TokenService) -> String {
    let answer = v2(
        service,
        &[
            ("grant_type", "password"),
            ("client_id", DESKTOP),
            ("scope", "offline_access openid api://orders/read"),
            ("username", ADA),
            ("password", PASSWORD),
        ],
    );
    text(&answer, "refresh_token")
}

fn refresh(service: &TokenService, token: &str) -> Answer {
    v2(service, &[("grant_type", "refresh_token"), ("client_id", DESKTOP), ("refresh_token", token)])
}

fn code(service: &TokenService, change: Value) -> String {
    let mut order = json!({ "clientId": API, "redirectUri": REDIRECT, "scope": "openid User.Read" });
    for (name, value) in change.as_object().expect("an object") {
        order[name] = value.clone();
    }
    let answer = control(service, "POST", &format!("users/{}/codes", encode(ADA)), order);
    answer["code"].as_str().expect("a code").to_owned()
}

fn redeem(service: &TokenService, code: &str, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![
        ("grant_type", "authorization_code"),
        ("client_id", API),
        ("client_secret", SECRET),
        ("redirect_uri", REDIRECT),
        ("code", code),
    ];
    parameters.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    parameters.extend(more);
    v2(service, &parameters)
}

#[test]
fn refresh_token_gives_what_was_agreed_to_or_what_is_asked_for() {
    let (service, _) = with_people();
    let token = refresh_token(&service);
    let same = refresh(&service, &token);
    assert_eq!(same.assert_issued().token_part(1)["scp"], "read");
    assert_eq!(same.body["scope"], "openid api://orders/read");
    assert_ne!(text(&same, "refresh_token"), token);
    let other = v2(
        &service,
        &[
            ("grant_type", "refresh_token"),
            ("client_id", DESKTOP),
            ("refresh_token", &token),
            ("scope", "User.Read"),
        ],
    );
    assert_eq!(other.assert_issued().token_part(1)["aud"], "https://graph.microsoft.com");
    let v1 = v1(
        &service,
        &[
            ("grant_type", "refresh_token"),
            ("scope", "openid"),
            ("client_id", DESKTOP),
            ("resource", "https://vault.azure.net"),
            ("refresh_token", &text(&same, "refresh_token")),
        ],
    );
    assert_eq!(v1.assert_issued().body["resource"], "https://vault.azure.net");
    assert!(v1.body["refresh_token"].is_string() && v1.body["id_token"].is_string());
}

#[test]
fn refresh_token_works_in_another_tenant_and_at_common() {
    let (service, _) = with_people();
    let token = refresh_token(&service);
    let parameters =
        [("grant_type", "refresh_token"), ("client_id", DESKTOP), ("refresh_token", token.as_str())];
    let elsewhere = post(&service, "fabrikam.com", "oauth2/v2.0/token", &parameters);
    assert_ne!(elsewhere.assert_issued().token_part(1)["tid"], TENANT);
    let common = post(&service, "common", "oauth2/v2.0/token", &parameters);
    assert_eq!(common.assert_issued().token_part(1)["tid"], TENANT);
}

#[test]
fn refresh_token_is_refused_when_it_is_old_foreign_or_revoked() {
    let (service, clock) = with_people();
    let token = refresh_token(&service);
    let of_other = v2(
        &service,
        &[
            ("grant_type", "refresh_token"),
            ("client_id", API),
            ("client_secret", SECRET),
            ("refresh_token", &token),
        ],
    );
    of_other.assert_refused(70000, "invalid_grant", 400, "another application");
    assert_eq!(of_other.body["suberror"], "client_mismatch");
    refresh(&service, "1.AnoToken").assert_refused(70000, "invalid_grant", 400, "'refresh_token'");
    clock.advance(Duration::from_secs(1));
    control(&service, "POST", &format!("users/{ADA}/sign-out"), Value::Null);
    refresh(&service, &token).assert_refused(50173, "invalid_grant", 400, "revoked");
    let next = refresh_token(&service);
    refresh(&service, &next).assert_issued();
    clock.advance(Duration::from_secs(90 * 86_400));
    refresh(&service, &next).assert_refused(700082, "invalid_grant", 400, "inactivity");
    let next = refresh_token(&service);
    control(&service, "PATCH", &format!("users/{ADA}"), json!({ "accountEnabled": false }));
    refresh(&service, &next).assert_refused(50057, "invalid_grant", 400, "disabled");
    control(&service, "DELETE", &format!("users/{ADA}"), Value::Null);
    refresh(&service, &next).assert_refused(50034, "invalid_grant", 400, "does not exist");
}

#[test]
fn code_is_redeemed_once() {
    let (service, _) = with_people();
    let code = code(&service, json!({ "nonce": "n-0S6_WzA2Mj" }));
    let answer = redeem(&service, &code, &[]);
    assert_eq!(answer.assert_issued().token_part(1)["scp"], "User.Read");
    assert_eq!(claims(&text(&answer, "id_token"))["nonce"], "n-0S6_WzA2Mj");
    assert_eq!(answer.body.get("refresh_token"), None, "offline_access was not asked for");
    redeem(&service, &code, &[]).assert_refused(54005, "invalid_grant", 400, "already redeemed");
}

#[test]
fn code_of_v1_gives_strings_and_a_refresh_token() {
    let (service, _) = with_people();
    let code = code(&service, json!({ "scope": null, "resource": "https://vault.azure.net" }));
    let answer = v1(
        &service,
        &[
            ("grant_type", "authorization_code"),
            ("client_id", API),
            ("client_secret", SECRET),
            ("redirect_uri", REDIRECT),
            ("resource", "https://vault.azure.net"),
            ("code", &code),
        ],
    );
    assert_eq!(answer.assert_issued().body["expires_in"], "3599");
    let refreshed = v1(
        &service,
        &[
            ("grant_type", "refresh_token"),
            ("client_id", API),
            ("client_secret", SECRET),
            ("refresh_token", &text(&answer, "refresh_token")),
        ],
    );
    assert_eq!(refreshed.assert_issued().body["resource"], "https://vault.azure.net");
}

#[test]
fn code_is_good_for_its_client_its_redirect_uri_and_ten_minutes() {
    let (service, clock) = with_people();
    let one = code(&service, json!({}));
    redeem(&service, &one, &[("redirect_uri", "http://localhost/elsewhere")]).assert_refused(
        500112,
        "invalid_client",
        401,
        "does not match the reply address",
    );
    redeem(&service, "1.AAAA", &[]).assert_refused(70000, "invalid_grant", 400, "'code'");
    let as_refresh_token = [
        ("grant_type", "refresh_token"),
        ("client_id", API),
        ("client_secret", SECRET),
        ("refresh_token", &*one),
    ];
    v2(&service, &as_refresh_token).assert_refused(70000, "invalid_grant", 400, "'refresh_token'");
    let of_other = [("client_id", DESKTOP), ("client_secret", "")];
    redeem(&service, &one, &of_other).assert_refused(70000, "invalid_grant", 400, "another application");
    clock.advance(Duration::from_secs(599));
    redeem(&service, &one, &[]).assert_issued();
    let late = code(&service, json!({}));
    clock.advance(Duration::from_secs(600));
    redeem(&service, &late, &[]).assert_refused(70008, "invalid_grant", 400, "expired");
}

#[test]
fn code_verifier_must_fit_its_challenge() {
    let (service, _) = with_people();
    let challenged = || code(&service, json!({ "codeChallenge": CHALLENGE, "codeChallengeMethod": "S256" }));
    redeem(&service, &challenged(), &[("code_verifier", VERIFIER)]).assert_issued();
    for verifier in [&[("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX")][..], &[]] {
        redeem(&service, &challenged(), verifier).assert_refused(
            501481,
            "invalid_grant",
            400,
            "code_challenge",
        );
    }
    let plain = code(&service, json!({ "codeChallenge": VERIFIER }));
    redeem(&service, &plain, &[("code_verifier", VERIFIER)]).assert_issued();
    redeem(&service, &code(&service, json!({})), &[("code_verifier", VERIFIER)]).assert_refused(
        501481,
        "invalid_grant",
        400,
        "code_challenge",
    );
}

#[test]
fn code_sent_to_an_address_of_a_public_client_needs_no_credential() {
    let mut registrations = registrations();
    registrations[1]["spa"] = json!({ "redirectUris": ["http://localhost/spa"] });
    let service = service_with(&registrations, |config| {
        config.users = vec![certgrant_emulator::User::parse(&ada().to_string()).expect("a user")];
        config.control = true;
    });
    let spa = json!({ "redirectUri": "http://localhost/spa", "scope": "offline_access User.Read" });
    let public = [("client_secret", ""), ("redirect_uri", "http://localhost/spa")];
    let answer = redeem(&service, &code(&service, spa), &public);
    assert_eq!(answer.assert_issued().token_part(1)["appidacr"], "0");
    let renewed = [
        ("grant_type", "refresh_token"),
        ("client_id", API),
        ("refresh_token", &*text(&answer, "refresh_token")),
    ];
    v2(&service, &renewed).assert_issued();
    redeem(&service, &code(&service, json!({})), &[("client_secret", "")]).assert_refused(
        7000218,
        "invalid_client",
        401,
        "'client_secret'",
    );
}

#[test]
fn control_interface_says_what_is_wrong_with_an_order() {
    let (service, _) = with_people();
    for (path, order, telling) in [
        ("users/nobody@contoso.com/codes", json!({ "clientId": API, "redirectUri": REDIRECT }), "no user"),
        (
            "users/ada@contoso.com/codes",
            json!({ "clientId": APP.replace('a', "b"), "redirectUri": REDIRECT }),
            "no application",
        ),
        (
            "users/ada@contoso.com/codes",
            json!({ "clientId": API, "redirectUri": "http://localhost/x" }),
            "redirectUri",
        ),
        ("users/ada@contoso.com/codes", json!({ "clientId": API, "redirectUri": REDIRECT }), "scope, for v2"),
        ("users/ada@contoso.com/tokens", json!({ "audience": "api://nowhere" }), "AADSTS500011"),
        ("users", json!({ "userPrincipalName": "ada" }), "userPrincipalName"),
    ] {
        let answer = Answer::of(&service, &control_request("POST", path, &order));
        assert!(answer.body["error"].as_str().is_some_and(|text| text.contains(telling)), "{}", answer.body);
    }
}
