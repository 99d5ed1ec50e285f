//! Signatures by aws-lc.

use alloc::vec::Vec;
use certgrant_core::{Error, ErrorCode, PrivateKey, Result, RsaPublicKey, SigningRequest};
use core::fmt;

mod rsa;

use rsa::Rsa;

/// An RSA private key that signs for RS256 and PS256. aws-lc wipes it on drop, and blinds.
pub struct AwsLcSigner {
    key: Rsa,
}

impl AwsLcSigner {
    /// A signer with that key.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyInvalid`] if the key's numbers do not fit together.
    pub fn new(key: &PrivateKey) -> Result<Self> {
        let key = Rsa::from_pkcs1_der(key.expose_pkcs1_der()).ok_or_else(|| {
            Error::new(
                ErrorCode::KeyInvalid,
                "numbers that do not make an RSA key",
                "a sound RSA private key",
            )
        })?;
        Ok(Self { key })
    }

    /// The signature over the request's signing input, as long as the key's modulus. PS256 has a salt of 32 bytes,
    /// [RFC 7518 section 3.5](https://www.rfc-editor.org/rfc/rfc7518#section-3.5).
    ///
    /// # Errors
    ///
    /// [`ErrorCode::SigningFailed`] if aws-lc refuses.
    pub fn sign(&self, request: &SigningRequest) -> Result<Vec<u8>> {
        self.key
            .sign(request.algorithm, request.signing_input.as_bytes())
            .ok_or_else(|| Error::new(ErrorCode::SigningFailed, "a refusal of aws-lc", "a signature"))
    }
}

impl fmt::Debug for AwsLcSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsLcSigner([secret elided])")
    }
}

/// Verifies signatures that were made elsewhere, before they are sent.
#[derive(Debug)]
pub struct AwsLcVerifier(RsaPublicKey);

impl AwsLcVerifier {
    /// A verifier with the public key of a certificate.
    pub fn new(key: &RsaPublicKey) -> Self {
        Self(key.clone())
    }

    /// Checks that `signature` is the key's over the request's signing input.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::SignatureInvalid`].
    pub fn verify(&self, request: &SigningRequest, signature: &[u8]) -> Result<()> {
        let message = request.signing_input.as_bytes();
        let key = Rsa::from_public(&self.0).filter(|key| key.verify(request.algorithm, message, signature));
        key.map(drop).ok_or_else(|| crate::not_of_the_key(request, signature))
    }
}
