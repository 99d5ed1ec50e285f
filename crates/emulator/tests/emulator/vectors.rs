//! An assertion that OpenSSL has signed, over which we had no say.

use certgrant_emulator::{Clock, Request, TokenService};
use serde_json::json;

use crate::support::*;

const CERTIFICATE: &[u8] = include_bytes!("../vectors/cert.der");
const ASSERTION: &str = include_str!("../vectors/assertion.jwt");

fn service_at(now: u64) -> TokenService {
    use base64::Engine as _;
    let registration = json!({
        "appId": APP,
        "keyCredentials": [{
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
            "key": base64::engine::general_purpose::STANDARD.encode(CERTIFICATE),
            "startDateTime": "2024-01-01T00:00:00Z",
        }],
    });
    service_with(&registration, |config| config.clock = Clock::fixed(now))
}

fn present_at_microsoft(now: u64, assertion: &str) -> Answer {
    let request = v2_request(&v2_parameters(assertion));
    let request = Request { host: "login.microsoftonline.com".to_owned(), ..request };
    Answer::of(&service_at(now), &request)
}

#[test]
fn assertion_made_by_openssl_is_accepted_in_its_time() {
    let assertion = ASSERTION.trim_end();
    for now in [1_735_689_600, 1_735_689_899, 1_735_690_199] {
        let answer = present_at_microsoft(now, assertion);
        answer.assert_issued();
        assert_eq!(answer.entry.deviations, Vec::<String>::new());
    }
    present_at_microsoft(1_735_690_200, assertion).assert_refused(
        700024,
        "invalid_client",
        401,
        "valid time range",
    );
}

#[test]
fn one_changed_bit_of_its_signature_is_noticed() {
    let assertion = ASSERTION.trim_end();
    let (input, signature) = assertion.rsplit_once('.').expect("three parts");
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let changed = format!("{input}.{first}{}", &signature[1..]);
    present_at_microsoft(1_735_689_600, &changed).assert_refused(
        700027,
        "invalid_client",
        401,
        "did not match",
    );
}
