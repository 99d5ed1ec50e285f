//! Core's errors as JavaScript errors: message, stable code, hint, and the service's own fields.

use crate::members::Builder;
use alloc::string::ToString as _;
use certgrant_core::{Error, ServiceError};
use js_sys::{Array, Object};
use wasm_bindgen::{JsCast as _, JsValue};

/// Adds the members of `ErrorData` to an object.
pub fn error_data(object: Object, error: &Error) -> Builder {
    Builder::from(object)
        .set("message", error.to_string())
        .set("code", error.code().as_str())
        .set("hint", error.hint())
        .set_some("service", error.service().map(service_error))
}

/// `ServiceError`.
fn service_error(service: &ServiceError) -> JsValue {
    let codes = Array::new();
    for code in &service.error_codes {
        codes.push(&(*code).into());
    }
    Builder::new()
        .set("status", service.status)
        .set("error", service.error.as_str())
        .set_some("errorDescription", service.error_description.as_deref())
        .set("errorCodes", codes)
        .set_some("timestamp", service.timestamp.as_deref())
        .set_some("traceId", service.trace_id.as_deref())
        .set_some("correlationId", service.correlation_id.as_deref())
        .set_some("errorUri", service.error_uri.as_deref())
        .set_some("subError", service.suberror.as_deref())
        .set_some("claims", service.claims.as_deref())
        .set_some("requestId", service.request_id.as_deref())
        .set_some("retryAfter", service.retry_after)
        .finish()
}

/// A JavaScript error with the members of `ErrorData`.
pub fn throwable(error: &Error) -> JsValue {
    error_data(js_sys::Error::new("").unchecked_into(), error).finish()
}
