//! What goes to and fro while a token is acquired: members of JavaScript objects, read and written one by one.
//!
//! By hand, for size: the same through serde and serde-wasm-bindgen took a quarter more of the module.

use crate::error::error_data;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use certgrant_core::{
    AccessToken, Acquired, CertificateCredential, Error, ErrorCode, HttpRequest, HttpResponse, Input, Notice,
    Result, Step, TransportFailure,
};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

/// The members of a JavaScript object. What is absent, null or of another type is none: core says what is missing.
pub struct Members(JsValue);

impl Members {
    /// The members of a value; of one that is no object, none.
    pub fn of(value: JsValue) -> Self {
        Self(value)
    }

    fn get(&self, name: &str) -> Option<JsValue> {
        Reflect::get(&self.0, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
    }

    /// A string.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_string()
    }

    /// An array of strings.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let array: Array = self.get(name)?.dyn_into().ok()?;
        Some(array.iter().filter_map(|element| element.as_string()).collect())
    }

    /// The contents of a `Uint8Array`, or of a string as UTF-8.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        bytes_of(self.get(name)?)
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_f64()
    }

    /// Whether a member is true.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.is_truthy())
    }

    /// The members of a member.
    pub fn members(&self, name: &str) -> Option<Self> {
        self.get(name).map(Self)
    }

    /// All members that are strings.
    fn text_entries(&self) -> Vec<(String, String)> {
        let Some(object) = self.0.dyn_ref::<Object>() else {
            return Vec::new();
        };
        let names = Object::keys(object);
        let name = |index| names.get(index).as_string();
        (0..names.length())
            .filter_map(name)
            .filter_map(|name| self.text(&name).map(|text| (name, text)))
            .collect()
    }
}

/// The contents of a `Uint8Array`, or of a string as UTF-8.
pub fn bytes_of(value: JsValue) -> Option<Vec<u8>> {
    match value.as_string() {
        Some(text) => Some(text.into_bytes()),
        None => value.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec()),
    }
}

/// A JavaScript object in the making.
pub struct Builder(Object);

impl From<Object> for Builder {
    fn from(object: Object) -> Self {
        Self(object)
    }
}

impl Builder {
    /// An object without members.
    pub fn new() -> Self {
        Self(Object::new())
    }

    /// Adds a member; setting one of an ordinary new object does not fail.
    pub fn set(self, name: &str, value: impl Into<JsValue>) -> Self {
        let _ = Reflect::set(&self.0, &name.into(), &value.into());
        self
    }

    /// Adds a member if there is a value for it.
    pub fn set_some(self, name: &str, value: Option<impl Into<JsValue>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Adds a number if there is one.
    fn seconds(self, name: &str, value: Option<u64>) -> Self {
        self.set_some(name, value.map(|number| number as f64))
    }

    /// The object.
    pub fn finish(self) -> JsValue {
        self.0.into()
    }
}

/// `CertificateInfo`.
pub fn certificate_info(credential: &CertificateCredential) -> JsValue {
    Builder::new()
        .set_some("thumbprint", credential.thumbprint_sha1.map(|thumbprint| thumbprint.to_hex()))
        .set_some("thumbprintSha256", credential.thumbprint_sha256.map(|thumbprint| thumbprint.to_hex()))
        .set_some("notBefore", credential.validity.map(|(from, _)| from.as_millis() as f64))
        .set_some("notAfter", credential.validity.map(|(_, to)| to.as_millis() as f64))
        .set("algorithm", credential.algorithm.as_str())
        .finish()
}

/// `Notice[]`.
pub fn notices(notices: Vec<Notice>) -> Array {
    let object = |notice: &Notice| {
        Builder::new().set("code", notice.code.as_str()).set("message", notice.to_string()).finish()
    };
    notices.iter().map(object).collect()
}

/// `Acquired`.
pub fn acquired(acquired: &Acquired) -> JsValue {
    let object = Builder::new();
    match acquired {
        Acquired::Hit(token) => object.set("kind", "hit").set("token", access_token(token)),
        Acquired::Join(flight) => object.set("kind", "join").set("flight", flight.as_u32()),
        Acquired::Start(flight) => object.set("kind", "start").set("flight", flight.as_u32()),
    }
    .finish()
}

/// `AccessToken`.
fn access_token(token: &AccessToken) -> JsValue {
    Builder::new()
        .set("accessToken", token.access_token.expose().as_str())
        .set("tokenType", token.token_type.as_str())
        .set("expiresOn", token.expires_on.as_millis() as f64)
        .set("refreshOn", token.refresh_on.as_millis() as f64)
        .set("expiresIn", token.expires_in as f64)
        .seconds("extExpiresIn", token.ext_expires_in)
        .seconds("serviceExpiresOn", token.service_expires_on)
        .seconds("notBefore", token.not_before)
        .seconds("refreshIn", token.refresh_in)
        .set_some("resource", token.resource.as_deref())
        .set_some("scope", token.scope.as_deref())
        .finish()
}

/// The members of `StepInput` as core's input.
pub fn step_input(input: &Members) -> Result<Input> {
    let incomplete =
        || Error::new(ErrorCode::StepUnexpected, "an input without its members", "a whole input");
    let text = |name| input.text(name).ok_or_else(incomplete);
    let bytes = |name| input.bytes(name).ok_or_else(incomplete);
    Ok(match text("kind")?.as_str() {
        "begin" => Input::Begin(bytes("entropy")?.try_into().map_err(|_| incomplete())?),
        "signature" => Input::Signature(bytes("signature")?.into()),
        "assertion" => Input::Assertion(text("assertion")?.into()),
        "signingFailed" => Input::SigningFailed(text("message")?),
        "response" => Input::Response(HttpResponse {
            status: input.number("status").ok_or_else(incomplete)? as u16,
            headers: input.members("headers").map(|headers| headers.text_entries()).unwrap_or_default(),
            body: bytes("body")?.into(),
        }),
        "failure" if text("reason")? == "timeout" => Input::Failure(TransportFailure::Timeout),
        "failure" => Input::Failure(TransportFailure::Network(text("message")?)),
        "woken" => Input::Woken,
        "renewed" => Input::Renewed,
        _ => return Err(incomplete()),
    })
}

/// `Step`.
pub fn step(step: &Step) -> JsValue {
    let object = Builder::new();
    match step {
        Step::Sign(request) => object
            .set("kind", "sign")
            .set("algorithm", request.algorithm.as_str())
            .set("signingInput", request.signing_input.as_str())
            .set("digest", Uint8Array::from(request.digest().as_slice())),
        Step::Renew { after_refusal } => object.set("kind", "renew").set("afterRefusal", *after_refusal),
        Step::Assert { audience } => object.set("kind", "assert").set("audience", audience.as_str()),
        Step::Send(request) => object.set("kind", "send").set("request", http_request(request)),
        Step::Wait(until) => object.set("kind", "wait").set("until", until.as_millis() as f64),
        Step::Done(Ok(token)) => object.set("kind", "done").set("token", access_token(token)),
        Step::Done(Err(error)) => {
            object.set("kind", "done").set("error", error_data(Object::new(), error).finish())
        }
    }
    .finish()
}

fn http_request(request: &HttpRequest) -> JsValue {
    let headers = request
        .headers
        .iter()
        .fold(Builder::new(), |headers, (name, value)| headers.set(name, value.as_str()));
    Builder::new()
        .set("method", request.method.as_str())
        .set("url", request.url.as_str())
        .set("headers", headers.finish())
        .set("body", request.body.expose().as_str())
        .set("timeout", request.timeout_millis)
        .finish()
}
