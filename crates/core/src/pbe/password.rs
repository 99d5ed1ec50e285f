//! A password in the encodings that key derivation takes, and the doubts about them.

use crate::secret::{Secret, SecretBytes, SecretString};
use alloc::vec::Vec;

/// A password as bytes, in one way of understanding it.
pub(crate) struct Password {
    octets: SecretBytes,
    bmp_string: SecretBytes,
}

impl Password {
    /// The forms in which files may have been protected with this password, the likely one first.
    ///
    /// [RFC 7292 appendix B.1](https://www.rfc-editor.org/rfc/rfc7292#appendix-B.1) ends the string with a zero character,
    /// so the empty password and no password differ; tools and their users mix the two up. Both are tried for either.
    ///
    /// Interop: OpenSSL before 1.1.0 took each byte of the password for a character, so a password typed in UTF-8 has two
    /// or more characters for each one beyond ASCII.
    pub(crate) fn forms(password: Option<&SecretString>) -> Vec<Self> {
        let empty = || Self { octets: Vec::new().into(), bmp_string: [0, 0].to_vec().into() };
        let absent = || Self { octets: Vec::new().into(), bmp_string: Vec::new().into() };
        match password.map(|password| password.expose().as_str()) {
            None => [absent(), empty()].into(),
            Some("") => [empty(), absent()].into(),
            Some(text) if text.is_ascii() => [Self::new(text, text.encode_utf16())].into(),
            Some(text) => {
                let characters = Self::new(text, text.encode_utf16());
                [characters, Self::new(text, text.bytes().map(u16::from))].into()
            }
        }
    }

    fn new(text: &str, characters: impl Iterator<Item = u16>) -> Self {
        // Room for two bytes for each byte of UTF-8, and the end: growing would leave copies behind.
        let mut bmp_string = Secret::new(Vec::with_capacity(text.len().saturating_mul(2).saturating_add(2)));
        bmp_string.expose_mut().extend(characters.chain([0]).flat_map(u16::to_be_bytes));
        Self { octets: text.as_bytes().to_vec().into(), bmp_string }
    }

    /// UTF-8, as PKCS#5 has it ([RFC 8018 section 3](https://www.rfc-editor.org/rfc/rfc8018#section-3)).
    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.expose()
    }

    /// UTF-16 big-endian with a zero character at its end, as PKCS#12 has it.
    pub(crate) fn bmp_string(&self) -> &[u8] {
        self.bmp_string.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bmp_strings(password: Option<&str>) -> Vec<Vec<u8>> {
        let password = password.map(|text| SecretString::new(text.into()));
        Password::forms(password.as_ref()).iter().map(|form| form.bmp_string().to_vec()).collect()
    }

    #[test]
    fn empty_and_absent_passwords_are_each_tried_for_the_other() {
        assert_eq!(bmp_strings(None), [&[][..], &[0, 0]]);
        assert_eq!(bmp_strings(Some("")), [&[0, 0][..], &[]]);
    }

    #[test]
    fn characters_become_utf16_with_a_zero_behind() {
        assert_eq!(bmp_strings(Some("Ab")), [[0, b'A', 0, b'b', 0, 0]]);
        let expected = [&[0, 0xe9, 0, 0][..], &[0, 0xc3, 0, 0xa9, 0, 0]];
        assert_eq!(bmp_strings(Some("é")), expected);
        assert_eq!(bmp_strings(Some("😀"))[0], [0xd8, 0x3d, 0xde, 0x00, 0, 0]);
    }
}
