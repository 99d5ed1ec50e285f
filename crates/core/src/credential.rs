//! By what a client proves who it is: a certificate whose key signs here, or an assertion that somebody else made.

use crate::assertion::AssertionTemplate;
use crate::bundle::{Bundle, chain_from_pem};
use crate::certificate::{Certificate, RsaPublicKey, Thumbprint};
use crate::error::{Error, ErrorCode, Result};
#[cfg(feature = "managed-identity")]
use crate::identity::ManagedIdentity;
use crate::jws::Algorithm;
use crate::key::PrivateKey;
use crate::secret::SecretString;
use crate::text::text;
use crate::time::Timestamp;
use alloc::boxed::Box;
use alloc::string::String;

/// What a client authenticates with.
#[derive(Debug)]
pub enum Credential {
    /// A client secret, which crosses the wire with every request.
    Secret(SecretString),
    /// The host makes assertions elsewhere (federation) and hands them in, see
    /// [`Step::Assert`](crate::client::Step::Assert).
    Assertion,
    /// Assertions of this crate, signed by the host with the key of a certificate.
    Certificate(Box<CertificateCredential>),
    /// The identity that Azure gives to this machine; nothing proves it but where the request comes from.
    #[cfg(feature = "managed-identity")]
    ManagedIdentity(Box<ManagedIdentity>),
}

/// Where a private key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the file, beside the certificate.
    #[default]
    File,
    /// In a vault, a module or a runtime that the host asks for signatures.
    Elsewhere,
}

/// What a client wants of its certificate, whichever one that is at the time: certificates are renewed.
#[derive(Clone, Debug)]
pub struct CertificateTerms {
    /// The application (client) id.
    pub client_id: String,
    /// The thumbprint that the caller expects; needed where only the key is known.
    pub thumbprint: Option<Thumbprint>,
    /// The algorithm that the caller wants; otherwise the one that fits.
    pub algorithm: Option<Algorithm>,
    /// The algorithm that the token service prefers: PS256 for Entra, RS256 for AD FS.
    pub preferred: Algorithm,
    /// Whether assertions carry the chain as `x5c`.
    pub send_chain: bool,
    /// Where the private key is.
    pub key: KeyPlace,
}

/// A certificate as a credential: how its assertions look, and what it is.
#[derive(Debug)]
pub struct CertificateCredential {
    terms: CertificateTerms,
    template: AssertionTemplate,
    public_key: RsaPublicKey,
    /// The algorithm of its assertions.
    pub algorithm: Algorithm,
    /// Its SHA-1 thumbprint, if known.
    pub thumbprint_sha1: Option<Thumbprint>,
    /// Its SHA-256 thumbprint, if known.
    pub thumbprint_sha256: Option<Thumbprint>,
    /// First and last moment of its validity, if known.
    pub validity: Option<(Timestamp, Timestamp)>,
    /// Whether it is signed over a hash that can be forged; Entra takes it, because it compares thumbprints.
    pub has_weak_signature: bool,
}

impl CertificateCredential {
    /// A credential from the public half of the key that will sign, and `chain`: the key's certificate first, then its
    /// issuers; empty if only the thumbprint is known.
    ///
    /// PS256 goes with `x5t#S256` and RS256 with `x5t`: the two pairs that Entra is known to take.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::ClientIdInvalid`], [`ErrorCode::CertificateMissing`] without chain and thumbprint,
    /// [`ErrorCode::ThumbprintMismatch`], [`ErrorCode::ThumbprintUnsuitable`] if only the other hash is known.
    pub fn new(terms: CertificateTerms, public_key: &RsaPublicKey, chain: &[Certificate]) -> Result<Self> {
        check_client_id(&terms.client_id)?;
        let leaf = chain.first();
        if let (Some(leaf), Some(thumbprint)) = (leaf, terms.thumbprint) {
            check_thumbprint(leaf, thumbprint)?;
        }
        let (sha1, sha256) = match (leaf, terms.thumbprint) {
            (Some(leaf), _) => (Some(leaf.thumbprint_sha1()), Some(leaf.thumbprint_sha256())),
            (None, Some(sha1 @ Thumbprint::Sha1(_))) => (Some(sha1), None),
            (None, Some(sha256 @ Thumbprint::Sha256(_))) => (None, Some(sha256)),
            (None, None) => {
                let found = "a private key alone";
                return Err(Error::new(
                    ErrorCode::CertificateMissing,
                    found,
                    "its certificate or a thumbprint",
                ));
            }
        };
        let algorithm = terms.algorithm.unwrap_or(match (terms.thumbprint, sha256) {
            // A caller who names the certificate by SHA-1, as adal-node's did, registered it for that.
            (Some(Thumbprint::Sha1(_)), _) | (_, None) => Algorithm::Rs256,
            _ => terms.preferred,
        });
        let thumbprint = match algorithm {
            Algorithm::Ps256 => {
                sha256.ok_or_else(|| unsuitable("a SHA-1 thumbprint", "SHA-256 for PS256"))?
            }
            Algorithm::Rs256 => sha1.ok_or_else(|| unsuitable("a SHA-256 thumbprint", "SHA-1 for RS256"))?,
        };
        let x5c = if terms.send_chain { chain } else { &[] };
        let key = Some(public_key);
        Ok(Self {
            template: AssertionTemplate::new(terms.client_id.as_str(), algorithm, &thumbprint, x5c, key),
            public_key: public_key.clone(),
            algorithm,
            thumbprint_sha1: sha1,
            thumbprint_sha256: sha256,
            validity: leaf.map(|leaf| (leaf.not_before(), leaf.not_after())),
            has_weak_signature: leaf.is_some_and(Certificate::has_weak_signature),
            terms,
        })
    }

    /// A credential from an unencrypted PEM file, and the private key if it is to be there.
    ///
    /// # Errors
    ///
    /// Those of [`Bundle::from_pem`] and [`CertificateCredential::new`].
    pub fn from_pem(terms: CertificateTerms, file: &[u8]) -> Result<(Self, Option<PrivateKey>)> {
        match terms.key {
            KeyPlace::File => Self::of_bundle(terms, Bundle::from_pem(file)?),
            KeyPlace::Elsewhere => Self::of_chain(terms, &chain_from_pem(file)?),
        }
    }

    /// The same from a file of any kind that [`Bundle::open`] takes.
    ///
    /// # Errors
    ///
    /// Those of [`Bundle::open`] and [`CertificateCredential::new`].
    pub fn open(
        terms: CertificateTerms,
        file: &[u8],
        password: Option<&SecretString>,
    ) -> Result<(Self, Option<PrivateKey>)> {
        match terms.key {
            KeyPlace::File => Self::of_bundle(terms, Bundle::open(file, password)?),
            KeyPlace::Elsewhere => Self::of_chain(terms, &Bundle::open_chain(file, password)?),
        }
    }

    fn of_bundle(
        terms: CertificateTerms,
        Bundle { key, chain }: Bundle,
    ) -> Result<(Self, Option<PrivateKey>)> {
        Ok((Self::new(terms, key.public_key(), &chain)?, Some(key)))
    }

    fn of_chain(terms: CertificateTerms, chain: &[Certificate]) -> Result<(Self, Option<PrivateKey>)> {
        let missing = || Error::new(ErrorCode::CertificateMissing, "no certificate", "a certificate");
        let key = chain.first().ok_or_else(missing)?.rsa_public_key()?;
        key.check_size()?;
        Ok((Self::new(terms, key, chain)?, None))
    }

    /// What the client wants of it and of its successors.
    pub const fn terms(&self) -> &CertificateTerms {
        &self.terms
    }

    /// Whether it is the same certificate for the same key.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let thumbprints = |of: &Self| (of.thumbprint_sha1, of.thumbprint_sha256);
        thumbprints(self) == thumbprints(other) && self.public_key == other.public_key
    }

    /// How its assertions look.
    pub const fn template(&self) -> &AssertionTemplate {
        &self.template
    }

    /// The public half of the key that signs: what a signature from outside is verified with.
    pub const fn public_key(&self) -> &RsaPublicKey {
        &self.public_key
    }

    /// Checks that the certificate is valid now; the token service refuses it otherwise (AADSTS700027). One whose dates are
    /// not known passes.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::CertificateExpired`], [`ErrorCode::CertificateNotYetValid`], with both dates.
    pub fn check_validity(&self, now: Timestamp) -> Result<()> {
        let (code, when, date) = match self.validity {
            Some((from, _)) if now < from => (ErrorCode::CertificateNotYetValid, "from", from),
            Some((_, until)) if until < now => (ErrorCode::CertificateExpired, "until", until),
            _ => return Ok(()),
        };
        let found = text!["one valid ", when, " ", date.to_date()];
        Err(Error::new(code, found, text!["one valid today, ", now.to_date()]))
    }
}

/// Checks an application (client) id: a GUID at Entra, any identifier at AD FS.
pub(crate) fn check_client_id(client_id: &str) -> Result<()> {
    if !client_id.is_empty() && client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let found: String =
        if client_id.is_empty() { "nothing".into() } else { crate::authority::describe(client_id) };
    Err(Error::new(ErrorCode::ClientIdInvalid, found, "an application (client) id without spaces"))
}

fn check_thumbprint(leaf: &Certificate, given: Thumbprint) -> Result<()> {
    let computed = match given {
        Thumbprint::Sha1(_) => leaf.thumbprint_sha1(),
        Thumbprint::Sha256(_) => leaf.thumbprint_sha256(),
    };
    if computed == given {
        Ok(())
    } else {
        Err(Error::new(ErrorCode::ThumbprintMismatch, given.to_hex(), computed.to_hex()))
    }
}

fn unsuitable(found: &'static str, expected: &'static str) -> Error {
    Error::new(ErrorCode::ThumbprintUnsuitable, found, expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;
    use certgrant_testkit::vectors::assertion_rs256 as vector;

    struct Given {
        terms: CertificateTerms,
        chain: Vec<Certificate>,
    }

    fn with(change: impl FnOnce(&mut Given)) -> Result<CertificateCredential> {
        let leaf = Certificate::from_der(vector::CERTIFICATE_DER).unwrap();
        let key = leaf.rsa_public_key().unwrap().clone();
        let terms = CertificateTerms {
            client_id: vector::CLIENT_ID.into(),
            thumbprint: None,
            algorithm: None,
            preferred: Algorithm::Ps256,
            send_chain: false,
            key: KeyPlace::File,
        };
        let mut given = Given { terms, chain: vec![leaf] };
        change(&mut given);
        CertificateCredential::new(given.terms, &key, &given.chain)
    }

    #[test]
    fn algorithm_follows_service_thumbprint_and_wish() {
        let sha1 = Thumbprint::from_hex(vector::SHA1).unwrap();
        let sha256 = Thumbprint::from_hex(vector::SHA256).unwrap();
        let algorithm = |change: fn(&mut Given)| with(change).unwrap().algorithm;
        assert_eq!(algorithm(|_| ()), Algorithm::Ps256);
        assert_eq!(algorithm(|given| given.terms.preferred = Algorithm::Rs256), Algorithm::Rs256);
        assert_eq!(algorithm(|given| given.terms.algorithm = Some(Algorithm::Rs256)), Algorithm::Rs256);
        let given = |thumbprint| with(|given| given.terms.thumbprint = Some(thumbprint)).unwrap().algorithm;
        assert_eq!(given(sha1), Algorithm::Rs256);
        assert_eq!(given(sha256), Algorithm::Ps256);
    }

    #[test]
    fn thumbprint_of_another_certificate_is_shown_beside_the_right_one() {
        let other = "AB".repeat(20);
        let error =
            with(|given| given.terms.thumbprint = Some(Thumbprint::from_hex(&other).unwrap())).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ThumbprintMismatch);
        assert_eq!((error.found(), error.expected()), (other.as_str(), vector::SHA1));
    }

    #[test]
    fn bare_thumbprint_names_the_certificate() {
        let credential = with(|given| {
            given.chain.clear();
            given.terms.thumbprint = Thumbprint::from_hex(vector::SHA1).ok();
        });
        let credential = credential.unwrap();
        assert_eq!(credential.algorithm, Algorithm::Rs256);
        assert_eq!(credential.thumbprint_sha256, None);
        assert_eq!(credential.validity, None);
    }

    #[test]
    fn contradictions_are_refused() {
        let code = |change: fn(&mut Given)| with(change).unwrap_err().code();
        assert_eq!(code(|given| given.terms.client_id.clear()), ErrorCode::ClientIdInvalid);
        assert_eq!(code(|given| given.terms.client_id = "a b".into()), ErrorCode::ClientIdInvalid);
        assert_eq!(code(|given| given.chain.clear()), ErrorCode::CertificateMissing);
        assert_eq!(
            code(|given| {
                given.chain.clear();
                given.terms.thumbprint = Thumbprint::from_hex(vector::SHA1).ok();
                given.terms.algorithm = Some(Algorithm::Ps256);
            }),
            ErrorCode::ThumbprintUnsuitable
        );
        let error = with(|given| given.terms.thumbprint = Some(Thumbprint::Sha1([0; 20]))).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ThumbprintMismatch);
        assert_eq!((error.found().len(), error.expected()), (40, vector::SHA1));
    }

    #[test]
    fn certificate_is_valid_from_its_first_to_its_last_second() {
        let credential = with(|_| ()).unwrap();
        let check = |secs| {
            credential
                .check_validity(Timestamp::from_secs(secs))
                .map_err(|error| (error.code(), String::from(error.found()), String::from(error.expected())))
        };
        assert!(check(vector::NOT_BEFORE).is_ok() && check(vector::NOT_AFTER).is_ok());
        let (code, found, expected) = check(vector::NOT_BEFORE - 1).unwrap_err();
        assert_eq!(code, ErrorCode::CertificateNotYetValid);
        let date = |secs| Timestamp::from_secs(secs).to_date();
        assert_eq!(found, alloc::format!("one valid from {}", date(vector::NOT_BEFORE)));
        assert_eq!(expected, alloc::format!("one valid today, {}", date(vector::NOT_BEFORE - 1)));
        let (code, found, _) = check(vector::NOT_AFTER + 1).unwrap_err();
        assert_eq!(code, ErrorCode::CertificateExpired);
        assert_eq!(found, alloc::format!("one valid until {}", date(vector::NOT_AFTER)));
    }
}
