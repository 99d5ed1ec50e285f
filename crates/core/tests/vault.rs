//! A vault driven in memory: what it is asked, and what becomes of its answers.

#![cfg(feature = "key-vault")]

use certgrant_core::*;
use certgrant_testkit::leaks::LeakScanner;
use certgrant_testkit::vectors::assertion_rs256 as vector;

const VERSION: &str = "0123456789abcdef0123456789abcdef";
const CHALLENGE: &str = r#"Bearer authorization="https://login.windows.net/11111111-2222-3333-4444-555555555555", resource="https://vault.azure.net""#;

fn vault(url: &str) -> Vault {
    let options =
        VaultOptions { vault_url: url.into(), certificate_name: "app".into(), certificate_version: None };
    Vault::new(&options).unwrap()
}

/// Status, headers and body.
type Answer = (u16, Vec<(&'static str, &'static str)>, String);

/// Plays the host: gives a token, and answers requests from a script of status, headers and body.
struct Host {
    script: Vec<Answer>,
    tokens: Vec<(String, Option<String>, Option<String>)>,
    requests: Vec<HttpRequest>,
    waits: Vec<Timestamp>,
}

fn host(script: impl IntoIterator<Item = Answer>) -> Host {
    let mut script: Vec<_> = script.into_iter().collect();
    script.reverse();
    Host { script, tokens: vec![], requests: vec![], waits: vec![] }
}

impl Host {
    fn run(&mut self, vault: &mut Vault, task: VaultTask) -> Result<VaultAnswer> {
        let mut flight = VaultFlight::new(task);
        let mut now = Timestamp::from_secs(1_800_000_000);
        let mut input = VaultInput::Begin([7; 32]);
        loop {
            input = match vault.step(&mut flight, input, now).unwrap() {
                VaultStep::Token { scope, tenant, claims } => {
                    self.tokens.push((scope, tenant, claims));
                    VaultInput::Token("vault-token".to_owned().into())
                }
                VaultStep::Send(request) => {
                    self.requests.push(request);
                    let (status, headers, body) = self.script.pop().expect("a scripted answer");
                    let headers =
                        headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
                    VaultInput::Response(HttpResponse { status, headers, body: body.into_bytes().into() })
                }
                VaultStep::Wait(until) => {
                    self.waits.push(until);
                    now = until;
                    VaultInput::Woken
                }
                VaultStep::Done(result) => return result,
            };
        }
    }
}

fn certificate_bundle() -> String {
    format!(
        r#"{{"id":"https://contoso.vault.azure.net/certificates/app/{VERSION}","kid":"https://contoso.vault.azure.net/keys/app/{VERSION}","sid":"https://contoso.vault.azure.net/secrets/app/{VERSION}","x5t":"{}","cer":"{}","attributes":{{"enabled":true,"nbf":1,"exp":2}}}}"#,
        vector::X5T,
        vector::certificate_base64()
    )
}

fn signed(kid_version: &str) -> String {
    format!(r#"{{"kid":"https://contoso.vault.azure.net/keys/app/{kid_version}","value":"AQID"}}"#)
}

fn sign() -> VaultTask {
    let request = SigningRequest { algorithm: Algorithm::Ps256, signing_input: vector::SIGNING_INPUT.into() };
    VaultTask::Sign { version: VERSION.into(), request }
}

fn refused(status: u16, inner: &str) -> Answer {
    let body =
        format!(r#"{{"error":{{"code":"Forbidden","message":"no","innererror":{{"code":"{inner}"}}}}}}"#);
    (status, vec![], body)
}

#[test]
fn certificate_is_asked_for_as_the_documentation_says() {
    let mut host = host([(200, vec![], certificate_bundle())]);
    let answer = host.run(&mut vault("https://contoso.vault.azure.net"), VaultTask::Certificate).unwrap();
    let VaultAnswer::Certificate { pem, version } = answer else { panic!("{answer:?}") };
    assert_eq!((pem.as_str(), version.as_str()), (vector::CERTIFICATE_PEM, VERSION));
    assert_eq!(host.tokens, [("https://vault.azure.net/.default".to_owned(), None, None)]);
    let request = &host.requests[0];
    assert_eq!(request.method, Method::Get);
    assert_eq!(request.url, "https://contoso.vault.azure.net/certificates/app/?api-version=7.4");
    let (name, value) = request.secret_header.as_ref().unwrap();
    assert_eq!((*name, value.expose().as_str()), ("authorization", "Bearer vault-token"));
}

#[test]
fn digest_is_signed_with_the_version_of_the_certificate() {
    let mut host = host([(200, vec![], signed(VERSION))]);
    let answer = host.run(&mut vault("https://contoso.vault.azure.net"), sign()).unwrap();
    assert!(matches!(answer, VaultAnswer::Signature(signature) if signature == [1, 2, 3]));
    let request = &host.requests[0];
    assert_eq!(request.method, Method::Post);
    assert_eq!(
        request.url,
        format!("https://contoso.vault.azure.net/keys/app/{VERSION}/sign?api-version=7.4")
    );
    let digest = "dwbRrnzzkHMJhHkmC5EzI7ojz7_XCZ8LlsQs8qzHoPQ";
    assert_eq!(request.body.expose(), &format!(r#"{{"alg":"PS256","value":"{digest}"}}"#));
}

#[test]
fn vault_of_an_unknown_cloud_is_asked_what_it_wants_without_being_told_anything() {
    let local = "Bearer authorization=\"https://login.example/tenant\", resource=\"https://cloud.example\"";
    let mut vault = vault("https://contoso.cloud.example");
    let kid = signed(VERSION).replace("contoso.vault.azure.net", "contoso.cloud.example");
    let mut host = host([
        (401, vec![("www-authenticate", local)], String::new()),
        (200, vec![], kid.clone()),
        (200, vec![], kid),
    ]);
    host.run(&mut vault, sign()).unwrap();
    assert!(host.requests[0].secret_header.is_none());
    assert_eq!(host.requests[0].body.expose(), "{}");
    assert_eq!(host.tokens, [("https://cloud.example/.default".to_owned(), Some("tenant".to_owned()), None)]);
    host.run(&mut vault, sign()).unwrap();
    assert_eq!((host.requests.len(), host.tokens.len()), (3, 2), "learnt");
}

#[test]
fn challenge_for_another_domain_gets_no_token() {
    let evil = "Bearer authorization=\"https://login.example/t\", resource=\"https://graph.microsoft.com\"";
    let mut host = host([(401, vec![("WWW-Authenticate", evil)], String::new())]);
    let error = host.run(&mut vault("https://contoso.cloud.example"), sign()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::VaultChallengeForeign);
    assert!(host.tokens.is_empty());
}

#[test]
fn challenge_is_followed_once() {
    let challenged = || (401, vec![("www-authenticate", CHALLENGE)], String::from("{}"));
    let mut host = host([challenged(), challenged()]);
    let error = host.run(&mut vault("https://contoso.vault.azure.net"), sign()).unwrap_err();
    assert_eq!((error.code(), host.requests.len()), (ErrorCode::VaultRefused, 2));
    assert_eq!(host.tokens[1].1.as_deref(), Some("11111111-2222-3333-4444-555555555555"));
}

#[test]
fn refusals_say_what_to_do() {
    for (status, inner, hint) in [
        (403, "ForbiddenByPolicy", "Key Vault Crypto User"),
        (403, "ForbiddenByRbac", "Key Vault Crypto User"),
        (403, "ForbiddenByFirewall", "firewall"),
        (403, "KeyDisabled", "enable the version"),
        (404, "", "check the names"),
    ] {
        let mut host = host([refused(status, inner)]);
        let error = host.run(&mut vault("https://contoso.vault.azure.net"), sign()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::VaultRefused);
        assert!(error.hint().contains(hint), "{inner}: {}", error.hint());
        assert_eq!(error.service().unwrap().status, status);
    }
}

#[test]
fn throttled_vault_is_left_alone_as_long_as_it_asks() {
    let throttled = (429, vec![("retry-after", "3")], String::from("{}"));
    let mut host = host([throttled, (503, vec![], String::new()), (200, vec![], signed(VERSION))]);
    host.run(&mut vault("https://contoso.vault.azure.net"), sign()).unwrap();
    assert_eq!(host.waits[0], Timestamp::from_secs(1_800_000_003));
    assert_eq!(host.requests.len(), 3);
}

#[test]
fn vault_that_stays_throttled_is_an_error_with_its_words() {
    let throttled = || (429, vec![], r#"{"error":{"code":"Throttled","message":"slow down"}}"#.to_owned());
    let mut host = host((0..4).map(|_| throttled()));
    let error = host.run(&mut vault("https://contoso.vault.azure.net"), sign()).unwrap_err();
    assert_eq!((error.code(), error.found()), (ErrorCode::VaultUnavailable, "Throttled: slow down"));
}

#[test]
fn answers_that_do_not_belong_together_are_refused() {
    for body in [
        signed("fedcba9876543210fedcba9876543210"),
        signed(VERSION).replace("contoso", "evil"),
        signed(VERSION).replace("AQID", "AQI="),
        "{}".into(),
        "<html>".into(),
    ] {
        let mut host = host([(200, vec![], body)]);
        let error = host.run(&mut vault("https://contoso.vault.azure.net"), sign()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::VaultResponseInvalid);
    }
    let other = certificate_bundle().replace(vector::X5T, "AAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let mut host = host([(200, vec![], other)]);
    let error = host.run(&mut vault("https://contoso.vault.azure.net"), VaultTask::Certificate).unwrap_err();
    assert_eq!(error.code(), ErrorCode::VaultResponseInvalid);
}

#[test]
fn disabled_certificate_is_refused() {
    let disabled = certificate_bundle().replace("true", "false");
    let mut host = host([(200, vec![], disabled)]);
    let error = host.run(&mut vault("https://contoso.vault.azure.net"), VaultTask::Certificate).unwrap_err();
    assert_eq!(
        (error.code(), error.found()),
        (ErrorCode::VaultRefused, "a certificate that is disabled in the vault")
    );
}

#[test]
fn nothing_that_is_printed_for_debugging_holds_the_token() {
    let mut scanner = LeakScanner::new();
    scanner.add_text("token", "vault-token");
    let mut vault = vault("https://contoso.vault.azure.net");
    let mut flight = VaultFlight::new(sign());
    let now = Timestamp::from_secs(1_800_000_000);
    vault.step(&mut flight, VaultInput::Begin([1; 32]), now).unwrap();
    let token = VaultInput::Token("vault-token".to_owned().into());
    let mut printed = format!("{token:?}");
    let step = vault.step(&mut flight, token, now).unwrap();
    printed += &format!("{step:?} {flight:?} {vault:?}");
    assert_eq!(scanner.find(&printed), [""; 0]);
}
