//! What stands in a certificate file, told by its content and not by its name: PEM, DER, PFX, or the base64 of one of
//! these, as environment variables carry it.
//!
//! Gives the private keys and the certificates in file order, decrypted; what they are and which belong together is `bundle`'s
//! matter. Without the feature `encryption` an encrypted key and a PFX are errors that say so.

use crate::asn1::{BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE};
use crate::error::{Error, ErrorCode, Result};
#[cfg(feature = "uncommon-files")]
use crate::mend::mended;
#[cfg(feature = "encryption")]
use crate::pbe::{self, Budget};
use crate::pem::{Label, OPENSSH, Section, body_bytes, is_pfx, not_pem, sections, text_of};
#[cfg(feature = "encryption")]
use crate::pfx;
use crate::secret::SecretString;
#[cfg(feature = "uncommon-files")]
use crate::stranger::named;
use crate::text::text;
use alloc::vec::Vec;

/// A private key or a certificate, with the id that the two share in a PFX; it is empty where there is none.
#[derive(Debug)]
pub(crate) struct Item<T> {
    pub(crate) content: T,
    pub(crate) local_key_id: Vec<u8>,
}

impl<T> From<T> for Item<T> {
    fn from(content: T) -> Self {
        Self { content, local_key_id: Vec::new() }
    }
}

/// What is made of the keys and the certificates of a file.
pub(crate) trait Contents {
    type Key;
    type Certificate;

    /// A private key in DER, decrypted; it should be PKCS#8, or else PKCS#1.
    fn key(der: &[u8], is_pkcs8: bool) -> Result<Self::Key>;

    /// A certificate in DER.
    fn certificate(der: &[u8]) -> Result<Self::Certificate>;
}

/// The content of a certificate file.
pub(crate) struct File<C: Contents> {
    /// The private keys, or what is wrong with each.
    pub(crate) keys: Vec<Item<Result<C::Key>>>,
    /// The certificates.
    pub(crate) certificates: Vec<Item<C::Certificate>>,
    /// What the first thing in the file is, in words.
    pub(crate) first: Option<&'static str>,
}

impl<C: Contents> File<C> {
    /// Reads a file that has to be PEM.
    pub(crate) fn from_pem(file: &[u8], password: Option<&SecretString>) -> Result<Self> {
        let mut reading = Reading::new(password);
        for section in sections(file)? {
            reading.read_section(&section)?;
        }
        Ok(reading.file)
    }

    /// Reads a PEM as it is, else with its damage undone.
    fn from_pem_mended(file: &[u8], password: Option<&SecretString>) -> Result<Self> {
        let result = Self::from_pem(file, password);
        #[cfg(feature = "uncommon-files")]
        let is_damage =
            |error: &Error| matches!(error.code(), ErrorCode::PemNotFound | ErrorCode::PemInvalid);
        #[cfg(feature = "uncommon-files")]
        if let (Some(true), Ok(Some(text))) = (result.as_ref().err().map(is_damage), mended(file)) {
            let mended = Self::from_pem(text.expose().as_bytes(), password);
            return if mended.as_ref().is_err_and(is_damage) { result } else { mended };
        }
        result
    }

    /// Reads a file of any kind.
    pub(crate) fn open(file: &[u8], password: Option<&SecretString>) -> Result<Self> {
        if file.first() == Some(&SEQUENCE) {
            return Self::from_der(file, password);
        }
        match Self::from_pem_mended(file, password) {
            // No sections: the base64 of a whole file, if anything.
            Err(error) if error.code() == ErrorCode::PemNotFound => {
                let decoded =
                    text_of(file).and_then(|text| body_bytes(text.expose().trim().trim_matches('"'), ""));
                let decoded = decoded.map_err(|_| named(file).unwrap_or(error))?;
                match decoded.expose().first() {
                    Some(&SEQUENCE) => Self::from_der(decoded.expose(), password),
                    _ => Self::from_pem(decoded.expose(), password),
                }
            }
            result => result,
        }
    }

    fn from_der(der: &[u8], password: Option<&SecretString>) -> Result<Self> {
        let label = label_of(der).ok_or_else(|| not_pem(der))?;
        let mut reading = Reading::new(password);
        reading.read(label, der)?;
        Ok(reading.file)
    }
}

/// The error of a file without a private key, whose first content is `first`.
pub(crate) fn key_missing(first: Option<&str>) -> Error {
    let found = text![first.unwrap_or("nothing"), " and no private key"];
    Error::new(ErrorCode::KeyMissing, found, "a private key")
}

/// The same of a file without a certificate.
pub(crate) fn certificate_missing(first: Option<&str>) -> Error {
    let found = text![first.unwrap_or("nothing"), " and no certificate"];
    Error::new(ErrorCode::CertificateMissing, found, "a certificate")
}

/// Without the feature, a text is not looked at.
#[cfg(not(feature = "uncommon-files"))]
const fn named(_: &[u8]) -> Option<Error> {
    None
}

/// What a file in DER holds, told by its first members.
///
/// ```text
/// PFX                     SEQUENCE { INTEGER 3, … }                       RFC 7292 section 4
/// PrivateKeyInfo          SEQUENCE { INTEGER, SEQUENCE, OCTET STRING, … } RFC 5208 section 5
/// RSAPrivateKey           SEQUENCE { INTEGER, INTEGER, … }                RFC 8017 appendix A.1.2
/// ECPrivateKey            SEQUENCE { INTEGER, OCTET STRING, … }           RFC 5915 section 3
/// EncryptedPrivateKeyInfo SEQUENCE { SEQUENCE, OCTET STRING }             RFC 5208 section 6
/// Certificate             SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING }     RFC 5280 section 4.1
/// SubjectPublicKeyInfo    SEQUENCE { SEQUENCE, BIT STRING }               RFC 5280 section 4.1
/// ContentInfo             SEQUENCE { OBJECT IDENTIFIER, … }               RFC 5652 section 3
/// ```
fn label_of(der: &[u8]) -> Option<Label> {
    if is_pfx(der) {
        return Some(Label::Pfx);
    }
    let mut members = Reader::of_sequence(der)?;
    let first = members.peek()?;
    members.contents(first)?;
    match (first, members.peek()) {
        (INTEGER, Some(SEQUENCE)) => {
            members.contents(SEQUENCE)?;
            // Else a PFX of another version.
            Some(if members.peek() == Some(OCTET_STRING) { Label::PrivateKey } else { Label::Pfx })
        }
        (INTEGER, Some(INTEGER)) => Some(Label::RsaPrivateKey),
        (INTEGER, Some(OCTET_STRING)) => Some(Label::OtherPrivateKey("an elliptic-curve key")),
        (SEQUENCE, Some(OCTET_STRING)) => Some(Label::EncryptedPrivateKey),
        (SEQUENCE, Some(SEQUENCE)) => Some(Label::Certificate),
        (SEQUENCE, Some(BIT_STRING)) => Some(Label::Other("a public key")),
        (OBJECT_IDENTIFIER, _) => Some(Label::Other("a PKCS#7 bundle")),
        _ => None,
    }
}

/// A DER element without what stands behind it.
fn first_element(der: &[u8]) -> &[u8] {
    let mut reader = Reader::new(der);
    let behind = reader.peek().and_then(|tag| reader.contents(tag)).map_or(0, |_| reader.remaining());
    der.get(..der.len().saturating_sub(behind)).unwrap_or(der)
}

/// A file that is being read.
struct Reading<'a, C: Contents> {
    file: File<C>,
    #[cfg_attr(not(feature = "encryption"), expect(dead_code, reason = "nothing is decrypted"))]
    password: Option<&'a SecretString>,
    #[cfg(feature = "encryption")]
    budget: Budget,
}

impl<'a, C: Contents> Reading<'a, C> {
    fn new(password: Option<&'a SecretString>) -> Self {
        Self {
            file: File { keys: Vec::new(), certificates: Vec::new(), first: None },
            password,
            #[cfg(feature = "encryption")]
            budget: Budget::of_a_file(),
        }
    }

    /// Reads a section of a PEM.
    fn read_section(&mut self, section: &Section) -> Result<()> {
        #[cfg(feature = "encryption")]
        if section.label == Label::EncryptedPrivateKey && section.der.expose().is_empty() {
            self.file.first.get_or_insert(section.label.describe());
            let key = self.decrypt_traditional(section);
            self.file.keys.push(key.into());
            return Ok(());
        }
        self.read(section.label, section.der.expose())
    }

    /// Reads what `label` says that `der` is.
    ///
    /// # Errors
    ///
    /// Those of a PFX and of a certificate; what is wrong with a key is kept in its place.
    fn read(&mut self, label: Label, der: &[u8]) -> Result<()> {
        self.file.first.get_or_insert(label.describe());
        let key = match label {
            Label::Certificate => {
                self.file.certificates.push(C::certificate(der)?.into());
                return Ok(());
            }
            Label::TrustedCertificate => return self.read(Label::Certificate, first_element(der)),
            Label::Pfx => return self.read_pfx(der),
            Label::Other(_) => return Ok(()),
            Label::PrivateKey | Label::RsaPrivateKey => C::key(der, label == Label::PrivateKey),
            Label::EncryptedPrivateKey => self.decrypt(der),
            Label::OtherPrivateKey(name) => {
                let error = Error::new(ErrorCode::KeyUnsupported, name, "an RSA key");
                // An RSA key of OpenSSH is sound: only its form is another.
                let is_openssh = name == OPENSSH;
                Err(if is_openssh {
                    error.with_hint("convert it: ssh-keygen -p -m PKCS8 -f FILE")
                } else {
                    error
                })
            }
        };
        self.file.keys.push(key.into());
        Ok(())
    }
}

#[cfg(not(feature = "encryption"))]
impl<C: Contents> Reading<'_, C> {
    #[expect(clippy::unused_self, reason = "with the feature `encryption` it needs the password")]
    fn read_pfx(&self, der: &[u8]) -> Result<()> {
        Err(not_pem(der))
    }

    #[expect(clippy::unused_self, reason = "with the feature `encryption` it needs the password")]
    fn decrypt(&self, _: &[u8]) -> Result<C::Key> {
        let found = Label::EncryptedPrivateKey.describe();
        Err(Error::new(ErrorCode::KeyEncrypted, found, "a private key without a password"))
    }
}

#[cfg(feature = "encryption")]
impl<C: Contents> Reading<'_, C> {
    fn read_pfx(&mut self, der: &[u8]) -> Result<()> {
        let bags = pfx::open(der, self.password, &mut self.budget)?;
        self.file.keys.extend(
            bags.keys.into_iter().map(|bag| Item {
                content: C::key(bag.content.expose(), true),
                local_key_id: bag.local_key_id,
            }),
        );
        for bag in bags.certificates {
            let content = C::certificate(&bag.content)?;
            self.file.certificates.push(Item { content, local_key_id: bag.local_key_id });
        }
        Ok(())
    }

    /// Decrypts a key in encrypted PKCS#8.
    fn decrypt(&mut self, der: &[u8]) -> Result<C::Key> {
        let der = pbe::decrypt_private_key(der, self.password, &mut self.budget)?;
        C::key(der.expose(), true)
    }

    /// Decrypts a key with the header `DEK-Info`; it is PKCS#1 then, or something else that is no RSA key.
    #[cfg(feature = "legacy-ciphers-insecure")]
    fn decrypt_traditional(&self, section: &Section) -> Result<C::Key> {
        let body = section.encrypted.as_ref().map_or("", |body| body.expose());
        let key = pbe::try_forms(self.password, |form| {
            let decode = |body: &str| body_bytes(body, section.label.describe());
            pbe::decrypt_dek_info(body, form.octets(), decode)
        })?;
        match label_of(key.expose()) {
            Some(Label::OtherPrivateKey(name)) => {
                Err(Error::new(ErrorCode::KeyUnsupported, name, "an RSA key"))
            }
            _ => C::key(key.expose(), false),
        }
    }

    #[cfg(not(feature = "legacy-ciphers-insecure"))]
    #[expect(
        clippy::unused_self,
        reason = "with the feature `legacy-ciphers-insecure` it needs the password"
    )]
    fn decrypt_traditional(&self, _: &Section) -> Result<C::Key> {
        Err(Error::new(
            ErrorCode::EncryptionUnsupported,
            "a key with a header DEK-Info, which needs the feature legacy-ciphers-insecure",
            "encrypted PKCS#8 (BEGIN ENCRYPTED PRIVATE KEY)",
        ))
    }
}

#[cfg(test)]
mod tests;
