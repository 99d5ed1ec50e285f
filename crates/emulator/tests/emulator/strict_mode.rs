//! What strict mode asks beyond the spelling of an assertion.

use certgrant_emulator::TokenService;
use serde_json::json;

use crate::support::*;

fn strict() -> TokenService {
    service_with(&registration(), |config| config.strict = true)
}

#[test]
fn right_assertion_passes() {
    present(&strict(), &Assertion::new()).assert_issued();
    present(&strict(), &Assertion::ps256()).assert_issued();
}

#[test]
fn only_the_endpoint_called_is_the_audience() {
    let service = strict();
    let endpoint = format!("https://{HOST}/{TENANT}/oauth2/v2.0/token");
    let several = json!(["https://elsewhere.example", endpoint]);
    present(&service, &Assertion::new().claim("aud", several).claim("jti", "1")).assert_issued();
    for aud in [
        format!("https://{HOST}/{TENANT}/oauth2/token"),
        format!("https://{HOST}/{TENANT}/v2.0"),
        format!("https://sts.windows.net/{TENANT}/"),
        endpoint.to_uppercase(),
    ] {
        let answer = present(&service, &Assertion::new().claim("aud", aud).claim("jti", "2"));
        answer.assert_refused(700023, "invalid_client", 401, "audience");
    }
}

#[test]
fn jti_is_needed_and_is_used_up() {
    let service = strict();
    let missing = Assertion::new().without_claim("jti");
    present(&service, &missing).assert_refused(50027, "invalid_request", 400, "no jti");
    present(&service, &Assertion::new()).assert_issued();
    present(&service, &Assertion::new()).assert_refused(
        50027,
        "invalid_request",
        400,
        "jti has been used before",
    );
    present(&service, &Assertion::new().claim("jti", "fresh")).assert_issued();
}

#[test]
fn forged_assertion_uses_no_jti_up() {
    let service = strict();
    let forged = Assertion::new().signed_by(other_key());
    present(&service, &forged).assert_refused(700027, "invalid_client", 401, "did not match");
    present(&service, &Assertion::new()).assert_issued();
}

#[test]
fn lenient_mode_lets_an_assertion_be_used_again_as_msal_does() {
    let assertion = Assertion::new().sign();
    for _ in 0..3 {
        present_text(service(), &assertion).assert_issued();
    }
}

#[test]
fn assertion_for_more_than_an_hour_is_700024() {
    let service = strict();
    let hour = Assertion::new().claim("exp", NOW + 3600);
    present(&service, &hour).assert_issued();
    let longer = Assertion::new().claim("exp", NOW + 3601).claim("jti", "longer");
    present(&service, &longer).assert_refused(700024, "invalid_client", 401, "valid time range");
    present(self::service(), &Assertion::new().claim("exp", NOW + 86_400 * 365)).assert_issued();
}
