//! On-behalf-of: which tokens an API may trade in, and what it gets.

use core::time::Duration;

use certgrant_emulator::TokenService;
use serde_json::{Value, json};

use crate::people::*;
use crate::support::*;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A token with which Ada's client calls the API.
fn incoming(service: &TokenService, change: Value) -> String {
    let mut order = json!({ "audience": "api://orders", "tenant": TENANT });
    for (name, value) in change.as_object().expect("an object") {
        order[name] = value.clone();
    }
    let answer = control(service, "POST", &format!("users/{ADA}/tokens"), order);
    answer["accessToken"].as_str().expect("a token").to_owned()
}

fn trade(service: &TokenService, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![
        ("grant_type", GRANT),
        ("requested_token_use", "on_behalf_of"),
        ("client_id", API),
        ("client_secret", SECRET),
        ("scope", GRAPH_SCOPE),
        ("assertion", assertion),
    ];
    parameters.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    parameters.extend(more);
    v2(service, &parameters)
}

#[test]
fn token_of_a_user_becomes_one_for_the_next_api() {
    let (service, _) = with_people();
    let minted = incoming(&service, json!({}));
    assert_eq!((&claims(&minted)["aud"], &claims(&minted)["scp"]), (&json!(API), &json!("read write")));
    let answer = trade(&service, &minted, &[]);
    let token = answer.assert_issued().token_part(1);
    assert_eq!(
        (&token["oid"], &token["appid"], &token["scp"]),
        (&json!(ADA_ID), &json!(API), &json!("User.Read"))
    );
    assert_eq!((&token["appidacr"], &token["idtyp"]), (&json!("1"), &json!("user")));
    assert_eq!(answer.body.get("refresh_token"), None);
    let offline =
        trade(&service, &minted, &[("scope", "https://graph.microsoft.com/.default offline_access")]);
    assert!(offline.body["refresh_token"].is_string());
}

#[test]
fn v1_gets_strings_and_a_refresh_token() {
    let (service, _) = with_people();
    let answer = v1(
        &service,
        &[
            ("grant_type", GRANT),
            ("requested_token_use", "on_behalf_of"),
            ("client_id", API),
            ("client_secret", SECRET),
            ("resource", "https://graph.microsoft.com"),
            ("scope", "openid"),
            ("assertion", &incoming(&service, json!({}))),
        ],
    );
    answer.assert_issued();
    assert_eq!((&answer.body["expires_in"], &answer.body["scope"]), (&json!("3599"), &json!("User.Read")));
    assert!(answer.body["refresh_token"].is_string());
}

#[test]
fn api_may_prove_itself_with_its_certificate() {
    let mut registrations = registrations();
    registrations[0]["identifierUris"] = json!(["api://daemon"]);
    let service = service_with(&registrations, |config| {
        config.users = vec![certgrant_emulator::User::parse(&ada().to_string()).expect("a user")];
        config.control = true;
    });
    let assertion = Assertion::new().sign();
    let minted = incoming(&service, json!({ "audience": "api://daemon" }));
    let certificate = [
        ("client_id", APP),
        ("client_secret", ""),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ];
    let answer = trade(&service, &minted, &certificate);
    assert_eq!(answer.assert_issued().token_part(1)["appidacr"], "2");
}

#[test]
fn other_assertions_are_refused_each_with_its_reason() {
    let (service, clock) = with_people();
    let good = incoming(&service, json!({}));
    let (rest, end) = good.split_at(good.len() - 40);
    let forged = format!("{rest}{}{}", if end.starts_with('A') { "B" } else { "A" }, &end[1..]);
    let foreign = service_for(&registration());
    let foreign = text(&present(&foreign, &Assertion::new()), "access_token");
    let for_graph = incoming(&service, json!({ "audience": "https://graph.microsoft.com" }));
    let for_other_spelling = incoming(&service, json!({ "audience": "api://Orders" }));
    let elsewhere = incoming(&service, json!({ "tenant": "fabrikam.com" }));
    let of_app = text(
        &v2(
            &service,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", API),
                ("client_secret", SECRET),
                ("scope", "api://orders/.default"),
            ],
        ),
        "access_token",
    );
    let short = incoming(&service, json!({ "lifetimeSeconds": 60 }));
    trade(&service, &for_other_spelling, &[]).assert_issued();
    clock.advance(Duration::from_secs(60));
    for (assertion, code, error, telling) in [
        ("not a token", 50027, "invalid_request", "not a JWT"),
        (&forged, 50013, "invalid_grant", "signature"),
        (&foreign, 50013, "invalid_grant", "key was not found"),
        (&elsewhere, 50013, "invalid_grant", "issuer"),
        (&for_graph, 500131, "invalid_grant", "https://graph.microsoft.com"),
        (&short, 500133, "invalid_grant", "valid time range"),
        (&of_app, 7000113, "invalid_grant", "on-behalf-of"),
    ] {
        trade(&service, assertion, &[]).assert_refused(code, error, 400, telling);
    }
}

#[test]
fn v1_audience_is_compared_as_it_is_spelled() {
    let mut registrations = registrations();
    registrations[1]["api"]["requestedAccessTokenVersion"] = json!(1);
    let service = service_with(&registrations, |config| {
        config.users = vec![certgrant_emulator::User::parse(&ada().to_string()).expect("a user")];
        config.control = true;
    });
    trade(&service, &incoming(&service, json!({})), &[]).assert_issued();
    trade(&service, &incoming(&service, json!({ "audience": API })), &[]).assert_issued();
    trade(&service, &incoming(&service, json!({ "audience": "api://Orders" })), &[]).assert_refused(
        500131,
        "invalid_grant",
        400,
        "'api://Orders'",
    );
}

#[test]
fn api_must_prove_who_it_is_and_ask_for_this_use() {
    let (service, _) = with_people();
    let good = incoming(&service, json!({}));
    trade(&service, &good, &[("client_secret", "")]).assert_refused(
        7000218,
        "invalid_client",
        401,
        "client_secret",
    );
    trade(&service, &good, &[("requested_token_use", "other")]).assert_refused(
        90023,
        "invalid_request",
        400,
        "requested_token_use",
    );
    trade(&service, "", &[]).assert_refused(900144, "invalid_request", 400, "'assertion'");
    trade(&service, &good, &[("scope", "api://nowhere/.default")]).assert_refused(
        500011,
        "invalid_resource",
        400,
        "api://nowhere",
    );
}

#[test]
fn second_factor_that_is_lacking_is_asked_for_with_claims() {
    let (service, _) = with_people();
    control(&service, "PATCH", &format!("users/{ADA}"), json!({ "mfaRequired": true }));
    let v1_api = |amr: Value| {
        let mut registrations = registrations();
        registrations[1]["api"]["requestedAccessTokenVersion"] = json!(1);
        let mut user = ada();
        user["emulator"] = json!({ "mfaRequired": true });
        let service = service_with(&registrations, |config| {
            config.users = vec![certgrant_emulator::User::parse(&user.to_string()).expect("a user")];
            config.control = true;
        });
        trade(&service, &incoming(&service, json!({ "amr": amr })), &[])
    };
    let refused = v1_api(json!(["pwd"]));
    refused.assert_refused(50076, "interaction_required", 400, "multi-factor");
    assert_eq!(refused.body["suberror"], "basic_action");
    let claims: Value = serde_json::from_str(&text(&refused, "claims")).expect("JSON in the claims");
    assert!(claims["access_token"].is_object());
    v1_api(json!(["pwd", "mfa"])).assert_issued();
    trade(&service, &incoming(&service, json!({})), &[]).assert_refused(
        50076,
        "interaction_required",
        400,
        "",
    );
}
