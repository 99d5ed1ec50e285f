//! Object identifiers of password-based encryption, and names for those that are not supported.

use crate::error::{Error, ErrorCode};
use crate::text::{push_number, text};
use alloc::string::String;

/// `id-PBES2`, 1.2.840.113549.1.5.13.
pub(crate) const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
/// `id-PBKDF2`, 1.2.840.113549.1.5.12.
pub(crate) const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// `id-scrypt`, 1.3.6.1.4.1.11591.4.11.
#[cfg(feature = "uncommon-files")]
pub(crate) const SCRYPT: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b];
/// `aes128-CBC-PAD`, 2.16.840.1.101.3.4.1.2.
pub(crate) const AES_128_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02];
/// `aes192-CBC-PAD`, 2.16.840.1.101.3.4.1.22.
pub(crate) const AES_192_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x16];
/// `aes256-CBC-PAD`, 2.16.840.1.101.3.4.1.42.
pub(crate) const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
/// `desCBC`, 1.3.14.3.2.7.
pub(crate) const DES_CBC: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x07];
/// `des-EDE3-CBC`, 1.2.840.113549.3.7.
pub(crate) const DES_EDE3_CBC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07];
/// `rc2CBC`, 1.2.840.113549.3.2.
pub(crate) const RC2_CBC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x02];
/// `pkcs-5`, 1.2.840.113549.1.5: PBES1 with the scheme's number behind it.
pub(crate) const PKCS_5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05];
/// `pkcs-12PbeIds`, 1.2.840.113549.1.12.1, with the scheme's number behind it.
pub(crate) const PKCS_12_PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];

/// The error for an algorithm that is not supported, or not in this build.
pub(crate) fn unsupported(algorithm: &[u8]) -> Error {
    let found = match legacy_name(algorithm) {
        Some(name) => text![name, ", which needs the feature legacy-ciphers-insecure"],
        None => text!["the algorithm ", dotted(algorithm)],
    };
    Error::new(ErrorCode::EncryptionUnsupported, found, "PBES2 with AES-CBC and PBKDF2 or scrypt")
}

/// The error for parameters that do not belong to a supported algorithm.
pub(crate) fn unreadable_parameters(of: &'static str) -> Error {
    Error::new(
        ErrorCode::EncryptionUnsupported,
        text![of, " with parameters that can't be read"],
        "the parameters that its standard gives it",
    )
}

/// The name of an algorithm that only the feature `legacy-ciphers-insecure` reads, in a build without that.
fn legacy_name(algorithm: &[u8]) -> Option<&'static str> {
    if cfg!(feature = "legacy-ciphers-insecure") {
        return None;
    }
    Some(match algorithm {
        DES_CBC => "DES",
        DES_EDE3_CBC => "3DES",
        RC2_CBC => "RC2",
        _ => match algorithm.split_last()? {
            (3 | 6 | 10 | 11, PKCS_5) => "PBES1 with DES or RC2",
            (1 | 2, PKCS_12_PBE) => "RC4",
            (3 | 4, PKCS_12_PBE) => "3DES with a key by SHA-1",
            (5 | 6, PKCS_12_PBE) => "RC2 with a key by SHA-1",
            _ => return None,
        },
    })
}

/// An object identifier in numbers, [X.690 section 8.19](https://www.itu.int/rec/T-REC-X.690), as far as a line of text
/// has room for it.
fn dotted(oid: &[u8]) -> String {
    const MAX_ARCS: usize = 16;
    let mut text = String::new();
    let mut arcs = 0_usize;
    let mut arc = 0_u64;
    for byte in oid {
        arc = arc.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if arcs == 0 {
            let first = (arc / 40).min(2);
            push_number(&mut text, first, 1);
            arc = arc.saturating_sub(first.saturating_mul(40));
        }
        text.push('.');
        push_number(&mut text, arc, 1);
        arc = 0;
        arcs = arcs.saturating_add(1);
        if arcs == MAX_ARCS {
            text.push('…');
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_are_shown_in_numbers() {
        assert_eq!(dotted(PBES2), "1.2.840.113549.1.5.13");
        assert_eq!(dotted(AES_256_CBC), "2.16.840.1.101.3.4.1.42");
        #[cfg(feature = "uncommon-files")]
        assert_eq!(dotted(SCRYPT), "1.3.6.1.4.1.11591.4.11");
        assert_eq!(dotted(&[0x88, 0x37]), "2.999");
        assert_eq!(dotted(&[]), "");
        assert_eq!(dotted(&[1; 100]), "0.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1…");
    }

    #[test]
    fn unsupported_algorithm_is_named() {
        let aes_256_gcm = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e];
        let error = unsupported(aes_256_gcm);
        assert_eq!(error.code(), ErrorCode::EncryptionUnsupported);
        assert_eq!(error.found(), "the algorithm 2.16.840.1.101.3.4.1.46");
        #[cfg(not(feature = "legacy-ciphers-insecure"))]
        {
            let rc2_40 = &[PKCS_12_PBE, &[6]].concat();
            let found = "RC2 with a key by SHA-1, which needs the feature legacy-ciphers-insecure";
            assert_eq!(unsupported(rc2_40).found(), found);
        }
    }
}
