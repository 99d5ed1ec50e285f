//! Core's errors as JavaScript errors: message, stable code, hint, and the service's own fields.

use certgrant_core::Error;
use napi::Env;
use napi::bindgen_prelude::JsValue as _;
use napi_derive::napi;

/// What an error of the core is made of.
#[napi(object)]
pub struct ErrorData {
    /// Stable code, `ERR_…`.
    pub code: String,
    /// What failed, what was found, what was expected.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The token service's own words.
    pub service: Option<ServiceError>,
}

/// An error response of the token service.
#[napi(object)]
pub struct ServiceError {
    /// HTTP status.
    pub status: u32,
    /// OAuth error code.
    pub error: String,
    /// Text for people.
    pub error_description: Option<String>,
    /// AADSTS numbers.
    pub error_codes: Vec<u32>,
    /// When the service refused.
    pub timestamp: Option<String>,
    /// Id of the answer.
    pub trace_id: Option<String>,
    /// Id of the request.
    pub correlation_id: Option<String>,
    /// A page about the error.
    pub error_uri: Option<String>,
    /// A finer code.
    pub sub_error: Option<String>,
    /// A claims challenge.
    pub claims: Option<String>,
    /// Response header `x-ms-request-id`.
    pub request_id: Option<String>,
    /// Response header `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl From<&Error> for ErrorData {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().as_str().into(),
            message: error.to_string(),
            hint: error.hint().into(),
            service: error.service().cloned().map(ServiceError::from),
        }
    }
}

impl From<certgrant_core::ServiceError> for ServiceError {
    fn from(service: certgrant_core::ServiceError) -> Self {
        Self {
            status: service.status.into(),
            error: service.error,
            error_description: service.error_description,
            error_codes: service.error_codes,
            timestamp: service.timestamp,
            trace_id: service.trace_id,
            correlation_id: service.correlation_id,
            error_uri: service.error_uri,
            sub_error: service.suberror,
            claims: service.claims,
            request_id: service.request_id,
            retry_after: service.retry_after,
        }
    }
}

/// A JavaScript error with the members of [`ErrorData`], to be thrown by returning it.
pub fn throwable(env: Env, error: &Error) -> napi::Error {
    let data = ErrorData::from(error);
    let plain = napi::Error::from_reason(data.message);
    let with_members = || {
        let mut object = env.create_error(plain.try_clone()?)?;
        object.set("code", data.code)?;
        object.set("hint", data.hint)?;
        if let Some(service) = data.service {
            object.set("service", service)?;
        }
        Ok::<_, napi::Error>(napi::Error::from(object.to_unknown()))
    };
    with_members().unwrap_or(plain)
}
