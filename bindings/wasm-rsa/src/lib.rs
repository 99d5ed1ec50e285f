//! RSA signatures for runtimes without WebCrypto. A module of its own, loaded only there, because it would double the size
//! of the main one. It holds the key in its memory and blinds every signature; the randomness for that comes from the host,
//! fresh bytes with each call.

#![no_std]

extern crate alloc;

mod random;

use certgrant_core::{Algorithm, PrivateKey, Result, RsaPublicKey, Secret, SigningRequest};
use certgrant_signer::{RustCryptoSigner, RustCryptoVerifier};
use certgrant_wasm_convert::{Made, Members, Registry, Value, incomplete, module};
use random::HostRandom;

static SIGNERS: Registry<RustCryptoSigner> = Registry::new();

module! {
    /// Opens the private key `pkcs8`, and gives its number.
    fn signer_open(arguments) {
        let pkcs8 = Secret::new(arguments.bytes("pkcs8").unwrap_or_default());
        let key = PrivateKey::from_pkcs8_der(pkcs8.expose())?;
        Ok(SIGNERS.insert(RustCryptoSigner::new(&key)?).into())
    }

    /// Forgets a key.
    fn signer_close(arguments) {
        SIGNERS.remove(arguments.number("signer"));
        Ok(Value::Undefined)
    }

    /// The signature. Holds the thread for some milliseconds.
    fn signer_sign(arguments) {
        let entropy = Secret::new(arguments.bytes("entropy").ok_or_else(incomplete)?);
        let mut random = HostRandom::new(entropy.expose());
        let request = request(arguments)?;
        SIGNERS.with(arguments.number("signer"), |signer| {
            Ok(Made::of_bytes(&signer.sign(&request, &mut random)?))
        })
    }

    /// Verifies a signature that was made elsewhere by the key of `spki`; throws if it is of another.
    fn signature_verify(arguments) {
        let key = RsaPublicKey::from_spki_der(&arguments.bytes("spki").unwrap_or_default())?;
        let signature = arguments.bytes("signature").unwrap_or_default();
        RustCryptoVerifier::new(&key)?.verify(&request(arguments)?, &signature)?;
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
