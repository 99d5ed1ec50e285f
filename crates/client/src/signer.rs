//! Signatures: by the key of the certificate file, or by a signer of the caller's, whose work is verified.

use alloc::sync::{Arc, Weak};
use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use certgrant_core::{CertificateCredential, ErrorCode, PrivateKey, SigningRequest};
use certgrant_signer::{AwsLcSigner, AwsLcVerifier};
use tokio::task::spawn_blocking;

use crate::answer::answer_of;
use crate::error::{BoxError, Error, Result};
use crate::running::Running;
use crate::transport::BoxFuture;

/// Signs in the place of a key beside the certificate: a vault, a hardware module, an agent.
///
/// What it makes is verified with the certificate's public key before it is used. Flights that need the same signature share
/// one call, which is given up after two minutes; the next flight makes another.
/// [`CertificateSource::signer_fn`](crate::CertificateSource::signer_fn) and
/// [`CertificateSource::blocking_signer`](crate::CertificateSource::blocking_signer) make one of a function.
pub trait Signer: fmt::Debug + Send + Sync + 'static {
    /// Makes the RSA signature that is asked for, as long as the key's modulus: over [`SigningRequest::signing_input`], or over
    /// [`SigningRequest::digest`] for signers that take that.
    ///
    /// # Errors
    ///
    /// Any; it becomes the source of the caller's error, so its text must hold no secret.
    fn sign<'a>(&'a self, request: &'a SigningRequest) -> BoxFuture<'a, Result<Vec<u8>, BoxError>>;
}

/// A signer that is a function giving a future.
pub(crate) struct SignerFn<F>(pub(crate) F);

impl<F> fmt::Debug for SignerFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignerFn")
    }
}

impl<F, S> Signer for SignerFn<F>
where
    F: Fn(SigningRequest) -> S + Send + Sync + 'static,
    S: Future<Output = Result<Vec<u8>, BoxError>> + Send + 'static,
{
    fn sign<'a>(&'a self, request: &'a SigningRequest) -> BoxFuture<'a, Result<Vec<u8>, BoxError>> {
        Box::pin((self.0)(request.clone()))
    }
}

/// A signer that is a function which takes its time: it runs where it blocks nobody.
pub(crate) struct BlockingSigner<F>(pub(crate) Arc<F>);

impl<F> fmt::Debug for BlockingSigner<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockingSigner")
    }
}

impl<F> Signer for BlockingSigner<F>
where
    F: Fn(&SigningRequest) -> Result<Vec<u8>, BoxError> + Send + Sync + 'static,
{
    fn sign<'a>(&'a self, request: &'a SigningRequest) -> BoxFuture<'a, Result<Vec<u8>, BoxError>> {
        let (sign, request) = (Arc::clone(&self.0), request.clone());
        Box::pin(async move { spawn_blocking(move || sign(&request)).await? })
    }
}

/// A signer of the caller's, which is not waited for for ever. That of a vault is none of these: each of its requests has its
/// own limit, and with its retries a signature may well take longer.
#[derive(Debug)]
pub(crate) struct SignerOfCaller(pub(crate) Arc<dyn Signer>);

impl Signer for SignerOfCaller {
    fn sign<'a>(&'a self, request: &'a SigningRequest) -> BoxFuture<'a, Result<Vec<u8>, BoxError>> {
        let silent = |found| Error::new(ErrorCode::SigningFailed, found, "a signature").into();
        Box::pin(answer_of("the signer", self.0.sign(request), silent))
    }
}

/// The signer of a certificate in use.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    /// The key of the certificate file.
    Own(Arc<AwsLcSigner>),
    /// Somebody else's, and what its work is verified with.
    Elsewhere(Arc<dyn Signer>, Arc<AwsLcVerifier>),
}

impl Key {
    /// The key that was beside the certificate, or else the signer in its place.
    pub(crate) fn new(
        certificate: &CertificateCredential,
        key: Option<PrivateKey>,
        signer: Option<Arc<dyn Signer>>,
    ) -> Result<Self> {
        match (key, signer) {
            (_, Some(signer)) => {
                Ok(Self::Elsewhere(signer, Arc::new(AwsLcVerifier::new(certificate.public_key()))))
            }
            (Some(key), None) => Ok(Self::Own(Arc::new(AwsLcSigner::new(&key)?))),
            (None, None) => Err(Error::internal("a certificate without its key")),
        }
    }

    async fn sign(self, request: SigningRequest) -> Result<Signature> {
        let signature = match self {
            Self::Own(signer) => {
                let signing = spawn_blocking(move || signer.sign(&request)).await;
                signing.map_err(|_| Error::internal("a panic of the signer"))??
            }
            Self::Elsewhere(signer, verifier) => {
                let signature = signer.sign(&request).await.map_err(signing_failed)?;
                verifier.verify(&request, &signature)?;
                signature
            }
        };
        Ok(signature.into())
    }
}

/// An error of a signer as the caller's: certgrant's own says all, any other becomes the cause.
fn signing_failed(error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::new(ErrorCode::SigningFailed, "an error of the signer", "a signature")
            .caused_by(Some(Arc::from(error)), None),
    }
}

pub(crate) type Signature = Arc<[u8]>;

/// Signatures in the making, by what is signed: flights that ask for the same one share it.
#[derive(Debug, Default)]
pub(crate) struct Signatures(Mutex<HashMap<String, Weak<Running<Signature>>>>);

impl Signatures {
    /// The signature over a request, which is asked for once at a time.
    pub(crate) async fn sign(&self, key: Key, request: SigningRequest) -> Result<Signature> {
        loop {
            let running = self.running(&key, &request)?;
            if let Some(signature) = running.outcome().get().await {
                return signature;
            }
        }
    }

    fn running(&self, key: &Key, request: &SigningRequest) -> Result<Arc<Running<Signature>>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, running| running.strong_count() > 0);
        let under_way = running.get(&request.signing_input).and_then(Weak::upgrade);
        if let Some(running) = under_way.filter(|running| !running.is_dead()) {
            return Ok(running);
        }
        let started = Running::start(key.clone().sign(request.clone()))?;
        running.insert(request.signing_input.clone(), Arc::downgrade(&started));
        Ok(started)
    }
}
