//! Certificates of client applications: parsing, thumbprints, and whether one was issued by another.
//!
//! Only RSA keys of 2048 bits or more can authenticate a client at Entra. As at Entra, neither the chain nor the
//! extensions of a registered certificate are looked at; its window is that of the registration. Who issued a
//! certificate matters only for subject name and issuer authentication.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

/// Shortest RSA modulus that is accepted ([RFC 7518 section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).
const MIN_MODULUS_BITS: usize = 2048;
/// Longest RSA modulus that ring verifies with.
const MAX_MODULUS_BITS: usize = 8192;

/// A certificate with an RSA key.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) sha1: [u8; 20],
    pub(crate) sha256: [u8; 32],
    /// RSAPublicKey of PKCS#1, the form that ring verifies with.
    pub(crate) rsa_public_key: Vec<u8>,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    /// The last common name of the subject.
    pub(crate) common_name: Option<String>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("sha1", &hex(&self.sha1)).finish_non_exhaustive()
    }
}

impl Certificate {
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, String> {
        let certificate = parse(der)?;
        let spki = certificate.public_key();
        let bits = match spki.parsed() {
            Ok(PublicKey::RSA(key)) => key.key_size(),
            Ok(PublicKey::EC(_)) => return Err("its key is EC; Entra takes RSA keys only".to_owned()),
            _ => return Err("its key is not an RSA key".to_owned()),
        };
        if !(MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&bits) {
            return Err(format!(
                "its RSA key has {bits} bits; expected {MIN_MODULUS_BITS} to {MAX_MODULUS_BITS}"
            ));
        }
        let common_name = certificate.subject().iter_common_name().last();
        Ok(Self {
            sha1: sha1(der),
            sha256: sha256(der),
            rsa_public_key: spki.subject_public_key.data.to_vec(),
            not_before: certificate.validity().not_before.to_datetime(),
            not_after: certificate.validity().not_after.to_datetime(),
            common_name: common_name.and_then(|name| name.as_str().ok()).map(str::to_owned),
            der: der.to_vec(),
        })
    }

    /// Whether a path leads from this certificate over `intermediates` to `authority`: every signature verifies and
    /// every issuer name is the subject name of the next one.
    pub(crate) fn is_issued_by(&self, intermediates: &[Vec<u8>], authority: &[u8]) -> bool {
        let Ok(authority) = parse(authority) else { return false };
        let others: Vec<X509Certificate<'_>> =
            intermediates.iter().filter_map(|der| parse(der).ok()).collect();
        let Ok(mut current) = parse(&self.der) else { return false };
        // Every step uses up one certificate, so a loop among them ends.
        for _ in 0..=others.len() {
            if issued(&current, &authority) {
                return true;
            }
            match others.iter().find(|other| other.is_ca() && issued(&current, other)) {
                Some(next) => current = next.clone(),
                None => return false,
            }
        }
        false
    }
}

fn issued(certificate: &X509Certificate<'_>, by: &X509Certificate<'_>) -> bool {
    certificate.issuer().as_raw() == by.subject().as_raw()
        && certificate.verify_signature(Some(by.public_key())).is_ok()
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok((rest, _)) => Err(format!("{} bytes follow the DER certificate", rest.len())),
        Err(_) => Err("not a DER certificate".to_owned()),
    }
}

/// Base64 of DER, with or without line breaks.
pub(crate) fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    let text: String = text.split_ascii_whitespace().collect();
    if text.starts_with("-----BEGIN") {
        return Err(
            "is PEM; expected base64 of the DER certificate, that is the PEM without its first and last line"
                .to_owned(),
        );
    }
    STANDARD.decode(text).map_err(|_| "not base64".to_owned())
}

/// PEM, or base64 of DER.
pub(crate) fn from_text(text: &str) -> Result<Vec<u8>, String> {
    if !text.contains("-----BEGIN") {
        return from_base64(text);
    }
    let der = CertificateDer::from_pem_slice(text.as_bytes());
    der.map(|der| der.to_vec()).map_err(|_| "is PEM without a certificate".to_owned())
}

/// Whether `der` is a certificate, of whatever key.
pub(crate) fn is_certificate(der: &[u8]) -> bool {
    parse(der).is_ok()
}

pub(crate) fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
    out
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
