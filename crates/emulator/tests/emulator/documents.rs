//! OpenID configuration, key sets, instance discovery.

use certgrant_emulator::Request;
use serde_json::json;

use crate::support::*;

fn get(path: &str) -> Answer {
    let answer = Answer::of(service(), &Request::get(HOST, path));
    assert_eq!(answer.response.status, 200, "{path}: {}", answer.body);
    answer
}

#[test]
fn urls_carry_scheme_host_and_port_as_addressed() {
    let mut request =
        Request::get("127.0.0.1:5000", &format!("/{TENANT}/v2.0/.well-known/openid-configuration"));
    request.scheme = "http";
    let document = Answer::of(service(), &request).body;
    assert_eq!(document["token_endpoint"], format!("http://127.0.0.1:5000/{TENANT}/oauth2/v2.0/token"));
    assert_eq!(document["issuer"], format!("http://127.0.0.1:5000/{TENANT}/v2.0"));
    assert_eq!(document["jwks_uri"], format!("http://127.0.0.1:5000/{TENANT}/discovery/v2.0/keys"));
}

#[test]
fn v1_document_names_the_v1_endpoints() {
    let document = get(&format!("/{TENANT}/.well-known/openid-configuration")).body;
    assert_eq!(document["token_endpoint"], format!("https://{HOST}/{TENANT}/oauth2/token"));
    assert_eq!(document["issuer"], format!("https://sts.windows.net/{TENANT}/"));
    assert_eq!(document["jwks_uri"], format!("https://{HOST}/common/discovery/keys"));
    assert_eq!(document["microsoft_multi_refresh_token"], true);
}

#[test]
fn domain_is_resolved_to_its_guid() {
    let document = get("/contoso.com/v2.0/.well-known/openid-configuration").body;
    let issuer = document["issuer"].as_str().expect("an issuer");
    let id = issuer.split('/').nth(3).expect("a tenant");
    assert_eq!(id.len(), 36);
    assert_eq!(document["token_endpoint"], format!("https://{HOST}/{id}/oauth2/v2.0/token"));
}

#[test]
fn documents_of_no_tenant_hold_a_placeholder() {
    for segment in ["common", "organizations"] {
        let document = get(&format!("/{segment}/v2.0/.well-known/openid-configuration")).body;
        assert_eq!(document["issuer"], format!("https://{HOST}/{{tenantid}}/v2.0"));
        assert_eq!(document["token_endpoint"], format!("https://{HOST}/{segment}/oauth2/v2.0/token"));
        assert_eq!(document["tenant_region_scope"], json!(null));
    }
    let consumers = get("/consumers/v2.0/.well-known/openid-configuration").body;
    assert_eq!(consumers["issuer"], format!("https://{HOST}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"));
}

#[test]
fn both_versions_and_all_tenants_have_the_same_key() {
    let sets = ["/common/discovery/keys", "/common/discovery/v2.0/keys", "/contoso.com/discovery/keys"]
        .map(|path| get(path).body["keys"][0]["kid"].clone());
    assert!(sets.iter().all(|kid| *kid == sets[0]));
    assert_eq!(sets[0].as_str().map(str::len), Some(27));
}

#[test]
fn key_has_the_members_of_entra_and_no_alg() {
    let v1 = get("/common/discovery/keys").body;
    assert_eq!(crate::people::members(&v1["keys"][0]), ["e", "kid", "kty", "n", "use", "x5c", "x5t"]);
    assert_eq!((&v1["keys"][0]["e"], &v1["keys"][0]["use"]), (&json!("AQAB"), &json!("sig")));
    let v2 = get("/common/discovery/v2.0/keys").body;
    assert_eq!(v2["keys"][0]["issuer"], format!("https://{HOST}/{{tenantid}}/v2.0"));
}

#[test]
fn paths_are_compared_without_regard_to_case() {
    get(&format!("/{TENANT}/V2.0/.Well-Known/OpenID-Configuration"));
}

#[test]
fn documents_may_be_stored_and_read_from_any_page() {
    let answer = get("/common/discovery/keys");
    assert_eq!(answer.response.header("access-control-allow-origin"), Some("*"));
    assert!(answer.response.header("cache-control").is_some_and(|value| value.contains("max-age")));
}

#[test]
fn instance_discovery_answers_for_the_own_host() {
    let endpoint = encode(&format!("https://{HOST}/contoso.com/oauth2/v2.0/authorize"));
    let answer =
        get(&format!("/common/discovery/instance?api-version=1.1&authorization_endpoint={endpoint}"));
    let discovery = format!("https://{HOST}/contoso.com/v2.0/.well-known/openid-configuration");
    assert_eq!(answer.body["tenant_discovery_endpoint"], discovery);
    let own = json!({ "preferred_network": HOST, "preferred_cache": HOST, "aliases": [HOST] });
    assert!(answer.body["metadata"].as_array().is_some_and(|clouds| clouds.contains(&own)));
}

#[test]
fn strange_instance_is_invalid_instance() {
    let endpoint = encode("https://login.evil.example/contoso.com/oauth2/authorize");
    let path = format!("/common/discovery/instance?api-version=1.1&authorization_endpoint={endpoint}");
    let answer = Answer::of(service(), &Request::get(HOST, &path));
    answer.assert_refused(50049, "invalid_instance", 400, "Unknown or invalid instance");
    assert_eq!(answer.response.header("access-control-allow-origin"), None);
    let answer = Answer::of(service(), &Request::get(HOST, "/common/discovery/instance"));
    answer.assert_refused(50050, "invalid_request", 400, "api-version");
}
