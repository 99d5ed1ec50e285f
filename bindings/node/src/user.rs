//! ADAL's flows.

use crate::convert::{HttpRequest, transport_failure};
use crate::error::{ErrorData, throwable};
use crate::options::ClientProduct;
use certgrant_core::{
    Error, ErrorCode, HttpResponse, Result, SecretString, Timestamp, UserFlight, UserGrant,
};
use napi::Env;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use std::cell::RefCell;
use std::collections::HashMap;

/// Which token service, and what it is told.
#[napi(object, object_to_js = false)]
pub struct UserOptions {
    /// `https://host[:port]`.
    pub authority: String,
    /// The tenant as it stands in the path.
    pub tenant: String,
    /// Value of `api-version`.
    pub api_version: String,
    /// Values of the `x-client-*` headers.
    pub product: Option<ClientProduct>,
}

/// What is to be done; which members there are depends on the grant.
#[napi(object, object_to_js = false)]
pub struct UserTask {
    /// Which way to a token.
    pub grant: String,
    /// Application (client) id.
    pub client_id: String,
    /// The resource.
    pub resource: Option<String>,
    /// Sent as `client-request-id`.
    pub correlation_id: String,
    /// The client's secret.
    pub client_secret: Option<String>,
    /// The authorization code or device code.
    pub code: Option<String>,
    /// Redirect URI of the authorization request.
    pub redirect_uri: Option<String>,
    /// The refresh token.
    pub refresh_token: Option<String>,
    /// The user's name.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<String>,
    /// Language of the message for the user.
    pub language: Option<String>,
    /// Milliseconds between two questions.
    pub interval: Option<f64>,
    /// Milliseconds after which a code is of no use.
    pub expires_in: Option<f64>,
}

/// What the host tells a flight.
#[napi(discriminant = "kind", discriminant_case = "camelCase", object_to_js = false)]
pub enum UserInput {
    /// The flight begins.
    Begin {
        /// 32 random bytes.
        entropy: Uint8Array,
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

/// What a flight asks of the host.
#[expect(clippy::large_enum_variant, reason = "made once for each step and converted at once")]
#[napi(discriminant = "kind", discriminant_case = "camelCase", object_from_js = false)]
pub enum UserStep {
    /// Send this.
    Send {
        /// What it is for.
        #[napi(ts_type = "'token' | 'userCode' | 'realm' | 'metadata' | 'assertion' | 'discovery'")]
        purpose: String,
        /// Whether the federation server's metadata did not serve.
        is_fallback: bool,
        /// The request.
        request: HttpRequest,
    },
    /// Come back later.
    Wait {
        /// When, in milliseconds.
        until: f64,
    },
    /// The end of the flight: the last response, or a fault.
    Done {
        /// What kind of fault.
        #[napi(ts_type = "'refused' | 'unanswered' | 'codeExpired' | 'accountType' | 'accountUnknown' | \
                       'federationProtocol' | 'noTrustEndpoint' | 'trustEndpointInsecure' | \
                       'trustVersionUnknown' | 'trustRefused' | 'trustEmpty' | 'trustMalformed' | \
                       'trustWithoutToken' | 'trustTokenType'")]
        fault: Option<String>,
        /// What the other side said.
        found: Option<String>,
        /// The other side's text for people.
        reason: Option<String>,
        /// The fault as an error.
        error: Option<ErrorData>,
    },
}

/// The flows of one authority, and those under way.
#[napi]
pub struct UserFlows(RefCell<State>);

struct State {
    core: certgrant_core::UserFlows,
    flights: HashMap<u32, UserFlight>,
    last_flight: u32,
}

#[napi]
impl UserFlows {
    /// The flows of an authority; throws what is wrong with its address.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, options: UserOptions) -> napi::Result<Self> {
        let UserOptions { authority, tenant, api_version, product } = options;
        let product = product.map(Into::into);
        let options = certgrant_core::UserOptions { authority, tenant, api_version, product };
        let core = certgrant_core::UserFlows::new(options).map_err(|error| throwable(env, &error))?;
        Ok(Self(RefCell::new(State { core, flights: HashMap::new(), last_flight: 0 })))
    }

    /// Begins a task, and gives the number of its flight.
    #[napi(catch_unwind)]
    pub fn begin(&self, env: Env, task: UserTask) -> napi::Result<u32> {
        let task = task.into_core().map_err(|error| throwable(env, &error))?;
        let mut state = self.0.borrow_mut();
        state.last_flight = state.last_flight.wrapping_add(1);
        let flight = state.last_flight;
        state.flights.insert(flight, UserFlight::new(task));
        Ok(flight)
    }

    /// Takes a flight one step further. Behind `done` it no longer exists.
    #[napi(catch_unwind)]
    pub fn step(&self, env: Env, flight: u32, input: UserInput, now: f64) -> napi::Result<UserStep> {
        let State { core, flights, .. } = &mut *self.0.borrow_mut();
        let now = crate::timestamp(now);
        let step = || {
            let unknown = || Error::new(ErrorCode::StepUnexpected, "an unknown flight", "a flight under way");
            core.step(flights.get_mut(&flight).ok_or_else(unknown)?, input.into_core()?, now)
        };
        let step = step().map_err(|error| throwable(env, &error))?;
        if matches!(step, certgrant_core::UserStep::Done(_)) {
            flights.remove(&flight);
        }
        Ok(UserStep::of_core(step, now))
    }

    /// Ends a flight that nobody waits for.
    #[napi(catch_unwind)]
    pub fn abandon(&self, flight: u32) {
        self.0.borrow_mut().flights.remove(&flight);
    }
}

fn incomplete() -> Error {
    Error::new(ErrorCode::StepUnexpected, "an input without its members", "a whole input")
}

impl UserTask {
    fn into_core(self) -> Result<certgrant_core::UserTask> {
        let secret = |text: Option<String>| text.map(SecretString::from).ok_or_else(incomplete);
        let client_secret = self.client_secret.map(SecretString::from);
        let millis = |millis: Option<f64>| millis.map(|millis| millis as u64).ok_or_else(incomplete);
        let grant = match self.grant.as_str() {
            "clientSecret" => UserGrant::ClientSecret(client_secret.ok_or_else(incomplete)?),
            "authorizationCode" => UserGrant::AuthorizationCode {
                code: secret(self.code)?,
                redirect_uri: self.redirect_uri.ok_or_else(incomplete)?,
                client_secret,
            },
            "refreshToken" => {
                UserGrant::RefreshToken { refresh_token: secret(self.refresh_token)?, client_secret }
            }
            "password" => UserGrant::Password {
                username: self.username.ok_or_else(incomplete)?,
                password: secret(self.password)?,
            },
            "userCode" => UserGrant::UserCode { language: self.language },
            "deviceCode" => UserGrant::DeviceCode {
                device_code: secret(self.code)?,
                interval_millis: millis(self.interval)?,
                expires_in_millis: millis(self.expires_in)?,
            },
            "discovery" => UserGrant::Discovery,
            _ => return Err(incomplete()),
        };
        let Self { client_id, resource, correlation_id, .. } = self;
        Ok(certgrant_core::UserTask { client_id, resource, correlation_id, grant })
    }
}

impl UserInput {
    fn into_core(self) -> Result<certgrant_core::UserInput> {
        use certgrant_core::UserInput as Core;
        Ok(match self {
            Self::Begin { entropy } => Core::Begin(entropy.as_ref().try_into().map_err(|_| incomplete())?),
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

impl UserStep {
    fn of_core(step: certgrant_core::UserStep, now: Timestamp) -> Self {
        use certgrant_core::UserStep as Core;
        match step {
            Core::Send { purpose, is_fallback, request } => {
                Self::Send { purpose: purpose.as_str().into(), is_fallback, request: request.into() }
            }
            Core::Wait(until) => Self::Wait { until: until.as_millis() as f64 },
            Core::Done(Ok(_)) => Self::Done { fault: None, found: None, reason: None, error: None },
            Core::Done(Err(fault)) => Self::Done {
                fault: Some(fault.kind().into()),
                found: fault.found().map(Into::into),
                reason: fault.reason().map(Into::into),
                error: Some((&fault.error(now)).into()),
            },
        }
    }
}
