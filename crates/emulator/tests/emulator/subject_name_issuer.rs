//! Subject name and issuer authentication: a certificate that is not registered, of a trusted name and authority.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use certgrant_emulator::Clock;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_RSA_SHA256,
    date_time_ymd,
};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::support::*;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn params(name: &str, is_ca: bool) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2026, 1, 1);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

fn root(name: &str) -> Authority {
    CertifiedIssuer::self_signed(params(name, true), KeyPair::generate().expect("a key"))
        .expect("an authority")
}

/// A certificate of the key that nobody has registered.
fn leaf(name: &str, authority: &Authority) -> Vec<u8> {
    let pkcs8 = &other_key().pkcs8[..];
    let key = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), &PKCS_RSA_SHA256).expect("a key pair");
    params(name, false).signed_by(&key, authority).expect("a certificate").der().to_vec()
}

fn trusting(authority: &Authority) -> Value {
    let mut registration = registration();
    let issuer = STANDARD.encode(authority.der());
    registration["emulator"] =
        json!({ "trustedSubjects": [{ "subjectName": "daemon.contoso.com", "issuer": issuer }] });
    registration
}

fn assertion(chain: &[&[u8]]) -> Assertion {
    let x5c: Vec<String> = chain.iter().map(|der| STANDARD.encode(der)).collect();
    Assertion::ps256()
        .signed_by(other_key())
        .header("x5t#S256", URL_SAFE_NO_PAD.encode(digest(&SHA256, chain[0])))
        .header("x5c", x5c)
}

#[test]
fn certificate_of_trusted_name_and_issuer_gets_a_token() {
    let authority = root("Contoso Root");
    let service = service_for(&trusting(&authority));
    let answer = present(&service, &assertion(&[&leaf("daemon.contoso.com", &authority)]));
    answer.assert_issued();
    assert!(answer.entry.to_string().contains("subject name and issuer"), "{}", answer.entry);
    present(&service, &Assertion::new()).assert_issued();
}

#[test]
fn chain_over_an_intermediate_is_followed_in_any_order() {
    let authority = root("Contoso Root");
    let service = service_for(&trusting(&authority));
    let key = KeyPair::generate().expect("a key");
    let middle =
        CertifiedIssuer::signed_by(params("Contoso Issuing", true), key, &authority).expect("an authority");
    let leaf = leaf("daemon.contoso.com", &middle);
    present(&service, &assertion(&[&leaf, middle.der(), authority.der()])).assert_issued();
    present(&service, &assertion(&[&leaf, authority.der(), middle.der()])).assert_issued();
    present(&service, &assertion(&[&leaf])).assert_refused(
        700030,
        "invalid_client",
        401,
        "'daemon.contoso.com'",
    );
}

#[test]
fn other_name_or_other_issuer_is_700030() {
    let authority = root("Contoso Root");
    let service = service_for(&trusting(&authority));
    let impostor = root("Contoso Root");
    for leaf in [leaf("other.contoso.com", &authority), leaf("daemon.contoso.com", &impostor)] {
        let answer = present(&service, &assertion(&[&leaf]));
        answer.assert_refused(700030, "invalid_client", 401, "subject name in certificate is not authorized");
    }
}

#[test]
fn certificate_that_is_no_authority_issues_nothing() {
    let authority = root("Contoso Root");
    let service = service_for(&trusting(&authority));
    let key = KeyPair::generate().expect("a key");
    let plain = CertifiedIssuer::signed_by(params("leaf", false), key, &authority).expect("a certificate");
    let leaf = leaf("daemon.contoso.com", &plain);
    present(&service, &assertion(&[&leaf, plain.der()])).assert_refused(700030, "invalid_client", 401, "");
}

#[test]
fn signature_must_be_by_the_leaf() {
    let authority = root("Contoso Root");
    let service = service_for(&trusting(&authority));
    let forged = assertion(&[&leaf("daemon.contoso.com", &authority)]).signed_by(app_key());
    present(&service, &forged).assert_refused(700027, "invalid_client", 401, "did not match");
}

#[test]
fn thumbprint_must_be_the_leafs() {
    let authority = root("Contoso Root");
    let service = service_for(&trusting(&authority));
    let assertion = assertion(&[&leaf("daemon.contoso.com", &authority)]);
    let apart = assertion.header("x5t#S256", URL_SAFE_NO_PAD.encode(other_key().sha256()));
    present(&service, &apart).assert_refused(700027, "invalid_client", 401, "The key was not found");
}

#[test]
fn without_trusted_subjects_a_chain_is_of_no_use() {
    let authority = root("Contoso Root");
    let answer = present(service(), &assertion(&[&leaf("daemon.contoso.com", &authority)]));
    answer.assert_refused(700027, "invalid_client", 401, "The key was not found");
}

#[test]
fn expired_leaf_is_700027_expired() {
    let authority = root("Contoso Root");
    let later = 1_780_000_000;
    let service = service_with(&trusting(&authority), |config| config.clock = Clock::fixed(later));
    let assertion = assertion(&[&leaf("daemon.contoso.com", &authority)]);
    let answer = present(&service, &assertion.claim("nbf", later).claim("exp", later + 600));
    answer.assert_refused(700027, "invalid_client", 401, "The key used is expired");
    assert!(answer.text().contains("End=01/01/2026 00:00:00"), "{}", answer.text());
}
