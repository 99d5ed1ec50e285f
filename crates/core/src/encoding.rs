//! Text forms of bytes: base64url and base64 of JOSE, hexadecimal thumbprints, HTML forms, UUIDs.

use alloc::string::String;
use base64ct::{Base64UrlUnpadded, Encoding as _};

const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// Base64url without padding, [RFC 7515 section 2](https://www.rfc-editor.org/rfc/rfc7515#section-2).
pub(crate) fn base64url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Standard base64 with padding, as `x5c` has it,
/// [RFC 7515 section 4.1.6](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6).
///
/// Out of base64url: a second copy of the encoder, for two other characters, is not worth its weight here.
pub(crate) fn base64(bytes: &[u8]) -> String {
    // Its final size from the start: growing would leave copies behind, and what is encoded may be a secret.
    let mut text = alloc::vec![b'='; bytes.len().div_ceil(3).saturating_mul(4)];
    // There is room.
    let _ = Base64UrlUnpadded::encode(bytes, &mut text);
    for character in &mut text {
        match character {
            b'-' => *character = b'+',
            b'_' => *character = b'/',
            _ => {}
        }
    }
    String::from_utf8(text).unwrap_or_default()
}

/// Upper-case hexadecimal digits.
pub(crate) fn hex_upper(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        push_hex(&mut text, *byte);
    }
    text
}

/// Appends two upper-case hexadecimal digits.
pub(crate) fn push_hex(text: &mut String, byte: u8) {
    for nibble in [byte >> 4, byte & 15] {
        text.push(char::from(HEX_UPPER.get(usize::from(nibble)).copied().unwrap_or(b'0')));
    }
}

/// Appends `name=value` to a body of type `application/x-www-form-urlencoded`,
/// [RFC 6749 appendix B](https://www.rfc-editor.org/rfc/rfc6749#appendix-B). A space becomes `%20`, which every reader
/// takes, unlike a bare `+`.
pub(crate) fn push_form_pair(form: &mut String, name: &str, value: &str) {
    if !form.is_empty() {
        form.push('&');
    }
    push_form_encoded(form, name);
    form.push('=');
    push_form_encoded(form, value);
}

/// Percent-encodes everything but the unreserved characters of
/// [RFC 3986 section 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
pub(crate) fn push_form_encoded(form: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            form.push(char::from(byte));
        } else {
            form.push('%');
            push_hex(form, byte);
        }
    }
}

/// A version 4 UUID from random bytes, [RFC 9562 section 5.4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4).
pub(crate) fn uuid_v4(mut random: [u8; 16]) -> String {
    random[6] = random[6] & 0x0f | 0x40;
    random[8] = random[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in random.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        push_hex(&mut text, byte);
    }
    text.make_ascii_lowercase();
    text
}

/// The number that a text of nothing but digits is; `str::parse` would take a sign as well.
pub(crate) fn parse_digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Splits a text at the first place where `pattern` stands. Like `str::split_once`, whose searcher for long texts is not
/// worth its kilobytes here.
pub(crate) fn split_at_pattern<'a>(text: &'a str, pattern: &str) -> Option<(&'a str, &'a str)> {
    let start = text.as_bytes().windows(pattern.len()).position(|window| window == pattern.as_bytes())?;
    let end = start.saturating_add(pattern.len());
    Some((text.get(..start)?, text.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_values_are_percent_encoded() {
        let mut form = String::new();
        push_form_pair(&mut form, "scope", "api://a b/.default");
        push_form_pair(&mut form, "x", "a+b&c=d~é");
        assert_eq!(form, "scope=api%3A%2F%2Fa%20b%2F.default&x=a%2Bb%26c%3Dd~%C3%A9");
    }

    #[test]
    fn uuid_carries_version_and_variant() {
        assert_eq!(uuid_v4([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid_v4([0; 16]), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn digits_have_no_sign() {
        assert_eq!(parse_digits("0042"), Some(42));
        for text in ["", "+1", "-1", " 1", "1.5", "99999999999999999999"] {
            assert_eq!(parse_digits(text), None);
        }
    }

    #[test]
    fn text_is_split_at_the_first_pattern() {
        assert_eq!(split_at_pattern("é--b--c", "--"), Some(("é", "b--c")));
        assert_eq!(split_at_pattern("--", "--"), Some(("", "")));
        assert_eq!(split_at_pattern("-", "--"), None);
    }

    #[test]
    fn base64url_has_its_own_alphabet_and_no_padding() {
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
        for length in 0..70_u8 {
            let bytes: alloc::vec::Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(89)).collect();
            assert_eq!(base64(&bytes), base64ct::Base64::encode_string(&bytes));
        }
    }
}
