//! JSON Web Signatures in compact form, [RFC 7515](https://www.rfc-editor.org/rfc/rfc7515): header and signing input.
//!
//! Signing itself is the host's step; see [`SigningRequest`].

use crate::certificate::{Certificate, Thumbprint};
use crate::encoding::base64url;
use crate::error::{Error, ErrorCode, Result};
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
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
#[derive(Clone, Debug)]
pub struct SigningRequest {
    /// The signature algorithm.
    pub algorithm: Algorithm,
    /// The octets to sign: `BASE64URL(header) "." BASE64URL(payload)`, all ASCII.
    pub signing_input: String,
}

impl SigningRequest {
    /// SHA-256 over the signing input, for signers that take a digest (Key Vault, most HSMs).
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.signing_input).into()
    }
}

/// JOSE header of a client assertion. Entra refuses members that it does not know, so there are no others.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5t: Option<&'a str>,
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    x5t_s256: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    x5c: Vec<String>,
}

/// The header part of an assertion, which is the same for all assertions of a certificate: encoded once.
#[derive(Clone, Debug)]
pub(crate) struct EncodedHeader {
    algorithm: Algorithm,
    encoded: String,
}

impl EncodedHeader {
    /// A header that names the certificate by `thumbprint` and carries `chain` (leaf first) unless that is empty.
    pub(crate) fn new(algorithm: Algorithm, thumbprint: &Thumbprint, chain: &[Certificate]) -> Result<Self> {
        let value = thumbprint.to_base64url();
        let (x5t, x5t_s256) = match thumbprint {
            Thumbprint::Sha1(_) => (Some(value.as_str()), None),
            Thumbprint::Sha256(_) => (None, Some(value.as_str())),
        };
        let x5c = chain.iter().map(Certificate::to_x5c).collect();
        let header = Header { alg: algorithm.as_str(), typ: "JWT", x5t, x5t_s256, x5c };
        Ok(Self { algorithm, encoded: encode_json(&header)? })
    }

    /// The request for a signature over this header and `payload`.
    pub(crate) fn signing_request(&self, payload: &impl Serialize) -> Result<SigningRequest> {
        let payload = encode_json(payload)?;
        let signing_input = [self.encoded.as_str(), ".", payload.as_str()].concat();
        Ok(SigningRequest { algorithm: self.algorithm, signing_input })
    }
}

fn encode_json(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(value)
        .map_err(|_| Error::new(ErrorCode::StepUnexpected, "a value that is no JSON", "a JSON object"))?;
    Ok(base64url(&json))
}

/// The compact serialisation, [RFC 7515 section 3.1](https://www.rfc-editor.org/rfc/rfc7515#section-3.1).
pub(crate) fn compact(signing_input: &str, signature: &[u8]) -> String {
    [signing_input, ".", base64url(signature).as_str()].concat()
}
