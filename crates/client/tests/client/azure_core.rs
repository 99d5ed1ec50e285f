//! Azure's SDK for Rust takes the credentials: its own policy puts their tokens on requests.

use std::sync::{Arc, Mutex};

use azure_core::error::ErrorKind;
use azure_core::http::headers::{AUTHORIZATION, Headers};
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{AsyncRawResponse, Context, Method, Request, StatusCode};
use certgrant::AzureCoreCredential;

use crate::support::*;

/// The end of a pipeline: keeps what it is to send.
#[derive(Debug, Default)]
struct Wire(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl Policy for Wire {
    async fn send(&self, _: &Context, request: &mut Request, _: &[Arc<dyn Policy>]) -> PolicyResult {
        let authorization = request.headers().get_str(&AUTHORIZATION)?.to_owned();
        self.0.lock().expect("a lock").push(authorization);
        Ok(AsyncRawResponse::from_bytes(StatusCode::Ok, Headers::new(), Vec::new()))
    }
}

fn request() -> Request {
    Request::new("https://orders.example/".parse().expect("a URL"), Method::Get)
}

#[tokio::test]
async fn policy_of_azure_core_sends_the_token() {
    let service = Service::default();
    let policy = BearerTokenAuthorizationPolicy::new(
        AzureCoreCredential::new(service.secret_credential()),
        GRAPH.to_vec(),
    );
    let wire = Arc::new(Wire::default());
    let next: [Arc<dyn Policy>; 1] = [wire.clone()];
    for _ in 0..2 {
        policy.send(&Context::new(), &mut request(), &next).await.expect("sent");
    }
    let sent = wire.0.lock().expect("a lock").clone();
    assert_eq!(sent, vec![format!("Bearer {}", Service::token(1)); 2]);
    assert_eq!(service.count(), 1);
}

#[tokio::test]
async fn error_of_a_credential_is_a_credential_error_with_its_source() {
    let service = Service::default();
    service.next([Does::Answer(401, vec![], r#"{"error":"invalid_client"}"#.to_owned())]);
    let credential = AzureCoreCredential::new(service.secret_credential());
    let credential: Arc<dyn azure_core::credentials::TokenCredential> = credential;
    let error = credential.get_token(GRAPH, None).await.expect_err("refused");
    assert!(matches!(error.kind(), ErrorKind::Credential));
    let source = error.into_inner().expect("its source");
    assert_eq!(source.downcast_ref::<certgrant::Error>().expect("ours").code(), "ERR_SERVICE_REFUSED");
}
