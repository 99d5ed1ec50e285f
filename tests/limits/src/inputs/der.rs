//! DER for the inputs, written independently of core.

/// Contents of object identifiers.
pub(super) mod oid {
    pub(crate) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(crate) const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    pub(crate) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    pub(crate) const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
    pub(crate) const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12];
    pub(crate) const SCRYPT: &[u8] = &[0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11];
    pub(crate) const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a];
    pub(crate) const HMAC_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 11];
    pub(crate) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
    pub(crate) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    pub(crate) const X509: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 22, 1];
    pub(crate) const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 21];

    /// A type of bag.
    pub(crate) fn bag(number: u8) -> Vec<u8> {
        [&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1][..], &[number]].concat()
    }

    /// A cipher of PKCS#12.
    pub(crate) fn pbe(number: u8) -> Vec<u8> {
        [&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1][..], &[number]].concat()
    }
}

/// An element of these parts.
pub(super) fn element<P: AsRef<[u8]>>(tag: u8, parts: &[P]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.as_ref().len()).sum();
    let digits = length.to_be_bytes();
    let digits: Vec<u8> = digits.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut der = vec![tag];
    if length >= 0x80 {
        der.push(0x80 | u8::try_from(digits.len()).expect("a length has few digits"));
        der.extend(digits);
    } else {
        der.push(u8::try_from(length).expect("below 128"));
    }
    parts.iter().for_each(|part| der.extend(part.as_ref()));
    der
}

pub(super) fn sequence<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    element(0x30, parts)
}

pub(super) fn octets(contents: &[u8]) -> Vec<u8> {
    element(4, &[contents])
}

pub(super) fn oid(contents: &[u8]) -> Vec<u8> {
    element(6, &[contents])
}

pub(super) fn integer(number: u64) -> Vec<u8> {
    let digits: Vec<u8> = number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    positive(if digits.is_empty() { &[0] } else { &digits })
}

/// An INTEGER of big-endian bytes without leading zeros.
pub(super) fn positive(bytes: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
    element(2, &[sign, bytes])
}

pub(super) fn algorithm(name: &[u8], parameters: &[u8]) -> Vec<u8> {
    sequence(&[&oid(name)[..], parameters])
}
