//! RSA signatures for runtimes without WebCrypto. A module of its own, loaded only there, because it would double the size
//! of the main one. It holds the key in its memory and blinds every signature; the randomness for that comes from the host, 32
//! fresh bytes with each call.

#![no_std]

extern crate alloc;

use certgrant_core::{Algorithm, Bundle, Result, Secret, SigningRequest};
use certgrant_signer::{RustCryptoSigner, RustCryptoVerifier};
use certgrant_wasm_convert::{Made, Members, Registry, Value, incomplete, module};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng as _;

static SIGNERS: Registry<RustCryptoSigner> = Registry::new();

module! {
    /// Opens the private key of the PEM file `certificate`, and gives its number.
    fn signer_open(arguments) {
        let pem = Secret::new(arguments.bytes("certificate").unwrap_or_default());
        Ok(SIGNERS.insert(RustCryptoSigner::new(&Bundle::from_pem(pem.expose())?.key)?).into())
    }

    /// Forgets a key.
    fn signer_close(arguments) {
        SIGNERS.remove(arguments.number("signer"));
        Ok(Value::Undefined)
    }

    /// The signature. Holds the thread for some milliseconds.
    fn signer_sign(arguments) {
        let entropy = arguments.bytes("entropy").and_then(|entropy| entropy.try_into().ok());
        let mut random = ChaCha20Rng::from_seed(entropy.ok_or_else(incomplete)?);
        let request = request(arguments)?;
        SIGNERS.with(arguments.number("signer"), |signer| {
            Ok(Made::of_bytes(&signer.sign(&request, &mut random)?))
        })
    }

    /// Verifies a signature that was made elsewhere by the key of `spki`; throws if it is of another.
    fn signature_verify(arguments) {
        let spki = arguments.bytes("spki").unwrap_or_default();
        let signature = arguments.bytes("signature").unwrap_or_default();
        RustCryptoVerifier::from_spki_der(&spki)?.verify(&request(arguments)?, &signature)?;
        Ok(Value::Undefined)
    }
}

fn request(arguments: Members<'_>) -> Result<SigningRequest> {
    let text = |name| arguments.text(name).ok_or_else(incomplete);
    Ok(SigningRequest {
        algorithm: Algorithm::parse(&text("algorithm")?)?,
        signing_input: text("signingInput")?,
    })
}
