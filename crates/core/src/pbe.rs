//! Password-based encryption of keys and PFX files: what an `AlgorithmIdentifier` names is undone with a password.
//!
//! PBES2 with PBKDF2 or scrypt ([RFC 8018 section 6.2](https://www.rfc-editor.org/rfc/rfc8018#section-6.2),
//! [RFC 7914](https://www.rfc-editor.org/rfc/rfc7914)), and behind the feature `legacy-ciphers-insecure` what came before:
//! PBES1, the ciphers of PKCS#12, and `DEK-Info` in PEM. The features `uncommon-files` and
//! `rare-ciphers` have what is sound and hardly used. The ciphers and hashes are RustCrypto's. The parameters are read
//! here, with our own reader, because they decide what a file may cost ([`Budget`]) and which cipher is legacy.
//!
//! Nothing here encrypts. What is decrypted without a MAC is believed only as far as it is one whole ASN.1 element.

mod algorithms;
mod budget;
mod cipher;
#[cfg(feature = "legacy-ciphers-insecure")]
mod dek_info;
mod hash;
mod password;
#[cfg(feature = "legacy-ciphers-insecure")]
mod pbes1;
mod pbes2;
#[cfg(feature = "rare-ciphers")]
mod rare;

pub(crate) use algorithms::PBKDF2;
pub(crate) use budget::Budget;
#[cfg(feature = "legacy-ciphers-insecure")]
pub(crate) use dek_info::decrypt as decrypt_dek_info;
pub(crate) use hash::{Hash, Purpose};
pub(crate) use password::Password;
pub(crate) use pbes2::Pbkdf2;

use crate::asn1::{AlgorithmIdentifier, OCTET_STRING, Reader};
use crate::ber;
use crate::error::{Error, ErrorCode, Result};
use crate::secret::{SecretBytes, SecretString};
use crate::text::text;

/// Decrypts what is encrypted with an algorithm and its parameters: one ASN.1 element, which comes out in DER.
///
/// # Errors
///
/// [`ErrorCode::PasswordWrong`], [`ErrorCode::EncryptionUnsupported`], [`ErrorCode::EncryptionCost`].
pub(crate) fn decrypt(
    algorithm: AlgorithmIdentifier<'_>,
    ciphertext: &[u8],
    password: &Password,
    budget: &mut Budget,
) -> Result<SecretBytes> {
    let plaintext = match algorithm.oid {
        algorithms::PBES2 => pbes2::decrypt(algorithm.parameters, ciphertext, password, budget)?,
        #[cfg(feature = "legacy-ciphers-insecure")]
        _ => pbes1::decrypt(algorithm, ciphertext, password, budget)?,
        #[cfg(not(feature = "legacy-ciphers-insecure"))]
        _ => return Err(algorithms::unsupported(algorithm.oid)),
    };
    plaintext.and_then(|plaintext| ber::to_der(plaintext.expose())).ok_or_else(password_wrong)
}

/// Decrypts `EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING }`,
/// [RFC 5208 section 6](https://www.rfc-editor.org/rfc/rfc5208#section-6), to a `PrivateKeyInfo`.
///
/// # Errors
///
/// Those of [`decrypt`]; [`ErrorCode::PasswordMissing`]; [`ErrorCode::KeyInvalid`] if it is something else.
pub(crate) fn decrypt_private_key(
    der: &[u8],
    password: Option<&SecretString>,
    budget: &mut Budget,
) -> Result<SecretBytes> {
    let (algorithm, ciphertext) = encrypted_private_key_info(der).ok_or_else(|| {
        let found = text![der.len(), " bytes that are not an encrypted private key"];
        Error::new(ErrorCode::KeyInvalid, found, "an EncryptedPrivateKeyInfo of PKCS#8")
    })?;
    try_forms(password, |form| decrypt(algorithm, ciphertext, form, budget))
}

/// The algorithm and the ciphertext of an `EncryptedPrivateKeyInfo`.
pub(crate) fn encrypted_private_key_info(der: &[u8]) -> Option<(AlgorithmIdentifier<'_>, &[u8])> {
    let mut info = Reader::of_sequence(der)?;
    let algorithm = info.algorithm()?;
    let ciphertext = info.contents(OCTET_STRING)?;
    info.end((algorithm, ciphertext))
}

/// Tries what files take for this password, one form after the other.
///
/// # Errors
///
/// What `open` refuses with; if that is a wrong password for each form and there is no password,
/// [`ErrorCode::PasswordMissing`].
pub(crate) fn try_forms<T>(
    password: Option<&SecretString>,
    mut open: impl FnMut(&Password) -> Result<T>,
) -> Result<T> {
    for form in Password::forms(password) {
        match open(&form) {
            Err(error) if error.code() == ErrorCode::PasswordWrong => {}
            result => return result,
        }
    }
    Err(match password {
        Some(_) => password_wrong(),
        None => Error::new(ErrorCode::PasswordMissing, "encryption and no password", "a password"),
    })
}

/// The error of a password that does not fit.
pub(crate) fn password_wrong() -> Error {
    Error::new(
        ErrorCode::PasswordWrong,
        "content that it does not open, or that is damaged",
        "the password that the file was protected with",
    )
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wycheproof_tests;
