//! Project Wycheproof's RSA signatures, good and bad, before both verifiers: <https://github.com/C2SP/wycheproof>.

#![cfg(all(feature = "rustcrypto", feature = "aws-lc"))]

use certgrant_core::{Algorithm, Certificate, SigningRequest};
use certgrant_signer::{AwsLcVerifier, RustCryptoVerifier};
use wycheproof::{TestResult, rsa_pkcs1_verify, rsa_pss_verify};

/// A DER element.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = u16::try_from(contents.len()).expect("small");
    let header = match length.to_be_bytes() {
        [0, low @ 0..=0x7f] => vec![tag, low],
        [0, low] => vec![tag, 0x81, low],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [header, contents].concat()
}

/// A certificate with that `SubjectPublicKeyInfo`: the way by which public keys come in.
fn certificate(public_key_info: &[u8]) -> Certificate {
    const SHA256_WITH_RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    let algorithm = element(0x30, &[SHA256_WITH_RSA]);
    let time = element(0x17, &[b"700101000000Z"]);
    let (validity, name) = (element(0x30, &[&time, &time]), element(0x30, &[]));
    let tbs = element(0x30, &[&[2, 1, 1], &algorithm, &name, &validity, &name, public_key_info]);
    let der = element(0x30, &[&tbs, &algorithm, &[3, 1, 0]]);
    Certificate::from_der(&der).expect("a certificate")
}

/// Counts of signatures that had to be taken, and to be refused.
#[derive(Debug, Default)]
struct Tally {
    taken: usize,
    refused: usize,
}

impl Tally {
    /// Holds both verifiers to what the vector says of a signature over a text.
    fn add(
        &mut self,
        algorithm: Algorithm,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
        result: TestResult,
        id: usize,
    ) {
        let certificate = certificate(key);
        let key = certificate.rsa_public_key().expect("an RSA key");
        // A signing input is text.
        let Ok(signing_input) = String::from_utf8(message.to_vec()) else { return };
        let request = SigningRequest { algorithm, signing_input };
        let by_aws_lc = AwsLcVerifier::new(key).verify(&request, signature).is_ok();
        let by_rustcrypto =
            RustCryptoVerifier::new(key).is_ok_and(|verifier| verifier.verify(&request, signature).is_ok());
        match result {
            TestResult::Valid => {
                assert!(by_aws_lc && by_rustcrypto, "{algorithm:?} {id} is sound");
                self.taken += 1;
            }
            TestResult::Invalid => {
                assert!(!by_aws_lc && !by_rustcrypto, "{algorithm:?} {id} is not sound");
                self.refused += 1;
            }
            TestResult::Acceptable => {}
        }
    }
}

#[test]
fn rs256_signatures_of_wycheproof_are_told_apart() {
    use rsa_pkcs1_verify::{TestName, TestSet};
    let mut tally = Tally::default();
    for name in
        [TestName::Rsa2048Sha256, TestName::Rsa3072Sha256, TestName::Rsa4096Sha256, TestName::Rsa8192Sha256]
    {
        for group in TestSet::load(name).expect("a set").test_groups {
            for test in &group.tests {
                tally.add(Algorithm::Rs256, &group.der, &test.msg, &test.sig, test.result, test.tc_id);
            }
        }
    }
    assert!(tally.taken > 20 && tally.refused > 500, "{tally:?}");
}

#[test]
fn ps256_signatures_of_wycheproof_are_told_apart() {
    use rsa_pss_verify::{TestName, TestSet};
    let mut tally = Tally::default();
    for name in [
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha256Mgf1SaltLen32,
    ] {
        for group in TestSet::load(name).expect("a set").test_groups {
            for test in &group.tests {
                tally.add(Algorithm::Ps256, &group.der, &test.msg, &test.sig, test.result, test.tc_id);
            }
        }
    }
    assert!(tally.taken > 20 && tally.refused > 100, "{tally:?}");
}

/// [RFC 7518 section 3.5](https://www.rfc-editor.org/rfc/rfc7518#section-3.5): the salt is as long as the hash, and the mask
/// is by the same hash.
#[test]
fn ps256_signatures_of_another_mask_are_refused() {
    use rsa_pss_verify::{TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::RsaPss2048Sha256Mgf1Sha1_20).expect("a set").test_groups {
        for test in &group.tests {
            tally.add(Algorithm::Ps256, &group.der, &test.msg, &test.sig, TestResult::Invalid, test.tc_id);
        }
    }
    assert!(tally.refused > 50, "{tally:?}");
}
