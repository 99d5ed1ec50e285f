//! The key that signs access tokens, and the key set that publishes it.
//!
//! A fresh RSA key for every run, made by the `rsa` crate because ring makes none; ring signs. Its certificate gives
//! the key its name: `kid` is the base64url SHA-1 thumbprint, 27 characters
//! ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517) for the set).

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::rand_core::{TryCryptoRng, TryRng};
use serde_json::{Value, json};

use crate::certificate::sha1;
use crate::error::Error;

const MODULUS_BITS: usize = 2048;

/// A key pair with its certificate.
pub(crate) struct SigningKey {
    pair: RsaKeyPair,
    certificate: Vec<u8>,
    pub(crate) kid: String,
}

impl SigningKey {
    pub(crate) fn generate() -> Result<Self, Error> {
        let fault = |what: &str| Error::Keys(what.to_owned());
        let key = rsa::PrivateKey::new(&mut SystemRng, MODULUS_BITS)
            .map_err(|_| fault("no RSA key could be generated"))?;
        let pkcs8 = key.to_pkcs8_der().map_err(|_| fault("the RSA key has no PKCS#8 form"))?;
        let pair = RsaKeyPair::from_pkcs8(pkcs8.as_bytes()).map_err(|_| fault("ring refuses the RSA key"))?;
        let certificate = self_signed(pkcs8.as_bytes()).map_err(|fault| Error::Keys(fault.to_string()))?;
        let kid = URL_SAFE_NO_PAD.encode(sha1(&certificate));
        Ok(Self { pair, certificate, kid })
    }

    /// Signs with RS256.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ring::error::Unspecified> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
        Ok(signature)
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

fn self_signed(pkcs8: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), &PKCS_RSA_SHA256)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "certgrant-emulator token signing");
    Ok(params.self_signed(&pair)?.der().to_vec())
}

/// The operating system's random source through ring, so that no second one is needed.
struct SystemRng;

impl TryRng for SystemRng {
    type Error = io::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        use ring::rand::SecureRandom as _;
        SystemRandom::new().fill(bytes).map_err(|_| io::Error::other("no random bytes to be had"))
    }
}

impl TryCryptoRng for SystemRng {}
