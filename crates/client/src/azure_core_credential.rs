//! Credentials for the clients of Azure's SDK for Rust.

use alloc::sync::Arc;

use azure_core::credentials::{AccessToken, TokenRequestOptions};
use azure_core::error::ErrorKind;

use crate::credential::TokenCredential;
use crate::options::TokenOptions;

/// A credential of this crate as the `TokenCredential` of `azure_core`, which Azure's clients take.
///
/// ```
/// use std::sync::Arc;
/// use certgrant::{AzureCoreCredential, TokenCredential};
///
/// fn for_azure(credential: impl TokenCredential + 'static) -> Arc<dyn azure_core::credentials::TokenCredential> {
///     AzureCoreCredential::new(credential)
/// }
/// ```
#[derive(Debug)]
pub struct AzureCoreCredential(Arc<dyn TokenCredential>);

impl AzureCoreCredential {
    /// The credential in the form in which Azure's clients take it.
    pub fn new(credential: impl TokenCredential + 'static) -> Arc<Self> {
        Arc::new(Self(Arc::new(credential)))
    }
}

#[async_trait::async_trait]
impl azure_core::credentials::TokenCredential for AzureCoreCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        // The options have nothing that a token is asked for with.
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let token = self.0.get_token(scopes, &TokenOptions::default()).await;
        let token = token.map_err(|error| azure_core::Error::new(ErrorKind::Credential, error))?;
        Ok(AccessToken::new(token.secret().to_owned(), token.expires_on().into()))
    }
}
