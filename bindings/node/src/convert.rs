//! What goes to and fro while a token is acquired.

use crate::error::ErrorData;
use certgrant_core::{
    CertificateCredential, Error, ErrorCode, Held, HttpResponse, Input, Outcome, Result, TransportFailure,
};
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use std::collections::HashMap;

/// The certificate in use.
#[napi(object, object_from_js = false)]
pub struct CertificateInfo {
    /// SHA-1 thumbprint in hexadecimal.
    pub thumbprint: Option<String>,
    /// SHA-256 thumbprint in hexadecimal.
    pub thumbprint_sha256: Option<String>,
    /// Start of validity, in milliseconds.
    pub not_before: Option<f64>,
    /// End of validity, in milliseconds.
    pub not_after: Option<f64>,
    /// Signature algorithm of the assertions.
    #[napi(ts_type = "'RS256' | 'PS256'")]
    pub algorithm: String,
}

impl From<&CertificateCredential> for CertificateInfo {
    fn from(credential: &CertificateCredential) -> Self {
        Self {
            thumbprint: credential.thumbprint_sha1.map(|thumbprint| thumbprint.to_hex()),
            thumbprint_sha256: credential.thumbprint_sha256.map(|thumbprint| thumbprint.to_hex()),
            not_before: credential.validity.map(|(from, _)| from.as_millis() as f64),
            not_after: credential.validity.map(|(_, to)| to.as_millis() as f64),
            algorithm: credential.algorithm.as_str().into(),
        }
    }
}

/// What the user should be told although nothing failed.
#[napi(object, object_from_js = false)]
pub struct Notice {
    /// Stable code, `WARN_…`.
    pub code: String,
    /// What there is to tell.
    pub message: String,
}

impl From<certgrant_core::Notice> for Notice {
    fn from(notice: certgrant_core::Notice) -> Self {
        Self { code: notice.code.as_str().into(), message: notice.to_string() }
    }
}

/// What is known of the token that the host holds, times in milliseconds.
#[napi(object, object_to_js = false)]
pub struct HeldToken {
    /// When it was got.
    pub obtained_on: f64,
    /// From when on to renew it.
    pub refresh_on: f64,
    /// When it dies.
    pub expires_on: f64,
}

impl From<HeldToken> for Held {
    fn from(held: HeldToken) -> Self {
        Self {
            obtained_on: crate::timestamp(held.obtained_on),
            refresh_on: crate::timestamp(held.refresh_on),
            expires_on: crate::timestamp(held.expires_on),
        }
    }
}

/// What to do for a request.
#[napi(discriminant = "kind", discriminant_case = "camelCase", object_from_js = false)]
pub enum Acquired {
    /// The token that the host holds serves.
    Serve,
    /// It serves, and is to be renewed while nobody waits.
    ServeAndRenew {
        /// The flight's number.
        flight: u32,
    },
    /// Wait for a flight that is under way.
    Join {
        /// The flight's number.
        flight: u32,
    },
    /// Drive a new flight.
    Start {
        /// The flight's number.
        flight: u32,
    },
}

impl From<certgrant_core::Acquired> for Acquired {
    fn from(acquired: certgrant_core::Acquired) -> Self {
        use certgrant_core::Acquired as Core;
        match acquired {
            Core::Serve => Self::Serve,
            Core::ServeAndRenew(flight) => Self::ServeAndRenew { flight: flight.as_u32() },
            Core::Join(flight) => Self::Join { flight: flight.as_u32() },
            Core::Start(flight) => Self::Start { flight: flight.as_u32() },
        }
    }
}

/// An access token and what the service said of it.
#[napi(object, object_from_js = false)]
pub struct AccessToken {
    /// The token.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// When it was got, in milliseconds.
    pub obtained_on: f64,
    /// When it dies, in milliseconds.
    pub expires_on: f64,
    /// From when on to renew it, in milliseconds.
    pub refresh_on: f64,
    /// Lifetime in seconds.
    pub expires_in: f64,
    /// Lifetime in an outage, in seconds.
    pub ext_expires_in: Option<f64>,
    /// `expires_on` of the response, in seconds.
    pub service_expires_on: Option<f64>,
    /// `not_before` of the response, in seconds.
    pub not_before: Option<f64>,
    /// `refresh_in` of the response, in seconds.
    pub refresh_in: Option<f64>,
    /// `resource` of the response.
    pub resource: Option<String>,
    /// `scope` of the response.
    pub scope: Option<String>,
}

impl From<&certgrant_core::AccessToken> for AccessToken {
    fn from(token: &certgrant_core::AccessToken) -> Self {
        let number = |number: Option<u64>| number.map(|number| number as f64);
        Self {
            access_token: token.access_token.expose().clone(),
            token_type: token.token_type.clone(),
            expires_on: token.expires_on.as_millis() as f64,
            obtained_on: token.obtained_on.as_millis() as f64,
            refresh_on: token.refresh_on.as_millis() as f64,
            expires_in: token.expires_in as f64,
            ext_expires_in: number(token.ext_expires_in),
            service_expires_on: number(token.service_expires_on),
            not_before: number(token.not_before),
            refresh_in: number(token.refresh_in),
            resource: token.resource.clone(),
            scope: token.scope.clone(),
        }
    }
}

/// What the host tells a flight.
#[napi(discriminant = "kind", discriminant_case = "camelCase", object_to_js = false)]
pub enum StepInput {
    /// The flight begins.
    Begin {
        /// 32 random bytes.
        entropy: Uint8Array,
    },
    /// A signature was made.
    Signature {
        /// The signature.
        signature: Uint8Array,
    },
    /// An assertion was made elsewhere.
    Assertion {
        /// The assertion.
        assertion: String,
    },
    /// Signing failed.
    SigningFailed {
        /// How.
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
        /// `network`, `proxy` or `timeout`.
        reason: String,
        /// How.
        message: String,
    },
    /// A wait is over.
    Woken,
    /// The host has looked for another certificate.
    Renewed,
    /// A key file was read.
    Key {
        /// Its content.
        key: Uint8Array,
    },
    /// A key file can't be read.
    KeyUnreadable {
        /// Why.
        message: String,
    },
}

impl StepInput {
    /// The input in core's types.
    pub fn into_core(self) -> Result<Input> {
        Ok(match self {
            Self::Begin { entropy } => Input::Begin(entropy.as_ref().try_into().map_err(|_| {
                Error::new(ErrorCode::StepUnexpected, "entropy of another length", "32 random bytes")
            })?),
            Self::Signature { signature } => Input::Signature(signature.to_vec().into()),
            Self::Assertion { assertion } => Input::Assertion(assertion.into()),
            Self::SigningFailed { message } => Input::SigningFailed(message),
            Self::Response { status, headers, body } => Input::Response(HttpResponse {
                status: status.try_into().unwrap_or(u16::MAX),
                headers: headers.into_iter().collect(),
                body: body.to_vec().into(),
            }),
            Self::Failure { reason, message } => Input::Failure(transport_failure(&reason, message)),
            Self::Woken => Input::Woken,
            Self::Renewed => Input::Renewed,
            Self::Key { key } => Input::Key(key.to_vec().into()),
            Self::KeyUnreadable { message } => Input::KeyUnreadable(message),
        })
    }
}

/// Why there is no response: `network`, `proxy` or `timeout`.
pub fn transport_failure(reason: &str, message: String) -> TransportFailure {
    match reason {
        "timeout" => TransportFailure::Timeout,
        "proxy" => TransportFailure::Proxy(message),
        _ => TransportFailure::Network(message),
    }
}

/// What a flight asks of the host.
#[expect(clippy::large_enum_variant, reason = "made once for each step and converted at once")]
#[napi(discriminant = "kind", discriminant_case = "camelCase", object_from_js = false)]
pub enum Step {
    /// Sign this.
    Sign {
        /// The algorithm.
        #[napi(ts_type = "'RS256' | 'PS256'")]
        algorithm: String,
        /// What to sign.
        signing_input: String,
        /// SHA-256 over that.
        digest: Uint8Array,
    },
    /// Look for a renewed certificate.
    Renew {
        /// Whether the service refused the one in use.
        after_refusal: bool,
    },
    /// Get an assertion.
    Assert {
        /// Its audience.
        audience: String,
    },
    /// Read this key file.
    ReadKey {
        /// Its path.
        path: String,
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
    /// The end of the flight: a token or an error.
    Done {
        /// The token.
        token: Option<AccessToken>,
        /// Whether the token that the host holds serves, in spite of the error.
        is_held: Option<bool>,
        /// The error.
        error: Option<ErrorData>,
    },
}

/// A request to send.
#[napi(object, object_from_js = false)]
pub struct HttpRequest {
    /// How.
    #[napi(ts_type = "'GET' | 'POST'")]
    pub method: String,
    /// Where to.
    pub url: String,
    /// Request headers.
    pub headers: HashMap<String, String>,
    /// Request body.
    pub body: String,
    /// After how many milliseconds to give up.
    pub timeout: u32,
    /// No proxy must come between.
    pub direct: bool,
    /// SHA-1 thumbprint of the server's certificate.
    pub server_thumbprint: Option<String>,
}

impl From<certgrant_core::Step> for Step {
    fn from(step: certgrant_core::Step) -> Self {
        match step {
            certgrant_core::Step::Sign(request) => Self::Sign {
                algorithm: request.algorithm.as_str().into(),
                digest: request.digest().to_vec().into(),
                signing_input: request.signing_input,
            },
            certgrant_core::Step::Renew { after_refusal } => Self::Renew { after_refusal },
            certgrant_core::Step::Assert { audience } => Self::Assert { audience },
            certgrant_core::Step::ReadKey { path } => Self::ReadKey { path },
            certgrant_core::Step::Send(request) => Self::Send { request: request.into() },
            certgrant_core::Step::Wait(until) => Self::Wait { until: until.as_millis() as f64 },
            certgrant_core::Step::Done(Outcome::Token(token)) => {
                Self::Done { token: Some((&token).into()), is_held: None, error: None }
            }
            certgrant_core::Step::Done(Outcome::Held(error)) => {
                Self::Done { token: None, is_held: Some(true), error: Some((&error).into()) }
            }
            certgrant_core::Step::Done(Outcome::Failed(error)) => {
                Self::Done { token: None, is_held: None, error: Some((&error).into()) }
            }
        }
    }
}

impl From<certgrant_core::HttpRequest> for HttpRequest {
    fn from(request: certgrant_core::HttpRequest) -> Self {
        let secret =
            request.secret_header.iter().map(|(name, value)| ((*name).into(), value.expose().clone()));
        let headers = request.headers.into_iter().map(|(name, value)| (name.into(), value));
        Self {
            method: request.method.as_str().into(),
            headers: headers.chain(secret).collect(),
            body: request.body.expose().clone(),
            timeout: request.timeout_millis,
            direct: request.is_direct,
            server_thumbprint: request.server_thumbprint,
            url: request.url,
        }
    }
}
