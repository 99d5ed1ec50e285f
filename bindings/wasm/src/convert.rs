//! What goes to and fro while a token is acquired.

use crate::error::ErrorData;
use certgrant_core::{
    CertificateCredential, Error, ErrorCode, HttpResponse, Input, Result, TransportFailure,
};
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use wasm_bindgen::JsValue;

/// A Rust structure from a JavaScript object; throws if a member is missing or of another type.
pub fn from_js<T: DeserializeOwned>(value: JsValue) -> std::result::Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value).map_err(JsValue::from)
}

/// A JavaScript object from a Rust structure; absent members are undefined.
pub fn to_js<T: Serialize>(value: &T) -> std::result::Result<JsValue, JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
    value.serialize(&serializer).map_err(JsValue::from)
}

/// The certificate in use.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateInfo {
    thumbprint: Option<String>,
    thumbprint_sha256: Option<String>,
    not_before: Option<f64>,
    not_after: Option<f64>,
    algorithm: String,
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

/// A cached token, a flight to join, or a flight to drive.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Acquired {
    /// A token with time left.
    Hit { token: AccessToken },
    /// A flight under way.
    Join { flight: u32 },
    /// A new flight.
    Start { flight: u32 },
}

impl From<certgrant_core::Acquired> for Acquired {
    fn from(acquired: certgrant_core::Acquired) -> Self {
        match acquired {
            certgrant_core::Acquired::Hit(token) => Self::Hit { token: token.as_ref().into() },
            certgrant_core::Acquired::Join(flight) => Self::Join { flight: flight.as_u32() },
            certgrant_core::Acquired::Start(flight) => Self::Start { flight: flight.as_u32() },
        }
    }
}

/// An access token and what the service said of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessToken {
    access_token: String,
    token_type: String,
    expires_on: f64,
    refresh_on: Option<f64>,
    expires_in: f64,
    ext_expires_in: Option<f64>,
    service_expires_on: Option<f64>,
    not_before: Option<f64>,
    refresh_in: Option<f64>,
    resource: Option<String>,
    scope: Option<String>,
}

impl From<&certgrant_core::AccessToken> for AccessToken {
    fn from(token: &certgrant_core::AccessToken) -> Self {
        let number = |number: Option<u64>| number.map(|number| number as f64);
        Self {
            access_token: token.access_token.expose().clone(),
            token_type: token.token_type.clone(),
            expires_on: token.expires_on.as_millis() as f64,
            refresh_on: Some(token.refresh_on.as_millis() as f64),
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

/// What the host tells a flight. Flat, because a tagged enum would have serde buffer every value first.
#[derive(Deserialize)]
pub struct StepInput {
    kind: String,
    entropy: Option<Bytes>,
    signature: Option<Bytes>,
    assertion: Option<String>,
    status: Option<u16>,
    headers: Option<BTreeMap<String, String>>,
    body: Option<Bytes>,
    reason: Option<String>,
    message: Option<String>,
}

impl StepInput {
    /// The input in core's types.
    pub fn into_core(self) -> Result<Input> {
        let incomplete =
            || Error::new(ErrorCode::StepUnexpected, "an input without its members", "a whole input");
        Ok(match self.kind.as_str() {
            "begin" => {
                let entropy = self.entropy.ok_or_else(incomplete)?;
                let other_length =
                    |_| Error::new(ErrorCode::StepUnexpected, "entropy of another length", "32 random bytes");
                Input::Begin(entropy.0.try_into().map_err(other_length)?)
            }
            "signature" => Input::Signature(self.signature.ok_or_else(incomplete)?.0),
            "assertion" => Input::Assertion(self.assertion.ok_or_else(incomplete)?.into()),
            "signingFailed" => Input::SigningFailed(self.message.ok_or_else(incomplete)?),
            "response" => Input::Response(HttpResponse {
                status: self.status.ok_or_else(incomplete)?,
                headers: self.headers.unwrap_or_default().into_iter().collect(),
                body: self.body.ok_or_else(incomplete)?.0.into(),
            }),
            "failure" if self.reason.as_deref() == Some("timeout") => {
                Input::Failure(TransportFailure::Timeout)
            }
            "failure" => Input::Failure(TransportFailure::Network(self.message.ok_or_else(incomplete)?)),
            "woken" => Input::Woken,
            _ => {
                return Err(Error::new(
                    ErrorCode::StepUnexpected,
                    "an input of another kind",
                    "a known input",
                ));
            }
        })
    }
}

/// The contents of a `Uint8Array`, or of a string as UTF-8.
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct TextOrBytes;
        impl Visitor<'_> for TextOrBytes {
            type Value = Bytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or bytes")
            }

            fn visit_str<E>(self, text: &str) -> std::result::Result<Bytes, E> {
                Ok(Bytes(text.into()))
            }

            fn visit_string<E>(self, text: String) -> std::result::Result<Bytes, E> {
                Ok(Bytes(text.into_bytes()))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> std::result::Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_any(TextOrBytes)
    }
}

/// What a flight asks of the host.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Step {
    /// Sign this.
    Sign { algorithm: String, signing_input: String },
    /// Get an assertion.
    Assert { audience: String },
    /// Send this.
    Send { request: HttpRequest },
    /// Come back later.
    Wait { until: f64 },
    /// The end of the flight: a token or an error.
    Done { token: Option<AccessToken>, error: Option<ErrorData> },
}

/// A request to send.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRequest {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
    timeout: u32,
}

impl From<certgrant_core::Step> for Step {
    fn from(step: certgrant_core::Step) -> Self {
        match step {
            certgrant_core::Step::Sign(request) => Self::Sign {
                algorithm: request.algorithm.as_str().into(),
                signing_input: request.signing_input,
            },
            certgrant_core::Step::Assert { audience } => Self::Assert { audience },
            certgrant_core::Step::Send(request) => Self::Send { request: request.into() },
            certgrant_core::Step::Wait(until) => Self::Wait { until: until.as_millis() as f64 },
            certgrant_core::Step::Done(Ok(token)) => {
                Self::Done { token: Some(token.as_ref().into()), error: None }
            }
            certgrant_core::Step::Done(Err(error)) => {
                Self::Done { token: None, error: Some((&error).into()) }
            }
        }
    }
}

impl From<certgrant_core::HttpRequest> for HttpRequest {
    fn from(request: certgrant_core::HttpRequest) -> Self {
        Self {
            method: request.method.as_str().into(),
            headers: request.headers.into_iter().map(|(name, value)| (name.into(), value)).collect(),
            body: request.body.expose().clone(),
            timeout: request.timeout_millis,
            url: request.url,
        }
    }
}
