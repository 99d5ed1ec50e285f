//! Ciphers of encrypted keys and PFX files, in CBC mode with the padding of
//! [RFC 8018 section 6.1.1](https://www.rfc-editor.org/rfc/rfc8018#section-6.1.1), and RC4.
//!
//! It only decrypts. That wrong padding is told apart from the rest does no harm: who holds the file can try passwords
//! on it anyway.

#[cfg(feature = "rare-ciphers")]
use super::rare::Rare;
use crate::secret::{Secret, SecretBytes};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, InnerIvInit as _, KeyInit};
#[cfg(all(feature = "legacy-ciphers-insecure", feature = "uncommon-files"))]
use rc4::StreamCipher as _;

/// A cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    #[cfg(feature = "rare-ciphers")]
    Rare(Rare),
    #[cfg(feature = "legacy-ciphers-insecure")]
    Des,
    /// Encrypts, decrypts and encrypts with the first, the second and again the first key.
    #[cfg(feature = "legacy-ciphers-insecure")]
    TripleDes2Keys,
    #[cfg(feature = "legacy-ciphers-insecure")]
    TripleDes3Keys,
    /// With the effective bits of its key, [RFC 2268 section 2](https://www.rfc-editor.org/rfc/rfc2268#section-2).
    #[cfg(feature = "legacy-ciphers-insecure")]
    Rc2(Rc2Bits),
    /// With the bytes of its key.
    #[cfg(all(feature = "legacy-ciphers-insecure", feature = "uncommon-files"))]
    Rc4(usize),
}

/// The effective key sizes of RC2 that files have.
#[cfg(feature = "legacy-ciphers-insecure")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rc2Bits {
    Bits40,
    Bits64,
    Bits128,
}

#[cfg(feature = "legacy-ciphers-insecure")]
impl Rc2Bits {
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Bits40 => 5,
            Self::Bits64 => 8,
            Self::Bits128 => 16,
        }
    }
}

impl Cipher {
    /// The bytes of its key.
    pub(crate) const fn key_size(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
            #[cfg(feature = "rare-ciphers")]
            Self::Rare(cipher) => cipher.key_size(),
            #[cfg(feature = "legacy-ciphers-insecure")]
            Self::Des => 8,
            #[cfg(feature = "legacy-ciphers-insecure")]
            Self::TripleDes2Keys => 16,
            #[cfg(feature = "legacy-ciphers-insecure")]
            Self::TripleDes3Keys => 24,
            #[cfg(feature = "legacy-ciphers-insecure")]
            Self::Rc2(bits) => bits.bytes(),
            #[cfg(all(feature = "legacy-ciphers-insecure", feature = "uncommon-files"))]
            Self::Rc4(size) => size,
        }
    }

    /// The bytes of its initialisation vector.
    pub(crate) const fn iv_size(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            #[cfg(feature = "rare-ciphers")]
            Self::Rare(_) => 16,
            #[cfg(feature = "legacy-ciphers-insecure")]
            Self::Des | Self::TripleDes2Keys | Self::TripleDes3Keys | Self::Rc2(_) => 8,
            #[cfg(all(feature = "legacy-ciphers-insecure", feature = "uncommon-files"))]
            Self::Rc4(_) => 0,
        }
    }

    /// The plaintext; none if the key or the vector is of another size, or the padding is wrong.
    pub(crate) fn decrypt(self, key: &[u8], iv: &[u8], ciphertext: &[u8]) -> Option<SecretBytes> {
        let mut buffer = Secret::new(ciphertext.to_vec());
        let data = buffer.expose_mut().as_mut_slice();
        let length = match self {
            Self::Aes128 => cbc::<aes::Aes128>(key, iv, data)?,
            Self::Aes192 => cbc::<aes::Aes192>(key, iv, data)?,
            Self::Aes256 => cbc::<aes::Aes256>(key, iv, data)?,
            #[cfg(feature = "rare-ciphers")]
            Self::Rare(cipher) => cipher.decrypt(key, iv, data)?,
            #[cfg(feature = "legacy-ciphers-insecure")]
            Self::Des => cbc::<des::Des>(key, iv, data)?,
            #[cfg(feature = "legacy-ciphers-insecure")]
            Self::TripleDes2Keys => cbc::<des::TdesEde2>(key, iv, data)?,
            #[cfg(feature = "legacy-ciphers-insecure")]
            Self::TripleDes3Keys => cbc::<des::TdesEde3>(key, iv, data)?,
            #[cfg(feature = "legacy-ciphers-insecure")]
            Self::Rc2(bits) => {
                // The key may be longer than its effective bits; the cipher itself takes 1 to 128 bytes.
                let is_key = (1..=128).contains(&key.len());
                let bits = bits.bytes().saturating_mul(8);
                is_key.then(|| cbc_of(rc2::Rc2::new_with_eff_key_len(key, bits), iv, data))??
            }
            #[cfg(all(feature = "legacy-ciphers-insecure", feature = "uncommon-files"))]
            Self::Rc4(size) => {
                let key = key.get(..size)?;
                rc4::Rc4::new_from_slice(key).ok()?.apply_keystream(data);
                data.len()
            }
        };
        buffer.expose_mut().truncate(length);
        Some(buffer)
    }
}

/// Decrypts in place; gives the length of the plaintext.
pub(super) fn cbc<C: KeyInit + BlockCipherDecrypt>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Option<usize> {
    cbc_of(C::new_from_slice(key).ok()?, iv, data)
}

fn cbc_of<C: BlockCipherDecrypt>(cipher: C, iv: &[u8], data: &mut [u8]) -> Option<usize> {
    let decryptor = Decryptor::inner_iv_slice_init(cipher, iv).ok()?;
    decryptor.decrypt_padded::<Pkcs7>(data).ok().map(<[u8]>::len)
}
