//! Random identifiers: trace ids, token ids, lifetimes.
//!
//! The only part of the service that is not a function of the request, the configuration and the clock.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::certificate::{hex, sha1};

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system's random source doesn't fail once it has delivered, and it has: the signing key came from it.
    // Should it fail all the same, ids repeat, which is no worse than unhelpful.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes
}

/// A random GUID (version 4, [RFC 9562](https://www.rfc-editor.org/rfc/rfc9562#section-5.4)).
pub(crate) fn guid() -> String {
    guid_of(bytes(), 4)
}

/// `bytes` spelled as a GUID of the given version.
pub(crate) fn guid_of(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    [&hex[0..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]].join("-")
}

/// Namespace of domain names, [RFC 9562 section 6.6](https://www.rfc-editor.org/rfc/rfc9562#section-6.6).
const DNS_NAMESPACE: [u8; 16] =
    [0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];

/// A GUID that depends on `name` alone (version 5, [RFC 9562](https://www.rfc-editor.org/rfc/rfc9562#section-5.5)).
pub(crate) fn guid_from_name(name: &str) -> String {
    let digest = sha1(&[&DNS_NAMESPACE[..], name.as_bytes()].concat());
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    guid_of(first, 5)
}

/// Whether `text` is a GUID in its usual form, upper or lower case.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// 22 characters of base64url, as in `uti`.
pub(crate) fn token_id() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<16>())
}

/// A number in `range`, nearly evenly spread.
pub(crate) fn within(range: core::ops::RangeInclusive<u64>) -> u64 {
    let width = range.end().saturating_sub(*range.start()).saturating_add(1);
    range.start() + u64::from_le_bytes(bytes()) % width.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_look_like_guids() {
        assert!(is_guid(&guid()));
        assert_ne!(guid(), guid());
        // Python: uuid.uuid5(uuid.NAMESPACE_DNS, "contoso.onmicrosoft.com")
        assert_eq!(guid_from_name("contoso.onmicrosoft.com"), "2b6d8627-79bd-5737-b194-7ee60e2c6ffc");
        assert_ne!(guid_from_name("a"), guid_from_name("b"));
        assert!(is_guid(&guid_from_name("")));
        assert!(!is_guid("11111111222233334444555555555555----"));
        assert!(!is_guid("é1111111-2222-3333-4444-55555555555"));
    }

    #[test]
    fn numbers_stay_in_their_range() {
        for _ in 0..1000 {
            assert!((3600..=5399).contains(&within(3600..=5399)));
        }
    }
}
