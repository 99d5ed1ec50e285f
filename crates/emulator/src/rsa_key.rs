//! RSA keys: made, read from PEM, given a certificate, and used to sign a digest.
//!
//! The `rsa` crate does what ring can't: make a key, and sign a digest without having seen the message, as a key vault
//! does. What it signs is verified by ring, so a mistake of one shows in the other.

use std::io;

use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256};
use ring::rand::{SecureRandom as _, SystemRandom};
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPublicKey as _};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::sha2::{Sha256, Sha384, Sha512};
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use crate::error::Error;

const MODULUS_BITS: usize = 2048;

/// A fresh key.
pub(crate) fn generate() -> Result<rsa::PrivateKey, Error> {
    rsa::PrivateKey::new(&mut SystemRng, MODULUS_BITS).map_err(|_| fault("no RSA key could be generated"))
}

fn fault(what: &str) -> Error {
    Error::Keys(what.to_owned())
}

/// The private key in PKCS#8, which is how ring and rcgen take it.
pub(crate) fn pkcs8(key: &rsa::PrivateKey) -> Result<Vec<u8>, Error> {
    let document = key.to_pkcs8_der().map_err(|_| fault("the RSA key has no PKCS#8 form"))?;
    Ok(document.as_bytes().to_vec())
}

/// RSAPublicKey of PKCS#1, to compare with that of a certificate.
pub(crate) fn public_pkcs1(key: &rsa::PrivateKey) -> Option<Vec<u8>> {
    key.to_public_key().to_pkcs1_der().ok().map(|document| document.as_bytes().to_vec())
}

/// A certificate of a key by itself; without a validity it is one that practically never ends.
pub(crate) fn self_signed(
    pkcs8: &[u8],
    name: &str,
    validity: Option<(OffsetDateTime, OffsetDateTime)>,
) -> Result<Vec<u8>, Error> {
    let made = || {
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), &PKCS_RSA_SHA256)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some((from, until)) = validity {
            (params.not_before, params.not_after) = (from, until);
        }
        Ok::<_, rcgen::Error>(params.self_signed(&pair)?.der().to_vec())
    };
    made().map_err(|fault| Error::Keys(fault.to_string()))
}

/// Reads an unencrypted PKCS#8 or PKCS#1 key.
pub(crate) fn from_pem(text: &str) -> Result<rsa::PrivateKey, String> {
    let expected = "expected PEM with \"PRIVATE KEY\" or \"RSA PRIVATE KEY\"";
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| format!("has no unencrypted private key; {expected}"))?;
    let key = match &key {
        PrivateKeyDer::Pkcs8(der) => rsa::PrivateKey::from_pkcs8_der(der.secret_pkcs8_der()).ok(),
        PrivateKeyDer::Pkcs1(der) => rsa::PrivateKey::from_pkcs1_der(der.secret_pkcs1_der()).ok(),
        _ => None,
    };
    key.ok_or_else(|| format!("is not an RSA key; {expected}"))
}

/// A way to sign a digest ([RFC 7518 section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1)).
pub(crate) struct DigestAlgorithm {
    pub(crate) name: &'static str,
    pub(crate) digest_bytes: usize,
    sign: fn(&rsa::PrivateKey, &[u8]) -> rsa::Result<Vec<u8>>,
}

/// PSS has a salt as long as the digest.
const DIGEST_ALGORITHMS: &[DigestAlgorithm] = &[
    DigestAlgorithm {
        name: "RS256",
        digest_bytes: 32,
        sign: |key, digest| key.pkcs1v15_sign_prehash_with_rng::<Sha256, _>(&mut SystemRng, digest),
    },
    DigestAlgorithm {
        name: "RS384",
        digest_bytes: 48,
        sign: |key, digest| key.pkcs1v15_sign_prehash_with_rng::<Sha384, _>(&mut SystemRng, digest),
    },
    DigestAlgorithm {
        name: "RS512",
        digest_bytes: 64,
        sign: |key, digest| key.pkcs1v15_sign_prehash_with_rng::<Sha512, _>(&mut SystemRng, digest),
    },
    DigestAlgorithm {
        name: "PS256",
        digest_bytes: 32,
        sign: |key, digest| key.pss_sign_prehash_with_rng::<Sha256, _>(&mut SystemRng, digest),
    },
    DigestAlgorithm {
        name: "PS384",
        digest_bytes: 48,
        sign: |key, digest| key.pss_sign_prehash_with_rng::<Sha384, _>(&mut SystemRng, digest),
    },
    DigestAlgorithm {
        name: "PS512",
        digest_bytes: 64,
        sign: |key, digest| key.pss_sign_prehash_with_rng::<Sha512, _>(&mut SystemRng, digest),
    },
];

impl DigestAlgorithm {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        DIGEST_ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
    }

    /// The signature; none if the digest has another length.
    pub(crate) fn sign(&self, key: &rsa::PrivateKey, digest: &[u8]) -> Option<Vec<u8>> {
        (self.sign)(key, digest).ok()
    }
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
        SystemRandom::new().fill(bytes).map_err(|_| io::Error::other("no random bytes to be had"))
    }
}

impl TryCryptoRng for SystemRng {}
