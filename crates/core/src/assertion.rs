//! Client assertions: JWTs by which a client authenticates to the token endpoint,
//! [RFC 7523 section 2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2).
//!
//! An assertion is made in two steps, so that the key can be anywhere: [`AssertionTemplate::prepare`] gives the octets to
//! sign, [`PreparedAssertion::with_signature`] puts the signature behind them.

use crate::certificate::{Certificate, RsaPublicKey, Thumbprint};
use crate::error::{Error, ErrorCode, Result};
use crate::json::ObjectWriter;
use crate::jws::{Algorithm, EncodedHeader, SigningRequest, compact};
use crate::secret::SecretString;
use crate::text::text;
use crate::time::Timestamp;
use alloc::string::String;

/// `client_assertion_type`, [RFC 7523 section 2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2).
pub const CLIENT_ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion is valid: what Microsoft's guidance allows at most.
pub const DEFAULT_LIFETIME_SECS: u32 = 600;

/// Everything about an application's assertions that does not change from one to the next.
#[derive(Clone, Debug)]
pub struct AssertionTemplate {
    header: EncodedHeader,
    client_id: String,
    lifetime_secs: u32,
    signature_length: Option<usize>,
}

impl AssertionTemplate {
    /// Assertions of `client_id`, signed with `algorithm` by the key that `thumbprint` names, carrying `x5c` if it is not
    /// empty. `public_key` is the half of that key that is known, to see that a signature has its length.
    pub fn new(
        client_id: impl Into<String>,
        algorithm: Algorithm,
        thumbprint: &Thumbprint,
        x5c: &[Certificate],
        public_key: Option<&RsaPublicKey>,
    ) -> Self {
        Self {
            header: EncodedHeader::new(algorithm, thumbprint, x5c),
            client_id: client_id.into(),
            lifetime_secs: DEFAULT_LIFETIME_SECS,
            signature_length: public_key.map(|key| key.modulus().len()),
        }
    }

    /// The same with another lifetime in seconds.
    #[must_use]
    pub fn with_lifetime(mut self, secs: u32) -> Self {
        self.lifetime_secs = secs;
        self
    }

    /// An assertion for `audience` (the token endpoint called), valid from `now`, with the unique id `jti`.
    pub fn prepare(&self, audience: &str, now: Timestamp, jti: &str) -> PreparedAssertion {
        // RFC 7523 section 3: iss, sub, aud and exp are MUST; sub is the client_id. Entra documents
        // nbf, iat and a unique jti besides.
        // NumericDates are integers, RFC 7519 section 2.
        let claims = ObjectWriter::new()
            .string("aud", audience)
            .number("exp", now.plus_secs(self.lifetime_secs.into()).as_secs())
            .string("iss", &self.client_id)
            .string("jti", jti)
            .number("nbf", now.as_secs())
            .string("sub", &self.client_id)
            .number("iat", now.as_secs())
            .finish();
        PreparedAssertion {
            request: self.header.signing_request(&claims),
            issued_on: now,
            expires_on: now.plus_secs(self.lifetime_secs.into()),
            signature_length: self.signature_length,
        }
    }
}

/// An assertion that waits for its signature.
#[derive(Debug)]
pub struct PreparedAssertion {
    request: SigningRequest,
    issued_on: Timestamp,
    expires_on: Timestamp,
    signature_length: Option<usize>,
}

impl PreparedAssertion {
    /// What to sign.
    pub const fn signing_request(&self) -> &SigningRequest {
        &self.request
    }

    /// From when on it is valid, by the clock that it was prepared with: `nbf`.
    pub const fn issued_on(&self) -> Timestamp {
        self.issued_on
    }

    /// When it expires, by the clock that it was prepared with: `exp`.
    pub const fn expires_on(&self) -> Timestamp {
        self.expires_on
    }

    /// The finished assertion in compact form.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::SignatureInvalid`] if the signature is not as long as the key's modulus.
    pub fn with_signature(&self, signature: &[u8]) -> Result<SecretString> {
        match self.signature_length {
            Some(length) if length != signature.len() => Err(Error::new(
                ErrorCode::SignatureInvalid,
                text![signature.len(), " bytes"],
                text![length, " bytes, the length of the certificate's modulus"],
            )),
            _ => Ok(compact(&self.request.signing_input, signature).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use certgrant_testkit::vectors::assertion_rs256 as vector;

    fn template() -> AssertionTemplate {
        let certificate = Certificate::from_der(vector::CERTIFICATE_DER).unwrap();
        let thumbprint = certificate.thumbprint_sha1();
        let key = certificate.rsa_public_key().ok();
        AssertionTemplate::new(vector::CLIENT_ID, Algorithm::Rs256, &thumbprint, &[], key).with_lifetime(300)
    }

    #[test]
    fn signing_input_equals_the_vector_byte_for_byte() {
        let now = Timestamp::from_secs(vector::ISSUED_AT);
        let prepared = template().prepare(vector::AUDIENCE, now, vector::JTI);
        assert_eq!(prepared.signing_request().signing_input, vector::SIGNING_INPUT);
        assert_eq!(prepared.signing_request().digest(), vector::SIGNING_INPUT_SHA256);
    }

    #[test]
    fn quotes_in_an_id_can_not_break_out_of_the_json() {
        let prepared = template().prepare("a\",\"sub\":\"x", Timestamp::default(), "\\");
        let payload = prepared.signing_request().signing_input.split_once('.').unwrap().1;
        let json = certgrant_testkit::jwt::decode_part(payload);
        assert_eq!(json["aud"], "a\",\"sub\":\"x");
        assert_eq!(json["sub"], vector::CLIENT_ID);
        assert_eq!(json["jti"], "\\");
    }

    #[test]
    fn signature_of_another_length_is_refused() {
        let prepared = template().prepare(vector::AUDIENCE, Timestamp::default(), vector::JTI);
        let error = prepared.with_signature(&[0; 255]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::SignatureInvalid);
        assert_eq!(error.found(), "255 bytes");
    }

    #[test]
    fn ps256_names_the_certificate_by_sha256_and_carries_the_chain() {
        let certificate = Certificate::from_der(vector::CERTIFICATE_DER).unwrap();
        let thumbprint = certificate.thumbprint_sha256();
        let chain = [certificate];
        let template = AssertionTemplate::new(vector::CLIENT_ID, Algorithm::Ps256, &thumbprint, &chain, None);
        let prepared = template.prepare(vector::AUDIENCE, Timestamp::default(), vector::JTI);
        let header = prepared.signing_request().signing_input.split_once('.').unwrap().0;
        let json = certgrant_testkit::jwt::decode_part(header);
        assert_eq!(json["alg"], "PS256");
        assert_eq!(json["x5t#S256"], vector::X5T_S256);
        assert_eq!(json["x5c"][0], vector::certificate_base64());
        assert_eq!(json.as_object().unwrap().len(), 4);
    }
}
