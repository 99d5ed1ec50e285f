//! Core's errors as JavaScript errors: message, stable code, hint, and the service's own fields.

use certgrant_core::{Error, ServiceError};

use crate::value::{Builder, Value, array};

/// `ErrorData`.
pub fn error_data(error: &Error) -> Value<'static> {
    members(Builder::new(), error)
}

/// A JavaScript error with the members of `ErrorData`.
#[cfg(not(feature = "brief-errors"))]
pub(crate) fn throwable(error: &Error) -> Value<'static> {
    members(Builder::of_error(), error)
}

/// A JavaScript error with what the main module makes one with the members of `ErrorData` of: it has the words for every code
/// that it knows, and a twelfth of a module that loads on demand would be the same words again.
#[cfg(feature = "brief-errors")]
pub(crate) fn throwable(error: &Error) -> Value<'static> {
    let object = Builder::of_error().set("code", error.code().as_str());
    let (found, expected) = (error.found(), error.expected());
    match own_words(error.code()) {
        Some((summary, hint)) => {
            let message = [summary, ": found ", found, ", expected ", expected].concat();
            object.set("message", message).set("hint", error.own_hint().unwrap_or(hint)).finish()
        }
        None => {
            object.set("found", found).set("expected", expected).set_some("hint", error.own_hint()).finish()
        }
    }
}

/// What the main module can't say: summary and hint of the codes that are of files alone.
#[cfg(feature = "brief-errors")]
fn own_words(code: certgrant_core::ErrorCode) -> Option<(&'static str, &'static str)> {
    #[cfg(feature = "encryption")]
    macro_rules! words {
        ($($code:ident)*) => {
            match code {
                $(certgrant_core::ErrorCode::$code => {
                    const CODE: certgrant_core::ErrorCode = certgrant_core::ErrorCode::$code;
                    Some(const { (CODE.summary(), CODE.hint()) })
                })*
                _ => None,
            }
        };
    }
    #[cfg(feature = "encryption")]
    return words! {
        EncryptionCost EncryptionUnsupported PasswordMissing PasswordWrong PfxDomainProtected PfxInvalid
    };
    #[cfg(not(feature = "encryption"))]
    {
        let _ = code;
        None
    }
}

fn members(object: Builder, error: &Error) -> Value<'static> {
    object
        .set("message", error.message())
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
