//! `ChainedTokenCredential`.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::credential::{TokenCredential, token_credential};
use crate::error::{Error, Result};
use crate::options::TokenOptions;
use crate::token::AccessToken;

/// None of the links was used so far.
const NONE: usize = usize::MAX;

/// Asks credentials in their order and gives the token of the first that can be used. It goes on behind an error that
/// [is unavailable](Error::is_unavailable); any other ends it.
///
/// The credential that gave a token is asked first from then on, so that those before it cost no more than once.
///
/// ```
/// use certgrant::{ChainedTokenCredential, ClientOptions, EnvironmentCredential, WorkloadIdentityCredential};
///
/// # #[cfg(feature = "reqwest")]
/// let credential = ChainedTokenCredential::new()
///     .or_try(EnvironmentCredential::new(ClientOptions::default()))
///     .or_try(WorkloadIdentityCredential::from_environment(ClientOptions::default()));
/// ```
#[derive(Debug, Default)]
pub struct ChainedTokenCredential {
    links: Vec<Link>,
    /// The link that gave a token last; [`NONE`] before that.
    last: AtomicUsize,
}

#[derive(Debug)]
enum Link {
    Credential(Box<dyn TokenCredential>),
    /// There is no credential, and why.
    Missing(Error),
}

impl ChainedTokenCredential {
    /// A chain without links.
    pub fn new() -> Self {
        Self { links: Vec::new(), last: AtomicUsize::new(NONE) }
    }

    /// The chain with one more credential at its end.
    #[must_use]
    pub fn or(mut self, credential: impl TokenCredential + 'static) -> Self {
        self.links.push(Link::Credential(Box::new(credential)));
        self
    }

    /// The same for a credential that perhaps could not be made: then its error is its answer when the chain comes to it.
    #[must_use]
    pub fn or_try(mut self, credential: Result<impl TokenCredential + 'static>) -> Self {
        self.links.push(match credential {
            Ok(credential) => Link::Credential(Box::new(credential)),
            Err(error) => Link::Missing(error),
        });
        self
    }

    /// Gets an access token of the first credential that can be used.
    ///
    /// # Errors
    ///
    /// `ERR_CHAIN_EXHAUSTED` with the [attempts](Error::attempts) if none can be used; that of the first which can, if it
    /// fails.
    pub async fn get_token(&self, scopes: &[&str], options: &TokenOptions) -> Result<AccessToken> {
        let last = self.last.load(Ordering::Relaxed);
        let others = (0..self.links.len()).filter(|index| *index != last);
        let mut attempts = Vec::new();
        for index in (last..self.links.len()).take(1).chain(others) {
            match self.ask(index, scopes, options).await {
                Ok(token) => {
                    self.last.store(index, Ordering::Relaxed);
                    return Ok(token);
                }
                Err(error) if error.is_unavailable() => attempts.push(error),
                Err(error) => return Err(error),
            }
        }
        self.last.store(NONE, Ordering::Relaxed);
        Err(Error::chain_exhausted(attempts))
    }

    async fn ask(&self, index: usize, scopes: &[&str], options: &TokenOptions) -> Result<AccessToken> {
        match &self.links[index] {
            Link::Credential(credential) => credential.get_token(scopes, options).await,
            Link::Missing(error) => Err(error.clone()),
        }
    }
}

token_credential!(ChainedTokenCredential);
