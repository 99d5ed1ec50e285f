//! WS-Trust with a user name and a password: the request for an assertion (RST) and the response (RSTR), in versions
//! [1.3](https://docs.oasis-open.org/ws-sx/ws-trust/200512/ws-trust-1.3-os.html) and 2005/02.

use super::UserFault;
use super::is_success;
use super::xml::{SOAP, first, parse, push_escaped, select, slice, text};
use crate::http::HttpResponse;
use crate::secret::{Secret, SecretString};
use crate::time::Timestamp;
use alloc::format;
use alloc::string::String;
use roxmltree::Document;

const TRUST_13: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
const TRUST_2005: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";

/// What the assertion is for: Entra's name as a relying party.
const RELYING_PARTY: &str = "urn:federation:MicrosoftOnline";

/// How long a request is good.
const LIFETIME_SECS: u64 = 600;

/// A version of WS-Trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrustVersion {
    V13,
    V2005,
}

/// An endpoint that takes a user name and a password.
#[derive(Debug)]
pub(super) struct TrustEndpoint {
    pub(super) url: String,
    pub(super) version: TrustVersion,
}

/// A federation server's word about a user: signed XML, which whoever holds it can use.
#[derive(Debug)]
pub(super) struct Assertion {
    pub(super) grant_type: &'static str,
    pub(super) xml: SecretString,
}

impl TrustVersion {
    /// The version that a SOAP action belongs to.
    pub(super) fn of_action(action: &str) -> Option<Self> {
        [Self::V13, Self::V2005].into_iter().find(|version| version.action() == action)
    }

    /// The version that the path of an address names: `/trust/13/…` or `/trust/2005/…`.
    pub(super) fn of_url(url: &str) -> Option<Self> {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let mut segments = path.split('/').skip_while(|segment| !segment.eq_ignore_ascii_case("trust"));
        match segments.nth(1)? {
            "13" => Some(Self::V13),
            "2005" => Some(Self::V2005),
            _ => None,
        }
    }

    /// The SOAP action of a request.
    pub(super) const fn action(self) -> &'static str {
        match self {
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
            Self::V2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
        }
    }

    /// Namespace, key type of a bearer assertion, and request type.
    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::V13 => (
                TRUST_13,
                "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
                "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue",
            ),
            Self::V2005 => (
                TRUST_2005,
                "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
                "http://schemas.xmlsoap.org/ws/2005/02/trust/Issue",
            ),
        }
    }
}

impl TrustEndpoint {
    /// The request for an assertion. `wsa:messageID` is ADAL's spelling, which servers have taken ever since.
    pub(super) fn request(
        &self,
        username: &str,
        password: &SecretString,
        id: &str,
        now: Timestamp,
    ) -> SecretString {
        let (head, tail) = (self.head(id, now), self.version.tail());
        // Room for all of it, escaped: growing would leave a copy of the password behind.
        let lengths = [head.len(), tail.len(), 64, username.len().saturating_mul(6)];
        let room = lengths.into_iter().fold(password.expose().len().saturating_mul(6), usize::saturating_add);
        let mut body = Secret::new(String::with_capacity(room));
        let xml = body.expose_mut();
        xml.push_str(&head);
        push_escaped(xml, username);
        xml.push_str("</wsse:Username><wsse:Password>");
        push_escaped(xml, password.expose());
        xml.push_str(&tail);
        body
    }

    /// A request up to the user's name.
    fn head(&self, id: &str, now: Timestamp) -> String {
        let (created, expires) = (instant(now), instant(now.plus_secs(LIFETIME_SECS)));
        let action = self.version.action();
        let mut to = String::new();
        push_escaped(&mut to, &self.url);
        format!(
            "<s:Envelope xmlns:s='{SOAP}' xmlns:wsa='http://www.w3.org/2005/08/addressing' \
             xmlns:wsu='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'>\
             <s:Header><wsa:Action s:mustUnderstand='1'>{action}</wsa:Action>\
             <wsa:messageID>urn:uuid:{id}</wsa:messageID>\
             <wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>\
             <wsa:To s:mustUnderstand='1'>{to}</wsa:To>\
             <wsse:Security s:mustUnderstand='1' \
             xmlns:wsse='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'>\
             <wsu:Timestamp wsu:Id='_0'><wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires>\
             </wsu:Timestamp><wsse:UsernameToken wsu:Id='ADALUsernameToken'><wsse:Username>"
        )
    }
}

impl TrustVersion {
    /// A request from behind the password on.
    fn tail(self) -> String {
        let (trust, key_type, request_type) = self.names();
        format!(
            "</wsse:Password></wsse:UsernameToken></wsse:Security></s:Header><s:Body>\
             <wst:RequestSecurityToken xmlns:wst='{trust}'>\
             <wsp:AppliesTo xmlns:wsp='http://schemas.xmlsoap.org/ws/2004/09/policy'><wsa:EndpointReference>\
             <wsa:Address>{RELYING_PARTY}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>\
             <wst:KeyType>{key_type}</wst:KeyType><wst:RequestType>{request_type}</wst:RequestType>\
             </wst:RequestSecurityToken></s:Body></s:Envelope>"
        )
    }
}

/// `2026-01-31T12:00:00.000Z`.
fn instant(time: Timestamp) -> String {
    let (secs, millis) = (time.as_secs(), time.as_millis() % 1000);
    let (hours, minutes, secs_of_minute) = (secs / 3600 % 24, secs / 60 % 60, secs % 60);
    format!("{}T{hours:02}:{minutes:02}:{secs_of_minute:02}.{millis:03}Z", time.to_date())
}

/// Reads the response: the first assertion, or the server's fault.
pub(super) fn read(response: &HttpResponse) -> Result<Assertion, UserFault> {
    let body = response.body.expose();
    let document = parse(body);
    // Faults come with an error status as well as without one.
    if let Some(fault) = document.as_ref().and_then(soap_fault) {
        return Err(fault);
    }
    if !is_success(response.status) {
        let body = body.clone().into();
        let response = HttpResponse { status: response.status, headers: response.headers.clone(), body };
        return Err(UserFault::Refused(super::Purpose::Assertion, response));
    }
    if body.is_empty() {
        return Err(UserFault::TrustEmpty);
    }
    assertion(&document.ok_or(UserFault::TrustMalformed)?)
}

fn assertion(document: &Document<'_>) -> Result<Assertion, UserFault> {
    let bodies = select(&[document.root()], &[(SOAP, "Envelope"), (SOAP, "Body")]);
    let responses = [
        (
            TRUST_13,
            select(
                &bodies,
                &[
                    (TRUST_13, "RequestSecurityTokenResponseCollection"),
                    (TRUST_13, "RequestSecurityTokenResponse"),
                ],
            ),
        ),
        (TRUST_2005, select(&bodies, &[(TRUST_2005, "RequestSecurityTokenResponse")])),
    ];
    let found =
        responses.into_iter().flat_map(|(trust, nodes)| nodes.into_iter().map(move |node| (trust, node)));
    let (token_type, token) = found
        .filter_map(|(trust, node)| {
            let token = first(node, &[(trust, "RequestedSecurityToken")])?.first_element_child()?;
            Some((text(first(node, &[(trust, "TokenType")])?), token))
        })
        .next()
        .ok_or(UserFault::TrustWithoutToken)?;
    let grant_type = match token_type {
        "urn:oasis:names:tc:SAML:1.0:assertion" => "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
        "urn:oasis:names:tc:SAML:2.0:assertion" => "urn:ietf:params:oauth:grant-type:saml2-bearer",
        other => return Err(UserFault::TrustTokenType(other.into())),
    };
    let xml = slice(token).ok_or(UserFault::TrustWithoutToken)?.into();
    Ok(Assertion { grant_type, xml })
}

/// A SOAP fault's code and reason, [SOAP 1.2 part 1 section 5.4](https://www.w3.org/TR/soap12-part1/#soapfault).
fn soap_fault(document: &Document<'_>) -> Option<UserFault> {
    let fault = first(document.root(), &[(SOAP, "Envelope"), (SOAP, "Body"), (SOAP, "Fault")])?;
    let of = |path: &[_]| first(fault, path).map(text).filter(|found| !found.is_empty());
    let subcode = of(&[(SOAP, "Code"), (SOAP, "Subcode"), (SOAP, "Value")]);
    let code = subcode.or_else(|| of(&[(SOAP, "Code"), (SOAP, "Value")]));
    Some(UserFault::TrustRefused {
        code: code.map(|code| code.rsplit(':').next().unwrap_or(code).into()),
        reason: of(&[(SOAP, "Reason"), (SOAP, "Text")]).map(Into::into),
    })
}
