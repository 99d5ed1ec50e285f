//! PKCS#12: bags, layers, segments, salts.

use super::der::{algorithm, element, integer, octets, oid, sequence};
use super::identities::pkcs8_key;
use super::keys::{encrypted, pbes2, pbkdf2, scrypt};
use super::{Input, LIMIT, filled};

/// What stands around the content of a file, at most.
const FRAME: usize = 400;

fn content_info(name: &[u8], content: &[u8]) -> Vec<u8> {
    sequence(&[oid(name), element(0xa0, &[content])])
}

/// Unencrypted contents of these bags.
pub(super) fn data<P: AsRef<[u8]>>(bags: &[P]) -> Vec<u8> {
    content_info(oid::DATA, &octets(&sequence(bags)))
}

/// A file of these contents, without a MAC.
pub(super) fn pfx<P: AsRef<[u8]>>(contents: &[P]) -> Vec<u8> {
    sequence(&[integer(3), content_info(oid::DATA, &octets(&sequence(contents)))])
}

/// A file of one content that is full of bags behind the given ones.
pub(super) fn pfx_filled(before: &[u8], bag: impl FnMut(u32) -> Vec<u8>) -> Vec<u8> {
    pfx(&[data(&[filled(before, b"", LIMIT - FRAME, bag)])])
}

fn bag(number: u8, value: &[u8]) -> Vec<u8> {
    sequence(&[oid(&oid::bag(number)), element(0xa0, &[value])])
}

pub(super) fn certificate_bag(der: &[u8]) -> Vec<u8> {
    bag(3, &sequence(&[oid(oid::X509), element(0xa0, &[octets(der)])]))
}

/// A key with an id of its own.
pub(super) fn key_bag(der: &[u8], id: u32) -> Vec<u8> {
    let id = element(0x31, &[octets(&id.to_be_bytes())]);
    let attributes = element(0x31, &[sequence(&[oid(oid::LOCAL_KEY_ID), id])]);
    sequence(&[oid(&oid::bag(1)), element(0xa0, &[der]), attributes])
}

/// A MAC by PKCS#12's derivation.
fn mac(salt: &[u8], rounds: u64) -> Vec<u8> {
    let digest = sequence(&[algorithm(oid::SHA512, &[]), octets(&[0; 64])]);
    sequence(&[digest, octets(salt), integer(rounds)])
}

/// `inner` in as many layers of that tag, of indefinite length.
fn indefinite(tag: u8, depth: usize, inner: &[u8]) -> Vec<u8> {
    [&[tag, 0x80].repeat(depth), inner, &[0, 0].repeat(depth)].concat()
}

/// A file whose contents are in BER, as they stand.
fn pfx_of_ber(content: &[u8]) -> Vec<u8> {
    let info = [&[0x30, 0x80][..], &oid(oid::DATA), &[0xa0, 0x80], content, &[0; 6]].concat();
    [&[0x30, 0x80][..], &integer(3), &info].concat()
}

fn nested(depth: u8, inner: &[u8]) -> Vec<u8> {
    let bags = sequence(&[inner]);
    if depth == 0 { bags } else { sequence(&[bag(6, &nested(depth - 1, inner))]) }
}

pub(super) fn all() -> Vec<Input> {
    let room = LIMIT - FRAME;
    let full = |piece: &[u8]| piece.repeat(room / piece.len());
    let shrouded = |algorithm: Vec<u8>| {
        let bag = bag(2, &encrypted(&algorithm, &[0; 16]));
        pfx_filled(&key_bag(&pkcs8_key(0), 0), move |_| bag.clone())
    };
    let pbe = |number: u8, salt: &[u8]| algorithm(&oid::pbe(number), &sequence(&[octets(salt), integer(1)]));
    let long_salts = |algorithm: Vec<u8>| pfx(&[data(&[bag(2, &encrypted(&algorithm, &[0; 16]))])]);
    let with_mac = |salt: &[u8], content: &[u8]| {
        let info = content_info(oid::DATA, &octets(&sequence(&[content])));
        sequence(&[integer(3), info, mac(salt, 1)])
    };
    let encrypted_contents = |_: u32| {
        let info = [oid(oid::DATA), pbes2(&pbkdf2(&[], 1)), element(0x80, &[[0; 16]])].concat();
        sequence(&[
            oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6]),
            element(0xa0, &[sequence(&[integer(0), sequence(&[info])])]),
        ])
    };
    [
        ("key bags that are none", pfx_filled(b"", |_| bag(1, &[5, 0]))),
        ("bags of an unknown kind", pfx_filled(b"", |_| bag(9, &[5, 0]))),
        ("keys in bags that differ at their ends", pfx_filled(b"", |n| bag(1, &pkcs8_key(n)))),
        ("shrouded keys by one round of PBKDF2", shrouded(pbes2(&pbkdf2(&[], 1)))),
        ("shrouded keys by RC2 of 128 bits", shrouded(pbe(5, &[]))),
        ("shrouded keys by 3DES", shrouded(pbe(3, &[]))),
        ("shrouded keys by the smallest scrypt", shrouded(pbes2(&scrypt(2, 1, 1)))),
        ("a salt of 1 MiB for PBKDF2", long_salts(pbes2(&pbkdf2(&vec![1; room - 200], 1)))),
        ("a salt of 1 MiB for 3DES", long_salts(pbe(3, &vec![1; room - 200]))),
        ("a salt of 1 MiB for the MAC", with_mac(&vec![1; room - 200], &[])),
        ("a MAC over 1 MiB", with_mac(&[1; 8], &full(&[5, 0]))),
        ("many encrypted contents", pfx(&[filled(b"", b"", room, encrypted_contents)])),
        ("many empty contents", pfx(&[filled(b"", b"", room, |_| data::<&[u8]>(&[]))])),
        ("contents that nest", pfx(&[data(&[bag(6, &nested(2, &full(&bag(9, &[5, 0]))))])])),
        ("contents that nest too deep", pfx(&[data(&[bag(6, &nested(5, &full(&bag(9, &[5, 0]))))])])),
        ("elements as deep as they may", pfx_of_ber(&indefinite(0x30, 16, &full(&[5, 0])))),
        ("elements deeper than they may", pfx_of_ber(&indefinite(0x30, room / 4, &[]))),
        ("pairs of layers that are empty", pfx_of_ber(&indefinite(0x30, 15, &full(&[0x30, 0x80, 0, 0])))),
        ("a string in empty segments", pfx_of_ber(&indefinite(0x24, 1, &full(&[4, 0])))),
        ("a string in segments of a byte", pfx_of_ber(&indefinite(0x24, 1, &full(&[4, 1, 0x30])))),
        ("a string in segments of segments", pfx_of_ber(&indefinite(0x24, 16, &full(&[4, 1, 0x30])))),
        ("zeros behind the file", [pfx(&[data::<&[u8]>(&[])]), vec![0; room]].concat()),
    ]
    .into_iter()
    .map(|(name, file)| Input { name, file })
    .collect()
}
