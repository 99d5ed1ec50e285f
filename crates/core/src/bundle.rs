//! The private key of a certificate file, its certificate and the certificates above that, in whatever order they came.

use crate::certificate::Certificate;
use crate::error::{Error, ErrorCode, Result};
use crate::file::{Contents, File, Item, certificate_missing, key_missing};
use crate::key::PrivateKey;
use crate::pem::{push_section, room_for_section};
use crate::secret::{Secret, SecretString};
use crate::text::text;
use alloc::string::String;
use alloc::vec::Vec;

/// How many private keys a file may have. Each is compared with every certificate, and no real file comes near it.
const MAX_KEYS: usize = 100;

/// How long a chain may be, the leaf included: each certificate is looked for among all others. Real ones have up to 5.
const MAX_CHAIN: usize = 16;

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
    /// Opens a certificate file: PEM, DER, PFX (PKCS#12), or the base64 of one of these, told apart by content. Of
    /// several keys it takes the one that a certificate of the file belongs to. Certificates that do not belong to the
    /// key's chain are left out.
    ///
    /// PFX files and encrypted keys need the feature `encryption`, those with ciphers of the last century
    /// `legacy-ciphers-insecure` too, and what hardly any file has `uncommon-files`. A password that the file does not need is ignored.
    ///
    /// # Errors
    ///
    /// Those of [`Bundle::from_pem`]; [`ErrorCode::PasswordMissing`], [`ErrorCode::PasswordWrong`],
    /// [`ErrorCode::PfxInvalid`], [`ErrorCode::PfxDomainProtected`], [`ErrorCode::EncryptionUnsupported`],
    /// [`ErrorCode::EncryptionCost`].
    ///
    /// ```
    /// # fn main() -> certgrant_core::Result<()> {
    /// # #[cfg(feature = "encryption")] {
    /// use certgrant_core::{Bundle, ErrorCode, SecretString};
    ///
    /// # let file = certgrant_testkit::vectors::bundles::PFX;
    /// let password = SecretString::new("certgrant".into());
    /// let bundle = Bundle::open(file, Some(&password))?; // app.pfx
    /// assert_eq!(bundle.key.public_key().bits(), 2048);
    /// assert_eq!(bundle.chain[0].rsa_public_key()?, bundle.key.public_key());
    ///
    /// let error = Bundle::open(file, None).unwrap_err();
    /// assert_eq!(error.code(), ErrorCode::PasswordMissing);
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(file: &[u8], password: Option<&SecretString>) -> Result<Self> {
        Self::from_file(File::open(file, password)?)
    }

    /// Reads the bundle from the bytes of a PEM file without a password.
    ///
    /// # Errors
    ///
    /// Those of [`sections`](crate::sections), of the key and of the certificates; [`ErrorCode::KeyMissing`],
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
        Self::from_file(File::from_pem(file, None)?)
    }

    /// The key, unencrypted, and the chain as PEM, which [`Bundle::from_pem`] reads.
    pub fn to_pem(&self) -> SecretString {
        let key = self.key.pkcs8_der();
        let key = key.expose();
        let ders = || self.chain.iter().map(Certificate::der);
        let room = ders().fold(room_for_section(key), |sum, der| sum.saturating_add(room_for_section(der)));
        // Its final size from the start: growing would leave copies of the key behind.
        let mut pem = Secret::new(String::with_capacity(room));
        push_section(pem.expose_mut(), "PRIVATE KEY", key);
        for der in ders() {
            push_section(pem.expose_mut(), "CERTIFICATE", der);
        }
        pem
    }

    /// Opens a file of any kind for its certificates alone: the leaf first, then each one's issuer as far as the file has
    /// them. For keys that are elsewhere; one in the file is of no interest, but if it is encrypted needs its password.
    ///
    /// # Errors
    ///
    /// Those of [`Bundle::open`] that concern the file and its certificates; [`ErrorCode::CertificateMissing`].
    pub fn open_chain(file: &[u8], password: Option<&SecretString>) -> Result<Vec<Certificate>> {
        chain_from_leaf(File::open(file, password)?)
    }

    /// Certificates as PEM.
    pub fn chain_to_pem(chain: &[Certificate]) -> String {
        let mut pem = String::new();
        for certificate in chain {
            push_section(&mut pem, "CERTIFICATE", certificate.der());
        }
        pem
    }

    fn from_file(file: File<Parsed>) -> Result<Self> {
        let number = file.keys.len();
        if number > MAX_KEYS {
            return Err(ambiguous(number));
        }
        let mut keys = usable(file.keys)?;
        if number == 0 {
            return Err(key_missing(file.first));
        }
        let certificates = file.certificates;
        if number > 1 {
            keys.retain(|key| {
                certificates.iter().any(|certificate| is_of_key(&certificate.content, &key.content))
            });
        }
        match (keys.pop(), keys.is_empty()) {
            (Some(key), true) => {
                let chain = chain_of(&key, certificates)?;
                Ok(Self { key: key.content, chain })
            }
            _ => Err(ambiguous(number)),
        }
    }
}

/// Keys and certificates, each of which is looked into when the file is read.
pub(crate) struct Parsed;

impl Contents for Parsed {
    type Key = PrivateKey;
    type Certificate = Certificate;

    /// Reads a key as what it should be, else as the other encoding: the labels are mixed up.
    fn key(der: &[u8], is_pkcs8: bool) -> Result<PrivateKey> {
        let read = |is_pkcs8| {
            if is_pkcs8 { PrivateKey::from_pkcs8_der(der) } else { PrivateKey::from_pkcs1_der(der) }
        };
        let is_other = |error: &Error| error.code() == ErrorCode::KeyInvalid;
        read(is_pkcs8).or_else(|error| match is_other(&error).then(|| read(!is_pkcs8)) {
            Some(result) if !result.as_ref().is_err_and(is_other) => result,
            _ => Err(error),
        })
    }

    fn certificate(der: &[u8]) -> Result<Certificate> {
        Certificate::from_der(der)
    }
}

fn ambiguous(number: usize) -> Error {
    let expected = "one private key, or one with its certificate among several";
    Error::new(ErrorCode::KeyAmbiguous, text![number, " private keys"], expected)
}

/// The keys that can be used, each once.
///
/// # Errors
///
/// What is wrong with the first one, if there are keys and none can be used.
fn usable(keys: Vec<Item<Result<PrivateKey>>>) -> Result<Vec<Item<PrivateKey>>> {
    let mut usable: Vec<Item<PrivateKey>> = Vec::new();
    let mut fault = None;
    for Item { content, local_key_id } in keys {
        match content {
            Ok(key) if usable.iter().any(|other| other.content.public_key() == key.public_key()) => {}
            Ok(content) => usable.push(Item { content, local_key_id }),
            Err(error) => fault = fault.or(Some(error)),
        }
    }
    match fault {
        Some(error) if usable.is_empty() => Err(error),
        _ => Ok(usable),
    }
}

fn is_of_key(certificate: &Certificate, key: &PrivateKey) -> bool {
    certificate.rsa_public_key().is_ok_and(|public_key| public_key == key.public_key())
}

/// Puts the key's certificate first and each issuer behind what it issued,
/// as [RFC 7515 section 4.1.6](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6) orders `x5c`. Of several certificates
/// for the key it is the one that shares the key's id, else the first.
fn chain_of(key: &Item<PrivateKey>, certificates: Vec<Item<Certificate>>) -> Result<Vec<Certificate>> {
    let of_key =
        || certificates.iter().enumerate().filter(|(_, item)| is_of_key(&item.content, &key.content));
    let with_id =
        of_key().find(|(_, item)| !key.local_key_id.is_empty() && item.local_key_id == key.local_key_id);
    let leaf = with_id.or_else(|| of_key().next()).map(|(index, _)| index);
    if let (None, Some(first)) = (leaf, certificates.first()) {
        first.content.rsa_public_key()?;
        return Err(Error::new(
            ErrorCode::KeyMismatch,
            text![certificates.len(), " certificate(s), none with the public key of the private key"],
            "the certificate of the private key",
        ));
    }
    Ok(issuers_upwards(certificates, leaf))
}

/// The certificates of a PEM file whose key, if it has one, is of no interest: the leaf first, then each one's issuer.
///
/// # Errors
///
/// Those of [`Bundle::from_pem`] that concern the file and its certificates; [`ErrorCode::CertificateMissing`].
pub(crate) fn chain_from_pem(file: &[u8]) -> Result<Vec<Certificate>> {
    chain_from_leaf(File::from_pem(file, None)?)
}

/// The leaf is what the first certificate leads down to: what it issued, what that issued, and so on.
fn chain_from_leaf(file: File<Parsed>) -> Result<Vec<Certificate>> {
    let certificates = file.certificates;
    let issued_by = |issuer: &Item<Certificate>| {
        certificates.iter().position(|item| item.content.is_issued_by(&issuer.content))
    };
    let downwards = |index: &usize| certificates.get(*index).and_then(issued_by);
    let first = (!certificates.is_empty()).then_some(0);
    // Certificates of two authorities that issued each other lead nowhere: any of them will do.
    let leaf = core::iter::successors(first, downwards).take(MAX_CHAIN).last();
    if leaf.is_none() {
        return Err(certificate_missing(file.first));
    }
    Ok(issuers_upwards(certificates, leaf))
}

/// The certificate at `leaf`, and behind each one its issuer, as far as they are there.
fn issuers_upwards(mut certificates: Vec<Item<Certificate>>, leaf: Option<usize>) -> Vec<Certificate> {
    let mut chain: Vec<Certificate> = Vec::new();
    let mut next = leaf;
    while let Some(index) = next.filter(|_| chain.len() < MAX_CHAIN) {
        // The others stay in file order: of several that could be the next, a chain that is read again takes the same one.
        chain.push(certificates.remove(index).content);
        let is_issuer =
            |last: &Certificate| certificates.iter().position(|issuer| last.is_issued_by(&issuer.content));
        next = chain.last().and_then(is_issuer);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pem::sections;
    use alloc::format;
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
    fn of_several_keys_the_one_with_a_certificate_is_taken() {
        let other = vector::key_pem();
        let keys = [&other, bundles::LEAF_KEY_PKCS1_PEM, &other, bundles::EC_KEY_PEM].concat();
        let bundle = Bundle::from_pem((keys.clone() + bundles::LEAF_PEM).as_bytes()).unwrap();
        assert_eq!(bundle.chain[0].rsa_public_key().unwrap(), bundle.key.public_key());
        let ambiguous = (ErrorCode::KeyAmbiguous, String::from("4 private keys"));
        assert_eq!(error_of(&keys), ambiguous);
        assert_eq!(error_of(&(keys.clone() + bundles::ROOT_PEM)), ambiguous);
        assert_eq!(error_of(&(keys + bundles::LEAF_PEM + vector::CERTIFICATE_PEM)), ambiguous);
    }

    #[test]
    fn more_keys_than_a_file_can_have_are_refused_at_once() {
        let key = vector::key_pem();
        let file = key.repeat(MAX_KEYS) + vector::CERTIFICATE_PEM;
        assert_eq!(Bundle::from_pem(file.as_bytes()).unwrap().chain.len(), 1);
        assert_eq!(error_of(&(key + &file)), (ErrorCode::KeyAmbiguous, String::from("101 private keys")));
    }

    #[test]
    fn key_that_signers_do_not_take_is_too_long() {
        use crate::asn1::{INTEGER, push_element};
        for (bytes, is_taken) in [(1024, true), (1025, false)] {
            let mut numbers = Vec::from([INTEGER, 1, 0]);
            push_element(&mut numbers, INTEGER, &[&[0][..], &alloc::vec![0xc5; bytes]].concat());
            numbers.extend([INTEGER, 1, 3].repeat(7));
            let mut der = Vec::new();
            push_element(&mut der, crate::asn1::SEQUENCE, &numbers);
            let key = Bundle::open(&der, None);
            let expected = (!is_taken).then_some(ErrorCode::KeyUnsupported);
            assert_eq!(key.map_err(|error| error.code()).err(), expected, "{bytes}");
        }
    }

    #[test]
    fn certificates_alone_begin_with_the_leaf_in_any_order() {
        let certificates = [bundles::ROOT_PEM, bundles::LEAF_PEM, bundles::INTERMEDIATE_PEM];
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [0, 2, 1]] {
            let file = order.map(|index| certificates[index]).concat();
            let chain = Bundle::open_chain(file.as_bytes(), None).unwrap();
            assert_eq!(
                Bundle::chain_to_pem(&chain),
                [certificates[1], certificates[2], certificates[0]].concat()
            );
        }
        let error = Bundle::open_chain(bundles::PUBLIC_KEY_PEM.as_bytes(), None).unwrap_err();
        assert_eq!(error.code(), ErrorCode::CertificateMissing);
    }

    #[test]
    fn pem_that_is_written_is_read_again() {
        let text = [bundles::LEAF_PEM, bundles::INTERMEDIATE_PEM, bundles::LEAF_KEY_PKCS1_PEM].concat();
        let bundle = Bundle::from_pem(text.as_bytes()).unwrap();
        let pem = bundle.to_pem();
        assert_eq!(pem.expose().matches("-----BEGIN ").count(), 3);
        assert!(pem.expose().ends_with(bundles::INTERMEDIATE_PEM), "as OpenSSL writes it");
        let again = Bundle::from_pem(pem.expose().as_bytes()).unwrap();
        assert_eq!(again.key.pkcs8_der().expose(), bundle.key.pkcs8_der().expose());
        assert_eq!(again.chain[1].der(), bundle.chain[1].der());
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
            #[cfg(not(feature = "encryption"))]
            (String::from(bundles::ENCRYPTED_KEY_PEM), ErrorCode::KeyEncrypted, "an encrypted private key"),
            #[cfg(feature = "encryption")]
            (
                String::from(bundles::ENCRYPTED_KEY_PEM),
                ErrorCode::PasswordMissing,
                "encryption and no password",
            ),
            (String::from(bundles::WEAK_KEY_PEM), ErrorCode::KeyWeak, "1024 bits"),
            (String::from(bundles::PUBLIC_KEY_PEM), ErrorCode::KeyMissing, "a public key and no private key"),
        ];
        for (pem, code, found) in cases {
            assert_eq!(error_of(&pem), (code, String::from(found)));
        }
    }
}
