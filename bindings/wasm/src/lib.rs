//! certgrant's core as a WASM module. It converts, calls core or WebCrypto, and converts back; what it decides is nothing.
//! Its surface is the interface `BackendClient` of the npm package, which is also that of the native addon.
//!
//! A panic traps: the caller sees a `WebAssembly.RuntimeError`. The private key is imported into WebCrypto as
//! non-extractable, once for each algorithm that is used.

#![no_std]

extern crate alloc;

mod convert;
mod error;
mod options;
mod webcrypto;

use alloc::string::String;
use certgrant_core::{Algorithm, Credential, FlightId, Timestamp};
use convert::{Members, step_input};
use error::throwable;
use options::{client_options, token_options};
use wasm_bindgen::prelude::*;
use webcrypto::WebCryptoSigner;

/// One application with its credential, its cache and its flights.
#[wasm_bindgen]
pub struct Client {
    core: certgrant_core::Client,
    signer: WebCryptoSigner,
}

#[wasm_bindgen]
impl Client {
    /// A client from its configuration; throws what is wrong with it.
    #[wasm_bindgen(constructor)]
    pub fn new(config: JsValue) -> Result<Client, JsValue> {
        let open = || {
            let (config, key) = client_options(&Members::of(config))?.into_config_from_pem()?;
            Ok(Self { core: certgrant_core::Client::new(config)?, signer: WebCryptoSigner::new(key) })
        };
        open().map_err(|error| throwable(&error))
    }

    /// The certificate in use.
    #[wasm_bindgen(getter)]
    pub fn certificate(&self) -> JsValue {
        match &self.core.config().credential {
            Credential::Certificate(certificate) => convert::certificate_info(certificate),
            Credential::Assertion => JsValue::UNDEFINED,
        }
    }

    /// Looks for a cached token or a flight to join, or starts a flight.
    pub fn acquire(&mut self, request: JsValue, now: f64) -> Result<JsValue, JsValue> {
        let request = token_options(&Members::of(request));
        let acquire = || self.core.acquire(&request.into_request()?, timestamp(now));
        let acquired = acquire().map_err(|error| throwable(&error))?;
        Ok(convert::acquired(&acquired))
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

    /// Signs with the private key, in WebCrypto.
    pub fn sign(&self, algorithm: &str, signing_input: String) -> Result<js_sys::Promise, JsValue> {
        let algorithm = Algorithm::parse(algorithm).map_err(|error| throwable(&error))?;
        Ok(self.signer.sign(algorithm, signing_input))
    }
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

/// JavaScript's milliseconds; what is no sensible time is the epoch.
fn timestamp(millis: f64) -> Timestamp {
    Timestamp::from_millis(millis as u64)
}

/// Panics, for the test that a panic becomes an exception.
#[cfg(feature = "panic-probe")]
#[wasm_bindgen(js_name = panicProbe)]
pub fn panic_probe() {
    panic!("probe");
}
