//! What is asked about an authority before it is handed an assertion, and which endpoint is called.

use crate::drive::*;
use certgrant_core::*;
use certgrant_testkit::vectors::assertion_rs256 as vector;

const INSTANCE: &str = "https://login.microsoftonline.com/common/discovery/instance";
const KNOWN_INSTANCE: &str = r#"{"tenant_discovery_endpoint":"https://login.contoso.com/t/v2.0/.well-known/openid-configuration","api-version":"1.1","metadata":[]}"#;
const UNKNOWN_INSTANCE: &str = r#"{"error":"invalid_instance","error_description":"AADSTS50049: Unknown or invalid instance.","error_codes":[50049]}"#;
const CONFIGURATION: &str = "https://login.contoso.com/";
const IMDS: &str = "http://169.254.169.254/metadata/instance/compute";

fn at(authority: &str) -> ClientOptions {
    ClientOptions { authority: authority.into(), ..options() }
}

fn urls(drive: &Drive) -> Vec<&str> {
    drive.requests.iter().map(|request| request.url.as_str()).collect()
}

fn token_endpoint(host: &str) -> String {
    format!("https://{host}/{}/oauth2/v2.0/token", vector::TENANT)
}

#[test]
fn nothing_is_asked_about_the_hosts_of_entra_and_of_this_machine() {
    for host in [
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
        "login.sovcloud-identity.de",
        "contoso.ciamlogin.com",
        "contoso.b2clogin.com",
        "localhost:8443",
        "127.0.0.1:8443",
    ] {
        let mut drive = drive(at(&format!("https://{host}")));
        drive.acquire(&request()).unwrap();
        assert_eq!(urls(&drive), [token_endpoint(host)]);
    }
}

#[test]
fn unknown_host_is_asked_about_once_and_its_document_names_the_endpoint() {
    let mut drive = drive(at("https://login.contoso.com"));
    let document = r#"{"token_endpoint":"https://login.contoso.com/elsewhere/token"}"#;
    drive.documents = vec![(INSTANCE, 200, KNOWN_INSTANCE), (CONFIGURATION, 200, document)];
    drive.acquire(&request()).unwrap();
    let authorize =
        format!("https%3A%2F%2Flogin.contoso.com%2F{}%2Foauth2%2Fv2.0%2Fauthorize", vector::TENANT);
    assert_eq!(
        urls(&drive),
        [
            format!("{INSTANCE}?api-version=1.1&authorization_endpoint={authorize}"),
            format!("https://login.contoso.com/{}/v2.0/.well-known/openid-configuration", vector::TENANT),
            "https://login.contoso.com/elsewhere/token".to_owned(),
        ]
    );
    drive.acquire(&TokenRequest { skip_cache: true, ..request() }).unwrap();
    assert_eq!(drive.requests.len(), 4, "what is known is not asked again");
}

#[test]
fn host_that_entra_does_not_know_gets_no_assertion() {
    let mut drive = drive(at("https://login.microsoft0nline.com"));
    drive.documents = vec![(INSTANCE, 400, UNKNOWN_INSTANCE)];
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::AuthorityUnknown);
    assert_eq!((drive.signatures, drive.requests.len()), (0, 1));
}

#[test]
fn discovery_that_is_down_costs_no_token_and_is_left_alone_for_a_minute() {
    let mut drive = drive(at("https://login.contoso.com"));
    drive.acquire(&request()).unwrap();
    assert_eq!(drive.requests.len(), 3);
    assert_eq!(drive.requests[2].url, token_endpoint("login.contoso.com"));
    let anew = TokenRequest { skip_cache: true, ..request() };
    drive.acquire(&anew).unwrap();
    assert_eq!(drive.requests.len(), 4);
    drive.now = drive.now.plus_secs(60);
    drive.acquire(&anew).unwrap();
    assert_eq!(drive.requests.len(), 7);
}

#[test]
fn document_that_leads_elsewhere_is_not_followed() {
    let mut drive = drive(at("https://login.contoso.com"));
    for endpoint in ["https://evil.example/token", "http://login.contoso.com/token", "login.contoso.com", ""]
    {
        let document = format!(r#"{{"token_endpoint":"{endpoint}"}}"#);
        drive.documents = vec![(INSTANCE, 200, KNOWN_INSTANCE), (CONFIGURATION, 200, document.leak())];
        let error = drive.acquire(&request()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::DiscoveryInvalid, "{endpoint}");
        assert_eq!(drive.signatures, 0);
    }
}

#[test]
fn tenant_that_the_document_does_not_have_is_told_in_the_services_words() {
    let mut drive = drive(at("https://login.contoso.com"));
    let refusal = r#"{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant not found.","error_codes":[90002]}"#;
    drive.documents = vec![(INSTANCE, 200, KNOWN_INSTANCE), (CONFIGURATION, 400, refusal)];
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ServiceRefused);
    assert!(error.hint().contains("tenant id"), "{}", error.hint());
}

#[test]
fn nothing_is_asked_where_discovery_is_off() {
    let mut drive = drive(ClientOptions { disable_discovery: true, ..at("https://login.contoso.com") });
    drive.acquire(&request()).unwrap();
    assert_eq!(urls(&drive), [token_endpoint("login.contoso.com")]);
}

#[test]
fn ad_fs_is_asked_for_its_published_endpoint_which_is_the_audience() {
    let mut drive = drive(ClientOptions { tenant: "adfs".into(), ..at("https://fs.contoso.com") });
    let document = r#"{"token_endpoint":"https:\/\/fs.contoso.com\/adfs\/oauth2\/token\/"}"#;
    drive.documents = vec![("https://fs.contoso.com/adfs/.well-known/openid-configuration", 200, document)];
    drive.acquire(&request()).unwrap();
    assert_eq!(drive.requests.len(), 2);
    // The authority in memory compares the audience with what is called.
    assert_eq!(drive.requests[1].url, "https://fs.contoso.com/adfs/oauth2/token/");
}

#[test]
fn others_wait_for_the_flight_that_asks() {
    let mut drive = drive(at("https://login.contoso.com"));
    drive.documents = vec![(INSTANCE, 200, KNOWN_INSTANCE), (CONFIGURATION, 404, "")];
    let other = TokenRequest::new(Target::scopes(&["other/.default"]).unwrap());
    let (first, second) = (drive.start(&request()), drive.start(&other));
    let begin = drive.begin();
    assert!(matches!(drive.step(first, begin), Ok(Step::Send(_))));
    let begin = drive.begin();
    let Ok(Step::Wait(until)) = drive.step(second, begin) else { panic!() };
    // Who asks gives up; the other one asks in its place.
    drive.client.abandon(first);
    drive.now = until;
    let Ok(Step::Send(asked)) = drive.step(second, Input::Woken) else { panic!() };
    assert!(asked.url.starts_with(INSTANCE));
}

#[test]
fn region_is_in_front_of_the_clouds_host_and_in_the_audience() {
    for (authority, host) in [
        ("https://login.microsoftonline.com", "westeurope.login.microsoft.com"),
        ("https://login.windows.net", "westeurope.login.microsoft.com"),
        ("https://login.microsoftonline.us", "westeurope.login.microsoftonline.us"),
        ("https://contoso.ciamlogin.com", "contoso.ciamlogin.com"),
        ("https://localhost:8443", "localhost:8443"),
    ] {
        let mut drive = drive(ClientOptions { region: Some("West Europe".into()), ..at(authority) });
        drive.acquire(&request()).unwrap();
        assert_eq!(urls(&drive), [token_endpoint(host)], "{authority}");
    }
}

#[test]
fn region_of_the_machine_is_asked_for_once_and_directly() {
    for (status, body, host) in [
        (200, r#"{"location":"eastus"}"#, "eastus.login.microsoft.com"),
        (200, r#"{"location":"evil.example/"}"#, "login.microsoftonline.com"),
        (404, "", "login.microsoftonline.com"),
    ] {
        let mut drive = drive(ClientOptions { region: Some("AutoDiscoverRegion".into()), ..options() });
        drive.documents = vec![(IMDS, status, body)];
        drive.acquire(&request()).unwrap();
        drive.acquire(&TokenRequest { skip_cache: true, ..request() }).unwrap();
        let asked = &drive.requests[0];
        assert!(asked.is_direct && asked.headers.contains(&("Metadata", "true".into())), "{asked:?}");
        assert_eq!(urls(&drive)[1..], [token_endpoint(host), token_endpoint(host)]);
    }
}

#[test]
fn regional_endpoint_is_for_the_clients_own_tokens() {
    let mut drive = drive(ClientOptions { region: Some("westeurope".into()), ..options() });
    let user =
        TokenRequest { user_assertion: Some(std::sync::Arc::new("user".to_owned().into())), ..request() };
    drive.acquire(&user).unwrap();
    assert_eq!(urls(&drive), [token_endpoint("login.microsoftonline.com")]);
}

#[test]
fn policy_of_b2c_on_a_host_of_its_own_has_its_own_document() {
    let mut drive = drive(at("https://login.contoso.com/B2C_1_daemon"));
    let document = r#"{"token_endpoint":"https://login.contoso.com/t/B2C_1_daemon/oauth2/v2.0/token"}"#;
    drive.documents = vec![(INSTANCE, 200, KNOWN_INSTANCE), (CONFIGURATION, 200, document)];
    drive.acquire(&request()).unwrap();
    let configuration = format!(
        "https://login.contoso.com/{}/B2C_1_daemon/v2.0/.well-known/openid-configuration",
        vector::TENANT
    );
    assert_eq!(
        urls(&drive)[1..],
        [configuration.as_str(), "https://login.contoso.com/t/B2C_1_daemon/oauth2/v2.0/token"]
    );
}
