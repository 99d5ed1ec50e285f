//! Refusals of a key vault: status, code, message, and the inner code that tells one 403 from another.
//!
//! Codes and texts are those that the live service was seen to answer with; where none was seen the text is our own
//! and carries no number of the service's.

use serde_json::{Value, json};

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct VaultError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) inner: Option<String>,
}

impl VaultError {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), inner: None }
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "Unauthorized", message)
    }

    pub(crate) fn bad_parameter(message: impl Into<String>) -> Self {
        Self::new(400, "BadParameter", message)
    }

    pub(crate) fn forbidden(inner: &str, message: impl Into<String>) -> Self {
        Self { inner: Some(inner.to_owned()), ..Self::new(403, "Forbidden", message) }
    }

    /// `kind` is `certificate` or `key`.
    pub(crate) fn not_found(kind: &str, id: &str) -> Self {
        let code = if kind == "key" { "KeyNotFound" } else { "CertificateNotFound" };
        let message = format!(
            "A {kind} with (name/id) {id} was not found in this key vault. If you recently deleted this {kind} you \
             may be able to recover it using the correct recovery command. For help resolving this issue, please see \
             https://go.microsoft.com/fwlink/?linkid=2125182"
        );
        Self::new(404, code, message)
    }

    pub(crate) fn nothing_here() -> Self {
        Self::new(404, "NotFound", "The vault serves nothing at this path.")
    }

    pub(crate) fn wrong_method(method: &str) -> Self {
        let message = format!("Method {} is not supported here.", method.escape_debug());
        Self::new(405, "MethodNotAllowed", message)
    }

    pub(crate) fn wrong_type() -> Self {
        Self::new(415, "UnsupportedMediaType", "The body must be of the type application/json.")
    }

    /// What the service says at a status, if nothing else is known.
    pub(crate) fn of_status(status: u16) -> Self {
        let throttled = "Request was not processed because too many requests were received. Reason: \
                         VaultRequestTypeLimitReached";
        let (code, message) = match status {
            400 => ("BadParameter", "The request is not valid."),
            401 => ("Unauthorized", "AKV10000: Request is missing a Bearer or PoP token."),
            403 => ("Forbidden", "The caller is not allowed to do this."),
            404 => ("NotFound", "There is no such object."),
            409 => ("Conflict", "Another operation on this object is going on."),
            429 => ("Throttled", throttled),
            503 => ("ServiceUnavailable", "The service is temporarily unavailable."),
            _ => ("InternalServerError", "An internal error occurred."),
        };
        Self::new(status, code, message)
    }

    pub(crate) fn body(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let (Some(inner), Some(members)) = (&self.inner, error.as_object_mut()) {
            members.insert("innererror".to_owned(), json!({ "code": inner }));
        }
        json!({ "error": error })
    }

    /// The code by which a record names the refusal: the inner one where there is one.
    pub(crate) fn telling_code(&self) -> &str {
        self.inner.as_deref().unwrap_or(self.code)
    }
}
