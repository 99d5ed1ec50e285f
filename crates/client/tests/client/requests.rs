//! What is sent, what a request may ask for, and whose token it gets.

use certgrant::{ClientAssertionCredential, ClientSecretCredential, ErrorCode, TokenOptions};
use certgrant_testkit::jwt::form_value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::*;

#[tokio::test]
async fn secret_is_sent_as_rfc_6749_section_4_4_2_says() {
    let service = Service::default();
    service.secret_credential().get_token(GRAPH, &plain().correlation_id("an-id")).await.expect("a token");
    let [request] = &service.requests()[..] else { panic!("one request") };
    assert_eq!(request.url, format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"));
    let value = |name| form_value(&request.body, name).unwrap_or_default();
    assert_eq!(value("grant_type"), "client_credentials");
    assert_eq!(value("client_id"), CLIENT_ID);
    assert_eq!(value("client_secret"), "client-secret-of-the-tests");
    assert_eq!(value("scope"), GRAPH[0]);
    assert_eq!(request.header("client-request-id"), Some("an-id"));
    assert_eq!(request.header("x-client-SKU"), Some("certgrant-rust"));
    assert_eq!(request.header("x-client-Ver"), Some(env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn every_difference_of_a_request_has_a_token_of_its_own() {
    let service = Service::default();
    let options = service.options().additionally_allowed_tenants(["fabrikam.com"]);
    let credential = ClientSecretCredential::new(TENANT, CLIENT_ID, "s", options).expect("a credential");
    let kinds: [(&[&str], TokenOptions); 4] = [
        (GRAPH, plain()),
        (VAULT, plain()),
        (GRAPH, plain().tenant("fabrikam.com")),
        (GRAPH, plain().enable_cae(true)),
    ];
    for round in 0..2 {
        for (index, (scopes, options)) in kinds.iter().enumerate() {
            let token = credential.get_token(scopes, options).await.expect("a token");
            assert_eq!(token.secret(), Service::token(index + 1), "round {round}");
        }
    }
    assert_eq!(service.count(), 4);
}

#[tokio::test]
async fn scopes_in_another_order_or_case_of_tenant_are_the_same_token() {
    let service = Service::default();
    let options = service.options().additionally_allowed_tenants(["*"]);
    let credential =
        ClientSecretCredential::new("Contoso.com", CLIENT_ID, "s", options).expect("a credential");
    let first = credential.get_token(&["api://b/x", "api://a/x"], &plain()).await.expect("a token");
    for (scopes, options) in [
        (&["api://a/x", "api://b/x", "api://a/x"][..], plain()),
        (&["api://a/x api://b/x"][..], plain()),
        (&["api://a/x", "api://b/x"][..], plain().tenant("CONTOSO.COM")),
    ] {
        let token = credential.get_token(scopes, &options).await.expect("a token");
        assert_eq!(token.secret(), first.secret());
    }
}

#[tokio::test]
async fn claims_challenge_gets_a_new_token_in_the_place_of_the_rejected_one() {
    let service = Service::default();
    let credential = service.secret_credential();
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    let challenge = r#"{"access_token":{"nbf":{"essential":true,"value":"1798761600"}}}"#;
    let token = credential.get_token(GRAPH, &plain().claims(challenge)).await.expect("a token");
    assert_eq!(token.secret(), Service::token(2));
    assert_eq!(form_value(&service.requests()[1].body, "claims").as_deref(), Some(challenge));
    let token = credential.get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(token.secret(), Service::token(2));
    let error = credential.get_token(GRAPH, &plain().claims("no JSON")).await.expect_err("not usable");
    assert_eq!(error.code(), "ERR_CLAIMS_INVALID");
}

#[tokio::test]
async fn tenants_that_are_not_allowed_are_refused() {
    let service = Service::default();
    let error = service.secret_credential().get_token(GRAPH, &plain().tenant("fabrikam.com")).await;
    assert_eq!(
        error.expect_err("not allowed").as_core().map(certgrant::CoreError::code),
        Some(ErrorCode::TenantNotAllowed)
    );
    assert_eq!(service.count(), 0);
}

#[tokio::test]
async fn removed_and_cleared_tokens_are_asked_for_again() {
    let service = Service::default();
    let credential = service.secret_credential();
    for scopes in [GRAPH, VAULT] {
        credential.get_token(scopes, &plain()).await.expect("a token");
    }
    assert!(credential.remove_token(GRAPH, &plain()).expect("usable scopes"));
    assert!(!credential.remove_token(GRAPH, &plain()).expect("usable scopes"));
    assert_eq!(credential.get_token(VAULT, &plain()).await.expect("a token").secret(), Service::token(2));
    assert_eq!(credential.get_token(GRAPH, &plain()).await.expect("a token").secret(), Service::token(3));
    credential.clear_tokens();
    assert_eq!(credential.get_token(VAULT, &plain()).await.expect("a token").secret(), Service::token(4));
}

#[tokio::test]
async fn assertions_of_a_function_are_asked_for_by_their_audience() {
    let service = Service::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let assertion = move |audience: String| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        async move {
            assert_eq!(audience, format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"));
            if number == 1 {
                Err("the other provider is away".into())
            } else {
                Ok(format!("header.claims.{number}"))
            }
        }
    };
    let credential = ClientAssertionCredential::new(TENANT, CLIENT_ID, assertion, service.options())
        .expect("a credential");
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    let value = |name| form_value(&service.requests()[0].body, name);
    assert_eq!(value("client_assertion").as_deref(), Some("header.claims.0"));
    // https://www.rfc-editor.org/rfc/rfc7523#section-2.2
    assert_eq!(
        value("client_assertion_type").as_deref(),
        Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    );
    let error = credential.get_token(VAULT, &plain()).await.expect_err("no assertion");
    assert_eq!(error.code(), "ERR_SIGNING_FAILED");
    let source = std::error::Error::source(&error).expect("its cause");
    assert_eq!(source.to_string(), "the other provider is away");
    credential.get_token(VAULT, &plain()).await.expect("a token");
}

#[tokio::test]
async fn what_a_credential_is_made_from_is_checked_at_once() {
    let code = |tenant: &str, client_id: &str, authority: &str| {
        let options = Service::default().options().authority(authority);
        ClientSecretCredential::new(tenant, client_id, "s", options).expect_err("not usable").code()
    };
    let authority = "https://login.microsoftonline.com";
    assert_eq!(code("common", CLIENT_ID, authority), "ERR_TENANT_NOT_SPECIFIC");
    assert_eq!(code("contoso", CLIENT_ID, authority), "ERR_TENANT_INVALID");
    assert_eq!(code(TENANT, "", authority), "ERR_CLIENT_ID_INVALID");
    assert_eq!(code(TENANT, CLIENT_ID, "http://login.microsoftonline.com"), "ERR_AUTHORITY_INSECURE");
}

#[tokio::test]
async fn scopes_that_are_not_usable_are_refused_before_anything_is_sent() {
    let service = Service::default();
    let credential = service.secret_credential();
    let scopes: [&[&str]; 3] = [&[], &[""], &["a\nb"]];
    for scopes in scopes {
        let error = credential.get_token(scopes, &plain()).await.expect_err("not usable");
        assert_eq!(error.code(), "ERR_SCOPE_INVALID");
    }
    assert_eq!(service.count(), 0);
}

#[tokio::test]
async fn long_answer_is_cut() {
    let service = Service::default();
    let mut body = Service::grant("t", 3599);
    body.push_str(&" ".repeat(certgrant::MAX_RESPONSE_BYTES));
    body.push('{');
    // What would make it invalid lies beyond the limit.
    service.next([Does::Answer(200, vec![], body)]);
    service.secret_credential().get_token(GRAPH, &plain()).await.expect("a token");
}
