//! What a vault answers: certificates, signatures and refusals.

use super::VaultAnswer;
use super::address::Address;
use crate::certificate::Certificate;
use crate::encoding::base64url;
use crate::error::{Error, ErrorCode, Result, ServiceError};
use crate::http::HttpResponse;
use crate::json::{Object, Value};
use crate::pem::{push_section, room_for_section};
use crate::text::text;
use crate::time::Timestamp;
use alloc::string::String;
use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};

/// Reads a `CertificateBundle`.
pub(super) fn certificate(address: &Address, response: &HttpResponse, now: Timestamp) -> Result<VaultAnswer> {
    let body = body(response, now)?;
    let text = |name| body.get(name).and_then(Value::as_string);
    let der = text("cer").and_then(|cer| Base64::decode_vec(&cer).ok()).ok_or_else(|| without("cer"))?;
    let leaf = Certificate::from_der(&der)?;
    // What its documentation calls x5t has to be of that certificate, or its parts do not belong together.
    if text("x5t").is_some_and(|x5t| x5t != base64url(leaf.thumbprint_sha1().as_bytes())) {
        return Err(without("x5t"));
    }
    let kid = text("kid").ok_or_else(|| without("kid"))?;
    let version = address.version_of_key(&kid).ok_or_else(|| without("kid"))?;
    let attributes = body.get("attributes").map(Value::members).transpose().unwrap_or_default();
    let enabled = attributes.as_ref().and_then(|attributes| attributes.get("enabled"));
    if enabled.is_some_and(|enabled| enabled.raw() == "false") {
        let found = "a certificate that is disabled in the vault";
        return Err(Error::new(ErrorCode::VaultRefused, found, "one that is enabled").with_hint(DISABLED));
    }
    let mut pem = String::with_capacity(room_for_section(&der));
    push_section(&mut pem, "CERTIFICATE", &der);
    Ok(VaultAnswer::Certificate { pem, version: version.into() })
}

/// Reads a `KeyOperationResult`, which has to be of the key that was asked.
pub(super) fn signature(
    address: &Address,
    version: &str,
    response: &HttpResponse,
    now: Timestamp,
) -> Result<VaultAnswer> {
    let body = body(response, now)?;
    let text = |name| body.get(name).and_then(Value::as_string);
    let kid = text("kid").ok_or_else(|| without("kid"))?;
    if address.version_of_key(&kid) != Some(version) {
        return Err(without("kid"));
    }
    let value = text("value").and_then(|value| Base64UrlUnpadded::decode_vec(&value).ok());
    Ok(VaultAnswer::Signature(value.ok_or_else(|| without("value"))?))
}

fn without(member: &'static str) -> Error {
    let found = text!["JSON without a usable \"", member, "\""];
    Error::new(ErrorCode::VaultResponseInvalid, found, "the answer of an Azure Key Vault")
}

/// The JSON of a success.
fn body<'a>(response: &'a HttpResponse, now: Timestamp) -> Result<Object<'a>> {
    let parsed = Object::parse(response.body.expose());
    match parsed {
        Ok(body) if response.status == 200 => Ok(body),
        Ok(body) => Err(refusal(response, &body, now)),
        Err(_) if is_passing(response.status) => {
            let service = service_error(response, now);
            Err(Error::from_service(ErrorCode::VaultUnavailable, service, None))
        }
        Err(_) => {
            let length = response.body.expose().len();
            let found =
                text![length, " bytes that are not a JSON object (HTTP status ", response.status, ")"];
            Err(Error::new(ErrorCode::VaultResponseInvalid, found, "the answer of an Azure Key Vault"))
        }
    }
}

/// `{"error":{"code","message","innererror":{"code"}}}`.
fn refusal(response: &HttpResponse, body: &Object<'_>, now: Timestamp) -> Error {
    let mut service = service_error(response, now);
    if let Some(error) = body.get("error").and_then(|error| error.members().ok()) {
        let text = |name| error.get(name).and_then(Value::as_string);
        service.error = text("code").unwrap_or_default();
        service.error_description = text("message");
        let inner = error.get("innererror").and_then(|inner| inner.members().ok());
        service.suberror = inner.and_then(|inner| inner.get("code").and_then(Value::as_string));
    }
    let code = if is_passing(service.status) { ErrorCode::VaultUnavailable } else { ErrorCode::VaultRefused };
    let hint = hint(service.status, service.suberror.as_deref().unwrap_or_default());
    Error::from_service(code, service, hint)
}

fn service_error(response: &HttpResponse, now: Timestamp) -> ServiceError {
    ServiceError {
        status: response.status,
        request_id: response.header("x-ms-request-id").map(Into::into),
        retry_after: response.retry_after(now),
        ..ServiceError::default()
    }
}

const fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

const DISABLED: &str =
    "enable the version in the vault, or name another one: it is disabled, not valid yet or expired";

/// What helps against a refusal, by its status and its `innererror`.
fn hint(status: u16, inner: &str) -> Option<&'static str> {
    Some(match (status, inner) {
        (401, _) => {
            "check the credential that was given for the vault: its token has to be of the vault's tenant and cloud"
        }
        (403, "ForbiddenByFirewall" | "ForbiddenByConnection") => {
            "let this address through the vault's firewall, or use its private endpoint"
        }
        (403, "KeyDisabled" | "KeyNotYetValid" | "KeyExpired" | "CertificateDisabled") => DISABLED,
        (403, _) => {
            "give the credential the roles Key Vault Certificate User and Key Vault Crypto User on this vault, \
             or in its access policy the permissions certificates/get and keys/sign"
        }
        (404, _) => {
            "check the names of vault and certificate, and the version; a deleted certificate has to be recovered"
        }
        (400, _) => "check that the certificate's key is an RSA key that may sign",
        _ => return None,
    })
}
