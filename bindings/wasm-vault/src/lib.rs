//! Azure Key Vault as the place of a private key, as a WASM module of its own: loaded only for that. It converts, calls core,
//! and converts back. Its surface is the interface `BackendVault` of the npm package, which is also that of the native addon.

#![no_std]

extern crate alloc;

use alloc::vec::Vec;
use certgrant_core::{
    Algorithm, Error, ErrorCode, Result, SigningRequest, VaultAnswer, VaultFlight, VaultInput, VaultOptions,
    VaultStep, VaultTask,
};
use certgrant_wasm_convert::{
    Builder, Members, error_data, http_request, http_response, incomplete, throwable, timestamp,
    transport_failure,
};
use js_sys::{Object, Uint8Array};
use wasm_bindgen::prelude::*;

/// A certificate of a vault, and what it is asked at the time.
#[wasm_bindgen]
pub struct Vault {
    core: certgrant_core::Vault,
    flights: Vec<(u32, VaultFlight)>,
    last_flight: u32,
}

#[wasm_bindgen]
impl Vault {
    /// A certificate of a vault; throws what is wrong with its address.
    #[wasm_bindgen(constructor)]
    pub fn new(options: JsValue) -> core::result::Result<Vault, JsValue> {
        let options = Members::of(options);
        let options = VaultOptions {
            vault_url: options.text("vaultUrl").unwrap_or_default(),
            certificate_name: options.text("certificateName").unwrap_or_default(),
            certificate_version: options.text("certificateVersion"),
        };
        let core = certgrant_core::Vault::new(&options).map_err(|error| throwable(&error))?;
        Ok(Self { core, flights: Vec::new(), last_flight: 0 })
    }

    /// Begins a task, and gives the number of its flight.
    pub fn begin(&mut self, task: JsValue) -> core::result::Result<u32, JsValue> {
        let task = vault_task(&Members::of(task)).map_err(|error| throwable(&error))?;
        self.last_flight = self.last_flight.wrapping_add(1);
        self.flights.push((self.last_flight, VaultFlight::new(task)));
        Ok(self.last_flight)
    }

    /// Takes a flight one step further. Behind `done` it no longer exists.
    pub fn step(&mut self, flight: u32, input: JsValue, now: f64) -> core::result::Result<JsValue, JsValue> {
        let input = Members::of(input);
        let mut step = || {
            let unknown = || Error::new(ErrorCode::StepUnexpected, "an unknown flight", "a flight under way");
            let found = self.flights.iter_mut().find(|(number, _)| *number == flight);
            let (_, found) = found.ok_or_else(unknown)?;
            self.core.step(found, vault_input(&input)?, timestamp(now))
        };
        let step = step().map_err(|error| throwable(&error))?;
        if matches!(step, VaultStep::Done(_)) {
            self.abandon(flight);
        }
        Ok(vault_step(step))
    }

    /// Ends a flight that nobody waits for.
    pub fn abandon(&mut self, flight: u32) {
        self.flights.retain(|(number, _)| *number != flight);
    }
}

fn vault_task(task: &Members) -> Result<VaultTask> {
    let text = |name| task.text(name).ok_or_else(incomplete);
    match text("kind")?.as_str() {
        "certificate" => Ok(VaultTask::Certificate),
        "sign" => {
            let (algorithm, signing_input) = (Algorithm::parse(&text("algorithm")?)?, text("signingInput")?);
            Ok(VaultTask::Sign {
                version: text("version")?,
                request: SigningRequest { algorithm, signing_input },
            })
        }
        _ => Err(incomplete()),
    }
}

fn vault_input(input: &Members) -> Result<VaultInput> {
    let text = |name| input.text(name).ok_or_else(incomplete);
    Ok(match text("kind")?.as_str() {
        "begin" => {
            let entropy = input.bytes("entropy").ok_or_else(incomplete)?;
            VaultInput::Begin(entropy.try_into().map_err(|_| incomplete())?)
        }
        "token" => VaultInput::Token(text("token")?.into()),
        "tokenFailed" => VaultInput::TokenFailed(text("message")?),
        "response" => VaultInput::Response(http_response(input)?),
        "failure" => VaultInput::Failure(transport_failure(input)?),
        "woken" => VaultInput::Woken,
        _ => return Err(incomplete()),
    })
}

fn vault_step(step: VaultStep) -> JsValue {
    let object = Builder::new();
    match step {
        VaultStep::Token { scope, tenant, claims } => object
            .set("kind", "token")
            .set("scope", scope)
            .set_some("tenant", tenant)
            .set_some("claims", claims),
        VaultStep::Send(request) => object.set("kind", "send").set("request", http_request(&request)),
        VaultStep::Wait(until) => object.set("kind", "wait").set("until", until.as_millis() as f64),
        VaultStep::Done(Ok(VaultAnswer::Certificate { pem, version })) => {
            object.set("kind", "done").set("certificate", pem).set("version", version)
        }
        VaultStep::Done(Ok(VaultAnswer::Signature(signature))) => {
            object.set("kind", "done").set("signature", Uint8Array::from(signature.as_slice()))
        }
        VaultStep::Done(Err(error)) => {
            object.set("kind", "done").set("error", error_data(Object::new(), &error).finish())
        }
    }
    .finish()
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
