//! What the service answers: the responses, and in one word each what a client may make of them.

use crate::random::Random;
use crate::service::Issued;
use certgrant_core::{HttpResponse, Input, TransportFailure};
use certgrant_testkit::serde_json::{Value, json};

/// An answer on its way to the host.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) input: Input,
    pub(crate) kind: Kind,
    /// How long it is on its way.
    pub(crate) millis: u64,
}

/// What an answer means, by sections 3.6 and 5 of the protocol's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Granted(Issued),
    /// The same request may succeed later; not before so many seconds if they are given.
    Passing(Option<u64>),
    /// The same request can't succeed.
    Final,
    /// The assertion was seen before: another will be taken.
    Reused,
    /// The certificate of this thumbprint is not one of the app's.
    Unregistered(String),
    /// The assertion is outside of its time.
    ClockWrong,
}

fn response(status: u16, headers: Vec<(&str, String)>, body: Vec<u8>) -> Input {
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Input::Response(HttpResponse { status, headers, body: body.into() })
}

fn soon(random: &mut Random) -> u64 {
    *random.pick(&[0, 5, 80, 400, 3_000, 20_000])
}

/// The lives that Entra gives.
pub(crate) fn usual_life(random: &mut Random) -> (Option<u64>, Value) {
    match random.below(4) {
        0 => (Some(86_399), json!({ "expires_in": 86_399, "refresh_in": 43_199 })),
        1 => (Some(3_599), json!({ "expires_in": "3599", "ext_expires_in": "3599" })),
        _ => (Some(3_599), json!({ "expires_in": 3_599, "ext_expires_in": 3_599 })),
    }
}

/// Lives that no service should give.
pub(crate) fn odd_life(random: &mut Random) -> (Option<u64>, Value) {
    let short = random.within(1, 700);
    match random.below(9) {
        0 => (Some(0), json!({ "expires_in": 0 })),
        1 => (Some(1), json!({ "expires_in": 1 })),
        2 => (None, json!({})),
        3 => (None, json!({ "expires_in": null, "refresh_in": 10 })),
        4 => (Some(u64::MAX), json!({ "expires_in": u64::MAX, "refresh_in": u64::MAX })),
        5 => (Some(1 << 53), json!({ "expires_in": 1_u64 << 53 })),
        6 => (Some(3_600), json!({ "expires_in": 3_600, "refresh_in": 0 })),
        7 => (Some(short), json!({ "expires_in": short, "refresh_in": 86_400 })),
        _ => (Some(short), json!({ "expires_in": short })),
    }
}

pub(crate) fn granted(issued: Issued, others: &Value, random: &mut Random) -> Answer {
    let mut body = others.clone();
    body["access_token"] = issued.text().into();
    body["token_type"] = "Bearer".into();
    let body = body.to_string().into_bytes();
    Answer { input: response(200, vec![], body), kind: Kind::Granted(issued), millis: soon(random) }
}

/// An answer that says: later. `now` is the service's clock.
pub(crate) fn unavailable(status: u16, now: u64, random: &mut Random) -> Answer {
    let body = match (status, random.below(3)) {
        (400, _) => r#"{"error":"temporarily_unavailable"}"#,
        (_, 0) => "",
        (_, 1) => "<html>busy</html>",
        _ => r#"{"error":"invalid_request","error_description":"AADSTS90033: busy.\r\nTrace ID: x"}"#,
    };
    let secs = *random.pick(&[0, 1, 5, 29, 30, 31, 120, 3_600, 90_000]);
    let date = ("Date", http_date(now));
    let (headers, secs) = match random.below(6) {
        0 | 1 => (vec![("Retry-After", secs.to_string())], Some(secs)),
        // Dates have whole seconds: both are cut in the same way.
        2 => (vec![("retry-after", http_date(now + secs * 1000)), date], Some(secs)),
        3 => (vec![("Retry-After", "soon".into())], None),
        _ => (vec![date], None),
    };
    let input = response(status, headers, body.into());
    Answer { input, kind: Kind::Passing(secs.map(|secs| secs.min(3_600))), millis: soon(random) }
}

pub(crate) fn network_failure(random: &mut Random) -> Answer {
    let input = Input::Failure(TransportFailure::Network("ECONNRESET".into()));
    Answer { input, kind: Kind::Passing(None), millis: soon(random) }
}

pub(crate) fn timeout(millis: u32) -> Answer {
    let input = Input::Failure(TransportFailure::Timeout);
    Answer { input, kind: Kind::Passing(None), millis: millis.into() }
}

/// What proxies, login pages and half a connection make of an answer. The token in it must not show up anywhere.
pub(crate) fn garbage(random: &mut Random) -> Answer {
    let token = crate::service::TOKEN_MARK;
    let (status, body) = match random.below(8) {
        0 => (200, String::new()),
        1 => (200, format!("<html><!-- {token} -->Sign in</html>")),
        2 => (200, format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{token}~1~"#)),
        3 => (302, String::new()),
        4 => (200, format!(r#"{{"access_token":"{token}","token_type":"mac","expires_in":3599}}"#)),
        5 => (200, format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":"soon"}}"#)),
        6 => (200, format!(r#"["{token}"]"#)),
        _ => (200, r#"{"token_type":"Bearer","expires_in":3599,"access_token":""}"#.into()),
    };
    let input = response(status, vec![("Content-Type", "text/html".into())], body.into_bytes());
    Answer { input, kind: Kind::Final, millis: soon(random) }
}

/// A refusal that no assertion and no wait changes.
pub(crate) fn refusal(random: &mut Random) -> Answer {
    let (status, error, code) = *random.pick(&[
        (400, "invalid_request", 90_002),
        (400, "invalid_scope", 70_011),
        (400, "unauthorized_client", 700_016),
        (200, "access_denied", 501_051),
    ]);
    let body =
        json!({ "error": error, "error_description": format!("AADSTS{code}: no."), "error_codes": [code] });
    let input = response(status, vec![], body.to_string().into_bytes());
    Answer { input, kind: Kind::Final, millis: soon(random) }
}

/// A refusal of the assertion; `now` in seconds is the service's clock, where it tells the time.
pub(crate) fn invalid_client(code: u32, kind: Kind, now: Option<u64>, random: &mut Random) -> Answer {
    let codes = if code == 0 { json!([]) } else { json!([code]) };
    let body = json!({ "error": "invalid_client", "error_description": format!("AADSTS{code}: no."), "error_codes": codes });
    let headers = now.map(|secs| ("date", http_date(secs * 1000))).into_iter().collect();
    Answer { input: response(401, headers, body.to_string().into_bytes()), kind, millis: soon(random) }
}

/// `IMF-fixdate` of RFC 9110 section 5.6.7, by counting days up from 1970: another way than core's.
pub(crate) fn http_date(millis: u64) -> String {
    const MONTHS: [(&str, u64); 12] = [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let (of_day, days) = (millis / 1000 % 86_400, millis / 86_400_000);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(days % 7) as usize];
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut left) = (1970, days);
    while left >= 365 + u64::from(is_leap(year)) {
        left -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut month = 0;
    let length = |month: usize| MONTHS[month].1 + u64::from(month == 1 && is_leap(year));
    while left >= length(month) {
        left -= length(month);
        month += 1;
    }
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let (day, name) = (left + 1, MONTHS[month].0);
    format!("{weekday}, {day:02} {name} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

#[test]
fn dates_are_those_of_the_date_command() {
    // date -u -d @1795533328 and @951782400
    assert_eq!(http_date(1_795_533_328_999), "Tue, 24 Nov 2026 15:15:28 GMT");
    assert_eq!(http_date(951_782_400_000), "Tue, 29 Feb 2000 00:00:00 GMT");
}
