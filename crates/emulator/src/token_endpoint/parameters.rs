//! Checks of a token request as such, before anybody is authenticated: which grant it asks for, and whether it has
//! what that grant needs.

use crate::form::Form;
use crate::log::Trail;
use crate::saml::SamlVersion;
use crate::service_error::ServiceError;
use crate::token_endpoint::Version;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What is presented for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// [RFC 6749 section 4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1).
    AuthorizationCode,
    /// [RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4).
    ClientCredentials,
    /// [RFC 8628 section 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4).
    DeviceCode,
    /// [RFC 7523 section 2.1](https://www.rfc-editor.org/rfc/rfc7523#section-2.1), with a user's access token as the
    /// assertion.
    OnBehalfOf,
    /// [RFC 6749 section 4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3).
    Password,
    /// [RFC 6749 section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6).
    RefreshToken,
    /// [RFC 7522 section 2.1](https://www.rfc-editor.org/rfc/rfc7522#section-2.1), in Entra's spelling.
    Saml(SamlVersion),
}

impl Grant {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "authorization_code" => Self::AuthorizationCode,
            "client_credentials" => Self::ClientCredentials,
            // Interop: adal-node at v1 and Microsoft's present clients at v2 leave out the prefix of RFC 8628.
            "device_code" | DEVICE_CODE => Self::DeviceCode,
            JWT_BEARER => Self::OnBehalfOf,
            "password" => Self::Password,
            "refresh_token" => Self::RefreshToken,
            "urn:ietf:params:oauth:grant-type:saml1_1-bearer" => Self::Saml(SamlVersion::V1),
            "urn:ietf:params:oauth:grant-type:saml2-bearer" => Self::Saml(SamlVersion::V2),
            _ => return None,
        })
    }

    /// The parameters it needs beside the target.
    fn needed(self) -> &'static [&'static str] {
        match self {
            Self::AuthorizationCode => &["code", "redirect_uri"],
            Self::ClientCredentials | Self::DeviceCode => &[],
            Self::OnBehalfOf => &["assertion", "requested_token_use"],
            Self::Password => &["username", "password"],
            Self::RefreshToken => &["refresh_token"],
            Self::Saml(_) => &["assertion"],
        }
    }

    /// Whether the request must say what the token is for; if not, the grant knows.
    fn needs_target(self) -> bool {
        matches!(self, Self::ClientCredentials | Self::OnBehalfOf | Self::Password | Self::Saml(_))
    }
}

/// The grant, and what the token is to be for.
pub(crate) fn check_parameters(
    version: Version,
    form: &Form,
    client_id: Option<&str>,
    trail: &mut Trail,
) -> Result<(Grant, Option<String>), ServiceError> {
    if let Some(name) = form.duplicate() {
        let name = name.escape_debug();
        let text = format!("The request is not properly formatted. The parameter '{name}' is duplicated.");
        return Err(ServiceError::new(9000411, text).because(format!("{name} was sent twice")));
    }
    let name = form.get("grant_type").ok_or_else(|| missing("grant_type"))?;
    if client_id.is_none() {
        return Err(missing("client_id"));
    }
    let grant = Grant::named(name).ok_or_else(|| {
        let text = format!("The app requested an unsupported grant type '{}'.", name.escape_debug());
        ServiceError::new(70003, text).because("no such grant is served")
    })?;
    let target = target(version, form)?;
    if target.is_none() && grant.needs_target() {
        return Err(missing(version.target_name()));
    }
    if let Some(name) = grant.needed().iter().find(|name| form.get(name).is_none()) {
        return Err(missing(name));
    }
    if grant == Grant::OnBehalfOf && form.get("requested_token_use") != Some("on_behalf_of") {
        return Err(unusable("requested_token_use is not on_behalf_of"));
    }
    if grant == Grant::DeviceCode && device_code(form).is_none() {
        return Err(missing(if version == Version::V1 { "code" } else { "device_code" }));
    }
    trail.passed("grant");
    Ok((grant, target))
}

/// `resource` or `scope`, as the version has it.
pub(crate) fn target(version: Version, form: &Form) -> Result<Option<String>, ServiceError> {
    if version == Version::V2 && form.get("resource").is_some() {
        let text = "The 'resource' request parameter is not supported.";
        return Err(ServiceError::new(901002, text).because("v2 takes scope, not resource"));
    }
    Ok(form.get(version.target_name()).map(str::to_owned))
}

/// The device code; v1 calls it `code`.
pub(super) fn device_code(form: &Form) -> Option<&str> {
    form.get("device_code").or_else(|| form.get("code"))
}

/// The answer to a request that lacks a parameter.
pub(crate) fn missing(name: &str) -> ServiceError {
    let text = format!("The request body must contain the following parameter: '{name}'.");
    ServiceError::new(900144, text).because(format!("no {name} in the body"))
}

/// The answer to a request that makes no sense.
pub(crate) fn unusable(reason: &str) -> ServiceError {
    ServiceError::new(90023, format!("The request is invalid: {reason}.")).because(reason)
}
