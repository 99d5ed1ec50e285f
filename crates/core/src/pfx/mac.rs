//! The MAC of a PFX: HMAC with a key by PKCS#12's derivation, or PBMAC1.

use super::invalid;
use crate::asn1::{INTEGER, OCTET_STRING, Reader};
use crate::error::{Error, ErrorCode, Result};
use crate::pbe::{Budget, Hash, PBKDF2, Password, Pbkdf2, Purpose};
use subtle::ConstantTimeEq as _;

/// Contents of the object identifier `id-PBMAC1`, 1.2.840.113549.1.5.14.
const PBMAC1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0e];

/// The longest key that PBMAC1 may ask for: a block of SHA-512, beyond which HMAC hashes it.
const MAX_KEY_SIZE: u64 = 128;

/// `MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }` with `DigestInfo ::=
/// SEQUENCE { digestAlgorithm AlgorithmIdentifier, digest OCTET STRING }`,
/// [RFC 7292 section 4](https://www.rfc-editor.org/rfc/rfc7292#section-4).
pub(super) struct MacData<'a> {
    scheme: Scheme<'a>,
    digest: &'a [u8],
}

enum Scheme<'a> {
    Pkcs12 { hash: Hash, salt: &'a [u8], rounds: u64 },
    Pbmac1 { derivation: Pbkdf2<'a>, key_size: usize, hash: Hash },
}

impl<'a> MacData<'a> {
    pub(super) fn read(pfx: &mut Reader<'a>) -> Result<Self> {
        let unreadable = || invalid("a MAC that can't be read");
        let mut mac_data = pfx.sequence().ok_or_else(unreadable)?;
        let mut info = mac_data.sequence().ok_or_else(unreadable)?;
        let algorithm = info.algorithm().ok_or_else(unreadable)?;
        let digest =
            info.contents(OCTET_STRING).and_then(|digest| info.end(digest)).ok_or_else(unreadable)?;
        let salt = mac_data.contents(OCTET_STRING).ok_or_else(unreadable)?;
        let rounds = if mac_data.peek() == Some(INTEGER) { mac_data.count() } else { Some(1) };
        let rounds = rounds.and_then(|rounds| mac_data.end(rounds)).ok_or_else(unreadable)?;
        if algorithm.oid == PBMAC1 {
            // RFC 9579 section 5: salt and iterations of MacData are not used.
            return Ok(Self { scheme: Scheme::read_pbmac1(algorithm.parameters)?, digest });
        }
        if !algorithm.parameters.is_null_or_absent() {
            return Err(unreadable());
        }
        let hash = Hash::of_digest(algorithm.oid).ok_or_else(unsupported)?;
        Ok(Self { scheme: Scheme::Pkcs12 { hash, salt, rounds }, digest })
    }

    /// Whether it is the MAC of `contents` with a key from that password.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::EncryptionCost`].
    pub(super) fn fits(&self, contents: &[u8], password: &Password, budget: &mut Budget) -> Result<bool> {
        let (hash, key) = match &self.scheme {
            Scheme::Pkcs12 { hash, salt, rounds } => {
                budget.pay_rounds(*rounds, 1)?;
                let size = hash.output_size();
                (hash, hash.pkcs12(Purpose::Mac, password.bmp_string(), salt, *rounds, size))
            }
            Scheme::Pbmac1 { derivation, key_size, hash } => {
                (hash, derivation.derive(password, *key_size, budget)?)
            }
        };
        let digest = hash.hmac(key.expose(), contents);
        Ok(digest.is_some_and(|digest| digest.expose().as_slice().ct_eq(self.digest).into()))
    }
}

impl<'a> Scheme<'a> {
    /// `PBMAC1-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, messageAuthScheme AlgorithmIdentifier }`,
    /// [RFC 8018 appendix A.5](https://www.rfc-editor.org/rfc/rfc8018#appendix-A.5). RFC 9579 section 4 wants PBKDF2 with
    /// the length of the key, so that no reader needs to guess it.
    fn read_pbmac1(mut parameters: Reader<'a>) -> Result<Self> {
        let unreadable = || invalid("a MAC by PBMAC1 that can't be read");
        let mut members = parameters.sequence().ok_or_else(unreadable)?;
        let derivation = members.algorithm().ok_or_else(unreadable)?;
        let scheme = members.algorithm().ok_or_else(unreadable)?;
        members.end(()).and(parameters.end(())).ok_or_else(unreadable)?;
        if derivation.oid != PBKDF2 || !scheme.parameters.is_null_or_absent() {
            return Err(unsupported());
        }
        let hash = Hash::of_hmac(scheme.oid).ok_or_else(unsupported)?;
        let derivation = Pbkdf2::read(derivation.parameters)?;
        let key_size = derivation.key_length.filter(|size| *size <= MAX_KEY_SIZE);
        let key_size = key_size.and_then(|size| usize::try_from(size).ok()).ok_or_else(unreadable)?;
        Ok(Self::Pbmac1 { derivation, key_size, hash })
    }
}

fn unsupported() -> Error {
    Error::new(
        ErrorCode::EncryptionUnsupported,
        "a MAC of a PFX by an algorithm that is not known",
        "HMAC with SHA-1 or SHA-2, or PBMAC1 with PBKDF2 and HMAC",
    )
}
