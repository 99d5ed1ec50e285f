//! ADAL's flows as a WASM module of its own: loaded only for them. It converts, calls core, and converts back. Its surface is
//! the interface `BackendUserFlows` of the npm package, which is also that of the native addon.

#![no_std]

extern crate alloc;

use alloc::vec::Vec;
use certgrant_core::{
    Error, ErrorCode, Product, Result, Timestamp, UserFlight, UserGrant, UserInput, UserOptions, UserStep,
    UserTask,
};
use certgrant_wasm_convert::{
    Builder, Members, error_data, http_request, http_response, incomplete, throwable, timestamp,
    transport_failure,
};
use js_sys::Object;
use wasm_bindgen::prelude::*;

/// The flows of one authority, and those under way.
#[wasm_bindgen]
pub struct UserFlows {
    core: certgrant_core::UserFlows,
    flights: Vec<(u32, UserFlight)>,
    last_flight: u32,
}

#[wasm_bindgen]
impl UserFlows {
    /// The flows of an authority; throws what is wrong with its address.
    #[wasm_bindgen(constructor)]
    pub fn new(options: JsValue) -> core::result::Result<UserFlows, JsValue> {
        let options = Members::of(options);
        let text = |name| options.text(name).unwrap_or_default();
        let product = options.members("product").map(|product| Product {
            sku: product.text("sku").unwrap_or_default(),
            version: product.text("version").unwrap_or_default(),
            os: product.text("os"),
            cpu: product.text("cpu"),
        });
        let options = UserOptions {
            authority: text("authority"),
            tenant: text("tenant"),
            api_version: text("apiVersion"),
            product,
        };
        let core = certgrant_core::UserFlows::new(options).map_err(|error| throwable(&error))?;
        Ok(Self { core, flights: Vec::new(), last_flight: 0 })
    }

    /// Begins a task, and gives the number of its flight.
    pub fn begin(&mut self, task: JsValue) -> core::result::Result<u32, JsValue> {
        let task = user_task(&Members::of(task)).map_err(|error| throwable(&error))?;
        self.last_flight = self.last_flight.wrapping_add(1);
        self.flights.push((self.last_flight, UserFlight::new(task)));
        Ok(self.last_flight)
    }

    /// Takes a flight one step further. Behind `done` it no longer exists.
    pub fn step(&mut self, flight: u32, input: JsValue, now: f64) -> core::result::Result<JsValue, JsValue> {
        let (input, now) = (Members::of(input), timestamp(now));
        let mut step = || {
            let unknown = || Error::new(ErrorCode::StepUnexpected, "an unknown flight", "a flight under way");
            let found = self.flights.iter_mut().find(|(number, _)| *number == flight);
            let (_, found) = found.ok_or_else(unknown)?;
            self.core.step(found, user_input(&input)?, now)
        };
        let step = step().map_err(|error| throwable(&error))?;
        if matches!(step, UserStep::Done(_)) {
            self.abandon(flight);
        }
        Ok(user_step(step, now))
    }

    /// Ends a flight that nobody waits for.
    pub fn abandon(&mut self, flight: u32) {
        self.flights.retain(|(number, _)| *number != flight);
    }
}

fn user_task(task: &Members) -> Result<UserTask> {
    Ok(UserTask {
        client_id: task.text("clientId").unwrap_or_default(),
        resource: task.text("resource"),
        correlation_id: task.text("correlationId").unwrap_or_default(),
        grant: user_grant(task)?,
    })
}

fn user_grant(task: &Members) -> Result<UserGrant> {
    let text = |name| task.text(name).ok_or_else(incomplete);
    let millis = |name| task.number(name).map(|millis| millis as u64).ok_or_else(incomplete);
    let client_secret = task.text("clientSecret").map(Into::into);
    Ok(match text("grant")?.as_str() {
        "clientSecret" => UserGrant::ClientSecret(client_secret.ok_or_else(incomplete)?),
        "authorizationCode" => UserGrant::AuthorizationCode {
            code: text("code")?.into(),
            redirect_uri: text("redirectUri")?,
            client_secret,
        },
        "refreshToken" => {
            UserGrant::RefreshToken { refresh_token: text("refreshToken")?.into(), client_secret }
        }
        "password" => UserGrant::Password { username: text("username")?, password: text("password")?.into() },
        "userCode" => UserGrant::UserCode { language: task.text("language") },
        "deviceCode" => UserGrant::DeviceCode {
            device_code: text("code")?.into(),
            interval_millis: millis("interval")?,
            expires_in_millis: millis("expiresIn")?,
        },
        "discovery" => UserGrant::Discovery,
        _ => return Err(incomplete()),
    })
}

fn user_input(input: &Members) -> Result<UserInput> {
    Ok(match input.text("kind").ok_or_else(incomplete)?.as_str() {
        "begin" => {
            let entropy = input.bytes("entropy").ok_or_else(incomplete)?;
            UserInput::Begin(entropy.try_into().map_err(|_| incomplete())?)
        }
        "response" => UserInput::Response(http_response(input)?),
        "failure" => UserInput::Failure(transport_failure(input)?),
        "woken" => UserInput::Woken,
        _ => return Err(incomplete()),
    })
}

fn user_step(step: UserStep, now: Timestamp) -> JsValue {
    let object = Builder::new();
    match step {
        UserStep::Send { purpose, is_fallback, request } => object
            .set("kind", "send")
            .set("purpose", purpose.as_str())
            .set("isFallback", is_fallback)
            .set("request", http_request(&request)),
        UserStep::Wait(until) => object.set("kind", "wait").set("until", until.as_millis() as f64),
        UserStep::Done(Ok(_)) => object.set("kind", "done"),
        UserStep::Done(Err(fault)) => object
            .set("kind", "done")
            .set("fault", fault.kind())
            .set_some("found", fault.found())
            .set_some("reason", fault.reason())
            .set("error", error_data(Object::new(), &fault.error(now)).finish()),
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
