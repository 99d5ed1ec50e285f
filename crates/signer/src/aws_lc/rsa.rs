//! RSA by the C functions of aws-lc that need nothing but RSA.
//!
//! aws-lc-rs goes through `EVP_PKEY`, whose tables name every kind of key, so that elliptic curves, ML-DSA and ML-KEM end up in a
//! program that signs with RSA alone: 1.4 MB of the addon. These are the functions below that. What is promised of them here is
//! from their header, `openssl/rsa.h`.
#![expect(unsafe_code, reason = "aws-lc is a C library")]

use alloc::vec;
use alloc::vec::Vec;
use aws_lc_sys as c;
use certgrant_core::{Algorithm, RsaPublicKey};
use core::ptr::{NonNull, null_mut};

/// The sizes that are signed with and verified: [RFC 7518 section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3) and
/// the most that signers take.
const BITS: core::ops::RangeInclusive<u32> = 2048..=8192;

/// What the C functions answer where they did it.
const DONE: i32 = 1;

const DIGEST_LENGTH: usize = c::SHA256_DIGEST_LENGTH as usize;

/// An RSA key, private or public, of 2048 to 8192 bits.
pub(super) struct Rsa(NonNull<c::RSA>);

// SAFETY: the key is bound to no thread. "A given object may be used concurrently on multiple threads by non-mutating functions",
// and those of signing, of verifying and of its size are.
unsafe impl Send for Rsa {}
// SAFETY: as above.
unsafe impl Sync for Rsa {}

impl Rsa {
    /// A private key of an `RSAPrivateKey` in DER, [RFC 8017 appendix A.1.2](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2).
    /// None if its numbers do not fit together.
    pub(super) fn from_pkcs1_der(der: &[u8]) -> Option<Self> {
        // SAFETY: a pointer and the length behind it. The new key is ours.
        let key = unsafe { c::RSA_private_key_from_bytes(der.as_ptr(), der.len()) };
        Self::of_supported_size(key)
    }

    /// A public key of its two numbers. None if they can't be one.
    pub(super) fn from_public(key: &RsaPublicKey) -> Option<Self> {
        let (modulus, exponent) = (Number::new(key.modulus())?, Number::new(key.exponent())?);
        // SAFETY: both numbers are there, and copied. The new key is ours.
        let key = unsafe { c::RSA_new_public_key(modulus.0.as_ptr(), exponent.0.as_ptr()) };
        Self::of_supported_size(key)
    }

    fn of_supported_size(key: *mut c::RSA) -> Option<Self> {
        let key = Self(NonNull::new(key)?);
        // SAFETY: the key is there.
        let bits = unsafe { c::RSA_bits(key.0.as_ptr()) };
        BITS.contains(&bits).then_some(key)
    }

    /// The signature over `message`, as long as the modulus. None if aws-lc refuses, as it does with a public key.
    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        let digest = sha256(message);
        // SAFETY: the key is there.
        let mut signature = vec![0; unsafe { c::RSA_size(self.0.as_ptr()) } as usize];
        let length = match algorithm {
            Algorithm::Rs256 => self.sign_pkcs1(&digest, &mut signature),
            Algorithm::Ps256 => self.sign_pss(&digest, &mut signature),
        }?;
        (length == signature.len()).then_some(signature)
    }

    /// [RFC 8017 section 8.2](https://www.rfc-editor.org/rfc/rfc8017#section-8.2).
    fn sign_pkcs1(&self, digest: &[u8; DIGEST_LENGTH], signature: &mut [u8]) -> Option<usize> {
        let mut length = 0;
        // SAFETY: the digest has the length that is given, and the signature has `RSA_size` bytes of room.
        let answer = unsafe {
            c::RSA_sign(
                c::NID_sha256,
                digest.as_ptr(),
                digest.len(),
                signature.as_mut_ptr(),
                &raw mut length,
                self.0.as_ptr(),
            )
        };
        (answer == DONE).then_some(length as usize)
    }

    /// [RFC 8017 section 8.1](https://www.rfc-editor.org/rfc/rfc8017#section-8.1), with a salt as long as the digest.
    fn sign_pss(&self, digest: &[u8; DIGEST_LENGTH], signature: &mut [u8]) -> Option<usize> {
        let mut length = 0;
        // SAFETY: digest and signature have the lengths that are given, which are those that the function wants. Without a
        // second hash the first is also that of MGF1.
        let answer = unsafe {
            c::RSA_sign_pss_mgf1(
                self.0.as_ptr(),
                &raw mut length,
                signature.as_mut_ptr(),
                signature.len(),
                digest.as_ptr(),
                digest.len(),
                c::EVP_sha256(),
                core::ptr::null(),
                c::RSA_PSS_SALTLEN_DIGEST,
            )
        };
        (answer == DONE).then_some(length)
    }

    /// Whether `signature` is the key's over `message`.
    pub(super) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let digest = sha256(message);
        let (digest, digest_len) = (digest.as_ptr(), digest.len());
        let (signature, signature_len) = (signature.as_ptr(), signature.len());
        let key = self.0.as_ptr();
        let answer = match algorithm {
            // SAFETY: pointers with the lengths behind them.
            Algorithm::Rs256 => unsafe {
                c::RSA_verify(c::NID_sha256, digest, digest_len, signature, signature_len, key)
            },
            // SAFETY: the same.
            Algorithm::Ps256 => unsafe {
                c::RSA_verify_pss_mgf1(
                    key,
                    digest,
                    digest_len,
                    c::EVP_sha256(),
                    core::ptr::null(),
                    c::RSA_PSS_SALTLEN_DIGEST,
                    signature,
                    signature_len,
                )
            },
        };
        answer == DONE
    }
}

impl Drop for Rsa {
    fn drop(&mut self) {
        // SAFETY: the key is there and ours; nobody has it afterwards. A private key's numbers are wiped.
        unsafe { c::RSA_free(self.0.as_ptr()) }
    }
}

/// A number of any length.
struct Number(NonNull<c::BIGNUM>);

impl Number {
    fn new(big_endian: &[u8]) -> Option<Self> {
        // SAFETY: a pointer and the length behind it; null asks for a new number, which is ours.
        NonNull::new(unsafe { c::BN_bin2bn(big_endian.as_ptr(), big_endian.len(), null_mut()) }).map(Self)
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // SAFETY: the number is there and ours; nobody has it afterwards.
        unsafe { c::BN_free(self.0.as_ptr()) }
    }
}

fn sha256(message: &[u8]) -> [u8; DIGEST_LENGTH] {
    let mut digest = [0; DIGEST_LENGTH];
    // SAFETY: a pointer and the length behind it, and room for a digest. It can't fail.
    unsafe { c::SHA256(message.as_ptr(), message.len(), digest.as_mut_ptr()) };
    digest
}
