//! PBES2, [RFC 8018 appendix A.4](https://www.rfc-editor.org/rfc/rfc8018#appendix-A.4): a key derivation and a cipher, each
//! with its own parameters.

use super::algorithms::{AES_128_CBC, AES_192_CBC, AES_256_CBC, PBKDF2, unreadable_parameters, unsupported};
use super::budget::Budget;
use super::cipher::Cipher;
use super::hash::Hash;
use super::password::Password;
use crate::asn1::{AlgorithmIdentifier, INTEGER, OCTET_STRING, Reader, SEQUENCE};
use crate::error::Result;
#[cfg(feature = "uncommon-files")]
use crate::secret::Secret;
use crate::secret::SecretBytes;
#[cfg(feature = "uncommon-files")]
use alloc::vec;

/// Undoes `PBES2-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, encryptionScheme AlgorithmIdentifier }`.
/// None if the password does not fit.
///
/// # Errors
///
/// [`ErrorCode::EncryptionUnsupported`](crate::error::ErrorCode::EncryptionUnsupported),
/// [`ErrorCode::EncryptionCost`](crate::error::ErrorCode::EncryptionCost).
pub(super) fn decrypt(
    mut parameters: Reader<'_>,
    ciphertext: &[u8],
    password: &Password,
    budget: &mut Budget,
) -> Result<Option<SecretBytes>> {
    let unreadable = || unreadable_parameters("PBES2");
    let mut members = parameters.sequence().ok_or_else(unreadable)?;
    let derivation = members.algorithm().ok_or_else(unreadable)?;
    let scheme = members.algorithm().ok_or_else(unreadable)?;
    members.end(()).and(parameters.end(())).ok_or_else(unreadable)?;
    let (cipher, iv) = read_cipher(scheme)?;
    let (key_size, key) = match derivation.oid {
        PBKDF2 => {
            let pbkdf2 = Pbkdf2::read(derivation.parameters)?;
            (pbkdf2.key_length, pbkdf2.derive(password, pbkdf2.key_size(cipher), budget)?)
        }
        #[cfg(feature = "uncommon-files")]
        super::algorithms::SCRYPT => {
            Scrypt::read(derivation.parameters)?.derive(password, cipher.key_size(), budget)?
        }
        _ => return Err(unsupported(derivation.oid)),
    };
    if key_size.is_some_and(|size| size != key.expose().len() as u64) {
        return Err(unreadable());
    }
    Ok(cipher.decrypt(key.expose(), iv, ciphertext))
}

/// The cipher and its initialisation vector.
fn read_cipher(scheme: AlgorithmIdentifier<'_>) -> Result<(Cipher, &[u8])> {
    let mut parameters = scheme.parameters;
    let cipher = match scheme.oid {
        AES_128_CBC => Cipher::Aes128,
        AES_192_CBC => Cipher::Aes192,
        AES_256_CBC => Cipher::Aes256,
        #[cfg(feature = "legacy-ciphers-insecure")]
        super::algorithms::DES_CBC => Cipher::Des,
        #[cfg(feature = "legacy-ciphers-insecure")]
        super::algorithms::DES_EDE3_CBC => Cipher::TripleDes3Keys,
        #[cfg(feature = "legacy-ciphers-insecure")]
        super::algorithms::RC2_CBC => {
            return read_rc2(parameters).ok_or_else(|| unreadable_parameters("RC2"));
        }
        #[cfg(feature = "rare-ciphers")]
        oid => Cipher::Rare(super::rare::Rare::of_cbc(oid).ok_or_else(|| unsupported(oid))?),
        #[cfg(not(feature = "rare-ciphers"))]
        oid => return Err(unsupported(oid)),
    };
    let iv = parameters.contents(OCTET_STRING).filter(|iv| iv.len() == cipher.iv_size());
    let iv = iv.and_then(|iv| parameters.end(iv));
    Ok((cipher, iv.ok_or_else(|| unreadable_parameters("the cipher of PBES2"))?))
}

/// `RC2-CBC-Parameter ::= SEQUENCE { rc2ParameterVersion INTEGER, iv OCTET STRING }`, whose version says how many bits the
/// key has, [RFC 8018 appendix B.2.3](https://www.rfc-editor.org/rfc/rfc8018#appendix-B.2.3).
#[cfg(feature = "legacy-ciphers-insecure")]
fn read_rc2(mut parameters: Reader<'_>) -> Option<(Cipher, &[u8])> {
    use super::cipher::Rc2Bits;
    let mut members = parameters.sequence()?;
    let bits = match members.count()? {
        160 => Rc2Bits::Bits40,
        120 => Rc2Bits::Bits64,
        58 => Rc2Bits::Bits128,
        _ => return None,
    };
    let iv = members.contents(OCTET_STRING).filter(|iv| iv.len() == 8)?;
    members.end(()).and(parameters.end((Cipher::Rc2(bits), iv)))
}

/// `PBKDF2-params ::= SEQUENCE { salt CHOICE { specified OCTET STRING, … }, iterationCount INTEGER, keyLength INTEGER
/// OPTIONAL, prf AlgorithmIdentifier DEFAULT hmacWithSHA1 }`,
/// [RFC 8018 appendix A.2](https://www.rfc-editor.org/rfc/rfc8018#appendix-A.2).
#[derive(Debug)]
pub(crate) struct Pbkdf2<'a> {
    salt: &'a [u8],
    rounds: u64,
    /// The bytes of the key, where the file says.
    pub(crate) key_length: Option<u64>,
    prf: Hash,
}

impl<'a> Pbkdf2<'a> {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::EncryptionUnsupported`](crate::error::ErrorCode::EncryptionUnsupported).
    pub(crate) fn read(mut parameters: Reader<'a>) -> Result<Self> {
        let unreadable = || unreadable_parameters("PBKDF2");
        let mut members = parameters.sequence().ok_or_else(unreadable)?;
        let salt = members.contents(OCTET_STRING).ok_or_else(unreadable)?;
        let rounds = members.count().ok_or_else(unreadable)?;
        let key_length = if members.peek() == Some(INTEGER) { members.count() } else { None };
        let prf = if members.peek() == Some(SEQUENCE) {
            let prf = members.algorithm().ok_or_else(unreadable)?;
            if !prf.parameters.is_null_or_absent() {
                return Err(unreadable());
            }
            Hash::of_hmac(prf.oid).ok_or_else(|| unsupported(prf.oid))?
        } else {
            Hash::Sha1
        };
        members.end(()).and(parameters.end(())).ok_or_else(unreadable)?;
        Ok(Self { salt, rounds, key_length, prf })
    }

    /// The size of the key for a cipher: RC2 alone may have another than its own.
    fn key_size(&self, cipher: Cipher) -> usize {
        match cipher {
            #[cfg(feature = "legacy-ciphers-insecure")]
            Cipher::Rc2(_) => match self.key_length {
                Some(length @ 1..=128) => usize::try_from(length).unwrap_or(cipher.key_size()),
                _ => cipher.key_size(),
            },
            _ => cipher.key_size(),
        }
    }

    /// The key for a password.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::EncryptionCost`](crate::error::ErrorCode::EncryptionCost).
    pub(crate) fn derive(
        &self,
        password: &Password,
        length: usize,
        budget: &mut Budget,
    ) -> Result<SecretBytes> {
        budget.pay_rounds(self.rounds, length.div_ceil(self.prf.output_size()))?;
        // What the budget allows fits.
        let rounds = u32::try_from(self.rounds).unwrap_or(u32::MAX);
        Ok(self.prf.pbkdf2(password.octets(), self.salt, rounds, length))
    }
}

/// `scrypt-params ::= SEQUENCE { salt OCTET STRING, costParameter INTEGER, blockSize INTEGER, parallelizationParameter
/// INTEGER, keyLength INTEGER OPTIONAL }`, [RFC 7914 section 7.1](https://www.rfc-editor.org/rfc/rfc7914#section-7.1).
#[cfg(feature = "uncommon-files")]
struct Scrypt<'a> {
    salt: &'a [u8],
    n: u64,
    r: u64,
    p: u64,
    key_length: Option<u64>,
}

#[cfg(feature = "uncommon-files")]
impl<'a> Scrypt<'a> {
    fn read(mut parameters: Reader<'a>) -> Result<Self> {
        let mut read = || {
            let mut members = parameters.sequence()?;
            let salt = members.contents(OCTET_STRING)?;
            let (n, r, p) = (members.count()?, members.count()?, members.count()?);
            let key_length = if members.is_at_end() { None } else { Some(members.count()?) };
            // RFC 7914 section 2: N is larger than 1 and a power of 2.
            let is_valid = n > 1 && n.is_power_of_two() && members.is_at_end() && parameters.is_at_end();
            is_valid.then_some(Self { salt, n, r, p, key_length })
        };
        read().ok_or_else(|| unreadable_parameters("scrypt"))
    }

    /// The key, with the size that the parameters say it has.
    fn derive(
        &self,
        password: &Password,
        length: usize,
        budget: &mut Budget,
    ) -> Result<(Option<u64>, SecretBytes)> {
        let Self { salt, n, r, p, key_length } = *self;
        budget.pay_scrypt(n, r, p)?;
        let mut key = Secret::new(vec![0; length]);
        let unreadable = || unreadable_parameters("scrypt");
        let small = |number: u64| u32::try_from(number).map_err(|_| unreadable());
        // The logarithm of a u64 fits.
        let parameters = scrypt::Params::new(n.trailing_zeros() as u8, small(r)?, small(p)?);
        let parameters = parameters.map_err(|_| unreadable())?;
        scrypt::scrypt(password.octets(), salt, &parameters, key.expose_mut()).map_err(|_| unreadable())?;
        Ok((key_length, key))
    }
}
