//! What the provider answers: an assertion in its envelope, or a SOAP fault.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::canonical_xml::escaped_text;
use crate::saml::{AUDIENCE, SamlVersion};
use crate::wstrust::TrustVersion;
use crate::wstrust::request::Violation;

const LIFETIME: Duration = Duration::hours(1);
const ENVELOPE: &str = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
                        xmlns:a=\"http://www.w3.org/2005/08/addressing\" xmlns:u=\"http://docs.oasis-open.org/wss/2004/01/\
                        oasis-200401-wss-wssecurity-utility-1.0.xsd\">";

/// The envelope with the assertion.
pub(super) fn issued(
    version: TrustVersion,
    saml: SamlVersion,
    assertion: &str,
    now: OffsetDateTime,
    message_id: Option<&str>,
) -> String {
    let trust = version.namespace();
    let (action, opening, closing) = match version {
        TrustVersion::V13 => (
            format!("{trust}/RSTRC/IssueFinal"),
            format!(
                "<t:RequestSecurityTokenResponseCollection xmlns:t=\"{trust}\"><t:RequestSecurityTokenResponse>"
            ),
            "</t:RequestSecurityTokenResponse></t:RequestSecurityTokenResponseCollection>",
        ),
        TrustVersion::February2005 => (
            format!("{trust}/RSTR/Issue"),
            format!("<t:RequestSecurityTokenResponse xmlns:t=\"{trust}\">"),
            "</t:RequestSecurityTokenResponse>",
        ),
    };
    let instant =
        |at: OffsetDateTime| at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default();
    let (created, expires) = (instant(now), instant(now.saturating_add(LIFETIME)));
    let relates = message_id.map(|id| format!("<a:RelatesTo>{}</a:RelatesTo>", escaped_text(id)));
    let key_type = match version {
        TrustVersion::V13 => format!("{trust}/Bearer"),
        TrustVersion::February2005 => "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey".to_owned(),
    };
    format!(
        "{ENVELOPE}<s:Header><a:Action s:mustUnderstand=\"1\">{action}</a:Action>{}</s:Header><s:Body>{opening}\
         <t:Lifetime><u:Created>{created}</u:Created><u:Expires>{expires}</u:Expires></t:Lifetime><wsp:AppliesTo \
         xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2004/09/policy\"><a:EndpointReference><a:Address>{AUDIENCE}</a:Address>\
         </a:EndpointReference></wsp:AppliesTo><t:RequestedSecurityToken>{assertion}</t:RequestedSecurityToken>\
         <t:TokenType>{}</t:TokenType><t:RequestType>{trust}/Issue</t:RequestType><t:KeyType>{key_type}</t:KeyType>\
         {closing}</s:Body></s:Envelope>",
        relates.unwrap_or_default(),
        saml.namespace()
    )
}

/// A SOAP 1.2 fault ([SOAP section 5.4](https://www.w3.org/TR/soap12-part1/#soapfault)).
pub(super) fn fault(version: TrustVersion, violation: &Violation) -> String {
    let namespace = match violation.code {
        "FailedAuthentication" | "InvalidSecurity" => {
            "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
        }
        _ => version.namespace(),
    };
    format!(
        "{ENVELOPE}<s:Header><a:Action s:mustUnderstand=\"1\">http://www.w3.org/2005/08/addressing/soap/fault</a:Action>\
         </s:Header><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value \
         xmlns:e=\"{namespace}\">e:{}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang=\"en-US\">{}</s:Text>\
         </s:Reason></s:Fault></s:Body></s:Envelope>",
        violation.code,
        escaped_text(violation.reason)
    )
}
