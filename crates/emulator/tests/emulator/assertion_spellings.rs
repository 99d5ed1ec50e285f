//! How Microsoft's own clients spell an assertion: accepted and noted when lenient, refused with 50027 when strict.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use certgrant_emulator::TokenService;
use serde_json::json;

use crate::support::*;

fn strict() -> TokenService {
    service_with(&registration(), |config| config.strict = true)
}

/// Issued with exactly this deviation when lenient; refused for the same reason when strict.
#[track_caller]
fn assert_deviation(assertion: &Assertion, deviation: &str) {
    let answer = present(service(), assertion);
    answer.assert_issued();
    assert!(answer.entry.deviations.iter().any(|noted| noted.contains(deviation)), "{}", answer.entry);
    assert!(answer.entry.to_string().contains(deviation), "{}", answer.entry);
    present(&strict(), assertion).assert_refused(50027, "invalid_request", 400, deviation);
}

#[test]
fn msal_go_and_azure_identity_rust_send_standard_base64_thumbprints() {
    // Only a thumbprint with characters beyond the common alphabet tells the alphabets apart; padding always does.
    assert_deviation(&Assertion::new().header("x5t", STANDARD.encode(app_key().sha1())), "x5t is ");
    let sha256 = Assertion::ps256().header("x5t#S256", STANDARD.encode(app_key().sha256()));
    assert_deviation(&sha256, "x5t#S256 is ");
}

#[test]
fn msal_python_sends_padded_thumbprints() {
    let x5t = URL_SAFE.encode(app_key().sha1());
    assert!(x5t.ends_with('='));
    assert_deviation(&Assertion::new().header("x5t", x5t), "x5t is padded base64url");
}

#[test]
fn msal_python_sends_fractions_which_the_rfc_allows() {
    let assertion = Assertion::new()
        .without_claim("nbf")
        .claim("exp", json!(NOW as f64 + 600.123_456))
        .claim("iat", json!(NOW as f64 + 0.5));
    for service in [service(), &strict()] {
        let answer = present(service, &assertion);
        answer.assert_issued();
        assert_eq!(answer.entry.deviations, Vec::<String>::new());
    }
}

#[test]
fn msal_net_sends_dates_as_strings() {
    let assertion = Assertion::new().claim("nbf", NOW.to_string()).claim("exp", (NOW + 600).to_string());
    assert_deviation(&assertion, "nbf is a string");
    let expired = Assertion::new().claim("exp", (NOW - 301).to_string());
    present(service(), &expired).assert_refused(700024, "invalid_client", 401, "valid time range");
}

#[test]
fn a_date_that_is_no_number_is_50027() {
    for exp in [json!("soon"), json!("NaN"), json!("inf"), json!(true), json!([NOW]), json!("")] {
        present(service(), &Assertion::new().claim("exp", exp)).assert_refused(
            50027,
            "invalid_request",
            400,
            "exp",
        );
    }
}

#[test]
fn x5c_as_the_rfc_has_it_is_no_deviation() {
    let answer = present(&strict(), &Assertion::ps256().header("x5c", json!([app_key().base64()])));
    answer.assert_issued();
    assert_eq!(answer.entry.deviations, Vec::<String>::new());
}

#[test]
fn msal_net_sends_x5c_as_one_string() {
    assert_deviation(&Assertion::new().header("x5c", app_key().base64()), "x5c is not an array");
}

#[test]
fn msal_python_leaves_line_breaks_in_x5c() {
    let mut wrapped = app_key().base64();
    wrapped.insert(64, '\n');
    assert_deviation(&Assertion::new().header("x5c", json!([wrapped])), "x5c has white space");
}

#[test]
fn azure_identity_rust_encodes_pem_in_x5c() {
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", app_key().base64());
    let assertion = Assertion::new().header("x5c", json!([STANDARD.encode(pem)]));
    assert_deviation(&assertion, "base64 of PEM");
    assert!(!present(service(), &assertion).entry.to_string().contains("another certificate"));
}

#[test]
fn x5c_of_another_certificate_is_noted_and_the_thumbprint_decides() {
    let assertion = Assertion::new().header("x5c", json!([other_key().base64()]));
    assert_deviation(&assertion, "x5c begins with another certificate");
}

#[test]
fn x5c_that_is_no_base64_is_noted() {
    assert_deviation(&Assertion::new().header("x5c", json!(["%%%"])), "x5c is not base64");
    assert_deviation(&Assertion::new().header("x5c", json!([7])), "x5c is not a string");
}

#[test]
fn kid_alone_names_the_key_in_three_spellings() {
    let x5t = URL_SAFE_NO_PAD.encode(app_key().sha1());
    let upper = app_key().thumbprint();
    let key_id = "0F0F0F0F-1111-4222-8333-444444444444".to_owned();
    for kid in [x5t, upper.to_lowercase(), upper, key_id] {
        present(service(), &Assertion::new().without_header("x5t").header("kid", kid)).assert_issued();
    }
}

#[test]
fn kid_beside_a_thumbprint_must_name_the_same_key() {
    let same = Assertion::new().header("kid", app_key().thumbprint());
    present(&strict(), &same).assert_issued();
    assert_deviation(&Assertion::new().header("kid", "key-1"), "kid points at another key");
}

#[test]
fn two_thumbprints_must_name_the_same_key() {
    let both = Assertion::new().header("x5t#S256", URL_SAFE_NO_PAD.encode(app_key().sha256()));
    present(service(), &both).assert_issued();
    let apart = Assertion::new().header("x5t#S256", URL_SAFE_NO_PAD.encode(other_key().sha256()));
    present(service(), &apart).assert_refused(700027, "invalid_client", 401, "The key was not found");
}

#[test]
fn thumbprint_made_of_hexadecimal_digits_is_not_found() {
    let assertion = Assertion::new().header("x5t", URL_SAFE_NO_PAD.encode(app_key().thumbprint()));
    let shown: String = app_key().thumbprint().bytes().map(|byte| format!("{byte:02X}")).collect();
    present(service(), &assertion).assert_refused(
        700027,
        "invalid_client",
        401,
        &format!("client: '{shown}'"),
    );
}

#[test]
fn thumbprint_that_is_no_base64_is_50027() {
    let spaced = Assertion::new().header("x5t", "not base64");
    present(service(), &spaced).assert_refused(50027, "invalid_request", 400, "x5t");
    present(service(), &Assertion::new().header("x5t", 5)).assert_refused(
        50027,
        "invalid_request",
        400,
        "x5t",
    );
}

#[test]
fn unconfirmed_pair_of_algorithm_and_thumbprint_is_remarked_on() {
    let assertion = Assertion::new().header("alg", "PS256");
    let answer = present(&strict(), &assertion);
    answer.assert_issued();
    assert!(
        answer.entry.to_string().contains("PS256 with x5t is not confirmed to work at Entra"),
        "{}",
        answer.entry
    );
}

#[test]
fn duplicate_member_takes_the_last_value_or_is_refused() {
    let assertion = Assertion::new();
    let claims = serde_json::Value::Object(assertion.claims.clone()).to_string();
    let doubled = claims.replacen('{', r#"{"exp":1,"#, 1);
    let header = serde_json::Value::Object(assertion.header.clone()).to_string();
    let text = assertion.sign_json(&header, &doubled);
    let answer = present_text(service(), &text);
    answer.assert_issued();
    assert!(answer.entry.to_string().contains("\"exp\" occurs twice in the payload"), "{}", answer.entry);
    present_text(&strict(), &text).assert_refused(50027, "invalid_request", 400, "\"exp\" occurs twice");
}

#[test]
fn client_id_in_other_case_is_the_same_client_but_for_strict_readers() {
    let upper = APP.to_uppercase();
    assert_deviation(&Assertion::new().claim("iss", upper.clone()), "iss differs from client_id in case");
    present_with(service(), "client_id", &upper).assert_issued();
}
