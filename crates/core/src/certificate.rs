//! X.509 certificates, [RFC 5280](https://www.rfc-editor.org/rfc/rfc5280), as far as a client assertion needs them:
//! thumbprints, the RSA public key that pairs a certificate with its private key, names for chain order, validity.
//!
//! Signatures, extensions and trust are not checked here: the token service knows the certificate by its thumbprint.

use crate::asn1::{
    BIT_STRING, CONTEXT_0, EC_PUBLIC_KEY, INTEGER, OBJECT_IDENTIFIER, RSA_ENCRYPTION, RSASSA_PSS, Reader,
    SEQUENCE, push_element,
};
use crate::encoding::{base64, base64url, hex_upper};
use crate::error::{Error, ErrorCode, Result};
use crate::text::text;
use crate::time::Timestamp;
use alloc::string::String;
use alloc::vec::Vec;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// Signature algorithms over hashes that can be forged: RSA with MD2, MD5 and SHA-1
/// ([RFC 8017 appendix A.2.4](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.2.4)), and ECDSA with SHA-1.
const WEAK_SIGNATURES: [&[u8]; 4] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x02],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01],
];

/// The hash of a certificate's DER form: what names it to the token service.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Thumbprint {
    /// `x5t`, [RFC 7515 section 4.1.7](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.7).
    Sha1([u8; 20]),
    /// `x5t#S256`, [RFC 7515 section 4.1.8](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.8).
    Sha256([u8; 32]),
}

impl Thumbprint {
    /// Reads 40 (SHA-1) or 64 (SHA-256) hexadecimal digits of either case. Separators that tools put between them are
    /// skipped: colons, hyphens, white space, and the invisible marks that the Windows certificate dialog copies along.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::ThumbprintInvalid`] for any other character or number of digits.
    pub fn from_hex(text: &str) -> Result<Self> {
        let invalid = |found: String| {
            Error::new(ErrorCode::ThumbprintInvalid, found, "40 (SHA-1) or 64 (SHA-256) hexadecimal digits")
        };
        let mut bytes = [0_u8; 32];
        let mut digits = 0_usize;
        for character in text.chars() {
            match character.to_digit(16) {
                Some(digit) => {
                    if let Some(byte) = bytes.get_mut(digits / 2) {
                        *byte = *byte << 4 | digit as u8;
                    }
                    digits = digits.saturating_add(1);
                }
                None if character.is_ascii_whitespace()
                    || matches!(character, ':' | '-' | '\u{a0}' | '\u{200e}' | '\u{feff}') => {}
                None => return Err(invalid("a character that is no hexadecimal digit".into())),
            }
        }
        match (digits, bytes.first_chunk()) {
            (40, Some(sha1)) => Ok(Self::Sha1(*sha1)),
            (64, _) => Ok(Self::Sha256(bytes)),
            _ => Err(invalid(text![digits, " hexadecimal digits"])),
        }
    }

    /// The hash itself: 20 or 32 bytes.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
        }
    }

    /// Upper-case hexadecimal digits without separators, as Entra shows it.
    pub fn to_hex(&self) -> String {
        hex_upper(self.as_bytes())
    }

    /// Base64url without padding, as the JOSE header has it.
    pub fn to_base64url(&self) -> String {
        base64url(self.as_bytes())
    }
}

impl core::fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let name = if matches!(self, Self::Sha1(_)) { "Sha1" } else { "Sha256" };
        write!(f, "{name}({})", self.to_hex())
    }
}

/// The shortest key that Entra takes (AADSTS50032) and RS256 and PS256 allow
/// ([RFC 7518 section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).
const MIN_BITS: usize = 2048;

/// The longest key that every signer here takes: aws-lc's limit. Key Vault makes keys up to 4096 bits, Windows up to 16384.
const MAX_BITS: usize = 8192;

/// The two numbers of an RSA public key, big-endian without leading zeros.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaPublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl RsaPublicKey {
    /// Reads `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }`,
    /// [RFC 8017 appendix A.1.1](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.1).
    fn from_der(der: &[u8]) -> Option<Self> {
        let mut numbers = Reader::of_sequence(der)?;
        Self::read(&mut numbers)
    }

    /// Reads modulus and exponent.
    pub(crate) fn read(numbers: &mut Reader<'_>) -> Option<Self> {
        let modulus = numbers.positive_integer()?.into();
        Some(Self { modulus, exponent: numbers.positive_integer()?.into() })
    }

    /// Reads a `SubjectPublicKeyInfo` in DER,
    /// [RFC 5280 section 4.1.2.7](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.7).
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyInvalid`] if it is not the key of RSA.
    pub fn from_spki_der(der: &[u8]) -> Result<Self> {
        match Reader::of_sequence(der).and_then(PublicKey::read) {
            Some(PublicKey::Rsa(key)) => Ok(key),
            _ => Err(Error::new(
                ErrorCode::KeyInvalid,
                text![der.len(), " bytes that are not an RSA public key"],
                "an RSA public key as SubjectPublicKeyInfo",
            )),
        }
    }

    /// `n`, big-endian.
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// `e`, big-endian.
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// `SubjectPublicKeyInfo` in DER with the algorithm `rsaEncryption`: what verifiers and WebCrypto import.
    pub fn to_spki_der(&self) -> Vec<u8> {
        let mut numbers = Vec::new();
        push_positive_integer(&mut numbers, &self.modulus);
        push_positive_integer(&mut numbers, &self.exponent);
        // A BIT STRING begins with the number of bits that are not used in its last byte.
        let mut bits = alloc::vec![0];
        push_element(&mut bits, SEQUENCE, &numbers);
        let mut info = Vec::new();
        push_element(&mut info, SEQUENCE, &rsa_encryption());
        push_element(&mut info, BIT_STRING, &bits);
        let mut der = Vec::new();
        push_element(&mut der, SEQUENCE, &info);
        der
    }

    /// Checks that the key is as long as Entra ID and [RFC 7518 section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)
    /// want it, and no longer than signers take it.
    pub(crate) fn check_size(&self) -> Result<()> {
        let bits = self.bits();
        let (code, expected) = match bits {
            MIN_BITS..=MAX_BITS => return Ok(()),
            0..MIN_BITS => (ErrorCode::KeyWeak, text!["at least ", MIN_BITS, " bits"]),
            _ => (ErrorCode::KeyUnsupported, text!["at most ", MAX_BITS, " bits"]),
        };
        Err(Error::new(code, text![bits, " bits"], expected))
    }

    /// The length of the modulus in bits: the size of the key.
    pub fn bits(&self) -> usize {
        let zeros = self.modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
        self.modulus.len().saturating_mul(8).saturating_sub(zeros)
    }
}

impl core::fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RsaPublicKey({} bits)", self.bits())
    }
}

/// The members of the `AlgorithmIdentifier` of RSA keys: `rsaEncryption` and NULL,
/// [RFC 8017 appendix A.1](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1).
pub(crate) fn rsa_encryption() -> Vec<u8> {
    const NULL: &[u8] = &[5, 0];
    let mut members = Vec::with_capacity(13);
    push_element(&mut members, OBJECT_IDENTIFIER, RSA_ENCRYPTION);
    members.extend_from_slice(NULL);
    members
}

/// Appends an INTEGER; a leading zero keeps one with its highest bit set positive.
fn push_positive_integer(der: &mut Vec<u8>, number: &[u8]) {
    let sign: &[u8] = if number.first().is_some_and(|byte| *byte >= 0x80) { &[0] } else { &[] };
    push_element(der, INTEGER, &[sign, number].concat());
}

/// A certificate.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
    has_weak_signature: bool,
    public_key: PublicKey,
}

#[derive(Clone)]
enum PublicKey {
    Rsa(RsaPublicKey),
    Other(&'static str),
}

impl PublicKey {
    /// Reads the members of `SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT
    /// STRING }`, whose bits are an `RSAPublicKey` for RSA.
    fn read(mut info: Reader<'_>) -> Option<Self> {
        let algorithm = info.sequence()?.contents(OBJECT_IDENTIFIER)?;
        let bits = info.bit_string()?;
        Some(match algorithm {
            RSA_ENCRYPTION | RSASSA_PSS => Self::Rsa(RsaPublicKey::from_der(bits)?),
            EC_PUBLIC_KEY => Self::Other("an elliptic-curve key"),
            _ => Self::Other("a key that is not RSA"),
        })
    }
}

impl Certificate {
    /// Reads a certificate from DER.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::CertificateInvalid`] if it is not an X.509 certificate.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        Self::read(der).ok_or_else(|| {
            let found = text![der.len(), " bytes that are not X.509"];
            Error::new(ErrorCode::CertificateInvalid, found, "an X.509 certificate in DER")
        })
    }

    /// Reads what is needed of [RFC 5280 section 4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1):
    ///
    /// ```text
    /// Certificate    ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature BIT STRING }
    /// TBSCertificate ::= SEQUENCE { [0] version DEFAULT v1, serialNumber INTEGER, signature AlgorithmIdentifier,
    ///                               issuer Name, validity SEQUENCE { notBefore, notAfter }, subject Name,
    ///                               subjectPublicKeyInfo, … }
    /// ```
    fn read(der: &[u8]) -> Option<Self> {
        let mut certificate = Reader::of_sequence(der)?;
        let mut tbs = certificate.sequence()?;
        let signature_algorithm = certificate.sequence()?.contents(OBJECT_IDENTIFIER)?;
        certificate.contents(BIT_STRING)?;
        if tbs.peek() == Some(CONTEXT_0) {
            tbs.contents(CONTEXT_0)?;
        }
        tbs.contents(INTEGER)?;
        tbs.contents(SEQUENCE)?;
        let issuer = tbs.contents(SEQUENCE)?.into();
        let mut validity = tbs.sequence()?;
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        let subject = tbs.contents(SEQUENCE)?.into();
        let public_key = PublicKey::read(tbs.sequence()?)?;
        let has_weak_signature = WEAK_SIGNATURES.contains(&signature_algorithm);
        Some(Self { der: der.into(), issuer, subject, not_before, not_after, has_weak_signature, public_key })
    }

    /// The DER form.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-1 over the DER form, `x5t`.
    pub fn thumbprint_sha1(&self) -> Thumbprint {
        Thumbprint::Sha1(Sha1::digest(&self.der).into())
    }

    /// SHA-256 over the DER form, `x5t#S256`.
    pub fn thumbprint_sha256(&self) -> Thumbprint {
        Thumbprint::Sha256(Sha256::digest(&self.der).into())
    }

    /// The form that `x5c` has, [RFC 7515 section 4.1.6](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6).
    pub(crate) fn to_x5c(&self) -> String {
        base64(&self.der)
    }

    /// The first moment of its validity.
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last moment of its validity.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether it is signed over a SHA-1, MD5 or MD2 hash, which can be forged.
    pub const fn has_weak_signature(&self) -> bool {
        self.has_weak_signature
    }

    /// Its RSA public key.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyUnsupported`] if it certifies a key of another kind.
    pub fn rsa_public_key(&self) -> Result<&RsaPublicKey> {
        match &self.public_key {
            PublicKey::Rsa(key) => Ok(key),
            PublicKey::Other(name) => Err(Error::new(
                ErrorCode::KeyUnsupported,
                text!["a certificate for ", name],
                "a certificate for an RSA key",
            )),
        }
    }

    /// Whether `issuer` carries the name that signed this certificate, and is not this certificate.
    pub(crate) fn is_issued_by(&self, issuer: &Self) -> bool {
        self.issuer == issuer.subject && self.der != issuer.der
    }
}

impl core::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Certificate")
            .field("thumbprint", &self.thumbprint_sha1())
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use certgrant_testkit::vectors::assertion_rs256 as vector;

    #[test]
    fn thumbprints_equal_those_that_openssl_printed() {
        let certificate = Certificate::from_der(vector::CERTIFICATE_DER).unwrap();
        assert_eq!(certificate.thumbprint_sha1().to_hex(), vector::SHA1);
        assert_eq!(certificate.thumbprint_sha1().to_base64url(), vector::X5T);
        assert_eq!(certificate.thumbprint_sha256().to_hex(), vector::SHA256);
        assert_eq!(certificate.thumbprint_sha256().to_base64url(), vector::X5T_S256);
    }

    #[test]
    fn public_key_is_written_as_the_certificate_has_it() {
        let certificate = Certificate::from_der(vector::CERTIFICATE_DER).unwrap();
        let spki = certificate.rsa_public_key().unwrap().to_spki_der();
        assert!(vector::CERTIFICATE_DER.windows(spki.len()).any(|window| window == spki));
        assert_eq!(RsaPublicKey::from_spki_der(&spki).unwrap(), *certificate.rsa_public_key().unwrap());
        let error = RsaPublicKey::from_spki_der(&spki[1..]).unwrap_err();
        assert_eq!(
            (error.code(), error.found()),
            (ErrorCode::KeyInvalid, "293 bytes that are not an RSA public key")
        );
    }

    #[test]
    fn validity_is_read_from_both_forms_of_time() {
        let certificate = Certificate::from_der(vector::CERTIFICATE_DER).unwrap();
        assert_eq!(certificate.not_before().as_secs(), vector::NOT_BEFORE);
        assert_eq!(certificate.not_after().as_secs(), vector::NOT_AFTER);
        assert_eq!(certificate.rsa_public_key().unwrap().bits(), 2048);
    }

    #[test]
    fn thumbprint_is_read_with_any_separator() {
        let expected = Thumbprint::from_hex(vector::SHA1).unwrap();
        let colons = "05:ec:de:79:8d:25:8b:54:41:f1:de:2b:e7:be:f1:5e:63:21:72:f8";
        for text in [colons, &colons.replace(':', " "), &format!("\u{200e}{}", colons.replace(':', "-"))] {
            assert_eq!(Thumbprint::from_hex(text).unwrap(), expected);
        }
    }

    #[test]
    fn thumbprint_of_another_length_is_refused_without_being_shown() {
        for (text, found) in [
            ("abc", "3 hexadecimal digits"),
            ("", "0 hexadecimal digits"),
            ("zz", "a character that is no hexadecimal digit"),
        ] {
            let error = Thumbprint::from_hex(text).unwrap_err();
            assert_eq!((error.code(), error.found()), (ErrorCode::ThumbprintInvalid, found));
        }
    }

    #[test]
    fn cut_off_certificate_is_refused_at_every_length() {
        for length in 0..vector::CERTIFICATE_DER.len() {
            let error = Certificate::from_der(&vector::CERTIFICATE_DER[..length]).unwrap_err();
            assert_eq!(error.code(), ErrorCode::CertificateInvalid, "{length}");
        }
    }
}
