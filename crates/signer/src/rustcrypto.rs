//! Signatures by the RustCrypto crate `rsa`: portable and no_std.
//!
//! Every signature is given a random source. For PKCS#1 v1.5 that is not for the signature, which has nothing random, but
//! for blinding: without a source the crate's plain signer would skip it in silence, and with it the protection against
//! timing attacks on the key.

use alloc::vec::Vec;
use certgrant_core::{Algorithm, Error, ErrorCode, PrivateKey, Result, RsaPublicKey, SigningRequest};
use core::fmt;
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use rsa::rand_core::TryCryptoRng;
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _, Verifier as _};
use rsa::{pkcs1v15, pss};

/// An RSA private key that signs for RS256 and PS256. `rsa` wipes it on drop.
pub struct RustCryptoSigner {
    rs256: pkcs1v15::SigningKey<Sha256>,
    ps256: pss::SigningKey<Sha256>,
}

impl RustCryptoSigner {
    /// A signer with that key.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyInvalid`] if the key's numbers do not fit together.
    pub fn new(key: &PrivateKey) -> Result<Self> {
        let key = rsa::PrivateKey::from_pkcs8_der(key.pkcs8_der().expose()).map_err(|_| {
            Error::new(
                ErrorCode::KeyInvalid,
                "numbers that do not make an RSA key",
                "a sound RSA private key",
            )
        })?;
        Ok(Self { rs256: pkcs1v15::SigningKey::new(key.clone()), ps256: pss::SigningKey::new(key) })
    }

    /// The signature over the request's signing input, as long as the key's modulus. PS256 has a salt of 32 bytes,
    /// [RFC 7518 section 3.5](https://www.rfc-editor.org/rfc/rfc7518#section-3.5).
    ///
    /// # Errors
    ///
    /// [`ErrorCode::SigningFailed`] if the random source fails.
    pub fn sign<R: TryCryptoRng + ?Sized>(&self, request: &SigningRequest, rng: &mut R) -> Result<Vec<u8>> {
        let message = request.signing_input.as_bytes();
        let signature = match request.algorithm {
            Algorithm::Rs256 => {
                self.rs256.try_sign_with_rng(rng, message).map(|signature| signature.to_bytes())
            }
            Algorithm::Ps256 => {
                self.ps256.try_sign_with_rng(rng, message).map(|signature| signature.to_bytes())
            }
        };
        signature.map(Vec::from).map_err(|_| {
            Error::new(ErrorCode::SigningFailed, "a failure of the random source", "a signature")
        })
    }
}

impl fmt::Debug for RustCryptoSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RustCryptoSigner([secret elided])")
    }
}

/// Verifies signatures that were made elsewhere, before they are sent.
#[derive(Debug)]
pub struct RustCryptoVerifier(rsa::PublicKey);

impl RustCryptoVerifier {
    /// A verifier with the public key of a certificate.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyInvalid`] if the key's numbers are not those of an RSA key.
    pub fn new(key: &RsaPublicKey) -> Result<Self> {
        Self::from_spki_der(&key.to_spki_der())
    }

    /// A verifier with a public key as `SubjectPublicKeyInfo` in DER,
    /// [RFC 5280 section 4.1.2.7](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.7).
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyInvalid`].
    pub fn from_spki_der(der: &[u8]) -> Result<Self> {
        rsa::PublicKey::from_public_key_der(der).map(Self).map_err(|_| {
            Error::new(ErrorCode::KeyInvalid, "numbers that do not make an RSA key", "a sound RSA public key")
        })
    }

    /// Checks that `signature` is the key's over the request's signing input.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::SignatureInvalid`].
    pub fn verify(&self, request: &SigningRequest, signature: &[u8]) -> Result<()> {
        let message = request.signing_input.as_bytes();
        let verified = match request.algorithm {
            Algorithm::Rs256 => pkcs1v15::Signature::try_from(signature).and_then(|signature| {
                pkcs1v15::VerifyingKey::<Sha256>::new(self.0.clone()).verify(message, &signature)
            }),
            Algorithm::Ps256 => pss::Signature::try_from(signature).and_then(|signature| {
                pss::VerifyingKey::<Sha256>::new(self.0.clone()).verify(message, &signature)
            }),
        };
        verified.map_err(|_| crate::not_of_the_key(request, signature))
    }
}
