//! Keys and certificates that look sound and cost a few bytes each.

use super::der::{algorithm, element, integer, octets, oid, positive, sequence};

/// A modulus of 2048 bits that differs from those of other numbers in its last bytes alone.
fn modulus(number: u32) -> Vec<u8> {
    let mut bytes = vec![0xc5; 252];
    bytes.extend(number.to_be_bytes());
    bytes
}

/// A PKCS#1 key with the shortest numbers beside its modulus.
pub(super) fn rsa_key(number: u32) -> Vec<u8> {
    let small = integer(3);
    let mut parts = vec![integer(0), positive(&modulus(number)), small.clone()];
    parts.extend(std::iter::repeat_n(small, 6));
    sequence(&parts)
}

/// The same in PKCS#8.
pub(super) fn pkcs8_key(number: u32) -> Vec<u8> {
    sequence(&[integer(0), algorithm(oid::RSA, &[5, 0]), octets(&rsa_key(number))])
}

/// The key of a certificate.
#[derive(Clone, Copy)]
pub(super) enum Key {
    /// RSA, with the modulus of that number.
    Rsa(u32),
    /// Ed25519: a few bytes.
    Small,
}

/// A certificate from `issuer` for `subject`, both the contents of names.
pub(super) fn certificate(issuer: &[u8], subject: &[u8], key: Key) -> Vec<u8> {
    let time = element(0x17, &[b"700101000000Z"]);
    let bits = |der: &[u8]| element(3, &[&[0], der]);
    let info = match key {
        Key::Rsa(number) => {
            let numbers = sequence(&[positive(&modulus(number)), integer(3)]);
            sequence(&[algorithm(oid::RSA, &[5, 0]), bits(&numbers)])
        }
        Key::Small => sequence(&[algorithm(oid::ED25519, &[]), bits(&[])]),
    };
    let signature = algorithm(oid::SHA256_WITH_RSA, &[]);
    let validity = sequence(&[&time, &time]);
    let (issuer, subject) = (sequence(&[issuer]), sequence(&[subject]));
    let tbs = sequence(&[integer(1), signature.clone(), issuer, validity, subject, info]);
    sequence(&[tbs, signature, bits(&[])])
}
