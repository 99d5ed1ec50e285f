//! Shows what was asked so far, and forgets it.

use serde_json::json;

use crate::control::{Answer, nothing_here};
use crate::form::Form;
use crate::service::TokenService;

pub(super) fn answer(service: &TokenService, method: &str, query: &Form) -> Answer {
    match method {
        "GET" => {
            let operation = query.get("operation");
            let count = operation.map(|name| service.requests.count(name));
            Ok(json!({
                "count": count,
                "counts": service.requests.counts(),
                "requests": service.requests.latest(operation),
            }))
        }
        "DELETE" => {
            service.requests.clear();
            Ok(json!({}))
        }
        _ => Err(nothing_here(method, "/requests")),
    }
}
