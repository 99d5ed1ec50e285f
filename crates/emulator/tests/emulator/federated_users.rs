//! Users whose password another provider checks: user realm, metadata, WS-Trust, and the SAML assertion for a token.

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use certgrant_emulator::{Clock, FaultRule, Request, TokenService, User};
use roxmltree::Document;
use serde_json::{Value, json};

use crate::people::*;
use crate::support::*;

const TRUST_13: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
const TRUST_2005: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
const PATH_13: &str = "/adfs/services/trust/13/usernamemixed";
const PATH_2005: &str = "/adfs/services/trust/2005/usernamemixed";
const SAML_1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
const SAML_2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const GRANT_1: &str = "urn:ietf:params:oauth:grant-type:saml1_1-bearer";
const GRANT_2: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

fn federated(federation: Value) -> (TokenService, Clock) {
    let mut user = ada();
    user["emulator"] = json!({ "federation": federation });
    with_user(&user)
}

fn realm(service: &TokenService, name: &str) -> Answer {
    let path = format!("/common/UserRealm/{}?api-version=1.0", encode(name));
    Answer::of(service, &Request::get(HOST, &path))
}

#[test]
fn user_realm_tells_managed_federated_and_unknown_users_apart() {
    let (managed, _) = with_people();
    let answer = realm(&managed, ADA);
    let expected = json!({
        "ver": "1.0", "account_type": "Managed", "domain_name": "contoso.com",
        "cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    });
    assert_eq!((answer.response.status, &answer.body), (200, &expected));
    assert_eq!(realm(&managed, "eve@fabrikam.com").body["account_type"], "Unknown");
    let (service, _) = federated(json!({}));
    let body = realm(&service, "ADA@contoso.com").body;
    for (name, value) in [
        ("account_type", "Federated".to_owned()),
        ("federation_protocol", "WSTrust".to_owned()),
        ("federation_metadata_url", format!("https://{HOST}/adfs/services/trust/mex")),
        ("federation_active_auth_url", format!("https://{HOST}{PATH_2005}")),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    let (plain, _) = federated(json!({ "metadata": false }));
    assert_eq!(realm(&plain, ADA).body.get("federation_metadata_url"), None);
    let unversioned = Request::get(HOST, &format!("/common/UserRealm/{ADA}"));
    assert_eq!(Answer::of(&service, &unversioned).response.status, 400);
    assert_eq!(service.count("federation.realm"), 2);
}

#[test]
fn metadata_name_an_endpoint_for_each_version() {
    let (service, _) = federated(json!({}));
    let answer = Answer::of(&service, &Request::get(HOST, "/adfs/services/trust/mex"));
    let text = String::from_utf8(answer.response.body).expect("UTF-8");
    let document = Document::parse(&text).expect("XML");
    let wsdl = "http://schemas.xmlsoap.org/wsdl/";
    let wsa = "http://www.w3.org/2005/08/addressing";
    let address_of = |action: &str, policy: &str| {
        let binding = document.descendants().find(|node| {
            node.has_tag_name((wsdl, "binding"))
                && node.descendants().any(|below| below.attribute("soapAction") == Some(action))
                && node.descendants().any(|below| below.attribute("URI") == Some(policy))
        });
        let name = binding.and_then(|node| node.attribute("name")).expect("a binding");
        let port = document.descendants().find(|node| {
            node.has_tag_name((wsdl, "port")) && node.attribute("binding") == Some(&format!("tns:{name}"))
        });
        let mut below = port.expect("a port").descendants();
        below
            .find(|node| node.has_tag_name((wsa, "Address")))
            .and_then(|node| node.text())
            .expect("an address")
            .to_owned()
    };
    assert_eq!(
        address_of(&format!("{TRUST_13}/RST/Issue"), "#UserName13_policy"),
        format!("https://{HOST}{PATH_13}")
    );
    assert_eq!(
        address_of(&format!("{TRUST_2005}/RST/Issue"), "#UserName2005_policy"),
        format!("https://{HOST}{PATH_2005}")
    );
}

/// A request as ADAL's clients write it, to be changed by replacing text.
fn rst(trust: &str, password: &str) -> String {
    let utility = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    let security = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    let key_type = if trust == TRUST_13 {
        format!("{TRUST_13}/Bearer")
    } else {
        "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey".to_owned()
    };
    format!(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:wsa='http://www.w3.org/2005/08/addressing' \
         xmlns:wsu='{utility}'><s:Header><wsa:Action s:mustUnderstand='1'>{trust}/RST/Issue</wsa:Action>\
         <wsa:messageID>urn:uuid:4bbb2f39-f5b1-4a9e-8a90-40f1d4e3e0a1</wsa:messageID>\
         <wsa:To s:mustUnderstand='1'>https://{HOST}{PATH_13}</wsa:To><wsse:Security s:mustUnderstand='1' \
         xmlns:wsse='{security}'><wsu:Timestamp wsu:Id='_0'><wsu:Created>2025-01-01T00:01:40.068Z</wsu:Created>\
         <wsu:Expires>2025-01-01T00:11:40.068Z</wsu:Expires></wsu:Timestamp><wsse:UsernameToken wsu:Id='ADALUsernameToken'>\
         <wsse:Username>{ADA}</wsse:Username><wsse:Password>{}</wsse:Password></wsse:UsernameToken></wsse:Security>\
         </s:Header><s:Body><wst:RequestSecurityToken xmlns:wst='{trust}'><wsp:AppliesTo \
         xmlns:wsp='http://schemas.xmlsoap.org/ws/2004/09/policy'><wsa:EndpointReference>\
         <wsa:Address>urn:federation:MicrosoftOnline</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>\
         <wst:KeyType>{key_type}</wst:KeyType><wst:RequestType>{trust}/Issue</wst:RequestType></wst:RequestSecurityToken>\
         </s:Body></s:Envelope>",
        password.replace('&', "&amp;")
    )
}

fn soap(service: &TokenService, path: &str, trust: &str, body: &str) -> Answer {
    let mut request = Request::post(HOST, path, body);
    request.headers = vec![
        ("content-type".to_owned(), "application/soap+xml; charset=utf-8".to_owned()),
        ("SOAPAction".to_owned(), format!("{trust}/RST/Issue")),
    ];
    Answer::of(service, &request)
}

fn body(answer: &Answer) -> &str {
    core::str::from_utf8(&answer.response.body).expect("UTF-8")
}

/// The assertion as the bytes that it is in the reply.
fn assertion(answer: &Answer) -> String {
    let text = body(answer);
    assert_eq!(answer.response.status, 200, "{text}");
    let document = Document::parse(text).expect("XML");
    let node =
        document.descendants().find(|node| node.tag_name().name() == "Assertion").expect("an assertion");
    text[node.range()].to_owned()
}

fn redeem(service: &TokenService, grant: &str, assertion: &str) -> Answer {
    v1(
        service,
        &[
            ("grant_type", grant),
            ("scope", "openid"),
            ("client_id", DESKTOP),
            ("resource", "https://graph.microsoft.com"),
            ("assertion", &STANDARD.encode(assertion)),
        ],
    )
}

#[test]
fn password_becomes_an_assertion_and_the_assertion_a_token() {
    for (path, trust, federation, grant, namespace) in [
        (PATH_13, TRUST_13, json!({}), GRANT_1, SAML_1),
        (PATH_2005, TRUST_2005, json!({}), GRANT_1, SAML_1),
        (PATH_13, TRUST_13, json!({ "saml2": true }), GRANT_2, SAML_2),
    ] {
        let (service, _) = federated(federation);
        let answer = soap(&service, path, trust, &rst(trust, PASSWORD));
        let assertion = assertion(&answer);
        let text = body(&answer);
        assert!(text.contains(&format!("<t:TokenType>{namespace}</t:TokenType>")), "{text}");
        assert!(text.contains("<a:RelatesTo>urn:uuid:4bbb2f39-"), "{text}");
        let token = redeem(&service, grant, &assertion);
        assert_eq!(token.assert_issued().token_part(1)["upn"], ADA);
        assert_eq!(claims(&text_of(&token, "id_token"))["oid"], ADA_ID);
        assert!(token.body["refresh_token"].is_string());
        let other = if grant == GRANT_1 { GRANT_2 } else { GRANT_1 };
        redeem(&service, other, &assertion).assert_refused(50013, "invalid_grant", 400, "of this version");
    }
}

use crate::people::text as text_of;

#[test]
fn request_may_say_which_saml_it_wants() {
    let (service, _) = federated(json!({}));
    let typed = |name: &str| {
        let wanted = format!("<wst:TokenType>{name}</wst:TokenType></wst:RequestSecurityToken>");
        let body = rst(TRUST_13, PASSWORD).replace("</wst:RequestSecurityToken>", &wanted);
        soap(&service, PATH_13, TRUST_13, &body)
    };
    redeem(&service, GRANT_2, &assertion(&typed(SAML_2))).assert_issued();
    redeem(&service, GRANT_1, &assertion(&typed(SAML_1))).assert_issued();
    assert!(body(&typed("urn:other")).contains("e:InvalidRequest"));
}

#[test]
fn namespaces_of_the_surroundings_may_be_added_and_nothing_changed() {
    let (service, clock) = federated(json!({}));
    let good = assertion(&soap(&service, PATH_13, TRUST_13, &rst(TRUST_13, PASSWORD)));
    let declared = good.replacen(
        "<saml:Assertion ",
        "<saml:Assertion xmlns:a=\"http://www.w3.org/2005/08/addressing\" \
                                 xmlns:t=\"urn:t\" ",
        1,
    );
    redeem(&service, GRANT_1, &declared).assert_issued();
    let url_safe = [
        ("grant_type", GRANT_1),
        ("client_id", DESKTOP),
        ("scope", "User.Read"),
        ("assertion", &*URL_SAFE_NO_PAD.encode(&good)),
    ];
    v2(&service, &url_safe).assert_issued();
    redeem(&service, GRANT_1, &good.replace('"', "'")).assert_issued();
    for changed in [
        good.replacen(ADA, "eve@contoso.com", 1),
        good.replacen("<saml:AttributeValue>", "<saml:AttributeValue> ", 1),
        good.replacen("AssertionID=\"_", "AssertionID=\"_0", 1),
        good.replacen("<ds:DigestValue>", "<ds:DigestValue>AAAA", 1),
    ] {
        assert_ne!(changed, good);
        redeem(&service, GRANT_1, &changed).assert_refused(50013, "invalid_grant", 400, "signature");
    }
    let (stranger, _) = federated(json!({}));
    redeem(&stranger, GRANT_1, &good).assert_refused(50013, "invalid_grant", 400, "signature");
    let deep =
        format!("<saml:Assertion xmlns:saml=\"{SAML_1}\">{}", "<a>".repeat(20_000) + &"</a>".repeat(20_000));
    for junk in
        ["not XML", "<a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", &format!("{deep}</saml:Assertion>")]
    {
        redeem(&service, GRANT_1, junk).assert_refused(50013, "invalid_grant", 400, "not base64 of a SAML");
    }
    clock.advance(Duration::from_secs(3600 + 300));
    redeem(&service, GRANT_1, &good).assert_refused(500133, "invalid_grant", 400, "time range");
}

#[test]
fn wrong_password_is_a_soap_fault() {
    let (service, _) = federated(json!({}));
    for (path, trust) in [(PATH_13, TRUST_13), (PATH_2005, TRUST_2005)] {
        let answer = soap(&service, path, trust, &rst(trust, "wrong"));
        assert_eq!(answer.response.status, 500);
        let document = Document::parse(body(&answer)).expect("XML");
        let soap = "http://www.w3.org/2003/05/soap-envelope";
        let find = |name: &str| {
            document
                .descendants()
                .find(|node| node.has_tag_name((soap, name)))
                .unwrap_or_else(|| panic!("no {name}"))
                .descendants()
                .filter_map(|node| node.text())
                .collect::<String>()
        };
        assert!(find("Subcode").contains("FailedAuthentication"));
        assert!(find("Reason").contains("ID3242"));
        let line = answer.entry.to_string();
        assert!(
            line.contains("FailedAuthentication") && !line.contains("wrong") && !line.contains(ADA),
            "{line}"
        );
    }
    let (managed, _) = with_people();
    assert_eq!(soap(&managed, PATH_13, TRUST_13, &rst(TRUST_13, PASSWORD)).response.status, 500);
    v2(
        &service,
        &[
            ("grant_type", "password"),
            ("client_id", DESKTOP),
            ("scope", "User.Read"),
            ("username", ADA),
            ("password", PASSWORD),
        ],
    )
    .assert_refused(50126, "invalid_grant", 400, "username or password");
}

#[test]
fn request_that_makes_no_sense_is_refused() {
    let (service, clock) = federated(json!({}));
    let good = rst(TRUST_13, PASSWORD);
    for (body_text, status, code) in [
        ("<s:Envelope".to_owned(), 400, "InvalidRequest"),
        (format!("<!DOCTYPE x [<!ENTITY e 'x'>]>{good}"), 400, "InvalidRequest"),
        ("<a/>".to_owned(), 500, "InvalidRequest"),
        (good.replace("/RST/Issue</wsa:Action>", "/RST/Renew</wsa:Action>"), 500, "ActionNotSupported"),
        (good.replace("urn:federation:MicrosoftOnline", "urn:other"), 500, "InvalidScope"),
        (good.replace("wsse:Password", "wsse:Secret"), 500, "InvalidSecurity"),
        (
            good.replace("200512/Issue</wst:RequestType>", "200512/Renew</wst:RequestType>"),
            500,
            "InvalidRequest",
        ),
        (rst(TRUST_2005, PASSWORD), 500, "ActionNotSupported"),
    ] {
        let answer = soap(&service, PATH_13, TRUST_13, &body_text);
        assert_eq!(answer.response.status, status, "{}", body(&answer));
        assert!(body(&answer).contains(&format!(":{code}<")), "{}", body(&answer));
    }
    assert_eq!(soap(&service, PATH_13, TRUST_2005, &good).response.status, 500);
    let mut wrong_type = Request::post(HOST, PATH_13, good.clone());
    assert_eq!(Answer::of(&service, &wrong_type).response.status, 415);
    wrong_type.method = "GET".to_owned();
    assert_eq!(Answer::of(&service, &wrong_type).response.status, 405);
    clock.advance(Duration::from_secs(902));
    assert!(body(&soap(&service, PATH_13, TRUST_13, &good)).contains("InvalidSecurity"));
}

#[test]
fn provider_may_be_down() {
    let rule = json!({ "match": { "operation": "federation.trust" }, "action": { "status": 503 } });
    let mut user = ada();
    user["emulator"] = json!({ "federation": {} });
    let service = service_with(&registrations(), |config| {
        config.users = vec![User::parse(&user.to_string()).expect("a user")];
        config.faults = FaultRule::parse(&rule.to_string()).expect("a rule");
    });
    let answer = soap(&service, PATH_13, TRUST_13, &rst(TRUST_13, PASSWORD));
    assert_eq!(answer.response.status, 503);
    assert!(body(&answer).contains("ServiceUnavailable"));
    assert_eq!(realm(&service, ADA).response.status, 200);
}
