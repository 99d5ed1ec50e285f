//! No secret is in an event, an error or a `Debug`; no account in an event, unless it is allowed.

use certgrant::{CertificateSource, ClientCertificateCredential, ClientOptions, ClientSecretCredential};
use certgrant_testkit::jwt::form_value;
use certgrant_testkit::leaks::LeakScanner;
use certgrant_testkit::vectors::assertion_rs256 as vector;

use crate::emulator::PASSWORD;
use crate::log::{heard, listen};
use crate::support::*;

const SECRET: &str = "client-secret-of-the-tests";

/// Gets tokens and fails to, and gives back everything that can be printed of it.
async fn everything(service: &Service, options: &ClientOptions) -> String {
    let pfx = include_bytes!("../../../../tests/vectors/keys/modern.pfx");
    let source = CertificateSource::bytes(*pfx).password(PASSWORD);
    let mut shown = format!("{source:?}");
    let certificate = ClientCertificateCredential::new(TENANT, CLIENT_ID, source, options.clone());
    let certificate = certificate.expect("a credential");
    let secret =
        ClientSecretCredential::new(TENANT, CLIENT_ID, SECRET, options.clone()).expect("a credential");
    let refusal = format!(
        r#"{{"error":"invalid_client","error_description":"AADSTS700016: {CLIENT_ID} of {TENANT}","error_codes":[700016]}}"#
    );
    for scopes in [GRAPH, VAULT] {
        let token = certificate.get_token(scopes, &plain()).await.expect("a token");
        shown += &format!("{token:?} {:?}", certificate.get_token(scopes, &plain()).await);
        service.next([Does::Answer(401, vec![], refusal.clone()), Does::Break]);
        for _ in 0..2 {
            let error = secret.get_token(scopes, &plain()).await;
            shown += &format!("{error:?}");
        }
    }
    shown + &format!("{certificate:?} {secret:?} {options:?}")
}

fn secrets(service: &Service) -> LeakScanner {
    let mut scanner = LeakScanner::new();
    scanner.add_text("client secret", SECRET);
    scanner.add_text("password", PASSWORD);
    scanner.add_bytes("key", vector::KEY_PKCS8_DER);
    for (index, request) in service.requests().iter().enumerate() {
        scanner.add_text("token", &Service::token(index + 1));
        if let Some(assertion) = form_value(&request.body, "client_assertion") {
            scanner.add_text("assertion", &assertion);
        }
    }
    scanner
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_events_errors_or_debug_even_where_accounts_may_be_named() {
    let service = Service::default();
    listen();
    let shown = everything(&service, &service.options().log_account_identifiers(true).max_retries(1)).await;
    let log = heard();
    for expected in [
        "token_request",
        "signing a client assertion",
        "sending a request",
        "client_request_id",
        "token granted",
        "token served from the cache",
        "no token",
        "no answer",
        "asking again later",
        TENANT,
    ] {
        assert!(log.contains(expected), "{expected} is not in\n{log}");
    }
    // The name of the PFX's password is also ours, so events are searched without their target and spans.
    let log = log.replace("certgrant", "");
    let shown = shown.replace("certgrant", "").replace("Certgrant", "");
    let scanner = secrets(&service);
    assert_eq!(scanner.find(&log), Vec::<&str>::new(), "{log}");
    assert_eq!(scanner.find(&shown), Vec::<&str>::new(), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn accounts_are_not_named_unless_that_is_allowed() {
    let service = Service::default();
    listen();
    everything(&service, &service.options().max_retries(1)).await;
    let log = heard();
    assert!(log.contains("token granted") && log.contains("aadsts=700016"), "{log}");
    for account in [TENANT, CLIENT_ID, "login.microsoftonline.com"] {
        assert!(!log.contains(account), "{account} is in\n{log}");
    }
}

#[test]
fn scanner_would_find_them() {
    let scanner = secrets(&Service::default());
    assert_eq!(scanner.find("a log with client-secret-of-the-tests"), ["client secret"]);
}
