//! What to say when the service does not know the certificate (AADSTS700027): which one it means, and which one is in use.

use crate::certificate::Thumbprint;
use crate::credential::CertificateCredential;
use crate::error::Error;
use crate::text::text;
use alloc::string::String;

/// How the service's text introduces the thumbprint that the assertion named.
const THUMBPRINT: &str = "Thumbprint of key used by client: '";

/// The hint for a refusal with AADSTS700027 of an assertion that was made with `certificate`.
pub(super) fn hint(error: &Error, certificate: &CertificateCredential) -> String {
    let text = error.service().and_then(|service| service.error_description.as_deref()).unwrap_or_default();
    let in_use = describe(certificate);
    let Some(named) = thumbprint_in(text) else {
        return text![
            "register the certificate in use, ",
            in_use,
            ", on the app; right after an upload, wait some minutes"
        ];
    };
    if ![certificate.thumbprint_sha1, certificate.thumbprint_sha256].contains(&Some(named)) {
        let named = named.to_hex();
        return text![
            "the service speaks of the certificate ",
            named,
            ", and the one in use is ",
            in_use,
            ": register the one in use, or configure the one that is registered"
        ];
    }
    let contains = |part: &str| text.as_bytes().windows(part.len()).any(|window| window == part.as_bytes());
    if contains("signature value did not match") {
        text![
            "the app has the certificate in use, ",
            in_use,
            ", but the signature is not of its key: check the signer"
        ]
    } else if contains("is expired") {
        text![
            "the service finds the certificate in use, ",
            in_use,
            ", outside of the dates that it was registered with: register it again if it is valid, else make a new one"
        ]
    } else {
        text![
            "the app does not have the certificate in use, ",
            in_use,
            ": register it; right after an upload, wait some minutes"
        ]
    }
}

/// The certificate by the thumbprint that the portal shows, SHA-1, and its end.
fn describe(certificate: &CertificateCredential) -> String {
    let thumbprint = certificate.thumbprint_sha1.or(certificate.thumbprint_sha256);
    let hex = thumbprint.map(|thumbprint| thumbprint.to_hex()).unwrap_or_default();
    match certificate.validity {
        Some((_, until)) => text![hex, " (valid until ", until.to_date(), ")"],
        None => hex,
    }
}

fn thumbprint_in(text: &str) -> Option<Thumbprint> {
    let start = text.as_bytes().windows(THUMBPRINT.len()).position(|part| part == THUMBPRINT.as_bytes())?;
    let behind = text.get(start.saturating_add(THUMBPRINT.len())..)?;
    Thumbprint::from_hex(behind.split('\'').next()?).ok()
}
