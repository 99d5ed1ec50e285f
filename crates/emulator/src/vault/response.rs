//! The HTTP side of a vault's answer: status, headers, and the challenge that goes with a 401.

use time::OffsetDateTime;

use crate::clock::http_date;
use crate::log::{Decision, Trail};
use crate::message::{Request, Response};
use crate::random;
use crate::vault::endpoint::{VaultCall, answer};
use crate::vault::error::VaultError;
use crate::vault::store::LiveVault;

/// Answers a request; `authority` is where the vault's tenant gets its tokens.
pub(crate) fn respond(call: &VaultCall<'_>, authority: &str, trail: &mut Trail) -> (Response, Decision) {
    match answer(call, trail) {
        Ok((body, decision)) => (json(call.request, 200, body.to_string(), call.now), decision),
        Err(error) => {
            let response = refusal(call.vault, call.request, &error, authority, call.now);
            let code = error.telling_code().to_owned();
            (response, Decision::Denied { code, reason: error.message })
        }
    }
}

/// A refusal that has only a status, and its code.
pub(crate) fn refuse(
    vault: &LiveVault,
    request: &Request,
    status: u16,
    authority: &str,
    now: OffsetDateTime,
) -> (Response, String) {
    let error = VaultError::of_status(status);
    (refusal(vault, request, &error, authority, now), error.telling_code().to_owned())
}

fn refusal(
    vault: &LiveVault,
    request: &Request,
    error: &VaultError,
    authority: &str,
    now: OffsetDateTime,
) -> Response {
    let mut response = json(request, error.status, error.body().to_string(), now);
    if error.status == 401 {
        response.headers.push(("www-authenticate".to_owned(), challenge(vault, authority)));
    }
    response
}

/// The challenge as the service writes it, or as the vault's definition wants it.
fn challenge(vault: &LiveVault, authority: &str) -> String {
    let truth = || format!("{authority}/{}", vault.definition.tenant.id());
    let authorization = vault.challenge.authorization.clone().unwrap_or_else(truth);
    let resource = vault.challenge.resource.as_ref().unwrap_or(&vault.definition.resource);
    format!("Bearer authorization=\"{authorization}\", resource=\"{resource}\"")
}

fn json(request: &Request, status: u16, body: String, now: OffsetDateTime) -> Response {
    let mut response = Response::new(
        status,
        &[
            ("content-type", "application/json; charset=utf-8"),
            ("cache-control", "no-cache"),
            ("pragma", "no-cache"),
            ("expires", "-1"),
            ("x-content-type-options", "nosniff"),
            ("x-ms-keyvault-region", "local"),
            ("x-ms-keyvault-service-version", concat!("certgrant-emulator ", env!("CARGO_PKG_VERSION"))),
            ("x-ms-request-id", &random::guid()),
            ("date", &http_date(now)),
        ],
        body,
    );
    if let Some(id) = request.header("x-ms-client-request-id").filter(|id| random::is_guid(id)) {
        response.headers.push(("x-ms-client-request-id".to_owned(), id.to_owned()));
    }
    response
}
