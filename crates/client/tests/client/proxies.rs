//! Proxies: of an option, of the environment, with a password, and those that refuse.

use std::process::Command;

use certgrant::{ClientSecretCredential, HttpClient, HttpClientOptions, Result};
use certgrant_emulator::Running;

use crate::emulator::{self, SECRET};
use crate::proxy::{Policy, Proxy};
use crate::support::*;

fn trusting(emulator: &Running) -> HttpClientOptions {
    HttpClientOptions::new().certificate_authorities(emulator.ca_pem()).only_given_certificate_authorities()
}

fn credential(emulator: &Running, http: HttpClientOptions) -> ClientSecretCredential {
    let options = emulator::options_with(emulator, http).max_retries(0);
    ClientSecretCredential::new(TENANT, CLIENT_ID, SECRET, options).expect("a credential")
}

async fn error_through(emulator: &Running, url: String) -> certgrant::Error {
    let credential = credential(emulator, trusting(emulator).proxy(url));
    credential.get_token(GRAPH, &plain()).await.expect_err("no way through")
}

#[tokio::test]
async fn proxy_of_an_option_is_asked_to_connect() {
    let emulator = emulator::start(|_| ()).await;
    let proxy = Proxy::start(Policy::Open, emulator.https_addr()).await;
    let credential = credential(&emulator, trusting(&emulator).proxy(proxy.url()));
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    let port = emulator.https_addr().port();
    assert_eq!(proxy.requests(), [format!("CONNECT localhost:{port} HTTP/1.1")]);
}

#[tokio::test]
async fn proxy_is_given_user_name_and_password() {
    let emulator = emulator::start(|_| ()).await;
    let proxy = Proxy::start(Policy::Authenticated, emulator.https_addr()).await;
    let url = proxy.url_with("user", "pass%20word");
    let credential = credential(&emulator, trusting(&emulator).proxy(url));
    credential.get_token(GRAPH, &plain()).await.expect("a token");
}

#[tokio::test]
async fn proxy_that_wants_a_password_is_told_from_one_that_refuses() {
    let emulator = emulator::start(|_| ()).await;
    let proxy = Proxy::start(Policy::Authenticated, emulator.https_addr()).await;
    for url in [proxy.url(), proxy.url_with("user", "wrong")] {
        let error = error_through(&emulator, url).await;
        assert_eq!(error.code(), "ERR_NETWORK_FAILED");
        assert!(
            error.to_string().contains("a proxy that wants a user name and a password (status 407)"),
            "{error}"
        );
        assert!(error.hint().contains("http://user:password@host:port"), "{}", error.hint());
        assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
    }
    let closed = Proxy::start(Policy::Closed, emulator.https_addr()).await;
    let error = error_through(&emulator, closed.url()).await;
    assert!(error.to_string().contains("a proxy that refused to connect to the token service"), "{error}");
    assert!(error.hint().contains("CONNECT"), "{}", error.hint());
    assert_eq!(emulator.service().requests().len(), 0);
}

#[tokio::test]
async fn proxy_that_does_not_run_is_named_as_such() {
    let emulator = emulator::start(|_| ()).await;
    let url = Proxy::start(Policy::Open, emulator.https_addr()).await.url();
    let error = error_through(&emulator, url).await;
    assert!(error.to_string().contains("a proxy that can't be reached"), "{error}");
}

#[tokio::test]
async fn hosts_of_the_exceptions_are_reached_without_the_proxy() {
    let emulator = emulator::start(|_| ()).await;
    let proxy = Proxy::start(Policy::Closed, emulator.https_addr()).await;
    let http = trusting(&emulator).proxy(proxy.url()).no_proxy_for("contoso.com,localhost");
    credential(&emulator, http).get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn options_that_are_not_usable_are_refused_without_their_secrets() {
    let error = |options: HttpClientOptions| HttpClient::new(options).expect_err("not usable");
    for options in [
        HttpClientOptions::new().proxy("http://user:s3cr3t-passw0rd@"),
        HttpClientOptions::new().certificate_authorities("no PEM"),
        HttpClientOptions::new()
            .certificate_authorities("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ] {
        assert!(!format!("{options:?}").contains("s3cr3t-passw0rd"));
        let error = error(options);
        assert_eq!(error.code(), "ERR_TRANSPORT_INVALID");
        assert!(!format!("{error:?}").contains("s3cr3t-passw0rd"), "{error:?}");
    }
}

/// The name of the test that is the other process.
const OTHER: &str = "proxies::other_process";

/// Gets a token in a process whose environment a test chose; without one it does nothing.
#[tokio::test]
async fn other_process() -> Result<()> {
    let (Ok(authority), Ok(ca)) = (std::env::var("TEST_AUTHORITY"), std::env::var("TEST_CA")) else {
        return Ok(());
    };
    let http = HttpClientOptions::new().certificate_authorities(ca).only_given_certificate_authorities();
    let options = certgrant::ClientOptions::with_transport(HttpClient::new(http)?).authority(authority);
    let credential = ClientSecretCredential::new(TENANT, CLIENT_ID, SECRET, options.max_retries(0))?;
    credential.get_token(GRAPH, &plain()).await.map(drop)
}

/// Whether a process with these variables gets a token.
async fn other_process_gets_a_token(emulator: &Running, variables: &[(&str, String)]) -> bool {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args([OTHER, "--exact"])
        .env("TEST_AUTHORITY", emulator.authority())
        .env("TEST_CA", emulator.ca_pem());
    for name in [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
    ] {
        command.env_remove(name);
    }
    command.envs(variables.iter().map(|(name, value)| (*name, value)));
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("a process");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("1 passed") || text.contains("1 failed"), "{text}");
    output.status.success()
}

#[tokio::test]
async fn proxy_of_the_environment_is_used_and_its_exceptions_are_kept_to() {
    let emulator = emulator::start(|_| ()).await;
    let open = Proxy::start(Policy::Open, emulator.https_addr()).await;
    let closed = Proxy::start(Policy::Closed, emulator.https_addr()).await;
    assert!(other_process_gets_a_token(&emulator, &[("HTTPS_PROXY", open.url())]).await);
    assert_eq!(open.requests().len(), 1);
    assert!(!other_process_gets_a_token(&emulator, &[("HTTPS_PROXY", closed.url())]).await);
    assert_eq!(closed.requests().len(), 1);
    let variables = [("HTTPS_PROXY", closed.url()), ("NO_PROXY", "localhost".to_owned())];
    assert!(other_process_gets_a_token(&emulator, &variables).await);
    let variables = [("HTTP_PROXY", closed.url())];
    assert!(other_process_gets_a_token(&emulator, &variables).await, "it is for other URLs");
    assert_eq!(closed.requests().len(), 1);
}
