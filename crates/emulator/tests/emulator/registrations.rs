//! Registration files: accepted shapes, and errors that say where.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certgrant_emulator::Application;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use crate::support::*;

#[track_caller]
fn fault(registration: &Value) -> String {
    Application::parse(&registration.to_string()).expect_err("a broken registration").to_string()
}

fn with_key(member: &str, value: Value) -> Value {
    let mut registration = registration();
    registration["keyCredentials"][0][member] = value;
    registration
}

#[test]
fn object_array_and_list_reply_are_accepted() {
    let one = registration();
    for shape in [one.clone(), json!([one]), json!({ "@odata.context": "x", "value": [one] })] {
        let applications = Application::parse(&shape.to_string()).expect("registrations");
        assert_eq!(applications.iter().map(Application::app_id).collect::<Vec<_>>(), [APP]);
    }
    assert!(Application::parse("[]").is_ok_and(|none| none.is_empty()));
    assert!(Application::parse(&format!("\u{feff}{one}")).is_ok());
}

#[test]
fn members_that_graph_leaves_null_or_that_do_not_matter_are_accepted() {
    let mut registration = registration();
    for name in
        ["disabledByMicrosoftStatus", "isFallbackPublicClient", "signInAudience", "api", "web", "appRoles"]
    {
        registration[name] = Value::Null;
    }
    registration["passwordCredentials"] = json!([{ "secretText": null, "hint": "abc" }]);
    registration["createdDateTime"] = json!("2024-01-01T00:00:00Z");
    registration["keyCredentials"][0]["customKeyIdentifier"] = Value::Null;
    present(&service_for(&registration), &Assertion::new()).assert_issued();
}

#[test]
fn keys_for_other_uses_are_not_read() {
    let mut registration = registration();
    let keys = registration["keyCredentials"].as_array_mut().expect("keys");
    keys.push(json!({ "type": "X509CertAndPassword", "usage": "Sign", "key": null }));
    keys.push(json!({ "type": "AsymmetricX509Cert", "usage": "Encrypt", "key": "!" }));
    keys.push(json!({ "type": "Symmetric", "usage": "Verify", "key": null }));
    present(&service_for(&registration), &Assertion::new()).assert_issued();
}

#[test]
fn broken_json_is_reported_with_its_line() {
    let fault = Application::parse("{\n  \"appId\": \"x\",\n}").expect_err("broken").to_string();
    assert!(fault.contains("line 3 column 1"), "{fault}");
    let empty = Application::parse("").expect_err("empty").to_string();
    assert!(empty.contains("line 1 column 0"), "{empty}");
}

#[test]
fn wrong_type_is_reported_with_its_line_and_not_its_value() {
    let json = "{\n \"appId\": \"11111111-2222-3333-4444-555555555555\",\n \"passwordCredentials\": [{\"secretText\": 987654}]\n}";
    let fault = Application::parse(json).expect_err("broken").to_string();
    assert!(fault.contains("expected a string") && fault.contains("line 3"), "{fault}");
    assert!(!fault.contains("987654"), "{fault}");
}

#[test]
fn missing_or_wrong_app_id_is_reported() {
    assert!(fault(&json!({ "displayName": "x" })).contains("missing field `appId`"));
    assert_eq!(fault(&json!([{ "appId": "x" }])), "application 1 (x): appId is not a GUID");
    let twice = fault(&json!([registration(), registration()]));
    assert_eq!(twice, "application 2 (daemon): appId is registered twice");
}

#[test]
fn bad_certificate_is_reported_with_its_place() {
    let place = "application 1 (daemon): keyCredentials[0] (0f0f0f0f-1111-4222-8333-444444444444): key: ";
    for (key, reason) in [
        (json!("?"), "not base64"),
        (json!("AAAA"), "not a DER certificate"),
        (
            json!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
            "is PEM; expected base64 of the DER",
        ),
        (
            json!(null),
            "has no certificate; Graph gives it only for one application with $select=keyCredentials",
        ),
        (
            json!(STANDARD.encode([&app_key().certificate[..], &[0; 3]].concat())),
            "3 bytes follow the DER certificate",
        ),
    ] {
        let fault = fault(&with_key("key", key));
        assert!(fault.starts_with(&format!("{place}{reason}")), "{fault}");
    }
    let mut named = with_key("key", json!("?"));
    named["keyCredentials"][0]["displayName"] = json!("CN=daemon");
    assert!(fault(&named).contains("keyCredentials[0] (CN=daemon): key: not base64"));
}

#[test]
fn elliptic_curve_certificate_is_refused() {
    let pair = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::default().self_signed(&pair).expect("a certificate");
    let fault = fault(&with_key("key", json!(STANDARD.encode(certificate.der()))));
    assert!(fault.ends_with("its key is EC; Entra takes RSA keys only"), "{fault}");
}

#[test]
fn wrong_date_is_reported_with_its_place() {
    for member in ["startDateTime", "endDateTime"] {
        let fault = fault(&with_key(member, json!("01/31/2026")));
        assert!(fault.contains(&format!("{member}: not an ISO 8601 date")), "{fault}");
    }
}

#[test]
fn wrong_members_of_the_extension_are_reported() {
    for (member, telling) in [
        (json!({ "tenant": ["contoso.com"] }), "unknown field `tenant`"),
        (json!({ "tenants": ["contoso"] }), "emulator: tenants: \"contoso\" is neither a GUID nor a domain"),
        (json!({ "servicePrincipalId": "x" }), "emulator: servicePrincipalId: not a GUID"),
        (json!({ "trustedSubjects": [{ "subjectName": "x", "issuer": "AAAA" }] }), "not a DER certificate"),
    ] {
        let mut registration = registration();
        registration["emulator"] = member;
        let fault = fault(&registration);
        assert!(fault.contains(telling), "{fault}");
    }
    let mut registration = registration();
    registration["api"] = json!({ "requestedAccessTokenVersion": 3 });
    assert!(fault(&registration).contains("api.requestedAccessTokenVersion: 3 is no version"));
}

#[test]
fn registration_made_in_code_works_like_one_from_a_file() {
    let application = Application::new(APP).expect("an application");
    let application = application.with_certificate(&app_key().certificate).expect("a certificate");
    let application = application.with_client_secret("secret");
    assert!(!format!("{application:?}").contains("secret"), "{application:?}");
    let service = service_with(&json!([]), |config| config.applications = vec![application]);
    present(&service, &Assertion::new()).assert_issued();
    assert!(Application::new("x").is_err());
    assert!(Application::new(APP).is_ok_and(|application| application.with_certificate(b"x").is_err()));
}
