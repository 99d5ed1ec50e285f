//! `OnBehalfOfCredential`.

use alloc::sync::Arc;
use core::fmt;

use certgrant_core::SecretString;

use crate::client::TokenClient;
use crate::client_certificate::ClientCertificateCredential;
use crate::credential::token_credential;
use crate::error::Result;
use crate::options::{Identity, TokenOptions, User};
use crate::token::AccessToken;

/// Gets tokens on behalf of a user, for an API that calls another: the user's token for this application is exchanged for one
/// for the other API.
///
/// It is made by the application's credential, whose cache it shares: each user has tokens of their own there, and the least
/// recently used go first.
///
/// ```no_run
/// use certgrant::{ClientCertificateCredential, Result, TokenOptions};
///
/// async fn call(app: &ClientCertificateCredential, bearer_of_request: &str) -> Result<()> {
///     let user = app.on_behalf_of(bearer_of_request);
///     let token = user.get_token(&["https://graph.microsoft.com/User.Read"], &TokenOptions::default()).await?;
/// #   drop(token);
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct OnBehalfOfCredential {
    app: App,
    user: User,
}

/// The application that asks.
#[derive(Clone)]
enum App {
    Certificate(ClientCertificateCredential),
    Other(Arc<TokenClient>, Arc<Identity>),
}

impl OnBehalfOfCredential {
    pub(crate) fn of_certificate(app: &ClientCertificateCredential, user_assertion: String) -> Self {
        Self { app: App::Certificate(app.clone()), user: Arc::new(SecretString::new(user_assertion)) }
    }

    pub(crate) fn of_client(
        client: &Arc<TokenClient>,
        identity: &Arc<Identity>,
        user_assertion: String,
    ) -> Self {
        let app = App::Other(Arc::clone(client), Arc::clone(identity));
        Self { app, user: Arc::new(SecretString::new(user_assertion)) }
    }

    /// Gets an access token, as [`ClientCertificateCredential::get_token`] does.
    ///
    /// # Errors
    ///
    /// Why there is no token. If the user has to be asked for something, the service's `claims` say so: pass them on to
    /// whoever signs the user in.
    pub async fn get_token(&self, scopes: &[&str], options: &TokenOptions) -> Result<AccessToken> {
        match &self.app {
            App::Certificate(app) => app.get_token_for(scopes, options, Some(&self.user)).await,
            App::Other(client, _) => client.get_token(scopes, options, Some(&self.user)).await,
        }
    }

    /// Forgets the token of a request, because a resource rejected it; whether there was one.
    ///
    /// # Errors
    ///
    /// The scopes or the tenant are not usable.
    pub fn remove_token(&self, scopes: &[&str], options: &TokenOptions) -> Result<bool> {
        match &self.app {
            App::Certificate(app) => app.remove_token_for(scopes, options, Some(&self.user)),
            App::Other(client, _) => client.remove_token(scopes, options, Some(&self.user)),
        }
    }
}

token_credential!(OnBehalfOfCredential);

impl fmt::Debug for OnBehalfOfCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("OnBehalfOfCredential");
        match &self.app {
            App::Certificate(app) => shown.field("of", app),
            App::Other(_, identity) => shown.field("of", identity),
        };
        shown.finish_non_exhaustive()
    }
}
