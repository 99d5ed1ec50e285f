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
    Builder, Members, Registry, Value, error_data, http_request, http_response, incomplete, module,
    timestamp, transport_failure,
};

/// The flows of one authority, and those under way.
struct UserFlows {
    core: certgrant_core::UserFlows,
    flights: Vec<(u32, UserFlight)>,
    last_flight: u32,
}

impl UserFlows {
    /// The flows of an authority; throws what is wrong with its address.
    fn new(options: Members<'_>) -> Result<Self> {
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
        let core = certgrant_core::UserFlows::new(options)?;
        Ok(Self { core, flights: Vec::new(), last_flight: 0 })
    }

    /// Begins a task, and gives the number of its flight.
    fn begin(&mut self, task: Members<'_>) -> Result<u32> {
        let task = user_task(&task)?;
        self.last_flight = self.last_flight.wrapping_add(1);
        self.flights.push((self.last_flight, UserFlight::new(task)));
        Ok(self.last_flight)
    }

    /// Takes a flight one step further. Behind `done` it no longer exists.
    fn step(&mut self, flight: u32, input: Members<'_>, now: Timestamp) -> Result<Value<'static>> {
        let unknown = || Error::new(ErrorCode::StepUnexpected, "an unknown flight", "a flight under way");
        let found = self.flights.iter_mut().find(|(number, _)| *number == flight);
        let (_, found) = found.ok_or_else(unknown)?;
        let step = self.core.step(found, user_input(&input)?, now)?;
        if matches!(step, UserStep::Done(_)) {
            self.abandon(flight);
        }
        Ok(told(step, now))
    }

    /// Ends a flight that nobody waits for.
    fn abandon(&mut self, flight: u32) {
        self.flights.retain(|(number, _)| *number != flight);
    }
}

static FLOWS: Registry<UserFlows> = Registry::new();

fn members<'a>(arguments: Members<'a>, name: &str) -> Members<'a> {
    arguments.members(name).unwrap_or(Members::of(&[]))
}

fn flight(arguments: Members<'_>) -> u32 {
    arguments.number("flight").unwrap_or_default() as u32
}

module! {
    /// Opens one from `options`, and gives its number.
    fn user_open(arguments) {
        Ok(FLOWS.insert(UserFlows::new(members(arguments, "options"))?).into())
    }

    /// Forgets one.
    fn user_close(arguments) {
        FLOWS.remove(arguments.number("user"));
        Ok(Value::Undefined)
    }

    /// Begins a task, and gives the number of its flight.
    fn user_begin(arguments) {
        FLOWS.with(arguments.number("user"), |user| Ok(user.begin(members(arguments, "task"))?.into()))
    }

    /// Takes a flight one step further.
    fn user_step(arguments) {
        let now = timestamp(arguments.number("now").unwrap_or_default());
        let input = members(arguments, "input");
        FLOWS.with(arguments.number("user"), |user| user.step(flight(arguments), input, now))
    }

    /// Ends a flight that nobody waits for.
    fn user_abandon(arguments) {
        FLOWS.with(arguments.number("user"), |user| {
            user.abandon(flight(arguments));
            Ok(Value::Undefined)
        })
    }
}

fn user_task(task: &Members<'_>) -> Result<UserTask> {
    Ok(UserTask {
        client_id: task.text("clientId").unwrap_or_default(),
        resource: task.text("resource"),
        correlation_id: task.text("correlationId").unwrap_or_default(),
        grant: user_grant(task)?,
    })
}

fn user_grant(task: &Members<'_>) -> Result<UserGrant> {
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

fn user_input(input: &Members<'_>) -> Result<UserInput> {
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

fn told(step: UserStep, now: Timestamp) -> Value<'static> {
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
            .set("error", error_data(&fault.error(now))),
    }
    .finish()
}
