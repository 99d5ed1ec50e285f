//! Azure Key Vault as the place of a private key.

use crate::convert::{HttpRequest, transport_failure};
use crate::error::{ErrorData, throwable};
use certgrant_core::{
    Algorithm, Error, ErrorCode, HttpResponse, Result, SigningRequest, VaultAnswer, VaultFlight,
};
use napi::Env;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use std::cell::RefCell;
use std::collections::HashMap;

/// Which certificate of which vault.
#[napi(object, object_to_js = false)]
pub struct VaultOptions {
    /// `https://name.vault.azure.net`.
    pub vault_url: String,
    /// The certificate's name.
    pub certificate_name: String,
    /// Its version.
    pub certificate_version: Option<String>,
}

/// What a vault can do.
#[napi(discriminant = "kind", discriminant_case = "camelCase", object_to_js = false)]
pub enum VaultTask {
    /// Get the certificate.
    Certificate,
    /// Sign.
    Sign {
        /// The version of the key.
        version: String,
        /// `RS256` or `PS256`.
        algorithm: String,
        /// What to sign.
        signing_input: String,
    },
}

/// What the host tells a vault's flight.
#[napi(discriminant = "kind", discriminant_case = "camelCase", object_to_js = false)]
pub enum VaultInput {
    /// The flight begins.
    Begin {
        /// 32 random bytes.
        entropy: Uint8Array,
    },
    /// A token for the vault.
    Token {
        /// The token.
        token: String,
    },
    /// There is no token.
    TokenFailed {
        /// Why.
        message: String,
    },
    /// A response came.
    Response {
        /// HTTP status.
        status: u32,
        /// Response headers.
        headers: HashMap<String, String>,
        /// Response body.
        body: Uint8Array,
    },
    /// No response came.
    Failure {
        /// `network` or `timeout`.
        reason: String,
        /// How.
        message: String,
    },
    /// A wait is over.
    Woken,
}

/// What a vault's flight asks of the host.
#[expect(clippy::large_enum_variant, reason = "made once for each step and converted at once")]
#[napi(discriminant = "kind", discriminant_case = "camelCase", object_from_js = false)]
pub enum VaultStep {
    /// Get a token for the vault.
    Token {
        /// Its scope.
        scope: String,
        /// The vault's tenant.
        tenant: Option<String>,
        /// A claims challenge.
        claims: Option<String>,
    },
    /// Send this.
    Send {
        /// The request.
        request: HttpRequest,
    },
    /// Come back later.
    Wait {
        /// When, in milliseconds.
        until: f64,
    },
    /// The end of the flight.
    Done {
        /// The certificate as PEM.
        certificate: Option<String>,
        /// Its version.
        version: Option<String>,
        /// The signature.
        signature: Option<Uint8Array>,
        /// The error.
        error: Option<ErrorData>,
    },
}

/// A certificate of a vault, and what it is asked at the time.
#[napi]
pub struct Vault(RefCell<State>);

struct State {
    core: certgrant_core::Vault,
    flights: HashMap<u32, VaultFlight>,
    last_flight: u32,
}

#[napi]
impl Vault {
    /// A certificate of a vault; throws what is wrong with its address.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, options: VaultOptions) -> napi::Result<Self> {
        let VaultOptions { vault_url, certificate_name, certificate_version } = options;
        let options = certgrant_core::VaultOptions { vault_url, certificate_name, certificate_version };
        let core = certgrant_core::Vault::new(&options).map_err(|error| throwable(env, &error))?;
        Ok(Self(RefCell::new(State { core, flights: HashMap::new(), last_flight: 0 })))
    }

    /// Begins a task, and gives the number of its flight.
    #[napi(catch_unwind)]
    pub fn begin(&self, env: Env, task: VaultTask) -> napi::Result<u32> {
        let task = task.into_core().map_err(|error| throwable(env, &error))?;
        let mut state = self.0.borrow_mut();
        state.last_flight = state.last_flight.wrapping_add(1);
        let flight = state.last_flight;
        state.flights.insert(flight, VaultFlight::new(task));
        Ok(flight)
    }

    /// Takes a flight one step further. Behind `done` it no longer exists.
    #[napi(catch_unwind)]
    pub fn step(&self, env: Env, flight: u32, input: VaultInput, now: f64) -> napi::Result<VaultStep> {
        let State { core, flights, .. } = &mut *self.0.borrow_mut();
        let step = || {
            let unknown = || Error::new(ErrorCode::StepUnexpected, "an unknown flight", "a flight under way");
            core.step(
                flights.get_mut(&flight).ok_or_else(unknown)?,
                input.into_core()?,
                crate::timestamp(now),
            )
        };
        let step = step().map_err(|error| throwable(env, &error))?;
        if matches!(step, certgrant_core::VaultStep::Done(_)) {
            flights.remove(&flight);
        }
        Ok(step.into())
    }

    /// Ends a flight that nobody waits for.
    #[napi(catch_unwind)]
    pub fn abandon(&self, flight: u32) {
        self.0.borrow_mut().flights.remove(&flight);
    }
}

impl VaultTask {
    fn into_core(self) -> Result<certgrant_core::VaultTask> {
        Ok(match self {
            Self::Certificate => certgrant_core::VaultTask::Certificate,
            Self::Sign { version, algorithm, signing_input } => {
                let request = SigningRequest { algorithm: Algorithm::parse(&algorithm)?, signing_input };
                certgrant_core::VaultTask::Sign { version, request }
            }
        })
    }
}

impl VaultInput {
    fn into_core(self) -> Result<certgrant_core::VaultInput> {
        use certgrant_core::VaultInput as Core;
        Ok(match self {
            Self::Begin { entropy } => Core::Begin(entropy.as_ref().try_into().map_err(|_| {
                Error::new(ErrorCode::StepUnexpected, "entropy of another length", "32 random bytes")
            })?),
            Self::Token { token } => Core::Token(token.into()),
            Self::TokenFailed { message } => Core::TokenFailed(message),
            Self::Response { status, headers, body } => Core::Response(HttpResponse {
                status: status.try_into().unwrap_or(u16::MAX),
                headers: headers.into_iter().collect(),
                body: body.to_vec().into(),
            }),
            Self::Failure { reason, message } => Core::Failure(transport_failure(&reason, message)),
            Self::Woken => Core::Woken,
        })
    }
}

impl From<certgrant_core::VaultStep> for VaultStep {
    fn from(step: certgrant_core::VaultStep) -> Self {
        use certgrant_core::VaultStep as Core;
        match step {
            Core::Token { scope, tenant, claims } => Self::Token { scope, tenant, claims },
            Core::Send(request) => Self::Send { request: request.into() },
            Core::Wait(until) => Self::Wait { until: until.as_millis() as f64 },
            Core::Done(Ok(VaultAnswer::Certificate { pem, version })) => {
                Self::Done { certificate: Some(pem), version: Some(version), signature: None, error: None }
            }
            Core::Done(Ok(VaultAnswer::Signature(signature))) => {
                let signature = Some(signature.into());
                Self::Done { certificate: None, version: None, signature, error: None }
            }
            Core::Done(Err(error)) => {
                let error = Some((&error).into());
                Self::Done { certificate: None, version: None, signature: None, error }
            }
        }
    }
}
