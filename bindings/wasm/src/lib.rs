//! certgrant's core as a WASM module. It converts, calls core or WebCrypto, and converts back; what it decides is nothing.
//! Its surface is the interface `BackendClient` of the npm package, which is also that of the native addon.
//!
//! A panic traps: the caller sees a `WebAssembly.RuntimeError`. The private key is imported into WebCrypto as
//! non-extractable, once for each algorithm that is used.

#![no_std]

extern crate alloc;

mod convert;
mod options;
mod webcrypto;

use alloc::string::String;
use alloc::vec::Vec;
use certgrant_core::{Algorithm, CertificateCredential, Error, ErrorCode, FlightId, Secret};
use certgrant_wasm_convert::{Members, bytes_of, throwable, timestamp};
use convert::step_input;
use js_sys::{Array, Promise};
use options::{client_options, token_options};
use wasm_bindgen::prelude::*;
use webcrypto::WebCryptoSigner;

/// One application with its credential, its cache and its flights.
#[wasm_bindgen]
pub struct Client {
    core: certgrant_core::Client,
    signer: Option<WebCryptoSigner>,
}

#[wasm_bindgen]
impl Client {
    /// A client from its configuration; throws what is wrong with it.
    #[wasm_bindgen(constructor)]
    pub fn new(config: JsValue) -> Result<Client, JsValue> {
        let open = || {
            let (config, key) = client_options(&Members::of(config))?.into_config_from_pem()?;
            Ok(Self { core: certgrant_core::Client::new(config)?, signer: key.map(WebCryptoSigner::new) })
        };
        open().map_err(|error| throwable(&error))
    }

    /// The certificate in use.
    #[wasm_bindgen(getter)]
    pub fn certificate(&self) -> JsValue {
        self.core.certificate().map_or(JsValue::UNDEFINED, convert::certificate_info)
    }

    /// The public key of the certificate in use, as `SubjectPublicKeyInfo`; empty if there is none.
    #[wasm_bindgen(getter, js_name = publicKey)]
    pub fn public_key(&self) -> Vec<u8> {
        self.core.certificate().map_or_else(Vec::new, |certificate| certificate.public_key().to_spki_der())
    }

    /// Puts a renewed certificate in the place of the one in use; throws what is wrong with it, and keeps the old one.
    /// Whether it is another one.
    pub fn renew(&mut self, certificate: JsValue) -> Result<bool, JsValue> {
        let file = Secret::new(bytes_of(certificate).unwrap_or_default());
        let mut renew = || {
            let terms = self.core.certificate().ok_or_else(no_key)?.terms().clone();
            let (certificate, key) = CertificateCredential::from_pem(terms, file.expose())?;
            self.signer = key.map(WebCryptoSigner::new);
            Ok(self.core.renew(certificate))
        };
        renew().map_err(|error| throwable(&error))
    }

    /// Says whether the token that the host holds serves, names a flight to join, or starts one.
    pub fn acquire(&mut self, request: JsValue, held: JsValue, now: f64) -> Result<JsValue, JsValue> {
        let request = token_options(&Members::of(request));
        let held = convert::held(&Members::of(held));
        let acquire = || self.core.acquire(&request.into_request()?, held, timestamp(now));
        acquire().map(convert::acquired).map_err(|error| throwable(&error))
    }

    /// Takes a flight one step further.
    pub fn step(&mut self, flight: u32, input: JsValue, now: f64) -> Result<JsValue, JsValue> {
        let input = Members::of(input);
        let mut step = || self.core.step(FlightId::from_u32(flight), step_input(&input)?, timestamp(now));
        let step = step().map_err(|error| throwable(&error))?;
        Ok(convert::step(&step))
    }

    /// Ends a flight that nobody waits for.
    pub fn abandon(&mut self, flight: u32) {
        self.core.abandon(FlightId::from_u32(flight));
    }

    /// What the user should be told, since this was called last.
    #[wasm_bindgen(js_name = takeNotices)]
    pub fn take_notices(&mut self) -> Array {
        convert::notices(self.core.take_notices())
    }

    /// Verifies a signature that was made elsewhere, in WebCrypto; rejects if it is not of the certificate's key.
    pub fn verify(
        &self,
        algorithm: &str,
        signing_input: String,
        signature: Vec<u8>,
    ) -> Result<Promise, JsValue> {
        let verify = || {
            let key = self.core.certificate().ok_or_else(no_key)?.public_key();
            Ok(webcrypto::verify(key.to_spki_der(), Algorithm::parse(algorithm)?, signing_input, signature))
        };
        verify().map_err(|error| throwable(&error))
    }

    /// Signs with the private key, in WebCrypto.
    pub fn sign(&self, algorithm: &str, signing_input: String) -> Result<Promise, JsValue> {
        let sign = || {
            let signer = self.signer.as_ref().ok_or_else(no_key)?;
            Ok(signer.sign(Algorithm::parse(algorithm)?, signing_input))
        };
        sign().map_err(|error| throwable(&error))
    }
}

fn no_key() -> Error {
    Error::new(ErrorCode::SigningFailed, "no private key", "the key's own signer")
}

/// Core does not panic; should it do so, the trap tells the host, and no text is worth its weight in the module.
#[cfg(target_family = "wasm")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Panics, for the test that a panic becomes an exception.
#[cfg(feature = "panic-probe")]
#[wasm_bindgen(js_name = panicProbe)]
pub fn panic_probe() {
    panic!("probe");
}
