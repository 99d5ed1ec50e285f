//! Many certificates, whose order a reader has to find.

use super::der::{element, octets};
use super::identities::{Key, certificate, pkcs8_key};
use super::pfx::{certificate_bag, data, key_bag, pfx, pfx_filled};
use super::{Input, LIMIT, filled};
use base64ct::{Base64, Encoding as _};

pub(super) fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let body = Base64::encode_string(der);
    format!("-----BEGIN {label}-----{body}-----END {label}-----").into_bytes()
}

/// Contents of a name, all of the same length and start.
fn name(number: u32) -> Vec<u8> {
    octets(&[&[7; 8][..], &number.to_be_bytes()].concat())
}

/// A long one, different at its end.
fn long_name(number: u32) -> Vec<u8> {
    octets(&[&[7; 500][..], &number.to_be_bytes()].concat())
}

pub(super) fn all() -> Vec<Input> {
    const MANY: u32 = 1 << 20;
    let key = pem("PRIVATE KEY", &pkcs8_key(0));
    let leaf = |issuer: &[u8]| pem("CERTIFICATE", &certificate(issuer, &name(MANY), Key::Rsa(0)));
    let of = |issuer: &[u8], subject: &[u8]| pem("CERTIFICATE", &certificate(issuer, subject, Key::Small));
    let with_key = |issuer: &[u8], piece: &dyn Fn(u32) -> Vec<u8>| {
        filled(&[key.clone(), leaf(issuer)].concat(), b"", LIMIT, piece)
    };
    // How many there are, so that a chain can run against the order of the file.
    let number = |piece: &dyn Fn(u32) -> Vec<u8>| u32::try_from(LIMIT / piece(0).len()).expect("small");
    let upwards = |n: u32| of(&name(n + 1), &name(n));
    let last = number(&upwards);
    let downwards = |n: u32| of(&name(last - n), &name(last - n - 1));
    let same = |_: u32| of(&name(1), &name(1));
    let long = |n: u32| of(&long_name(n + 1), &long_name(n));
    let rsa = |n: u32| pem("CERTIFICATE", &certificate(&name(1), &name(2), Key::Rsa(n + 1)));
    let stranger = |_: u32| of(&name(MANY + 1), &name(MANY + 2));
    let bag = |n: u32| certificate_bag(&certificate(&name(n + 1), &name(n), Key::Small));
    let bags = |n: u32| {
        [key_bag(&pkcs8_key(n), n), certificate_bag(&certificate(&name(n + 1), &name(n), Key::Rsa(n)))]
            .concat()
    };
    let with_leaf =
        [key_bag(&pkcs8_key(0), 1), certificate_bag(&certificate(&name(0), &name(MANY), Key::Rsa(0)))];
    let big = certificate(
        &element(4, &[vec![0; LIMIT / 2]]),
        &element(4, &[vec![0; LIMIT / 2 - 1000]]),
        Key::Small,
    );
    [
        ("a chain in order", with_key(&name(0), &upwards)),
        ("a chain against its order", with_key(&name(0), &downwards)),
        ("a chain against its order, without its leaf", filled(b"", b"", LIMIT, downwards)),
        ("a chain of long names", with_key(&long_name(0), &long)),
        ("certificates of one name", with_key(&name(1), &same)),
        ("certificates of one name and nothing else", filled(b"", b"", LIMIT, same)),
        ("certificates of other keys", filled(&key, b"", LIMIT, rsa)),
        ("certificates without their issuers", with_key(&name(0), &stranger)),
        ("a chain in a PFX", pfx_filled(&with_leaf.concat(), bag)),
        ("keys and their certificates in a PFX", pfx_filled(b"", bags)),
        ("a large certificate", big.clone()),
        ("a large certificate in a PFX", pfx(&[data(&[certificate_bag(&big)])])),
    ]
    .into_iter()
    .map(|(name, file)| Input { name, file })
    .collect()
}
