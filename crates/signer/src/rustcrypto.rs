//! Signatures by the RustCrypto crate `rsa`: portable and no_std.
//!
//! Every signature is given a random source. For PKCS#1 v1.5 that is not for the signature, which has nothing random, but
//! for blinding: without a source the crate's plain signer would skip it in silence, and with it the protection against
//! timing attacks on the key.

use alloc::vec::Vec;
use certgrant_core::{Algorithm, Error, ErrorCode, PrivateKey, Result, RsaPublicKey, SigningRequest};
use core::fmt;
use rsa::rand_core::TryCryptoRng;
use rsa::sha2::Sha256;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss};

/// An RSA private key that signs for RS256 and PS256. `rsa` wipes it on drop.
pub struct RustCryptoSigner(rsa::PrivateKey);

impl RustCryptoSigner {
    /// A signer with that key.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::KeyInvalid`] if the key's numbers do not fit together.
    pub fn new(key: &PrivateKey) -> Result<Self> {
        private_key(key).map(Self)
    }

    /// The signature over the request's signing input, as long as the key's modulus. PS256 has a salt of 32 bytes,
    /// [RFC 7518 section 3.5](https://www.rfc-editor.org/rfc/rfc7518#section-3.5).
    ///
    /// # Errors
    ///
    /// [`ErrorCode::SigningFailed`] if the random source fails.
    pub fn sign<R: TryCryptoRng + ?Sized>(&self, request: &SigningRequest, rng: &mut R) -> Result<Vec<u8>> {
        let digest = request.digest();
        let signature = match request.algorithm {
            Algorithm::Rs256 => self.0.sign_with_rng(rng, rs256(), &digest),
            Algorithm::Ps256 => self.0.sign_with_rng(rng, ps256(), &digest),
        };
        signature.map_err(|_| {
            Error::new(ErrorCode::SigningFailed, "a failure of the random source", "a signature")
        })
    }
}

fn rs256() -> Pkcs1v15Sign {
    Pkcs1v15Sign::new::<Sha256>()
}

/// Blinded, with a salt as long as the hash, which a verifier wants too.
fn ps256() -> Pss<Sha256> {
    Pss::new_blinded()
}

/// The key by its numbers: core has read them already, and `rsa`'s own reader with the crates behind it would be a third of a
/// WASM module. `rsa` checks that they fit together.
fn private_key(key: &PrivateKey) -> Result<rsa::PrivateKey> {
    let unsound = || {
        let found = "numbers that do not make an RSA key";
        Error::new(ErrorCode::KeyInvalid, found, "a sound RSA private key")
    };
    let public = key.public_key();
    let secret = key.numbers()?;
    // All as wide as the modulus, so that their sizes tell nothing.
    let width = public.modulus().len();
    let secret_number = |bytes| number(bytes, width).ok_or_else(unsound);
    let [p, q] = secret.primes;
    let (n, e) = public_numbers(public).ok_or_else(unsound)?;
    let d = secret_number(secret.private_exponent)?;
    let primes = [secret_number(p)?, secret_number(q)?].into();
    rsa::PrivateKey::from_components(n, e, d, primes).map_err(|_| unsound())
}

fn public_numbers(key: &RsaPublicKey) -> Option<(BoxedUint, BoxedUint)> {
    let (n, e) = (key.modulus(), key.exponent());
    Some((number(n, n.len())?, number(e, e.len())?))
}

/// A big-endian number, with room for that many bytes.
fn number(bytes: &[u8], room: usize) -> Option<BoxedUint> {
    BoxedUint::from_be_slice(bytes, u32::try_from(room).ok()?.checked_mul(8)?).ok()
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
        let key = public_numbers(key).and_then(|(n, e)| rsa::PublicKey::new(n, e).ok());
        key.map(Self).ok_or_else(|| {
            Error::new(ErrorCode::KeyInvalid, "numbers that do not make an RSA key", "a sound RSA public key")
        })
    }

    /// Checks that `signature` is the key's over the request's signing input.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::SignatureInvalid`].
    pub fn verify(&self, request: &SigningRequest, signature: &[u8]) -> Result<()> {
        let digest = request.digest();
        let verified = match request.algorithm {
            Algorithm::Rs256 => self.0.verify(rs256(), &digest, signature),
            Algorithm::Ps256 => self.0.verify(ps256(), &digest, signature),
        };
        verified.map_err(|_| request.wrong_signature(signature))
    }
}
