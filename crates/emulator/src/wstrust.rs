//! The federated identity provider of users whose passwords Entra does not have: user realm, metadata, WS-Trust.
//!
//! `realm` says where a user is at home, `metadata` how to ask there (WS-MetadataExchange), `request` reads what is asked
//! ([WS-Trust](https://docs.oasis-open.org/ws-sx/ws-trust/v1.3/ws-trust.html) 1.3 and of February 2005, with a user name
//! and a password), `response` answers with a SAML assertion or a fault.

mod metadata;
mod realm;
mod request;
mod response;

use time::OffsetDateTime;

use crate::clock::http_date;
use crate::keys::SigningKey;
use crate::log::{Decision, Trail};
use crate::message::{Request, Response};
use crate::saml;
use crate::tenant::Tenant;
use crate::user::User;
use crate::wstrust::request::{TokenRequest, Violation};

/// Version of WS-Trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrustVersion {
    February2005,
    V13,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) enum FederationTarget<'a> {
    /// A user's realm, and the name as it stands in the path.
    Realm(&'a str),
    Metadata,
    Trust(TrustVersion),
}

impl<'a> FederationTarget<'a> {
    /// Fixed segments are compared without regard to case.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        let lower = path.to_ascii_lowercase();
        if lower.starts_with("/common/userrealm/") {
            return path
                .rsplit_once('/')
                .map(|(_, name)| Self::Realm(name))
                .filter(|_| lower.matches('/').count() == 3);
        }
        match lower.as_str() {
            "/adfs/services/trust/mex" => Some(Self::Metadata),
            "/adfs/services/trust/2005/usernamemixed" => Some(Self::Trust(TrustVersion::February2005)),
            "/adfs/services/trust/13/usernamemixed" => Some(Self::Trust(TrustVersion::V13)),
            _ => None,
        }
    }

    /// The name under which its requests are counted and faulted.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Realm(_) => "federation.realm",
            Self::Metadata => "federation.metadata",
            Self::Trust(_) => "federation.trust",
        }
    }
}

/// What the provider works with.
pub(crate) struct FederationCall<'a> {
    pub(crate) request: &'a Request,
    pub(crate) target: FederationTarget<'a>,
    pub(crate) users: &'a [User],
    pub(crate) tenants: &'a [Tenant],
    pub(crate) key: &'a SigningKey,
    /// `https://localhost:PORT`: where the provider is reached over TLS.
    pub(crate) authority: &'a str,
    pub(crate) now: OffsetDateTime,
    pub(crate) skew: time::Duration,
}

/// Answers a request.
pub(crate) fn respond(call: &FederationCall<'_>, trail: &mut Trail) -> (Response, Decision) {
    let wanted = if matches!(call.target, FederationTarget::Trust(_)) { "POST" } else { "GET" };
    if call.request.method != wanted {
        let reason = format!("{wanted} is the only method here");
        let decision = Decision::Denied { code: "MethodNotAllowed".to_owned(), reason: reason.clone() };
        return (reply(call, 405, "text/plain; charset=utf-8", reason), decision);
    }
    match call.target {
        FederationTarget::Realm(name) => match realm::document(call, name) {
            Ok(document) => {
                let body = document.to_string();
                let decision = Decision::Served { document: "user realm" };
                (reply(call, 200, "application/json; charset=utf-8", body), decision)
            }
            Err(reason) => {
                let decision = Decision::Denied { code: "BadRequest".to_owned(), reason: reason.to_owned() };
                (reply(call, 400, "text/plain; charset=utf-8", reason.to_owned()), decision)
            }
        },
        FederationTarget::Metadata => {
            let body = metadata::document(call.authority);
            let decision = Decision::Served { document: "federation metadata" };
            (reply(call, 200, "text/xml; charset=utf-8", body), decision)
        }
        FederationTarget::Trust(version) => match token(call, version, trail) {
            Ok(body) => {
                let decision = Decision::Served { document: "SAML assertion" };
                (reply(call, 200, "application/soap+xml; charset=utf-8", body), decision)
            }
            Err(violation) => {
                let body = response::fault(version, &violation);
                let decision =
                    Decision::Denied { code: violation.code.to_owned(), reason: violation.reason.to_owned() };
                (reply(call, violation.status, "application/soap+xml; charset=utf-8", body), decision)
            }
        },
    }
}

/// The reply that a fault rule with a status puts in place of the real one, and its code.
pub(crate) fn refuse(target: FederationTarget<'_>, status: u16, now: OffsetDateTime) -> (Response, String) {
    let date = http_date(now);
    let code = "ServiceUnavailable";
    match target {
        FederationTarget::Trust(version) => {
            let violation = Violation::new(status, code, "The federation service is not available.");
            let headers = [("content-type", "application/soap+xml; charset=utf-8"), ("date", &*date)];
            (Response::new(status, &headers, response::fault(version, &violation)), code.to_owned())
        }
        _ => {
            let headers = [("content-type", "text/plain; charset=utf-8"), ("date", &*date)];
            (Response::new(status, &headers, "The service is not available.\n"), code.to_owned())
        }
    }
}

/// Checks who asks, and writes the assertion.
fn token(call: &FederationCall<'_>, version: TrustVersion, trail: &mut Trail) -> Result<String, Violation> {
    let asked = TokenRequest::read(call.request, version)?;
    trail.passed("request");
    asked.check_time(call.now, call.skew)?;
    trail.passed("time");
    let failed = || {
        let text = "ID3242: The security token could not be authenticated or authorized.";
        Violation::new(500, "FailedAuthentication", text)
    };
    let user = call.users.iter().find(|user| user.is_named(&asked.user_name) && user.is_federated());
    let user =
        user.filter(|user| user.has_password(&asked.password) && !user.is_disabled).ok_or_else(failed)?;
    trail.passed("password");
    let saml = asked.token_type.unwrap_or(user.assertion_version());
    let assertion = saml::issue(saml, user, call.now, call.key);
    let assertion =
        assertion.ok_or_else(|| Violation::new(500, "InternalError", "no assertion could be made"))?;
    Ok(response::issued(version, saml, &assertion, call.now, asked.message_id.as_deref()))
}

fn reply(call: &FederationCall<'_>, status: u16, content_type: &str, body: String) -> Response {
    let date = http_date(call.now);
    Response::new(
        status,
        &[("content-type", content_type), ("cache-control", "no-store"), ("date", &date)],
        body,
    )
}
