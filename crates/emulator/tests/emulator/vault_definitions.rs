//! What a vault may be given, and errors that say where.

use certgrant_emulator::{Application, Clock, Config, Emulator, Error, Request, TokenService, Vault};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::DecodePrivateKey as _;
use serde_json::{Value, json};

use crate::support::*;

fn with_version(version: Value) -> Value {
    json!({ "name": "contoso", "tenant": TENANT, "certificates": [{ "name": "daemon", "versions": [version] }] })
}

fn opened(definition: &Value) -> Result<TokenService, Error> {
    let mut config = Config::default();
    config.vaults = Vault::parse(&definition.to_string()).expect("a definition");
    config.clock = Clock::fixed(NOW);
    TokenService::new(config)
}

#[test]
fn pkcs1_key_is_read() {
    let key = rsa::PrivateKey::from_pkcs8_der(&app_key().pkcs8).expect("a key");
    let pkcs1 = key.to_pkcs1_der().expect("PKCS#1");
    let version = json!({
        "certificate": pem("CERTIFICATE", &app_key().certificate),
        "privateKey": pem("RSA PRIVATE KEY", pkcs1.as_bytes()),
    });
    assert!(opened(&with_version(version)).is_ok());
}

#[test]
fn unusable_version_is_reported_with_its_place() {
    let key = pem("PRIVATE KEY", &app_key().pkcs8);
    let certificate = app_key().base64();
    for (version, telling) in [
        (json!({ "privateKey": key }), "a private key without a certificate"),
        (json!({ "certificate": certificate }), "a certificate without a private key"),
        (
            json!({ "privateKey": "secret-text", "certificate": certificate }),
            "privateKey: has no unencrypted private key",
        ),
        (
            json!({ "privateKey": pem("PRIVATE KEY", &[1, 2]), "certificate": certificate }),
            "privateKey: is not an RSA key",
        ),
        (json!({ "privateKey": key, "certificate": "?" }), "certificate: not base64"),
        (
            json!({ "privateKey": key, "certificate": "-----BEGIN X-----" }),
            "certificate: is PEM without a certificate",
        ),
        (
            json!({ "privateKey": key, "certificate": other_key().base64() }),
            "certificate: is of another key than privateKey",
        ),
        (
            json!({ "privateKey": key, "certificate": certificate, "version": "1" }),
            "not of 32 hexadecimal digits",
        ),
    ] {
        let fault = opened(&with_version(version)).expect_err("a refusal").to_string();
        assert!(fault.starts_with("vault contoso: daemon: ") && fault.contains(telling), "{fault}");
        assert!(!fault.contains("secret-text"), "{fault}");
    }
}

#[test]
fn unusable_definition_is_reported_with_its_place() {
    for (definition, telling) in [
        (json!({ "name": "contoso" }), "missing field `tenant`"),
        (json!({ "name": "contoso", "tenant": "contoso" }), "is no tenant"),
        (json!({ "name": "x", "tenant": TENANT }), "vault 1 (x): the name is not of 3 to 24"),
        (json!([{ "name": "a.b.c", "tenant": TENANT }]), "vault 1 (a.b.c): the name is not"),
        (
            json!({ "name": "contoso", "tenant": TENANT, "hosts": ["a..b"] }),
            "hosts: \"a..b\" is not a host name",
        ),
        (
            json!({ "name": "contoso", "tenant": TENANT, "certificates": [{ "name": "a/b" }] }),
            "certificates: name: \"a/b\"",
        ),
        (json!({ "name": "contoso", "tenant": TENANT, "secrets": [] }), "unknown field `secrets`"),
        (with_version(json!({ "expires": "soon" })), "not a date and time"),
    ] {
        let fault = Vault::parse(&definition.to_string()).expect_err("a refusal").to_string();
        assert!(fault.contains(telling), "{fault}");
    }
    let twice = json!([{ "name": "contoso", "tenant": TENANT }, { "name": "Contoso", "tenant": TENANT }]);
    let fault = opened(&twice).expect_err("a refusal").to_string();
    assert_eq!(fault, "vault Contoso: the name is there twice");
}

#[test]
fn vault_made_in_code_works_like_one_from_a_file() {
    let tenant = TENANT.parse().expect("a tenant");
    let vault = Vault::new("contoso", tenant).expect("a vault").with_host("contoso.vault.azure.net");
    let vault =
        vault.with_certificate("daemon", &app_key().certificate, &pem("PRIVATE KEY", &app_key().pkcs8));
    assert!(!format!("{vault:?}").contains("PRIVATE"), "{vault:?}");
    let service = service_with(&registration(), |config| config.vaults = vec![vault]);
    let token =
        present_with(&service, "scope", "https://vault.azure.net/.default").body["access_token"].clone();
    let mut request = Request::get("contoso.vault.azure.net", "/certificates/daemon?api-version=7.4");
    request
        .headers
        .push(("Authorization".to_owned(), format!("Bearer {}", token.as_str().expect("a token"))));
    assert_eq!(Answer::of(&service, &request).response.status, 200);
    assert!(Vault::new("x", "contoso.com".parse().expect("a tenant")).is_err());
}

#[tokio::test]
async fn every_vault_has_a_port_and_names_in_the_certificate() {
    let mut config = Config::default();
    config.applications = Application::parse(&registration().to_string()).expect("registrations");
    let tenant: certgrant_emulator::Tenant = TENANT.parse().expect("a tenant");
    let vault = |name| Vault::new(name, tenant.clone()).expect("a vault");
    config.vaults = vec![vault("contoso").with_host("contoso.vault.azure.net"), vault("fabrikam")];
    let running = Emulator::start(config).await.expect("a running emulator");
    let urls: Vec<(String, String)> =
        running.vault_urls().map(|(name, url)| (name.to_owned(), url)).collect();
    assert_eq!([&urls[0].0, &urls[1].0], ["contoso", "fabrikam"]);
    assert_ne!(urls[0].1, urls[1].1);
    for (name, url) in [
        ("localhost", urls[0].1.as_str()),
        ("contoso.vault.azure.net", &running.authority()),
        ("fabrikam.vault.localhost", &running.authority()),
    ] {
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let reply = crate::over_tls::get(&running, port, name, "/certificates/x?api-version=7.4").await;
        let challenge = format!("authorization=\"{}/{TENANT}\"", running.authority());
        assert!(reply.starts_with("HTTP/1.1 401") && reply.contains(&challenge), "{name}: {reply}");
    }
    assert_eq!(running.service().count("vault.certificate"), 3);
    running.shutdown().await;
}
