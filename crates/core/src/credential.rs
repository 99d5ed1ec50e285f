//! By what a client proves who it is: a certificate whose key signs here, or an assertion that somebody else made.

use crate::assertion::AssertionTemplate;
use crate::certificate::{Certificate, RsaPublicKey, Thumbprint};
use crate::error::{Error, ErrorCode, Result};
use crate::jws::Algorithm;
use crate::time::Timestamp;
use alloc::string::String;

/// What a client authenticates with.
#[derive(Debug)]
pub enum Credential {
    /// The host makes assertions elsewhere (federation) and hands them in, see
    /// [`Step::Assert`](crate::client::Step::Assert).
    Assertion,
    /// Assertions of this crate, signed by the host with the key of a certificate.
    Certificate(CertificateCredential),
}

/// What a certificate credential is made from.
#[derive(Debug)]
pub struct CertificateOptions<'a> {
    /// The application (client) id.
    pub client_id: &'a str,
    /// The public half of the private key that will sign.
    pub public_key: &'a RsaPublicKey,
    /// The certificate of the key first, then its issuers; empty if only the thumbprint is known.
    pub chain: &'a [Certificate],
    /// The thumbprint that the caller expects; needed if `chain` is empty.
    pub thumbprint: Option<Thumbprint>,
    /// The algorithm that the caller wants; otherwise the one that fits.
    pub algorithm: Option<Algorithm>,
    /// The algorithm that the token service prefers: PS256 for Entra, RS256 for AD FS.
    pub preferred: Algorithm,
    /// Whether assertions carry `chain` as `x5c`.
    pub send_chain: bool,
}

/// A certificate as a credential: how its assertions look, and what it is.
#[derive(Debug)]
pub struct CertificateCredential {
    template: AssertionTemplate,
    /// The algorithm of its assertions.
    pub algorithm: Algorithm,
    /// Its SHA-1 thumbprint, if known.
    pub thumbprint_sha1: Option<Thumbprint>,
    /// Its SHA-256 thumbprint, if known.
    pub thumbprint_sha256: Option<Thumbprint>,
    /// First and last moment of its validity, if known.
    pub validity: Option<(Timestamp, Timestamp)>,
}

impl CertificateCredential {
    /// A credential from a key's public half and its certificate or thumbprint.
    ///
    /// PS256 goes with `x5t#S256` and RS256 with `x5t`: the two pairs that Entra is known to take.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::ClientIdInvalid`], [`ErrorCode::CertificateMissing`] without chain and thumbprint,
    /// [`ErrorCode::ThumbprintMismatch`], [`ErrorCode::ThumbprintUnsuitable`] if only the other hash is known.
    pub fn new(options: &CertificateOptions<'_>) -> Result<Self> {
        check_client_id(options.client_id)?;
        let leaf = options.chain.first();
        if let (Some(leaf), Some(thumbprint)) = (leaf, options.thumbprint) {
            check_thumbprint(leaf, thumbprint)?;
        }
        let (sha1, sha256) = match (leaf, options.thumbprint) {
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
        let algorithm = options.algorithm.unwrap_or(match (options.thumbprint, sha256) {
            // A caller who names the certificate by SHA-1, as adal-node's did, registered it for that.
            (Some(Thumbprint::Sha1(_)), _) | (_, None) => Algorithm::Rs256,
            _ => options.preferred,
        });
        let thumbprint = match algorithm {
            Algorithm::Ps256 => {
                sha256.ok_or_else(|| unsuitable("a SHA-1 thumbprint", "SHA-256 for PS256"))?
            }
            Algorithm::Rs256 => sha1.ok_or_else(|| unsuitable("a SHA-256 thumbprint", "SHA-1 for RS256"))?,
        };
        let x5c = if options.send_chain { options.chain } else { &[] };
        let key = Some(options.public_key);
        Ok(Self {
            template: AssertionTemplate::new(options.client_id, algorithm, &thumbprint, x5c, key),
            algorithm,
            thumbprint_sha1: sha1,
            thumbprint_sha256: sha256,
            validity: leaf.map(|leaf| (leaf.not_before(), leaf.not_after())),
        })
    }

    /// How its assertions look.
    pub const fn template(&self) -> &AssertionTemplate {
        &self.template
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
    use certgrant_testkit::vectors::assertion_rs256 as vector;

    fn with(change: impl FnOnce(&mut CertificateOptions<'_>)) -> Result<CertificateCredential> {
        let chain = [Certificate::from_der(vector::CERTIFICATE_DER).unwrap()];
        let mut options = CertificateOptions {
            client_id: vector::CLIENT_ID,
            public_key: chain[0].rsa_public_key().unwrap(),
            chain: &chain,
            thumbprint: None,
            algorithm: None,
            preferred: Algorithm::Ps256,
            send_chain: false,
        };
        change(&mut options);
        CertificateCredential::new(&options)
    }

    #[test]
    fn algorithm_follows_service_thumbprint_and_wish() {
        let sha1 = Thumbprint::from_hex(vector::SHA1).unwrap();
        let sha256 = Thumbprint::from_hex(vector::SHA256).unwrap();
        let algorithm = |change: fn(&mut CertificateOptions<'_>)| with(change).unwrap().algorithm;
        assert_eq!(algorithm(|_| ()), Algorithm::Ps256);
        assert_eq!(algorithm(|options| options.preferred = Algorithm::Rs256), Algorithm::Rs256);
        assert_eq!(algorithm(|options| options.algorithm = Some(Algorithm::Rs256)), Algorithm::Rs256);
        let given = |thumbprint| with(|options| options.thumbprint = Some(thumbprint)).unwrap().algorithm;
        assert_eq!(given(sha1), Algorithm::Rs256);
        assert_eq!(given(sha256), Algorithm::Ps256);
    }

    #[test]
    fn bare_thumbprint_names_the_certificate() {
        let credential = with(|options| {
            options.chain = &[];
            options.thumbprint = Thumbprint::from_hex(vector::SHA1).ok();
        });
        let credential = credential.unwrap();
        assert_eq!(credential.algorithm, Algorithm::Rs256);
        assert_eq!(credential.thumbprint_sha256, None);
        assert_eq!(credential.validity, None);
    }

    #[test]
    fn contradictions_are_refused() {
        let code = |change: fn(&mut CertificateOptions<'_>)| with(change).unwrap_err().code();
        assert_eq!(code(|options| options.client_id = ""), ErrorCode::ClientIdInvalid);
        assert_eq!(code(|options| options.client_id = "a b"), ErrorCode::ClientIdInvalid);
        assert_eq!(code(|options| options.chain = &[]), ErrorCode::CertificateMissing);
        assert_eq!(
            code(|options| {
                options.chain = &[];
                options.thumbprint = Thumbprint::from_hex(vector::SHA1).ok();
                options.algorithm = Some(Algorithm::Ps256);
            }),
            ErrorCode::ThumbprintUnsuitable
        );
        let error = with(|options| options.thumbprint = Some(Thumbprint::Sha1([0; 20]))).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ThumbprintMismatch);
        assert_eq!((error.found().len(), error.expected()), (40, vector::SHA1));
    }
}
