//! HTTP as data: what the host is asked to send, and what it answers.

use crate::encoding::parse_digits;
use crate::error::{Error, ErrorCode};
use crate::secret::{SecretBytes, SecretString};
use crate::time::{Timestamp, days_since_epoch};
use alloc::string::String;
use alloc::vec::Vec;

/// After how many milliseconds a host gives up on a response.
pub const DEFAULT_TIMEOUT_MILLIS: u32 = 30_000;

/// Request methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

impl Method {
    /// The method's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request for the host to send. Redirects must not be followed: the body carries the assertion.
#[derive(Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// An absolute URL: https, but for requests that are [direct](Self::is_direct).
    pub url: String,
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// One more header, whose value is a secret.
    pub secret_header: Option<(&'static str, SecretString)>,
    /// The body; empty for `GET`.
    pub body: SecretString,
    /// After how many milliseconds the host answers with [`TransportFailure::Timeout`].
    pub timeout_millis: u32,
    /// Whether it is for this machine or its host, so that no proxy must come between.
    pub is_direct: bool,
    /// SHA-1 thumbprint in hexadecimal of the server's TLS certificate, which is then to be taken although no authority has signed
    /// it: Service Fabric's endpoint has such a one.
    #[cfg(feature = "managed-identity")]
    pub server_thumbprint: Option<String>,
}

/// A response that the host got, of whatever status.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Header names, of any case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: SecretBytes,
}

impl HttpResponse {
    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The service's clock, by the header `Date`.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        http_date(self.header("date")?)
    }

    /// How many seconds from its own `Date`, else from `now`, the service wants to be left alone: `Retry-After` in both
    /// forms of [RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3).
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<u32> {
        let value = self.header("retry-after")?.trim_ascii();
        let secs = match parse_digits(value) {
            Some(secs) => secs,
            // A date of the service's clock is compared with that clock.
            None => http_date(value)?.as_secs().saturating_sub(self.date().unwrap_or(now).as_secs()),
        };
        Some(u32::try_from(secs).unwrap_or(u32::MAX))
    }
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportFailure {
    /// The host could not connect, or lost the connection. The text says how and must hold no secret.
    Network(String),
    /// A proxy was asked and did not connect. The text says how and must hold no secret.
    Proxy(String),
    /// The time of the request was up.
    Timeout,
}

impl TransportFailure {
    /// The failure as the error of a request that expected something else.
    pub(crate) fn into_error(self, expected: &'static str) -> Error {
        match self {
            Self::Network(text) => Error::new(ErrorCode::NetworkFailed, text, expected),
            Self::Proxy(text) => {
                Error::new(ErrorCode::ProxyRefused, text, "a connection to the token service")
            }
            Self::Timeout => Error::new(ErrorCode::RequestTimeout, "no response in time", expected),
        }
    }
}

/// `IMF-fixdate` of [RFC 9110 section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7):
/// `Sun, 06 Nov 1994 08:49:37 GMT`. The two obsolete forms are not sent by any service that is spoken to.
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const LENGTH: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();
    let number = |from: usize, to: usize| text.get(from..to).and_then(parse_digits);
    if text.len() != LENGTH || !text.ends_with(" GMT") {
        return None;
    }
    let name = text.get(8..11)?;
    let month = MONTHS.as_bytes().chunks(3).position(|month| month == name.as_bytes())? as u64;
    let days = days_since_epoch(number(12, 16)?, month.saturating_add(1), number(5, 7)?)?;
    let (hours, minutes, secs) = (number(17, 19)?, number(20, 22)?, number(23, 25)?);
    let of_day = hours.saturating_mul(3600).saturating_add(minutes.saturating_mul(60)).saturating_add(secs);
    Some(Timestamp::from_secs(days.saturating_mul(86_400).saturating_add(of_day)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn retry_after(headers: &[(&str, &str)]) -> Option<u32> {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let response = HttpResponse { status: 429, headers, body: vec![].into() };
        response.retry_after(Timestamp::from_secs(784_111_770))
    }

    #[test]
    fn dates_are_read_as_rfc_9110_writes_them() {
        let secs = |text| http_date(text).map(Timestamp::as_secs);
        assert_eq!(secs("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(secs("Tue, 24 Nov 2026 15:15:28 GMT"), Some(1_795_533_328));
        for text in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 CET",
        ] {
            assert_eq!(secs(text), None, "{text}");
        }
        assert_eq!(secs("Sun, 06 Növ 1994 08:49:37 GM"), None);
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        assert_eq!(retry_after(&[("Retry-After", " 7 ")]), Some(7));
        assert_eq!(retry_after(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]), Some(7));
        let late =
            [("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), ("date", "Sun, 06 Nov 1994 08:49:35 GMT")];
        assert_eq!(retry_after(&late), Some(2), "by the clock that set it");
        assert_eq!(retry_after(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), Some(0));
        assert_eq!(retry_after(&[("retry-after", "soon")]), None);
        assert_eq!(retry_after(&[]), None);
    }
}
