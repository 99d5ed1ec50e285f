//! DER, [X.690](https://www.itu.int/rec/T-REC-X.690), as far as certificates and keys need it to be read, and a key to be
//! wrapped.
//!
//! Our own, for size: the general library doubles what the WASM module needs for a certificate. Strict: lengths are
//! definite and minimal, integers are minimal. What breaks the rules is [`None`]; the callers say what was expected.

use crate::time::{Timestamp, days_since_epoch};
use alloc::vec::Vec;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
#[cfg(feature = "encryption")]
pub(crate) const SET: u8 = 0x31;
pub(crate) const CONTEXT_0: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Contents of the object identifier `rsaEncryption`, 1.2.840.113549.1.1.1.
pub(crate) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// Contents of the object identifier `id-RSASSA-PSS`, 1.2.840.113549.1.1.10.
pub(crate) const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// Contents of the object identifier `id-ecPublicKey`, 1.2.840.10045.2.1.
pub(crate) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// Reads elements one behind the other.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader of the one element that `der` is, which has to be a SEQUENCE.
    pub(crate) fn of_sequence(der: &'a [u8]) -> Option<Self> {
        let mut outer = Self(der);
        let inner = outer.sequence()?;
        outer.0.is_empty().then_some(inner)
    }

    /// A reader of the elements that stand one behind the other in `contents`.
    pub(crate) const fn new(contents: &'a [u8]) -> Self {
        Self(contents)
    }

    /// How many bytes are left.
    pub(crate) const fn remaining(&self) -> usize {
        self.0.len()
    }

    /// The tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The contents of the next element, which has to have that tag.
    pub(crate) fn contents(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, rest) = self.0.split_first()?;
        let (length, rest) = length(rest)?;
        let (contents, rest) = rest.split_at_checked(length)?;
        if *found != tag {
            return None;
        }
        self.0 = rest;
        Some(contents)
    }

    /// The members of the next element, which has to be a SEQUENCE.
    pub(crate) fn sequence(&mut self) -> Option<Self> {
        self.contents(SEQUENCE).map(Self)
    }

    /// The next element, a positive INTEGER, big-endian without leading zeros.
    pub(crate) fn positive_integer(&mut self) -> Option<&'a [u8]> {
        match self.contents(INTEGER)? {
            [0, rest @ ..] => rest.first().is_some_and(|byte| *byte >= 0x80).then_some(rest),
            [first, ..] if *first >= 0x80 => None,
            number => (!number.is_empty()).then_some(number),
        }
    }

    /// The next element, a BIT STRING of whole bytes.
    pub(crate) fn bit_string(&mut self) -> Option<&'a [u8]> {
        let (unused, bytes) = self.contents(BIT_STRING)?.split_first()?;
        (*unused == 0).then_some(bytes)
    }

    /// The next element, `Time ::= CHOICE { utcTime UTCTime, generalTime GeneralizedTime }`,
    /// [RFC 5280 section 4.1.2.5](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5).
    pub(crate) fn time(&mut self) -> Option<Timestamp> {
        let tag = self.peek()?;
        match (tag, self.contents(tag)?) {
            (GENERALIZED_TIME, [century, year, rest @ ..]) if rest.len() == 13 => {
                let (&[third, fourth], rest) = rest.split_first_chunk::<2>()?;
                let century = two_digits(*century, *year)?;
                date_time(century.checked_mul(100)?.checked_add(two_digits(third, fourth)?)?, rest)
            }
            (UTC_TIME, text) if text.len() == 13 => {
                let (&[tens, ones], rest) = text.split_first_chunk::<2>()?;
                // RFC 5280 section 4.1.2.5.1: 50 and above is the last century.
                let year = two_digits(tens, ones)?;
                date_time(year.checked_add(if year >= 50 { 1900 } else { 2000 })?, rest)
            }
            _ => None,
        }
    }
}

/// `AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }`,
/// [RFC 5280 section 4.1.1.2](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.1.2).
#[cfg(feature = "encryption")]
#[derive(Clone, Copy)]
pub(crate) struct AlgorithmIdentifier<'a> {
    pub(crate) oid: &'a [u8],
    pub(crate) parameters: Reader<'a>,
}

/// What encrypted keys and PFX files need besides.
#[cfg(feature = "encryption")]
impl<'a> Reader<'a> {
    /// Whether nothing is left.
    pub(crate) const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// `value`, if nothing is left.
    pub(crate) fn end<T>(self, value: T) -> Option<T> {
        self.is_at_end().then_some(value)
    }

    /// The next element, a positive INTEGER. What is greater than `u64` can hold is its greatest value.
    pub(crate) fn count(&mut self) -> Option<u64> {
        let bytes = self.positive_integer()?;
        let append = |sum: u64, byte: &u8| sum.checked_mul(256)?.checked_add(u64::from(*byte));
        Some(bytes.iter().try_fold(0, append).unwrap_or(u64::MAX))
    }

    /// The next element, an algorithm.
    pub(crate) fn algorithm(&mut self) -> Option<AlgorithmIdentifier<'a>> {
        let mut members = self.sequence()?;
        Some(AlgorithmIdentifier { oid: members.contents(OBJECT_IDENTIFIER)?, parameters: members })
    }

    /// Whether these are the parameters of an algorithm that has none: absent, or NULL.
    pub(crate) fn is_null_or_absent(&self) -> bool {
        matches!(self.0, [] | [0x05, 0])
    }
}

/// A length in definite and shortest form, and what stands behind it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        0..=0x7f => Some((usize::from(*first), rest)),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits.iter().try_fold(0_usize, |sum, digit| {
                sum.checked_mul(256).and_then(|sum| sum.checked_add(usize::from(*digit)))
            })?;
            let is_shortest = length >= 0x80 && digits.first() != Some(&0);
            is_shortest.then_some((length, rest))
        }
        _ => None,
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<u64> {
    let digit = |byte: u8| char::from(byte).to_digit(10).map(u64::from);
    digit(tens)?.checked_mul(10)?.checked_add(digit(ones)?)
}

/// `MMDDHHMMSSZ` of a year, as seconds since the epoch.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "a year has four digits: nothing here comes near an overflow"
)]
fn date_time(year: u64, rest: &[u8]) -> Option<Timestamp> {
    let [m1, m2, d1, d2, h1, h2, n1, n2, s1, s2, b'Z'] = *rest else {
        return None;
    };
    let (month, day) = (two_digits(m1, m2)?, two_digits(d1, d2)?);
    let (hour, minute, second) = (two_digits(h1, h2)?, two_digits(n1, n2)?, two_digits(s1, s2)?);
    let in_range =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    let days = days_since_epoch(year, month, day)?;
    let secs = days.checked_mul(86_400)?.checked_add(hour * 3600 + minute * 60 + second)?;
    in_range.then_some(Timestamp::from_secs(secs))
}

/// Appends an element of that tag with these contents.
pub(crate) fn push_element(der: &mut Vec<u8>, tag: u8, contents: &[u8]) {
    push_header(der, tag, contents.len());
    der.extend_from_slice(contents);
}

/// Appends what stands before contents of that length.
pub(crate) fn push_header(der: &mut Vec<u8>, tag: u8, length: usize) {
    der.push(tag);
    let bytes = length.to_be_bytes();
    let significant = bytes.iter().skip_while(|byte| **byte == 0);
    if length < 0x80 {
        der.extend(bytes.last());
    } else {
        der.push(0x80 | significant.clone().count() as u8);
        der.extend(significant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn time(tag: u8, text: &str) -> Option<u64> {
        let mut der = Vec::new();
        push_element(&mut der, tag, text.as_bytes());
        Reader(&der).time().map(Timestamp::as_secs)
    }

    #[test]
    fn times_equal_those_of_the_date_command() {
        assert_eq!(time(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(time(UTC_TIME, "261123161041Z"), Some(1_795_450_241));
        assert_eq!(time(UTC_TIME, "000229235959Z"), Some(951_868_799));
        assert_eq!(time(UTC_TIME, "991231235959Z"), Some(946_684_799));
        assert_eq!(time(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(time(GENERALIZED_TIME, "20500101000000Z"), Some(2_524_608_000));
        assert_eq!(time(GENERALIZED_TIME, "21000301000000Z"), Some(4_107_542_400));
        assert_eq!(time(GENERALIZED_TIME, "99991231235959Z"), Some(253_402_300_799));
    }

    #[test]
    fn times_out_of_range_or_form_are_refused() {
        for text in [
            "691231235959Z",
            "991331000000Z",
            "990132000000Z",
            "990101240000Z",
            "9901010000Z",
            "990101000000+",
            "99010100000xZ",
        ] {
            assert_eq!(time(UTC_TIME, text), None, "{text}");
        }
        assert_eq!(time(GENERALIZED_TIME, "2050010100000Z"), None);
    }

    #[test]
    fn lengths_must_be_definite_and_shortest() {
        let read = |der: &[u8]| Reader(der).contents(OCTET_STRING).map(<[u8]>::len);
        assert_eq!(read(&[4, 1, 0]), Some(1));
        assert_eq!(read(&[4, 0x81, 1, 0]), None);
        assert_eq!(read(&[4, 0x80, 0, 0]), None);
        assert_eq!(read(&[4, 0x82, 0, 0x80]), None);
        assert_eq!(read(&[4, 0x85, 0, 0, 0, 0, 1, 0]), None);
        assert_eq!(read(&[4, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        for length in [0, 0x7f, 0x80, 0xff, 0x100, 0x1_0000] {
            let mut der = Vec::new();
            push_element(&mut der, OCTET_STRING, &vec![0; length]);
            assert_eq!(read(&der), Some(length));
        }
    }

    #[test]
    fn integers_must_be_positive_and_minimal() {
        let read = |der: &[u8]| Reader(der).positive_integer().map(<[u8]>::to_vec);
        assert_eq!(read(&[2, 1, 5]), Some(vec![5]));
        assert_eq!(read(&[2, 2, 0, 0x80]), Some(vec![0x80]));
        for der in [&[2, 0][..], &[2, 1, 0], &[2, 1, 0x80], &[2, 2, 0, 5]] {
            assert_eq!(read(der), None);
        }
    }
}
