//! JSON Web Signatures in compact form, [RFC 7515](https://www.rfc-editor.org/rfc/rfc7515): header and signing input.
//!
//! Signing itself is the host's step; see [`SigningRequest`].

use crate::certificate::{Certificate, Thumbprint};
use crate::encoding::base64url;
use crate::error::{Error, ErrorCode, Result};
use crate::json::ObjectWriter;
use crate::text::text;
use alloc::string::String;
use core::fmt;
use sha2::{Digest as _, Sha256};

/// Signature algorithm, [RFC 7518 section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// The value of `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }

    /// Reads a value of `alg`.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::AlgorithmInvalid`] for any other value.
    pub fn parse(name: &str) -> Result<Self> {
        let known = [Self::Ps256, Self::Rs256].into_iter().find(|algorithm| algorithm.as_str() == name);
        known.ok_or_else(|| {
            Error::new(ErrorCode::AlgorithmInvalid, "an algorithm of another name", "PS256 or RS256")
        })
    }
}

/// What a signer is asked for: an RSA signature over `signing_input`.
#[derive(Clone)]
pub struct SigningRequest {
    /// The signature algorithm.
    pub algorithm: Algorithm,
    /// The octets to sign: `BASE64URL(header) "." BASE64URL(payload)`, all ASCII.
    pub signing_input: String,
}

impl fmt::Debug for SigningRequest {
    /// Without the signing input, which is an assertion but for its signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningRequest").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl SigningRequest {
    /// SHA-256 over the signing input, for signers that take a digest (Key Vault, most HSMs).
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.signing_input).into()
    }

    /// The error of a signature that the certificate's key did not make for this request.
    pub fn wrong_signature(&self, signature: &[u8]) -> Error {
        let algorithm = self.algorithm.as_str();
        let found = text![signature.len(), " bytes that its key did not make for ", algorithm];
        Error::new(ErrorCode::SignatureInvalid, found, "the signature of the certificate's key")
    }
}

/// The header part of an assertion, which is the same for all assertions of a certificate: encoded once.
#[derive(Clone)]
pub(crate) struct EncodedHeader {
    algorithm: Algorithm,
    encoded: String,
}

impl fmt::Debug for EncodedHeader {
    /// Without the text, so that no part of an assertion is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedHeader").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl EncodedHeader {
    /// A header that names the certificate by `thumbprint` and carries `chain` (leaf first) unless that is empty.
    pub(crate) fn new(algorithm: Algorithm, thumbprint: &Thumbprint, chain: &[Certificate]) -> Self {
        let x5t = match thumbprint {
            Thumbprint::Sha1(_) => "x5t",
            Thumbprint::Sha256(_) => "x5t#S256",
        };
        // No other members: Entra has refused assertions for names that it did not know (AADSTS5002726).
        let mut header = ObjectWriter::new();
        header.string("alg", algorithm.as_str()).string("typ", "JWT").string(x5t, &thumbprint.to_base64url());
        if !chain.is_empty() {
            header.strings("x5c", chain.iter().map(Certificate::to_x5c));
        }
        Self { algorithm, encoded: base64url(header.finish().as_bytes()) }
    }

    /// The request for a signature over this header and a payload in JSON.
    pub(crate) fn signing_request(&self, payload: &str) -> SigningRequest {
        let payload = base64url(payload.as_bytes());
        let signing_input = text![self.encoded, ".", payload];
        SigningRequest { algorithm: self.algorithm, signing_input }
    }
}

/// The compact serialisation, [RFC 7515 section 3.1](https://www.rfc-editor.org/rfc/rfc7515#section-3.1).
pub(crate) fn compact(signing_input: &str, signature: &[u8]) -> String {
    text![signing_input, ".", base64url(signature)]
}
