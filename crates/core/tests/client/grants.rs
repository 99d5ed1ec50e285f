//! Whose token is asked for, and what becomes of refusals by their AADSTS numbers.

use crate::drive::*;
use certgrant_core::*;
use certgrant_testkit::jwt::form_value;
use certgrant_testkit::vectors::assertion_rs256 as vector;
use std::sync::Arc;

fn on_behalf_of(user: &str) -> TokenRequest {
    TokenRequest { user_assertion: Some(Arc::new(user.to_owned().into())), ..request() }
}

fn refusal(code: u32, text: &str) -> String {
    format!(
        r#"{{"error":"invalid_client","error_codes":[{code}],"error_description":"AADSTS{code}: {text}"}}"#
    )
}

fn refused(code: u32, text: &str) -> Error {
    let mut drive = drive(options());
    drive.script(401, &refusal(code, text));
    drive.acquire(&request()).unwrap_err()
}

#[test]
fn token_of_a_user_is_exchanged_as_entra_documents_it() {
    let mut drive = drive(options());
    drive.acquire(&on_behalf_of("user.token.+/=")).unwrap();
    let body = drive.service.requests.pop().unwrap();
    let value = |name| form_value(&body, name);
    assert_eq!(value("grant_type").as_deref(), Some("urn:ietf:params:oauth:grant-type:jwt-bearer"));
    assert_eq!(value("requested_token_use").as_deref(), Some("on_behalf_of"));
    assert_eq!(value("assertion").as_deref(), Some("user.token.+/="));
    assert_eq!(value("client_id").as_deref(), Some(vector::CLIENT_ID));
    assert_eq!(value("scope").as_deref(), Some("https://graph.microsoft.com/.default"));
    assert!(value("client_assertion").is_some());
}

#[test]
fn nobody_gets_the_token_of_another_user() {
    let mut drive = drive(options());
    let tokens: Vec<_> = [on_behalf_of("a"), on_behalf_of("b"), request(), on_behalf_of("a")]
        .iter()
        .map(|request| drive.acquire(request).unwrap().access_token.expose().clone())
        .collect();
    assert_eq!(drive.requests.len(), 3);
    assert_eq!(tokens[0], tokens[3]);
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2] && tokens[0] != tokens[2]);
}

#[test]
fn token_of_a_user_is_not_in_the_key_of_its_request() {
    let client = drive(options()).client;
    let key = client.client().key(&on_behalf_of("hunter2")).unwrap();
    assert!(!format!("{key:?}{:?}", on_behalf_of("hunter2")).contains("hunter2"));
}

#[test]
fn unregistered_certificate_is_compared_with_the_one_in_use() {
    let not_found = "[Reason - The key was not found., Thumbprint of key used by client: '";
    let own = refused(700_027, &format!("{not_found}{}'", vector::SHA1));
    assert_eq!(
        own.hint(),
        format!(
            "the app does not have the certificate in use, {} (valid until 2126-10-30): register it; \
             right after an upload, wait some minutes",
            vector::SHA1
        )
    );
    let other = refused(700_027, &format!("{not_found}{}'", "AB".repeat(20)));
    assert!(
        other.hint().contains(&"AB".repeat(20)) && other.hint().contains(vector::SHA1),
        "{}",
        other.hint()
    );
    let signature = "provided signature value did not match the expected signature value., Thumbprint of key used by client: '";
    let error = refused(700_027, &format!("[Reason - {signature}{}'", vector::SHA1));
    assert!(error.hint().ends_with("is not of its key: check the signer"), "{}", error.hint());
    let expired = "The key used is expired., Thumbprint of key used by client: '";
    let error = refused(700_027, &format!("is expired on application [Reason - {expired}{}'", vector::SHA1));
    assert!(error.hint().contains("outside of the dates that it was registered with"), "{}", error.hint());
    let error = refused(700_027, "Client assertion failed signature validation.");
    assert!(error.hint().contains(vector::SHA1), "{}", error.hint());
}

#[test]
fn refusal_has_the_hint_of_its_number() {
    let error = refused(700_211, "No matching federated identity record found");
    assert!(error.hint().contains("issuer"), "{}", error.hint());
    assert_eq!(refused(1, "Never heard of.").hint(), ErrorCode::ServiceRefused.hint());
    for without_sha256 in [5_002_723, 5_002_738] {
        assert!(refused(without_sha256, "No.").hint().starts_with("set the algorithm to RS256"));
    }
}

#[test]
fn passing_trouble_is_asked_again_whatever_its_status() {
    let mut drive = drive(options());
    drive.script(400, r#"{"error":"invalid_request","error_codes":[90033]}"#);
    drive.acquire(&request()).unwrap();
    assert_eq!(drive.requests.len(), 2);
}

#[test]
fn trouble_that_does_not_pass_is_told_at_once() {
    let mut drive = drive(options());
    drive.script(500, r#"{"error":"server_error","error_codes":[50000]}"#);
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!((error.code(), drive.requests.len()), (ErrorCode::ServiceRefused, 1));
    assert!(error.hint().contains("support ticket"), "{}", error.hint());
}

#[test]
fn time_limit_of_a_request_is_the_configured_one() {
    for (wanted, found) in [(None, DEFAULT_TIMEOUT_MILLIS), (Some(5_000), 5_000), (Some(0), 1)] {
        let mut drive = drive(ClientOptions { timeout_millis: wanted, ..options() });
        drive.acquire(&request()).unwrap();
        assert_eq!(drive.requests[0].timeout_millis, found);
    }
}
