//! RSA private keys in PKCS#8 ([RFC 5208](https://www.rfc-editor.org/rfc/rfc5208)) and PKCS#1
//! ([RFC 8017 appendix A.1.2](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2)).
//!
//! A key is checked for what it is and kept for a signer; nothing here computes with it.

use crate::asn1::{
    EC_PUBLIC_KEY, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, RSA_ENCRYPTION, RSASSA_PSS, Reader, SEQUENCE,
    push_element,
};
use crate::certificate::{RsaPublicKey, rsa_encryption};
use crate::error::{Error, ErrorCode, Result};
use crate::secret::{Secret, SecretBytes};
use crate::text::text;
use alloc::vec::Vec;
use core::fmt;

/// An RSA private key of at least 2048 bits.
#[derive(Debug)]
pub struct PrivateKey {
    /// `RSAPrivateKey` of PKCS#1 in DER.
    pkcs1: SecretBytes,
    public_key: RsaPublicKey,
}

impl PrivateKey {
    /// Reads a PKCS#8 `PrivateKeyInfo` in DER.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyInvalid`], [`ErrorCode::KeyUnsupported`] (not RSA), [`ErrorCode::KeyWeak`].
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self> {
        let (algorithm, key) = private_key_info(der).ok_or_else(|| invalid(der.len(), "PKCS#8"))?;
        match algorithm {
            // A key marked for PSS alone is an ordinary RSA key; without the mark, every signer takes it.
            RSA_ENCRYPTION | RSASSA_PSS => Self::from_pkcs1_der(key),
            EC_PUBLIC_KEY => {
                Err(Error::new(ErrorCode::KeyUnsupported, "an elliptic-curve key", "an RSA key"))
            }
            _ => Err(Error::new(ErrorCode::KeyUnsupported, "a private key that is not RSA", "an RSA key")),
        }
    }

    /// Reads a PKCS#1 `RSAPrivateKey` in DER.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyInvalid`], [`ErrorCode::KeyWeak`].
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self> {
        let public_key = rsa_private_key(der).ok_or_else(|| invalid(der.len(), "PKCS#1"))??;
        public_key.check_size()?;
        Ok(Self { pkcs1: Secret::new(der.to_vec()), public_key })
    }

    /// The key as PKCS#8 in DER with the algorithm `rsaEncryption`: what signers and WebCrypto import.
    pub fn pkcs8_der(&self) -> SecretBytes {
        to_pkcs8(self.pkcs1.expose())
    }

    /// Its public half.
    pub const fn public_key(&self) -> &RsaPublicKey {
        &self.public_key
    }

    /// Its numbers, for a signer that computes with them itself.
    ///
    /// # Errors
    ///
    /// None: a key that has them not is no key here. For the sake of signers the answer is a `Result` and not a panic.
    pub fn numbers(&self) -> Result<RsaPrivateNumbers<'_>> {
        let pkcs1 = self.pkcs1.expose();
        RsaPrivateNumbers::read(pkcs1).ok_or_else(|| invalid(pkcs1.len(), "PKCS#1"))
    }
}

/// What an RSA private key is made of besides its public half, each number big-endian without leading zeros. The key wipes them.
#[derive(Clone, Copy)]
pub struct RsaPrivateNumbers<'a> {
    /// `d`.
    pub private_exponent: &'a [u8],
    /// `p` and `q`.
    pub primes: [&'a [u8]; 2],
}

impl<'a> RsaPrivateNumbers<'a> {
    /// Reads them out of a PKCS#1 `RSAPrivateKey`.
    fn read(der: &'a [u8]) -> Option<Self> {
        let mut numbers = Reader::of_sequence(der)?;
        numbers.contents(INTEGER)?;
        RsaPublicKey::read(&mut numbers)?;
        let mut next = || numbers.positive_integer();
        Some(Self { private_exponent: next()?, primes: [next()?, next()?] })
    }
}

impl fmt::Debug for RsaPrivateNumbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaPrivateNumbers([secret elided])")
    }
}

/// Algorithm and key of `PrivateKeyInfo ::= SEQUENCE { version INTEGER, privateKeyAlgorithm AlgorithmIdentifier,
/// privateKey OCTET STRING, … }`, [RFC 5208 section 5](https://www.rfc-editor.org/rfc/rfc5208#section-5).
fn private_key_info(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut info = Reader::of_sequence(der)?;
    info.contents(INTEGER)?;
    let algorithm = info.sequence()?.contents(OBJECT_IDENTIFIER)?;
    Some((algorithm, info.contents(OCTET_STRING)?))
}

/// The public half of `RSAPrivateKey ::= SEQUENCE { version, n, e, d, p, q, d mod (p-1), d mod (q-1), q^-1 mod p }`,
/// [RFC 8017 appendix A.1.2](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2), all of whose numbers have to be there.
///
/// # Errors
///
/// [`ErrorCode::KeyUnsupported`] for version 1: more than two primes, which signers and WebCrypto do not take.
fn rsa_private_key(der: &[u8]) -> Option<Result<RsaPublicKey>> {
    let mut numbers = Reader::of_sequence(der)?;
    match numbers.contents(INTEGER)? {
        [0] => {}
        [1] => {
            let found = "an RSA key of more than two primes";
            return Some(Err(Error::new(ErrorCode::KeyUnsupported, found, "an RSA key of two primes")));
        }
        _ => return None,
    }
    let public_key = RsaPublicKey::read(&mut numbers)?;
    for _ in 0..6 {
        numbers.positive_integer()?;
    }
    Some(Ok(public_key))
}

/// `PrivateKeyInfo { 0, { rsaEncryption, NULL }, OCTET STRING }` around a PKCS#1 key.
fn to_pkcs8(pkcs1_der: &[u8]) -> SecretBytes {
    const VERSION: &[u8] = &[INTEGER, 1, 0];
    // Buffers of their final size: growing would leave copies of the key behind.
    let room = pkcs1_der.len().saturating_add(64);
    let mut members = Secret::new(Vec::with_capacity(room));
    members.expose_mut().extend_from_slice(VERSION);
    push_element(members.expose_mut(), SEQUENCE, &rsa_encryption());
    push_element(members.expose_mut(), OCTET_STRING, pkcs1_der);
    let mut pkcs8 = Secret::new(Vec::with_capacity(room));
    push_element(pkcs8.expose_mut(), SEQUENCE, members.expose());
    pkcs8
}

fn invalid(length: usize, format: &'static str) -> Error {
    Error::new(
        ErrorCode::KeyInvalid,
        text![length, " bytes that are not a private key in ", format],
        "an RSA private key in PKCS#8 or PKCS#1",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use certgrant_testkit::vectors::assertion_rs256 as vector;

    #[test]
    fn both_encodings_give_the_same_key() {
        let pkcs8 = PrivateKey::from_pkcs8_der(vector::KEY_PKCS8_DER).unwrap();
        let (_, key) = private_key_info(vector::KEY_PKCS8_DER).unwrap();
        let pkcs1 = PrivateKey::from_pkcs1_der(key).unwrap();
        assert_eq!(pkcs8.public_key(), pkcs1.public_key());
        assert_eq!(pkcs1.pkcs8_der().expose(), vector::KEY_PKCS8_DER);
    }

    #[test]
    fn cut_off_key_is_refused_at_every_length() {
        for length in 0..vector::KEY_PKCS8_DER.len() {
            let error = PrivateKey::from_pkcs8_der(&vector::KEY_PKCS8_DER[..length]).unwrap_err();
            assert_eq!(error.code(), ErrorCode::KeyInvalid, "{length}");
        }
    }

    #[test]
    fn numbers_are_those_of_the_key() {
        let key = PrivateKey::from_pkcs8_der(vector::KEY_PKCS8_DER).unwrap();
        let RsaPrivateNumbers { private_exponent, primes } = key.numbers().unwrap();
        assert_eq!([private_exponent.len(), primes[0].len(), primes[1].len()], [256, 128, 128]);
        // In the order of RFC 8017, behind the public half.
        let mut rest = vector::KEY_PKCS8_DER;
        for number in [key.public_key().modulus(), private_exponent, primes[0], primes[1]] {
            let at = rest.windows(number.len()).position(|window| window == number).unwrap();
            rest = &rest[at + number.len()..];
        }
        assert_eq!(format!("{:?}", key.numbers().unwrap()), "RsaPrivateNumbers([secret elided])");
    }

    #[test]
    fn debug_shows_the_size_and_not_the_key() {
        let key = PrivateKey::from_pkcs8_der(vector::KEY_PKCS8_DER).unwrap();
        assert_eq!(
            format!("{key:?}"),
            "PrivateKey { pkcs1: [secret elided], public_key: RsaPublicKey(2048 bits) }"
        );
    }
}
