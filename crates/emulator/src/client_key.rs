//! Which registered key signed the assertion, and did it?
//!
//! The header's `x5t`, `x5t#S256` or `kid` selects a key of the application; ring verifies the signature with it
//! ([RFC 7518 section 3](https://www.rfc-editor.org/rfc/rfc7518#section-3)). The key must be inside the window that
//! the registration gives it; the certificate's own chain is not looked at. For an application with trusted subjects
//! the leaf of `x5c` may take the place of a registered key (subject name and issuer authentication).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature;
use time::OffsetDateTime;

use crate::assertion::{Assertion, KeyHint, malformed};
use crate::certificate::{Certificate, hex};
use crate::clock::month_first;
use crate::log::Trail;
use crate::registration::{Application, KeyCredential};
use crate::service_error::ServiceError;

/// A signature algorithm that is accepted.
pub(crate) struct Algorithm {
    pub(crate) name: &'static str,
    verifier: &'static dyn signature::VerificationAlgorithm,
}

/// The algorithm that the header names.
pub(crate) fn algorithm(assertion: &Assertion) -> Result<Algorithm, ServiceError> {
    let name = assertion.header.text("alg")?.ok_or_else(|| malformed("its header has no alg"))?;
    let (name, verifier): (_, &dyn signature::VerificationAlgorithm) = match name {
        "RS256" => ("RS256", &signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => ("RS384", &signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => ("RS512", &signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => ("PS256", &signature::RSA_PSS_2048_8192_SHA256),
        other => {
            let text = format!(
                "Invalid JWT token. '{}' is not a supported signature algorithm. Supported signing algorithms are: \
                 'RS256, RS384, RS512, PS256'.",
                other.escape_debug()
            );
            return Err(ServiceError::new(5002738, text).because(format!("alg is \"{other}\"")));
        }
    };
    Ok(Algorithm { name, verifier })
}

/// Finds the key that the header points at and verifies the signature with it.
pub(crate) fn check_key(
    assertion: &Assertion,
    hint: &KeyHint,
    algorithm: &Algorithm,
    application: &Application,
    now: OffsetDateTime,
    trail: &mut Trail,
) -> Result<(), ServiceError> {
    let chain = assertion.x5c(trail)?;
    let matching: Vec<&KeyCredential> = application
        .keys
        .iter()
        .filter(|key| hint_matches(hint, &key.certificate, Some(&key.key_id)))
        .collect();
    let current = |key: &&&KeyCredential| key.start <= now && now <= key.end;
    let Some(key) = matching.iter().find(current).or(matching.first()).copied() else {
        return check_trusted_subject(assertion, hint, &chain, algorithm, application, now, trail);
    };
    trail.passed("key registered");
    if !(key.start <= now && now <= key.end) {
        let early = now < key.start;
        let reason =
            if early { "the registered key is not valid yet" } else { "the registered key is expired" };
        let what =
            "The certificate with identifier used to sign the client assertion is expired on application.";
        return Err(key_error(what, "The key used is expired", hint, Some(key), application).because(reason));
    }
    trail.passed("key current");
    check_other_hints(hint, key, &chain, trail)?;
    if !verifies(assertion, algorithm, &key.certificate) {
        let what = "Client assertion contains an invalid signature.";
        let reason = "The provided signature value did not match the expected signature value";
        let error = key_error(what, reason, hint, Some(key), application);
        return Err(error.because(format!("the signature is not one by key {}", key.thumbprint())));
    }
    note_unusual_pair(algorithm, hint, trail);
    trail.passed("signature");
    Ok(())
}

fn verifies(assertion: &Assertion, algorithm: &Algorithm, certificate: &Certificate) -> bool {
    let key = signature::UnparsedPublicKey::new(algorithm.verifier, &certificate.rsa_public_key);
    key.verify(&assertion.signing_input, &assertion.signature).is_ok()
}

/// Thumbprints decide; a `kid` counts only if there is none, as hexadecimal or base64url thumbprint or as keyId.
fn hint_matches(hint: &KeyHint, certificate: &Certificate, key_id: Option<&str>) -> bool {
    let sha1 = hint.sha1.as_ref().map(|value| value[..] == certificate.sha1);
    let sha256 = hint.sha256.as_ref().map(|value| value[..] == certificate.sha256);
    match (sha1, sha256, &hint.kid) {
        (None, None, Some(kid)) => kid_matches(kid, certificate, key_id),
        (None, None, None) => false,
        (sha1, sha256, _) => sha1.unwrap_or(true) && sha256.unwrap_or(true),
    }
}

fn kid_matches(kid: &str, certificate: &Certificate, key_id: Option<&str>) -> bool {
    kid.eq_ignore_ascii_case(&hex(&certificate.sha1))
        || key_id.is_some_and(|id| id.eq_ignore_ascii_case(kid))
        || kid == URL_SAFE_NO_PAD.encode(certificate.sha1)
        || kid == URL_SAFE_NO_PAD.encode(certificate.sha256)
}

/// If there are several hints they must all point at the same key
/// ([RFC 7515 section 6](https://www.rfc-editor.org/rfc/rfc7515#section-6)).
fn check_other_hints(
    hint: &KeyHint,
    key: &KeyCredential,
    chain: &[Vec<u8>],
    trail: &mut Trail,
) -> Result<(), ServiceError> {
    if hint.kid.as_ref().is_some_and(|kid| !kid_matches(kid, &key.certificate, Some(&key.key_id))) {
        trail.deviation("kid points at another key than the thumbprint")?;
    }
    if chain.first().is_some_and(|leaf| *leaf != key.certificate.der) {
        trail.deviation("x5c begins with another certificate than the one registered")?;
    }
    Ok(())
}

fn note_unusual_pair(algorithm: &Algorithm, hint: &KeyHint, trail: &mut Trail) {
    let unusual = match algorithm.name {
        "PS256" => hint.sha256.is_none(),
        _ => hint.sha1.is_none(),
    };
    if unusual {
        trail.note(format!("{} with {} is not confirmed to work at Entra", algorithm.name, hint.names()));
    }
}

/// Subject name and issuer authentication: a certificate that is not registered, but whose subject name and issuing
/// authority are.
fn check_trusted_subject(
    assertion: &Assertion,
    hint: &KeyHint,
    chain: &[Vec<u8>],
    algorithm: &Algorithm,
    application: &Application,
    now: OffsetDateTime,
    trail: &mut Trail,
) -> Result<(), ServiceError> {
    let not_found = || {
        let what = "The certificate with identifier used to sign the client assertion is not registered on application.";
        let reason = "no registered key has this thumbprint or id";
        key_error(what, "The key was not found", hint, None, application).because(reason)
    };
    let trusted = &application.emulator.trusted_subjects;
    let Some((leaf, intermediates)) = chain.split_first().filter(|_| !trusted.is_empty()) else {
        return Err(not_found());
    };
    let leaf = Certificate::from_der(leaf).map_err(|_| not_found())?;
    if !hint_matches(hint, &leaf, None) {
        return Err(not_found());
    }
    let name = leaf.common_name.clone().unwrap_or_default();
    let authorised = trusted
        .iter()
        .any(|subject| subject.subject_name == name && leaf.is_issued_by(intermediates, &subject.issuer_der));
    if !authorised {
        let text = format!(
            "Invalid certificate - subject name in certificate is not authorized. \
             SubjectNames/SubjectAlternativeNames (up to 10) in token certificate: '{}'.",
            name.escape_debug()
        );
        let reason = "no trusted subject has this name and issuer";
        return Err(ServiceError::new(700030, text).because(reason));
    }
    trail.passed("subject name and issuer");
    if !(leaf.not_before <= now && now <= leaf.not_after) {
        let what =
            "The certificate with identifier used to sign the client assertion is expired on application.";
        let error = key_error(what, "The key used is expired", hint, None, application);
        return Err(error.because("the certificate in x5c is not valid now"));
    }
    if !verifies(assertion, algorithm, &leaf) {
        let what = "Client assertion contains an invalid signature.";
        let reason = "The provided signature value did not match the expected signature value";
        let error = key_error(what, reason, hint, None, application);
        return Err(error.because("the signature is not one by the leaf of x5c"));
    }
    trail.passed("signature");
    Ok(())
}

/// AADSTS700027 in its three forms.
fn key_error(
    what: &str,
    reason: &str,
    hint: &KeyHint,
    found: Option<&KeyCredential>,
    application: &Application,
) -> ServiceError {
    let thumbprint =
        hint.sha1.as_ref().or(hint.sha256.as_ref()).map(|bytes| {
            format!(", Thumbprint of key used by client: '{}'", hex(bytes).to_ascii_uppercase())
        });
    let found = found
        .map(|key| format!(", Found key 'Start={}, End={}'", month_first(key.start), month_first(key.end)));
    let app_id = &application.app_id;
    let text = format!(
        "{what} [Reason - {reason}.{}{}, See the keyCredentials of app Id '{app_id}', such as with \
         'https://graph.microsoft.com/v1.0/applications(appId='{app_id}')?$select=keyCredentials'].",
        thumbprint.unwrap_or_default(),
        found.unwrap_or_default(),
    );
    ServiceError::new(700027, text)
}
