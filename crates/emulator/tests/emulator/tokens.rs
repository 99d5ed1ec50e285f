//! Token replies and access tokens: shape, claims, signature against the key set that is served.

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use certgrant_emulator::{Request, TokenService};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rsa::BoxedUint;
use serde_json::{Value, json};

use crate::support::*;

fn fixed_lifetime(seconds: u64) -> TokenService {
    service_with(&registration(), |config| config.lifetime = Some(Duration::from_secs(seconds)))
}

/// An API that wants v2 tokens.
fn orders() -> Value {
    json!({
        "appId": "BBBBBBBB-0000-4000-8000-000000000000",
        "displayName": "orders",
        "identifierUris": ["api://orders"],
        "api": { "requestedAccessTokenVersion": 2 },
        "appRoles": [{ "id": "cccccccc-0000-4000-8000-000000000001", "value": "Orders.Read" }],
    })
}

fn v1_request(resource: &str) -> Request {
    let assertion = Assertion::new().claim("aud", format!("https://{HOST}/{TENANT}/oauth2/token")).sign();
    let parameters = [
        ("grant_type", "client_credentials"),
        ("client_id", APP),
        ("resource", resource),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ];
    Request::post(HOST, &format!("/{TENANT}/oauth2/token?api-version=1.0"), form(&parameters))
}

/// Verifies the token with the `rsa` crate and the key of the set that its `kid` names; gives back header and claims.
#[track_caller]
fn verified(service: &TokenService, answer: &Answer, key_set_path: &str) -> (Value, Value) {
    let (header, claims) = (answer.token_part(0), answer.token_part(1));
    let set = Answer::of(service, &Request::get(HOST, key_set_path)).body;
    let key = set["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .find(|key| key["kid"] == header["kid"])
        .expect("the key");
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(key[name].as_str().expect(name)).expect("base64url");
        assert_ne!(bytes.first(), Some(&0), "a leading zero");
        BoxedUint::from_be_slice_vartime(&bytes)
    };
    let public = rsa::PublicKey::new(number("n"), number("e")).expect("a public key");
    let token = answer.body["access_token"].as_str().expect("a token");
    let (input, signature) = token.rsplit_once('.').expect("three parts");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    public.pkcs1v15_verify::<rsa::sha2::Sha256>(input.as_bytes(), &signature).expect("a good signature");
    let certificate = STANDARD.decode(key["x5c"][0].as_str().expect("x5c")).expect("base64");
    let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate));
    assert_eq!((&key["kid"], &key["x5t"]), (&json!(thumbprint), &json!(thumbprint)));
    (header, claims)
}

#[test]
fn v2_reply_has_numbers() {
    let answer = present(&fixed_lifetime(3600), &Assertion::new());
    answer.assert_issued();
    let members = crate::people::members(&answer.body);
    assert_eq!(members, ["access_token", "expires_in", "ext_expires_in", "token_type"]);
    assert_eq!((&answer.body["expires_in"], &answer.body["ext_expires_in"]), (&json!(3599), &json!(3599)));
}

#[test]
fn v1_reply_has_strings() {
    let answer = Answer::of(&fixed_lifetime(3600), &v1_request("https://graph.microsoft.com"));
    answer.assert_issued();
    let mut body = answer.body.clone();
    body["access_token"].take();
    assert_eq!(
        body,
        json!({
            "token_type": "Bearer",
            "expires_in": "3599",
            "ext_expires_in": "3599",
            "expires_on": (NOW + 3600).to_string(),
            "not_before": (NOW - 300).to_string(),
            "resource": "https://graph.microsoft.com",
            "access_token": null,
        })
    );
    let claims = answer.token_part(1);
    assert_eq!((&claims["nbf"], &claims["exp"]), (&json!(NOW - 300), &json!(NOW + 3600)));
}

#[test]
fn reply_says_when_to_refresh_from_two_hours_on() {
    assert_eq!(present(&fixed_lifetime(7199), &Assertion::new()).body.get("refresh_in"), None);
    assert_eq!(present(&fixed_lifetime(7200), &Assertion::new()).body["refresh_in"], 3599);
}

#[test]
fn lifetime_is_between_60_and_90_minutes_unless_fixed() {
    let mut seen = alloc::collections::BTreeSet::new();
    for _ in 0..20 {
        let expires_in = present(service(), &Assertion::new()).body["expires_in"].as_u64().expect("a number");
        assert!((3599..=5398).contains(&expires_in), "{expires_in}");
        seen.insert(expires_in);
    }
    assert!(seen.len() > 5, "{seen:?}");
}

#[test]
fn v1_token_verifies_and_has_the_claims_of_version_1() {
    let service = fixed_lifetime(3600);
    let answer = Answer::of(&service, &v1_request("https://graph.microsoft.com/"));
    let (header, claims) = verified(&service, &answer, &format!("/{TENANT}/discovery/keys"));
    assert_eq!((&header["typ"], &header["alg"]), (&json!("JWT"), &json!("RS256")));
    assert_eq!(header["x5t"], header["kid"]);
    let issuer = format!("https://sts.windows.net/{TENANT}/");
    let expected = json!({
        "aud": "https://graph.microsoft.com/", "iss": issuer, "idp": issuer, "appid": APP, "appidacr": "2",
        "app_displayname": "daemon", "idtyp": "app", "tid": TENANT, "ver": "1.0",
        "iat": NOW - 300, "nbf": NOW - 300, "exp": NOW + 3600,
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&claims[name], value, "{name}");
    }
    assert_eq!(claims["oid"], claims["sub"]);
    assert_eq!(claims["uti"].as_str().map(str::len), Some(22));
    for absent in ["azp", "azpacr", "scp", "roles", "amr", "acr", "upn"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
}

#[test]
fn v2_token_verifies_and_has_the_claims_of_version_2() {
    let service = service_for(&json!([registration(), orders()]));
    let answer = present_with(&service, "scope", "api://orders/.default");
    let (header, claims) = verified(&service, &answer, &format!("/{TENANT}/discovery/v2.0/keys"));
    assert_eq!(header.get("x5t"), None);
    let expected = json!({
        "aud": "bbbbbbbb-0000-4000-8000-000000000000", "iss": format!("https://{HOST}/{TENANT}/v2.0"),
        "azp": APP, "azpacr": "2", "idtyp": "app", "tid": TENANT, "ver": "2.0", "iat": NOW - 300, "nbf": NOW - 300,
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&claims[name], value, "{name}");
    }
    assert_eq!(claims["oid"], claims["sub"]);
    for absent in ["appid", "appidacr", "idp", "scp", "roles"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
}

#[test]
fn issuer_of_a_token_is_the_one_that_the_configuration_document_names() {
    let service = service_for(&json!([registration(), orders()]));
    for (scope, document) in [(GRAPH_SCOPE, ""), ("api://orders/.default", "/v2.0")] {
        let claims = present_with(&service, "scope", scope).token_part(1);
        let path = format!("/{TENANT}{document}/.well-known/openid-configuration");
        assert_eq!(claims["iss"], Answer::of(&service, &Request::get(HOST, &path)).body["issuer"]);
    }
}

#[test]
fn resource_decides_the_version_of_the_token_at_either_endpoint() {
    let service = service_for(&json!([registration(), orders()]));
    let v1_endpoint = Answer::of(&service, &v1_request("api://orders"));
    assert_eq!(v1_endpoint.token_part(1)["ver"], "2.0");
    assert_eq!(v1_endpoint.body["expires_on"].as_str().map(str::len), Some(10));
    assert_eq!(present(&service, &Assertion::new()).token_part(1)["ver"], "1.0");
}

#[test]
fn microsoft_resources_are_built_in_and_give_v1_tokens() {
    for resource in [
        "https://graph.microsoft.com",
        "00000003-0000-0000-c000-000000000000",
        "https://management.azure.com/",
        "https://vault.azure.net",
        "https://storage.azure.com",
        "https://account.blob.core.windows.net",
    ] {
        let claims = present_with(service(), "scope", &format!("{resource}/.default")).token_part(1);
        assert_eq!((&claims["aud"], &claims["ver"]), (&json!(resource), &json!("1.0")));
        assert!(claims["iss"].as_str().is_some_and(|issuer| issuer.starts_with("https://sts.windows.net/")));
    }
}

#[test]
fn every_token_has_an_id_of_its_own_and_the_same_subject() {
    let [one, two] = [(); 2].map(|()| present(service(), &Assertion::new()).token_part(1));
    assert_ne!(one["uti"], two["uti"]);
    assert_eq!(one["sub"], two["sub"]);
}

#[test]
fn service_principal_id_may_be_configured() {
    let mut registration = registration();
    registration["emulator"] = json!({ "servicePrincipalId": "DDDDDDDD-0000-4000-8000-000000000001" });
    let claims = present(&service_for(&registration), &Assertion::new()).token_part(1);
    assert_eq!(claims["oid"], "dddddddd-0000-4000-8000-000000000001");
}

#[test]
fn required_application_permissions_become_roles() {
    let mut client = registration();
    client["requiredResourceAccess"] = json!([
        { "resourceAppId": "bbbbbbbb-0000-4000-8000-000000000000", "resourceAccess": [
            { "id": "cccccccc-0000-4000-8000-000000000001", "type": "Role" },
            { "id": "cccccccc-0000-4000-8000-000000000002", "type": "Scope" },
        ] },
        { "resourceAppId": "00000003-0000-0000-c000-000000000000", "resourceAccess": [
            { "id": "df021288-bdef-4463-88db-98f22de89214", "type": "Role" },
            { "id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope" },
        ] },
    ]);
    let service = service_for(&json!([client, orders()]));
    let claims = present_with(&service, "scope", "api://orders/.default").token_part(1);
    assert_eq!(claims["roles"], json!(["Orders.Read"]));
    assert_eq!(present(&service, &Assertion::new()).token_part(1)["roles"], json!(["User.Read.All"]));
    client["emulator"] = json!({ "roles": { "https://graph.microsoft.com": ["Mail.Send"] } });
    let service = service_for(&json!([client, orders()]));
    let by_id =
        present_with(&service, "scope", "00000003-0000-0000-c000-000000000000/.default").token_part(1);
    assert_eq!(by_id["roles"], json!(["Mail.Send"]));
    assert_eq!(present_with(&service, "scope", "api://orders/.default").token_part(1).get("roles"), None);
}

#[test]
fn client_that_understands_claims_challenges_gets_a_token_for_a_day() {
    let claims = r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#;
    let answer = present_with(service(), "claims", claims);
    assert_eq!(answer.assert_issued().token_part(1)["xms_cc"], json!(["cp1"]));
    let expires_in = answer.body["expires_in"].as_u64().expect("a number");
    assert!((71_999..100_800).contains(&expires_in), "{expires_in}");
    assert!(answer.body["refresh_in"].as_u64().is_some_and(|refresh_in| refresh_in < expires_in));
    let mut parameters = v2_parameters(&Assertion::new().sign());
    parameters.retain(|(name, _)| *name != "scope");
    parameters.push(("scope", "https://vault.azure.net/.default".to_owned()));
    parameters.push(("claims", claims.to_owned()));
    let vault = Answer::of(service(), &v2_request(&parameters));
    assert_eq!(vault.assert_issued().token_part(1).get("xms_cc"), None);
}
