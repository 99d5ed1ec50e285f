//! RSA signatures for runtimes without WebCrypto. A module of its own, loaded only there, because it would double the size
//! of the main one. It holds the key in its memory and blinds every signature with the runtime's random bytes.

use certgrant_core::{Algorithm, Bundle, Error, Secret, SigningRequest};
use certgrant_signer::{RustCryptoSigner, RustCryptoVerifier};
use getrandom::SysRng;
use wasm_bindgen::prelude::*;

/// A private key that signs.
#[wasm_bindgen]
pub struct RsaSigner(RustCryptoSigner);

#[wasm_bindgen]
impl RsaSigner {
    /// The signer of the private key in a PEM file; throws what is wrong with it.
    #[wasm_bindgen(constructor)]
    pub fn new(pem: Vec<u8>) -> Result<RsaSigner, JsValue> {
        let pem = Secret::new(pem);
        let open = || RustCryptoSigner::new(&Bundle::from_pem(pem.expose())?.key);
        open().map(Self).map_err(|error| throwable(&error))
    }

    /// The signature. Holds the thread for some milliseconds.
    pub fn sign(&self, algorithm: &str, signing_input: String) -> Result<Vec<u8>, JsValue> {
        let sign = || {
            let request = SigningRequest { algorithm: Algorithm::parse(algorithm)?, signing_input };
            self.0.sign(&request, &mut SysRng)
        };
        sign().map_err(|error| throwable(&error))
    }
}

/// Verifies a signature that was made elsewhere by the key of `spki`; throws if it is of another.
#[wasm_bindgen]
pub fn verify(spki: &[u8], algorithm: &str, signing_input: String, signature: &[u8]) -> Result<(), JsValue> {
    let verify = || {
        let request = SigningRequest { algorithm: Algorithm::parse(algorithm)?, signing_input };
        RustCryptoVerifier::from_spki_der(spki)?.verify(&request, signature)
    };
    verify().map_err(|error| throwable(&error))
}

/// A JavaScript error with core's text, code and hint.
fn throwable(error: &Error) -> JsValue {
    let object = js_sys::Error::new(&error.to_string());
    for (name, value) in [("code", error.code().as_str()), ("hint", error.hint())] {
        // Setting a member of a new object does not fail.
        let _ = js_sys::Reflect::set(&object, &name.into(), &value.into());
    }
    object.into()
}
