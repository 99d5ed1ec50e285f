//! Where a credential's certificate comes from, and how a renewed one is noticed.

use alloc::sync::Arc;
use core::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use certgrant_core::{
    Algorithm, CertificateCredential, CertificateOptions, CertificateTerms, ClientConfig, CredentialOptions,
    KeyPlace, SecretBytes, SecretString, SigningRequest, Thumbprint,
};
use tokio::task::spawn_blocking;

use crate::answer::answer_of;
use crate::error::{BoxError, Error, Result};
use crate::file_stamp::FileStamp;
use crate::host::Host;
use crate::key_vault::{KeyVault, KeyVaultCertificate};
use crate::options::Identity;
use crate::signer::{BlockingSigner, Key, Signer, SignerFn, SignerOfCaller};
use crate::transport::BoxFuture;

/// A certificate with its private key, or with what signs in its place.
///
/// Files may be PEM, DER, PFX (PKCS#12) or the base64 of one of these; which one is told by their content.
///
/// ```
/// use certgrant::CertificateSource;
///
/// let source = CertificateSource::file("app.pfx").password("not~a~real~password");
/// ```
pub struct CertificateSource {
    origin: Origin,
    password: Option<SecretString>,
    signer: Option<Arc<dyn Signer>>,
    thumbprint: Option<String>,
    algorithm: Option<String>,
    send_chain: bool,
}

/// Where the bytes are.
enum Origin {
    File(PathBuf),
    Bytes(SecretBytes),
    Supplier(Box<dyn Supply>),
    Vault(Arc<KeyVault>),
}

/// Gives the bytes of a certificate file, anew each time that it is asked.
trait Supply: Send + Sync {
    fn supply(&self) -> BoxFuture<'_, Result<Vec<u8>, BoxError>>;
}

impl<F, S> Supply for F
where
    F: Fn() -> S + Send + Sync,
    S: Future<Output = Result<Vec<u8>, BoxError>> + Send + 'static,
{
    fn supply(&self) -> BoxFuture<'_, Result<Vec<u8>, BoxError>> {
        Box::pin(self())
    }
}

impl CertificateSource {
    /// The file at a path. It is read when the first token is asked for, and again when it was replaced: a renewed certificate is
    /// used without a restart.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(Origin::File(path.into()))
    }

    /// The bytes of a file.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Origin::Bytes(SecretBytes::new(bytes.into())))
    }

    /// The bytes that a function gives: asked when the first token is, whenever an assertion is made anew (every few minutes at
    /// most), and when the service no longer knows the certificate. One that has not answered after two minutes counts as failed.
    ///
    /// ```
    /// use certgrant::CertificateSource;
    ///
    /// # async fn fetch_from_store(name: &str) -> std::io::Result<Vec<u8>> { Ok(name.as_bytes().to_vec()) }
    /// let source = CertificateSource::supplier(|| async { Ok(fetch_from_store("app.pfx").await?) });
    /// ```
    pub fn supplier<F, S>(supply: F) -> Self
    where
        F: Fn() -> S + Send + Sync + 'static,
        S: Future<Output = Result<Vec<u8>, BoxError>> + Send + 'static,
    {
        Self::new(Origin::Supplier(Box::new(supply)))
    }

    /// A certificate of an Azure Key Vault, whose key signs there and never leaves it.
    pub fn key_vault(certificate: KeyVaultCertificate) -> Self {
        Self::new(Origin::Vault(Arc::new(KeyVault::new(certificate))))
    }

    fn new(origin: Origin) -> Self {
        Self { origin, password: None, signer: None, thumbprint: None, algorithm: None, send_chain: false }
    }

    /// The password of the file.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(SecretString::new(password.into()));
        self
    }

    /// What signs in the place of a key beside the certificate; the file then only needs the certificate.
    #[must_use]
    pub fn signer(self, signer: impl Signer) -> Self {
        self.shared_signer(Arc::new(signer))
    }

    fn shared_signer(mut self, signer: Arc<dyn Signer>) -> Self {
        self.signer = Some(Arc::new(SignerOfCaller(signer)));
        self
    }

    /// An async function that signs: see [`Signer`].
    ///
    /// ```
    /// use certgrant::{CertificateSource, SigningRequest};
    ///
    /// # async fn ask_the_agent(algorithm: &str, digest: [u8; 32]) -> std::io::Result<Vec<u8>> { Ok(digest.to_vec()) }
    /// let source = CertificateSource::file("app.cer").signer_fn(|request: SigningRequest| async move {
    ///     Ok(ask_the_agent(request.algorithm.as_str(), request.digest()).await?)
    /// });
    /// ```
    #[must_use]
    pub fn signer_fn<F, S>(self, sign: F) -> Self
    where
        F: Fn(SigningRequest) -> S + Send + Sync + 'static,
        S: Future<Output = Result<Vec<u8>, BoxError>> + Send + 'static,
    {
        self.shared_signer(Arc::new(SignerFn(sign)))
    }

    /// A function that signs and takes its time, as a hardware module's library does; it runs where it blocks nobody.
    ///
    /// ```
    /// use certgrant::{CertificateSource, SigningRequest};
    ///
    /// # fn ask_the_module(signing_input: &str) -> std::io::Result<Vec<u8>> { Ok(signing_input.as_bytes().to_vec()) }
    /// let source = CertificateSource::file("app.cer")
    ///     .algorithm("RS256")
    ///     .blocking_signer(|request: &SigningRequest| Ok(ask_the_module(&request.signing_input)?));
    /// ```
    #[must_use]
    pub fn blocking_signer<F>(self, sign: F) -> Self
    where
        F: Fn(&SigningRequest) -> Result<Vec<u8>, BoxError> + Send + Sync + 'static,
    {
        self.shared_signer(Arc::new(BlockingSigner(Arc::new(sign))))
    }

    /// The thumbprint that is expected, in hexadecimal; needed where the file has only the key.
    #[must_use]
    pub fn thumbprint(mut self, hex: impl Into<String>) -> Self {
        self.thumbprint = Some(hex.into());
        self
    }

    /// `RS256` or `PS256`, where it is not to be the one that fits.
    #[must_use]
    pub fn algorithm(mut self, name: impl Into<String>) -> Self {
        self.algorithm = Some(name.into());
        self
    }

    /// Whether assertions carry the certificate chain, for applications that trust a subject name and issuer in the place of a
    /// registered certificate.
    #[must_use]
    pub fn send_chain(mut self, send: bool) -> Self {
        self.send_chain = send;
        self
    }

    /// Checks what needs no file.
    pub(crate) fn check(&self) -> Result<()> {
        self.thumbprint.as_deref().map(Thumbprint::from_hex).transpose()?;
        self.algorithm.as_deref().map(Algorithm::parse).transpose()?;
        match &self.origin {
            Origin::Vault(vault) => vault.check(),
            Origin::File(path) => check_path(path),
            Origin::Bytes(_) | Origin::Supplier(_) => Ok(()),
        }
    }

    /// What core makes a certificate credential of, of a given file.
    fn options(&self, file: SecretBytes) -> CertificateOptions {
        CertificateOptions {
            file,
            password: self.own_password(),
            thumbprint: self.thumbprint.clone(),
            algorithm: self.algorithm.clone(),
            send_chain: self.send_chain,
            key: match (&self.origin, &self.signer) {
                (Origin::Vault(_), _) | (_, Some(_)) => KeyPlace::Elsewhere,
                (_, None) => KeyPlace::File,
            },
            is_renewable: match &self.origin {
                Origin::Bytes(_) => false,
                Origin::File(_) | Origin::Supplier(_) => true,
                Origin::Vault(vault) => vault.is_renewable(),
            },
        }
    }

    fn own_password(&self) -> Option<SecretString> {
        self.password.as_ref().map(|password| password.expose().clone().into())
    }

    async fn read(&self, host: &Host) -> Result<Content> {
        let file = match &self.origin {
            Origin::Vault(vault) => return vault.read(host).await,
            Origin::Bytes(bytes) => bytes.expose().clone().into(),
            Origin::Supplier(supplier) => {
                let supplied = async { supplier.supply().await.map_err(supplier_failed) };
                answer_of("its supplier", supplied, Error::file_silent).await?.into()
            }
            Origin::File(path) => of_file(path, |path| std::fs::read(path)).await?.into(),
        };
        Ok(Content { file, signer: self.signer.clone() })
    }

    /// Something that is another thing when there may be another certificate; none where every look has to read.
    async fn stamp(&self, host: &Host) -> Result<Option<Stamp>> {
        match &self.origin {
            Origin::Vault(vault) => Ok(Some(Stamp::Interval(vault.interval(host.now())))),
            Origin::File(path) => Ok(Some(Stamp::File(of_file(path, FileStamp::of).await?))),
            Origin::Bytes(_) | Origin::Supplier(_) => Ok(None),
        }
    }
}

/// What a source gave.
pub(crate) struct Content {
    pub(crate) file: SecretBytes,
    /// What signs in the place of a key in the file.
    pub(crate) signer: Option<Arc<dyn Signer>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    File(FileStamp),
    /// Counts the times at which a vault is asked.
    Interval(u64),
}

impl fmt::Debug for CertificateSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = match &self.origin {
            Origin::File(path) if check_path(path).is_ok() => path.as_path(),
            Origin::File(_) => Path::new("[no path]"),
            Origin::Bytes(_) => Path::new("[bytes elided]"),
            Origin::Supplier(_) => Path::new("[function]"),
            Origin::Vault(_) => Path::new("[vault]"),
        };
        f.debug_struct("CertificateSource")
            .field("from", &from)
            .field("signer", &self.signer)
            .finish_non_exhaustive()
    }
}

/// A certificate that was opened, and its key.
pub(crate) struct Opened {
    pub(crate) certificate: CertificateCredential,
    pub(crate) key: Key,
}

/// A source, and what is known of its present state.
#[derive(Debug)]
pub(crate) struct Certificates {
    source: Arc<CertificateSource>,
    seen: Mutex<Option<Stamp>>,
}

impl Certificates {
    /// Reads the source for the first time.
    pub(crate) async fn open(
        source: Arc<CertificateSource>,
        identity: Arc<Identity>,
        host: &Host,
    ) -> Result<(Self, ClientConfig, Key)> {
        // Before the content: what is written in between is seen by the next look.
        let stamp = source.stamp(host).await?;
        let Content { file, signer } = source.read(host).await?;
        let options = source.options(file);
        let (config, key) = blocking(move || {
            let (config, key) = identity.with(CredentialOptions::Certificate(options)).into_config()?;
            let certgrant_core::Credential::Certificate(certificate) = &config.credential else {
                return Err(Error::internal("a certificate that became another credential"));
            };
            let key = Key::new(certificate, key, signer)?;
            Ok((config, key))
        })
        .await?;
        Ok((Self { source, seen: Mutex::new(stamp) }, config, key))
    }

    /// Looks whether there may be another certificate, and opens it on the terms of the one in use.
    pub(crate) async fn look(
        &self,
        host: &Host,
        terms: CertificateTerms,
        after_refusal: bool,
    ) -> Result<Option<Opened>> {
        let stamp = self.source.stamp(host).await?;
        if !after_refusal
            && stamp.is_some()
            && stamp == *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
        {
            return Ok(None);
        }
        let Content { file, signer } = self.source.read(host).await?;
        let password = self.source.own_password();
        let opened = blocking(move || {
            let (certificate, key) = CertificateCredential::open(terms, file.expose(), password.as_ref())?;
            let key = Key::new(&certificate, key, signer)?;
            Ok(Opened { certificate, key })
        })
        .await?;
        // Only now: a successor that can't be used is looked at again.
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = stamp;
        Ok(Some(opened))
    }
}

/// Longer than any system takes.
const MAX_PATH_LENGTH: usize = 4_096;

/// A PEM in the place of its path is a likely slip, and errors name paths: so it ends here, without its text.
fn check_path(path: &Path) -> Result<()> {
    let text = path.to_string_lossy();
    if text.contains("-----BEGIN") {
        return Err(Error::path_invalid("a PEM"));
    }
    if text.len() > MAX_PATH_LENGTH || text.contains(['\r', '\n']) {
        return Err(Error::path_invalid(format!("text of {} bytes that no path has", text.len())));
    }
    Ok(())
}

fn supplier_failed(error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::supplier_failed(error),
    }
}

/// Something of a file, whose disk may be that of another machine and not answer.
async fn of_file<T: Send + 'static>(
    path: &Path,
    read: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let own_path = path.to_owned();
    let read = blocking(move || read(&own_path).map_err(|error| Error::file_unreadable(&own_path, error)));
    answer_of(path.display(), read, Error::file_silent).await
}

/// Reads files and derives keys where that blocks nobody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|_| Err(Error::internal("a panic while a file was opened")))
}
