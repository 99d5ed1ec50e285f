//! One error type for everything that can go wrong, with stable codes.
//!
//! An [`Error`] says what was done, what was found, what was expected and what to do about it. It never holds input,
//! response bodies, assertions, tokens or keys: what it quotes are lengths, labels and names from a fixed list, and the
//! token service's own error text. Callers branch on [`Error::code`], whose string form is part of the public contract.

use crate::encoding::split_at_pattern;
use crate::text::text;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A result with certgrant's error.
pub type Result<T> = core::result::Result<T, Error>;

/// Who can act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The caller: an option or argument is not usable.
    Config,
    /// Whoever supplies the certificate and its private key.
    Key,
    /// The token service answered with an error; see [`Error::service`].
    Service,
    /// The token service, or something that answers in its place, sent what is not a token response.
    Protocol,
    /// The network between here and the token service.
    Transport,
    /// certgrant itself or the host that drives it.
    Internal,
}

impl ErrorKind {
    /// The kind's name as the bindings and the documentation spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Key => "key",
            Self::Service => "service",
            Self::Protocol => "protocol",
            Self::Transport => "transport",
            Self::Internal => "internal",
        }
    }
}

/// Declares every code once: variant, wire string, kind, what failed, what to do; and the feature that it belongs to, so
/// that its text is not in modules that can't give it.
macro_rules! error_codes {
    ($($(#[$feature:meta])? $variant:ident = $code:literal, $kind:ident, $summary:literal, $hint:literal;)+) => {
        /// What went wrong. The string form ([`ErrorCode::as_str`]) is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(
                #[doc = concat!("`", $code, "`: ", $summary, ".")]
                $(#[$feature])?
                $variant,
            )+
        }

        impl ErrorCode {
            /// Every code, in alphabetical order of its variant.
            pub const ALL: &'static [Self] = &[$($(#[$feature])? Self::$variant,)+];

            /// The stable string form, `ERR_…`.
            pub const fn as_str(self) -> &'static str {
                match self { $($(#[$feature])? Self::$variant => $code,)+ }
            }

            /// The code with that string form.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().find(|code| code.as_str() == text).copied()
            }

            /// Who can act on it.
            pub const fn kind(self) -> ErrorKind {
                match self { $($(#[$feature])? Self::$variant => ErrorKind::$kind,)+ }
            }

            /// What failed, as the beginning of the error's text.
            pub const fn summary(self) -> &'static str {
                match self { $($(#[$feature])? Self::$variant => $summary,)+ }
            }

            /// What to do, where nothing more precise is known.
            pub const fn hint(self) -> &'static str {
                match self { $($(#[$feature])? Self::$variant => $hint,)+ }
            }
        }
    };
}

error_codes! {
    AlgorithmInvalid = "ERR_ALGORITHM_INVALID", Config, "the signature algorithm is not usable",
        "use PS256 for Entra ID, or RS256 for AD FS and for a SHA-1 thumbprint";
    AssertionFailed = "ERR_ASSERTION_FAILED", Key, "there is no client assertion",
        "check what gives the assertion, a callback or a file; the error's cause is its own";
    AuthorityInsecure = "ERR_AUTHORITY_INSECURE", Config, "the authority is not protected by TLS",
        "use the https address of the token service; an assertion must not cross the network in clear text";
    AuthorityInvalid = "ERR_AUTHORITY_INVALID", Config, "the authority is not usable",
        "give the token service as https://host, for example https://login.microsoftonline.com";
    #[cfg(feature = "discovery")]
    AuthorityUnknown = "ERR_AUTHORITY_UNKNOWN", Config, "the authority is not one of Entra's",
        "check the host's spelling; for a token service of your own set disableInstanceDiscovery";
    CertificateExpired = "ERR_CERTIFICATE_EXPIRED", Key, "the certificate is no longer valid",
        "make a new certificate and register it on the app; if the date is wrong, set this machine's clock";
    CertificateInvalid = "ERR_CERTIFICATE_INVALID", Key, "a certificate can't be read",
        "export the certificate again as PEM (Base-64 encoded X.509) and put it beside its private key";
    CertificateMissing = "ERR_CERTIFICATE_MISSING", Key, "there is no certificate for the private key",
        "put the certificate into the same PEM, or give its thumbprint";
    CertificateNotYetValid = "ERR_CERTIFICATE_NOT_YET_VALID", Key, "the certificate is not valid yet",
        "use the certificate that is valid now; if the date is wrong, set this machine's clock";
    ClaimsInvalid = "ERR_CLAIMS_INVALID", Config, "the claims are not usable",
        "pass the decoded value of the challenge's claims parameter, which is a JSON object";
    ClientIdInvalid = "ERR_CLIENT_ID_INVALID", Config, "the client id is not usable",
        "use the application (client) id that the app registration's overview page shows";
    #[cfg(feature = "user-flows")]
    DeviceCodeExpired = "ERR_DEVICE_CODE_EXPIRED", Service, "the device code has expired",
        "get a new code, and show it to the user until the token is there";
    #[cfg(feature = "discovery")]
    DiscoveryInvalid = "ERR_DISCOVERY_INVALID", Protocol, "the authority's configuration can't be trusted",
        "check the authority; its configuration document has to name a token endpoint of its own";
    #[cfg(feature = "encryption")]
    EncryptionCost = "ERR_ENCRYPTION_COST", Key, "the encryption of the file costs too much to undo",
        "protect the file again with fewer iterations; a few hundred thousand are usual";
    #[cfg(feature = "encryption")]
    EncryptionUnsupported = "ERR_ENCRYPTION_UNSUPPORTED", Key, "the encryption of the file is not supported",
        "protect the file again with AES-256 and SHA-256, for example with openssl pkcs12 -export";
    EndpointMismatch = "ERR_ENDPOINT_MISMATCH", Config, "the request does not fit the token endpoint",
        "ask a v1 endpoint for a resource and a v2 endpoint for scopes";
    FeatureMissing = "ERR_FEATURE_MISSING", Internal, "this build of certgrant lacks a part",
        "use a build with the feature, or report this as a bug if the npm package says so";
    #[cfg(feature = "user-flows")]
    FederationInvalid = "ERR_FEDERATION_INVALID", Protocol, "the federation server's answer is not usable",
        "check that the federation server offers usernamemixed endpoints and that no proxy answers in its place";
    #[cfg(feature = "user-flows")]
    FederationRefused = "ERR_FEDERATION_REFUSED", Service, "the federation server refused",
        "read the server's own words; most often user name or password are wrong, or the password has expired";
    #[cfg(feature = "managed-identity")]
    IdentityChallengeInvalid = "ERR_IDENTITY_CHALLENGE_INVALID", Protocol, "the identity endpoint's challenge can't be answered",
        "check that Azure Arc's agent answers at its endpoint, and that this process may read its keys (group himds)";
    #[cfg(feature = "managed-identity")]
    IdentityUnavailable = "ERR_IDENTITY_UNAVAILABLE", Config, "there is no such managed identity here",
        "assign the identity to this Azure resource and check its id; outside of Azure use another credential";
    #[cfg(feature = "managed-identity")]
    IdentityUnsupported = "ERR_IDENTITY_UNSUPPORTED", Config, "the host can't tell managed identities by that id",
        "leave the id out, or use the kind of id that this kind of host takes";
    KeyAmbiguous = "ERR_KEY_AMBIGUOUS", Key, "there is more than one private key",
        "keep only the private key that belongs to the registered certificate";
    KeyEncrypted = "ERR_KEY_ENCRYPTED", Key, "the private key is encrypted",
        "give the private key unencrypted (BEGIN PRIVATE KEY) and protect the file by its permissions";
    KeyInvalid = "ERR_KEY_INVALID", Key, "the private key can't be read",
        "export the private key again as PKCS#8 (BEGIN PRIVATE KEY)";
    KeyMismatch = "ERR_KEY_MISMATCH", Key, "the private key does not belong to the certificate",
        "use the key and the certificate that were made together; their public keys have to be the same";
    KeyMissing = "ERR_KEY_MISSING", Key, "there is no private key",
        "give a PEM that also holds the private key (BEGIN PRIVATE KEY); a .cer, .crt or .p7b file has certificates only";
    KeyUnsupported = "ERR_KEY_UNSUPPORTED", Key, "the private key is of a kind that Entra ID does not take",
        "use an RSA key of 2048 bits or more and a certificate for it";
    KeyWeak = "ERR_KEY_WEAK", Key, "the private key is too short",
        "make a new certificate with an RSA key of at least 2048 bits";
    NetworkFailed = "ERR_NETWORK_FAILED", Transport, "the token service could not be reached",
        "check the host name, DNS, firewall and proxy between this machine and the token service";
    #[cfg(feature = "encryption")]
    PasswordMissing = "ERR_PASSWORD_MISSING", Key, "the certificate file needs a password",
        "give the password that the file was protected with";
    #[cfg(feature = "encryption")]
    PasswordWrong = "ERR_PASSWORD_WRONG", Key, "the password does not open the certificate file",
        "check the password for spaces and line ends at its sides; if it is right, export the file again";
    PemInvalid = "ERR_PEM_INVALID", Key, "the PEM is damaged",
        "copy the whole file again, from -----BEGIN to -----END";
    PemNotFound = "ERR_PEM_NOT_FOUND", Key, "the certificate file is not a PEM",
        "give the certificate and its private key as PEM text, which has lines -----BEGIN … ----- and -----END … -----";
    #[cfg(feature = "encryption")]
    PfxDomainProtected = "ERR_PFX_DOMAIN_PROTECTED", Key, "the PFX is encrypted for an account, not for a password",
        "export it again with a password (Export-PfxCertificate -Password) in place of -ProtectTo";
    #[cfg(feature = "encryption")]
    PfxInvalid = "ERR_PFX_INVALID", Key, "the PFX is damaged",
        "copy the whole file again as bytes, not as text, or export it again";
    ProxyRefused = "ERR_PROXY_REFUSED", Transport, "the proxy did not connect to the token service",
        "check the proxy's address and credentials, and that it allows the token service's host; NO_PROXY goes around it";
    #[cfg(feature = "user-flows")]
    RealmInvalid = "ERR_REALM_INVALID", Protocol, "the user's realm is not usable",
        "check the spelling of the user name; users of a domain that is not registered have to sign in another way";
    #[cfg(feature = "discovery")]
    RegionInvalid = "ERR_REGION_INVALID", Config, "the region is not usable",
        "use the name of an Azure region such as westeurope, or AutoDiscoverRegion";
    RequestTimeout = "ERR_REQUEST_TIMEOUT", Transport, "the token service did not answer in time",
        "check the connection to the token service; a proxy or firewall that drops packets looks like this";
    ResourceInvalid = "ERR_RESOURCE_INVALID", Config, "the resource is not usable",
        "use the resource's App ID URI or client id, for example https://graph.microsoft.com";
    ResponseInvalid = "ERR_RESPONSE_INVALID", Protocol, "what answered is not a token response",
        "check that the authority is the token service itself and that no proxy or login page answers in its place";
    ScopeInvalid = "ERR_SCOPE_INVALID", Config, "the scope is not usable",
        "use the resource's App ID URI followed by /.default, for example https://graph.microsoft.com/.default";
    ServiceRefused = "ERR_SERVICE_REFUSED", Service, "the token service refused",
        "read the service's own error and error_description";
    ServiceUnavailable = "ERR_SERVICE_UNAVAILABLE", Service, "the token service is not available",
        "try again later; the service is overloaded or has an outage";
    SignatureInvalid = "ERR_SIGNATURE_INVALID", Key, "the signature does not fit the key",
        "check that the signer uses the key of the configured certificate";
    SigningFailed = "ERR_SIGNING_FAILED", Key, "the assertion could not be signed",
        "check the signer and its access to the private key";
    StepUnexpected = "ERR_STEP_UNEXPECTED", Internal, "the flight can't take this step",
        "answer each step with the input that it asks for, and drop the flight after done; else report this as a bug";
    TenantInvalid = "ERR_TENANT_INVALID", Config, "the tenant is not usable",
        "use the directory (tenant) id, a GUID, or a verified domain such as contoso.onmicrosoft.com";
    TenantNotAllowed = "ERR_TENANT_NOT_ALLOWED", Config, "the tenant of the request is not allowed",
        "add the tenant to additionallyAllowedTenants, or * for all";
    TenantNotSpecific = "ERR_TENANT_NOT_SPECIFIC", Config, "the tenant does not name one directory",
        "an app without a user needs the GUID or a verified domain of the tenant that it works in";
    ThumbprintInvalid = "ERR_THUMBPRINT_INVALID", Config, "the thumbprint is not usable",
        "copy the thumbprint that the app registration shows beside the certificate";
    ThumbprintMismatch = "ERR_THUMBPRINT_MISMATCH", Key, "the thumbprint belongs to another certificate",
        "leave the thumbprint out (it is computed from the certificate), or give the certificate that it belongs to";
    ThumbprintUnsuitable = "ERR_THUMBPRINT_UNSUITABLE", Config, "the algorithm needs another thumbprint",
        "give the certificate itself, or the SHA-256 thumbprint for PS256 and the SHA-1 thumbprint for RS256";
    #[cfg(feature = "key-vault")]
    VaultChallengeForeign = "ERR_VAULT_CHALLENGE_FOREIGN", Protocol, "the vault asks for a token for another domain",
        "check the vault's address; a token for what this host names could be used elsewhere, so none was asked for";
    #[cfg(feature = "key-vault")]
    VaultInvalid = "ERR_VAULT_INVALID", Config, "the vault's address is not usable",
        "give the vault as https://name.vault.azure.net, and the certificate's name and version as the portal shows them";
    #[cfg(feature = "key-vault")]
    VaultRefused = "ERR_VAULT_REFUSED", Service, "the vault refused",
        "read the vault's own words";
    #[cfg(feature = "key-vault")]
    VaultResponseInvalid = "ERR_VAULT_RESPONSE_INVALID", Protocol, "what answered is not a vault",
        "check the vault's address and that no proxy or login page answers in its place";
    #[cfg(feature = "key-vault")]
    VaultTokenFailed = "ERR_VAULT_TOKEN_FAILED", Key, "there is no token for the vault",
        "check the credential that was given for the vault; the error's cause is its own";
    #[cfg(feature = "key-vault")]
    VaultUnavailable = "ERR_VAULT_UNAVAILABLE", Service, "the vault is not available",
        "try again later; a vault that is asked too often answers 429 until it is left alone for some seconds";
}

/// The error of every operation of this crate.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: ErrorCode,
    found: Cow<'static, str>,
    expected: Cow<'static, str>,
    /// Where more is known than what the code says.
    hint: Option<Cow<'static, str>>,
    service: Option<ServiceError>,
}

impl Error {
    /// An error that says what was found and what was expected. Neither may hold input or secrets.
    pub fn new(
        code: ErrorCode,
        found: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (found, expected) = (found.into(), expected.into());
        Self(Box::new(Inner { code, found, expected, hint: None, service: None }))
    }

    /// The token service's own refusal, with what is known to help against it.
    pub(crate) fn from_service(code: ErrorCode, service: ServiceError, hint: Option<&'static str>) -> Self {
        let mut error = Self::new(code, service.summary(), "an access token");
        error.0.hint = hint.map(Cow::Borrowed);
        error.0.service = Some(service);
        error
    }

    /// The same with what is known to help against it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The text that it is shown as: what is wrong, what was found and what was expected.
    pub fn message(&self) -> String {
        text![self.0.code.summary(), ": found ", self.found(), ", expected ", self.expected()]
    }

    /// What was found, without input or secrets.
    pub fn found(&self) -> &str {
        &self.0.found
    }

    /// What was expected in its place.
    pub fn expected(&self) -> &str {
        &self.0.expected
    }

    /// What to do.
    pub fn hint(&self) -> &str {
        self.own_hint().unwrap_or(self.code().hint())
    }

    /// What to do, where more is known than what the code says.
    pub fn own_hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// What the token service answered, where it answered with an error.
    pub fn service(&self) -> Option<&ServiceError> {
        self.0.service.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.0.code.as_str())
            .field("found", &self.0.found)
            .field("expected", &self.0.expected)
            .field("hint", &self.hint())
            .field("service", &self.0.service)
            .finish()
    }
}

impl core::error::Error for Error {}

/// An error response of the token service, [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2),
/// with the members that Entra ID adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceError {
    /// HTTP status of the response.
    pub status: u16,
    /// `error`: the OAuth error code, the one to branch on.
    pub error: String,
    /// `error_description`: text for people; its wording changes.
    pub error_description: Option<String>,
    /// `error_codes`: the AADSTS numbers, outermost first.
    pub error_codes: Vec<u32>,
    /// `timestamp`: when the service refused, `yyyy-MM-dd HH:mm:ssZ`.
    pub timestamp: Option<String>,
    /// `trace_id`: names this answer to Microsoft's support.
    pub trace_id: Option<String>,
    /// `correlation_id`: names this request to Microsoft's support.
    pub correlation_id: Option<String>,
    /// `error_uri`: a page about the error.
    pub error_uri: Option<String>,
    /// `suberror`: a finer code.
    pub suberror: Option<String>,
    /// `claims`: a claims challenge, to be passed on unchanged.
    pub claims: Option<String>,
    /// Response header `x-ms-request-id`.
    pub request_id: Option<String>,
    /// Response header `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl ServiceError {
    /// The first line of the service's text without its ids, or the bare code.
    fn summary(&self) -> String {
        let text = self.error_description.as_deref().unwrap_or("");
        let line = text.split(['\r', '\n']).next().unwrap_or("");
        let line = split_at_pattern(line, " Trace ID:").map_or(line, |(line, _)| line);
        match (line, self.error.as_str()) {
            ("", "") => text!["HTTP status ", self.status],
            ("", error) => text![error, " (HTTP status ", self.status, ")"],
            (line, "") => line.into(),
            (line, error) => text![error, ": ", line],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn every_code_has_its_own_string_and_a_hint() {
        let mut seen = alloc::collections::BTreeSet::new();
        for code in ErrorCode::ALL {
            assert!(code.as_str().starts_with("ERR_"), "{code:?}");
            assert!(seen.insert(code.as_str()), "{code:?} is there twice");
            assert_eq!(ErrorCode::parse(code.as_str()), Some(*code));
            assert!(code.hint().len() > 20 && !code.hint().ends_with('.'), "{code:?}");
            assert!(!code.summary().ends_with('.'), "{code:?}");
        }
    }

    #[test]
    fn text_says_what_was_found_and_what_was_expected() {
        let error = Error::new(ErrorCode::KeyWeak, "1024 bits", "at least 2048 bits");
        assert_eq!(
            error.to_string(),
            "the private key is too short: found 1024 bits, expected at least 2048 bits"
        );
    }

    #[test]
    fn service_text_is_cut_before_its_ids() {
        for text in ["AADSTS1: no.\r\nTrace ID: a", "AADSTS1: no. Trace ID: a Correlation ID: b"] {
            let service = ServiceError {
                status: 401,
                error: "invalid_client".into(),
                error_description: Some(text.into()),
                ..ServiceError::default()
            };
            let error = Error::from_service(ErrorCode::ServiceRefused, service, None);
            assert_eq!(error.found(), "invalid_client: AADSTS1: no.");
        }
    }
}
