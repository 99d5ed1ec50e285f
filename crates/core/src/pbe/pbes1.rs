//! PBES1: the schemes of PKCS#5 1.5 ([RFC 8018 appendix A.3](https://www.rfc-editor.org/rfc/rfc8018#appendix-A.3)) and
//! of PKCS#12 ([RFC 7292 appendix C](https://www.rfc-editor.org/rfc/rfc7292#appendix-C)). All are weak: short keys, old
//! ciphers, or both. Windows writes the latter to this day.

use super::algorithms::{PKCS_5, PKCS_12_PBE, unreadable_parameters, unsupported};
use super::budget::Budget;
use super::cipher::{Cipher, Rc2Bits};
use super::hash::{Hash, Purpose};
use super::password::Password;
use crate::asn1::{AlgorithmIdentifier, OCTET_STRING, Reader};
use crate::error::Result;
use crate::secret::{Secret, SecretBytes};
use alloc::vec::Vec;
use core::ops::Range;
use md5::Md5;
use sha1::Sha1;
use sha2::digest::{Digest, Output};

/// How a scheme makes its key.
#[derive(Clone, Copy)]
enum Derivation {
    /// PBKDF1 with MD5.
    Md5,
    /// PBKDF1 with SHA-1.
    Sha1,
    /// PKCS#12 with SHA-1.
    Pkcs12,
}

/// Undoes a scheme with `PBEParameter ::= SEQUENCE { salt OCTET STRING, iterationCount INTEGER }`. None if the password
/// does not fit.
///
/// # Errors
///
/// [`ErrorCode::EncryptionUnsupported`](crate::error::ErrorCode::EncryptionUnsupported),
/// [`ErrorCode::EncryptionCost`](crate::error::ErrorCode::EncryptionCost).
pub(super) fn decrypt(
    algorithm: AlgorithmIdentifier<'_>,
    ciphertext: &[u8],
    password: &Password,
    budget: &mut Budget,
) -> Result<Option<SecretBytes>> {
    let (derivation, cipher) = scheme(algorithm.oid).ok_or_else(|| unsupported(algorithm.oid))?;
    let (salt, rounds) =
        read_parameters(algorithm.parameters).ok_or_else(|| unreadable_parameters("PBES1"))?;
    let sizes = [cipher.key_size(), cipher.iv_size()];
    let blocks = match derivation {
        Derivation::Pkcs12 => sizes.map(|size| size.div_ceil(Hash::Sha1.output_size())).iter().sum(),
        Derivation::Md5 | Derivation::Sha1 => 1,
    };
    budget.pay_rounds(rounds, blocks)?;
    let (key, iv) = match derivation {
        Derivation::Pkcs12 => {
            let derive =
                |purpose, size| Hash::Sha1.pkcs12(purpose, password.bmp_string(), salt, rounds, size);
            let [key_size, iv_size] = sizes;
            (derive(Purpose::Key, key_size), derive(Purpose::InitialisationVector, iv_size))
        }
        Derivation::Md5 => key_and_iv(&pbkdf1::<Md5>(password.octets(), salt, rounds)),
        Derivation::Sha1 => key_and_iv(&pbkdf1::<Sha1>(password.octets(), salt, rounds)),
    };
    Ok(cipher.decrypt(key.expose(), iv.expose(), ciphertext))
}

/// What an object identifier names.
fn scheme(algorithm: &[u8]) -> Option<(Derivation, Cipher)> {
    use Derivation::{Md5, Pkcs12, Sha1};
    Some(match algorithm.split_last()? {
        (3, PKCS_5) => (Md5, Cipher::Des),
        (6, PKCS_5) => (Md5, Cipher::Rc2(Rc2Bits::Bits64)),
        (10, PKCS_5) => (Sha1, Cipher::Des),
        (11, PKCS_5) => (Sha1, Cipher::Rc2(Rc2Bits::Bits64)),
        #[cfg(feature = "uncommon-files")]
        (1, PKCS_12_PBE) => (Pkcs12, Cipher::Rc4(16)),
        #[cfg(feature = "uncommon-files")]
        (2, PKCS_12_PBE) => (Pkcs12, Cipher::Rc4(5)),
        (3, PKCS_12_PBE) => (Pkcs12, Cipher::TripleDes3Keys),
        (4, PKCS_12_PBE) => (Pkcs12, Cipher::TripleDes2Keys),
        (5, PKCS_12_PBE) => (Pkcs12, Cipher::Rc2(Rc2Bits::Bits128)),
        (6, PKCS_12_PBE) => (Pkcs12, Cipher::Rc2(Rc2Bits::Bits40)),
        _ => return None,
    })
}

fn read_parameters(mut parameters: Reader<'_>) -> Option<(&[u8], u64)> {
    let mut members = parameters.sequence()?;
    let (salt, rounds) = (members.contents(OCTET_STRING)?, members.count()?);
    members.end(()).and(parameters.end((salt, rounds)))
}

/// PBKDF1, [RFC 8018 section 5.1](https://www.rfc-editor.org/rfc/rfc8018#section-5.1): the hash of password and salt, hashed
/// again until it has been hashed `rounds` times.
fn pbkdf1<D: Digest>(password: &[u8], salt: &[u8], rounds: u64) -> SecretBytes {
    let mut digest = Secret::new(alloc::vec![0; <D as Digest>::output_size()]);
    digest_into::<D>(&[password, salt], digest.expose_mut());
    let mut previous = Secret::new(Vec::with_capacity(digest.expose().len()));
    for _ in 1..rounds {
        previous.expose_mut().clone_from(digest.expose());
        digest_into::<D>(&[previous.expose()], digest.expose_mut());
    }
    digest
}

/// The hash of `parts`, one behind the other.
pub(super) fn digest_into<D: Digest>(parts: &[&[u8]], digest: &mut [u8]) {
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    if let Ok(digest) = <&mut Output<D>>::try_from(digest) {
        hasher.finalize_into(digest);
    }
}

/// [RFC 8018 section 6.1.2](https://www.rfc-editor.org/rfc/rfc8018#section-6.1.2): the key is the first eight bytes, the
/// initialisation vector the next.
fn key_and_iv(derived: &SecretBytes) -> (SecretBytes, SecretBytes) {
    let part = |range: Range<usize>| derived.expose().get(range).unwrap_or_default().to_vec().into();
    (part(0..8), part(8..16))
}
