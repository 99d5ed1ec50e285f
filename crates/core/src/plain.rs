//! A certificate file of any kind as unencrypted PEM, for a reader that knows nothing else.

use crate::error::{Error, ErrorCode, Result};
use crate::file::{Contents, File, Item, certificate_missing, key_missing};
use crate::pem::{push_section, room_for_section};
use crate::secret::{Secret, SecretBytes, SecretString};
use alloc::string::String;
use alloc::vec::Vec;

/// The private keys and the certificates of a file, decrypted and as they stand there, as PEM. What they are and which belong
/// together is for [`Bundle::from_pem`](crate::Bundle::from_pem) to say, which reads the same of it as
/// [`Bundle::open`](crate::Bundle::open) of the file. Of a file whose key is of no interest, because it is elsewhere, the
/// certificates alone.
///
/// # Errors
///
/// Those of [`Bundle::open`](crate::Bundle::open) that concern the file and its encryption;
/// [`ErrorCode::KeyMissing`](crate::ErrorCode::KeyMissing), or
/// [`ErrorCode::CertificateMissing`](crate::ErrorCode::CertificateMissing) where the key is elsewhere.
///
/// ```
/// # fn main() -> certgrant_core::Result<()> {
/// use certgrant_core::{Bundle, SecretString, plain_pem};
///
/// # let file = certgrant_testkit::vectors::bundles::PFX;
/// let password = SecretString::new("certgrant".into());
/// let pem = plain_pem(file, Some(&password), false)?; // app.pfx
/// assert_eq!(Bundle::from_pem(pem.expose().as_bytes())?.key.public_key().bits(), 2048);
/// # Ok(())
/// # }
/// ```
pub fn plain_pem(
    file: &[u8],
    password: Option<&SecretString>,
    is_key_elsewhere: bool,
) -> Result<SecretString> {
    let file = File::<Raw>::open(file, password)?;
    let (missing, first) = (file.certificates.is_empty(), file.first);
    let keys = match is_key_elsewhere {
        true if missing => return Err(certificate_missing(first)),
        true => Vec::new(),
        false => keys_of(file.keys, first)?,
    };
    Ok(written(&keys, &file.certificates))
}

/// Keys and certificates as they stand in the file.
struct Raw;

/// A private key in DER, which should be PKCS#8, or else PKCS#1.
struct RawKey {
    der: SecretBytes,
    is_pkcs8: bool,
}

impl Contents for Raw {
    type Key = RawKey;
    type Certificate = Vec<u8>;

    fn key(der: &[u8], is_pkcs8: bool) -> Result<RawKey> {
        Ok(RawKey { der: der.to_vec().into(), is_pkcs8 })
    }

    fn certificate(der: &[u8]) -> Result<Vec<u8>> {
        Ok(der.to_vec())
    }
}

/// The keys that can be read, or what is wrong with the first one if none can.
fn keys_of(items: Vec<Item<Result<RawKey>>>, first: Option<&str>) -> Result<Vec<Item<RawKey>>> {
    let mut keys = Vec::new();
    let mut fault: Option<Error> = None;
    for Item { content, local_key_id } in items {
        match content {
            Ok(content) => keys.push(Item { content, local_key_id }),
            Err(error) => fault = fault.or(Some(error)),
        }
    }
    // Another build may open the one that this one can't, and it may be the one that is wanted.
    let is_for_another = cfg!(not(all(feature = "rare-ciphers", feature = "uncommon-files")))
        && fault.as_ref().is_some_and(|error| error.code() == ErrorCode::EncryptionUnsupported);
    if keys.is_empty() || is_for_another {
        Err(fault.unwrap_or_else(|| key_missing(first)))
    } else {
        Ok(keys)
    }
}

/// Keys and certificates, the certificates first that share the id of a key: of several for a key, readers take the first.
fn written(keys: &[Item<RawKey>], certificates: &[Item<Vec<u8>>]) -> SecretString {
    let shares = |item: &&Item<Vec<u8>>| {
        let id = &item.local_key_id;
        !id.is_empty() && keys.iter().any(|key| key.local_key_id == *id)
    };
    let room = |sum: usize, der: &[u8]| sum.saturating_add(room_for_section(der));
    let of_keys = keys.iter().fold(0, |sum, key| room(sum, key.content.der.expose()));
    let of_all = certificates.iter().fold(of_keys, |sum, item| room(sum, &item.content));
    // Its final size from the start: growing would leave copies of a key behind.
    let mut pem = Secret::new(String::with_capacity(of_all));
    for key in keys {
        let label = if key.content.is_pkcs8 { "PRIVATE KEY" } else { "RSA PRIVATE KEY" };
        push_section(pem.expose_mut(), label, key.content.der.expose());
    }
    for wanted in [true, false] {
        for item in certificates.iter().filter(|item| shares(item) == wanted) {
            push_section(pem.expose_mut(), "CERTIFICATE", &item.content);
        }
    }
    pem
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Bundle;
    use alloc::format;
    use certgrant_testkit::vectors::{assertion_rs256 as vector, bundles};

    fn plain(file: &str, is_key_elsewhere: bool) -> Result<String> {
        plain_pem(file.as_bytes(), None, is_key_elsewhere).map(|pem| pem.expose().clone())
    }

    #[test]
    fn everything_stays_in_the_order_of_the_file_under_its_own_label() {
        let file = [bundles::ROOT_PEM, bundles::LEAF_KEY_PKCS1_PEM, bundles::LEAF_PEM].concat();
        let expected = [bundles::LEAF_KEY_PKCS1_PEM, bundles::ROOT_PEM, bundles::LEAF_PEM].concat();
        assert_eq!(plain(&file, false).unwrap(), expected);
        assert_eq!(plain(&file, true).unwrap(), [bundles::ROOT_PEM, bundles::LEAF_PEM].concat());
    }

    #[test]
    fn certificates_with_the_id_of_a_key_come_first() {
        let der = |byte| [0x30, 1, byte].to_vec();
        let item = |byte, id: &[u8]| Item { content: der(byte), local_key_id: id.to_vec() };
        let key = RawKey { is_pkcs8: true, der: der(0).into() };
        let keys = [Item { content: key, local_key_id: [7].to_vec() }];
        let pem = written(&keys, &[item(1, &[]), item(2, &[8]), item(3, &[7]), item(4, &[7])]);
        let sections = crate::pem::sections(pem.expose().as_bytes()).unwrap();
        let order: Vec<u8> = sections.iter().map(|section| section.der.expose()[2]).collect();
        assert_eq!(order, [0, 3, 4, 1, 2]);
    }

    #[test]
    fn what_is_missing_is_named_as_for_a_bundle() {
        let code = |result: Result<String>| result.unwrap_err();
        let error = code(plain(vector::CERTIFICATE_PEM, false));
        assert_eq!(
            (error.code(), error.found()),
            (ErrorCode::KeyMissing, "a certificate and no private key")
        );
        let error = code(plain(&vector::key_pem(), true));
        assert_eq!(error.code(), ErrorCode::CertificateMissing);
        let keys = [bundles::EC_KEY_SEC1_PEM, &vector::key_pem()].concat();
        assert!(Bundle::from_pem(plain(&keys, false).unwrap().as_bytes()).is_ok(), "one that can be read");
        let file = format!("{}{}", bundles::EC_KEY_SEC1_PEM, bundles::LEAF_PEM);
        assert_eq!(code(plain(&file, false)).code(), ErrorCode::KeyUnsupported);
    }
}
