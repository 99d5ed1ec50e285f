//! Passwords: the user's realm, a federation server's metadata, and its assertion.

use crate::drive::*;
use certgrant_core::*;

const METADATA: &str = "https://fs.example/adfs/services/trust/mex";
const ACTIVE: &str = "https://fs.example/adfs/services/trust/2005/usernamemixed";

fn federated(metadata: &str, active: &str) -> Answer {
    ok(&format!(
        r#"{{"account_type":"Federated","federation_protocol":"WSTrust","federation_metadata_url":"{metadata}","federation_active_auth_url":"{active}"}}"#
    ))
}

/// One policy, binding and port of a metadata document.
fn endpoint(id: &str, is_13: bool, address: &str) -> String {
    let (security, tokens, action) = if is_13 {
        (
            "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
            "SignedEncryptedSupportingTokens",
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
        )
    } else {
        (
            "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
            "SignedSupportingTokens",
            "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
        )
    };
    format!(
        r##"<wsp:Policy wsu:Id="{id}_policy"><wsp:ExactlyOne><wsp:All><sp:TransportBinding xmlns:sp="{security}"/>
<sp:{tokens} xmlns:sp="{security}"><wsp:Policy><sp:UsernameToken><wsp:Policy><sp:WssUsernameToken10/></wsp:Policy>
</sp:UsernameToken></wsp:Policy></sp:{tokens}></wsp:All></wsp:ExactlyOne></wsp:Policy>
<wsdl:binding name="{id}" type="tns:any"><wsp:PolicyReference URI="#{id}_policy"/>
<soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
<wsdl:operation name="Trust"><soap12:operation soapAction="{action}" style="document"/></wsdl:operation></wsdl:binding>
<wsdl:service name="s{id}"><wsdl:port name="{id}" binding="tns:{id}"><soap12:address location="https://ignored"/>
<wsa10:EndpointReference><wsa10:Address>{address}</wsa10:Address></wsa10:EndpointReference></wsdl:port></wsdl:service>"##
    )
}

fn metadata(parts: &str) -> Answer {
    ok(&format!(
        r#"<?xml version="1.0" encoding="utf-8"?><wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"
xmlns:wsa10="http://www.w3.org/2005/08/addressing" xmlns:tns="urn:tns"
xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">{parts}</wsdl:definitions>"#
    ))
}

const SAML_1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
const ASSERTION: &str = "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\"  A='1'>x&#13;&amp;</saml:Assertion>";

/// As `base64` of coreutils encodes it.
const ASSERTION_BASE64: &str = "PHNhbWw6QXNzZXJ0aW9uIHhtbG5zOnNhbWw9InVybjpvYXNpczpuYW1lczp0YzpTQU1MOjEuMDphc3NlcnRpb24iICBBPScxJz54JiMxMzsmYW1wOzwvc2FtbDpBc3NlcnRpb24+";

fn trust_response(token_type: &str, token: &str) -> Answer {
    ok(&format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><t:RequestSecurityTokenResponseCollection
xmlns:t="http://docs.oasis-open.org/ws-sx/ws-trust/200512"><t:RequestSecurityTokenResponse><t:TokenType>{token_type}</t:TokenType>
<t:RequestedSecurityToken>{token}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>
</t:RequestSecurityTokenResponseCollection></s:Body></s:Envelope>"#
    ))
}

#[test]
fn managed_user_sends_the_password_to_the_token_service() {
    let driven = run(password(), vec![ok(r#"{"account_type":"Managed"}"#), ok("{}")]);
    let [realm, token] = driven.sent.as_slice() else { panic!("two requests") };
    assert_eq!(realm.url, "https://login.example/common/UserRealm/u%40x.example?api-version=1.0");
    assert_eq!((realm.method, realm.purpose), (Method::Get, Purpose::Realm));
    assert_eq!(realm.header("accept"), Some("application/json"));
    assert_eq!(
        token.body,
        "grant_type=password&scope=openid&client_id=client&resource=urn%3Aresource&password=p&username=u%40x.example"
    );
}

#[test]
fn ad_fs_is_not_asked_for_a_realm() {
    let driven = run_in("ADFS", task(password()), vec![ok("{}")]);
    assert_eq!(driven.sent.len(), 1);
    assert_eq!(driven.sent[0].url, "https://login.example/ADFS/oauth2/token?api-version=1.0");
}

#[test]
fn federated_user_gets_an_assertion_where_the_metadata_say() {
    let parts = endpoint("old", false, "https://fs.example/2005")
        + &endpoint("new", true, "https://fs.example/13?a&amp;b");
    let script =
        vec![federated(METADATA, ACTIVE), metadata(&parts), trust_response(SAML_1, ASSERTION), ok("{}")];
    let driven = run(password(), script);
    let [_, mex, trust, token] = driven.sent.as_slice() else { panic!("four requests") };
    assert_eq!((mex.url.as_str(), mex.purpose), (METADATA, Purpose::Metadata));
    assert_eq!(mex.header("content-type"), Some("application/soap+xml"));
    assert_eq!((trust.url.as_str(), trust.purpose), ("https://fs.example/13?a&b", Purpose::Assertion));
    assert!(!trust.is_fallback);
    assert_eq!(
        trust.header("soapaction"),
        Some("http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue")
    );
    assert_eq!(trust.header("content-type"), Some("application/soap+xml; charset=utf-8"));
    for part in [
        "<wsa:To s:mustUnderstand='1'>https://fs.example/13?a&amp;b</wsa:To>",
        "<wsa:Address>urn:federation:MicrosoftOnline</wsa:Address>",
        "<wsu:Created>2027-01-15T08:00:00.000Z</wsu:Created><wsu:Expires>2027-01-15T08:10:00.000Z</wsu:Expires>",
        "<wsse:Username>u@x.example</wsse:Username><wsse:Password>p</wsse:Password>",
        "xmlns:wst='http://docs.oasis-open.org/ws-sx/ws-trust/200512'",
    ] {
        assert!(trust.body.contains(part), "{part} in {}", trust.body);
    }
    let encoded = certgrant_testkit::jwt::form_value(&token.body, "assertion").unwrap();
    assert_eq!(encoded, ASSERTION_BASE64, "the assertion's very bytes");
    assert!(token.body.starts_with(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Asaml1_1-bearer&scope=openid&client_id=client&resource=urn%3Aresource&assertion="
    ));
}

#[test]
fn user_name_and_password_are_escaped_and_not_interpreted() {
    let grant = UserGrant::Password { username: "a<$&>".into(), password: "'\"&$'$$<>".to_owned().into() };
    let driven = run(grant, vec![federated("", ACTIVE), trust_response(SAML_1, ASSERTION), ok("{}")]);
    let body = &driven.sent[1].body;
    assert!(body.contains("<wsse:Username>a&lt;$&amp;&gt;</wsse:Username>"), "{body}");
    assert!(body.contains("<wsse:Password>&apos;&quot;&amp;$&apos;$$&lt;&gt;</wsse:Password>"), "{body}");
}

#[test]
fn metadata_that_do_not_serve_fall_back_to_what_the_realm_names() {
    let insecure = endpoint("only", true, "http://fs.example/13");
    for answer in [
        Answer::Body(500, String::new()),
        Answer::Nothing,
        ok("no XML"),
        ok("<!DOCTYPE a><a/>"),
        metadata(""),
        metadata(&insecure),
    ] {
        let script = vec![federated(METADATA, ACTIVE), answer, trust_response(SAML_1, ASSERTION), ok("{}")];
        let driven = run(password(), script);
        assert_eq!(driven.sent[2].url, ACTIVE);
        assert!(driven.sent[2].is_fallback);
        assert_eq!(
            driven.sent[2].header("soapaction"),
            Some("http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue")
        );
        assert!(driven.result.is_ok());
    }
}

#[test]
fn metadata_without_tls_are_not_fetched() {
    let script =
        vec![federated("http://fs.example/mex", ACTIVE), trust_response(SAML_1, ASSERTION), ok("{}")];
    let driven = run(password(), script);
    assert_eq!(driven.sent[1].purpose, Purpose::Assertion);
}

fn fault_of(script: Vec<Answer>) -> UserFault {
    run(password(), script).result.unwrap_err()
}

#[test]
fn realms_that_can_not_be_used_say_what_was_found() {
    let kind = |answer| fault_of(vec![answer]);
    assert!(
        matches!(kind(ok(r#"{"account_type":"Guest"}"#)), UserFault::AccountType(found) if found == "Guest")
    );
    assert!(matches!(kind(ok("html")), UserFault::AccountType(found) if found == "undefined"));
    assert!(matches!(kind(ok(r#"{"account_type":"Unknown"}"#)), UserFault::AccountUnknown(_)));
    let other = r#"{"account_type":"federated","federation_protocol":"carrier pigeon"}"#;
    assert!(matches!(kind(ok(other)), UserFault::FederationProtocol(found) if found == "carrier pigeon"));
    assert!(matches!(kind(federated("", "")), UserFault::NoTrustEndpoint));
    assert!(matches!(kind(federated("", "http://fs/trust/13/x")), UserFault::TrustEndpointInsecure));
    assert!(matches!(kind(federated("", "https://fs2005.example/13/x")), UserFault::TrustVersionUnknown));
    assert!(matches!(kind(Answer::Body(500, "x".into())), UserFault::Refused(Purpose::Realm, _)));
}

const FAULT: &str = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>
<s:Subcode><s:Value xmlns:a="http://docs.oasis-open.org/ws-sx/ws-trust/200512">a:RequestFailed</s:Value></s:Subcode></s:Code>
<s:Reason><s:Text xml:lang="en-US">MSIS3127: The specified request failed.</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"#;

#[test]
fn faults_of_the_federation_server_are_read_whatever_their_status() {
    for status in [200, 500] {
        let fault = fault_of(vec![federated("", ACTIVE), Answer::Body(status, FAULT.into())]);
        let UserFault::TrustRefused { code, reason } = &fault else { panic!("{fault:?}") };
        assert_eq!(code.as_deref(), Some("RequestFailed"));
        assert_eq!(reason.as_deref(), Some("MSIS3127: The specified request failed."));
        assert_eq!(fault.error(Timestamp::from_millis(START)).code(), ErrorCode::FederationRefused);
    }
}

#[test]
fn answers_without_an_assertion_are_told_apart() {
    let answered = |answer| fault_of(vec![federated("", ACTIVE), answer]);
    assert!(matches!(answered(ok("")), UserFault::TrustEmpty));
    assert!(matches!(answered(ok("<a>")), UserFault::TrustMalformed));
    assert!(matches!(answered(ok("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")), UserFault::TrustMalformed));
    assert!(matches!(answered(ok("<a/>")), UserFault::TrustWithoutToken));
    assert!(matches!(answered(trust_response(SAML_1, "no element")), UserFault::TrustWithoutToken));
    assert!(
        matches!(answered(trust_response("urn:other", ASSERTION)), UserFault::TrustTokenType(found) if found == "urn:other")
    );
    assert!(matches!(answered(Answer::Body(404, "gone".into())), UserFault::Refused(Purpose::Assertion, _)));
    assert!(matches!(answered(Answer::Nothing), UserFault::Unanswered(Purpose::Assertion, _)));
}

#[test]
fn nothing_that_is_shown_holds_the_password() {
    let grant = UserGrant::Password { username: "u".into(), password: "hunter2-secret".to_owned().into() };
    let flows = flows("tenant");
    let mut flight = UserFlight::new(task(grant));
    let step = flows.step(&mut flight, UserInput::Begin([0; 32]), Timestamp::from_millis(START)).unwrap();
    assert!(!format!("{flight:?} {step:?}").contains("hunter2"));
}

/// A small generator: tests need no chance, only many different damages.
struct Damage(u64);

impl Damage {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    /// A document with some characters changed, left out or repeated.
    fn of(&mut self, document: &str) -> String {
        let mut text: Vec<char> = document.chars().collect();
        for _ in 0..=self.below(2) {
            let at = self.below(text.len());
            match self.below(12) {
                0..5 => text[at] = ['<', '>', '"', '&', '\0', ':', '/', 'x'][self.below(8)],
                5..8 if text.len() > 1 => drop(text.remove(at)),
                8..11 => text.insert(at, ['<', '"', '=', ' ', ']', '\u{fffd}'][self.below(6)]),
                _ => text.truncate(at.max(1)),
            }
        }
        text.into_iter().collect()
    }
}

#[test]
fn damaged_documents_end_in_an_answer_or_a_fault() {
    let Answer::Body(_, metadata) = metadata(&endpoint("one", true, "https://fs.example/13")) else {
        unreachable!()
    };
    let Answer::Body(_, response) = trust_response(SAML_1, ASSERTION) else { unreachable!() };
    let mut damage = Damage(1);
    let (mut answers, mut faults) = (0, 0);
    for _ in 0..1_000 {
        let (metadata, response) = (damage.of(&metadata), damage.of(&response));
        let script = vec![federated(METADATA, ACTIVE), ok(&metadata), ok(&response), ok("{}")];
        let driven = run(password(), script);
        // Whatever the metadata say, a password goes nowhere without TLS.
        assert!(driven.sent.iter().all(|sent| sent.url.starts_with("https://")));
        if driven.result.is_ok() { answers += 1 } else { faults += 1 }
    }
    assert!(answers > 10 && faults > 10, "{answers} answers, {faults} faults");
}
