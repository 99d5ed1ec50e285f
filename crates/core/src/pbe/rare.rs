//! Ciphers that are sound and standards of their countries, but that hardly any file has: OpenSSL and NSS write them when
//! they are told to.

use super::cipher::cbc;

/// ARIA ([RFC 5794](https://www.rfc-editor.org/rfc/rfc5794)), Camellia ([RFC 3713](https://www.rfc-editor.org/rfc/rfc3713))
/// and SM4 ([GB/T 32907](https://www.iso.org/standard/81564.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rare {
    Aria128,
    Aria192,
    Aria256,
    Camellia128,
    Camellia192,
    Camellia256,
    Sm4,
}

impl Rare {
    /// The cipher in CBC mode that an object identifier names.
    pub(crate) fn of_cbc(oid: &[u8]) -> Option<Self> {
        /// 1.2.410.200046.1.1, [RFC 5794 appendix B](https://www.rfc-editor.org/rfc/rfc5794#appendix-B).
        const ARIA: &[u8] = &[0x2a, 0x83, 0x1a, 0x8c, 0x9a, 0x6e, 0x01, 0x01];
        /// 1.2.392.200011.61.1.1.1, [RFC 3657 section 2](https://www.rfc-editor.org/rfc/rfc3657#section-2).
        const CAMELLIA: &[u8] = &[0x2a, 0x83, 0x08, 0x8c, 0x9a, 0x4b, 0x3d, 0x01, 0x01, 0x01];
        /// 1.2.156.10197.1.104, GM/T 0006.
        const SM4: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x68];
        match oid.split_last()? {
            (2, ARIA) => Some(Self::Aria128),
            (7, ARIA) => Some(Self::Aria192),
            (12, ARIA) => Some(Self::Aria256),
            (2, CAMELLIA) => Some(Self::Camellia128),
            (3, CAMELLIA) => Some(Self::Camellia192),
            (4, CAMELLIA) => Some(Self::Camellia256),
            (2, SM4) => Some(Self::Sm4),
            _ => None,
        }
    }

    /// The bytes of its key.
    pub(crate) const fn key_size(self) -> usize {
        match self {
            Self::Aria128 | Self::Camellia128 | Self::Sm4 => 16,
            Self::Aria192 | Self::Camellia192 => 24,
            Self::Aria256 | Self::Camellia256 => 32,
        }
    }

    /// Decrypts in place; gives the length of the plaintext.
    pub(super) fn decrypt(self, key: &[u8], iv: &[u8], data: &mut [u8]) -> Option<usize> {
        match self {
            Self::Aria128 => cbc::<aria::Aria128>(key, iv, data),
            Self::Aria192 => cbc::<aria::Aria192>(key, iv, data),
            Self::Aria256 => cbc::<aria::Aria256>(key, iv, data),
            Self::Camellia128 => cbc::<camellia::Camellia128>(key, iv, data),
            Self::Camellia192 => cbc::<camellia::Camellia192>(key, iv, data),
            Self::Camellia256 => cbc::<camellia::Camellia256>(key, iv, data),
            Self::Sm4 => cbc::<sm4::Sm4>(key, iv, data),
        }
    }
}
