//! RSA private keys in PKCS#8 ([RFC 5208](https://www.rfc-editor.org/rfc/rfc5208)) and PKCS#1
//! ([RFC 8017 appendix A.1.2](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2)).
//!
//! A key is checked for what it is and kept as PKCS#8 for a signer; nothing here computes with it.

use crate::certificate::{EC_PUBLIC_KEY, RSA_ENCRYPTION, RSASSA_PSS, RsaPublicKey};
use crate::error::{Error, ErrorCode, Result};
use crate::secret::{Secret, SecretBytes};
use alloc::format;
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Encode as _};
use pkcs8::PrivateKeyInfoRef;

/// The shortest key that Entra takes (AADSTS50032) and RS256 and PS256 allow
/// ([RFC 7518 section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).
const MIN_BITS: usize = 2048;

/// An RSA private key of at least 2048 bits.
#[derive(Debug)]
pub struct PrivateKey {
    pkcs8: SecretBytes,
    public_key: RsaPublicKey,
}

impl PrivateKey {
    /// Reads a PKCS#8 `PrivateKeyInfo` in DER.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyInvalid`], [`ErrorCode::KeyUnsupported`] (not RSA), [`ErrorCode::KeyWeak`].
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(|_| invalid(der.len(), "PKCS#8"))?;
        match info.algorithm.oid {
            // A key marked for PSS alone is an ordinary RSA key; without the mark, every signer takes it.
            RSA_ENCRYPTION | RSASSA_PSS => Self::from_pkcs1_der(info.private_key.as_bytes()),
            oid => Err(Error::new(ErrorCode::KeyUnsupported, kind_of(oid), "an RSA key")),
        }
    }

    /// Reads a PKCS#1 `RSAPrivateKey` in DER.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyInvalid`], [`ErrorCode::KeyWeak`].
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self> {
        let key = pkcs1::RsaPrivateKeyRef::from_der(der).map_err(|_| invalid(der.len(), "PKCS#1"))?;
        let public_key = RsaPublicKey::new(key.modulus.as_bytes(), key.public_exponent.as_bytes());
        let bits = public_key.bits();
        if bits < MIN_BITS {
            return Err(Error::new(
                ErrorCode::KeyWeak,
                format!("{bits} bits"),
                format!("at least {MIN_BITS} bits"),
            ));
        }
        let pkcs8 = to_pkcs8(der).map_err(|_| invalid(der.len(), "PKCS#1"))?;
        Ok(Self { pkcs8, public_key })
    }

    /// The key as PKCS#8 in DER with the algorithm `rsaEncryption`: what signers and WebCrypto import.
    pub const fn pkcs8_der(&self) -> &SecretBytes {
        &self.pkcs8
    }

    /// Its public half.
    pub const fn public_key(&self) -> &RsaPublicKey {
        &self.public_key
    }
}

/// `PrivateKeyInfo { version 0, { rsaEncryption, NULL }, OCTET STRING }` around a PKCS#1 key.
fn to_pkcs8(pkcs1_der: &[u8]) -> der::Result<SecretBytes> {
    let algorithm = pkcs8::AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) };
    let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(pkcs1_der)?);
    Ok(Secret::new(info.to_der()?))
}

fn invalid(length: usize, format: &'static str) -> Error {
    Error::new(
        ErrorCode::KeyInvalid,
        format!("{length} bytes that are not a private key in {format}"),
        "an RSA private key in PKCS#8 or PKCS#1",
    )
}

fn kind_of(oid: ObjectIdentifier) -> &'static str {
    match oid {
        EC_PUBLIC_KEY => "an elliptic-curve key",
        _ => "a private key that is not RSA",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use certgrant_testkit::vectors::assertion_rs256 as vector;

    #[test]
    fn both_encodings_give_the_same_key() {
        let pkcs8 = PrivateKey::from_pkcs8_der(vector::KEY_PKCS8_DER).unwrap();
        let info = PrivateKeyInfoRef::from_der(vector::KEY_PKCS8_DER).unwrap();
        let pkcs1 = PrivateKey::from_pkcs1_der(info.private_key.as_bytes()).unwrap();
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
    fn debug_shows_the_size_and_not_the_key() {
        let key = PrivateKey::from_pkcs8_der(vector::KEY_PKCS8_DER).unwrap();
        assert_eq!(
            format!("{key:?}"),
            "PrivateKey { pkcs8: [secret elided], public_key: RsaPublicKey(2048 bits) }"
        );
    }
}
