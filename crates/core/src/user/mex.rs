//! A federation server's metadata: which of its endpoints takes a user name and a password over TLS.
//!
//! WSDL 1.1 with WS-Policy attachments. A policy of the right kind is named by a binding, and the binding by a port, which
//! has the address.

use super::is_https;
use super::trust::{TrustEndpoint, TrustVersion};
use super::xml::{Name, first, parse, select, text};
use crate::http::HttpResponse;
use alloc::vec::Vec;
use roxmltree::Node;

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const SOAP_BINDING: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
const POLICY: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const UTILITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const SECURITY_2007: &str = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702";
const SECURITY_2005: &str = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy";
const HTTP_TRANSPORT: &str = "http://schemas.xmlsoap.org/soap/http";

/// The endpoint of a metadata document; WS-Trust 1.3 where there is a choice.
pub(super) fn read(response: &HttpResponse) -> Option<TrustEndpoint> {
    let document = parse(response.body.expose())?;
    let definitions: Vec<_> =
        document.descendants().filter(|node| node.has_tag_name((WSDL, "definitions"))).collect();
    let policies: Vec<&str> =
        select(&definitions, &[(POLICY, "Policy")]).into_iter().filter_map(password_policy).collect();
    let bindings: Vec<(&str, TrustVersion)> = select(&definitions, &[(WSDL, "binding")])
        .into_iter()
        .filter_map(|binding| Some((binding.attribute("name")?, trust_binding(binding, &policies)?)))
        .collect();
    let ports = select(&definitions, &[(WSDL, "service"), (WSDL, "port")]);
    let mut endpoints: Vec<TrustEndpoint> =
        ports.into_iter().filter_map(|port| endpoint(port, &bindings)).collect();
    let newest = endpoints.iter().position(|endpoint| endpoint.version == TrustVersion::V13);
    let chosen = newest.unwrap_or_default();
    (chosen < endpoints.len()).then(|| endpoints.swap_remove(chosen))
}

/// The id of a policy that asks for a user name and a password over TLS.
fn password_policy<'a>(policy: Node<'a, '_>) -> Option<&'a str> {
    const ALL: [Name; 2] = [(POLICY, "ExactlyOne"), (POLICY, "All")];
    let asks_for = |security: &'static str, tokens| {
        let path = [
            (security, tokens),
            (POLICY, "Policy"),
            (security, "UsernameToken"),
            (POLICY, "Policy"),
            (security, "WssUsernameToken10"),
        ];
        !select(&select(&[policy], &ALL), &path).is_empty()
    };
    let is_over_tls = [SECURITY_2007, SECURITY_2005]
        .iter()
        .any(|security| !select(&select(&[policy], &ALL), &[(*security, "TransportBinding")]).is_empty());
    let takes_password = asks_for(SECURITY_2007, "SignedEncryptedSupportingTokens")
        || asks_for(SECURITY_2005, "SignedSupportingTokens");
    policy.attribute((UTILITY, "Id")).filter(|id| !id.is_empty() && is_over_tls && takes_password)
}

/// The version of WS-Trust that a binding of one of the policies speaks over HTTP.
fn trust_binding(binding: Node<'_, '_>, policies: &[&str]) -> Option<TrustVersion> {
    let is_of_policy = select(&[binding], &[(POLICY, "PolicyReference")]).into_iter().any(|reference| {
        let uri = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
        uri.is_some_and(|id| policies.contains(&id))
    });
    let transport = first(binding, &[(SOAP_BINDING, "binding")])?.attribute("transport")?;
    let action =
        first(binding, &[(WSDL, "operation"), (SOAP_BINDING, "operation")])?.attribute("soapAction")?;
    TrustVersion::of_action(action).filter(|_| is_of_policy && transport == HTTP_TRANSPORT)
}

/// The address of a port of one of the bindings, if it is protected by TLS.
fn endpoint(port: Node<'_, '_>, bindings: &[(&str, TrustVersion)]) -> Option<TrustEndpoint> {
    let name = port.attribute("binding")?;
    let name = name.rsplit(':').next().unwrap_or(name);
    let (_, version) = bindings.iter().find(|(binding, _)| *binding == name)?;
    let address = text(first(port, &[(ADDRESSING, "EndpointReference"), (ADDRESSING, "Address")])?);
    is_https(address).then(|| TrustEndpoint { url: address.into(), version: *version })
}
