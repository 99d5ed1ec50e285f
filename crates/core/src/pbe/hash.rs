//! The hash functions of key derivation and MACs, and what is computed with them: PBKDF2, HMAC, and the key derivation of
//! PKCS#12, [RFC 7292 appendix B.2](https://www.rfc-editor.org/rfc/rfc7292#appendix-B.2), which no maintained crate has.

use crate::secret::{Secret, SecretBytes};
use alloc::vec;
use alloc::vec::Vec;
use hmac::{EagerHash, Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::digest::block_api::BlockSizeUser;
use sha2::digest::{Digest, FixedOutputReset, Output};
#[cfg(feature = "uncommon-files")]
use sha2::{Sha224, Sha512_224, Sha512_256};
use sha2::{Sha256, Sha384, Sha512};

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    #[cfg(feature = "uncommon-files")]
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    #[cfg(feature = "uncommon-files")]
    Sha512Cut224,
    #[cfg(feature = "uncommon-files")]
    Sha512Cut256,
    #[cfg(feature = "rare-ciphers")]
    Sha3_224,
    #[cfg(feature = "rare-ciphers")]
    Sha3_256,
    #[cfg(feature = "rare-ciphers")]
    Sha3_384,
    #[cfg(feature = "rare-ciphers")]
    Sha3_512,
    /// In MACs of PFX files.
    #[cfg(all(feature = "legacy-ciphers-insecure", feature = "uncommon-files"))]
    Md5,
}

/// What a derived key is for: the ID of
/// [RFC 7292 appendix B.3](https://www.rfc-editor.org/rfc/rfc7292#appendix-B.3).
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Purpose {
    #[cfg(feature = "legacy-ciphers-insecure")]
    Key = 1,
    #[cfg(feature = "legacy-ciphers-insecure")]
    InitialisationVector = 2,
    Mac = 3,
}

/// Calls a generic function with the type of a hash.
macro_rules! with_type {
    ($hash:expr, $function:ident ( $($argument:expr),* )) => {
        match $hash {
            Hash::Sha1 => $function::<Sha1>($($argument),*),
            #[cfg(feature = "uncommon-files")]
            Hash::Sha224 => $function::<Sha224>($($argument),*),
            Hash::Sha256 => $function::<Sha256>($($argument),*),
            Hash::Sha384 => $function::<Sha384>($($argument),*),
            Hash::Sha512 => $function::<Sha512>($($argument),*),
            #[cfg(feature = "uncommon-files")]
            Hash::Sha512Cut224 => $function::<Sha512_224>($($argument),*),
            #[cfg(feature = "uncommon-files")]
            Hash::Sha512Cut256 => $function::<Sha512_256>($($argument),*),
            #[cfg(feature = "rare-ciphers")]
            Hash::Sha3_224 => $function::<sha3::Sha3_224>($($argument),*),
            #[cfg(feature = "rare-ciphers")]
            Hash::Sha3_256 => $function::<sha3::Sha3_256>($($argument),*),
            #[cfg(feature = "rare-ciphers")]
            Hash::Sha3_384 => $function::<sha3::Sha3_384>($($argument),*),
            #[cfg(feature = "rare-ciphers")]
            Hash::Sha3_512 => $function::<sha3::Sha3_512>($($argument),*),
            #[cfg(all(feature = "legacy-ciphers-insecure", feature = "uncommon-files"))]
            Hash::Md5 => $function::<md5::Md5>($($argument),*),
        }
    };
}

impl Hash {
    /// `id-sha1`, 1.3.14.3.2.26; `id-sha…`, 2.16.840.1.101.3.4.2.n; `md5`, 1.2.840.113549.2.5.
    pub(crate) fn of_digest(oid: &[u8]) -> Option<Self> {
        const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
        const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02]; // and SHA-3
        #[cfg(all(feature = "legacy-ciphers-insecure", feature = "uncommon-files"))]
        if oid == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05] {
            return Some(Self::Md5);
        }
        match (oid, oid.split_last()?) {
            (SHA1, _) => Some(Self::Sha1),
            (_, (1, SHA2)) => Some(Self::Sha256),
            (_, (2, SHA2)) => Some(Self::Sha384),
            (_, (3, SHA2)) => Some(Self::Sha512),
            #[cfg(feature = "uncommon-files")]
            (_, (4, SHA2)) => Some(Self::Sha224),
            #[cfg(feature = "uncommon-files")]
            (_, (5, SHA2)) => Some(Self::Sha512Cut224),
            #[cfg(feature = "uncommon-files")]
            (_, (6, SHA2)) => Some(Self::Sha512Cut256),
            #[cfg(feature = "rare-ciphers")]
            (_, (7, SHA2)) => Some(Self::Sha3_224),
            #[cfg(feature = "rare-ciphers")]
            (_, (8, SHA2)) => Some(Self::Sha3_256),
            #[cfg(feature = "rare-ciphers")]
            (_, (9, SHA2)) => Some(Self::Sha3_384),
            #[cfg(feature = "rare-ciphers")]
            (_, (10, SHA2)) => Some(Self::Sha3_512),
            _ => None,
        }
    }

    /// `id-hmacWithSHA…`, 1.2.840.113549.2.n,
    /// [RFC 8018 appendix B.1](https://www.rfc-editor.org/rfc/rfc8018#appendix-B.1).
    pub(crate) fn of_hmac(oid: &[u8]) -> Option<Self> {
        const DIGEST_ALGORITHM: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
        match oid.split_last()? {
            (7, DIGEST_ALGORITHM) => Some(Self::Sha1),
            #[cfg(feature = "uncommon-files")]
            (8, DIGEST_ALGORITHM) => Some(Self::Sha224),
            (9, DIGEST_ALGORITHM) => Some(Self::Sha256),
            (10, DIGEST_ALGORITHM) => Some(Self::Sha384),
            (11, DIGEST_ALGORITHM) => Some(Self::Sha512),
            #[cfg(feature = "uncommon-files")]
            (12, DIGEST_ALGORITHM) => Some(Self::Sha512Cut224),
            #[cfg(feature = "uncommon-files")]
            (13, DIGEST_ALGORITHM) => Some(Self::Sha512Cut256),
            _ => None,
        }
    }

    /// The bytes of its output.
    pub(crate) fn output_size(self) -> usize {
        with_type!(self, output_size())
    }

    /// PBKDF2 with HMAC, [RFC 8018 section 5.2](https://www.rfc-editor.org/rfc/rfc8018#section-5.2).
    pub(crate) fn pbkdf2(self, password: &[u8], salt: &[u8], rounds: u32, length: usize) -> SecretBytes {
        let mut key = Secret::new(vec![0; length]);
        let output = key.expose_mut();
        with_type!(self, pbkdf2_hmac(password, salt, rounds, output));
        key
    }

    /// A key from a password in PKCS#12's encoding,
    /// [RFC 7292 appendix B.2](https://www.rfc-editor.org/rfc/rfc7292#appendix-B.2).
    pub(crate) fn pkcs12(
        self,
        purpose: Purpose,
        password: &[u8],
        salt: &[u8],
        rounds: u64,
        length: usize,
    ) -> SecretBytes {
        with_type!(self, derive_pkcs12(purpose, password, salt, rounds, length))
    }

    /// HMAC, [RFC 2104](https://www.rfc-editor.org/rfc/rfc2104); none if the key can't be taken, which does not happen.
    pub(crate) fn hmac(self, key: &[u8], message: &[u8]) -> Option<SecretBytes> {
        with_type!(self, hmac_of(key, message))
    }
}

fn output_size<D: Digest>() -> usize {
    <D as Digest>::output_size()
}

fn hmac_of<D: EagerHash>(key: &[u8], message: &[u8]) -> Option<SecretBytes> {
    let mac = Hmac::<D>::new_from_slice(key).ok()?.chain_update(message);
    Some(mac.finalize().into_bytes().to_vec().into())
}

fn pbkdf2_hmac<D: EagerHash>(password: &[u8], salt: &[u8], rounds: u32, key: &mut [u8])
where
    Hmac<D>: hmac::digest::Update + hmac::digest::FixedOutput + Clone + hmac::KeyInit,
{
    // HMAC takes keys of any length.
    let _ = pbkdf2::pbkdf2::<Hmac<D>>(password, salt, rounds, key);
}

/// The steps are numbered as in the RFC.
fn derive_pkcs12<D: Digest + BlockSizeUser + FixedOutputReset>(
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    rounds: u64,
    length: usize,
) -> SecretBytes {
    let block = <D as BlockSizeUser>::block_size();
    // Steps 1 to 4: D, and I = S || P, each of salt and password repeated to fill blocks.
    let diversifier = vec![purpose as u8; block];
    let filled = |bytes: &[u8]| bytes.len().div_ceil(block).saturating_mul(block);
    let mut input = Secret::new(Vec::with_capacity(filled(salt).saturating_add(filled(password))));
    for bytes in [salt, password] {
        input.expose_mut().extend(bytes.iter().cycle().take(filled(bytes)));
    }
    // Step 6: A_i = H^rounds(D || I), until there is enough of it.
    let mut key = Secret::new(Vec::with_capacity(length));
    let mut digest = Secret::new(vec![0; <D as Digest>::output_size()]);
    let mut hasher = D::new();
    loop {
        Digest::update(&mut hasher, &diversifier);
        Digest::update(&mut hasher, input.expose());
        finish(&mut hasher, digest.expose_mut());
        for _ in 1..rounds {
            Digest::update(&mut hasher, digest.expose());
            finish(&mut hasher, digest.expose_mut());
        }
        let missing = length.saturating_sub(key.expose().len());
        key.expose_mut().extend(digest.expose().iter().take(missing));
        if missing <= digest.expose().len() {
            return key;
        }
        for block in input.expose_mut().chunks_mut(block) {
            add_with_one(block, digest.expose());
        }
    }
}

fn finish<D: Digest + FixedOutputReset>(hasher: &mut D, digest: &mut [u8]) {
    if let Ok(digest) = <&mut Output<D>>::try_from(digest) {
        Digest::finalize_into_reset(hasher, digest);
    }
}

/// Step 6C: `block = (block + B + 1) mod 2^v`, where B is `digest` repeated to the length of the block.
fn add_with_one(block: &mut [u8], digest: &[u8]) {
    let mut carry = 1_u16;
    for (index, byte) in block.iter_mut().enumerate().rev() {
        let addend = index.checked_rem(digest.len()).and_then(|index| digest.get(index)).copied();
        carry = u16::from(*byte).saturating_add(u16::from(addend.unwrap_or(0))).saturating_add(carry);
        *byte = carry.to_be_bytes()[1];
        carry >>= 8;
    }
}
