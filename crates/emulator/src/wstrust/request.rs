//! What a request for a security token says: user name, password, time, wanted type.
//!
//! Read with an XML reader that knows namespaces and refuses a DTD. Not `Debug`: it holds a password.

use roxmltree::{Document, Node};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::message::Request;
use crate::saml::{AUDIENCE, SamlVersion};
use crate::wstrust::TrustVersion;

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const SECURITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const UTILITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// Why there is no token.
pub(super) struct Violation {
    pub(super) status: u16,
    /// Subcode of the SOAP fault.
    pub(super) code: &'static str,
    pub(super) reason: &'static str,
}

impl Violation {
    pub(super) fn new(status: u16, code: &'static str, reason: &'static str) -> Self {
        Self { status, code, reason }
    }

    fn invalid(reason: &'static str) -> Self {
        Self::new(500, "InvalidRequest", reason)
    }
}

/// A request, as far as it matters.
pub(super) struct TokenRequest {
    pub(super) user_name: String,
    pub(super) password: String,
    pub(super) message_id: Option<String>,
    pub(super) token_type: Option<SamlVersion>,
    created: OffsetDateTime,
    expires: OffsetDateTime,
}

impl TrustVersion {
    /// The namespace of this version.
    pub(super) fn namespace(self) -> &'static str {
        match self {
            Self::February2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
        }
    }

    /// The action of a request that a token be issued.
    pub(super) fn action(self) -> String {
        format!("{}/RST/Issue", self.namespace())
    }
}

impl TokenRequest {
    pub(super) fn read(request: &Request, version: TrustVersion) -> Result<Self, Violation> {
        let text = soap_text(request)?;
        let document = Document::parse(text).map_err(|_| malformed())?;
        let envelope = document.root_element();
        if !envelope.has_tag_name((SOAP, "Envelope")) {
            return Err(Violation::invalid("the body is not an envelope of SOAP 1.2"));
        }
        check_action(request, envelope, version)?;
        let trust = version.namespace();
        let asked = find(envelope, trust, "RequestSecurityToken")
            .ok_or_else(|| Violation::invalid("there is no RequestSecurityToken of this version"))?;
        let issue = format!("{trust}/Issue");
        if text_of(asked, trust, "RequestType").as_deref() != Some(&*issue) {
            return Err(Violation::invalid("RequestType is not Issue"));
        }
        if text_of(asked, ADDRESSING, "Address").as_deref() != Some(AUDIENCE) {
            let reason = "ID3082: The request scope is not valid or is unsupported.";
            return Err(Violation::new(500, "InvalidScope", reason));
        }
        let (user_name, password) =
            (text_of(envelope, SECURITY, "Username"), text_of(envelope, SECURITY, "Password"));
        let (Some(user_name), Some(password)) = (user_name, password) else {
            return Err(Violation::new(500, "InvalidSecurity", "there is no UsernameToken with a password"));
        };
        let token_type = text_of(asked, trust, "TokenType").map(|name| {
            SamlVersion::of_token_type(&name)
                .ok_or_else(|| Violation::invalid("TokenType is not SAML 1.1 or 2.0"))
        });
        Ok(Self {
            user_name,
            password,
            // Interop: adal-node writes messageID with a small m.
            message_id: text_of(envelope, ADDRESSING, "MessageID")
                .or_else(|| text_of(envelope, ADDRESSING, "messageID")),
            token_type: token_type.transpose()?,
            created: instant(envelope, "Created")?,
            expires: instant(envelope, "Expires")?,
        })
    }

    pub(super) fn check_time(&self, now: OffsetDateTime, skew: time::Duration) -> Result<(), Violation> {
        if now.saturating_add(skew) < self.created || now.saturating_sub(skew) >= self.expires {
            return Err(Violation::new(500, "InvalidSecurity", "the Timestamp is not of now"));
        }
        Ok(())
    }
}

fn malformed() -> Violation {
    Violation::new(400, "InvalidRequest", "the body is not well-formed XML without a DTD")
}

/// The body, if its type is that of SOAP 1.2.
fn soap_text(request: &Request) -> Result<&str, Violation> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/soap+xml") {
        return Err(Violation::new(
            415,
            "InvalidRequest",
            "the body is not of the type application/soap+xml",
        ));
    }
    core::str::from_utf8(&request.body).map_err(|_| malformed())
}

/// A time of the Timestamp.
fn instant(envelope: Node<'_, '_>, name: &str) -> Result<OffsetDateTime, Violation> {
    let text = text_of(envelope, UTILITY, name).ok_or_else(|| Violation::invalid("there is no Timestamp"))?;
    OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| Violation::invalid("a time is not ISO 8601"))
}

/// The header of HTTP or the media type's parameter, and that of SOAP, both name the action of this endpoint.
fn check_action(request: &Request, envelope: Node<'_, '_>, version: TrustVersion) -> Result<(), Violation> {
    let wanted = version.action();
    let header = request.header("soapaction").map(|value| value.trim().trim_matches('"'));
    if header.is_some_and(|value| value != wanted)
        || text_of(envelope, ADDRESSING, "Action").as_deref() != Some(&*wanted)
    {
        return Err(Violation::new(500, "ActionNotSupported", "the action is not that of this endpoint"));
    }
    Ok(())
}

fn find<'a, 'b>(below: Node<'a, 'b>, namespace: &str, name: &str) -> Option<Node<'a, 'b>> {
    below.descendants().find(|node| node.has_tag_name((namespace, name)))
}

fn text_of(below: Node<'_, '_>, namespace: &str, name: &str) -> Option<String> {
    let node = find(below, namespace, name)?;
    Some(node.children().filter(Node::is_text).filter_map(|text| text.text()).collect())
}
