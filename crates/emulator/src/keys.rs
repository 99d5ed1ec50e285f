//! The key that signs access tokens, and the key set that publishes it.
//!
//! A fresh RSA key for every run; ring signs. Its certificate gives the key its name: `kid` is the base64url SHA-1
//! thumbprint, 27 characters ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517) for the set).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

use crate::certificate::sha1;
use crate::error::Error;
use crate::rsa_key;

/// A key pair with its certificate.
pub(crate) struct SigningKey {
    pair: RsaKeyPair,
    certificate: Vec<u8>,
    pub(crate) kid: String,
}

impl SigningKey {
    pub(crate) fn generate() -> Result<Self, Error> {
        let pkcs8 = rsa_key::pkcs8(&rsa_key::generate()?)?;
        let pair =
            RsaKeyPair::from_pkcs8(&pkcs8).map_err(|_| Error::Keys("ring refuses the RSA key".to_owned()))?;
        let certificate = rsa_key::self_signed(&pkcs8, "certgrant-emulator token signing", None)?;
        let kid = URL_SAFE_NO_PAD.encode(sha1(&certificate));
        Ok(Self { pair, certificate, kid })
    }

    /// The certificate, base64 of DER.
    pub(crate) fn certificate_base64(&self) -> String {
        STANDARD.encode(&self.certificate)
    }

    /// Signs with RS256.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ring::error::Unspecified> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
        Ok(signature)
    }

    /// A JWT of these claims. Version 1 names the key twice.
    pub(crate) fn sign_jwt(&self, version: u8, claims: &Value) -> Result<String, ring::error::Unspecified> {
        let header = match version {
            1 => json!({ "typ": "JWT", "alg": "RS256", "x5t": self.kid, "kid": self.kid }),
            _ => json!({ "typ": "JWT", "alg": "RS256", "kid": self.kid }),
        };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(&header), part(claims));
        let signature = self.sign(input.as_bytes())?;
        Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Whether this key has signed the message, with RS256.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key());
        key.verify(message, signature).is_ok()
    }

    /// The JWK set; v2 documents name the issuer that a key may be used for.
    pub(crate) fn key_set(&self, issuer: Option<&str>) -> Value {
        // Both without leading zeros, as RFC 7518 section 6.3.1 wants them.
        let public = PublicKeyComponents::<Vec<u8>>::from(self.pair.public());
        let mut key = json!({
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": URL_SAFE_NO_PAD.encode(public.n),
            "e": URL_SAFE_NO_PAD.encode(public.e),
            "x5c": [STANDARD.encode(&self.certificate)],
        });
        if let (Some(issuer), Some(members)) = (issuer, key.as_object_mut()) {
            members.insert("issuer".to_owned(), issuer.into());
        }
        json!({ "keys": [key] })
    }
}
