//! Project Wycheproof's vectors of PBES2, PBKDF2 and HMAC, <https://github.com/C2SP/wycheproof>.

use super::*;
use crate::asn1::{INTEGER, OBJECT_IDENTIFIER, SEQUENCE, push_element};
use alloc::string::String;
use alloc::vec::Vec;
use wycheproof::{TestResult, mac, pbes2, pbkdf2};

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut der = Vec::new();
    push_element(&mut der, tag, &parts.concat());
    der
}

/// What a hash is called as PRF: the last number of `hmacWithSHA…`.
const HASHES: [(u8, Hash); 5] =
    [(7, Hash::Sha1), (8, Hash::Sha224), (9, Hash::Sha256), (10, Hash::Sha384), (11, Hash::Sha512)];
const CIPHERS: [&[u8]; 3] = [algorithms::AES_128_CBC, algorithms::AES_192_CBC, algorithms::AES_256_CBC];

#[test]
fn pbes2_equals_wycheproof() {
    let sets = pbes2::TestName::all();
    assert_eq!(sets.len(), HASHES.len() * CIPHERS.len());
    let mut number = 0;
    for (index, name) in sets.into_iter().enumerate() {
        let (prf, cipher) = (HASHES[index / CIPHERS.len()].0, CIPHERS[index % CIPHERS.len()]);
        for test in pbes2::TestSet::load(name).unwrap().test_groups.iter().flat_map(|group| &group.tests) {
            // Passwords are text here.
            let Ok(password) = core::str::from_utf8(&test.password) else { continue };
            let parameters = parameters(prf, cipher, test);
            let password = Password::forms(Some(&SecretString::new(password.into()))).swap_remove(0);
            let mut budget = Budget::of_a_file();
            let plaintext = super::pbes2::decrypt(Reader::new(&parameters), &test.ct, &password, &mut budget);
            let plaintext = plaintext.unwrap().map(|plaintext| plaintext.expose().clone());
            let is_message = plaintext.as_deref() == Some(&test.msg[..]);
            assert_eq!(is_message, test.result == TestResult::Valid, "{name:?} {}", test.tc_id);
            number += 1;
        }
    }
    assert!(number > 500, "{number}");
}

/// `PBES2-params` of a vector.
fn parameters(prf: u8, cipher: &[u8], test: &pbes2::Test) -> Vec<u8> {
    let prf = [&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02][..], &[prf]].concat();
    let prf = element(SEQUENCE, &[&element(OBJECT_IDENTIFIER, &[&prf]), &[5, 0]]);
    let salt = element(OCTET_STRING, &[&test.salt]);
    let rounds = test.iteration_count.to_be_bytes();
    let rounds: Vec<u8> = rounds.into_iter().skip_while(|byte| *byte == 0).collect();
    let sign: &[u8] = if rounds[0] >= 0x80 { &[0] } else { &[] };
    let rounds = element(INTEGER, &[sign, &rounds]);
    let derivation = element(SEQUENCE, &[&salt, &rounds, &prf]);
    let derivation = element(SEQUENCE, &[&element(OBJECT_IDENTIFIER, &[PBKDF2]), &derivation]);
    let scheme = [element(OBJECT_IDENTIFIER, &[cipher]), element(OCTET_STRING, &[&test.iv])].concat();
    element(SEQUENCE, &[&derivation, &element(SEQUENCE, &[&scheme])])
}

#[test]
fn pbkdf2_equals_wycheproof() {
    /// More take seconds without optimisation; RFC 6070 has 16 million.
    const MAX_ROUNDS: usize = 100_000;
    let mut number = 0;
    for (name, (_, hash)) in pbkdf2::TestName::all().into_iter().zip(HASHES) {
        for test in pbkdf2::TestSet::load(name).unwrap().test_groups.iter().flat_map(|group| &group.tests) {
            if test.iteration_count > MAX_ROUNDS {
                continue;
            }
            let rounds = u32::try_from(test.iteration_count).unwrap();
            let key = hash.pbkdf2(&test.password, &test.salt, rounds, test.dk_len);
            assert_eq!(
                key.expose() == &test.dk[..],
                test.result == TestResult::Valid,
                "{name:?} {}",
                test.tc_id
            );
            number += 1;
        }
    }
    assert!(number > 200, "{number}");
}

#[test]
fn hmac_equals_wycheproof() {
    use mac::TestName::{
        HmacSha1, HmacSha224, HmacSha256, HmacSha384, HmacSha512, HmacSha512_224, HmacSha512_256,
    };
    let mut sets = Vec::from([
        (HmacSha1, Hash::Sha1),
        (HmacSha224, Hash::Sha224),
        (HmacSha256, Hash::Sha256),
        (HmacSha384, Hash::Sha384),
        (HmacSha512, Hash::Sha512),
        (HmacSha512_224, Hash::Sha512Cut224),
        (HmacSha512_256, Hash::Sha512Cut256),
    ]);
    #[cfg(feature = "rare-ciphers")]
    sets.extend([
        (mac::TestName::HmacSha3_224, Hash::Sha3_224),
        (mac::TestName::HmacSha3_256, Hash::Sha3_256),
        (mac::TestName::HmacSha3_384, Hash::Sha3_384),
        (mac::TestName::HmacSha3_512, Hash::Sha3_512),
    ]);
    for (name, hash) in sets {
        let mut failed = Vec::<String>::new();
        for group in mac::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let tag = hash.hmac(&test.key, &test.msg).unwrap();
                // Some are cut short.
                let is_tag = tag.expose().starts_with(&test.tag) && test.tag.len() * 8 == group.tag_size;
                if is_tag != (test.result == TestResult::Valid) {
                    failed.push(alloc::format!("{} {}", test.tc_id, test.comment));
                }
            }
        }
        assert_eq!(failed, Vec::<String>::new(), "{name:?}");
    }
}
