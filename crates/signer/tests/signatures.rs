//! Both signers make the known answer, and each one's signatures verify with the other's library.

#![cfg(all(feature = "rustcrypto", feature = "aws-lc"))]

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents,
};
use certgrant_core::{
    Algorithm, AssertionTemplate, Bundle, ErrorCode, PrivateKey, SigningRequest, Timestamp,
};
use certgrant_signer::{AwsLcSigner, AwsLcVerifier, RustCryptoSigner, RustCryptoVerifier};
use certgrant_testkit::{jwt, vectors::assertion_rs256 as vector, vectors::bundles};
use getrandom::SysRng;
use rsa::sha2::Sha256;
use rsa::signature::Verifier as _;

fn key() -> PrivateKey {
    Bundle::from_pem(vector::pem().as_bytes()).unwrap().key
}

fn request(algorithm: Algorithm) -> SigningRequest {
    SigningRequest { algorithm, signing_input: vector::SIGNING_INPUT.into() }
}

fn verify_with_aws_lc(parameters: &'static RsaParameters, key: &PrivateKey, signature: &[u8]) {
    let (n, e) = (key.public_key().modulus(), key.public_key().exponent());
    RsaPublicKeyComponents { n, e }.verify(parameters, vector::SIGNING_INPUT.as_bytes(), signature).unwrap();
}

#[test]
fn rs256_equals_the_signature_that_openssl_made() {
    let (_, _, expected) = jwt::decode(vector::ASSERTION);
    let request = request(Algorithm::Rs256);
    assert_eq!(AwsLcSigner::new(&key()).unwrap().sign(&request).unwrap(), expected);
    assert_eq!(RustCryptoSigner::new(&key()).unwrap().sign(&request, &mut SysRng).unwrap(), expected);
}

#[test]
fn assertion_of_the_vector_is_reproduced_byte_for_byte() {
    let bundle = Bundle::from_pem(vector::pem().as_bytes()).unwrap();
    let thumbprint = bundle.chain[0].thumbprint_sha1();
    let template = AssertionTemplate::new(vector::CLIENT_ID, Algorithm::Rs256, &thumbprint, &[], None);
    let issued_at = Timestamp::from_secs(vector::ISSUED_AT);
    let prepared = template.with_lifetime(300).prepare(vector::AUDIENCE, issued_at, vector::JTI);
    let signature = AwsLcSigner::new(&bundle.key).unwrap().sign(prepared.signing_request()).unwrap();
    assert_eq!(prepared.with_signature(&signature).unwrap().expose(), vector::ASSERTION);
}

#[test]
fn ps256_of_rustcrypto_verifies_with_aws_lc() {
    let key = key();
    let signature =
        RustCryptoSigner::new(&key).unwrap().sign(&request(Algorithm::Ps256), &mut SysRng).unwrap();
    verify_with_aws_lc(&RSA_PSS_2048_8192_SHA256, &key, &signature);
}

#[test]
fn rs256_of_rustcrypto_verifies_with_aws_lc() {
    let key = key();
    let signature =
        RustCryptoSigner::new(&key).unwrap().sign(&request(Algorithm::Rs256), &mut SysRng).unwrap();
    verify_with_aws_lc(&RSA_PKCS1_2048_8192_SHA256, &key, &signature);
}

#[test]
fn ps256_of_aws_lc_verifies_with_rustcrypto() {
    let key = key();
    let signature = AwsLcSigner::new(&key).unwrap().sign(&request(Algorithm::Ps256)).unwrap();
    let (n, e) = (key.public_key().modulus(), key.public_key().exponent());
    let number = |bytes| rsa::BoxedUint::from_be_slice_vartime(bytes);
    let public = rsa::PublicKey::new(number(n), number(e)).unwrap();
    let verifying_key = rsa::pss::VerifyingKey::<Sha256>::new(public);
    let signature = rsa::pss::Signature::try_from(signature.as_slice()).unwrap();
    verifying_key.verify(vector::SIGNING_INPUT.as_bytes(), &signature).unwrap();
}

#[test]
fn ps256_signatures_are_salted() {
    let signer = RustCryptoSigner::new(&key()).unwrap();
    let sign = || signer.sign(&request(Algorithm::Ps256), &mut SysRng).unwrap();
    assert_ne!(sign(), sign());
}

#[test]
fn failing_random_source_is_an_error_for_both_algorithms() {
    struct Broken;
    impl rsa::rand_core::TryRng for Broken {
        type Error = getrandom::Error;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Err(getrandom::Error::UNSUPPORTED)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Err(getrandom::Error::UNSUPPORTED)
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            Err(getrandom::Error::UNSUPPORTED)
        }
    }
    impl rsa::rand_core::TryCryptoRng for Broken {}

    let signer = RustCryptoSigner::new(&key()).unwrap();
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
        // RS256 needs randomness for nothing but blinding: that it fails shows that blinding is on.
        let error = signer.sign(&request(algorithm), &mut Broken).unwrap_err();
        assert_eq!(error.code(), certgrant_core::ErrorCode::SigningFailed);
    }
}

#[test]
fn debug_shows_no_key() {
    assert_eq!(format!("{:?}", AwsLcSigner::new(&key()).unwrap()), "AwsLcSigner([secret elided])");
    assert_eq!(format!("{:?}", RustCryptoSigner::new(&key()).unwrap()), "RustCryptoSigner([secret elided])");
}

#[test]
fn signatures_of_the_key_are_verified() {
    let key = key();
    let aws_lc = AwsLcVerifier::new(key.public_key());
    let rustcrypto = RustCryptoVerifier::new(key.public_key()).unwrap();
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
        let request = request(algorithm);
        let by_aws_lc = AwsLcSigner::new(&key).unwrap().sign(&request).unwrap();
        let by_rustcrypto = RustCryptoSigner::new(&key).unwrap().sign(&request, &mut SysRng).unwrap();
        for signature in [by_aws_lc, by_rustcrypto] {
            aws_lc.verify(&request, &signature).unwrap();
            rustcrypto.verify(&request, &signature).unwrap();
        }
    }
}

#[test]
fn anything_but_the_signature_of_the_key_is_refused() {
    let key = key();
    let other = Bundle::from_pem(bundles::LEAF_KEY_PKCS1_PEM.as_bytes()).unwrap().key;
    let request = request(Algorithm::Ps256);
    let signature = AwsLcSigner::new(&key).unwrap().sign(&request).unwrap();
    let mut flipped = signature.clone();
    flipped[100] ^= 1;
    let of_another_key = AwsLcSigner::new(&other).unwrap().sign(&request).unwrap();
    let of_another_algorithm =
        AwsLcSigner::new(&key).unwrap().sign(&self::request(Algorithm::Rs256)).unwrap();
    let of_another_text = SigningRequest { signing_input: "e30.e30".into(), ..request.clone() };
    let of_another_text = AwsLcSigner::new(&key).unwrap().sign(&of_another_text).unwrap();
    let all_ones = vec![0xff; 256];
    let cases =
        [flipped, of_another_key, of_another_algorithm, of_another_text, all_ones, vec![], vec![0; 10_000]];
    for signature in cases {
        let by_aws_lc = AwsLcVerifier::new(key.public_key()).verify(&request, &signature).unwrap_err();
        let by_rustcrypto =
            RustCryptoVerifier::new(key.public_key()).unwrap().verify(&request, &signature).unwrap_err();
        assert_eq!(by_aws_lc.code(), ErrorCode::SignatureInvalid);
        assert_eq!(by_aws_lc.found(), by_rustcrypto.found());
    }
}

#[test]
fn key_whose_numbers_do_not_fit_together_is_refused() {
    let mut der = key().pkcs8_der().expose().clone();
    // A byte in the middle of the private exponent, which follows the modulus and the public exponent.
    der[426] ^= 1;
    let broken = PrivateKey::from_pkcs8_der(&der).unwrap();
    assert_eq!(AwsLcSigner::new(&broken).unwrap_err().code(), ErrorCode::KeyInvalid);
    assert_eq!(RustCryptoSigner::new(&broken).unwrap_err().code(), ErrorCode::KeyInvalid);
}

#[test]
fn one_signer_signs_in_several_threads_at_once() {
    let (_, _, expected) = jwt::decode(vector::ASSERTION);
    let key = key();
    let (signer, verifier) = (AwsLcSigner::new(&key).unwrap(), AwsLcVerifier::new(key.public_key()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(signer.sign(&request(Algorithm::Rs256)).unwrap(), expected);
                    let request = request(Algorithm::Ps256);
                    verifier.verify(&request, &signer.sign(&request).unwrap()).unwrap();
                }
            });
        }
    });
}
