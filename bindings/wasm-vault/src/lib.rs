//! Azure Key Vault as the place of a private key, as a WASM module of its own: loaded only for that. It converts, calls core,
//! and converts back. Its surface is the interface `BackendVault` of the npm package, which is also that of the native addon.

#![no_std]

extern crate alloc;

use alloc::vec::Vec;
use certgrant_core::{
    Algorithm, Error, ErrorCode, Result, SigningRequest, Timestamp, VaultAnswer, VaultFlight, VaultInput,
    VaultOptions, VaultStep, VaultTask,
};
use certgrant_wasm_convert::{
    Builder, Members, Registry, Value, error_data, http_request, http_response, incomplete, module,
    timestamp, transport_failure,
};

/// A certificate of a vault, and what it is asked at the time.
struct Vault {
    core: certgrant_core::Vault,
    flights: Vec<(u32, VaultFlight)>,
    last_flight: u32,
}

impl Vault {
    /// A certificate of a vault; throws what is wrong with its address.
    fn new(options: Members<'_>) -> Result<Self> {
        let options = VaultOptions {
            vault_url: options.text("vaultUrl").unwrap_or_default(),
            certificate_name: options.text("certificateName").unwrap_or_default(),
            certificate_version: options.text("certificateVersion"),
        };
        let core = certgrant_core::Vault::new(&options)?;
        Ok(Self { core, flights: Vec::new(), last_flight: 0 })
    }

    /// Begins a task, and gives the number of its flight.
    fn begin(&mut self, task: Members<'_>) -> Result<u32> {
        let task = vault_task(&task)?;
        self.last_flight = self.last_flight.wrapping_add(1);
        self.flights.push((self.last_flight, VaultFlight::new(task)));
        Ok(self.last_flight)
    }

    /// Takes a flight one step further. Behind `done` it no longer exists.
    fn step(&mut self, flight: u32, input: Members<'_>, now: Timestamp) -> Result<Value<'static>> {
        let unknown = || Error::new(ErrorCode::StepUnexpected, "an unknown flight", "a flight under way");
        let found = self.flights.iter_mut().find(|(number, _)| *number == flight);
        let (_, found) = found.ok_or_else(unknown)?;
        let step = self.core.step(found, vault_input(&input)?, now)?;
        if matches!(step, VaultStep::Done(_)) {
            self.abandon(flight);
        }
        Ok(told(step))
    }

    /// Ends a flight that nobody waits for.
    fn abandon(&mut self, flight: u32) {
        self.flights.retain(|(number, _)| *number != flight);
    }
}

static VAULTS: Registry<Vault> = Registry::new();

fn members<'a>(arguments: Members<'a>, name: &str) -> Members<'a> {
    arguments.members(name).unwrap_or(Members::of(&[]))
}

fn flight(arguments: Members<'_>) -> u32 {
    arguments.number("flight").unwrap_or_default() as u32
}

module! {
    /// Opens one from `options`, and gives its number.
    fn vault_open(arguments) {
        Ok(VAULTS.insert(Vault::new(members(arguments, "options"))?).into())
    }

    /// Forgets one.
    fn vault_close(arguments) {
        VAULTS.remove(arguments.number("vault"));
        Ok(Value::Undefined)
    }

    /// Begins a task, and gives the number of its flight.
    fn vault_begin(arguments) {
        VAULTS.with(arguments.number("vault"), |vault| Ok(vault.begin(members(arguments, "task"))?.into()))
    }

    /// Takes a flight one step further.
    fn vault_step(arguments) {
        let now = timestamp(arguments.number("now").unwrap_or_default());
        let input = members(arguments, "input");
        VAULTS.with(arguments.number("vault"), |vault| vault.step(flight(arguments), input, now))
    }

    /// Ends a flight that nobody waits for.
    fn vault_abandon(arguments) {
        VAULTS.with(arguments.number("vault"), |vault| {
            vault.abandon(flight(arguments));
            Ok(Value::Undefined)
        })
    }
}

fn vault_task(task: &Members<'_>) -> Result<VaultTask> {
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

fn vault_input(input: &Members<'_>) -> Result<VaultInput> {
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

fn told(step: VaultStep) -> Value<'static> {
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
            object.set("kind", "done").set("signature", signature.as_slice())
        }
        VaultStep::Done(Err(error)) => object.set("kind", "done").set("error", error_data(&error)),
    }
    .finish()
}
