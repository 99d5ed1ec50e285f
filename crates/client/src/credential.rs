//! What all credentials have in common.

use crate::error::Result;
use crate::options::TokenOptions;
use crate::token::AccessToken;
use crate::transport::BoxFuture;

/// A source of access tokens. All credentials of this crate are one; so can a caller's own be.
///
/// ```
/// use certgrant::{AccessToken, Result, TokenCredential, TokenOptions};
///
/// async fn call(credential: &dyn TokenCredential) -> Result<AccessToken> {
///     credential.get_token(&["https://graph.microsoft.com/.default"], &TokenOptions::default()).await
/// }
/// ```
pub trait TokenCredential: core::fmt::Debug + Send + Sync {
    /// Gets an access token for the scopes: a resource's App ID URI followed by `/.default`.
    ///
    /// Its future may be dropped at any time: that gives this caller's wait up, and nobody else's.
    ///
    /// # Errors
    ///
    /// Why there is no token.
    fn get_token<'a>(
        &'a self,
        scopes: &'a [&'a str],
        options: &'a TokenOptions,
    ) -> BoxFuture<'a, Result<AccessToken>>;
}

/// Makes a credential's own `get_token` that of the trait. Where there is a function that finds cached tokens, these do not have
/// room made for a whole request's future.
macro_rules! token_credential {
    ($credential:ty) => {
        $crate::credential::token_credential!($credential, |_: &$credential, _: &[&str], _| None);
    };
    ($credential:ty, $cached:expr) => {
        impl $crate::TokenCredential for $credential {
            fn get_token<'a>(
                &'a self,
                scopes: &'a [&'a str],
                options: &'a $crate::TokenOptions,
            ) -> $crate::BoxFuture<'a, $crate::Result<$crate::AccessToken>> {
                match $cached(self, scopes, options) {
                    Some(token) => Box::pin(core::future::ready(Ok(token))),
                    None => Box::pin(self.get_token(scopes, options)),
                }
            }
        }
    };
}

/// Gives a credential the methods that all have, by its member `client`, and a `Debug` that says whose it is.
macro_rules! credential_of_client {
    ($credential:ident) => {
        impl $credential {
            /// Gets an access token: from the cache while it is good, else from the token service. Callers of the same token
            /// share one request, and one that gives up leaves the others alone. See
            /// [`TokenCredential::get_token`](crate::TokenCredential::get_token).
            ///
            /// # Errors
            ///
            /// Why there is no token.
            pub async fn get_token(
                &self,
                scopes: &[&str],
                options: &$crate::TokenOptions,
            ) -> $crate::Result<$crate::AccessToken> {
                self.client.get_token(scopes, options, None).await
            }

            /// Forgets the token of a request, because a resource rejected it; whether there was one.
            ///
            /// # Errors
            ///
            /// The scopes or the tenant are not usable.
            pub fn remove_token(
                &self,
                scopes: &[&str],
                options: &$crate::TokenOptions,
            ) -> $crate::Result<bool> {
                self.client.remove_token(scopes, options, None)
            }

            /// Forgets all tokens; requests under way go on.
            pub fn clear_tokens(&self) {
                self.client.clear_tokens();
            }
        }

        $crate::credential::token_credential!($credential, |credential: &$credential, scopes, options| {
            credential.client.cached(scopes, options)
        });
    };
}

/// Gives a credential of an application what it has beside that: tokens on behalf of users, and a `Debug` that says whose it is.
macro_rules! credential_of_application {
    ($credential:ident) => {
        $crate::credential::credential_of_client!($credential);

        impl $credential {
            /// A credential of the same application, with the same cache, for tokens on behalf of the user whose token for this
            /// application is given.
            pub fn on_behalf_of(&self, user_assertion: impl Into<String>) -> $crate::OnBehalfOfCredential {
                $crate::OnBehalfOfCredential::of_client(&self.client, &self.identity, user_assertion.into())
            }
        }

        impl core::fmt::Debug for $credential {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($credential)).field("of", &self.identity).finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use {credential_of_application, credential_of_client, token_credential};
