//! Federated identity credentials: tokens of other issuers, and of managed identities, as client assertions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use certgrant_emulator::{Issuer, ManagedIdentity, Request, TokenService};
use ring::rsa::PublicKeyComponents;
use serde_json::{Value, json};

use crate::people::{claims, text};
use crate::support::*;

const CLUSTER: &str = "https://oidc.cluster.example/";
const SUBJECT: &str = "system:serviceaccount:default:worker";
const EXCHANGE: &str = "api://AzureADTokenExchange";
const IDENTITY: &str = "1de00000-0000-4000-8000-000000000001";
const PRINCIPAL: &str = "1de00000-0000-4000-8000-0000000000aa";

/// The cluster's key set; `app_key` plays the part of its signing key.
fn cluster() -> Issuer {
    let public = PublicKeyComponents::<Vec<u8>>::from(app_key().pair.public());
    let key = json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "cluster-1",
        "n": URL_SAFE_NO_PAD.encode(public.n), "e": URL_SAFE_NO_PAD.encode(public.e),
    });
    let elliptic = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" });
    let issuer = json!({ "issuer": CLUSTER, "jwks": { "keys": [elliptic, key] } });
    Issuer::parse(&issuer.to_string()).expect("an issuer")
}

fn service_trusting(credentials: Value) -> TokenService {
    let registration = json!([
        { "appId": APP, "displayName": "workload", "federatedIdentityCredentials": credentials },
        { "appId": "99999999-0000-4000-8000-000000000001", "passwordCredentials": [{ "secretText": "secret" }] },
    ]);
    service_with(&registration, |config| {
        config.issuers = vec![cluster()];
        let identity = json!({ "clientId": IDENTITY, "principalId": PRINCIPAL, "tenantId": TENANT });
        config.managed_identities = vec![ManagedIdentity::parse(&identity.to_string()).expect("an identity")];
        config.users =
            vec![certgrant_emulator::User::parse(&crate::people::ada().to_string()).expect("a user")];
    })
}

fn credential(issuer: &str, subject: &str) -> Value {
    json!({ "name": "one", "issuer": issuer, "subject": subject, "audiences": [EXCHANGE] })
}

fn usual() -> TokenService {
    service_trusting(json!([
        credential(CLUSTER, SUBJECT),
        credential("https://token.actions.example", "repo:a/b")
    ]))
}

/// A token as Kubernetes projects it: an audience list, no `typ`, no thumbprint.
fn projected() -> Assertion {
    Assertion::new()
        .without_header("x5t")
        .without_header("typ")
        .header("kid", "cluster-1")
        .claim("iss", CLUSTER)
        .claim("sub", SUBJECT)
        .claim("aud", json!([EXCHANGE]))
        .claim("iat", NOW)
}

#[test]
fn token_of_a_trusted_issuer_stands_for_the_application() {
    let answer = present(&usual(), &projected());
    let token = answer.assert_issued().token_part(1);
    assert_eq!(
        (&token["appid"], &token["appidacr"], &token["idtyp"]),
        (&json!(APP), &json!("2"), &json!("app"))
    );
    let line = answer.entry.to_string();
    assert!(line.contains("federated credential, signature"), "{line}");
    let elsewhere = Request::post(HOST, &format!("/{TENANT}/oauth2/token"), {
        let assertion = projected().claim("aud", EXCHANGE).sign();
        form(&[
            ("grant_type", "client_credentials"),
            ("client_id", APP),
            ("resource", "https://graph.microsoft.com"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ])
    });
    Answer::of(&usual(), &elsewhere).assert_issued();
}

#[test]
fn what_does_not_match_is_named() {
    let service = usual();
    for (assertion, code, error, telling) in [
        (
            projected().claim("iss", "https://oidc.cluster.example"),
            700211,
            "invalid_client",
            "issuer 'https://oidc.cluster.example'",
        ),
        (projected().claim("aud", "api://other"), 700212, "invalid_client", "audience 'api://other'"),
        (
            projected().claim("sub", "system:serviceaccount:default:Worker"),
            700213,
            "invalid_client",
            "subject 'system",
        ),
        (projected().signed_by(other_key()), 900384, "invalid_request", "signature"),
        (projected().header("kid", "cluster-2"), 900384, "invalid_request", "signature"),
        (projected().header("alg", "PS256"), 5002738, "invalid_client", "RS256"),
        (projected().claim("exp", NOW - 301), 700024, "invalid_client", "time range"),
        (projected().without_claim("sub"), 90014, "invalid_request", "'sub'"),
    ] {
        let status = if error == "invalid_client" { 401 } else { 400 };
        present(&service, &assertion).assert_refused(code, error, status, telling);
    }
    let none = service_trusting(json!([]));
    present(&none, &projected()).assert_refused(70021, "invalid_request", 400, "Assertion Subject: 'system");
    let unknown = service_trusting(json!([credential("https://token.actions.example", SUBJECT)]));
    present(&unknown, &projected().claim("iss", "https://token.actions.example")).assert_refused(
        900384,
        "invalid_request",
        400,
        "signature",
    );
}

/// What the metadata endpoint gives the machine for the exchange.
fn identity_token(service: &TokenService, resource: &str) -> String {
    let path =
        format!("/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}", encode(resource));
    let mut request = Request::get(HOST, &path);
    request.headers.push(("Metadata".to_owned(), "true".to_owned()));
    text(&Answer::of(service, &request), "access_token")
}

#[test]
fn token_of_a_managed_identity_stands_for_the_application() {
    let own = format!("https://{HOST}/{TENANT}/v2.0");
    for issuer in [&*format!("https://login.microsoftonline.com/{TENANT}/v2.0"), &*own] {
        let service = service_trusting(json!([credential(issuer, PRINCIPAL)]));
        let token = identity_token(&service, EXCHANGE);
        let said = claims(&token);
        assert_eq!((&said["iss"], &said["sub"]), (&json!(own), &json!(PRINCIPAL)));
        assert_eq!(said["aud"], "fb60f99c-7a34-4190-8149-302f77469936");
        let answer = present_text(&service, &token);
        assert_eq!(answer.assert_issued().token_part(1)["appid"], APP);
    }
    let service = service_trusting(json!([credential("https://login.evil.example/x/v2.0", PRINCIPAL)]));
    present_text(&service, &identity_token(&service, EXCHANGE)).assert_refused(
        700211,
        "invalid_client",
        401,
        "issuer",
    );
    let of_other = "https://login.microsoftonline.com/99999999-2222-3333-4444-555555555555/v2.0";
    let service = service_trusting(json!([credential(of_other, PRINCIPAL)]));
    present_text(&service, &identity_token(&service, EXCHANGE)).assert_refused(
        700211,
        "invalid_client",
        401,
        "issuer",
    );
}

#[test]
fn other_tokens_of_the_same_service_do_not() {
    let issuer = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let service = service_trusting(json!([credential(&issuer, PRINCIPAL)]));
    let for_graph = identity_token(&service, "https://graph.microsoft.com");
    present_text(&service, &for_graph).assert_refused(700227, "invalid_request", 400, "audience");
    let of_app = Request::post(
        HOST,
        &format!("/{TENANT}/oauth2/v2.0/token"),
        form(&[
            ("grant_type", "client_credentials"),
            ("client_id", "99999999-0000-4000-8000-000000000001"),
            ("client_secret", "secret"),
            ("scope", "api://AzureADTokenExchange/.default"),
        ]),
    );
    let of_app = text(&Answer::of(&service, &of_app), "access_token");
    present_text(&service, &of_app).assert_refused(700226, "invalid_request", 400, "managed identity");
    let order = json!({ "audience": EXCHANGE, "tenant": TENANT }).to_string();
    let minted = service.control("POST", "users/ada@contoso.com/tokens", &order).expect("a token");
    let minted: Value = serde_json::from_str(&minted).expect("JSON");
    present_text(&service, minted["accessToken"].as_str().expect("a token")).assert_refused(
        700229,
        "invalid_request",
        400,
        "app-only",
    );
    let good = identity_token(&service, EXCHANGE);
    let (rest, end) = good.split_at(good.len() - 40);
    let forged = format!("{rest}{}{}", if end.starts_with('A') { "B" } else { "A" }, &end[1..]);
    present_text(&service, &forged).assert_refused(900384, "invalid_request", 400, "signature");
}

#[test]
fn issuer_that_makes_no_sense_is_refused() {
    for (issuer, telling) in [
        (json!({ "issuer": CLUSTER }), "missing field `jwks`"),
        (json!({ "issuer": CLUSTER, "jwks": { "keys": [] } }), "no RSA key"),
        (
            json!({ "issuer": CLUSTER, "jwks": { "keys": [{ "kty": "RSA", "n": "+/", "e": "AQAB" }] } }),
            "RSA key 1: n",
        ),
    ] {
        let fault = Issuer::parse(&issuer.to_string()).expect_err("a refusal").to_string();
        assert!(fault.contains(telling), "{fault}");
    }
}
