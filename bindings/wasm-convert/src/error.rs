//! Core's errors as JavaScript errors: message, stable code, hint, and the service's own fields.

use alloc::string::ToString as _;
use certgrant_core::{Error, ServiceError};

use crate::value::{Builder, Value, array};

/// `ErrorData`.
pub fn error_data(error: &Error) -> Value<'static> {
    members(Builder::new(), error)
}

/// A JavaScript error with the members of `ErrorData`.
pub(crate) fn throwable(error: &Error) -> Value<'static> {
    members(Builder::of_error(), error)
}

fn members(object: Builder, error: &Error) -> Value<'static> {
    object
        .set("message", error.to_string())
        .set("code", error.code().as_str())
        .set("hint", error.hint())
        .set_some("service", error.service().map(service_error))
        .finish()
}

/// `ServiceError`.
fn service_error(service: &ServiceError) -> Value<'static> {
    let codes = service.error_codes.iter().map(|code| Value::Number((*code).into()));
    Builder::new()
        .set("status", service.status)
        .set("error", service.error.as_str())
        .set_some("errorDescription", service.error_description.as_deref())
        .set("errorCodes", array(codes))
        .set_some("timestamp", service.timestamp.as_deref())
        .set_some("traceId", service.trace_id.as_deref())
        .set_some("correlationId", service.correlation_id.as_deref())
        .set_some("errorUri", service.error_uri.as_deref())
        .set_some("subError", service.suberror.as_deref())
        .set_some("claims", service.claims.as_deref())
        .set_some("requestId", service.request_id.as_deref())
        .seconds("retryAfter", service.retry_after.map(Into::into))
        .finish()
}
