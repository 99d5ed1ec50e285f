//! Assertions: how long one serves, when it is made anew, by whose clock it is dated, with which certificate.

use crate::drive::*;
use certgrant_core::*;
use certgrant_testkit::authority::InMemoryAuthority;
use certgrant_testkit::jwt::{decode, form_value};
use certgrant_testkit::vectors::{assertion_rs256 as vector, bundles};

const REFUSED: &str = r#"{"error":"invalid_client"}"#;
const UNKNOWN_CERTIFICATE: &str = r#"{"error":"invalid_client","error_codes":[700027]}"#;
const OUTSIDE_OF_ITS_TIME: &str = r#"{"error":"invalid_client","error_codes":[700024]}"#;

fn scope(name: &str) -> TokenRequest {
    TokenRequest::new(Target::scopes(&[name]).unwrap())
}

fn assertion(request: &HttpRequest) -> String {
    form_value(request.body.expose(), "client_assertion").unwrap()
}

fn jtis(drive: &Drive) -> Vec<String> {
    drive.requests.iter().map(|request| decode(&assertion(request)).1["jti"].to_string()).collect()
}

fn notices(drive: &mut Drive) -> Vec<(NoticeCode, String)> {
    drive.client.client_mut().take_notices().into_iter().map(|notice| (notice.code, notice.detail)).collect()
}

fn renewable() -> ClientOptions {
    let certificate = CertificateOptions { is_renewable: true, ..certificate() };
    ClientOptions { credential: CredentialOptions::Certificate(certificate), ..options() }
}

fn successor() -> String {
    [bundles::LEAF_PEM, bundles::LEAF_KEY_PKCS1_PEM].concat()
}

#[test]
fn one_assertion_serves_until_shortly_before_it_expires() {
    let mut drive = drive(options());
    for name in ["a/.default", "b/.default"] {
        drive.acquire(&scope(name)).unwrap();
    }
    assert_eq!(drive.signatures, 1);
    drive.now = drive.now.plus_secs(509);
    drive.acquire(&scope("c/.default")).unwrap();
    assert_eq!(drive.signatures, 1);
    drive.now = drive.now.plus_secs(1);
    drive.acquire(&scope("d/.default")).unwrap();
    assert_eq!(drive.signatures, 2);
}

#[test]
fn assertion_of_a_clock_that_was_set_back_is_not_used() {
    let mut drive = drive(options());
    drive.now = drive.now.plus_secs(7200);
    drive.acquire(&scope("a/.default")).unwrap();
    drive.now = Timestamp::from_secs(START);
    drive.acquire(&scope("b/.default")).unwrap();
    assert_eq!(drive.signatures, 2);
}

#[test]
fn each_audience_has_an_assertion_of_its_own() {
    let mut drive = drive(ClientOptions { additionally_allowed_tenants: vec!["*".into()], ..options() });
    let of = |tenant| TokenRequest { tenant: Tenant::parse(tenant).ok(), ..request() };
    drive.acquire(&of("a.example")).unwrap();
    drive.acquire(&of("b.example")).unwrap();
    assert_eq!(drive.signatures, 2);
}

#[test]
fn more_audiences_than_are_kept_get_their_tokens_all_the_same() {
    let mut drive = drive(ClientOptions { additionally_allowed_tenants: vec!["*".into()], ..options() });
    for round in 0..2 {
        for number in 0..100 {
            let tenant = Tenant::parse(&format!("t{number}.example")).ok();
            drive.acquire(&TokenRequest { tenant, ..scope(&format!("{round}/.default")) }).unwrap();
        }
    }
    assert!((136..200).contains(&drive.signatures), "{}", drive.signatures);
}

#[test]
fn flights_that_start_together_ask_for_the_same_signature() {
    let mut drive = drive(options());
    let mut asked = ["a/.default", "b/.default"].map(|name| {
        let flight = drive.start(&scope(name));
        let begin = drive.begin();
        match drive.step(flight, begin).unwrap() {
            Step::Sign(request) => (flight, request.signing_input),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(asked[0].1, asked[1].1);
    for (flight, _) in &mut asked {
        assert!(matches!(drive.step(*flight, signature()), Ok(Step::Send(_))));
    }
}

#[test]
fn signer_is_not_asked_for_a_cached_token() {
    let mut drive = drive(options());
    drive.acquire(&request()).unwrap();
    drive.now = drive.now.plus_secs(700);
    drive.acquire(&request()).unwrap();
    assert_eq!((drive.signatures, drive.requests.len()), (1, 1));
}

#[test]
fn service_that_takes_an_assertion_once_gets_a_new_one_each_time() {
    let mut drive = drive(options());
    drive.acquire(&scope("a/.default")).unwrap();
    drive.script(401, REFUSED);
    drive.acquire(&scope("b/.default")).unwrap();
    assert_eq!(drive.requests.len(), 3);
    assert_eq!(notices(&mut drive), [(NoticeCode::AssertionReuseRefused, String::new())]);
    drive.acquire(&scope("c/.default")).unwrap();
    assert_eq!(drive.requests.len(), 4, "learnt");
    let jtis = jtis(&drive);
    assert_eq!(jtis[0], jtis[1]);
    assert!(jtis[1] != jtis[2] && jtis[2] != jtis[3]);
}

#[test]
fn new_assertion_that_is_refused_too_is_the_end() {
    let mut drive = drive(options());
    drive.acquire(&scope("a/.default")).unwrap();
    drive.script(401, REFUSED);
    drive.script(401, REFUSED);
    let error = drive.acquire(&scope("b/.default")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ServiceRefused);
    assert_eq!(drive.requests.len(), 3);
    assert_eq!(notices(&mut drive), []);
}

#[test]
fn refusal_that_is_not_about_the_client_keeps_the_assertion() {
    let mut drive = drive(options());
    drive.script(400, r#"{"error":"invalid_scope","error_codes":[70011]}"#);
    drive.acquire(&scope("a/.default")).unwrap_err();
    drive.acquire(&scope("b/.default")).unwrap();
    assert_eq!(drive.signatures, 1);
}

#[test]
fn clock_that_is_wrong_is_learnt_from_the_service_and_told() {
    for (ahead, told) in [(720, "720 s behind"), (-720, "720 s ahead")] {
        let mut drive = drive(options());
        drive.now = drive.now.plus_secs(3600);
        drive.service_ahead_secs = Some(ahead);
        drive.script(401, OUTSIDE_OF_ITS_TIME);
        drive.acquire(&scope("a/.default")).unwrap();
        assert_eq!(drive.requests.len(), 2, "a token on the second try");
        let claims = decode(&assertion(&drive.requests[1])).1;
        assert_eq!(claims["nbf"], drive.now.as_secs().checked_add_signed(ahead).unwrap());
        assert_eq!(notices(&mut drive), [(NoticeCode::ClockOff, told.into())]);
        drive.acquire(&scope("b/.default")).unwrap();
        assert_eq!((drive.requests.len(), drive.signatures), (3, 2));
    }
}

#[test]
fn clock_that_was_set_right_is_believed_again() {
    let mut drive = drive(options());
    drive.now = drive.now.plus_secs(3600);
    drive.service_ahead_secs = Some(720);
    drive.script(401, OUTSIDE_OF_ITS_TIME);
    drive.acquire(&scope("a/.default")).unwrap();
    drive.service_ahead_secs = Some(0);
    drive.script(401, OUTSIDE_OF_ITS_TIME);
    drive.acquire(&scope("b/.default")).unwrap();
    let claims = decode(&assertion(drive.requests.last().unwrap())).1;
    assert_eq!(claims["nbf"], drive.now.as_secs());
    assert_eq!(notices(&mut drive).len(), 1, "only of the clock that was wrong");
}

#[test]
fn right_clock_is_not_blamed() {
    let mut drive = drive(options());
    drive.now = drive.now.plus_secs(3600);
    drive.service_ahead_secs = Some(20);
    drive.script(401, OUTSIDE_OF_ITS_TIME);
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ServiceRefused);
    assert_eq!((drive.requests.len(), notices(&mut drive)), (1, vec![]));
}

#[test]
fn renewed_certificate_signs_the_next_assertion() {
    let mut drive = drive(renewable());
    drive.acquire(&scope("a/.default")).unwrap();
    drive.renewed = Some(successor());
    drive.acquire(&scope("b/.default")).unwrap();
    assert_eq!(
        (drive.renewals, drive.signatures),
        (1, 1),
        "nothing is looked up for an assertion that still serves"
    );
    drive.now = drive.now.plus_secs(600);
    drive.acquire(&scope("c/.default")).unwrap();
    assert_eq!((drive.renewals, drive.signatures), (2, 2));
    let (header, ..) = decode(&assertion(&drive.requests[2]));
    let successor = drive.client.client().certificate().unwrap().thumbprint_sha256.unwrap();
    assert_eq!(header["x5t#S256"], successor.to_base64url());
}

#[test]
fn certificate_that_the_service_no_longer_knows_is_looked_up_at_once() {
    let mut drive = drive(renewable());
    drive.acquire(&scope("a/.default")).unwrap();
    drive.renewed = Some(successor());
    drive.script(401, UNKNOWN_CERTIFICATE);
    drive.acquire(&scope("b/.default")).unwrap();
    assert_eq!((drive.requests.len(), drive.renewals, drive.renewals_after_refusal), (3, 2, 1));
}

#[test]
fn refusal_stands_when_there_is_no_other_certificate() {
    let mut drive = drive(renewable());
    drive.script(401, UNKNOWN_CERTIFICATE);
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!(error.service().unwrap().error_codes, [700_027]);
    assert_eq!((drive.requests.len(), drive.renewals), (1, 2));
}

#[test]
fn successor_that_is_refused_too_is_the_end() {
    let mut drive = drive(renewable());
    drive.acquire(&scope("a/.default")).unwrap();
    drive.renewed = Some(successor());
    drive.script(401, UNKNOWN_CERTIFICATE);
    drive.script(401, UNKNOWN_CERTIFICATE);
    drive.acquire(&scope("b/.default")).unwrap_err();
    assert_eq!(drive.requests.len(), 3);
}

#[test]
fn certificate_that_is_renewed_while_its_key_signs_is_asked_to_sign_again() {
    let mut drive = drive(renewable());
    let flight = drive.start(&request());
    let begin = drive.begin();
    drive.step(flight, begin).unwrap();
    let Ok(Step::Sign(first)) = drive.step(flight, Input::Renewed) else { panic!() };
    drive.renew(&successor()).unwrap();
    let Ok(Step::Sign(second)) = drive.step(flight, signature()) else { panic!() };
    assert_ne!(first.signing_input, second.signing_input);
    assert!(matches!(drive.step(flight, signature()), Ok(Step::Send(_))));
}

#[test]
fn signature_of_a_certificate_that_was_renewed_meanwhile_may_fail() {
    let mut drive = drive(renewable());
    let flight = drive.start(&request());
    let begin = drive.begin();
    drive.step(flight, begin).unwrap();
    let Ok(Step::Sign(_)) = drive.step(flight, Input::Renewed) else { panic!() };
    drive.renew(&successor()).unwrap();
    let failed = || Input::SigningFailed("a signature of another key".into());
    let Ok(Step::Sign(_)) = drive.step(flight, failed()) else { panic!() };
    let step = drive.client.step(flight, failed(), drive.now).unwrap();
    let CachingStep::Done { result: Err(error), .. } = step else { panic!("{step:?}") };
    assert_eq!(error.code(), ErrorCode::SigningFailed);
}

#[test]
fn same_certificate_again_changes_nothing() {
    let mut drive = drive(renewable());
    drive.acquire(&scope("a/.default")).unwrap();
    drive.renewed = Some(vector::pem());
    drive.script(401, UNKNOWN_CERTIFICATE);
    drive.acquire(&scope("b/.default")).unwrap_err();
    assert_eq!(drive.requests.len(), 2);
}

#[test]
fn successor_that_does_not_fit_the_terms_leaves_the_old_one_in_use() {
    let options = CertificateOptions { thumbprint: Some(vector::SHA256.into()), ..certificate() };
    let mut drive =
        drive(ClientOptions { credential: CredentialOptions::Certificate(options), ..self::options() });
    let error = drive.renew(&successor()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ThumbprintMismatch);
    drive.acquire(&request()).unwrap();
}

#[test]
fn tokens_outlive_their_certificate() {
    let mut drive = drive(options());
    let token = drive.acquire(&request()).unwrap();
    drive.renew(&successor()).unwrap();
    assert_eq!(drive.acquire(&request()).unwrap().access_token.expose(), token.access_token.expose());
}

#[test]
fn certificate_outside_of_its_dates_is_not_sent() {
    for (now, code) in [
        (vector::NOT_BEFORE - 1, ErrorCode::CertificateNotYetValid),
        (vector::NOT_AFTER + 1, ErrorCode::CertificateExpired),
    ] {
        let mut drive = drive(options());
        drive.now = Timestamp::from_secs(now);
        assert_eq!(drive.acquire(&request()).unwrap_err().code(), code);
        assert!(drive.requests.is_empty());
    }
}

#[test]
fn certificate_that_expires_within_30_days_is_told_of_once_a_day() {
    const DAY: u64 = 86_400;
    let mut drive = drive(options());
    let expected = (NoticeCode::CertificateExpires, "2126-10-30".to_owned());
    let told = |drive: &mut Drive, now| {
        drive.now = Timestamp::from_secs(now);
        drive.acquire(&TokenRequest { skip_cache: true, ..request() }).unwrap();
        notices(drive)
    };
    assert_eq!(told(&mut drive, vector::NOT_AFTER - 31 * DAY), []);
    assert_eq!(told(&mut drive, vector::NOT_AFTER - 29 * DAY), std::slice::from_ref(&expected));
    assert_eq!(told(&mut drive, vector::NOT_AFTER - 29 * DAY + 3600), []);
    assert_eq!(told(&mut drive, vector::NOT_AFTER - 27 * DAY), [expected]);
}

#[test]
fn secret_is_sent_without_any_signature() {
    let mut drive = drive(options());
    let secret = CredentialOptions::Secret("s3cr3t & more".to_owned().into());
    drive.client = caching(ClientOptions { credential: secret, ..options() }.into_config().unwrap().0);
    let flight = drive.start(&request());
    let begin = drive.begin();
    let Ok(Step::Send(sent)) = drive.step(flight, begin) else { panic!() };
    assert_eq!(form_value(sent.body.expose(), "client_secret").as_deref(), Some("s3cr3t & more"));
    assert_eq!(form_value(sent.body.expose(), "client_assertion"), None);
    let body = format!(
        r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{}"}}"#,
        InMemoryAuthority::token(1)
    );
    let response = HttpResponse { status: 200, headers: vec![], body: body.into_bytes().into() };
    let done = drive.client.step(flight, Input::Response(response), drive.now);
    assert!(matches!(done, Ok(CachingStep::Done { result: Ok(_), .. })));
}

#[test]
fn certificate_that_is_signed_over_sha_1_is_warned_of_once_and_used() {
    let pem = concat!(
        include_str!("../../../../tests/vectors/bundles/leaf.pkcs1.key"),
        include_str!("../../../../tests/vectors/bundles/sha1.pem")
    );
    let file = pem.as_bytes().to_vec().into();
    let credential = CredentialOptions::Certificate(CertificateOptions { file, ..certificate() });
    let mut drive = drive(ClientOptions { credential, ..options() });
    // Behind the first second of its validity.
    drive.now = Timestamp::from_secs(START + 30 * 86_400);
    drive.acquire(&request()).unwrap();
    let codes = |drive: &mut Drive| -> Vec<NoticeCode> {
        drive.client.client_mut().take_notices().into_iter().map(|notice| notice.code).collect()
    };
    assert_eq!(codes(&mut drive), [NoticeCode::CertificateSignatureWeak]);
    drive.acquire(&TokenRequest { skip_cache: true, ..request() }).unwrap();
    assert_eq!(codes(&mut drive), []);
}
