//! What core promises of a bundle that it opened.

use certgrant_core::{Bundle, Certificate, Error, PrivateKey};

/// The shortest modulus that Entra takes, in bits.
const MIN_BITS: usize = 2048;

/// Panics unless the bundle is whole, and the same again once it is written as PEM and read.
pub(crate) fn assert_bundle_keeps_its_promises(bundle: &Bundle) {
    let key = &bundle.key;
    assert!(key.public_key().bits() >= MIN_BITS, "{} bits", key.public_key().bits());
    if let Some(leaf) = bundle.chain.first() {
        let public_key = leaf.rsa_public_key().expect("the key's certificate is for an RSA key");
        assert!(public_key == key.public_key(), "the first certificate is not the key's");
    }
    bundle.chain.iter().for_each(assert_certificate_keeps_its_promises);
    assert_key_keeps_its_promises(key);
    let again = Bundle::from_pem(bundle.to_pem().expose().as_bytes());
    let again = again.unwrap_or_else(|error| panic!("what was written can't be read: {error}"));
    assert_same(Ok(bundle), Ok(&again), "written as PEM");
    let shown = format!("{bundle:?}");
    assert!(shown.contains("[secret elided]"), "{shown}");
}

/// Panics unless the key is the same when it is read again.
pub(crate) fn assert_key_keeps_its_promises(key: &PrivateKey) {
    let again = PrivateKey::from_pkcs8_der(key.pkcs8_der().expose()).expect("its own PKCS#8 is read");
    assert_eq!(again.pkcs8_der().expose(), key.pkcs8_der().expose(), "PKCS#8 changed");
    assert!(again.public_key() == key.public_key(), "the public half changed");
}

/// Panics unless the certificate is the same when it is read again, and its accessors agree with each other.
pub(crate) fn assert_certificate_keeps_its_promises(certificate: &Certificate) {
    let again = Certificate::from_der(certificate.der()).expect("its own DER is read");
    assert_eq!(again.der(), certificate.der());
    assert_eq!((again.not_before(), again.not_after()), (certificate.not_before(), certificate.not_after()));
    let (sha1, sha256) = (certificate.thumbprint_sha1(), certificate.thumbprint_sha256());
    assert_eq!((sha1.as_bytes().len(), sha256.as_bytes().len()), (20, 32));
    for thumbprint in [sha1, sha256] {
        assert_eq!(certgrant_core::Thumbprint::from_hex(&thumbprint.to_hex()).ok(), Some(thumbprint));
    }
    assert_eq!(again.rsa_public_key().ok(), certificate.rsa_public_key().ok());
}

/// Panics unless both opened to the same key and chain, or were refused with the same code.
pub(crate) fn assert_same(a: Result<&Bundle, &Error>, b: Result<&Bundle, &Error>, how: &str) {
    match (a, b) {
        (Ok(a), Ok(b)) => {
            assert_eq!(a.key.pkcs8_der().expose(), b.key.pkcs8_der().expose(), "another key when {how}");
            let ders = |bundle: &Bundle| bundle.chain.iter().map(|c| c.der().to_vec()).collect::<Vec<_>>();
            assert_eq!(ders(a), ders(b), "another chain when {how}");
        }
        (a, b) => {
            let code = |result: Result<&Bundle, &Error>| result.err().map(Error::code);
            assert_eq!(code(a), code(b), "another answer when {how}");
        }
    }
}
