//! Many keys, or few whose encryption costs.

use super::certificates::pem;
use super::der::{algorithm, integer, octets, oid, positive, sequence};
use super::identities::{Key, certificate, pkcs8_key, rsa_key};
use super::{Input, LIMIT, filled};

/// PBES2 with a derivation and AES.
pub(super) fn pbes2(derivation: &[u8]) -> Vec<u8> {
    let cipher = algorithm(oid::AES_256_CBC, &octets(&[0; 16]));
    algorithm(oid::PBES2, &sequence(&[derivation, &cipher]))
}

pub(super) fn pbkdf2(salt: &[u8], rounds: u64) -> Vec<u8> {
    let hash = algorithm(oid::HMAC_SHA512, &[5, 0]);
    algorithm(oid::PBKDF2, &sequence(&[octets(salt), integer(rounds), hash]))
}

pub(super) fn scrypt(n: u64, r: u64, p: u64) -> Vec<u8> {
    algorithm(oid::SCRYPT, &sequence(&[octets(&[]), integer(n), integer(r), integer(p)]))
}

pub(super) fn encrypted(algorithm: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    sequence(&[algorithm, &octets(ciphertext)])
}

fn many(piece: &dyn Fn(u32) -> Vec<u8>) -> Vec<u8> {
    filled(b"", b"", LIMIT, piece)
}

/// The same encrypted key for each number.
fn repeated(derivation: Vec<u8>) -> impl Fn(u32) -> Vec<u8> {
    let key = pem("ENCRYPTED PRIVATE KEY", &encrypted(&pbes2(&derivation), &[0; 16]));
    move |_| key.clone()
}

pub(super) fn all() -> Vec<Input> {
    let dek = |_: u32| {
        b"-----BEGIN RSA PRIVATE KEY-----Proc-Type:DEK-Info:DES-CBC,0000000000000000AAAAAAAAAAA=-----END RSA PRIVATE KEY-----".to_vec()
    };
    let pair = |n: u32| {
        let certificate = certificate(&[], &[], Key::Rsa(n));
        [pem("PRIVATE KEY", &rsa_key(n)), pem("CERTIFICATE", &certificate)].concat()
    };
    let huge = sequence(&[
        integer(0),
        positive(&vec![0xc5; LIMIT - 100]),
        integer(3),
        integer(3),
        integer(3),
        integer(3),
        integer(3),
        integer(3),
        integer(3),
    ]);
    [
        ("keys that are none", many(&|_| pem("PRIVATE KEY", &[0]))),
        ("keys that are all the same", many(&|_| pem("PRIVATE KEY", &pkcs8_key(0)))),
        ("keys that differ at their ends", many(&|n| pem("PRIVATE KEY", &rsa_key(n)))),
        ("keys with their certificates", many(&pair)),
        ("keys with DEK-Info", many(&dek)),
        ("keys by one round of PBKDF2", many(&repeated(pbkdf2(&[], 1)))),
        ("keys by the smallest scrypt", many(&repeated(scrypt(2, 1, 1)))),
        ("a key of 1 MiB", huge),
    ]
    .into_iter()
    .map(|(name, file)| Input { name, file })
    .collect()
}

/// A key whose derivation needs the most memory that a file may ask for.
pub(super) fn greediest() -> Input {
    let key = repeated(scrypt(2, 80_000, 1))(0);
    let file = [&key[..], &[b' '; LIMIT - 500]].concat();
    Input { name: "a key by the scrypt that needs the most memory", file }
}

/// Keys whose derivation costs as much as the budget of a file allows.
pub(super) fn costly() -> Vec<Input> {
    [
        ("keys by scrypt with large blocks", many(&repeated(scrypt(2, 80_000, 1)))),
        ("keys by scrypt with much parallelism", many(&repeated(scrypt(2, 1, 300_000)))),
        ("keys by scrypt as it is usual", many(&repeated(scrypt(1 << 14, 8, 1)))),
        ("keys by the costliest scrypt", many(&repeated(scrypt(1 << 15, 8, 1)))),
        ("keys by PBKDF2 until its cap", many(&repeated(pbkdf2(&[], 600_000)))),
    ]
    .into_iter()
    .map(|(name, file)| Input { name, file })
    .collect()
}
