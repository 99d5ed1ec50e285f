//! Keys, certificates, assertions and requests for the tests.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use certgrant_emulator::{Application, Clock, Config, Decision, LogEntry, Request, Response, TokenService};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, date_time_ymd};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use rsa::pkcs8::EncodePrivateKey as _;
use serde_json::{Map, Value, json};

pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const APP: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
pub(crate) const HOST: &str = "localhost:8443";
pub(crate) const GRAPH_SCOPE: &str = "https://graph.microsoft.com/.default";
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// 2025-01-01T00:01:40Z
pub(crate) const NOW: u64 = 1_735_689_700;

/// An RSA key with a certificate that is valid in 2024 and 2025.
pub(crate) struct TestKey {
    pub(crate) pair: RsaKeyPair,
    pub(crate) pkcs8: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
}

impl TestKey {
    fn generate(name: &str) -> Self {
        let key = rsa::PrivateKey::new(&mut SystemRng, 2048).expect("an RSA key");
        let pkcs8 = key.to_pkcs8_der().expect("PKCS#8").as_bytes().to_vec();
        let rcgen_pair =
            KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8[..].into(), &PKCS_RSA_SHA256).expect("a key pair");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2024, 1, 1);
        params.not_after = date_time_ymd(2026, 1, 1);
        let certificate = params.self_signed(&rcgen_pair).expect("a certificate").der().to_vec();
        Self { pair: RsaKeyPair::from_pkcs8(&pkcs8).expect("a key pair"), pkcs8, certificate }
    }

    pub(crate) fn sha1(&self) -> Vec<u8> {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.certificate).as_ref().to_vec()
    }

    pub(crate) fn sha256(&self) -> Vec<u8> {
        digest(&SHA256, &self.certificate).as_ref().to_vec()
    }

    pub(crate) fn thumbprint(&self) -> String {
        self.sha1().iter().map(|byte| format!("{byte:02X}")).collect()
    }

    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(&self.certificate)
    }
}

struct SystemRng;

impl rsa::rand_core::TryRng for SystemRng {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        use ring::rand::SecureRandom as _;
        SystemRandom::new().fill(bytes).expect("random bytes");
        Ok(())
    }
}

impl rsa::rand_core::TryCryptoRng for SystemRng {}

/// The registered application's key.
pub(crate) fn app_key() -> &'static TestKey {
    static KEY: OnceLock<TestKey> = OnceLock::new();
    KEY.get_or_init(|| TestKey::generate("daemon"))
}

/// A key that nobody has registered.
pub(crate) fn other_key() -> &'static TestKey {
    static KEY: OnceLock<TestKey> = OnceLock::new();
    KEY.get_or_init(|| TestKey::generate("stranger"))
}

/// A client assertion to be; right in every respect until it is changed.
pub(crate) struct Assertion {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    key: &'static TestKey,
}

impl Assertion {
    pub(crate) fn new() -> Self {
        let key = app_key();
        let header = json!({ "alg": "RS256", "typ": "JWT", "x5t": URL_SAFE_NO_PAD.encode(key.sha1()) });
        let claims = json!({
            "aud": format!("https://{HOST}/{TENANT}/oauth2/v2.0/token"),
            "iss": APP,
            "sub": APP,
            "jti": "00000000-0000-4000-8000-000000000001",
            "nbf": NOW,
            "exp": NOW + 600,
        });
        let (Value::Object(header), Value::Object(claims)) = (header, claims) else {
            unreachable!("objects")
        };
        Self { header, claims, key }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    pub(crate) fn signed_by(mut self, key: &'static TestKey) -> Self {
        self.key = key;
        self
    }

    /// PS256 with x5t#S256, as Microsoft's present clients send it.
    pub(crate) fn ps256() -> Self {
        let key = app_key();
        let assertion = Self::new().without_header("x5t").header("alg", "PS256");
        assertion.header("x5t#S256", URL_SAFE_NO_PAD.encode(key.sha256()))
    }

    pub(crate) fn sign(&self) -> String {
        let header = Value::Object(self.header.clone()).to_string();
        self.sign_json(&header, &Value::Object(self.claims.clone()).to_string())
    }

    /// Signs JSON as it is, so that it may have what a map can't.
    pub(crate) fn sign_json(&self, header: &str, claims: &str) -> String {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let padding: &dyn RsaEncoding = match self.header.get("alg").and_then(Value::as_str) {
            Some("PS256") => &RSA_PSS_SHA256,
            Some("RS384") => &RSA_PKCS1_SHA384,
            Some("RS512") => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.key.pair.public().modulus_len()];
        self.key
            .pair
            .sign(padding, &SystemRandom::new(), input.as_bytes(), &mut signature)
            .expect("a signature");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The registration of the application, as JSON to be changed.
pub(crate) fn registration() -> Value {
    json!({
        "appId": APP,
        "displayName": "daemon",
        "keyCredentials": [{
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
            "keyId": "0f0f0f0f-1111-4222-8333-444444444444",
            "key": app_key().base64(),
        }],
    })
}

/// A service whose clock stands at [`NOW`].
pub(crate) fn service_with(registration: &Value, change: impl FnOnce(&mut Config)) -> TokenService {
    let mut config = Config::default();
    config.applications = Application::parse(&registration.to_string()).expect("registrations");
    config.clock = Clock::fixed(NOW);
    change(&mut config);
    TokenService::new(config).expect("a service")
}

pub(crate) fn service_for(registration: &Value) -> TokenService {
    service_with(registration, |_| ())
}

/// One lenient service for all the tests that need nothing else.
pub(crate) fn service() -> &'static TokenService {
    static SERVICE: OnceLock<TokenService> = OnceLock::new();
    SERVICE.get_or_init(|| service_for(&registration()))
}

pub(crate) struct Answer {
    pub(crate) body: Value,
    pub(crate) response: Response,
    pub(crate) entry: LogEntry,
}

impl Answer {
    pub(crate) fn of(service: &TokenService, request: &Request) -> Self {
        let (response, entry) = service.handle(request);
        assert_eq!(response.status, entry.status);
        let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        Self { body, response, entry }
    }

    pub(crate) fn text(&self) -> &str {
        self.body["error_description"].as_str().unwrap_or_default()
    }

    /// The claims of the access token, not verified.
    #[track_caller]
    pub(crate) fn token_part(&self, index: usize) -> Value {
        let token = self.body["access_token"].as_str().unwrap_or_else(|| panic!("no token: {}", self.body));
        let part = token.split('.').nth(index).expect("three parts");
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
    }

    #[track_caller]
    pub(crate) fn assert_issued(&self) -> &Self {
        assert_eq!(self.response.status, 200, "{}", self.body);
        assert!(matches!(self.entry.decision, Decision::Issued { .. }), "{}", self.entry);
        assert_eq!(self.body["token_type"], "Bearer");
        self
    }

    /// Code, OAuth error, status and the telling part of the text; and that text, members and log agree.
    #[track_caller]
    pub(crate) fn assert_refused(&self, code: u32, error: &str, status: u16, telling: &str) -> &Self {
        assert_eq!(
            (&self.body["error_codes"], &self.body["error"]),
            (&json!([code]), &json!(error)),
            "{}",
            self.body
        );
        assert_eq!(self.response.status, status, "{}", self.body);
        let text = self.text();
        assert!(text.starts_with(&format!("AADSTS{code}: ")), "{text}");
        assert!(text.contains(telling), "{text}\nlacks\n{telling}");
        for (label, member) in
            [("Trace ID", "trace_id"), ("Correlation ID", "correlation_id"), ("Timestamp", "timestamp")]
        {
            let value = self.body[member].as_str().expect(member);
            assert!(text.contains(&format!("{label}: {value}")), "{text}");
        }
        assert!(matches!(self.entry.decision, Decision::Refused { code: logged, .. } if logged == code));
        assert!(self.body.get("access_token").is_none());
        self
    }
}

pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}

/// The parameters of a v2 request with this assertion.
pub(crate) fn v2_parameters(assertion: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", APP.to_owned()),
        ("scope", GRAPH_SCOPE.to_owned()),
        ("client_assertion_type", ASSERTION_TYPE.to_owned()),
        ("client_assertion", assertion.to_owned()),
    ]
}

pub(crate) fn v2_request(parameters: &[(&'static str, String)]) -> Request {
    let parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Request::post(HOST, &format!("/{TENANT}/oauth2/v2.0/token"), form(&parameters))
}

/// Sends a v2 request with this assertion.
pub(crate) fn present(service: &TokenService, assertion: &Assertion) -> Answer {
    present_text(service, &assertion.sign())
}

pub(crate) fn present_text(service: &TokenService, assertion: &str) -> Answer {
    Answer::of(service, &v2_request(&v2_parameters(assertion)))
}

/// Sends a v2 request with a good assertion, one parameter of it replaced.
pub(crate) fn present_with(service: &TokenService, name: &'static str, value: &str) -> Answer {
    let mut parameters = v2_parameters(&Assertion::new().sign());
    parameters.retain(|(other, _)| *other != name);
    parameters.push((name, value.to_owned()));
    Answer::of(service, &v2_request(&parameters))
}

/// A request to the control interface.
pub(crate) fn control_request(method: &str, path: &str, body: &Value) -> Request {
    let mut request = Request::get(HOST, &format!("/.control/{path}"));
    request.method = method.to_owned();
    if !body.is_null() {
        request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        request.body = body.to_string().into_bytes();
    }
    request
}

/// What the control interface answers, which must be a success.
#[track_caller]
pub(crate) fn control(service: &TokenService, method: &str, path: &str, body: Value) -> Value {
    let answer = Answer::of(service, &control_request(method, path, &body));
    assert_eq!(answer.response.status, 200, "{}", answer.body);
    answer.body
}

/// PEM of one section.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| core::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
