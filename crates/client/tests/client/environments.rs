//! Credentials that the environment describes, and chains of credentials.

use std::fs;
use std::path::PathBuf;

use certgrant::{
    ChainedTokenCredential, ClientSecretCredential, EnvironmentCredential, WorkloadIdentityCredential,
};
use certgrant_testkit::jwt::{decode, form_value};

use crate::support::*;

/// A function that knows these variables.
fn variables(known: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    move |name| known.iter().find(|(found, _)| *found == name).map(|(_, value)| (*value).to_owned())
}

/// The value of a parameter of the latest request.
fn sent(service: &Service, name: &str) -> Option<String> {
    form_value(&service.requests().last().expect("a request").body, name)
}

/// A file that no other test uses, with this content.
fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).expect("written");
    path
}

const APP: [(&str, &str); 2] = [("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT_ID)];

#[tokio::test]
async fn environment_with_a_secret_goes_before_one_with_a_certificate() {
    let service = Service::default();
    let known =
        [APP[0], APP[1], ("AZURE_CLIENT_SECRET", "of-env"), ("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere")];
    let credential = EnvironmentCredential::of_variables(variables(&known), service.options());
    credential.expect("a credential").get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(sent(&service, "client_secret").as_deref(), Some("of-env"));
}

#[tokio::test]
async fn environment_with_a_certificate_signs_with_it() {
    let service = Service::default();
    let pfx = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/keys/modern.pfx");
    let known = [
        APP[0],
        APP[1],
        ("AZURE_CLIENT_SECRET", ""),
        ("AZURE_CLIENT_CERTIFICATE_PATH", pfx),
        ("AZURE_CLIENT_CERTIFICATE_PASSWORD", "certgrant"),
        ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "True"),
        ("AZURE_ADDITIONALLY_ALLOWED_TENANTS", "fabrikam.com; contoso.com;"),
    ];
    let credential =
        EnvironmentCredential::of_variables(variables(&known), service.options()).expect("a credential");
    credential.get_token(GRAPH, &plain().tenant("contoso.com")).await.expect("a token");
    let (header, ..) = decode(&sent(&service, "client_assertion").expect("an assertion"));
    assert!(header["x5c"].is_array(), "{header}");
    assert!(service.requests()[0].url.contains("/contoso.com/"));
}

#[tokio::test]
async fn authority_of_the_environment_goes_behind_that_of_the_options() {
    let service = Service::default();
    let known = [
        APP[0],
        APP[1],
        ("AZURE_CLIENT_SECRET", "s"),
        ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us"),
    ];
    let of_environment = certgrant::ClientOptions::with_transport(service.clone());
    for (options, host) in
        [(of_environment, "login.microsoftonline.us"), (service.options(), "login.microsoftonline.com")]
    {
        let credential =
            EnvironmentCredential::of_variables(variables(&known), options).expect("a credential");
        credential.get_token(GRAPH, &plain()).await.expect("a token");
        assert!(service.requests().last().expect("a request").url.starts_with(&format!("https://{host}/")));
    }
}

#[tokio::test]
async fn region_of_the_environment_goes_behind_that_of_the_options() {
    let service = Service::default();
    let secret = ("AZURE_CLIENT_SECRET", "s");
    let known = [APP[0], APP[1], secret, ("AZURE_REGIONAL_AUTHORITY_NAME", "westeurope")];
    for (options, host) in [
        (service.options(), "westeurope.login.microsoft.com"),
        (service.options().region("westus2"), "westus2.login.microsoft.com"),
    ] {
        let credential =
            EnvironmentCredential::of_variables(variables(&known), options).expect("a credential");
        credential.get_token(GRAPH, &plain()).await.expect("a token");
        assert!(service.requests().last().expect("a request").url.starts_with(&format!("https://{host}/")));
    }
}

#[tokio::test]
async fn tenants_of_requests_do_not_count_where_the_environment_forbids_them() {
    let service = Service::default();
    let path = file("single-tenant-workload-token", "workload.token.x");
    let known = [
        APP[0],
        APP[1],
        ("AZURE_CLIENT_SECRET", "s"),
        ("AZURE_FEDERATED_TOKEN_FILE", path.to_str().expect("text")),
        ("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH", "1"),
    ];
    let options = || service.options().additionally_allowed_tenants(["contoso.com"]);
    let secret = EnvironmentCredential::of_variables(variables(&known), options());
    let workload = WorkloadIdentityCredential::of_variables(variables(&known), options());
    let credentials: [Box<dyn certgrant::TokenCredential>; 2] =
        [Box::new(secret.expect("a credential")), Box::new(workload.expect("a credential"))];
    for credential in credentials {
        let count = service.count();
        for tenant in ["contoso.com", "fabrikam.com", "no tenant at all"] {
            credential.get_token(GRAPH, &plain().tenant(tenant)).await.expect("a token");
        }
        assert_eq!(service.count(), count + 1, "it is one and the same token");
        assert!(service.requests()[count].url.contains(TENANT));
    }
}

#[test]
fn environment_without_a_credential_says_what_it_has() {
    let service = Service::default();
    let error = |known: &[(&str, &str)]| {
        EnvironmentCredential::of_variables(variables(known), service.options()).expect_err("incomplete")
    };
    let none = error(&[]);
    assert_eq!((none.code(), none.is_unavailable()), ("ERR_CREDENTIAL_UNAVAILABLE", true));
    assert!(none.to_string().contains("none of its variables"), "{none}");
    let some = error(&[APP[0], ("AZURE_CLIENT_SECRET", "not-shown")]);
    assert!(some.to_string().contains("found AZURE_TENANT_ID, AZURE_CLIENT_SECRET without"), "{some}");
    assert!(!format!("{some:?}").contains("not-shown"));
    let user = error(&[APP[0], APP[1], ("AZURE_USERNAME", "u")]);
    assert!(user.hint().contains("use a certificate"), "{}", user.hint());
}

#[tokio::test]
async fn token_of_a_workload_that_was_rotated_is_used_at_once() {
    let service = Service::default();
    let path = file("workload-token", "first.workload.token\n");
    let known = [APP[0], APP[1], ("AZURE_FEDERATED_TOKEN_FILE", path.to_str().expect("text"))];
    let credential =
        WorkloadIdentityCredential::of_variables(variables(&known), service.options()).expect("a credential");
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(sent(&service, "client_assertion").as_deref(), Some("first.workload.token"));
    fs::write(&path, "second.workload.token").expect("written");
    credential.get_token(VAULT, &plain()).await.expect("a token");
    assert_eq!(sent(&service, "client_assertion").as_deref(), Some("second.workload.token"));
}

#[tokio::test]
async fn workload_without_variables_or_token_is_unavailable() {
    let service = Service::default();
    let error = WorkloadIdentityCredential::of_variables(variables(&APP), service.options());
    let error = error.expect_err("incomplete");
    assert!(error.is_unavailable() && error.to_string().contains("no AZURE_FEDERATED_TOKEN_FILE"), "{error}");
    let empty = file("empty-workload-token", " \n");
    for (path, code) in
        [(empty, "ERR_CREDENTIAL_UNAVAILABLE"), (PathBuf::from("/nowhere/token"), "ERR_FILE_UNREADABLE")]
    {
        let credential = WorkloadIdentityCredential::new(TENANT, CLIENT_ID, path, service.options());
        let error = credential.expect("a credential").get_token(GRAPH, &plain()).await.expect_err("no token");
        assert_eq!((error.code(), error.is_unavailable()), (code, true), "{error}");
    }
    assert_eq!(service.count(), 0);
}

#[tokio::test]
async fn chain_goes_on_behind_what_is_unavailable_and_remembers_what_was_not() {
    let service = Service::default();
    let missing = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("late-workload-token");
    let _ = fs::remove_file(&missing);
    let chain = ChainedTokenCredential::new()
        .or_try(EnvironmentCredential::of_variables(|_| None, service.options()))
        .or_try(WorkloadIdentityCredential::new(TENANT, CLIENT_ID, &missing, service.options()))
        .or(service.secret_credential());
    chain.get_token(GRAPH, &plain()).await.expect("a token");
    assert!(sent(&service, "client_secret").is_some());
    // The last one is asked first by now, though the one before it could be used.
    fs::write(&missing, "late.workload.token").expect("written");
    chain.get_token(VAULT, &plain()).await.expect("a token");
    assert!(sent(&service, "client_secret").is_some());
}

#[tokio::test]
async fn chain_ends_at_an_error_that_is_not_of_the_environment() {
    let service = Service::default();
    service.next([Does::Answer(401, vec![], r#"{"error":"invalid_client"}"#.to_owned())]);
    let chain =
        ChainedTokenCredential::new().or(service.secret_credential()).or(service.certificate_credential());
    let error = chain.get_token(GRAPH, &plain()).await.expect_err("refused");
    assert_eq!((error.code(), service.count()), ("ERR_SERVICE_REFUSED", 1));
    let invalid = ClientSecretCredential::new("common", CLIENT_ID, "s", service.options());
    let chain = ChainedTokenCredential::new().or_try(invalid).or(service.certificate_credential());
    assert_eq!(
        chain.get_token(GRAPH, &plain()).await.expect_err("invalid").code(),
        "ERR_TENANT_NOT_SPECIFIC"
    );
}

#[tokio::test]
async fn chain_that_is_exhausted_says_what_each_lacks() {
    let service = Service::default();
    let chain = ChainedTokenCredential::new()
        .or_try(EnvironmentCredential::of_variables(|_| None, service.options()))
        .or_try(WorkloadIdentityCredential::of_variables(|_| None, service.options()));
    let chain: Box<dyn certgrant::TokenCredential> = Box::new(chain);
    let error = chain.get_token(GRAPH, &plain()).await.expect_err("none");
    assert_eq!((error.code(), error.attempts().len()), ("ERR_CHAIN_EXHAUSTED", 2));
    assert_eq!(
        error.to_string(),
        "no credential can be used: found ERR_CREDENTIAL_UNAVAILABLE, ERR_CREDENTIAL_UNAVAILABLE, expected one that can"
    );
    let empty = ChainedTokenCredential::new().get_token(GRAPH, &plain()).await.expect_err("none");
    assert!(empty.to_string().contains("an empty chain"), "{empty}");
}
