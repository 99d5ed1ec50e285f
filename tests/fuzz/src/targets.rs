//! The targets. Each panics where core breaks a promise:
//!
//! - nothing panics, overflows or loops;
//! - what opens is opened again from [`Bundle::to_pem`] as the same key and chain, the key's certificate first;
//! - it opens to the same in another spelling of the file: other line ends, base64, PEM in place of DER;
//! - no error repeats 24 bytes of the file, and none holds the password.

use crate::leaks::{assert_input_is_not_repeated, assert_password_is_not_in};
use crate::promises::{
    assert_bundle_keeps_its_promises, assert_certificate_keeps_its_promises, assert_key_keeps_its_promises,
    assert_same,
};
use base64ct::{Base64, Encoding as _};
use certgrant_core::{
    Bundle, Certificate, Error, ErrorCode, Label, PrivateKey, Result, SecretString, Section, sections,
};

/// The first byte of DER, and the digit 0.
const SEQUENCE: u8 = 0x30;

/// The passwords of the files in `tests/vectors`; the first byte of an input for [`pfx`] and [`keys`] chooses one.
pub const PASSWORDS: [Option<&str>; 12] = [
    None,
    Some("certgrant"),
    Some(""),
    Some("pässwörd 密码 🔑"),
    Some("pässwörd 密码"),
    Some("passwörd 密码 🔑"),
    Some("pässwörd"),
    Some(" lead and trail "),
    Some("wrong"),
    Some("hunter2-correct-horse"),
    Some("\u{0}\u{fffd}"),
    Some(LONG_PASSWORD),
];

/// Longer than a block of each hash.
pub const LONG_PASSWORD: &str = "long password long password long password long password long password long password \
    long password long password long password long password long password long password long password long";

/// The sections of a PEM file, and the key and chain in it.
pub fn pem(file: &[u8]) {
    let found = sections(file);
    let opened = Bundle::from_pem(file);
    assert_fine(&opened, file, &|file| Bundle::from_pem(file));
    if let Err(error) = &found {
        assert_eq!(opened.as_ref().err().map(Error::code), Some(error.code()), "sections and bundle differ");
    }
    // What begins like DER is taken for it; damage that can be undone is undone, and the base64 of a whole file decoded.
    let is_damaged = |error: &Error| matches!(error.code(), ErrorCode::PemNotFound | ErrorCode::PemInvalid);
    let is_sound = file.first() != Some(&SEQUENCE) && !opened.as_ref().is_err_and(is_damaged);
    let opened_by_content = Bundle::open(file, None);
    if is_sound {
        assert_same(opened.as_ref(), opened_by_content.as_ref(), "told by content");
    }
    assert_fine(&opened_by_content, file, &|file| Bundle::open(file, None));
    if file.is_ascii() {
        assert!(contents(&found) == contents(&sections(&with_crlf(file))), "other sections with CR LF");
    }
}

/// What can be compared of sections, or of why there are none.
fn contents(sections: &Result<Vec<Section>>) -> core::result::Result<Vec<(Label, &[u8])>, ErrorCode> {
    let sections = sections.as_ref().map_err(Error::code)?;
    Ok(sections.iter().map(|section| (section.label, section.der.expose().as_slice())).collect())
}

/// Certificates and unencrypted keys in DER.
pub fn der(der: &[u8]) {
    match Certificate::from_der(der) {
        Ok(certificate) => {
            assert_eq!(certificate.der(), der);
            assert_certificate_keeps_its_promises(&certificate);
            if let Ok(key) = certificate.rsa_public_key() {
                let error = Bundle::open(&key.to_spki_der(), None).map(drop).unwrap_err();
                assert_eq!(error.found(), "a public key and no private key");
            }
        }
        Err(error) => {
            assert_input_is_not_repeated(&error, der, &|der| Certificate::from_der(der).err());
        }
    }
    for read in [PrivateKey::from_pkcs8_der, PrivateKey::from_pkcs1_der] {
        match read(der) {
            Ok(key) => {
                assert_key_keeps_its_promises(&key);
                match Bundle::open(der, None) {
                    Ok(bundle) => assert_eq!(bundle.key.pkcs8_der().expose(), key.pkcs8_der().expose()),
                    // A PKCS#8 key of version 3 looks like a PFX.
                    Err(error) => assert_eq!(error.code(), ErrorCode::PfxInvalid, "{error}"),
                }
            }
            Err(error) => assert_input_is_not_repeated(&error, der, &|der| read(der).err()),
        }
    }
    assert_fine(&Bundle::open(der, None), der, &|der| Bundle::open(der, None));
}

/// PFX files; the first byte chooses a password.
pub fn pfx(input: &[u8]) {
    open_in_all_spellings(input, &["PKCS12"]);
}

/// Encrypted and plain keys, in DER and in PEM; the first byte chooses a password.
pub fn keys(input: &[u8]) {
    open_in_all_spellings(input, &["ENCRYPTED PRIVATE KEY", "PRIVATE KEY", "PKCS12"]);
}

/// The byte in front of an input that chooses this password, if there is one that does.
pub fn choice_of(password: Option<&str>) -> Option<u8> {
    let index = PASSWORDS.iter().position(|other| *other == password)?;
    u8::try_from(index).ok().map(|index| FIRST_CHOICE + index)
}

/// Printable, so that a file of text stays one.
const FIRST_CHOICE: u8 = b'A';

fn password_of(choice: u8) -> Option<&'static str> {
    PASSWORDS[usize::from(choice.wrapping_sub(FIRST_CHOICE)) % PASSWORDS.len()]
}

/// Whether an input for [`pfx`] or [`keys`] opens with the password that it chooses.
#[cfg(test)]
pub(crate) fn opens(input: &[u8]) -> bool {
    input.split_first().is_some_and(|(choice, file)| {
        let password = password_of(*choice).map(|text| SecretString::new(text.into()));
        Bundle::open(file, password.as_ref()).is_ok()
    })
}

fn open_in_all_spellings(input: &[u8], labels: &[&str]) {
    let Some((choice, file)) = input.split_first() else { return };
    let text = password_of(*choice);
    let password = text.map(|text| SecretString::new(text.into()));
    let open = |file: &[u8]| Bundle::open(file, password.as_ref());
    let opened = open(file);
    assert_fine(&opened, file, &open);
    let bundle = match &opened {
        Ok(bundle) => bundle,
        Err(error) => return assert_password_is_not_in(error, text),
    };
    if file.first() == Some(&SEQUENCE) {
        let base64 = Base64::encode_string(file);
        assert_same(Ok(bundle), open(base64.as_bytes()).as_ref(), "in base64");
        let spelt = labels.iter().filter_map(|label| {
            open(format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n").as_bytes()).ok()
        });
        let spelt = spelt.inspect(|other| assert_same(Ok(bundle), Ok(other), "in PEM")).count();
        assert!(spelt > 0, "it does not open in PEM");
    } else if file.is_ascii() && !file.contains(&0) {
        // UTF-16 of ASCII text, which is ASCII by its bytes, has other line ends.
        assert_same(Ok(bundle), open(&with_crlf(file)).as_ref(), "with CR LF");
    }
}

fn assert_fine(opened: &Result<Bundle>, file: &[u8], open: &dyn Fn(&[u8]) -> Result<Bundle>) {
    match opened {
        Ok(bundle) => assert_bundle_keeps_its_promises(bundle),
        Err(error) => assert_input_is_not_repeated(error, file, &|file| open(file).err()),
    }
}

/// Each LF as CR LF.
fn with_crlf(file: &[u8]) -> Vec<u8> {
    file.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..])
}
