//! Certificate files that are missing, broken or replaced, and signers of the caller's own.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use certgrant::{BoxError, CertificateSource, SigningRequest};
use certgrant_core::Bundle;
use certgrant_signer::AwsLcSigner;
use certgrant_testkit::jwt::{decode, form_value};
use certgrant_testkit::serde_json::Value;
use certgrant_testkit::vectors::assertion_rs256 as vector;
use tokio::time::advance;

use crate::emulator::leaf_pem;
use crate::support::*;

/// Longer than an assertion is used.
const ASSERTION_AGE: Duration = Duration::from_secs(600);

/// A path that no other test uses.
fn path(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    path
}

/// The thumbprint in the assertion of the latest request.
fn thumbprint(service: &Service) -> Value {
    let body = service.requests().last().expect("a request").body.clone();
    let (header, ..) = decode(&form_value(&body, "client_assertion").expect("an assertion"));
    header["x5t#S256"].clone()
}

fn leaf_thumbprint() -> String {
    Bundle::from_pem(leaf_pem().as_bytes()).expect("a bundle").chain[0].thumbprint_sha256().to_base64url()
}

fn signer() -> AwsLcSigner {
    AwsLcSigner::new(&Bundle::from_pem(vector::pem().as_bytes()).expect("a bundle").key).expect("a signer")
}

#[tokio::test(start_paused = true)]
async fn file_that_is_replaced_is_used_without_a_restart() {
    let service = Service::default();
    let path = path("replaced.pem");
    fs::write(&path, vector::pem()).expect("written");
    let credential = service.credential_with(CertificateSource::file(&path));
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(thumbprint(&service), vector::X5T_S256);

    let successor = path.with_extension("new");
    fs::write(&successor, leaf_pem()).expect("written");
    fs::rename(&successor, &path).expect("renamed");
    credential.get_token(VAULT, &plain()).await.expect("a token");
    assert_eq!(thumbprint(&service), vector::X5T_S256, "the assertion at hand is still good");
    advance(ASSERTION_AGE).await;
    credential.clear_tokens();
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(thumbprint(&service), leaf_thumbprint().as_str());
}

#[tokio::test(start_paused = true)]
async fn certificate_that_the_service_no_longer_knows_is_looked_for_at_once() {
    let service = Service::default();
    let path = path("refused.pem");
    fs::write(&path, vector::pem()).expect("written");
    let credential = service.credential_with(CertificateSource::file(&path));
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    fs::write(&path, leaf_pem()).expect("written");
    let refusal = r#"{"error":"invalid_client","error_codes":[700027]}"#;
    service.next([Does::Answer(401, vec![], refusal.to_owned())]);
    let token = credential.get_token(VAULT, &plain()).await.expect("a token for the successor");
    assert_eq!((token.secret(), service.count()), (Service::token(3).as_str(), 3));
    assert_eq!(thumbprint(&service), leaf_thumbprint().as_str());
}

#[tokio::test(start_paused = true)]
async fn successor_that_is_not_usable_leaves_the_certificate_in_use() {
    let service = Service::default();
    let path = path("broken-successor.pem");
    fs::write(&path, vector::pem()).expect("written");
    let credential = service.credential_with(CertificateSource::file(&path));
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    for broken in ["half a file", ""] {
        fs::write(&path, broken).expect("written");
        advance(ASSERTION_AGE).await;
        credential.clear_tokens();
        credential.get_token(GRAPH, &plain()).await.expect("a token");
        assert_eq!(thumbprint(&service), vector::X5T_S256);
    }
    fs::write(&path, leaf_pem()).expect("written");
    advance(ASSERTION_AGE).await;
    credential.clear_tokens();
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(thumbprint(&service), leaf_thumbprint().as_str(), "the next look found it");
}

#[tokio::test]
async fn file_that_is_missing_is_named_and_looked_for_again() {
    let service = Service::default();
    let path = path("missing.pem");
    let credential = service.credential_with(CertificateSource::file(&path));
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("no file");
    assert_eq!(error.code(), "ERR_FILE_UNREADABLE");
    assert!(error.to_string().contains("missing.pem"), "{error}");
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    assert_eq!(cause.expect("its cause").kind(), std::io::ErrorKind::NotFound);
    fs::write(&path, vector::pem()).expect("written");
    credential.open().await.expect("a certificate");
    assert_eq!(service.count(), 0, "opening asks for no token");
    credential.get_token(GRAPH, &plain()).await.expect("a token");
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_told_by_its_code() {
    let service = Service::default();
    let pfx = include_bytes!("../../../../tests/vectors/keys/modern.pfx");
    for (source, code) in [
        (CertificateSource::bytes("no certificate"), "ERR_PEM_NOT_FOUND"),
        (CertificateSource::bytes(vector::CERTIFICATE_PEM), "ERR_KEY_MISSING"),
        (CertificateSource::bytes(vector::key_pem()), "ERR_CERTIFICATE_MISSING"),
        (CertificateSource::bytes(*pfx), "ERR_PASSWORD_MISSING"),
        (CertificateSource::bytes(*pfx).password("wrong"), "ERR_PASSWORD_WRONG"),
        (CertificateSource::bytes(vector::pem()).thumbprint("00".repeat(20)), "ERR_THUMBPRINT_MISMATCH"),
        (CertificateSource::supplier(|| async { Err("no store".into()) }), "ERR_FILE_UNREADABLE"),
    ] {
        let error = service.credential_with(source).open().await.expect_err("not usable");
        assert_eq!(error.code(), code, "{error}");
    }
    let error = |source| {
        let made = certgrant::ClientCertificateCredential::new(TENANT, CLIENT_ID, source, service.options());
        made.expect_err("not usable").code()
    };
    assert_eq!(error(CertificateSource::file("a").thumbprint("zz")), "ERR_THUMBPRINT_INVALID");
    assert_eq!(error(CertificateSource::file("a").algorithm("none")), "ERR_ALGORITHM_INVALID");
}

#[test]
fn pem_in_the_place_of_a_path_is_refused_and_not_shown() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let options = runtime.block_on(async { Service::default().options() });
    for text in [vector::key_pem(), "a\nb".to_owned(), "x".repeat(5_000)] {
        let source = CertificateSource::file(&text);
        assert!(!format!("{source:?}").contains(&text));
        let made = certgrant::ClientCertificateCredential::new(TENANT, CLIENT_ID, source, options.clone());
        let error = made.expect_err("no path");
        assert_eq!(error.code(), "ERR_INVALID_ARG_VALUE");
        assert!(!format!("{error:?}").contains(&text));
    }
}

#[tokio::test]
async fn signers_of_the_callers_own_sign_in_the_place_of_a_key() {
    for source in [
        CertificateSource::bytes(vector::CERTIFICATE_PEM)
            .signer_fn(|request: SigningRequest| async move { Ok(signer().sign(&request)?) }),
        CertificateSource::bytes(vector::CERTIFICATE_PEM)
            .blocking_signer(|request: &SigningRequest| Ok(signer().sign(request)?)),
    ] {
        let service = Service::default();
        service.credential_with(source).get_token(GRAPH, &plain()).await.expect("a token");
        assert_eq!(thumbprint(&service), vector::X5T_S256);
    }
}

#[tokio::test]
async fn signature_that_the_certificates_key_did_not_make_is_not_sent() {
    for wrong in [vec![], vec![1; 256]] {
        let service = Service::default();
        let sign = move |_: SigningRequest| core::future::ready(Ok(wrong.clone()));
        let source = CertificateSource::bytes(vector::CERTIFICATE_PEM).signer_fn(sign);
        let error = service.credential_with(source).get_token(GRAPH, &plain()).await.expect_err("refused");
        assert_eq!((error.code(), service.count()), ("ERR_SIGNATURE_INVALID", 0));
    }
}

#[tokio::test]
async fn error_of_a_signer_is_the_cause_and_not_remembered() {
    let service = Service::default();
    let is_away = Arc::new(AtomicBool::new(true));
    let away = Arc::clone(&is_away);
    let sign = move |request: SigningRequest| {
        let is_away = away.load(Ordering::Relaxed);
        async move { if is_away { Err("the module is away".into()) } else { Ok(signer().sign(&request)?) } }
    };
    let source = CertificateSource::bytes(vector::CERTIFICATE_PEM).signer_fn(sign);
    let credential = service.credential_with(source);
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("no signature");
    assert_eq!(error.code(), "ERR_SIGNING_FAILED");
    assert_eq!(std::error::Error::source(&error).expect("its cause").to_string(), "the module is away");
    is_away.store(false, Ordering::Relaxed);
    credential.get_token(GRAPH, &plain()).await.expect("a token");
}

#[tokio::test]
async fn flights_that_need_the_same_signature_share_it() {
    let service = Service::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let sign = move |request: SigningRequest| {
        counter.fetch_add(1, Ordering::Relaxed);
        async move {
            tokio::task::yield_now().await;
            Ok::<_, BoxError>(signer().sign(&request)?)
        }
    };
    let credential =
        service.credential_with(CertificateSource::bytes(vector::CERTIFICATE_PEM).signer_fn(sign));
    credential.open().await.expect("a certificate");
    let options = plain();
    let (first, second) =
        tokio::join!(credential.get_token(GRAPH, &options), credential.get_token(VAULT, &options));
    assert_ne!(first.expect("a token").secret(), second.expect("a token").secret());
    assert_eq!((service.count(), asked.load(Ordering::Relaxed)), (2, 1));
}

#[tokio::test]
async fn signer_is_given_up_with_the_last_caller() {
    let service = Service::default();
    let source = CertificateSource::bytes(vector::CERTIFICATE_PEM).signer_fn(|request: SigningRequest| {
        let probe = Arc::new(request);
        PROBE.with_borrow_mut(|weak| *weak = Arc::downgrade(&probe));
        async move {
            core::future::pending::<()>().await;
            drop(probe);
            Err("never".into())
        }
    });
    let credential = service.credential_with(source);
    credential.open().await.expect("a certificate");
    let call = tokio::spawn({
        let credential = credential.clone();
        async move { credential.get_token(GRAPH, &plain()).await }
    });
    settle().await;
    assert_eq!(PROBE.with_borrow(std::sync::Weak::strong_count), 1, "it signs");
    call.abort();
    settle().await;
    assert_eq!(PROBE.with_borrow(std::sync::Weak::strong_count), 0);
}

thread_local! {
    static PROBE: core::cell::RefCell<std::sync::Weak<SigningRequest>> = const { core::cell::RefCell::new(std::sync::Weak::new()) };
}
