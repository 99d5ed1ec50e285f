//! A user's own password at the token endpoints, and what user tokens and their replies say.

use serde_json::{Value, json};

use crate::people::*;
use crate::support::*;

const V2: &[(&str, &str)] = &[
    ("grant_type", "password"),
    ("client_id", DESKTOP),
    ("scope", "openid profile offline_access User.Read"),
    ("username", ADA),
    ("password", PASSWORD),
];
const V1: &[(&str, &str)] = &[
    ("grant_type", "password"),
    ("scope", "openid"),
    ("client_id", DESKTOP),
    ("resource", "https://graph.microsoft.com"),
    ("password", PASSWORD),
    ("username", ADA),
];

fn with<'a>(parameters: &[(&'a str, &'a str)], name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let rest = parameters.iter().copied().filter(|(other, _)| *other != name);
    rest.chain([(name, value)]).collect()
}

#[test]
fn v1_reply_for_a_user_has_strings_and_all_that_comes_along() {
    let (service, _) = with_people();
    let answer = v1(&service, V1);
    answer.assert_issued();
    assert_eq!(
        members(&answer.body),
        [
            "access_token",
            "expires_in",
            "expires_on",
            "ext_expires_in",
            "id_token",
            "not_before",
            "refresh_token",
            "resource",
            "scope",
            "token_type"
        ]
    );
    assert_eq!((&answer.body["expires_in"], &answer.body["scope"]), (&json!("3599"), &json!("User.Read")));
    assert_eq!(answer.body["expires_on"], json!((NOW + 3600).to_string()));
}

#[test]
fn v2_reply_for_a_user_has_numbers_and_what_was_asked_for() {
    let (service, _) = with_people();
    let answer = v2(&service, V2);
    answer.assert_issued();
    assert_eq!(
        members(&answer.body),
        ["access_token", "expires_in", "ext_expires_in", "id_token", "refresh_token", "scope", "token_type"]
    );
    assert_eq!(
        (&answer.body["expires_in"], &answer.body["scope"]),
        (&json!(3599), &json!("openid profile User.Read"))
    );
    let bare = v2(&service, &with(V2, "scope", "https://graph.microsoft.com/User.Read"));
    assert_eq!(members(&bare.body), ["access_token", "expires_in", "ext_expires_in", "scope", "token_type"]);
    assert_eq!(bare.body["scope"], "https://graph.microsoft.com/User.Read");
}

#[test]
fn access_token_of_a_user_says_who_and_what_he_lets_the_client_do() {
    let (service, _) = with_people();
    let graph = v1(&service, V1).token_part(1);
    for (name, value) in [
        ("ver", json!("1.0")),
        ("aud", json!("https://graph.microsoft.com")),
        ("appid", json!(DESKTOP)),
        ("appidacr", json!("0")),
        ("oid", json!(ADA_ID)),
        ("upn", json!(ADA)),
        ("unique_name", json!(ADA)),
        ("name", json!("Ada Lovelace")),
        ("given_name", json!("Ada")),
        ("family_name", json!("Lovelace")),
        ("scp", json!("User.Read")),
        ("amr", json!(["pwd"])),
        ("tid", json!(TENANT)),
        ("idtyp", json!("user")),
        ("nbf", json!(NOW - 300)),
        ("exp", json!(NOW + 3600)),
    ] {
        assert_eq!(graph[name], value, "{name}");
    }
    assert_eq!((graph.get("roles"), graph.get("idp")), (None, None));
    let orders = v2(&service, &with(V2, "scope", "api://orders/read api://orders/write")).token_part(1);
    for (name, value) in [
        ("ver", json!("2.0")),
        ("aud", json!(API)),
        ("azp", json!(DESKTOP)),
        ("azpacr", json!("0")),
        ("preferred_username", json!(ADA)),
        ("scp", json!("read write")),
        ("oid", json!(ADA_ID)),
    ] {
        assert_eq!(orders[name], value, "{name}");
    }
    assert_eq!((orders.get("upn"), orders.get("appid")), (None, None));
    assert_ne!(graph["sub"], orders["sub"], "each resource knows a user by another sub");
    assert_ne!(graph["sub"], graph["oid"]);
}

#[test]
fn id_token_is_for_the_client_and_follows_the_endpoint() {
    let (service, _) = with_people();
    let one = claims(&text(&v1(&service, V1), "id_token"));
    let issuer = format!("https://sts.windows.net/{TENANT}/");
    for (name, value) in [
        ("ver", json!("1.0")),
        ("aud", json!(DESKTOP)),
        ("iss", json!(issuer)),
        ("upn", json!(ADA)),
        ("given_name", json!("Ada")),
        ("family_name", json!("Lovelace")),
        ("oid", json!(ADA_ID)),
        ("tid", json!(TENANT)),
        ("email", json!("countess@contoso.com")),
    ] {
        assert_eq!(one[name], value, "{name}");
    }
    let two = claims(&text(&v2(&service, V2), "id_token"));
    let issuer = format!("https://{HOST}/{TENANT}/v2.0");
    assert_eq!(
        (&two["ver"], &two["iss"], &two["preferred_username"]),
        (&json!("2.0"), &json!(issuer), &json!(ADA))
    );
    assert_eq!((two.get("upn"), &two["sub"]), (None, &one["sub"]));
}

#[test]
fn client_info_names_the_account_if_it_is_asked_for() {
    let (service, _) = with_people();
    assert_eq!(v2(&service, V2).body.get("client_info"), None);
    let answer = v2(&service, &with(V2, "client_info", "1"));
    let info = claims(&format!(".{}.", text(&answer, "client_info")));
    let home = v2_tenant_of(&service, "contoso.com");
    assert_eq!(info, json!({ "uid": ADA_ID, "utid": home }));
}

/// The GUID of a domain, as its document says it.
fn v2_tenant_of(service: &certgrant_emulator::TokenService, domain: &str) -> String {
    let request =
        certgrant_emulator::Request::get(HOST, &format!("/{domain}/v2.0/.well-known/openid-configuration"));
    let issuer = text(&Answer::of(service, &request), "issuer");
    issuer.split('/').nth(3).expect("a tenant").to_owned()
}

#[test]
fn organizations_leads_to_the_tenant_of_the_user_and_common_takes_no_password() {
    let (service, _) = with_people();
    let answer = post(&service, "organizations", "oauth2/v2.0/token", V2);
    assert_eq!(answer.assert_issued().token_part(1)["tid"], json!(v2_tenant_of(&service, "contoso.com")));
    post(&service, "common", "oauth2/v2.0/token", V2).assert_refused(
        9001023,
        "invalid_request",
        400,
        "/common",
    );
    let stranger = with(V2, "username", "eve@contoso.com");
    post(&service, "organizations", "oauth2/v2.0/token", &stranger).assert_refused(
        50059,
        "invalid_request",
        400,
        "tenant-identifying",
    );
}

#[test]
fn what_is_wrong_with_a_user_is_told_apart() {
    let (service, _) = with_people();
    v2(&service, &with(V2, "password", "wrong")).assert_refused(
        50126,
        "invalid_grant",
        400,
        "username or password",
    );
    v2(&service, &with(V2, "username", "eve@contoso.com")).assert_refused(
        50034,
        "invalid_grant",
        400,
        "EUII Hidden",
    );
    for (member, value, code, error, telling) in [
        ("accountEnabled", json!(false), 50057, "invalid_grant", "disabled"),
        ("emulator", json!({ "locked": true }), 50053, "invalid_grant", "locked"),
        ("emulator", json!({ "passwordExpired": true }), 50055, "invalid_grant", "expired"),
        ("emulator", json!({ "mfaRequired": true }), 50076, "interaction_required", "multi-factor"),
        ("emulator", json!({ "tenants": ["fabrikam.com"] }), 50034, "invalid_grant", "does not exist"),
    ] {
        let mut user = ada();
        user[member] = value;
        let (service, _) = with_user(&user);
        let answer = v2(&service, V2);
        answer.assert_refused(code, error, 400, telling);
        if code == 50076 {
            let claims: Value = serde_json::from_str(&text(&answer, "claims")).expect("JSON in the claims");
            assert_eq!(claims["access_token"]["capolids"]["essential"], true);
        }
    }
}

#[test]
fn confidential_client_needs_its_credential_for_users_too() {
    let (service, _) = with_people();
    let web = with(V2, "client_id", API);
    v2(&service, &web).assert_refused(7000218, "invalid_client", 401, "'client_secret'");
    assert_eq!(
        v2(&service, &with(&web, "client_secret", SECRET)).assert_issued().token_part(1)["appidacr"],
        "1"
    );
    v2(&service, &with(&web, "client_secret", "wrong")).assert_refused(
        7000215,
        "invalid_client",
        401,
        "secret",
    );
    v2(&service, &with(V2, "client_id", TENANT)).assert_refused(700016, "unauthorized_client", 400, TENANT);
}

#[test]
fn scopes_must_go_together_and_be_granted() {
    let (service, _) = with_people();
    for (scope, code, error) in [
        ("User.Read api://orders/read", 700022, "invalid_scope"),
        ("api://nowhere/read", 500011, "invalid_resource"),
        ("api://orders/.default api://orders/read", 70011, "invalid_scope"),
    ] {
        v2(&service, &with(V2, "scope", scope)).assert_refused(code, error, 400, "");
    }
    let everything = v2(&service, &with(V2, "scope", "api://orders/.default")).token_part(1);
    assert_eq!(everything["scp"], "read write");
    let mut registrations = registrations();
    registrations[2]["emulator"] = json!({ "scopes": { "api://orders": ["read"] } });
    let service = service_with(&registrations, |config| {
        config.users = vec![certgrant_emulator::User::parse(&ada().to_string()).expect("a user")];
    });
    let granted = v2(&service, &with(V2, "scope", "api://orders/.default")).token_part(1);
    assert_eq!(granted["scp"], "read");
    let refused = v2(&service, &with(V2, "scope", "api://orders/write"));
    refused.assert_refused(65001, "invalid_grant", 400, "consented");
    assert_eq!(refused.body["suberror"], "consent_required");
}

#[test]
fn parameters_that_a_grant_needs_are_named() {
    let (service, _) = with_people();
    for (parameters, lacking) in [
        (&[("grant_type", "password"), ("client_id", DESKTOP)][..], "'scope'"),
        (&[("grant_type", "password"), ("client_id", DESKTOP), ("scope", "openid")], "'username'"),
        (&[("grant_type", "refresh_token"), ("client_id", DESKTOP)], "'refresh_token'"),
        (&[("grant_type", "authorization_code"), ("client_id", DESKTOP), ("code", "x")], "'redirect_uri'"),
        (&[("grant_type", "device_code"), ("client_id", DESKTOP)], "'device_code'"),
    ] {
        v2(&service, parameters).assert_refused(900144, "invalid_request", 400, lacking);
    }
}

#[test]
fn log_line_has_neither_password_nor_name() {
    let (service, _) = with_people();
    for answer in [v2(&service, V2), v2(&service, &with(V2, "password", "wrong"))] {
        let line = answer.entry.to_string();
        assert!(!line.contains("horse") && !line.contains("wrong one") && !line.contains("ada@"), "{line}");
    }
}
