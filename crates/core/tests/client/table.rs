//! The table of what happens when something goes wrong, in this crate's README and in the npm package's documentation: core is
//! driven through each row, and a row that has no walk here, or other words, fails.

use crate::drive::*;
use crate::identity::{IMDS, identity};
use certgrant_core::*;
use certgrant_testkit::vectors::{assertion_rs256 as vector, bundles};
use std::sync::Arc;

/// What happens, and what callers see: what a walk found, in the table's words.
type Observed = (&'static str, &'static str);

type Walk = fn() -> Observed;

/// By how each condition begins, in the order of the table.
const WALKS: [(&str, Walk); 21] = [
    ("a token is held and not to be refreshe", fresh),
    ("it is to be refreshed: after `refresh_", due),
    ("it has less than 30 s left, and no ren", dying),
    ("its renewal fails, for whatever reason", renewal_fails),
    ("it is dead, or nobody knows, because t", dead),
    ("the same token is being asked for", same_token),
    ("a flight fails while one for a claims", challenge),
    ("no connection, no answer within 30 s,", passing),
    ("`Retry-After` of more than 30 s", long_retry_after),
    ("an endpoint asked to be left alone", left_alone),
    ("AADSTS700024, and the service's `Date`", clock_wrong),
    ("AADSTS700027, 700030 or 50012, and the", certificate_renewed),
    ("`invalid_client` for an assertion that", assertion_used),
    ("an answer is late because the machine", late_answer),
    ("a signature comes when its assertion i", late_signature),
    ("the certificate has expired, or is not", certificate_expired),
    ("the authority is neither one of Entra'", unknown_authority),
    ("a region is to be detected", region),
    ("the metadata service of a managed iden", no_metadata_service),
    ("that service answers 404, 410, 429 or", metadata_service_fails),
    ("any other refusal, or an answer that i", anything_else),
];

/// The rows of the table: condition, what happens, what callers see. Some formatters align its columns.
fn rows(document: &str) -> Vec<[&str; 3]> {
    let rows = document.lines().filter(|line| line.starts_with('|')).map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        <[&str; 3]>::try_from(cells).unwrap_or_default()
    });
    let behind_header =
        rows.skip_while(|row| *row != ["condition", "what happens", "what callers see"]).skip(2);
    behind_header.take_while(|row| !row[0].is_empty()).collect()
}

#[test]
fn core_does_what_the_table_says() {
    let table = rows(include_str!("../../README.md"));
    assert_eq!(table.len(), WALKS.len());
    for ([condition, happens, sees], (begin, walk)) in table.into_iter().zip(WALKS) {
        assert!(condition.starts_with(begin), "{condition}");
        assert_eq!((happens, sees), walk(), "{condition}");
    }
}

#[test]
fn both_documents_have_the_same_table() {
    let npm = include_str!("../../../../npm/certgrant/docs/resilience.md");
    assert_eq!(rows(npm), rows(include_str!("../../README.md")));
}

fn granted(lifetime: u32) -> Input {
    let body =
        format!(r#"{{"token_type":"Bearer","expires_in":{lifetime},"access_token":"x"}}"#).into_bytes();
    Input::Response(HttpResponse { status: 200, headers: vec![], body: body.into() })
}

fn scope(name: &str) -> TokenRequest {
    TokenRequest::new(Target::scopes(&[name]).unwrap())
}

fn once() -> ClientOptions {
    ClientOptions { max_retries: Some(0), ..options() }
}

fn before(end: Timestamp, secs: u64) -> Timestamp {
    Timestamp::from_secs(end.as_secs() - secs)
}

/// A service that has no connection, from now on.
fn cut_off(drive: &mut Drive) {
    (0..20).for_each(|_| drive.script(0, ""));
}

fn fresh() -> Observed {
    let mut drive = drive(options());
    let first = drive.acquire(&request()).unwrap();
    drive.now = Timestamp::from_millis(first.refresh_on.as_millis() - 1);
    let Ok(Found::Token(token)) = drive.client.acquire(&request(), drive.now) else { panic!() };
    assert!(Arc::ptr_eq(&token, &first) && drive.client.client().flights() == 0);
    ("nothing", "the token")
}

fn due() -> Observed {
    for (lifetime, refresh_in, latest) in
        [(86_399, "43199", 43_199), (86_399, "null", 43_199), (3_599, "null", 3_299), (500, "null", 250)]
    {
        let mut drive = drive(options());
        let body = format!(
            r#"{{"token_type":"Bearer","expires_in":{lifetime},"refresh_in":{refresh_in},"access_token":"x"}}"#
        );
        drive.script(200, &body);
        let first = drive.acquire(&request()).unwrap();
        let latest = drive.now.plus_secs(latest);
        let earliest = latest.as_millis() - (300_000).min((latest.as_millis() - drive.now.as_millis()) / 20);
        assert!(
            (earliest..=latest.as_millis()).contains(&first.refresh_on.as_millis()),
            "{lifetime} {refresh_in}"
        );
        drive.now = latest;
        let Ok(Found::TokenToRenew(token, flight)) = drive.client.acquire(&request(), drive.now) else {
            panic!()
        };
        assert!(Arc::ptr_eq(&token, &first));
        assert!(matches!(drive.client.acquire(&request(), drive.now), Ok(Found::Token(_))), "one flight");
        assert!(!Arc::ptr_eq(&drive.finish(flight).unwrap(), &first));
    }
    ("one flight renews it", "the held token, at once")
}

fn dying() -> Observed {
    for (left, timeout) in [(29, 28_000), (3, 2_000)] {
        let mut drive = drive(options());
        let first = drive.acquire(&request()).unwrap();
        drive.now = before(first.expires_on, left);
        let flight = drive.start(&request());
        let begin = drive.begin();
        let Ok(Step::Sign(_)) = drive.step(flight, begin) else { panic!() };
        let Ok(Step::Send(sent)) = drive.step(flight, signature()) else { panic!() };
        assert_eq!(sent.timeout_millis, timeout);
        drive.now = drive.now.plus_millis(timeout.into());
        let end = drive.client.step(flight, Input::Failure(TransportFailure::Timeout), drive.now);
        let Ok(CachingStep::Done { result: Ok(token), not_renewed: Some(_) }) = end else {
            panic!("{end:?}")
        };
        assert!(Arc::ptr_eq(&token, &first), "the next try would end behind the token");
    }
    let mut drive = drive(options());
    let first = drive.acquire(&request()).unwrap();
    drive.now = before(first.expires_on, 29);
    assert!(!Arc::ptr_eq(&drive.acquire(&request()).unwrap(), &first));
    (
        "one flight; its request is given up 1 s before the held token dies, and nothing is tried again beyond that",
        "its result; the held token if that fails",
    )
}

fn renewal_fails() -> Observed {
    for (status, body) in
        [(0, ""), (429, "{}"), (500, ""), (200, "<html>"), (400, r#"{"error":"invalid_request"}"#)]
    {
        let mut drive = drive(once());
        let first = drive.acquire(&request()).unwrap();
        drive.now = first.refresh_on;
        drive.script(status, body);
        drive.acquire(&request()).unwrap();
        assert_eq!(drive.not_renewed.len(), 1, "it is told");
        for (after, requests) in [(14, 2), (31, 3)] {
            drive.now = first.refresh_on.plus_secs(after);
            drive.acquire(&request()).unwrap();
            assert_eq!(drive.requests.len(), requests, "{status} after {after} s");
        }
    }
    // The authority in memory wants an hour for 503.
    let mut drive = drive(once());
    let first = drive.acquire(&request()).unwrap();
    drive.now = first.refresh_on;
    drive.script(503, "");
    for now in [first.refresh_on, Timestamp::from_millis(first.expires_on.as_millis() - 1)] {
        drive.now = now;
        assert!(Arc::ptr_eq(&drive.acquire(&request()).unwrap(), &first));
    }
    assert_eq!(drive.requests.len(), 2);
    ("it is told, and tried again after 15 to 30 s, or after `Retry-After`", "the held token, to its end")
}

fn dead() -> Observed {
    let mut drive = drive(once());
    let first = drive.acquire(&request()).unwrap();
    drive.now = first.expires_on;
    let second = drive.acquire(&request()).unwrap();
    assert!(!Arc::ptr_eq(&second, &first));
    drive.now = Timestamp::from_millis(drive.now.as_millis() - 2_001);
    cut_off(&mut drive);
    assert_eq!(drive.acquire(&request()).unwrap_err().code(), ErrorCode::NetworkFailed);
    ("one flight", "its result")
}

fn same_token() -> Observed {
    let mut drive = drive(options());
    let flight = drive.start(&request());
    for _ in 0..1_000 {
        assert!(
            matches!(drive.client.acquire(&request(), drive.now), Ok(Found::Join(joined)) if joined == flight)
        );
    }
    drive.finish(flight).unwrap();
    assert_eq!(drive.requests.len(), 1);
    ("nothing", "that flight's result")
}

fn challenge() -> Observed {
    let mut drive = drive(once());
    let plain = drive.start(&request());
    let claims = Some(r#"{"access_token":{"nbf":{"essential":true}}}"#.to_owned());
    let challenged = drive.start(&TokenRequest { claims, ..request() });
    let got = drive.finish(challenged).unwrap();
    drive.script(0, "");
    assert!(Arc::ptr_eq(&drive.finish(plain).unwrap(), &got));
    assert_eq!(drive.not_renewed.len(), 1, "it is told");
    ("it is told", "that token")
}

fn passing() -> Observed {
    let temporarily = r#"{"error":"temporarily_unavailable"}"#;
    let known = r#"{"error":"invalid_request","error_codes":[90033]}"#;
    for (status, body) in
        [(0, ""), (408, ""), (429, "{}"), (500, ""), (599, ""), (400, temporarily), (400, known)]
    {
        for succeeds in [true, false] {
            let mut drive = drive(options());
            (0..if succeeds { 2 } else { 3 }).for_each(|_| drive.script(status, body));
            let start = drive.now;
            assert_eq!(drive.acquire(&request()).is_ok(), succeeds, "{status} {body}");
            assert_eq!(drive.requests.len(), 3, "{status} {body}");
            let most = if status == 429 { [7_000, 14_000] } else { [500, 1_500] };
            for (until, most) in drive.waits.iter().zip(most) {
                assert!(until.as_millis() - start.as_millis() <= most, "{status} {until:?}");
            }
            assert_eq!(drive.requests[0].timeout_millis, 30_000);
        }
    }
    let mut drive = drive(ClientOptions { max_retries: Some(100), ..options() });
    let start = drive.now;
    (0..100).for_each(|_| drive.script(0, ""));
    drive.acquire(&request()).unwrap_err();
    assert!(drive.waits.iter().all(|until| *until < start.plus_secs(60)) && drive.waits.len() < 60);
    (
        "up to `max_retries` (2) more tries, after `Retry-After` or a back-off of at most 0.5, 1, 2, 4, 8 s with full jitter, begun within 60 s",
        "the token, or the last error",
    )
}

fn long_retry_after() -> Observed {
    let mut drive = drive(options());
    drive.script(503, "");
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!((error.service().unwrap().retry_after, drive.requests.len()), (Some(3_600), 1));
    ("no further try", "the error, with `retry_after`")
}

fn left_alone() -> Observed {
    let mut drive = drive(once());
    drive.script(429, "");
    drive.acquire(&scope("a/.default")).unwrap_err();
    let until = drive.now.plus_secs(7);
    drive.acquire(&scope("b/.default")).unwrap();
    assert_eq!((drive.waits.as_slice(), drive.requests.len()), ([until].as_slice(), 2));
    // Two that were in the air together are told 600 s and 1 s, another one a day.
    for (wishes, remembered) in [([600, 1], 600), ([86_400, 1], 3_600)] {
        let mut drive = self::drive(once());
        let flights = ["a/.default", "b/.default"].map(|name| drive.send(&scope(name)));
        for (flight, secs) in flights.into_iter().zip(wishes) {
            let headers = vec![("Retry-After".into(), secs.to_string())];
            let busy = Input::Response(HttpResponse { status: 429, headers, body: vec![].into() });
            assert!(matches!(drive.client.step(flight, busy, drive.now), Ok(CachingStep::Done { .. })));
        }
        drive.now = drive.now.plus_secs(100);
        let error = drive.acquire(&scope("c/.default")).unwrap_err();
        assert_eq!((error.service().unwrap().retry_after, drive.requests.len()), (Some(remembered - 100), 0));
    }
    (
        "all flights to it wait, up to 30 s; the longest wish counts, up to 1 h",
        "the token; beyond 30 s the error, with the time that is left",
    )
}

fn clock_wrong() -> Observed {
    for (ahead, requests) in [(720, 2), (-720, 2), (20, 1)] {
        let mut drive = drive(options());
        drive.service_ahead_secs = Some(ahead);
        drive.script(401, r#"{"error":"invalid_client","error_codes":[700024]}"#);
        assert_eq!(drive.acquire(&request()).is_ok(), requests == 2);
        let notices = drive.client.client_mut().take_notices();
        let is_told = notices
            .iter()
            .any(|notice| notice.code == NoticeCode::ClockOff && notice.detail.starts_with("720 s"));
        assert_eq!((drive.requests.len(), is_told), (requests, requests == 2));
    }
    ("one more try, dated by the service's clock", "the token; a notice with the difference")
}

fn certificate_renewed() -> Observed {
    let renewable = || {
        let certificate = CertificateOptions { is_renewable: true, ..certificate() };
        ClientOptions { credential: CredentialOptions::Certificate(certificate), ..options() }
    };
    for code in [700_027, 700_030, 50_012] {
        for successor in [Some([bundles::LEAF_PEM, bundles::LEAF_KEY_PKCS1_PEM].concat()), None] {
            let mut drive = drive(renewable());
            drive.acquire(&request()).unwrap();
            drive.script(401, &format!(r#"{{"error":"invalid_client","error_codes":[{code}]}}"#));
            let is_there = successor.is_some();
            drive.renewed = successor;
            assert_eq!(drive.acquire(&scope("b/.default")).is_ok(), is_there, "{code}");
            assert_eq!(
                (drive.renewals_after_refusal, drive.requests.len()),
                (1, if is_there { 3 } else { 2 })
            );
        }
    }
    ("the host looks at once; one more try if there is another", "the token, or the refusal")
}

fn assertion_used() -> Observed {
    for is_taken in [true, false] {
        let mut drive = drive(options());
        drive.acquire(&request()).unwrap();
        let refusal = r#"{"error":"invalid_client"}"#;
        (0..if is_taken { 1 } else { 2 }).for_each(|_| drive.script(401, refusal));
        assert_eq!(drive.acquire(&scope("b/.default")).is_ok(), is_taken);
        assert_eq!((drive.requests.len(), drive.signatures), (3, 2));
        drive.acquire(&scope("c/.default")).unwrap();
        drive.acquire(&scope("d/.default")).unwrap();
        assert_eq!(drive.signatures, if is_taken { 4 } else { 3 }, "none is used twice again, or one is");
    }
    ("one more try with a new one; if that succeeds, none is used twice again", "the token, or the refusal")
}

fn late_answer() -> Observed {
    for (secs, lifetime) in [(7_200, 3_599), (-3_600, 3_599)] {
        for is_late_again in [false, true] {
            let mut drive = drive(options());
            let flight = drive.send(&request());
            drive.now = Timestamp::from_secs(START.checked_add_signed(secs).unwrap());
            let Ok(Step::Sign(_)) = drive.step(flight, granted(lifetime)) else { panic!("one more try") };
            let Ok(Step::Send(_)) = drive.step(flight, signature()) else { panic!() };
            if is_late_again {
                drive.now = Timestamp::from_secs(drive.now.as_secs().checked_add_signed(secs).unwrap());
            }
            let end = drive.client.step(flight, granted(lifetime), drive.now);
            let Ok(CachingStep::Done { result, .. }) = end else { panic!("{end:?}") };
            assert_eq!(result.is_err(), is_late_again);
        }
    }
    ("one more try", "the token, or an error")
}

fn late_signature() -> Observed {
    for is_late_again in [false, true] {
        let mut drive = drive(options());
        let flight = drive.start(&request());
        let begin = drive.begin();
        let Ok(Step::Sign(_)) = drive.step(flight, begin) else { panic!() };
        drive.now = drive.now.plus_secs(510);
        let Ok(Step::Sign(_)) = drive.step(flight, signature()) else { panic!("one more signature") };
        if is_late_again {
            drive.now = drive.now.plus_secs(510);
        }
        match drive.client.step(flight, signature(), drive.now) {
            Ok(CachingStep::Next(Step::Send(_))) if !is_late_again => {}
            Ok(CachingStep::Done { result: Err(error), .. }) if is_late_again => {
                assert_eq!(error.code(), ErrorCode::SigningFailed);
            }
            other => panic!("{other:?}"),
        }
    }
    ("one more signature", "the token, or an error")
}

fn certificate_expired() -> Observed {
    for (now, code) in [
        (vector::NOT_AFTER + 1, ErrorCode::CertificateExpired),
        (vector::NOT_BEFORE - 1, ErrorCode::CertificateNotYetValid),
    ] {
        let mut drive = drive(options());
        drive.now = Timestamp::from_secs(now);
        let error = drive.acquire(&request()).unwrap_err();
        assert_eq!((error.code(), drive.requests.len()), (code, 0));
        let dates = [error.found(), error.expected()];
        assert!(dates.iter().all(|text| text.contains("20") || text.contains("21")), "{dates:?}");
    }
    ("nothing is sent", "the error, with both dates")
}

fn unknown_authority() -> Observed {
    const INSTANCE: &str = "https://login.microsoftonline.com/common/discovery/instance";
    let at = || ClientOptions { authority: "https://login.contoso.com".into(), ..options() };
    let mut silent = drive(at());
    silent.acquire(&request()).unwrap();
    let asked: Vec<u32> = silent.requests.iter().map(|request| request.timeout_millis).collect();
    assert_eq!(asked, [5_000, 5_000, 30_000]);
    for (secs, requests) in [(59, 4), (60, 7)] {
        silent.now = Timestamp::from_secs(START + secs);
        silent.acquire(&TokenRequest { skip_cache: true, ..request() }).unwrap();
        assert_eq!(silent.requests.len(), requests, "after {secs} s");
    }
    let known = r#"{"tenant_discovery_endpoint":"https://login.contoso.com/t"}"#;
    let elsewhere = r#"{"token_endpoint":"https://evil.example/token"}"#;
    let unknown = r#"{"error":"invalid_instance","error_codes":[50049]}"#;
    for documents in [
        vec![(INSTANCE, 400, unknown)],
        vec![(INSTANCE, 200, known), ("https://login.contoso.com", 200, elsewhere)],
    ] {
        let mut drive = drive(at());
        drive.documents = documents;
        drive.acquire(&request()).unwrap_err();
        assert_eq!(drive.signatures, 0);
    }
    let mut drive = drive(at());
    let [first, second] = [request(), scope("b/.default")].map(|request| drive.start(&request));
    for (flight, waits) in [(first, false), (second, true)] {
        let begin = drive.begin();
        assert_eq!(matches!(drive.step(flight, begin), Ok(Step::Wait(_))), waits);
    }
    (
        "Entra is asked whether it knows the host, and the host for its token endpoint: once, 5 s each, left alone for 60 s if there is no answer; other flights wait for that",
        "the token; if Entra does not know the host, or its document leads elsewhere, the error, and nothing was signed",
    )
}

fn region() -> Observed {
    let mut drive = drive(ClientOptions { region: Some("AutoDiscoverRegion".into()), ..options() });
    for _ in 0..2 {
        drive.acquire(&TokenRequest { skip_cache: true, ..request() }).unwrap();
    }
    let hosts: Vec<&str> =
        drive.requests.iter().filter_map(|request| request.url.split('/').nth(2)).collect();
    assert_eq!(hosts, ["169.254.169.254", "login.microsoftonline.com", "login.microsoftonline.com"]);
    assert_eq!(drive.requests[0].timeout_millis, 2_000);
    (
        "the machine's metadata service is asked once, for 2 s",
        "the token, from the global endpoint if there is no region",
    )
}

fn no_metadata_service() -> Observed {
    let mut drive = identity(IdentityOptions::default());
    drive.documents.clear();
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!((error.code(), drive.requests.len()), (ErrorCode::IdentityUnavailable, 1));
    assert_eq!(drive.requests[0].timeout_millis, 3_000);
    ("no further try after 3 s", "the error, that there is no managed identity")
}

fn metadata_service_fails() -> Observed {
    for status in [404, 410, 429, 500] {
        let mut drive = identity(IdentityOptions::default());
        drive.documents = vec![(IMDS, status, "")];
        let start = drive.now;
        drive.acquire(&request()).unwrap_err();
        assert_eq!(drive.requests.len(), 6, "{status}");
        assert_eq!(drive.waits[0] == start.plus_secs(10), status == 410);
    }
    ("up to `max_retries` (5) more tries, after 10 s for 410", "the token, or the last error")
}

fn anything_else() -> Observed {
    for (status, body) in [
        (400, r#"{"error":"invalid_request","error_codes":[90002]}"#),
        (401, r#"{"error":"invalid_client","error_codes":[7000215]}"#),
        (200, "<html>"),
        (200, "{"),
        (302, ""),
        (200, r#"{"token_type":"Bearer","expires_in":0,"access_token":"x"}"#),
    ] {
        let mut drive = drive(options());
        drive.script(status, body);
        drive.acquire(&request()).unwrap_err();
        assert_eq!(drive.requests.len(), 1, "{status} {body}");
    }
    ("no further try", "the error")
}
