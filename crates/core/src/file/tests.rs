//! Files told apart by content, and keys that OpenSSL encrypted with each of its schemes.

use super::*;
use crate::bundle::{Bundle, Parsed};
use alloc::format;
use alloc::string::String;
use certgrant_testkit::vectors::{assertion_rs256 as vector, bundles};

fn open(file: impl AsRef<[u8]>, password: Option<&str>) -> Result<Bundle> {
    let password = password.map(|text| SecretString::new(text.into()));
    Bundle::open(file.as_ref(), password.as_ref())
}

fn error_of(file: impl AsRef<[u8]>) -> (ErrorCode, String) {
    let error = open(file, None).unwrap_err();
    (error.code(), String::from(error.found()))
}

fn is_the_vector(file: impl AsRef<[u8]>) -> bool {
    open(file, None).unwrap().key.pkcs8_der().expose() == vector::KEY_PKCS8_DER
}

#[test]
fn keys_in_der_are_told_apart() {
    assert!(is_the_vector(vector::KEY_PKCS8_DER));
    let pkcs1 = vector::KEY_PKCS8_DER.get(26..).unwrap();
    assert!(is_the_vector(pkcs1));
    let ec = crate::pem::sections(bundles::EC_KEY_SEC1_PEM.as_bytes()).unwrap();
    let sec1 = ec.iter().find(|section| matches!(section.label, Label::OtherPrivateKey(_))).unwrap();
    assert_eq!(
        error_of(sec1.der.expose()),
        (ErrorCode::KeyUnsupported, String::from("an elliptic-curve key"))
    );
}

#[test]
fn certificate_or_public_key_alone_lacks_the_key() {
    let missing = |name| (ErrorCode::KeyMissing, format!("{name} and no private key"));
    assert_eq!(error_of(vector::CERTIFICATE_DER), missing("a certificate"));
    let public = crate::pem::sections(bundles::PUBLIC_KEY_PEM.as_bytes()).unwrap();
    assert_eq!(error_of(public[0].der.expose()), missing("a public key"));
}

#[test]
fn base64_of_a_whole_file_is_read() {
    for file in [vector::pem().as_bytes(), vector::KEY_PKCS8_DER] {
        let base64 = crate::encoding::base64(file);
        assert!(is_the_vector(&base64));
        assert!(is_the_vector(format!("\"{base64}\"\n")));
        let lines: String =
            base64.as_bytes().chunks(76).map(|l| String::from_utf8_lossy(l) + "\r\n").collect();
        assert!(is_the_vector(lines));
        // Once is enough: base64 of base64 is no file.
        assert_eq!(error_of(crate::encoding::base64(base64.as_bytes())).0, ErrorCode::PemNotFound);
    }
}

#[test]
fn key_under_the_label_of_another_encoding_is_read() {
    let mislabelled = vector::key_pem().replace("PRIVATE KEY", "RSA PRIVATE KEY");
    assert!(is_the_vector(mislabelled));
    assert!(open(bundles::LEAF_KEY_PKCS1_PEM.replace("RSA PRIVATE", "PRIVATE"), None).is_ok());
}

#[test]
fn what_is_no_certificate_file_is_named() {
    let cases: [(&[u8], &str); 4] = [
        (b"", "nothing: it is empty"),
        (b"hello", "5 bytes of text without a BEGIN line"),
        (&[0x30, 0x82, 5, 0], "4 bytes of DER"),
        (&[0xff, 0xff], "2 bytes that are neither text nor DER"),
    ];
    for (file, found) in cases {
        assert_eq!(error_of(file), (ErrorCode::PemNotFound, String::from(found)));
    }
}

#[test]
fn openssh_key_is_named_with_the_command_that_converts_it() {
    let file = include_bytes!("../../../../tests/vectors/pem/openssh.pem");
    let error = open(file, None).unwrap_err();
    assert_eq!((error.code(), error.found()), (ErrorCode::KeyUnsupported, crate::pem::OPENSSH));
    assert!(error.hint().contains("ssh-keygen -p -m PKCS8"), "{}", error.hint());
}

#[cfg(not(feature = "encryption"))]
#[test]
fn encrypted_files_are_refused_by_name() {
    let pfx = include_bytes!("../../../../tests/vectors/keys/modern.pfx");
    assert_eq!(error_of(pfx), (ErrorCode::PemNotFound, String::from("a PFX (PKCS#12) file")));
    let key = include_bytes!("../../../../tests/vectors/keys/pbes2.der");
    assert_eq!(error_of(key), (ErrorCode::KeyEncrypted, String::from("an encrypted private key")));
}

#[cfg(feature = "encryption")]
mod encrypted {
    use super::*;

    macro_rules! keys {
        ($($name:literal),+ $(,)?) => {
            [$(($name, include_bytes!(concat!("../../../../tests/vectors/keys/", $name)).as_slice())),+]
        };
    }

    const MODERN: [(&str, &[u8]); 11] = keys![
        "pbes2-aes-128-cbc.pem",
        "pbes2-aes-192-cbc.pem",
        "pbes2-aes-256-cbc.pem",
        "pbes2-hmacwithsha1.pem",
        "pbes2-hmacwithsha224.pem",
        "pbes2-hmacwithsha384.pem",
        "pbes2-hmacwithsha512.pem",
        "pbes2-hmacwithsha512-224.pem",
        "pbes2-hmacwithsha512-256.pem",
        "pbes2.der",
        "scrypt.pem",
    ];
    const LEGACY: [(&str, &[u8]); 20] = keys![
        "dek-info-aes128.pem",
        "dek-info-aes192.pem",
        "dek-info-aes256.pem",
        "dek-info-des.pem",
        "dek-info-des3.pem",
        "pbes1-pbe-md5-des.pem",
        "pbes1-pbe-md5-rc2-64.pem",
        "pbes1-pbe-sha1-2des.pem",
        "pbes1-pbe-sha1-3des.pem",
        "pbes1-pbe-sha1-des.pem",
        "pbes1-pbe-sha1-rc2-128.pem",
        "pbes1-pbe-sha1-rc2-40.pem",
        "pbes1-pbe-sha1-rc2-64.pem",
        "pbes1-pbe-sha1-rc4-128.pem",
        "pbes1-pbe-sha1-rc4-40.pem",
        "pbes2-des-cbc.pem",
        "pbes2-des-ede3-cbc.pem",
        "pbes2-rc2-40-cbc.pem",
        "pbes2-rc2-64-cbc.pem",
        "pbes2-rc2-cbc.pem",
    ];

    fn assert_opens(name: &str, file: &[u8]) {
        let expected = open(bundles::LEAF_KEY_PKCS1_PEM, None).unwrap().key;
        let key = open(file, Some("certgrant")).unwrap_or_else(|error| panic!("{name}: {error}")).key;
        assert_eq!(key.pkcs8_der().expose(), expected.pkcs8_der().expose(), "{name}");
        assert_eq!(open(file, Some("wrong")).unwrap_err().code(), ErrorCode::PasswordWrong, "{name}");
        assert_eq!(open(file, None).unwrap_err().code(), ErrorCode::PasswordMissing, "{name}");
    }

    #[test]
    fn keys_of_current_algorithms_open_with_their_password_alone() {
        MODERN.iter().for_each(|(name, file)| assert_opens(name, file));
    }

    #[cfg(feature = "legacy-ciphers-insecure")]
    #[test]
    fn keys_of_legacy_algorithms_open_with_their_password_alone() {
        LEGACY.iter().for_each(|(name, file)| assert_opens(name, file));
    }

    #[cfg(not(feature = "legacy-ciphers-insecure"))]
    #[test]
    fn keys_of_legacy_algorithms_are_refused_with_the_name_of_the_feature() {
        for (name, file) in LEGACY {
            let error = open(file, Some("certgrant")).unwrap_err();
            assert_eq!(error.code(), ErrorCode::EncryptionUnsupported, "{name}");
            assert!(error.found().ends_with("which needs the feature legacy-ciphers-insecure"), "{error}");
        }
    }

    #[cfg(feature = "legacy-ciphers-insecure")]
    #[test]
    fn traditional_encryption_survives_what_happens_to_lines() {
        let text = core::str::from_utf8(LEGACY[0].1).unwrap();
        for mangled in [text.replace('\n', "\\n"), text.replace('\n', " "), text.replace('\n', "")] {
            assert!(open(mangled, Some("certgrant")).is_ok());
        }
        for (from, to) in [("DEK-Info:", "DEK:"), ("AES-128-CBC,", "AES-128-CBC "), ("CBC,", "CBC,x")] {
            let error = open(text.replace(from, to), Some("certgrant")).unwrap_err();
            assert_eq!(error.code(), ErrorCode::PemInvalid, "{to}");
        }
        let error = open(text.replace("AES-128", "IDEA"), Some("certgrant")).unwrap_err();
        assert_eq!(error.code(), ErrorCode::EncryptionUnsupported);
    }

    #[test]
    fn budget_is_shared_by_all_keys_of_a_file() {
        // scrypt asks for as much as 131 072 rounds, and keys before it left 100 000.
        let key = core::str::from_utf8(MODERN[10].1).unwrap();
        let mut reading = Reading::<Parsed>::new(None);
        reading.budget.pay_rounds(9_900_000, 1).unwrap();
        let section = &crate::pem::sections(key.as_bytes()).unwrap()[0];
        reading.read_section(section).unwrap();
        let error = reading.file.keys[0].content.as_ref().unwrap_err();
        assert_eq!(error.code(), ErrorCode::EncryptionCost);
    }

    #[test]
    fn pfx_in_base64_and_in_pem_is_read() {
        let pfx = include_bytes!("../../../../tests/vectors/keys/modern.pfx");
        let base64 = crate::encoding::base64(pfx);
        assert!(open(&base64, Some("certgrant")).is_ok());
        let pem = format!("-----BEGIN PKCS12-----\n{base64}\n-----END PKCS12-----\n");
        assert!(open(pem, Some("certgrant")).is_ok());
    }
}
