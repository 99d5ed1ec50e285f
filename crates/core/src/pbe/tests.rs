//! Known answers of key derivation, and keys that OpenSSL encrypted with each of its schemes.

use super::*;
use alloc::string::String;
use alloc::vec::Vec;

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut der = Vec::new();
    crate::asn1::push_element(&mut der, tag, contents);
    der
}

fn form(text: &str) -> Password {
    Password::forms(Some(&SecretString::new(text.into()))).swap_remove(0)
}

#[test]
fn pbkdf2_equals_rfc_6070_and_rfc_7914() {
    let derive = |hash: Hash, password: &str, salt: &str, rounds, length| {
        hash.pbkdf2(password.as_bytes(), salt.as_bytes(), rounds, length).expose().clone()
    };
    assert_eq!(
        derive(Hash::Sha1, "password", "salt", 4096, 20),
        hex("4b007901b765489abead49d926f721d065a429c1")
    );
    assert_eq!(
        derive(Hash::Sha1, "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 25),
        hex("3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038")
    );
    assert_eq!(
        derive(Hash::Sha256, "passwd", "salt", 1, 64),
        hex("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
             49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783")
    );
}

/// The vectors that came with the first implementations, by Dr. Stephen Henson; password `smeg` with its zero.
#[cfg(feature = "legacy-ciphers-insecure")]
#[test]
fn pkcs12_derivation_equals_known_answers() {
    let derive = |purpose, password, salt, rounds, length| {
        Hash::Sha1.pkcs12(purpose, form(password).bmp_string(), &hex(salt), rounds, length).expose().clone()
    };
    let key = Purpose::Key;
    let cases = [
        (key, "smeg", "0a58cf64530d823f", 1, 24, "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"),
        (Purpose::InitialisationVector, "smeg", "0a58cf64530d823f", 1, 8, "79993dfe048d3b76"),
        (Purpose::Mac, "smeg", "3d83c0e4546ac140", 1, 20, "8d967d88f6caa9d714800ab3d48051d63f73a312"),
        (key, "queeg", "05dec959acff72f7", 1000, 24, "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4"),
        (Purpose::InitialisationVector, "queeg", "05dec959acff72f7", 1000, 8, "11dedad7758d4860"),
        (Purpose::Mac, "queeg", "263216fcc2fab31c", 1000, 20, "5ec4c7a80df652294c3925b6489a7ab857c83476"),
    ];
    for (purpose, password, salt, rounds, length, expected) in cases {
        assert_eq!(derive(purpose, password, salt, rounds, length), hex(expected), "{purpose:?} {password}");
    }
}

#[test]
fn hmac_equals_rfc_4231() {
    let mac = |hash: Hash| hash.hmac(b"Jefe", b"what do ya want for nothing?").unwrap().expose().clone();
    assert_eq!(mac(Hash::Sha224), hex("a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"));
    assert_eq!(mac(Hash::Sha256), hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
}

#[test]
fn parameters_out_of_form_are_refused_and_not_computed() {
    let mut budget = Budget::of_a_file();
    let sequence = |members: &[&[u8]]| element(crate::asn1::SEQUENCE, &members.concat());
    let oid = |contents| element(crate::asn1::OBJECT_IDENTIFIER, contents);
    let iv = sequence(&[&oid(algorithms::AES_256_CBC), &element(OCTET_STRING, &[0; 16])]);
    let salt = element(OCTET_STRING, &[0; 8]);
    let rounds = element(crate::asn1::INTEGER, &[0x7f, 0xff, 0xff, 0xff]);
    let pbkdf2 = sequence(&[&oid(algorithms::PBKDF2), &sequence(&[&salt, &rounds])]);
    let costly = sequence(&[&oid(algorithms::PBES2), &sequence(&[&pbkdf2, &iv])]);
    for length in 0..costly.len() {
        assert!(Reader::new(&costly[..length]).algorithm().is_none());
    }
    let algorithm = Reader::new(&costly).algorithm().unwrap();
    let error = decrypt(algorithm, &[0; 16], &form("x"), &mut budget).unwrap_err();
    assert_eq!(
        (error.code(), String::from(error.found())),
        (ErrorCode::EncryptionCost, String::from("4294967294 rounds of key derivation"))
    );
}
