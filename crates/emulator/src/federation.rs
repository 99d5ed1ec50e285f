//! Federated identity credentials: a client assertion that another issuer has made.
//!
//! The application has no key here. It names issuer, subject and audience of the tokens that stand for it (Graph's
//! `federatedIdentityCredential`), and these are compared exactly. An issuer's keys come from the registration file, as
//! nothing here asks the network. The emulator is an issuer itself: its tokens for managed identities are taken, for
//! which a credential names `https://login.microsoftonline.com/{tenant}/v2.0` or the emulator's own address.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use serde_json::Value;

use crate::assertion::Assertion;
use crate::client_authentication::Circumstances;
use crate::discovery::is_cloud;
use crate::error::{RegistrationError, json_fault};
use crate::log::Trail;
use crate::own_token::{OwnToken, Unusable};
use crate::registration::Application;
use crate::resource::TOKEN_EXCHANGE;
use crate::service_error::ServiceError;

/// The audience that a credential names for tokens of a managed identity; the tokens name the resource's id.
const EXCHANGE_AUDIENCES: &[&str] =
    &["api://AzureADTokenExchange", "api://AzureADTokenExchangeUSGov", "api://AzureADTokenExchangeChina"];

/// Whose tokens stand for an application.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FederatedCredential {
    issuer: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    audiences: Vec<String>,
}

/// An issuer of tokens and its public keys.
#[derive(Clone, Debug)]
pub struct Issuer {
    name: String,
    keys: Vec<PublicKey>,
}

#[derive(Clone, Debug)]
struct PublicKey {
    kid: Option<String>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIssuer {
    issuer: String,
    jwks: RawSet,
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<RawKey>,
}

#[derive(Deserialize)]
struct RawKey {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

impl Issuer {
    /// Reads an issuer from JSON: `{"issuer": "https://…", "jwks": {"keys": […]}}`, a set as of
    /// [RFC 7517](https://www.rfc-editor.org/rfc/rfc7517#section-5). Keys that are not RSA are left out.
    ///
    /// # Errors
    ///
    /// The text is not JSON of that shape, or there is no RSA key in it.
    pub fn parse(json: &str) -> Result<Self, RegistrationError> {
        let raw: RawIssuer = serde_json::from_str(json).map_err(|fault| json_fault(&fault))?;
        let mut keys = Vec::new();
        for (index, key) in raw.jwks.keys.into_iter().filter(|key| key.kty == "RSA").enumerate() {
            let number = |text: &str, name: &str| {
                let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| !bytes.is_empty());
                let place = format!("jwks: RSA key {}: {name}", index + 1);
                bytes.ok_or_else(|| RegistrationError::new("not base64url without padding").within(&place))
            };
            keys.push(PublicKey {
                modulus: number(&key.n, "n")?,
                exponent: number(&key.e, "e")?,
                kid: key.kid,
            });
        }
        if keys.is_empty() {
            return Err(RegistrationError::new("there is no RSA key in it").within("jwks"));
        }
        Ok(Self { name: raw.issuer, keys })
    }

    /// Whether one of the keys that the header may mean has signed this, with RS256.
    fn has_signed(&self, assertion: &Assertion) -> bool {
        let kid = assertion.header.text("kid").ok().flatten();
        let may_be = |key: &&PublicKey| kid.is_none() || key.kid.is_none() || key.kid.as_deref() == kid;
        self.keys.iter().filter(may_be).any(|key| {
            let key = RsaPublicKeyComponents { n: &key.modulus, e: &key.exponent };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, &assertion.signing_input, &assertion.signature).is_ok()
        })
    }
}

/// What the presented token says of itself.
struct Presented<'a> {
    issuer: &'a str,
    subject: &'a str,
    audiences: Vec<&'a str>,
    /// The tenant, if it is a token of the emulator's own.
    own_tenant: Option<String>,
}

/// Whether an assertion is made by another than the client itself: its issuer is an address, not an id.
pub(crate) fn is_foreign(assertion: &Assertion) -> bool {
    assertion.claims.text("iss").is_ok_and(|issuer| issuer.is_some_and(|issuer| issuer.contains("://")))
}

/// Checks that one of the application's credentials is for this assertion, and that its issuer has signed it.
pub(crate) fn check(
    assertion: &Assertion,
    text: &str,
    application: &Application,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<(), ServiceError> {
    let is_own = assertion.header.text("kid").is_ok_and(|kid| kid == Some(at.key.kid.as_str()));
    let own_tenant = if is_own { Some(check_own(text, at)?) } else { None };
    let presented = Presented {
        issuer: assertion.claims.text("iss")?.unwrap_or_default(),
        subject: assertion.claims.text("sub")?.unwrap_or_default(),
        audiences: match assertion.claims.get("aud") {
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            Some(one) => one.as_str().into_iter().collect(),
            None => Vec::new(),
        },
        own_tenant,
    };
    find_credential(&presented, application, at)?;
    trail.passed("federated credential");
    if presented.own_tenant.is_none() {
        let issuer = at.issuers.iter().find(|issuer| issuer.name == presented.issuer);
        if !issuer.is_some_and(|issuer| issuer.has_signed(assertion)) {
            let reason = match issuer {
                None => "no keys of this issuer are configured",
                Some(_) => "no key of the issuer has signed it",
            };
            let text = "JWT token failed signature validation.";
            return Err(ServiceError::new(900384, text).because(reason));
        }
    }
    trail.passed("signature");
    Ok(())
}

/// A token of the emulator's own must be a managed identity's, for the exchange. Gives back its tenant.
fn check_own(text: &str, at: &Circumstances<'_>) -> Result<String, ServiceError> {
    let token = OwnToken::read(text, at.key, at.now).map_err(|unusable| match unusable {
        Unusable::Expired | Unusable::NotYetValid => {
            let text = "Client assertion is not within its valid time range.";
            ServiceError::new(700024, text).because("the managed identity's token is out of its time")
        }
        Unusable::Foreign | Unusable::Malformed => {
            ServiceError::new(900384, "JWT token failed signature validation.").because("it has been changed")
        }
    })?;
    if token.text("idtyp") != "app" {
        let text = "Only app-only tokens can be used as Federated Identity Credentials for an AAD issuer.";
        return Err(ServiceError::new(700229, text).because("it is a user's token"));
    }
    if token.text("aud") != TOKEN_EXCHANGE && !EXCHANGE_AUDIENCES.contains(&token.text("aud")) {
        let text = "The audience of the presented assertion is not allowed for an issuer of this directory.";
        return Err(ServiceError::new(700227, text).because("it is not for api://AzureADTokenExchange"));
    }
    if !at.identities.iter().any(|identity| identity.is_client(token.client())) {
        let text = "Only managed identity tokens may be used as federated identity credentials for an issuer of this \
                    directory.";
        return Err(ServiceError::new(700226, text).because("it is another application's token"));
    }
    Ok(token.text("tid").to_owned())
}

/// The credentials are narrowed down by issuer, audience and subject; where none is left it is said what did not fit.
fn find_credential(
    presented: &Presented<'_>,
    application: &Application,
    at: &Circumstances<'_>,
) -> Result<(), ServiceError> {
    let all = &application.federated;
    let refuse = |code: u32, what: &str| {
        let text = format!(
            "No matching federated identity record found for presented assertion{what}. Check your federated identity \
             credential Subject, Audience and Issuer against the presented assertion."
        );
        ServiceError::new(code, text)
    };
    let audience = presented.audiences.first().copied().unwrap_or_default();
    if all.is_empty() {
        let what = format!(
            ". Assertion Issuer: '{}'. Assertion Subject: '{}'. Assertion Audience: '{audience}'",
            presented.issuer, presented.subject
        );
        return Err(refuse(70021, &what).because("the application has no federated credential"));
    }
    let of_issuer: Vec<_> = all.iter().filter(|one| one.names_issuer(presented, at)).collect();
    if of_issuer.is_empty() {
        let what = format!(" issuer '{}'", presented.issuer);
        return Err(refuse(700211, &what).because("no credential names this issuer"));
    }
    let of_audience: Vec<_> = of_issuer.into_iter().filter(|one| one.names_audience(presented)).collect();
    if of_audience.is_empty() {
        let what = format!(" audience '{audience}'");
        return Err(refuse(700212, &what).because("no credential of this issuer names this audience"));
    }
    if !of_audience.into_iter().any(|one| one.subject == presented.subject) {
        let what = format!(" subject '{}'", presented.subject);
        return Err(refuse(700213, &what).because("no credential of this issuer names this subject"));
    }
    Ok(())
}

impl FederatedCredential {
    fn names_issuer(&self, presented: &Presented<'_>, at: &Circumstances<'_>) -> bool {
        let Some(tenant) = &presented.own_tenant else { return self.issuer == presented.issuer };
        let Some(rest) = self.issuer.strip_suffix(&format!("/{tenant}/v2.0")) else { return false };
        rest == at.base
            || rest
                .strip_prefix("https://")
                .is_some_and(|host| is_cloud(host) || self.issuer == presented.issuer)
    }

    fn names_audience(&self, presented: &Presented<'_>) -> bool {
        if presented.own_tenant.is_some() {
            return self.audiences.iter().any(|audience| EXCHANGE_AUDIENCES.contains(&audience.as_str()));
        }
        self.audiences.iter().any(|audience| presented.audiences.contains(&audience.as_str()))
    }
}
