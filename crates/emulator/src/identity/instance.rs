//! What a machine's metadata say beside tokens: where it is.
//!
//! Clients read `location` to find the regional endpoint of the token service. A request without a version is answered
//! with 400 and the versions that there are.

use serde_json::json;
use time::OffsetDateTime;

use crate::clock::http_date;
use crate::form::Form;
use crate::identity::reply::respond_with;
use crate::log::Decision;
use crate::message::{Request, Response};

/// The newest versions of the metadata, newest first.
const VERSIONS: &[&str] = &["2021-02-01", "2021-01-01", "2020-12-01"];
const DEFAULT_REGION: &str = "westeurope";

/// Answers below `/metadata/instance/compute`.
pub(crate) fn metadata(request: &Request, region: Option<&str>, now: OffsetDateTime) -> (Response, Decision) {
    let refuse = |status: u16, code: &str, message: &str| {
        let decision = Decision::Denied { code: code.to_owned(), reason: message.to_owned() };
        (respond_with(status, &json!({ "error": message }), now), decision)
    };
    if request.header("metadata").is_none_or(|value| !value.eq_ignore_ascii_case("true")) {
        return refuse(400, "invalid_request", "Bad request. Required metadata header not specified");
    }
    let query = Form::parse(request.query.as_bytes()).unwrap_or_default();
    let Some(version) = query.get("api-version") else {
        let body = json!({
            "error": "Bad request. api-version was not specified in the request",
            "newest-versions": VERSIONS,
        });
        let reason = "no api-version".to_owned();
        return (
            respond_with(400, &body, now),
            Decision::Denied { code: "invalid_request".to_owned(), reason },
        );
    };
    if version < "2017-04-02" {
        return refuse(400, "invalid_request", "Bad request. api-version is invalid");
    }
    let region = region.unwrap_or(DEFAULT_REGION);
    let served = Decision::Served { document: "instance metadata" };
    if request.path.to_ascii_lowercase().trim_end_matches('/').ends_with("/location") {
        let headers = [("content-type", "text/plain; charset=utf-8"), ("date", &http_date(now))];
        return (Response::new(200, &headers, region), served);
    }
    let body = json!({ "azEnvironment": "AzurePublicCloud", "location": region, "name": "emulated" });
    (respond_with(200, &body, now), served)
}
