//! Files of OpenSSL, whole, cut off and damaged, and files put together here where it depends on one member. What other
//! makers write is tested with all of `tests/vectors/pfx`.

use super::*;
use crate::asn1::{SEQUENCE, SET, push_element};
use crate::bundle::Bundle;
use alloc::string::String;
use alloc::vec::Vec;
use certgrant_testkit::vectors::assertion_rs256 as vector;

const MODERN: &[u8] = include_bytes!("../../../../tests/vectors/keys/modern.pfx");
const LEGACY: &[u8] = include_bytes!("../../../../tests/vectors/keys/legacy.pfx");
const NO_MAC: &[u8] = include_bytes!("../../../../tests/vectors/keys/no-mac.pfx");
const EMPTY_PASSWORD: &[u8] = include_bytes!("../../../../tests/vectors/keys/empty-password.pfx");

fn open(file: &[u8], password: Option<&str>) -> Result<Bundle> {
    let password = password.map(|text| SecretString::new(text.into()));
    Bundle::open(file, password.as_ref())
}

fn code(file: &[u8], password: Option<&str>) -> ErrorCode {
    open(file, password).unwrap_err().code()
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut der = Vec::new();
    push_element(&mut der, tag, &parts.concat());
    der
}

fn oid(arc: &[u8], number: u8) -> Vec<u8> {
    element(OBJECT_IDENTIFIER, &[arc, &[number]])
}

/// A file of version 3 with these contents and no MAC.
fn file_of(contents: &[&[u8]]) -> Vec<u8> {
    let safe = element(OCTET_STRING, &[&element(SEQUENCE, contents)]);
    let info = element(SEQUENCE, &[&oid(PKCS_7, DATA), &element(CONTEXT_0, &[&safe])]);
    element(SEQUENCE, &[&[INTEGER, 1, 3], &info])
}

/// Unencrypted contents with these bags.
fn data(bags: &[&[u8]]) -> Vec<u8> {
    let bags = element(OCTET_STRING, &[&element(SEQUENCE, bags)]);
    element(SEQUENCE, &[&oid(PKCS_7, DATA), &element(CONTEXT_0, &[&bags])])
}

fn bag(number: u8, value: &[u8], local_key_id: u8) -> Vec<u8> {
    const BAG_TYPES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
    const PKCS_9: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09];
    let id = element(SET, &[&[OCTET_STRING, 1, local_key_id]]);
    // First a friendlyName, which says nothing.
    let name = element(SEQUENCE, &[&oid(PKCS_9, 20), &element(SET, &[&[0x1e, 2, 0, b'x']])]);
    let attributes = element(SET, &[&name, &element(SEQUENCE, &[&oid(PKCS_9, 21), &id])]);
    element(SEQUENCE, &[&oid(BAG_TYPES, number), &element(CONTEXT_0, &[value]), &attributes])
}

fn certificate_bag(der: &[u8], local_key_id: u8) -> Vec<u8> {
    const CERT_TYPES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16];
    let der = element(CONTEXT_0, &[&element(OCTET_STRING, &[der])]);
    bag(3, &element(SEQUENCE, &[&oid(CERT_TYPES, 1), &der]), local_key_id)
}

#[test]
fn file_opens_with_its_password_alone() {
    assert!(!open(MODERN, Some("certgrant")).unwrap().chain.is_empty());
    assert_eq!(code(MODERN, Some("Certgrant")), ErrorCode::PasswordWrong);
    assert_eq!(code(MODERN, Some("")), ErrorCode::PasswordWrong);
    assert_eq!(code(MODERN, None), ErrorCode::PasswordMissing);
    assert!(open(NO_MAC, Some("certgrant")).is_ok());
    assert_eq!(code(NO_MAC, Some("wrong")), ErrorCode::PasswordWrong);
}

#[test]
fn empty_password_may_be_left_out() {
    assert!(open(EMPTY_PASSWORD, Some("")).is_ok());
    assert!(open(EMPTY_PASSWORD, None).is_ok());
    assert_eq!(code(EMPTY_PASSWORD, Some("x")), ErrorCode::PasswordWrong);
}

#[cfg(feature = "legacy-ciphers-insecure")]
#[test]
fn legacy_ciphers_are_read() {
    assert!(open(LEGACY, Some("certgrant")).is_ok());
}

#[cfg(not(feature = "legacy-ciphers-insecure"))]
#[test]
fn legacy_ciphers_are_refused_by_name_and_after_the_mac() {
    let error = open(LEGACY, Some("certgrant")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::EncryptionUnsupported);
    assert!(error.found().ends_with("which needs the feature legacy-ciphers-insecure"), "{error}");
    assert_eq!(code(LEGACY, Some("wrong")), ErrorCode::PasswordWrong);
}

#[test]
fn file_that_is_cut_off_is_refused_at_every_length() {
    for file in [MODERN, LEGACY, NO_MAC] {
        for length in 0..file.len() {
            assert!(open(&file[..length], Some("certgrant")).is_err(), "{length}");
        }
    }
}

#[test]
fn damaged_byte_anywhere_is_noticed_by_the_mac_or_before() {
    for file in [MODERN, LEGACY] {
        let mut damaged = file.to_vec();
        for index in 0..file.len() {
            for flip in [0x01, 0xff] {
                damaged[index] ^= flip;
                assert!(open(&damaged, Some("certgrant")).is_err(), "{index} {flip}");
                damaged[index] ^= flip;
            }
        }
    }
}

/// Without a MAC nobody can notice damage to a certificate's signature; but nothing may panic.
#[test]
fn damaged_byte_without_a_mac_gives_an_error_or_the_same_key() {
    let key = open(NO_MAC, Some("certgrant")).unwrap().key;
    let mut damaged = NO_MAC.to_vec();
    for index in 0..damaged.len() {
        damaged[index] ^= 0x20;
        if let Ok(bundle) = open(&damaged, Some("certgrant")) {
            assert_eq!(bundle.key.public_key(), key.public_key(), "{index}");
        }
        damaged[index] ^= 0x20;
    }
}

#[test]
fn mac_is_checked_before_the_content_is_read() {
    // The last byte of the authSafe stands right before the MAC; inside, the content is no ASN.1 any more.
    let mut broken = MODERN.to_vec();
    let start = broken.windows(2).position(|window| window == [OCTET_STRING, 0x82]).unwrap();
    broken[start + 4] = 0xff;
    assert_eq!(code(&broken, Some("certgrant")), ErrorCode::PasswordWrong);
}

#[test]
fn certificate_with_the_id_of_the_key_is_taken_before_another_for_the_same_key() {
    let mut renewed = vector::CERTIFICATE_DER.to_vec();
    *renewed.last_mut().unwrap() ^= 1;
    let key = bag(1, vector::KEY_PKCS8_DER, 7);
    for (first, second) in [(7, 8), (8, 7)] {
        let old = certificate_bag(vector::CERTIFICATE_DER, first);
        let file = file_of(&[&data(&[&old, &certificate_bag(&renewed, second)]), &data(&[&key])]);
        let taken = &open(&file, None).unwrap().chain[0];
        assert_eq!(taken.der() == renewed, second == 7);
    }
}

#[test]
fn file_for_an_account_says_so_unless_the_password_opens_it() {
    let enveloped = element(SEQUENCE, &[&oid(PKCS_7, ENVELOPED_DATA), &element(CONTEXT_0, &[&[0x30, 0]])]);
    let key = data(&[&bag(1, vector::KEY_PKCS8_DER, 1)]);
    assert_eq!(code(&file_of(&[&enveloped]), None), ErrorCode::PfxDomainProtected);
    assert!(open(&file_of(&[&enveloped, &key]), None).is_ok());
}

#[test]
fn bags_that_nest_too_deep_are_refused() {
    let nested = |depth: usize| {
        let key = bag(1, vector::KEY_PKCS8_DER, 1);
        let bag = (0..depth).fold(key, |inner, _| bag(6, &element(SEQUENCE, &[&inner]), 1));
        file_of(&[&data(&[&bag])])
    };
    assert!(open(&nested(3), None).is_ok());
    assert_eq!(code(&nested(4), None), ErrorCode::PfxInvalid);
    assert_eq!(code(&nested(1000), None), ErrorCode::PfxInvalid);
}

#[test]
fn what_is_wrong_is_named() {
    let found = |file: &[u8]| String::from(open(file, None).unwrap_err().found());
    let signed = element(SEQUENCE, &[&oid(PKCS_7, SIGNED_DATA), &element(CONTEXT_0, &[&[0x30, 0]])]);
    let signed = element(SEQUENCE, &[&[INTEGER, 1, 3], &signed]);
    assert_eq!(found(&signed), "a signature in place of a MAC (public-key integrity mode)");
    let version_4 = [&[0x30, 5, INTEGER, 1, 4][..], &[0x30, 0]].concat();
    assert_eq!(found(&version_4), "another version than 3");
    assert_eq!(found(&file_of(&[&[0x30, 0]])), "contents of an unknown type");
    assert_eq!(found(&file_of(&[])), "a PFX (PKCS#12) file and no private key");
}
