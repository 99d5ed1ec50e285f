//! A certificate file: the private key, its certificate and the certificates above that, in whatever order they came.

use crate::certificate::Certificate;
use crate::error::{Error, ErrorCode, Result};
use crate::key::PrivateKey;
use crate::pem::{Label, Section, sections};
use alloc::format;
use alloc::vec::Vec;

/// A private key with its certificate chain.
#[derive(Debug)]
pub struct Bundle {
    /// The private key.
    pub key: PrivateKey,
    /// The certificate of the key first, then each one's issuer as far as the file has them; empty if the file has no
    /// certificate.
    pub chain: Vec<Certificate>,
}

impl Bundle {
    /// Reads the bundle from the bytes of a PEM file. Certificates that do not belong to the key's chain are left out.
    ///
    /// # Errors
    ///
    /// Those of [`sections`], of the key and of the certificates; [`ErrorCode::KeyMissing`],
    /// [`ErrorCode::KeyAmbiguous`], [`ErrorCode::KeyEncrypted`]; [`ErrorCode::KeyMismatch`] if there are certificates
    /// and none is for the key.
    ///
    /// ```
    /// # fn main() -> certgrant_core::Result<()> {
    /// # let pem = certgrant_testkit::vectors::assertion_rs256::pem();
    /// let bundle = certgrant_core::Bundle::from_pem(pem.as_bytes())?;
    /// assert_eq!(bundle.key.public_key().bits(), 2048);
    /// assert_eq!(bundle.chain[0].thumbprint_sha1().to_base64url(), "BezeeY0li1RB8d4r577xXmMhcvg");
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_pem(file: &[u8]) -> Result<Self> {
        let sections = sections(file)?;
        let key = private_key(&sections)?;
        let certificates = sections
            .iter()
            .filter(|section| section.label == Label::Certificate)
            .map(|section| Certificate::from_der(section.der.expose()))
            .collect::<Result<Vec<_>>>()?;
        let chain = chain_of(&key, certificates)?;
        Ok(Self { key, chain })
    }
}

/// The one private key among the sections.
fn private_key(sections: &[Section]) -> Result<PrivateKey> {
    let is_key = |section: &&Section| !matches!(section.label, Label::Certificate | Label::Other(_));
    let mut keys = sections.iter().filter(is_key);
    let Some(section) = keys.next() else {
        let found = sections.first().map_or("nothing", |section| section.label.describe());
        return Err(Error::new(
            ErrorCode::KeyMissing,
            format!("{found} and no private key"),
            "a private key",
        ));
    };
    if keys.next().is_some() {
        let number = keys.count().saturating_add(2);
        return Err(Error::new(ErrorCode::KeyAmbiguous, format!("{number} private keys"), "one private key"));
    }
    match section.label {
        Label::RsaPrivateKey => PrivateKey::from_pkcs1_der(section.der.expose()),
        Label::EncryptedPrivateKey => Err(Error::new(
            ErrorCode::KeyEncrypted,
            section.label.describe(),
            "a private key without a password",
        )),
        Label::OtherPrivateKey(name) => Err(Error::new(ErrorCode::KeyUnsupported, name, "an RSA key")),
        _ => PrivateKey::from_pkcs8_der(section.der.expose()),
    }
}

/// Puts the key's certificate first and each issuer behind what it issued,
/// as [RFC 7515 section 4.1.6](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6) orders `x5c`.
fn chain_of(key: &PrivateKey, mut certificates: Vec<Certificate>) -> Result<Vec<Certificate>> {
    let mut chain: Vec<Certificate> = Vec::new();
    let is_of_key =
        |certificate: &Certificate| certificate.rsa_public_key().is_ok_and(|k| k == key.public_key());
    let mut next = certificates.iter().position(is_of_key);
    if let (None, Some(first)) = (next, certificates.first()) {
        first.rsa_public_key()?;
        return Err(Error::new(
            ErrorCode::KeyMismatch,
            format!("{} certificate(s), none with the public key of the private key", certificates.len()),
            "the certificate of the private key",
        ));
    }
    while let Some(index) = next {
        chain.push(certificates.remove(index));
        next = chain.last().and_then(|last| certificates.iter().position(|issuer| last.is_issued_by(issuer)));
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use certgrant_testkit::vectors::{assertion_rs256 as vector, bundles};

    fn error_of(pem: &str) -> (ErrorCode, String) {
        let error = Bundle::from_pem(pem.as_bytes()).unwrap_err();
        (error.code(), String::from(error.found()))
    }

    #[test]
    fn key_and_certificate_are_paired_in_either_order() {
        for pem in [vector::pem(), format!("{}{}", vector::CERTIFICATE_PEM, vector::key_pem())] {
            let bundle = Bundle::from_pem(pem.as_bytes()).unwrap();
            assert_eq!(bundle.chain.len(), 1);
            assert_eq!(bundle.chain[0].der(), vector::CERTIFICATE_DER);
        }
    }

    #[test]
    fn key_alone_has_an_empty_chain() {
        assert!(Bundle::from_pem(vector::key_pem().as_bytes()).unwrap().chain.is_empty());
    }

    #[test]
    fn chain_is_ordered_from_the_leaf_up_and_strangers_are_left_out() {
        let shuffled = [
            bundles::ROOT_PEM,
            vector::CERTIFICATE_PEM,
            bundles::LEAF_PEM,
            bundles::INTERMEDIATE_PEM,
            bundles::LEAF_KEY_PKCS1_PEM,
        ]
        .concat();
        let chain = Bundle::from_pem(shuffled.as_bytes()).unwrap().chain;
        let expected = [bundles::LEAF_PEM, bundles::INTERMEDIATE_PEM, bundles::ROOT_PEM];
        assert_eq!(chain.len(), 3);
        for (certificate, pem) in chain.iter().zip(expected) {
            assert_eq!(certificate.der(), sections(pem.as_bytes()).unwrap()[0].der.expose());
        }
    }

    #[test]
    fn what_is_not_a_key_with_its_certificate_is_named() {
        let key = vector::key_pem();
        let cases = [
            (
                String::from(vector::CERTIFICATE_PEM),
                ErrorCode::KeyMissing,
                "a certificate and no private key",
            ),
            (format!("{key}{key}"), ErrorCode::KeyAmbiguous, "2 private keys"),
            (
                format!("{key}{}", bundles::LEAF_PEM),
                ErrorCode::KeyMismatch,
                "1 certificate(s), none with the public key of the private key",
            ),
            (String::from(bundles::EC_KEY_PEM), ErrorCode::KeyUnsupported, "an elliptic-curve key"),
            (
                String::from(bundles::EC_KEY_SEC1_PEM),
                ErrorCode::KeyUnsupported,
                "an elliptic-curve key (EC PRIVATE KEY)",
            ),
            (
                format!("{key}{}", bundles::EC_CERTIFICATE_PEM),
                ErrorCode::KeyUnsupported,
                "a certificate for an elliptic-curve key",
            ),
            (String::from(bundles::ENCRYPTED_KEY_PEM), ErrorCode::KeyEncrypted, "an encrypted private key"),
            (String::from(bundles::WEAK_KEY_PEM), ErrorCode::KeyWeak, "1024 bits"),
            (String::from(bundles::PUBLIC_KEY_PEM), ErrorCode::KeyMissing, "a public key and no private key"),
        ];
        for (pem, code, found) in cases {
            assert_eq!(error_of(&pem), (code, String::from(found)));
        }
    }
}
