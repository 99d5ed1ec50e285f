//! certgrant's core as a WASM module. It converts, calls core or WebCrypto, and converts back; what it decides is nothing.
//! Its surface is the interface `BackendClient` of the npm package, which is also that of the native addon.
//!
//! A panic traps: the caller sees a `WebAssembly.RuntimeError`. The private key is imported into WebCrypto as
//! non-extractable, once for each algorithm that is used.

mod convert;
mod error;
mod options;
mod webcrypto;

use certgrant_core::{Algorithm, Credential, FlightId, Timestamp, TokenOptions};
use convert::{Acquired, CertificateInfo, Step, StepInput, from_js, to_js};
use error::throwable;
use options::{ClientConfig, TokenRequest};
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
        let config: ClientConfig = from_js(config)?;
        let open = || {
            let (config, key) = config.into_core()?.into_config()?;
            Ok(Self { core: certgrant_core::Client::new(config)?, signer: WebCryptoSigner::new(key) })
        };
        open().map_err(|error| throwable(&error))
    }

    /// The certificate in use.
    #[wasm_bindgen(getter)]
    pub fn certificate(&self) -> Result<JsValue, JsValue> {
        match &self.core.config().credential {
            Credential::Certificate(certificate) => to_js(&CertificateInfo::from(certificate)),
            Credential::Assertion => Ok(JsValue::UNDEFINED),
        }
    }

    /// Looks for a cached token or a flight to join, or starts a flight.
    pub fn acquire(&mut self, request: JsValue, now: f64) -> Result<JsValue, JsValue> {
        let request: TokenRequest = from_js(request)?;
        let acquire = || self.core.acquire(&TokenOptions::from(request).into_request()?, timestamp(now));
        let acquired = acquire().map_err(|error| throwable(&error))?;
        to_js(&Acquired::from(acquired))
    }

    /// Takes a flight one step further.
    pub fn step(&mut self, flight: u32, input: JsValue, now: f64) -> Result<JsValue, JsValue> {
        let input: StepInput = from_js(input)?;
        let step = || self.core.step(FlightId::from_u32(flight), input.into_core()?, timestamp(now));
        let step = step().map_err(|error| throwable(&error))?;
        to_js(&Step::from(step))
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
