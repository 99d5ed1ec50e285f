//! Core's errors as JavaScript errors: message, stable code, hint, and the service's own fields.

use certgrant_core::Error;
use serde::Serialize;
use wasm_bindgen::JsValue;

/// What an error of the core is made of.
#[derive(Serialize)]
pub struct ErrorData {
    code: &'static str,
    message: String,
    hint: &'static str,
    service: Option<ServiceError>,
}

/// An error response of the token service.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceError {
    status: u16,
    error: String,
    error_description: Option<String>,
    error_codes: Vec<u32>,
    timestamp: Option<String>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
    error_uri: Option<String>,
    sub_error: Option<String>,
    claims: Option<String>,
    request_id: Option<String>,
    retry_after: Option<u32>,
}

impl From<&Error> for ErrorData {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().as_str(),
            message: error.to_string(),
            hint: error.hint(),
            service: error.service().cloned().map(ServiceError::from),
        }
    }
}

impl From<certgrant_core::ServiceError> for ServiceError {
    fn from(service: certgrant_core::ServiceError) -> Self {
        Self {
            status: service.status,
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

/// A JavaScript error with the members of [`ErrorData`].
pub fn throwable(error: &Error) -> JsValue {
    let object = js_sys::Error::new(&error.to_string());
    if let Ok(data) = crate::to_js(&ErrorData::from(error)) {
        js_sys::Object::assign(&object, &data.into());
    }
    object.into()
}
