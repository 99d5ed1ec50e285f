//! `DEK-Info` in PEM: how OpenSSL encrypted PKCS#1 keys before PKCS#8, with the headers of
//! [RFC 1421 section 4.6.1.3](https://www.rfc-editor.org/rfc/rfc1421#section-4.6.1.3).
//!
//! ```text
//! Proc-Type: 4,ENCRYPTED
//! DEK-Info: AES-128-CBC,F1A5…
//! ```
//!
//! The key comes from password and salt by one round of MD5, which is no obstacle to guessing.

use super::cipher::Cipher;
use super::password_wrong;
use super::pbes1::digest_into;
use crate::ber;
use crate::encoding::split_at_pattern;
use crate::error::{Error, ErrorCode, Result};
use crate::secret::{Secret, SecretBytes};
use crate::text::text;
use alloc::vec;
use alloc::vec::Vec;
use md5::Md5;

const MD5_SIZE: usize = 16;

/// Decrypts the body of a section; `decode` decodes its base64.
///
/// # Errors
///
/// [`ErrorCode::PemInvalid`], [`ErrorCode::EncryptionUnsupported`], [`ErrorCode::PasswordWrong`], and those of `decode`.
pub(crate) fn decrypt(
    body: &str,
    password: &[u8],
    decode: impl FnOnce(&str) -> Result<SecretBytes>,
) -> Result<SecretBytes> {
    let damaged = |found| Error::new(ErrorCode::PemInvalid, found, "DEK-Info: cipher,hexadecimal digits");
    let (_, after) = split_at_pattern(body, "DEK-Info:").ok_or_else(|| damaged("no header DEK-Info"))?;
    let (name, after) = after.split_once(',').ok_or_else(|| damaged("a header DEK-Info of one part"))?;
    let cipher = cipher_of(name.trim())?;
    let after = after.trim_start();
    // The size tells where the vector ends, even where the line's end got lost.
    let digits = after.get(..cipher.iv_size().saturating_mul(2));
    let iv = digits.and_then(from_hex).ok_or_else(|| damaged("a header DEK-Info without its digits"))?;
    let ciphertext = decode(after.get(iv.len().saturating_mul(2)..).unwrap_or_default())?;
    let salt = iv.get(..8).unwrap_or_default();
    let key = bytes_to_key(password, salt, cipher.key_size());
    let plaintext = cipher.decrypt(key.expose(), &iv, ciphertext.expose());
    plaintext.and_then(|plaintext| ber::to_der(plaintext.expose())).ok_or_else(password_wrong)
}

fn cipher_of(name: &str) -> Result<Cipher> {
    Ok(match name {
        "AES-128-CBC" => Cipher::Aes128,
        "AES-192-CBC" => Cipher::Aes192,
        "AES-256-CBC" => Cipher::Aes256,
        "DES-CBC" => Cipher::Des,
        "DES-EDE3-CBC" => Cipher::TripleDes3Keys,
        _ => {
            return Err(Error::new(
                ErrorCode::EncryptionUnsupported,
                text!["DEK-Info with a cipher whose name has ", name.len(), " characters"],
                "AES-128-CBC, AES-192-CBC, AES-256-CBC, DES-EDE3-CBC or DES-CBC",
            ));
        }
    })
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            match pair {
                [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
                _ => None,
            }
        })
        .collect()
}

/// OpenSSL's `EVP_BytesToKey` with MD5 and one iteration: `D_i = MD5(D_(i-1) || password || salt)`.
fn bytes_to_key(password: &[u8], salt: &[u8], length: usize) -> SecretBytes {
    let mut key = Secret::new(Vec::with_capacity(length.saturating_add(MD5_SIZE)));
    let mut digest = Secret::new(vec![0; MD5_SIZE]);
    while key.expose().len() < length {
        let previous = key.expose().len().saturating_sub(MD5_SIZE);
        let previous = key.expose().get(previous..).unwrap_or_default();
        digest_into::<Md5>(&[previous, password, salt], digest.expose_mut());
        key.expose_mut().extend_from_slice(digest.expose());
    }
    key.expose_mut().truncate(length);
    key
}
