//! Signatures by aws-lc.

use alloc::vec;
use alloc::vec::Vec;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaEncoding,
    RsaKeyPair, RsaPublicKeyComponents,
};
use certgrant_core::{Algorithm, Error, ErrorCode, PrivateKey, Result, RsaPublicKey, SigningRequest};
use core::fmt;

/// An RSA private key that signs for RS256 and PS256. aws-lc wipes it on drop, and blinds.
pub struct AwsLcSigner {
    key: RsaKeyPair,
    random: SystemRandom,
}

impl AwsLcSigner {
    /// A signer with that key.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyInvalid`] if the key's numbers do not fit together.
    pub fn new(key: &PrivateKey) -> Result<Self> {
        let key = RsaKeyPair::from_pkcs8(key.pkcs8_der().expose()).map_err(|_| {
            Error::new(
                ErrorCode::KeyInvalid,
                "numbers that do not make an RSA key",
                "a sound RSA private key",
            )
        })?;
        Ok(Self { key, random: SystemRandom::new() })
    }

    /// The signature over the request's signing input, as long as the key's modulus. PS256 has a salt of 32 bytes,
    /// [RFC 7518 section 3.5](https://www.rfc-editor.org/rfc/rfc7518#section-3.5).
    ///
    /// # Errors
    ///
    /// [`ErrorCode::SigningFailed`] if aws-lc refuses.
    pub fn sign(&self, request: &SigningRequest) -> Result<Vec<u8>> {
        let encoding: &'static dyn RsaEncoding = match request.algorithm {
            Algorithm::Ps256 => &RSA_PSS_SHA256,
            Algorithm::Rs256 => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(encoding, &self.random, request.signing_input.as_bytes(), &mut signature)
            .map_err(|_| Error::new(ErrorCode::SigningFailed, "a refusal of aws-lc", "a signature"))?;
        Ok(signature)
    }
}

impl fmt::Debug for AwsLcSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsLcSigner([secret elided])")
    }
}

/// Verifies signatures that were made elsewhere, before they are sent.
#[derive(Debug)]
pub struct AwsLcVerifier(RsaPublicKeyComponents<Vec<u8>>);

impl AwsLcVerifier {
    /// A verifier with the public key of a certificate.
    pub fn new(key: &RsaPublicKey) -> Self {
        Self(RsaPublicKeyComponents { n: key.modulus().to_vec(), e: key.exponent().to_vec() })
    }

    /// Checks that `signature` is the key's over the request's signing input.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::SignatureInvalid`].
    pub fn verify(&self, request: &SigningRequest, signature: &[u8]) -> Result<()> {
        let parameters = match request.algorithm {
            Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        };
        let verified = self.0.verify(parameters, request.signing_input.as_bytes(), signature);
        verified.map_err(|_| request.wrong_signature(signature))
    }
}
