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
use crate::registration::{Application, KeyCredential, TrustedSubject};
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

/// A certificate that the client may have signed with, and when it may.
struct Candidate<'a> {
    certificate: &'a Certificate,
    start: OffsetDateTime,
    end: OffsetDateTime,
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
    let leaf;
    let (candidate, registered) = match find_registered(hint, application, now) {
        Some(key) => {
            trail.passed("key registered");
            (Candidate { certificate: &key.certificate, start: key.start, end: key.end }, Some(key))
        }
        None => {
            leaf = trusted_leaf(hint, &chain, application)?;
            trail.passed("subject name and issuer");
            (Candidate { certificate: &leaf, start: leaf.not_before, end: leaf.not_after }, None)
        }
    };
    check_window(&candidate, hint, application, now)?;
    trail.passed("key current");
    if let Some(key) = registered {
        check_other_hints(hint, key, &chain, trail)?;
    }
    let key = signature::UnparsedPublicKey::new(algorithm.verifier, &candidate.certificate.rsa_public_key);
    if key.verify(&assertion.signing_input, &assertion.signature).is_err() {
        let what = "Client assertion contains an invalid signature.";
        let reason = "The provided signature value did not match the expected signature value";
        let error = key_error(what, reason, hint, Some(&candidate), &application.app_id);
        return Err(
            error.because(format!("the signature is not one by key {}", upper(&candidate.certificate.sha1)))
        );
    }
    note_unusual_pair(algorithm, hint, trail);
    trail.passed("signature");
    Ok(())
}

/// The registered key of these hints; of several for one certificate, one that is valid now.
fn find_registered<'a>(
    hint: &KeyHint,
    application: &'a Application,
    now: OffsetDateTime,
) -> Option<&'a KeyCredential> {
    let matches =
        |key: &&KeyCredential| hint_matches(hint, &key.certificate, Some(&key.key_id)) && key.is_known(now);
    let mut matching = application.keys.iter().filter(matches);
    let first = matching.next()?;
    let is_current = |key: &&KeyCredential| key.start <= now && now <= key.end;
    Some(core::iter::once(first).chain(matching).find(is_current).unwrap_or(first))
}

/// A key that is not valid yet gets the answer of an expired one.
fn check_window(
    candidate: &Candidate<'_>,
    hint: &KeyHint,
    application: &Application,
    now: OffsetDateTime,
) -> Result<(), ServiceError> {
    if candidate.start <= now && now <= candidate.end {
        return Ok(());
    }
    let reason = if now < candidate.start { "the key is not valid yet" } else { "the key is expired" };
    let what = "The certificate with identifier used to sign the client assertion is expired on application.";
    Err(key_error(what, "The key used is expired", hint, Some(candidate), &application.app_id)
        .because(reason))
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

/// Subject name and issuer authentication: the leaf of `x5c` if it is not registered, but its subject name and
/// issuing authority are trusted.
fn trusted_leaf(
    hint: &KeyHint,
    chain: &[Vec<u8>],
    application: &Application,
) -> Result<Certificate, ServiceError> {
    let not_found = || key_not_found(hint, &application.app_id);
    let trusted = &application.emulator.trusted_subjects;
    let Some((leaf, intermediates)) = chain.split_first().filter(|_| !trusted.is_empty()) else {
        return Err(not_found());
    };
    let leaf = Certificate::from_der(leaf).map_err(|_| not_found())?;
    if !hint_matches(hint, &leaf, None) {
        return Err(not_found());
    }
    let name = leaf.common_name.as_deref().unwrap_or_default();
    let names_it = |subject: &&TrustedSubject| subject.subject_name == name;
    if trusted.iter().filter(names_it).any(|subject| leaf.is_issued_by(intermediates, &subject.issuer_der)) {
        return Ok(leaf);
    }
    let text = format!(
        "Invalid certificate - subject name in certificate is not authorized. \
         SubjectNames/SubjectAlternativeNames (up to 10) in token certificate: '{}'.",
        name.escape_debug()
    );
    Err(ServiceError::new(700030, text).because("no trusted subject has this name and issuer"))
}

/// AADSTS700027 for a key that is not registered.
pub(crate) fn key_not_found(hint: &KeyHint, app_id: &str) -> ServiceError {
    let what =
        "The certificate with identifier used to sign the client assertion is not registered on application.";
    let reason = "no registered key has this thumbprint or id";
    key_error(what, "The key was not found", hint, None, app_id).because(reason)
}

/// AADSTS700027 in its three forms.
fn key_error(
    what: &str,
    reason: &str,
    hint: &KeyHint,
    found: Option<&Candidate<'_>>,
    app_id: &str,
) -> ServiceError {
    let thumbprint = hint
        .sha1
        .as_ref()
        .or(hint.sha256.as_ref())
        .map(|bytes| format!(", Thumbprint of key used by client: '{}'", upper(bytes)));
    let found = found
        .map(|key| format!(", Found key 'Start={}, End={}'", month_first(key.start), month_first(key.end)));
    let text = format!(
        "{what} [Reason - {reason}.{}{}, See the keyCredentials of app Id '{app_id}', such as with \
         'https://graph.microsoft.com/v1.0/applications(appId='{app_id}')?$select=keyCredentials'].",
        thumbprint.unwrap_or_default(),
        found.unwrap_or_default(),
    );
    ServiceError::new(700027, text)
}

/// Upper-case hexadecimal, the way the service spells thumbprints.
fn upper(bytes: &[u8]) -> String {
    hex(bytes).to_ascii_uppercase()
}
