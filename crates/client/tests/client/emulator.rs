//! The emulator, which really checks assertions, on the loopback over TLS.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use certgrant::{ClientOptions, HttpClient, HttpClientOptions};
use certgrant_emulator::{Application, Config, Emulator, Running};
use certgrant_testkit::serde_json::{self, Value};
use certgrant_testkit::vectors::{assertion_rs256 as vector, bundles};

use crate::support::*;

/// The secret of the application.
pub(crate) const SECRET: &str = "client-secret-of-the-tests";
/// What `tests/vectors/make.sh` protected its files with.
pub(crate) const PASSWORD: &str = "certgrant";

/// A clock that stands still when the emulator's does.
#[derive(Debug)]
struct FixedClock;

impl certgrant::Clock for FixedClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW)
    }
}

/// The application of the tests, registered with the vectors' first certificate and a secret.
pub(crate) fn application() -> Application {
    let application = Application::new(CLIENT_ID).expect("a GUID");
    application.with_certificate(vector::CERTIFICATE_DER).expect("a certificate").with_client_secret(SECRET)
}

/// The DER of the vectors' other certificate.
pub(crate) fn leaf_der() -> Vec<u8> {
    certgrant_core::Bundle::from_pem(leaf_pem().as_bytes()).expect("a bundle").chain[0].der().to_vec()
}

/// It and its key.
pub(crate) fn leaf_pem() -> String {
    [bundles::LEAF_KEY_PKCS1_PEM, bundles::LEAF_PEM].concat()
}

pub(crate) async fn start(adapt: impl FnOnce(&mut Config)) -> Running {
    let mut config = Config::default();
    config.applications = vec![application()];
    config.clock = certgrant_emulator::Clock::fixed(NOW);
    config.control = true;
    adapt(&mut config);
    Emulator::start(config).await.expect("a running emulator")
}

/// What trusts the emulator, and nothing else.
pub(crate) fn trusting(emulator: &Running) -> HttpClientOptions {
    let options = HttpClientOptions::new().certificate_authorities(emulator.ca_pem());
    options.only_given_certificate_authorities().without_proxy()
}

pub(crate) fn options_with(emulator: &Running, http: HttpClientOptions) -> ClientOptions {
    let http = HttpClient::new(http).expect("an HTTP client");
    ClientOptions::with_transport(http).authority(emulator.authority()).clock(FixedClock)
}

pub(crate) fn options(emulator: &Running) -> ClientOptions {
    options_with(emulator, trusting(emulator))
}

/// Takes the application's first key away.
pub(crate) fn unregister_first_key(emulator: &Running) {
    let applications = emulator.service().control("GET", "applications", "").expect("a list");
    let applications: Value = serde_json::from_str(&applications).expect("JSON");
    let text = applications.to_string();
    let id = text.split("\"keyId\":\"").nth(1).and_then(|text| text.split('"').next()).expect("a key");
    let path = format!("applications/{CLIENT_ID}/keys/{id}");
    emulator.service().control("DELETE", &path, "").expect("done");
}

/// What stands between the lines BEGIN and END of a PEM with one section, as registrations have it.
pub(crate) fn base64(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}
