//! What is wrong with an assertion, one fault at a time: code, OAuth error, status, telling text.

use serde_json::json;

use crate::support::*;

#[test]
fn right_assertion_gets_a_token() {
    let answer = present(service(), &Assertion::new());
    answer.assert_issued();
    assert_eq!(answer.entry.deviations, Vec::<String>::new());
    assert!(answer.entry.checks.iter().any(|check| check == "signature"), "{}", answer.entry);
}

#[test]
fn every_accepted_algorithm_is_verified() {
    for alg in ["RS256", "RS384", "RS512"] {
        present(service(), &Assertion::new().header("alg", alg)).assert_issued();
    }
    let answer = present(service(), &Assertion::ps256());
    answer.assert_issued();
    assert_eq!(answer.entry.deviations, Vec::<String>::new());
}

#[test]
fn what_is_not_a_jwt_is_50027() {
    let good = Assertion::new().sign();
    let not_json = Assertion::new().sign_json("[]", "{}");
    for broken in
        ["x", "a.b", "..", &good[..good.len() / 2], &format!("{good}.x"), &format!("{good}="), &not_json]
    {
        present_text(service(), broken).assert_refused(50027, "invalid_request", 400, "malformed");
    }
}

#[test]
fn critical_extension_is_50027() {
    let assertion = Assertion::new().header("crit", json!(["b64"])).header("b64", true);
    present(service(), &assertion).assert_refused(50027, "invalid_request", 400, "crit");
}

#[test]
fn wrong_typ_is_5002727() {
    let answer = present(service(), &Assertion::new().header("typ", "at+jwt"));
    answer.assert_refused(5002727, "invalid_request", 400, "Allowed types: 'JWT'");
    present(service(), &Assertion::new().header("typ", "http://openid.net/specs/jwt/1.0")).assert_issued();
    present(service(), &Assertion::new().without_header("typ")).assert_issued();
}

#[test]
fn unsupported_algorithm_is_5002738() {
    for alg in ["none", "HS256", "ES256", "PS512", "rs256"] {
        let answer = present(service(), &Assertion::new().header("alg", alg));
        answer.assert_refused(
            5002738,
            "invalid_client",
            401,
            &format!("'{alg}' is not a supported signature"),
        );
    }
    let answer = present(service(), &Assertion::new().without_header("alg"));
    answer.assert_refused(50027, "invalid_request", 400, "no alg");
}

#[test]
fn missing_issuer_audience_or_subject_is_90014() {
    for name in ["iss", "aud", "sub"] {
        let answer = present(service(), &Assertion::new().without_claim(name));
        answer.assert_refused(90014, "invalid_request", 400, &format!("'{name}'"));
    }
}

#[test]
fn header_without_key_hint_is_5002723() {
    let answer = present(service(), &Assertion::new().without_header("x5t"));
    answer.assert_refused(5002723, "invalid_client", 401, "No certificate thumbprint");
}

#[test]
fn unknown_application_is_700016() {
    let stranger = "99999999-bbbb-cccc-dddd-eeeeeeeeeeee";
    let answer = present_with(service(), "client_id", stranger);
    answer.assert_refused(700016, "unauthorized_client", 400, stranger);
    assert!(answer.text().contains(TENANT));
}

#[test]
fn application_of_another_tenant_is_700016() {
    let mut registration = registration();
    registration["emulator"] = json!({ "tenants": ["contoso.com"] });
    let answer = present(&service_for(&registration), &Assertion::new());
    answer.assert_refused(700016, "unauthorized_client", 400, "was not found in the directory");
}

#[test]
fn issuer_or_subject_other_than_client_id_is_700021() {
    for name in ["iss", "sub"] {
        let answer = present(service(), &Assertion::new().claim(name, "somebody"));
        answer.assert_refused(700021, "invalid_client", 401, "doesn't match 'client_id'");
    }
}

#[test]
fn audiences_that_name_this_authority_are_accepted() {
    let base = format!("https://{HOST}/{TENANT}");
    for aud in [
        format!("{base}/oauth2/v2.0/token"),
        format!("{base}/oauth2/token"),
        format!("{base}/v2.0"),
        format!("https://sts.windows.net/{TENANT}/"),
    ] {
        present(service(), &Assertion::new().claim("aud", aud.clone())).assert_issued();
        present(service(), &Assertion::new().claim("aud", json!([aud]))).assert_issued();
    }
}

#[test]
fn other_audience_is_700023() {
    let other = "99999999-2222-3333-4444-555555555555";
    for aud in [
        format!("https://{HOST}/{other}/oauth2/v2.0/token"),
        format!("https://{HOST}/common/oauth2/v2.0/token"),
        format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"),
        format!("http://{HOST}/{TENANT}/oauth2/v2.0/token"),
        format!("https://{HOST}/{TENANT}/oauth2/v2.0/token/"),
        format!("https://{HOST}/{TENANT}"),
        format!("https://sts.windows.net/{other}/"),
        String::new(),
    ] {
        let answer = present(service(), &Assertion::new().claim("aud", aud));
        answer.assert_refused(700023, "invalid_client", 401, "audience claim does not match");
    }
    let answer = present(service(), &Assertion::new().claim("aud", 1));
    answer.assert_refused(50027, "invalid_request", 400, "aud");
}

#[test]
fn expired_assertion_is_700024_with_three_times() {
    let answer = present(service(), &Assertion::new().claim("nbf", NOW - 1000).claim("exp", NOW - 301));
    answer.assert_refused(
        700024,
        "invalid_client",
        401,
        "Current time: 2025-01-01T00:01:40.0000000Z, assertion valid from 2024-12-31T23:45:00.0000000Z, expiry time \
         of assertion 2024-12-31T23:56:39.0000000Z.",
    );
}

#[test]
fn clock_skew_is_allowed_up_to_its_end() {
    present(service(), &Assertion::new().claim("exp", NOW - 299)).assert_issued();
    present(service(), &Assertion::new().claim("nbf", NOW + 300)).assert_issued();
    for late in [Assertion::new().claim("exp", NOW - 300), Assertion::new().claim("nbf", NOW + 301)] {
        present(service(), &late).assert_refused(700024, "invalid_client", 401, "valid time range");
    }
    let exact = service_with(&registration(), |config| config.clock_skew = core::time::Duration::ZERO);
    present(&exact, &Assertion::new()).assert_issued();
    present(&exact, &Assertion::new().claim("exp", NOW)).assert_refused(700024, "invalid_client", 401, "");
    present(&exact, &Assertion::new().claim("nbf", NOW + 1)).assert_refused(
        700024,
        "invalid_client",
        401,
        "",
    );
}

#[test]
fn missing_exp_counts_as_1970_and_is_700024() {
    let answer = present(service(), &Assertion::new().without_claim("exp"));
    answer.assert_refused(
        700024,
        "invalid_client",
        401,
        "expiry time of assertion 1970-01-01T00:00:00.0000000Z",
    );
}

#[test]
fn missing_nbf_counts_as_1970_and_passes() {
    present(service(), &Assertion::new().without_claim("nbf")).assert_issued();
    let expired = Assertion::new().without_claim("nbf").claim("exp", NOW - 301);
    present(service(), &expired).assert_refused(
        700024,
        "invalid_client",
        401,
        "valid from 1970-01-01T00:00:00.0000000Z",
    );
}

#[test]
fn milliseconds_for_seconds_are_shown_by_700024() {
    let answer = present(service(), &Assertion::new().claim("nbf", NOW * 1000).claim("exp", NOW * 1000));
    answer.assert_refused(700024, "invalid_client", 401, "valid from 9999-12-31T23:59:59.9999999Z");
}

#[test]
fn unregistered_key_is_700027_not_found() {
    use base64::Engine as _;
    let x5t = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(other_key().sha1());
    let answer = present(service(), &Assertion::new().signed_by(other_key()).header("x5t", x5t));
    let telling = format!(
        "is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '{}'",
        other_key().thumbprint()
    );
    answer.assert_refused(700027, "invalid_client", 401, &telling);
    assert!(!answer.text().contains("Found key"));
}

#[test]
fn thumbprint_is_absent_from_700027_when_only_kid_was_sent() {
    let answer = present(service(), &Assertion::new().without_header("x5t").header("kid", "nobody"));
    answer.assert_refused(700027, "invalid_client", 401, "The key was not found");
    assert!(!answer.text().contains("Thumbprint of key used by client"));
}

#[test]
fn expired_key_is_700027_and_names_its_window() {
    let mut registration = registration();
    registration["keyCredentials"][0]["startDateTime"] = json!("2024-01-02T03:04:05Z");
    registration["keyCredentials"][0]["endDateTime"] = json!("2025-01-01T00:01:39Z");
    let answer = present(&service_for(&registration), &Assertion::new());
    let telling = format!(
        "is expired on application. [Reason - The key used is expired., Thumbprint of key used by client: '{}', Found \
         key 'Start=01/02/2024 03:04:05, End=01/01/2025 00:01:39'",
        app_key().thumbprint()
    );
    answer.assert_refused(700027, "invalid_client", 401, &telling);
    registration["keyCredentials"][0]["endDateTime"] = json!("2025-01-01T00:01:40Z");
    present(&service_for(&registration), &Assertion::new()).assert_issued();
}

#[test]
fn key_that_is_not_valid_yet_is_700027_expired() {
    let mut registration = registration();
    registration["keyCredentials"][0]["startDateTime"] = json!("2025-01-01T00:01:41Z");
    let answer = present(&service_for(&registration), &Assertion::new());
    answer.assert_refused(700027, "invalid_client", 401, "The key used is expired");
}

#[test]
fn validity_of_the_certificate_is_the_default_window() {
    let service = service_with(&registration(), |config| {
        config.clock = certgrant_emulator::Clock::fixed(1_767_225_601);
    });
    let answer = present(&service, &Assertion::new().claim("nbf", 1_767_225_600).claim("exp", 1_767_226_000));
    answer.assert_refused(
        700027,
        "invalid_client",
        401,
        "Start=01/01/2024 00:00:00, End=01/01/2026 00:00:00",
    );
}

#[test]
fn of_two_windows_for_one_certificate_the_current_one_counts() {
    let mut registration = registration();
    let mut expired = registration["keyCredentials"][0].clone();
    expired["endDateTime"] = json!("2024-06-01T00:00:00Z");
    registration["keyCredentials"].as_array_mut().expect("keys").insert(0, expired);
    present(&service_for(&registration), &Assertion::new()).assert_issued();
}

#[test]
fn signature_by_another_key_is_700027_mismatch() {
    let answer = present(service(), &Assertion::new().signed_by(other_key()));
    let telling = "The provided signature value did not match the expected signature value";
    answer.assert_refused(700027, "invalid_client", 401, telling);
    assert!(answer.text().contains(&app_key().thumbprint()));
}

#[test]
fn signature_over_other_bytes_is_700027_mismatch() {
    let good = Assertion::new().sign();
    let signature = good.rsplit('.').next().expect("a signature");
    let other = Assertion::new().claim("jti", "other").sign();
    let input = other.rsplit_once('.').expect("a signing input").0;
    let forged = present_text(service(), &format!("{input}.{signature}"));
    forged.assert_refused(700027, "invalid_client", 401, "did not match");
    let empty = present_text(service(), &format!("{input}."));
    empty.assert_refused(700027, "invalid_client", 401, "did not match");
}

#[test]
fn signature_of_another_padding_than_alg_says_is_700027_mismatch() {
    let pkcs1 = Assertion::new().header("alg", "RS256");
    let ps256_header =
        r#"{"alg":"PS256","typ":"JWT","x5t":"#.to_owned() + &pkcs1.header["x5t"].to_string() + "}";
    let claims = serde_json::Value::Object(pkcs1.claims.clone()).to_string();
    let answer = present_text(service(), &pkcs1.sign_json(&ps256_header, &claims));
    answer.assert_refused(700027, "invalid_client", 401, "did not match");
}

#[test]
fn embedded_jwk_is_not_trusted() {
    let assertion =
        Assertion::new().signed_by(other_key()).header("jwk", json!({ "kty": "RSA", "e": "AQAB" }));
    present(service(), &assertion).assert_refused(700027, "invalid_client", 401, "did not match");
}

#[test]
fn public_client_is_700025() {
    let mut registration = registration();
    registration["isFallbackPublicClient"] = json!(true);
    let answer = present(&service_for(&registration), &Assertion::new());
    answer.assert_refused(700025, "invalid_client", 401, "Client is public");
    registration["web"] = json!({ "redirectUris": ["https://daemon.example/callback"] });
    present(&service_for(&registration), &Assertion::new()).assert_issued();
}

#[test]
fn multi_tenant_application_without_service_principal_is_7000229() {
    let mut registration = registration();
    registration["signInAudience"] = json!("AzureADMultipleOrgs");
    registration["emulator"] = json!({ "tenants": ["contoso.com"] });
    let answer = present(&service_for(&registration), &Assertion::new());
    answer.assert_refused(7000229, "invalid_client", 401, "missing service principal");
    registration["emulator"] = json!({ "tenants": ["contoso.com", TENANT] });
    present(&service_for(&registration), &Assertion::new()).assert_issued();
}

#[test]
fn disabled_application_is_7000112() {
    let mut by_microsoft = registration();
    by_microsoft["disabledByMicrosoftStatus"] = json!("DisabledDueToViolationOfServicesAgreement");
    let mut by_admin = registration();
    by_admin["emulator"] = json!({ "disabled": true });
    for registration in [by_microsoft, by_admin] {
        let answer = present(&service_for(&registration), &Assertion::new());
        answer.assert_refused(7000112, "unauthorized_client", 400, "is disabled");
    }
    let mut registration = registration();
    registration["disabledByMicrosoftStatus"] = json!("NotDisabled");
    present(&service_for(&registration), &Assertion::new()).assert_issued();
}

#[test]
fn earlier_faults_win_over_later_ones() {
    // From the last fault to the first, each added to those before it.
    let mut registration = registration();
    registration["isFallbackPublicClient"] = json!(true);
    let service = service_for(&registration);
    let mut assertion = Assertion::new();
    let mut expect = |change: &dyn Fn(Assertion) -> Assertion, code: u32| {
        assertion = change(core::mem::replace(&mut assertion, Assertion::new()));
        let answer = present(&service, &assertion);
        assert_eq!(answer.body["error_codes"], json!([code]), "{}", answer.body);
    };
    expect(&|a| a, 700025);
    expect(&|a| a.signed_by(other_key()), 700027);
    expect(&|a| a.claim("exp", 1), 700024);
    expect(&|a| a.claim("aud", "elsewhere"), 700023);
    expect(&|a| a.claim("sub", "somebody"), 700021);
    expect(&|a| a.without_header("x5t"), 5002723);
    expect(&|a| a.without_claim("iss"), 90014);
    expect(&|a| a.header("alg", "HS256"), 5002738);
    expect(&|a| a.header("typ", "x"), 5002727);
}
