//! The key vault: certificates, signatures, and who gets them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use certgrant_emulator::{Clock, Config, Decision, Request, TokenService, Vault};
use ring::digest::{SHA256, SHA384, SHA512, digest};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde_json::{Value, json};

use crate::support::*;

const VAULT: &str = "contoso.vault.azure.net";
const VERSION: &str = "0123456789abcdef0123456789abcdef";
const OTHER_APP: &str = "99999999-bbbb-cccc-dddd-eeeeeeeeeeee";

fn definition() -> Value {
    json!({
        "name": "contoso",
        "tenant": TENANT,
        "hosts": [VAULT],
        "certificates": [{ "name": "daemon", "versions": [{
            "version": VERSION,
            "certificate": app_key().base64(),
            "privateKey": pem("PRIVATE KEY", &app_key().pkcs8),
        }] }],
    })
}

fn vault_with(definition: &Value, change: impl FnOnce(&mut Config)) -> TokenService {
    service_with(&registration(), |config| {
        config.vaults = Vault::parse(&definition.to_string()).expect("vaults");
        config.control = true;
        change(config);
    })
}

fn vault() -> TokenService {
    vault_with(&definition(), |_| ())
}

fn token_for(service: &TokenService, resource: &str) -> String {
    let answer = present_with(service, "scope", &format!("{resource}/.default"));
    answer.assert_issued().body["access_token"].as_str().expect("a token").to_owned()
}

fn get(service: &TokenService, path: &str, token: &str) -> Answer {
    let mut request = Request::get(VAULT, path);
    request.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
    Answer::of(service, &request)
}

fn post(service: &TokenService, path: &str, token: &str, body: &str) -> Answer {
    let mut request = Request::get(VAULT, path);
    request.method = "POST".to_owned();
    request.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
    request.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    request.body = body.as_bytes().to_vec();
    Answer::of(service, &request)
}

fn sign(service: &TokenService, path: &str, alg: &str, hash: &[u8]) -> Answer {
    let token = token_for(service, "https://vault.azure.net");
    let body = json!({ "alg": alg, "value": URL_SAFE_NO_PAD.encode(hash) });
    post(service, path, &token, &body.to_string())
}

fn sign_path(version: &str) -> String {
    format!("/keys/daemon/{version}/sign?api-version=7.4")
}

/// Status, code and inner code, and a part of the message.
#[track_caller]
fn assert_vault_error(answer: &Answer, status: u16, code: &str, inner: Option<&str>, telling: &str) {
    let error = &answer.body["error"];
    assert_eq!((answer.response.status, &error["code"]), (status, &json!(code)), "{}", answer.body);
    assert_eq!(error["innererror"]["code"].as_str(), inner, "{}", answer.body);
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.contains(telling), "{message}\nlacks\n{telling}");
    assert!(
        matches!(&answer.entry.decision, Decision::Denied { code: logged, .. } if logged == inner.unwrap_or(code))
    );
}

#[test]
fn certificate_has_the_documented_members() {
    let service = vault();
    let token = token_for(&service, "https://vault.azure.net");
    let latest = get(&service, "/certificates/daemon/?api-version=7.4", &token);
    assert_eq!(latest.response.status, 200, "{}", latest.body);
    let url = |collection: &str| format!("https://{VAULT}/{collection}/daemon/{VERSION}");
    assert_eq!(latest.body["id"], url("certificates"));
    assert_eq!(latest.body["kid"], url("keys"));
    assert_eq!(latest.body["sid"], url("secrets"));
    assert_eq!(latest.body["x5t"], URL_SAFE_NO_PAD.encode(app_key().sha1()));
    assert_eq!(latest.body["cer"], STANDARD.encode(&app_key().certificate));
    let attributes = &latest.body["attributes"];
    assert_eq!(attributes["enabled"], true);
    // 2024-01-01 and 2026-01-01, from the certificate.
    assert_eq!((&attributes["nbf"], &attributes["exp"]), (&json!(1_704_067_200), &json!(1_767_225_600)));
    assert_eq!((&attributes["created"], &attributes["updated"]), (&json!(NOW), &json!(NOW)));
    let pinned = get(&service, &format!("//certificates/DAEMON/{VERSION}?api-version=2025-07-01"), &token);
    assert_eq!(pinned.body["x5t"], latest.body["x5t"]);
    assert_eq!(latest.entry.client.as_deref(), Some(APP));
    assert_eq!(latest.response.header("cache-control"), Some("no-cache"));
}

#[test]
fn signature_verifies_with_the_key_of_the_certificate() {
    let service = vault();
    let message = b"header.claims";
    let algorithms: [(&str, &ring::digest::Algorithm, &dyn VerificationAlgorithm); 6] = [
        ("RS256", &SHA256, &RSA_PKCS1_2048_8192_SHA256),
        ("RS384", &SHA384, &RSA_PKCS1_2048_8192_SHA384),
        ("RS512", &SHA512, &RSA_PKCS1_2048_8192_SHA512),
        ("PS256", &SHA256, &RSA_PSS_2048_8192_SHA256),
        ("PS384", &SHA384, &RSA_PSS_2048_8192_SHA384),
        ("PS512", &SHA512, &RSA_PSS_2048_8192_SHA512),
    ];
    for (name, hash, verifier) in algorithms {
        let answer = sign(&service, &sign_path(VERSION), name, digest(hash, message).as_ref());
        assert_eq!(answer.body["kid"], format!("https://{VAULT}/keys/daemon/{VERSION}"), "{}", answer.body);
        let value = URL_SAFE_NO_PAD.decode(answer.body["value"].as_str().expect("a signature"));
        let key = UnparsedPublicKey::new(verifier, ring::signature::KeyPair::public_key(&app_key().pair));
        assert!(key.verify(message, &value.expect("base64url")).is_ok(), "{name}");
    }
    let latest = sign(&service, "/keys/daemon/sign?api-version=7.4", "RS256", &[7; 32]);
    assert_eq!(latest.body["kid"], format!("https://{VAULT}/keys/daemon/{VERSION}"));
}

#[test]
fn assertion_signed_by_the_vault_gets_a_token() {
    let service = vault();
    let assertion = Assertion::new();
    let part = |members: &serde_json::Map<String, Value>| URL_SAFE_NO_PAD.encode(json!(members).to_string());
    let input = format!("{}.{}", part(&assertion.header), part(&assertion.claims));
    let answer = sign(&service, &sign_path(VERSION), "RS256", digest(&SHA256, input.as_bytes()).as_ref());
    let signature = answer.body["value"].as_str().expect("a signature");
    present_text(&service, &format!("{input}.{signature}")).assert_issued();
}

#[test]
fn request_without_token_gets_the_challenge() {
    let service = vault();
    for headers in [vec![], vec![("Authorization".to_owned(), "Basic abc".to_owned())]] {
        let mut request = Request::get(VAULT, "/certificates/daemon?api-version=7.4");
        request.headers = headers;
        let answer = Answer::of(&service, &request);
        assert_vault_error(
            &answer,
            401,
            "Unauthorized",
            None,
            "AKV10000: Request is missing a Bearer or PoP token.",
        );
        let challenge = format!(
            "Bearer authorization=\"https://{VAULT}/{TENANT}\", resource=\"https://vault.azure.net\""
        );
        assert_eq!(answer.response.header("www-authenticate"), Some(challenge.as_str()));
    }
}

#[test]
fn token_of_another_audience_issuer_or_tenant_is_refused() {
    let service = vault();
    let path = "/certificates/daemon?api-version=7.4";
    for (resource, found) in [
        ("https://graph.microsoft.com", "found: https://graph.microsoft.com."),
        ("https://vault.azure.net/", "found: https://vault.azure.net/."),
        ("https://contoso.vault.azure.net", "found: https://contoso.vault.azure.net."),
    ] {
        let answer = get(&service, path, &token_for(&service, resource));
        assert_vault_error(&answer, 401, "Unauthorized", None, "AKV10022: Invalid audience.");
        assert_vault_error(&answer, 401, "Unauthorized", None, found);
        assert!(answer.response.header("www-authenticate").is_some());
    }
    let by_id = token_for(&service, "cfa8b339-82a2-471a-a3c9-0fc0be7a4093");
    assert_eq!(get(&service, path, &by_id).response.status, 200);
    let foreign = token_for(&vault(), "https://vault.azure.net");
    assert_vault_error(&get(&service, path, &foreign), 401, "Unauthorized", None, "AKV10046");
    assert_vault_error(&get(&service, path, "abc"), 401, "Unauthorized", None, "not a JWT");
    let mut elsewhere = definition();
    elsewhere["tenant"] = json!("fabrikam.com");
    let service = vault_with(&elsewhere, |_| ());
    let token = token_for(&service, "https://vault.azure.net");
    assert_vault_error(&get(&service, path, &token), 401, "Unauthorized", None, "AKV10032: Invalid issuer.");
}

#[test]
fn changed_or_expired_token_is_refused() {
    let clock = Clock::fixed(NOW);
    let service = vault_with(&definition(), |config| config.clock = clock.clone());
    let path = "/certificates/daemon?api-version=7.4";
    let token = token_for(&service, "https://vault.azure.net");
    let (input, signature) = token.rsplit_once('.').expect("three parts");
    let (header, _) = input.split_once('.').expect("two parts");
    let claims = URL_SAFE_NO_PAD
        .encode(json!({ "aud": "https://vault.azure.net", "exp": NOW + 9, "nbf": 0 }).to_string());
    let changed = format!("{header}.{claims}.{signature}");
    assert_vault_error(&get(&service, path, &changed), 401, "Unauthorized", None, "AKV10046");
    clock.advance(core::time::Duration::from_secs(3000));
    assert_eq!(get(&service, path, &token).response.status, 200);
    clock.advance(core::time::Duration::from_secs(3600));
    assert_vault_error(&get(&service, path, &token), 401, "Unauthorized", None, "expired");
}

#[test]
fn api_version_must_be_there_and_known() {
    let service = vault();
    let token = token_for(&service, "https://vault.azure.net");
    for (query, telling) in [
        ("", "must be specified"),
        ("?api-version=", "must be specified"),
        ("?api-version=8.0", "The specified version (8.0) is not recognized."),
        ("?api-version=%", "not form-encoded"),
    ] {
        let answer = get(&service, &format!("/certificates/daemon{query}"), &token);
        assert_vault_error(&answer, 400, "BadParameter", None, telling);
    }
    assert_eq!(get(&service, "/certificates/daemon?api-version=7.6-preview.2", &token).response.status, 200);
}

#[test]
fn body_of_a_sign_request_is_checked() {
    let service = vault();
    let token = token_for(&service, "https://vault.azure.net");
    let value = URL_SAFE_NO_PAD.encode([1; 32]);
    let hex = URL_SAFE_NO_PAD.encode("ab".repeat(32));
    for (body, telling) in [
        ("{".to_owned(), "Bad JSON content"),
        ("[]".to_owned(), "has invalid value"),
        (json!({ "alg": "RS256" }).to_string(), "has invalid value"),
        (json!({ "alg": "RS256", "value": value, "more": 1 }).to_string(), "has invalid value"),
        (json!({ "alg": "RS256", "value": 5 }).to_string(), "has invalid value"),
        (json!({ "alg": "HS256", "value": value }).to_string(), "no algorithm 'HS256'"),
        (json!({ "alg": "ES256", "value": value }).to_string(), "signing algorithm are incompatible"),
        (json!({ "alg": "RS256", "value": STANDARD.encode([1; 32]) }).to_string(), "not base64url"),
        (
            json!({ "alg": "RS256", "value": hex }).to_string(),
            "Invalid length of 'value': 64 bytes. RS256 requires 32",
        ),
        (json!({ "alg": "PS512", "value": value }).to_string(), "32 bytes. PS512 requires 64 bytes"),
    ] {
        let answer = post(&service, &sign_path(VERSION), &token, &body);
        assert_vault_error(&answer, 400, "BadParameter", None, telling);
    }
    let mut request =
        Request::post(VAULT, &sign_path(VERSION), json!({ "alg": "RS256", "value": value }).to_string());
    request.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
    assert_vault_error(
        &Answer::of(&service, &request),
        415,
        "UnsupportedMediaType",
        None,
        "application/json",
    );
}

#[test]
fn what_is_not_there_is_404() {
    let service = vault();
    let token = token_for(&service, "https://vault.azure.net");
    let other = "f".repeat(32);
    let missing = "A certificate with (name/id) nobody was not found in this key vault.";
    let answer = get(&service, "/certificates/nobody?api-version=7.4", &token);
    assert_vault_error(&answer, 404, "CertificateNotFound", None, missing);
    let answer = get(&service, &format!("/certificates/daemon/{other}?api-version=7.4"), &token);
    assert_vault_error(&answer, 404, "CertificateNotFound", None, &format!("daemon/{other}"));
    assert_vault_error(
        &sign(&service, &sign_path(&other), "RS256", &[1; 32]),
        404,
        "KeyNotFound",
        None,
        "A key with",
    );
    assert_vault_error(&get(&service, "/secrets/daemon?api-version=7.4", &token), 404, "NotFound", None, "");
    let answer = post(&service, "/certificates/daemon?api-version=7.4", &token, "{}");
    assert_vault_error(&answer, 405, "MethodNotAllowed", None, "POST");
}

#[test]
fn denied_callers_get_the_inner_code_and_the_words_of_the_service() {
    let mut definition = definition();
    definition["denied"] = json!([
        { "appId": OTHER_APP, "innererror": "ForbiddenByFirewall" },
        { "appId": APP, "operation": "sign", "innererror": "ForbiddenByPolicy" },
    ]);
    let service = vault_with(&definition, |_| ());
    let token = token_for(&service, "https://vault.azure.net");
    assert_eq!(get(&service, "/certificates/daemon?api-version=7.4", &token).response.status, 200);
    let answer = sign(&service, &sign_path(VERSION), "RS256", &[1; 32]);
    let telling = "does not have keys sign permission on key vault 'contoso";
    assert_vault_error(&answer, 403, "Forbidden", Some("ForbiddenByPolicy"), telling);
    assert!(
        answer.body["error"]["message"]
            .as_str()
            .is_some_and(|text| text.contains(&format!("appid={APP};oid=")))
    );
    for (inner, telling) in [
        ("ForbiddenByFirewall", "Client address is not authorized and caller is not a trusted service."),
        ("ForbiddenByRbac", "Action: 'Microsoft.KeyVault/vaults/keys/sign/action'"),
    ] {
        control(&service, "PATCH", "vaults/contoso", json!({ "denied": [{ "innererror": inner }] }));
        let answer = sign(&service, &sign_path(VERSION), "RS256", &[1; 32]);
        assert_vault_error(&answer, 403, "Forbidden", Some(inner), telling);
    }
    let denial = json!({ "denied": [{ "innererror": "Odd", "message": "in other words" }] });
    control(&service, "PATCH", "vaults/CONTOSO", denial);
    let answer = get(&service, "/certificates/daemon?api-version=7.4", &token);
    assert_vault_error(&answer, 403, "Forbidden", Some("Odd"), "in other words");
}

#[test]
fn disabled_and_expired_versions_do_not_sign() {
    let service = vault();
    let path = format!("vaults/contoso/certificates/daemon/versions/{VERSION}");
    for (change, inner, telling) in [
        (json!({ "enabled": false }), "KeyDisabled", "Operation sign is not allowed on a disabled key."),
        (json!({ "enabled": true, "expires": NOW }), "KeyExpired", "expired key"),
        (
            json!({ "expires": "2026-01-01T00:00:00Z", "notBefore": NOW + 1 }),
            "KeyNotYetValid",
            "not yet valid key",
        ),
    ] {
        let changed = control(&service, "PATCH", &path, change);
        let answer = sign(&service, &sign_path(VERSION), "RS256", &[1; 32]);
        assert_vault_error(&answer, 403, "Forbidden", Some(inner), telling);
        // The certificate itself is still shown, with its state.
        let token = token_for(&service, "https://vault.azure.net");
        let shown = get(&service, "/certificates/daemon?api-version=7.4", &token);
        assert_eq!(shown.body["attributes"], changed["attributes"]);
    }
    control(&service, "PATCH", &path, json!({ "notBefore": NOW }));
    assert_eq!(sign(&service, &sign_path(VERSION), "RS256", &[1; 32]).response.status, 200);
}

#[test]
fn rotation_makes_a_new_latest_version_and_leaves_the_old_one() {
    let service = vault();
    let path = "vaults/contoso/certificates/daemon/versions";
    let given = json!({
        "certificate": pem("CERTIFICATE", &other_key().certificate),
        "privateKey": pem("PRIVATE KEY", &other_key().pkcs8),
    });
    let added = control(&service, "POST", path, given);
    assert_eq!(added["x5t"], URL_SAFE_NO_PAD.encode(other_key().sha1()));
    let token = token_for(&service, "https://vault.azure.net");
    let latest = get(&service, "/certificates/daemon?api-version=7.4", &token).body;
    assert_eq!(latest["x5t"], added["x5t"]);
    assert_eq!(sign(&service, &sign_path(VERSION), "RS256", &[1; 32]).response.status, 200);
    let new = latest["id"].as_str().and_then(|id| id.rsplit('/').next()).expect("a version").to_owned();
    let signed = sign(&service, &sign_path(&new), "RS256", &[1; 32]).body;
    assert_ne!(signed["value"], sign(&service, &sign_path(VERSION), "RS256", &[1; 32]).body["value"]);
    let shown = control(&service, "GET", "vaults", Value::Null);
    assert_eq!(shown["vaults"][0]["certificates"][0]["versions"], json!([VERSION, new]));
}

#[test]
fn generated_version_has_a_certificate_of_its_time() {
    let service = vault();
    let added = control(&service, "POST", "vaults/contoso/certificates/fresh/versions", json!({}));
    let attributes = &added["attributes"];
    assert_eq!((&attributes["nbf"], &attributes["exp"]), (&json!(NOW - 86_400), &json!(NOW + 364 * 86_400)));
    let path = format!(
        "/keys/fresh/{}/sign?api-version=7.4",
        added["kid"].as_str().and_then(|kid| kid.rsplit('/').next()).expect("a version")
    );
    assert_eq!(sign(&service, &path, "PS256", &[1; 32]).response.status, 200);
    assert_eq!(added["policy"]["key_props"]["key_size"], 2048);
}

#[test]
fn challenge_may_name_a_foreign_domain() {
    let mut definition = definition();
    definition["challenge"] = json!({ "authorization": "https://login.evil.example/t" });
    let service = vault_with(&definition, |_| ());
    let challenge = |service: &TokenService| {
        let answer = Answer::of(service, &Request::get(VAULT, "/certificates/daemon?api-version=7.4"));
        answer.response.header("www-authenticate").expect("a challenge").to_owned()
    };
    let hostile =
        "Bearer authorization=\"https://login.evil.example/t\", resource=\"https://vault.azure.net\"";
    assert_eq!(challenge(&service), hostile);
    let other = json!({ "challenge": { "resource": "https://evil.example" } });
    control(&service, "PATCH", "vaults/contoso", other);
    assert!(challenge(&service).ends_with(", resource=\"https://evil.example\""));
}

#[test]
fn vault_of_another_cloud_has_its_own_resource() {
    let mut definition = definition();
    definition["resource"] = json!("https://vault.localhost");
    let service = vault_with(&definition, |_| ());
    let path = "/certificates/daemon?api-version=7.4";
    let token = token_for(&service, "https://vault.localhost");
    assert_eq!(get(&service, path, &token).response.status, 200);
    let mut request = Request::get("contoso.vault.localhost:8443", path);
    request.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
    assert_eq!(
        Answer::of(&service, &request).body["kid"],
        format!("https://contoso.vault.localhost:8443/keys/daemon/{VERSION}")
    );
    let public = token_for(&service, "https://vault.azure.net");
    assert_vault_error(
        &get(&service, path, &public),
        401,
        "Unauthorized",
        None,
        "Expected https://vault.localhost or",
    );
}

#[test]
fn requests_are_counted() {
    let service = vault();
    sign(&service, &sign_path(VERSION), "RS256", &[1; 32]);
    sign(&service, &sign_path(&"f".repeat(32)), "RS256", &[1; 32]);
    let counts = [service.count("vault.sign"), service.count("vault"), service.count("token")];
    assert_eq!(counts, [2, 2, 2]);
    let last = service.requests().pop().expect("a record");
    assert_eq!((last.operation, last.status, last.code.as_deref()), ("vault.sign", 404, Some("KeyNotFound")));
    assert_eq!((last.client.as_deref(), last.tenant.as_deref()), (Some(APP), Some(TENANT)));
}

#[test]
fn no_private_key_or_token_is_shown() {
    let service = vault();
    let answer = sign(&service, &sign_path(VERSION), "RS256", &[1; 32]);
    let key = &pem("PRIVATE KEY", &app_key().pkcs8)[40..80];
    let texts = [
        answer.entry.to_string(),
        format!("{service:?}"),
        control(&service, "GET", "vaults", Value::Null).to_string(),
        control(&service, "GET", "requests", Value::Null).to_string(),
    ];
    for text in texts {
        assert!(!text.contains("eyJ") && !text.contains("PRIVATE") && !text.contains(key), "{text}");
    }
}
