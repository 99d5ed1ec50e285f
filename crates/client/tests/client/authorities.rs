//! Authorities that are not known by heart, and regions.

use certgrant::ClientSecretCredential;

use crate::support::*;

fn credential(options: certgrant::ClientOptions) -> ClientSecretCredential {
    ClientSecretCredential::new(TENANT, CLIENT_ID, "s", options).expect("a credential")
}

fn hosts(service: &Service) -> Vec<String> {
    let requests = service.requests();
    requests.iter().map(|request| request.url.split('/').nth(2).unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn authority_that_is_not_known_is_asked_about_before_it_gets_anything() {
    let service = Service::default();
    let unknown = r#"{"error":"invalid_instance","error_codes":[50049]}"#;
    service.next([Does::Answer(400, vec![], unknown.to_owned())]);
    let options = service.options().authority("https://login.contoso.example");
    let error = credential(options).get_token(GRAPH, &plain()).await.expect_err("nobody knows it");
    assert_eq!(error.code(), "ERR_AUTHORITY_UNKNOWN");
    assert_eq!(hosts(&service), ["login.microsoftonline.com"]);
    assert!(service.requests()[0].body.is_empty());
}

#[tokio::test]
async fn authority_of_ones_own_is_not_asked_about_where_that_is_disabled() {
    let service = Service::default();
    let options =
        service.options().authority("https://login.contoso.example").disable_instance_discovery(true);
    credential(options).get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(hosts(&service), ["login.contoso.example"]);
}

#[tokio::test]
async fn region_that_is_named_is_asked_in_the_place_of_the_world() {
    let service = Service::default();
    credential(service.options().region("West Europe")).get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(hosts(&service), ["westeurope.login.microsoft.com"]);
    let invalid = ClientSecretCredential::new(TENANT, CLIENT_ID, "s", service.options().region("../x"));
    assert_eq!(invalid.expect_err("no region").code(), "ERR_REGION_INVALID");
}
