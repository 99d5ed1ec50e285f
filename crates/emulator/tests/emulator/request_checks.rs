//! Faults of the request around the assertion: tenant, grant, parameters, credentials, scope, resource, roles.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certgrant_emulator::{Decision, Request, Tenant};
use serde_json::json;

use crate::support::*;

fn post(path: &str, parameters: &[(&str, &str)]) -> Answer {
    Answer::of(service(), &Request::post(HOST, path, form(parameters)))
}

#[test]
fn tenant_that_is_no_name_is_900023() {
    for tenant in ["contoso", "{tenant}", "$TENANT_ID", "a%2Fb.com", ""] {
        let answer = post(&format!("/{tenant}/oauth2/v2.0/token"), &[]);
        answer.assert_refused(900023, "invalid_request", 400, "neither a valid DNS name");
    }
}

#[test]
fn unknown_tenant_is_90002() {
    let known: Tenant = "contoso.com".parse().expect("a tenant");
    let service = service_with(&registration(), |config| config.tenants = vec![known.clone()]);
    present(&service, &Assertion::new()).assert_refused(90002, "invalid_request", 400, TENANT);
    for path in ["/fabrikam.com/v2.0/.well-known/openid-configuration", "/fabrikam.com/discovery/keys"] {
        Answer::of(&service, &Request::get(HOST, path)).assert_refused(
            90002,
            "invalid_request",
            400,
            "fabrikam.com",
        );
    }
    let aud = format!("https://{HOST}/Contoso.com/oauth2/v2.0/token");
    let mut request = v2_request(&v2_parameters(&Assertion::new().claim("aud", aud).sign()));
    request.path = "/Contoso.com/oauth2/v2.0/token".to_owned();
    let answer = Answer::of(&service, &request);
    assert_eq!(answer.assert_issued().token_part(1)["tid"], known.id());
}

#[test]
fn missing_parameter_is_900144_and_is_named() {
    for (name, version) in [
        ("grant_type", "oauth2/v2.0/token"),
        ("client_id", "oauth2/v2.0/token"),
        ("scope", "oauth2/v2.0/token"),
        ("client_assertion_type", "oauth2/v2.0/token"),
        ("resource", "oauth2/token"),
    ] {
        let mut parameters = v2_parameters(&Assertion::new().sign());
        parameters.retain(|(other, _)| *other != name);
        let mut request = v2_request(&parameters);
        request.path = format!("/{TENANT}/{version}");
        let answer = Answer::of(service(), &request);
        answer.assert_refused(900144, "invalid_request", 400, &format!("following parameter: '{name}'"));
    }
}

#[test]
fn body_that_is_not_a_form_lacks_grant_type() {
    let mut request = v2_request(&v2_parameters(&Assertion::new().sign()));
    request.headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    Answer::of(service(), &request).assert_refused(900144, "invalid_request", 400, "'grant_type'");
    request.headers =
        vec![("Content-Type".to_owned(), "Application/x-www-form-urlencoded;charset=utf-8".to_owned())];
    Answer::of(service(), &request).assert_issued();
}

#[test]
fn body_that_cannot_be_decoded_is_9002313() {
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    for body in ["grant_type=%zz", "client_secret=100%", "a=%ff"] {
        let answer = Answer::of(service(), &Request::post(HOST, &path, body));
        answer.assert_refused(9002313, "invalid_request", 400, "malformed");
    }
}

#[test]
fn parameter_sent_twice_is_9000411() {
    let mut parameters = v2_parameters(&Assertion::new().sign());
    parameters.push(("scope", GRAPH_SCOPE.to_owned()));
    let answer = Answer::of(service(), &v2_request(&parameters));
    answer.assert_refused(9000411, "invalid_request", 400, "'scope' is duplicated");
}

#[test]
fn unknown_grant_is_70003() {
    for grant in ["implicit", "REFRESH_TOKEN", "code", "urn:ietf:params:oauth:grant-type:token-exchange"] {
        let answer = present_with(service(), "grant_type", grant);
        answer.assert_refused(70003, "unsupported_grant_type", 400, grant);
    }
}

#[test]
fn no_credential_is_7000218() {
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    let answer =
        post(&path, &[("grant_type", "client_credentials"), ("client_id", APP), ("scope", GRAPH_SCOPE)]);
    answer.assert_refused(7000218, "invalid_client", 401, "'client_assertion' or 'client_secret'");
}

#[test]
fn more_than_one_credential_is_refused() {
    let answer = present_with(service(), "client_secret", "x");
    answer.assert_refused(90023, "invalid_request", 400, "more than one client credential");
    let mut request = v2_request(&v2_parameters(&Assertion::new().sign()));
    request
        .headers
        .push(("Authorization".to_owned(), format!("Basic {}", STANDARD.encode(format!("{APP}:x")))));
    let answer = Answer::of(service(), &request);
    answer.assert_refused(90023, "invalid_request", 400, "more than one client credential");
}

#[test]
fn other_assertion_type_is_refused() {
    let answer = present_with(
        service(),
        "client_assertion_type",
        "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
    );
    answer.assert_refused(90023, "invalid_request", 400, "client_assertion_type");
}

#[test]
fn endpoints_of_no_tenant_issue_nothing_to_an_application() {
    for (segment, code, telling) in [
        ("common", 9001023, "not supported over the /common or /consumers"),
        ("Consumers", 9001023, "not supported over the /common or /consumers"),
        ("organizations", 50059, "No tenant-identifying information"),
    ] {
        let mut request = v2_request(&v2_parameters(&Assertion::new().sign()));
        request.path = format!("/{segment}/oauth2/v2.0/token");
        Answer::of(service(), &request).assert_refused(code, "invalid_request", 400, telling);
    }
}

#[test]
fn other_methods_are_900561() {
    let token = format!("/{TENANT}/oauth2/v2.0/token");
    let document = format!("/{TENANT}/v2.0/.well-known/openid-configuration");
    for (method, path, telling) in [
        ("GET", &token, "only accepts POST requests. Received a GET request."),
        ("PUT", &token, "only accepts POST requests. Received a PUT request."),
        ("POST", &document, "only accepts GET requests. Received a POST request."),
    ] {
        let request = Request { method: method.to_owned(), ..Request::get(HOST, path) };
        Answer::of(service(), &request).assert_refused(900561, "invalid_request", 400, telling);
    }
}

#[test]
fn path_that_leads_nowhere_is_404() {
    for path in
        ["/", "", "/favicon.ico", "/a.com/oauth2", "/a.com/oauth2/v2.0/authorize", "/discovery/instance"]
    {
        let answer = Answer::of(service(), &Request::get(HOST, path));
        assert_eq!((answer.response.status, answer.entry.decision), (404, Decision::NotFound), "{path}");
    }
}

#[test]
fn scope_without_default_is_1002012() {
    for scope in
        ["https://graph.microsoft.com/User.Read", "User.Read", "openid", "https%3A%2F%2Fx%2F.default"]
    {
        let answer = present_with(service(), "scope", scope);
        answer.assert_refused(1002012, "invalid_scope", 400, "/.default suffixed");
        assert!(answer.text().contains(scope));
    }
}

#[test]
fn malformed_scope_is_70011() {
    for scope in ["/.default", "https%3A%2F%2Fx/.default", "https://ä.example/.default"] {
        present_with(service(), "scope", scope).assert_refused(70011, "invalid_scope", 400, "is not valid");
    }
    let two = "https://graph.microsoft.com/.default https://vault.azure.net/.default";
    present_with(service(), "scope", two).assert_refused(70011, "invalid_scope", 400, two);
}

#[test]
fn resource_parameter_at_v2_is_901002() {
    let answer = present_with(service(), "resource", "https://graph.microsoft.com");
    answer.assert_refused(901002, "invalid_request", 400, "'resource'");
}

#[test]
fn unknown_resource_is_500011() {
    let answer = present_with(service(), "scope", "api://nobody/.default");
    answer.assert_refused(
        500011,
        "invalid_resource",
        400,
        "The resource principal named api://nobody was not found",
    );
    assert!(answer.text().contains(TENANT));
    for near in ["https://.vault.azure.net/.default", "https://evil.example/x.vault.azure.net/.default"] {
        present_with(service(), "scope", near).assert_refused(500011, "invalid_resource", 400, "");
    }
}

#[test]
fn resource_of_another_tenant_is_500011() {
    let api = json!({
        "appId": "bbbbbbbb-0000-4000-8000-000000000000",
        "identifierUris": ["api://orders"],
        "emulator": { "tenants": ["contoso.com"] },
    });
    let service = service_for(&json!([registration(), api]));
    present_with(&service, "scope", "api://orders/.default").assert_refused(
        500011,
        "invalid_resource",
        400,
        "",
    );
}

#[test]
fn resource_that_requires_assignment_is_501051_without_a_role() {
    let api = json!({
        "appId": "bbbbbbbb-0000-4000-8000-000000000000",
        "displayName": "orders",
        "identifierUris": ["api://orders"],
        "emulator": { "assignmentRequired": true },
    });
    let service = service_for(&json!([registration(), api]));
    let answer = present_with(&service, "scope", "api://orders/.default");
    answer.assert_refused(
        501051,
        "invalid_grant",
        400,
        "is not assigned to a role for the application 'api://orders'",
    );
    let mut assigned = registration();
    assigned["emulator"] = json!({ "roles": { "api://orders": ["Orders.Read"] } });
    let service = service_for(&json!([assigned, api]));
    let answer = present_with(&service, "scope", "api://orders/.default");
    assert_eq!(answer.assert_issued().token_part(1)["roles"], json!(["Orders.Read"]));
}

#[test]
fn claims_that_are_not_json_are_refused() {
    present_with(service(), "claims", "{").assert_refused(
        90023,
        "invalid_request",
        400,
        "claims is not JSON",
    );
}

#[test]
fn telemetry_is_ignored_wherever_it_stands() {
    let mut parameters = v2_parameters(&Assertion::new().sign());
    parameters.push(("x-client-SKU", "msal.js.node".to_owned()));
    parameters.push(("client_info", "1".to_owned()));
    let mut request = v2_request(&parameters);
    request.query = "api-version=1.0&x-client-last-telemetry=5|0|||0,0&broken=%".to_owned();
    request.headers.push(("x-client-current-telemetry".to_owned(), "5|771,2,,,|".to_owned()));
    Answer::of(service(), &request).assert_issued();
}

#[test]
fn client_request_id_comes_back_from_header_query_and_body() {
    let id = "12345678-1234-4234-8234-123456789abc";
    let mut in_header = v2_request(&[]);
    in_header.headers.push(("Client-Request-Id".to_owned(), id.to_owned()));
    let mut in_query = v2_request(&[]);
    in_query.query = format!("client-request-id={id}");
    let in_body = v2_request(&[("client-request-id", id.to_owned())]);
    for mut request in [in_header, in_query, in_body] {
        let answer = Answer::of(service(), &request);
        assert_eq!(answer.body["correlation_id"], id);
        assert_eq!(answer.response.header("client-request-id"), None);
        request.headers.push(("return-client-request-id".to_owned(), "true".to_owned()));
        assert_eq!(Answer::of(service(), &request).response.header("client-request-id"), Some(id));
    }
    let forged = v2_request(&[("client-request-id", "x\r\nSet-Cookie: a=b".to_owned())]);
    assert_ne!(Answer::of(service(), &forged).body["correlation_id"], "x\r\nSet-Cookie: a=b");
}

#[test]
fn headers_of_an_error_reply() {
    let answer = post(&format!("/{TENANT}/oauth2/token"), &[]);
    let header = |name: &str| answer.response.header(name).unwrap_or_else(|| panic!("{name}")).to_owned();
    assert_eq!(header("content-type"), "application/json; charset=utf-8");
    assert_eq!(header("date"), "Wed, 01 Jan 2025 00:01:40 GMT");
    assert_eq!(header("x-ms-request-id"), answer.body["trace_id"].as_str().expect("a trace id"));
    assert!(header("cache-control").contains("no-store"));
    assert!(!header("x-ms-ests-server").is_empty());
    assert_eq!(answer.body["timestamp"], "2025-01-01 00:01:40Z");
    assert_eq!(answer.body["error_uri"], format!("https://{HOST}/error?code=900144"));
}

fn with_secrets() -> serde_json::Value {
    let mut registration = registration();
    registration["passwordCredentials"] = json!([
        { "secretText": "old~secret", "endDateTime": "2024-12-31T00:00:00Z" },
        { "secretText": "p+s/w:r d%", "startDateTime": "2024-01-01T00:00:00Z", "endDateTime": "2026-01-01T00:00:00Z" },
        { "hint": "abc", "keyId": "00000000-0000-0000-0000-000000000000" },
    ]);
    registration
}

fn by_secret(secret: &str) -> Answer {
    let parameters = [
        ("grant_type", "client_credentials"),
        ("client_id", APP),
        ("scope", GRAPH_SCOPE),
        ("client_secret", secret),
    ];
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    Answer::of(&service_for(&with_secrets()), &Request::post(HOST, &path, form(&parameters)))
}

#[test]
fn right_secret_gets_a_token_of_method_1() {
    let answer = by_secret("p+s/w:r d%");
    assert_eq!(answer.assert_issued().token_part(1)["appidacr"], "1");
    assert!(!answer.entry.to_string().contains("p+s"), "{}", answer.entry);
}

#[test]
fn wrong_secret_is_7000215() {
    for secret in ["wrong", "p+s/w:r d", "00000000-0000-0000-0000-000000000000"] {
        let answer = by_secret(secret);
        answer.assert_refused(7000215, "invalid_client", 401, "Invalid client secret provided");
        assert!(!answer.text().contains(secret) && !answer.entry.to_string().contains(secret));
    }
}

#[test]
fn expired_secret_is_7000222() {
    by_secret("old~secret").assert_refused(7000222, "invalid_client", 401, "are expired");
}

#[test]
fn http_basic_carries_a_form_encoded_secret() {
    let credentials = STANDARD.encode(format!("{APP}:{}", encode("p+s/w:r d%")));
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    let parameters = [("grant_type", "client_credentials"), ("scope", GRAPH_SCOPE)];
    let mut request = Request::post(HOST, &path, form(&parameters));
    request.headers.push(("Authorization".to_owned(), format!("Basic {credentials}")));
    let answer = Answer::of(&service_for(&with_secrets()), &request);
    answer.assert_issued();
    assert_eq!(answer.entry.client.as_deref(), Some(APP));
    request.body.extend_from_slice(b"&client_id=somebody");
    let answer = Answer::of(&service_for(&with_secrets()), &request);
    answer.assert_refused(90023, "invalid_request", 400, "client_id differs");
}

#[test]
fn no_assertion_or_token_reaches_the_log_line() {
    let assertion = Assertion::new().sign();
    for answer in [present_text(service(), &assertion), present_text(service(), &assertion[1..])] {
        let line = answer.entry.to_string();
        for part in assertion.split('.') {
            assert!(!line.contains(&part[1..20]), "{line}");
        }
        assert!(!line.contains("eyJ"), "{line}");
    }
}

#[test]
fn garbage_is_answered_and_never_a_panic() {
    // Every prefix of a good body, and the body with one byte changed: an answer with a known shape each time.
    let body = form(
        &v2_parameters(&Assertion::new().sign())
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect::<Vec<_>>(),
    );
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    for index in (0..body.len()).step_by(7) {
        let mut changed = body.clone().into_bytes();
        changed[index] ^= 0x15;
        for bytes in [body.as_bytes()[..index].to_vec(), changed] {
            let answer = Answer::of(service(), &Request::post(HOST, &path, bytes));
            assert!(matches!(answer.response.status, 200 | 400 | 401));
            assert!(answer.body.is_object());
        }
    }
}
