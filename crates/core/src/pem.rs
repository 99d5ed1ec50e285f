//! PEM text: the sections of [RFC 7468](https://www.rfc-editor.org/rfc/rfc7468), and the ways real files are broken.
//!
//! Reads leniently what can only be meant one way: byte-order marks, UTF-16 as PowerShell writes it, any line ends or
//! none, indentation, `\n` spelled out as environment variables carry it, quotes, and explanatory text around the
//! sections (RFC 7468 section 2 allows that). Bodies are decoded in constant time, because they may be keys.
//! It does not look into the sections; `certificate` and `key` do.

use crate::encoding::split_at_pattern;
use crate::error::{Error, ErrorCode, Result};
use crate::secret::{Secret, SecretBytes, SecretString};
use crate::text::text;
use alloc::string::String;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

pub(crate) const BEGIN: &str = "-----BEGIN ";
pub(crate) const END: &str = "-----END ";
pub(crate) const DASHES: &str = "-----";
const LINE_BYTES: usize = 48;
const LINE_CHARACTERS: usize = 64;
pub(crate) const OPENSSH: &str = "an OpenSSH key (OPENSSH PRIVATE KEY)";
const PFX: &str = "a PFX (PKCS#12) file";
const EXPECTED: &str = "PEM text with a section PRIVATE KEY and a section CERTIFICATE";

/// What a section's label says that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// `CERTIFICATE`, `X509 CERTIFICATE`: an X.509 certificate.
    Certificate,
    /// `TRUSTED CERTIFICATE`: the same, and behind it what OpenSSL trusts it for.
    TrustedCertificate,
    /// `PRIVATE KEY`: PKCS#8.
    PrivateKey,
    /// `RSA PRIVATE KEY`: PKCS#1.
    RsaPrivateKey,
    /// `ENCRYPTED PRIVATE KEY`: encrypted PKCS#8, or PKCS#1 with `DEK-Info`.
    EncryptedPrivateKey,
    /// `PKCS12`: a PFX, as GnuTLS writes it into text.
    Pfx,
    /// A private key of another kind; the name says which.
    OtherPrivateKey(&'static str),
    /// Anything else; the name says what.
    Other(&'static str),
}

impl Label {
    fn from_text(text: &str) -> Self {
        match text {
            "CERTIFICATE" | "X509 CERTIFICATE" => Self::Certificate,
            "TRUSTED CERTIFICATE" => Self::TrustedCertificate,
            "PRIVATE KEY" => Self::PrivateKey,
            "RSA PRIVATE KEY" => Self::RsaPrivateKey,
            "ENCRYPTED PRIVATE KEY" => Self::EncryptedPrivateKey,
            "PKCS12" => Self::Pfx,
            "EC PRIVATE KEY" => Self::OtherPrivateKey("an elliptic-curve key (EC PRIVATE KEY)"),
            "DSA PRIVATE KEY" => Self::OtherPrivateKey("a DSA key (DSA PRIVATE KEY)"),
            "OPENSSH PRIVATE KEY" => Self::OtherPrivateKey(OPENSSH),
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Self::Other("a certificate request"),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::Other("a public key"),
            "PKCS7" => Self::Other("a PKCS#7 bundle"),
            "EC PARAMETERS" => Self::Other("elliptic-curve parameters"),
            _ => Self::Other("a section with an unknown label"),
        }
    }

    /// What the section holds, in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Certificate | Self::TrustedCertificate => "a certificate",
            Self::PrivateKey => "a private key (PRIVATE KEY)",
            Self::RsaPrivateKey => "a private key (RSA PRIVATE KEY)",
            Self::EncryptedPrivateKey => "an encrypted private key",
            Self::Pfx => PFX,
            Self::OtherPrivateKey(name) | Self::Other(name) => name,
        }
    }
}

/// One `BEGIN` … `END` block.
#[derive(Debug)]
pub struct Section {
    /// What its label says.
    pub label: Label,
    /// Its decoded body; empty for an encrypted PKCS#1 key, whose body is not DER.
    pub der: SecretBytes,
    /// Headers and base64 of an encrypted PKCS#1 key.
    #[cfg(feature = "legacy-ciphers-insecure")]
    pub(crate) encrypted: Option<SecretString>,
}

/// Reads all sections of a PEM file, in file order.
///
/// # Errors
///
/// [`ErrorCode::PemNotFound`] if there is no section, [`ErrorCode::PemInvalid`] if one is cut off or is not base64.
pub fn sections(file: &[u8]) -> Result<Vec<Section>> {
    let text = text_of(file)?;
    let mut rest = text.expose().as_str();
    let mut sections = Vec::new();
    while let Some((_, after)) = split_at_pattern(rest, BEGIN) {
        let (section, after) = section(after)?;
        sections.push(section);
        rest = after;
    }
    if sections.is_empty() { Err(not_pem(file)) } else { Ok(sections) }
}

/// Reads a section from just behind `-----BEGIN `; gives it and the text behind it.
fn section(text: &str) -> Result<(Section, &str)> {
    let damaged =
        |found: String| Error::new(ErrorCode::PemInvalid, found, "a whole section with its END line");
    let Some((label, after)) = split_at_pattern(text, DASHES).filter(|(label, _)| is_label(label)) else {
        return Err(damaged("a BEGIN line without its closing dashes".into()));
    };
    let label_kind = Label::from_text(label);
    let Some((body, after)) = split_at_pattern(after, END) else {
        return Err(damaged(text![label_kind.describe(), " without its END line"]));
    };
    let Some(after) = after.strip_prefix(label).and_then(|after| after.strip_prefix(DASHES)) else {
        return Err(damaged(text![label_kind.describe(), " with an END line of another label"]));
    };
    // RFC 1421 headers: OpenSSL's traditional encryption of PKCS#1.
    let is_encrypted = split_at_pattern(body, "Proc-Type:").is_some();
    let (label, der) = if is_encrypted {
        (Label::EncryptedPrivateKey, Secret::new(Vec::new()))
    } else {
        (label_kind, body_bytes(body, label_kind.describe())?)
    };
    let section = Section {
        label,
        der,
        #[cfg(feature = "legacy-ciphers-insecure")]
        encrypted: is_encrypted.then(|| Secret::new(String::from(body))),
    };
    Ok((section, after))
}

fn is_label(text: &str) -> bool {
    text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ')
}

/// Decodes base64, whatever its line structure; `name` says of what.
pub(crate) fn body_bytes(body: &str, name: &'static str) -> Result<SecretBytes> {
    // One allocation of the final size, so that growing leaves no copies of a key behind.
    let mut compact = Secret::new(String::with_capacity(body.len()));
    let mut characters = body.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\\' && matches!(characters.peek(), Some('n' | 'r' | 't')) {
            characters.next();
        } else if !character.is_ascii_whitespace() {
            compact.expose_mut().push(character);
        }
    }
    match Base64::decode_vec(compact.expose()) {
        Ok(der) if !der.is_empty() => Ok(Secret::new(der)),
        Ok(_) => Err(Error::new(ErrorCode::PemInvalid, text![name, " with an empty body"], "base64")),
        Err(_) => {
            let found = match compact.expose().chars().find(|c| !is_base64(*c)) {
                Some(_) => text![name, " with a character that is not base64"],
                None => text![name, " whose base64 is cut off"],
            };
            Err(Error::new(ErrorCode::PemInvalid, found, "base64 between the BEGIN and END lines"))
        }
    }
}

const fn is_base64(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=')
}

/// Appends a section to a text that has room for it: a body in lines of 64 characters,
/// [RFC 7468 section 2](https://www.rfc-editor.org/rfc/rfc7468#section-2).
pub(crate) fn push_section(pem: &mut String, label: &str, der: &[u8]) {
    pem.extend([BEGIN, label, DASHES, "\n"]);
    for bytes in der.chunks(LINE_BYTES) {
        let mut line = Zeroizing::new([0; LINE_CHARACTERS]);
        // A line has room for its bytes.
        pem.push_str(Base64::encode(bytes, line.as_mut()).unwrap_or_default());
        pem.push('\n');
    }
    pem.extend([END, label, DASHES, "\n"]);
}

/// At least the bytes of a section with such a body, whose label is a short one.
pub(crate) fn room_for_section(der: &[u8]) -> usize {
    let lines = der.len().div_ceil(LINE_BYTES);
    lines.saturating_mul(LINE_CHARACTERS.saturating_add(1)).saturating_add(128)
}

/// The file as text: byte-order marks and UTF-16 understood, anything else but UTF-8 refused.
pub(crate) fn text_of(file: &[u8]) -> Result<SecretString> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(unit));
        let mut text = Secret::new(String::with_capacity(bytes.len()));
        text.expose_mut()
            .extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
        text
    };
    match file {
        [0xff, 0xfe, rest @ ..] => Ok(utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Ok(utf16(rest, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => match core::str::from_utf8(rest) {
            Ok(text) => Ok(Secret::new(String::from(text))),
            // Bag Attributes in another character set; the sections themselves are ASCII.
            Err(_) if rest.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes()) => {
                let mut text = Secret::new(String::with_capacity(rest.len().saturating_mul(2)));
                text.expose_mut().extend(rest.iter().copied().map(char::from));
                Ok(text)
            }
            Err(_) => Err(not_pem(file)),
        },
    }
}

/// Says what a file without PEM sections looks like instead.
pub(crate) fn not_pem(file: &[u8]) -> Error {
    let found = match file {
        [] => String::from("nothing: it is empty"),
        _ if is_pfx(file) => String::from(PFX),
        [0x30, 0x80..=0x84, ..] => text![file.len(), " bytes of DER"],
        _ if core::str::from_utf8(file).is_ok() => {
            text![file.len(), " bytes of text without a BEGIN line"]
        }
        _ => text![file.len(), " bytes that are neither text nor DER"],
    };
    Error::new(ErrorCode::PemNotFound, found, EXPECTED)
}

/// Whether a file begins like the PFX of [RFC 7292 section 4](https://www.rfc-editor.org/rfc/rfc7292#section-4): a
/// SEQUENCE whose first member is the INTEGER 3.
pub(crate) fn is_pfx(file: &[u8]) -> bool {
    file.first() == Some(&0x30) && file.windows(3).take(7).any(|window| window == [0x02, 0x01, 0x03])
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

    fn der(file: impl AsRef<[u8]>) -> Vec<u8> {
        let sections = sections(file.as_ref()).unwrap();
        assert_eq!(sections.len(), 1);
        sections[0].der.expose().clone()
    }

    fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
        let bytes = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
        core::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    #[test]
    fn sections_are_read_however_the_text_was_mangled() {
        assert_eq!(der(PEM), [1, 2, 3]);
        assert_eq!(der(PEM.replace('\n', "\r\n")), [1, 2, 3]);
        assert_eq!(der(PEM.replace('\n', "\r")), [1, 2, 3]);
        assert_eq!(der(PEM.replace('\n', "\\n")), [1, 2, 3]);
        assert_eq!(der(PEM.replace('\n', " ")), [1, 2, 3]);
        assert_eq!(der(PEM.replace('\n', "")), [1, 2, 3]);
        assert_eq!(der(PEM.replace('\n', "\n    ")), [1, 2, 3]);
        assert_eq!(der(format!("\"{PEM}\"")), [1, 2, 3]);
        assert_eq!(der(format!("\u{feff}{PEM}")), [1, 2, 3]);
        assert_eq!(der(utf16(PEM, false)), [1, 2, 3]);
        assert_eq!(der(utf16(PEM, true)), [1, 2, 3]);
        assert_eq!(der(format!("Bag Attributes\n  localKeyID: 01\nsubject=CN = x\n{PEM}# end")), [1, 2, 3]);
    }

    #[test]
    fn text_around_sections_may_be_in_any_character_set() {
        assert_eq!(der([b"friendlyName: \xfc\xff\n".as_slice(), PEM.as_bytes()].concat()), [1, 2, 3]);
    }

    #[test]
    fn labels_are_told_apart() {
        let label = |text: &str| sections(PEM.replace("CERTIFICATE", text).as_bytes()).unwrap()[0].label;
        assert_eq!(label("PRIVATE KEY"), Label::PrivateKey);
        assert_eq!(label("RSA PRIVATE KEY"), Label::RsaPrivateKey);
        assert!(matches!(label("EC PRIVATE KEY"), Label::OtherPrivateKey(_)));
        assert!(matches!(label("PUBLIC KEY"), Label::Other("a public key")));
    }

    #[test]
    fn traditional_encryption_is_recognised_by_its_headers() {
        let file = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAQID\n-----END RSA PRIVATE KEY-----";
        assert_eq!(sections(file.as_bytes()).unwrap()[0].label, Label::EncryptedPrivateKey);
    }

    #[test]
    fn damage_is_named() {
        let found = |file: &[u8]| {
            let error = sections(file).unwrap_err();
            (error.code(), String::from(error.found()))
        };
        let cases: &[(&[u8], ErrorCode, &str)] = &[
            (b"", ErrorCode::PemNotFound, "nothing: it is empty"),
            (b"hello", ErrorCode::PemNotFound, "5 bytes of text without a BEGIN line"),
            (&[0x30, 0x82, 1, 0, 2, 1, 3, 0x30], ErrorCode::PemNotFound, "a PFX (PKCS#12) file"),
            (&[0x30, 0x82, 1, 0, 0x30, 1, 3, 0x30], ErrorCode::PemNotFound, "8 bytes of DER"),
            (&[0xff, 0xff, 1], ErrorCode::PemNotFound, "3 bytes that are neither text nor DER"),
            (b"-----BEGIN CERT", ErrorCode::PemInvalid, "a BEGIN line without its closing dashes"),
            (b"-----BEGIN CERTIFICATE-----\nAQ", ErrorCode::PemInvalid, "a certificate without its END line"),
            (
                b"-----BEGIN CERTIFICATE-----\nAQID\n-----END PRIVATE KEY-----",
                ErrorCode::PemInvalid,
                "a certificate with an END line of another label",
            ),
            (
                b"-----BEGIN CERTIFICATE-----\nAQ!D\n-----END CERTIFICATE-----",
                ErrorCode::PemInvalid,
                "a certificate with a character that is not base64",
            ),
            (
                b"-----BEGIN CERTIFICATE-----\nAQIDA\n-----END CERTIFICATE-----",
                ErrorCode::PemInvalid,
                "a certificate whose base64 is cut off",
            ),
            (
                b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
                ErrorCode::PemInvalid,
                "a certificate with an empty body",
            ),
        ];
        for (file, code, text) in cases {
            assert_eq!(found(file), (*code, String::from(*text)));
        }
    }
}
