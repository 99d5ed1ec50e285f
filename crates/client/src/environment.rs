//! `EnvironmentCredential`.

use std::env;

use crate::certificate::CertificateSource;
use crate::client_certificate::ClientCertificateCredential;
use crate::client_secret::ClientSecretCredential;
use crate::credential::token_credential;
use crate::error::{Error, Result};
use crate::options::{ClientOptions, TokenOptions};
use crate::token::AccessToken;

/// Gets tokens with what the environment has, by the names and in the order that Azure's own libraries use:
///
/// | variable | what it is |
/// | --- | --- |
/// | `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` | whose tokens |
/// | `AZURE_CLIENT_SECRET` | a client secret |
/// | `AZURE_CLIENT_CERTIFICATE_PATH`, `AZURE_CLIENT_CERTIFICATE_PASSWORD` | a certificate file, if there is no secret |
/// | `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN` | `1` or `true` sends its chain along |
/// | `AZURE_ADDITIONALLY_ALLOWED_TENANTS` | further tenants, `;` between them; `*` for all |
/// | `AZURE_AUTHORITY_HOST` | another cloud |
/// | `AZURE_REGIONAL_AUTHORITY_NAME` | a region, as of [`ClientOptions::region`] |
/// | `AZURE_IDENTITY_DISABLE_MULTITENANTAUTH` | if it is set, the tenants that requests name do not count |
#[derive(Clone, Debug)]
pub struct EnvironmentCredential(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Secret(ClientSecretCredential),
    Certificate(ClientCertificateCredential),
}

impl EnvironmentCredential {
    /// Reads the environment once; options go before it.
    ///
    /// # Errors
    ///
    /// `ERR_CREDENTIAL_UNAVAILABLE` if the environment describes no credential, behind which a chain goes on; else what is wrong
    /// with what it describes.
    pub fn new(options: ClientOptions) -> Result<Self> {
        Self::of_variables(|name| env::var(name).ok(), options)
    }

    /// The same with variables of a function, which is given their names.
    ///
    /// # Errors
    ///
    /// Those of [`EnvironmentCredential::new`].
    ///
    /// ```
    /// use certgrant::{ClientOptions, EnvironmentCredential};
    ///
    /// # #[cfg(feature = "reqwest")]
    /// let error = EnvironmentCredential::of_variables(|_| None, ClientOptions::default()).unwrap_err();
    /// # #[cfg(feature = "reqwest")]
    /// assert!(error.is_unavailable());
    /// ```
    pub fn of_variables(variable: impl Fn(&str) -> Option<String>, options: ClientOptions) -> Result<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let (tenant, client_id) = (variable("AZURE_TENANT_ID"), variable("AZURE_CLIENT_ID"));
        let (secret, path) = (variable("AZURE_CLIENT_SECRET"), variable("AZURE_CLIENT_CERTIFICATE_PATH"));
        let options = options
            .or_environment(variable)
            .or_additionally_allowed_tenants(variable("AZURE_ADDITIONALLY_ALLOWED_TENANTS").as_deref());
        let kind = match (tenant, client_id, secret, path) {
            (Some(tenant), Some(client_id), Some(secret), _) => {
                Kind::Secret(ClientSecretCredential::new(tenant, client_id, secret, options)?)
            }
            (Some(tenant), Some(client_id), None, Some(path)) => {
                let mut source = CertificateSource::file(path);
                if let Some(password) = variable("AZURE_CLIENT_CERTIFICATE_PASSWORD") {
                    source = source.password(password);
                }
                let sends = variable("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN");
                let sends = sends.is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"));
                let source = source.send_chain(sends);
                Kind::Certificate(ClientCertificateCredential::new(tenant, client_id, source, options)?)
            }
            _ => return Err(incomplete(&variable)),
        };
        Ok(Self(kind))
    }

    /// Gets an access token, as [`ClientCertificateCredential::get_token`] does.
    ///
    /// # Errors
    ///
    /// Why there is no token.
    pub async fn get_token(&self, scopes: &[&str], options: &TokenOptions) -> Result<AccessToken> {
        match &self.0 {
            Kind::Secret(credential) => credential.get_token(scopes, options).await,
            Kind::Certificate(credential) => credential.get_token(scopes, options).await,
        }
    }
}

token_credential!(EnvironmentCredential);

fn incomplete(variable: &dyn Fn(&str) -> Option<String>) -> Error {
    let names =
        ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"];
    let found: Vec<&str> = names.into_iter().filter(|name| variable(name).is_some()).collect();
    let found = if found.is_empty() { "none of its variables".to_owned() } else { found.join(", ") };
    let error = Error::unavailable(format!(
        "{found} without the rest of AZURE_TENANT_ID, AZURE_CLIENT_ID and either AZURE_CLIENT_SECRET or \
         AZURE_CLIENT_CERTIFICATE_PATH"
    ));
    let hint = if variable("AZURE_USERNAME").is_some() {
        "use a certificate: AZURE_USERNAME and AZURE_PASSWORD sign in a user, which certgrant does not do"
    } else {
        "set the missing ones before the process starts, with AZURE_CLIENT_CERTIFICATE_PATH rather than a secret"
    };
    error.caused_by(None, Some(hint))
}
