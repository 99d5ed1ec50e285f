//! What a vault answers: a certificate, a signature, or why not.
//!
//! [Get Certificate](https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate/get-certificate) and
//! [Sign](https://learn.microsoft.com/rest/api/keyvault/keys/sign/sign). The order of the checks is token, API version,
//! permission, body, existence, state, digest; that of the service is not documented. Identifiers in answers carry
//! scheme, host and port as the client addressed the vault.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rsa::traits::PublicKeyParts as _;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::form::Form;
use crate::keys::SigningKey;
use crate::log::{Decision, Trail};
use crate::message::Request;
use crate::rsa_key::DigestAlgorithm;
use crate::vault::authorization::{Permission, caller, permitted};
use crate::vault::error::VaultError;
use crate::vault::store::{LiveVault, Version};

/// Versions of the REST interface that are served; previews of them as well.
const API_VERSIONS: &[&str] = &["2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01"];
const LATEST_API_VERSION: &str = "2025-07-01";

/// What a path of a vault names; the version is absent where the path has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    Certificate(&'a str, Option<&'a str>),
    Sign(&'a str, Option<&'a str>),
    Nothing,
}

impl<'a> Target<'a> {
    /// Empty segments are skipped, as the service does: its own clients write `/certificates/name/` for the latest.
    pub(crate) fn of(path: &'a str) -> Self {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments[..] {
            ["certificates", name] => Self::Certificate(name, None),
            ["certificates", name, version] => Self::Certificate(name, Some(version)),
            ["keys", name, "sign"] => Self::Sign(name, None),
            ["keys", name, version, "sign"] => Self::Sign(name, Some(version)),
            _ => Self::Nothing,
        }
    }

    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Certificate(..) => "vault.certificate",
            Self::Sign(..) => "vault.sign",
            Self::Nothing => "vault.other",
        }
    }
}

/// One request to a vault.
pub(crate) struct VaultCall<'a> {
    pub(crate) vault: &'a LiveVault,
    pub(crate) request: &'a Request,
    pub(crate) target: Target<'a>,
    pub(crate) key: &'a SigningKey,
    pub(crate) now: OffsetDateTime,
}

/// The JSON of an answer and what the log says about it.
pub(crate) fn answer(call: &VaultCall<'_>, trail: &mut Trail) -> Result<(Value, Decision), VaultError> {
    let (permission, method, name) = match call.target {
        Target::Certificate(name, _) => (Permission::GetCertificate, "GET", name),
        Target::Sign(name, _) => (Permission::Sign, "POST", name),
        Target::Nothing => return Err(VaultError::nothing_here()),
    };
    if call.request.method != method {
        return Err(VaultError::wrong_method(&call.request.method));
    }
    let caller = caller(call.vault, call.request.header("authorization"), call.key, call.now)?;
    trail.client = Some(caller.client().to_owned());
    trail.passed("token");
    check_api_version(&call.request.query)?;
    trail.passed("api-version");
    permitted(call.vault, &caller, permission, name, trail)?;
    match call.target {
        Target::Sign(name, version) => sign(call, name, version, trail),
        Target::Certificate(name, version) => certificate(call, name, version),
        Target::Nothing => Err(VaultError::nothing_here()),
    }
}

fn check_api_version(query: &str) -> Result<(), VaultError> {
    let query = Form::parse(query.as_bytes())
        .map_err(|_| VaultError::bad_parameter("The query is not form-encoded."))?;
    let Some(version) = query.get("api-version") else {
        return Err(VaultError::bad_parameter("The api-version query parameter must be specified."));
    };
    let released = version.split_once("-preview").map_or(version, |(released, _)| released);
    if API_VERSIONS.contains(&released) {
        return Ok(());
    }
    Err(VaultError::bad_parameter(format!(
        "The specified version ({}) is not recognized. Consider using the latest supported version \
         ({LATEST_API_VERSION}).",
        version.escape_debug()
    )))
}

/// The object that a path names; `kind` is `certificate` or `key`.
fn find<'a>(
    call: &VaultCall<'a>,
    kind: &str,
    name: &str,
    version: Option<&str>,
) -> Result<&'a Version, VaultError> {
    call.vault.version(name, version).ok_or_else(|| {
        let id = match version {
            Some(version) => format!("{name}/{version}"),
            None => name.to_owned(),
        };
        VaultError::not_found(kind, &id.escape_debug().to_string())
    })
}

fn certificate(
    call: &VaultCall<'_>,
    name: &str,
    version: Option<&str>,
) -> Result<(Value, Decision), VaultError> {
    let found = find(call, "certificate", name, version)?;
    let document = document(&call.request.base(), name, found);
    Ok((document, Decision::Served { document: "certificate of a vault" }))
}

/// A certificate as the vault shows it. `attributes.enabled` may be false: only the key can't be used then.
pub(crate) fn document(base: &str, name: &str, version: &Version) -> Value {
    let url = |collection: &str| format!("{base}/{collection}/{name}/{}", version.id);
    json!({
        "id": url("certificates"),
        "kid": url("keys"),
        "sid": url("secrets"),
        "x5t": URL_SAFE_NO_PAD.encode(version.certificate.sha1),
        "cer": STANDARD.encode(&version.certificate.der),
        "attributes": {
            "enabled": version.enabled,
            "nbf": version.not_before.unix_timestamp(),
            "exp": version.expires.unix_timestamp(),
            "created": version.created.unix_timestamp(),
            "updated": version.updated.unix_timestamp(),
            "recoveryLevel": "Recoverable+Purgeable",
            "recoverableDays": 90,
        },
        "policy": {
            "id": format!("{base}/certificates/{name}/policy"),
            "key_props": { "exportable": true, "kty": "RSA", "key_size": version.key.size() * 8, "reuse_key": false },
            "secret_props": { "contentType": "application/x-pkcs12" },
            "x509_props": {
                "subject": format!("CN={}", version.certificate.common_name.as_deref().unwrap_or_default()),
                "validity_months": 12,
            },
            "issuer": { "name": "Self" },
        },
    })
}

/// Body of a sign request. Members beside these two are refused, so that a client that invents one is noticed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignRequest {
    alg: String,
    value: String,
}

fn sign(
    call: &VaultCall<'_>,
    name: &str,
    version: Option<&str>,
    trail: &mut Trail,
) -> Result<(Value, Decision), VaultError> {
    let body = sign_request(call.request)?;
    trail.passed("body");
    let found = find(call, "key", name, version)?;
    check_state(found, call.now)?;
    trail.passed("state");
    let kid = format!("{}/keys/{name}/{}", call.request.base(), found.id);
    let (algorithm, digest) = algorithm_and_digest(&body, &kid)?;
    trail.passed(format!("alg {}", algorithm.name));
    let signature = algorithm
        .sign(&found.key, &digest)
        .ok_or_else(|| VaultError::bad_parameter("The digest could not be signed with this key."))?;
    let answer = json!({ "kid": kid, "value": URL_SAFE_NO_PAD.encode(signature) });
    Ok((answer, Decision::Served { document: "signature of a vault" }))
}

fn sign_request(request: &Request) -> Result<SignRequest, VaultError> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(VaultError::wrong_type());
    }
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|_| VaultError::bad_parameter("Bad JSON content found in the request."))?;
    // The service doesn't name the property either; the member that is wrong follows for whoever reads the log.
    SignRequest::deserialize(&body).map_err(|_| {
        VaultError::bad_parameter(
            "Property  has invalid value\r\nThe body must hold alg and value, both strings.",
        )
    })
}

fn check_state(version: &Version, now: OffsetDateTime) -> Result<(), VaultError> {
    let refused = |inner: &str, state: &str| {
        Err(VaultError::forbidden(inner, format!("Operation sign is not allowed on {state} key.")))
    };
    if !version.enabled {
        refused("KeyDisabled", "a disabled")
    } else if now < version.not_before {
        refused("KeyNotYetValid", "a not yet valid")
    } else if now >= version.expires {
        refused("KeyExpired", "an expired")
    } else {
        Ok(())
    }
}

fn algorithm_and_digest(
    body: &SignRequest,
    kid: &str,
) -> Result<(&'static DigestAlgorithm, Vec<u8>), VaultError> {
    let name = &body.alg;
    let algorithm = DigestAlgorithm::named(name).ok_or_else(|| {
        VaultError::bad_parameter(match name.starts_with("ES") {
            true => format!(
                "Key and signing algorithm are incompatible. Key {kid} is of type 'RSA', and algorithm '{}' can only \
                 be used with a key of type 'EC' or 'EC-HSM'.",
                name.escape_debug()
            ),
            false => format!("Property  has invalid value\r\nThere is no algorithm '{}'.", name.escape_debug()),
        })
    })?;
    let digest = URL_SAFE_NO_PAD.decode(&body.value).map_err(|_| {
        VaultError::bad_parameter("Property  has invalid value\r\n'value' is not base64url without padding.")
    })?;
    if digest.len() != algorithm.digest_bytes {
        return Err(VaultError::bad_parameter(format!(
            "Invalid length of 'value': {} bytes. {} requires {} bytes, encoded with base64url.",
            digest.len(),
            algorithm.name,
            algorithm.digest_bytes
        )));
    }
    Ok((algorithm, digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_vault() {
        assert_eq!(Target::of("/certificates/a"), Target::Certificate("a", None));
        assert_eq!(Target::of("//certificates/a/"), Target::Certificate("a", None));
        assert_eq!(Target::of("/certificates/a/b"), Target::Certificate("a", Some("b")));
        assert_eq!(Target::of("/keys/a/b/sign"), Target::Sign("a", Some("b")));
        assert_eq!(Target::of("/keys/a/sign"), Target::Sign("a", None));
        for path in ["/", "/certificates", "/keys/a/b", "/keys/a/b/verify", "/secrets/a", "/a/oauth2/token"] {
            assert_eq!(Target::of(path), Target::Nothing, "{path}");
        }
    }
}
