//! Credentials of every kind against a service that really checks them.

use certgrant::{
    CertificateSource, ClientAssertionCredential, ClientCertificateCredential, ClientSecretCredential,
    KeyVaultCertificate,
};
use certgrant_emulator::{FaultRule, Vault};
use certgrant_testkit::serde_json::{self, Value, json};
use certgrant_testkit::vectors::{assertion_rs256 as vector, bundles};

use crate::emulator::{self, PASSWORD, SECRET, base64};
use crate::proxy::{Policy, Proxy};
use crate::support::*;

const PFX: &[u8] = include_bytes!("../../../../tests/vectors/keys/modern.pfx");
/// 3DES and RC2, as Windows and OpenSSL 1 write them.
const LEGACY_PFX: &[u8] = include_bytes!("../../../../tests/vectors/pfx/openssl-legacy.pfx");

/// The vault's address, which a proxy leads to the emulator.
const VAULT_URL: &str = "https://contoso.vault.azure.net";

/// A vault with one version of a certificate.
fn vault(version: &Value) -> Vec<Vault> {
    let certificates = json!([{ "name": "daemon", "versions": [version] }]);
    let vault = json!({
        "name": "contoso", "tenant": TENANT, "hosts": ["contoso.vault.azure.net"], "certificates": certificates,
    });
    Vault::parse(&vault.to_string()).expect("a vault")
}

/// Whether a token is one that the emulator signed for the application.
fn assert_issued(token: &certgrant::AccessToken) {
    let (_, claims, _) = certgrant_testkit::jwt::decode(token.secret());
    assert_eq!((claims["appid"].as_str(), claims["tid"].as_str()), (Some(CLIENT_ID), Some(TENANT)));
    assert_eq!(token.token_type(), "Bearer");
}

#[tokio::test]
async fn certificates_of_every_form_get_a_token() {
    let emulator = emulator::start(|config| {
        config.strict = true;
        let application = emulator::application().with_certificate(&emulator::leaf_der());
        config.applications = vec![application.expect("a certificate")];
    })
    .await;
    for source in [
        CertificateSource::bytes(vector::pem()),
        CertificateSource::bytes(vector::pem()).algorithm("RS256"),
        CertificateSource::bytes(vector::key_pem()).thumbprint(vector::SHA256),
        CertificateSource::bytes(emulator::leaf_pem()).send_chain(true),
        CertificateSource::bytes(PFX).password(PASSWORD),
        CertificateSource::bytes(LEGACY_PFX).password(PASSWORD),
    ] {
        let shown = format!("{source:?}");
        let credential =
            ClientCertificateCredential::new(TENANT, CLIENT_ID, source, emulator::options(&emulator))
                .expect("a credential");
        let token = credential.get_token(GRAPH, &plain()).await;
        assert_issued(&token.unwrap_or_else(|error| panic!("{shown}: {error}")));
    }
}

#[tokio::test]
async fn secret_gets_a_token_and_a_wrong_one_the_words_of_the_service() {
    let emulator = emulator::start(|_| ()).await;
    let credential = |secret| {
        ClientSecretCredential::new(TENANT, CLIENT_ID, secret, emulator::options(&emulator))
            .expect("a credential")
    };
    assert_issued(&credential(SECRET).get_token(GRAPH, &plain()).await.expect("a token"));
    let error = credential("wrong").get_token(GRAPH, &plain()).await.expect_err("refused");
    assert_eq!(error.code(), "ERR_SERVICE_REFUSED");
    let service = error.service().expect("its words");
    assert_eq!((service.status, service.error.as_str()), (401, "invalid_client"));
    assert_eq!(service.error_codes, [7_000_215]);
}

#[tokio::test]
async fn assertion_of_elsewhere_gets_a_token() {
    let emulator = emulator::start(|_| ()).await;
    let assertion = |audience: String| async move {
        let bundle = certgrant_core::Bundle::from_pem(vector::pem().as_bytes())?;
        let thumbprint = bundle.chain[0].thumbprint_sha256();
        let algorithm = certgrant::Algorithm::Ps256;
        let template = certgrant_core::AssertionTemplate::new(CLIENT_ID, algorithm, &thumbprint, &[], None);
        let prepared = template.prepare(&audience, certgrant_core::Timestamp::from_secs(NOW), vector::JTI);
        let signer = certgrant_signer::AwsLcSigner::new(&bundle.key)?;
        let signature = signer.sign(prepared.signing_request())?;
        Ok(prepared.with_signature(&signature)?.expose().clone())
    };
    let options = emulator::options(&emulator);
    let credential =
        ClientAssertionCredential::new(TENANT, CLIENT_ID, assertion, options).expect("a credential");
    assert_issued(&credential.get_token(GRAPH, &plain()).await.expect("a token"));
}

#[tokio::test]
async fn key_of_a_vault_signs_and_its_newer_version_is_used_after_a_refusal() {
    let version = json!({ "certificate": vector::CERTIFICATE_PEM, "privateKey": vector::key_pem() });
    let emulator = emulator::start(|config| config.vaults = vault(&version)).await;
    let proxy = Proxy::start(Policy::Open, emulator.https_addr()).await;
    let options = || emulator::options_with(&emulator, emulator::trusting(&emulator).proxy(proxy.url()));
    let may_sign = ClientSecretCredential::new(TENANT, CLIENT_ID, SECRET, options());
    let vault = KeyVaultCertificate::new(VAULT_URL, "daemon", may_sign.expect("a credential"));
    let source = CertificateSource::key_vault(vault);
    let credential =
        ClientCertificateCredential::new(TENANT, CLIENT_ID, source, options()).expect("a credential");
    assert_issued(&credential.get_token(GRAPH, &plain()).await.expect("a token"));
    let count = |operation| emulator.service().count(operation);
    // Once to open it; the interval at which it is asked again has not passed.
    assert_eq!((count("vault.certificate"), count("vault.sign")), (1, 1));

    let control = |method, path: &str, body: &Value| {
        let answer = emulator.service().control(method, path, &body.to_string()).expect("done");
        serde_json::from_str::<Value>(&answer).unwrap_or_default()
    };
    let version = json!({ "certificate": bundles::LEAF_PEM, "privateKey": bundles::LEAF_KEY_PKCS1_PEM });
    control("POST", "vaults/contoso/certificates/daemon/versions", &version);
    let leaf = base64(bundles::LEAF_PEM);
    control("POST", &format!("applications/{CLIENT_ID}/keys"), &json!({ "key": leaf }));
    emulator::unregister_first_key(&emulator);
    credential.clear_tokens();
    assert_issued(&credential.get_token(GRAPH, &plain()).await.expect("a token"));
    assert_eq!((count("vault.certificate"), count("vault.sign")), (2, 2));
}

#[tokio::test]
async fn vault_that_refuses_says_so_in_its_own_words() {
    let emulator = emulator::start(|config| config.vaults = vault(&json!({}))).await;
    let proxy = Proxy::start(Policy::Open, emulator.https_addr()).await;
    let options = || emulator::options_with(&emulator, emulator::trusting(&emulator).proxy(proxy.url()));
    let credential_for = |name: &str, secret: &str| {
        let may_sign = ClientSecretCredential::new(TENANT, CLIENT_ID, secret, options());
        let vault = KeyVaultCertificate::new(VAULT_URL, name, may_sign.expect("a credential"));
        let source = CertificateSource::key_vault(vault);
        ClientCertificateCredential::new(TENANT, CLIENT_ID, source, options()).expect("a credential")
    };
    let error = credential_for("other", SECRET).get_token(GRAPH, &plain()).await.expect_err("it has none");
    assert_eq!(error.code(), "ERR_VAULT_REFUSED");
    assert_eq!(error.service().expect("its words").error, "CertificateNotFound");
    let error = credential_for("daemon", "wrong").get_token(GRAPH, &plain()).await.expect_err("no token");
    assert_eq!(error.code(), "ERR_VAULT_TOKEN_FAILED");
    let source = std::error::Error::source(&error).expect("its cause").to_string();
    assert!(source.contains("AADSTS7000215"), "{source}");
}

#[tokio::test]
async fn certificate_that_is_not_registered_is_refused_with_a_hint() {
    let emulator = emulator::start(|_| ()).await;
    let source = CertificateSource::bytes(emulator::leaf_pem());
    let credential =
        ClientCertificateCredential::new(TENANT, CLIENT_ID, source, emulator::options(&emulator))
            .expect("a credential");
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("refused");
    assert_eq!(error.service().expect("its words").error_codes, [700_027]);
    assert!(error.hint().contains("the app does not have the certificate in use"), "{}", error.hint());
}

#[tokio::test]
async fn service_that_fails_in_its_ways_is_told_apart() {
    for (action, code) in [
        (r#"{ "connection": "reset" }"#, "ERR_NETWORK_FAILED"),
        (r#"{ "status": 503 }"#, "ERR_SERVICE_UNAVAILABLE"),
        (r#"{ "body": "html" }"#, "ERR_RESPONSE_INVALID"),
    ] {
        let rules =
            FaultRule::parse(&format!(r#"{{ "match": {{ "operation": "token" }}, "action": {action} }}"#));
        let emulator = emulator::start(|config| config.faults = rules.expect("a rule")).await;
        let options = emulator::options(&emulator).max_retries(0);
        let credential =
            ClientSecretCredential::new(TENANT, CLIENT_ID, SECRET, options).expect("a credential");
        let error = credential.get_token(GRAPH, &plain()).await.expect_err("it fails");
        assert_eq!(error.code(), code, "{error}");
    }
}

#[tokio::test]
async fn server_that_another_authority_vouches_for_is_not_spoken_to() {
    let (emulator, other) = (emulator::start(|_| ()).await, emulator::start(|_| ()).await);
    let options = emulator::options_with(&emulator, emulator::trusting(&other)).max_retries(0);
    let credential = ClientSecretCredential::new(TENANT, CLIENT_ID, SECRET, options).expect("a credential");
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("not trusted");
    assert_eq!(error.code(), "ERR_NETWORK_FAILED");
    assert!(error.to_string().contains("certificate"), "{error}");
    assert_eq!(emulator.service().count("token"), 0);
}

#[tokio::test]
async fn redirect_of_a_token_request_is_not_followed() {
    let rules = FaultRule::parse(
        r#"{ "match": { "operation": "token", "count": 1 }, "action": { "status": 307, "headers": { "location": "/elsewhere" } } }"#,
    );
    let emulator = emulator::start(|config| config.faults = rules.expect("a rule")).await;
    let options = emulator::options(&emulator);
    let credential = ClientSecretCredential::new(TENANT, CLIENT_ID, SECRET, options).expect("a credential");
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("a redirect is no token");
    assert_eq!(error.service().expect("its words").status, 307);
    assert_eq!(emulator.service().requests().len(), 1);
}

#[tokio::test]
async fn clock_that_is_wrong_gets_its_token_on_the_second_try() {
    let emulator = emulator::start(|_| ()).await;
    for wrong in [NOW - 1200, NOW + 720] {
        let clock = SteppingClock::default();
        clock.set(wrong);
        let source = CertificateSource::bytes(vector::pem());
        let options = emulator::options(&emulator).clock(clock);
        let credential =
            ClientCertificateCredential::new(TENANT, CLIENT_ID, source, options).expect("a credential");
        let asked = emulator.service().count("token");
        assert_issued(&credential.get_token(GRAPH, &plain()).await.expect("a token"));
        assert_eq!(emulator.service().count("token"), asked + 2);
    }
}
