//! A real proxy, tinyproxy of Debian's packages: with and without a password, for other ports only, and around it. Where it is
//! not installed its tests say so and do nothing.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use certgrant::{ClientSecretCredential, HttpClientOptions};
use certgrant_emulator::Running;

use crate::emulator::{self, SECRET};
use crate::support::*;

const USER: &str = "clerk";
const PASSWORD: &str = "correct-horse";

/// A running proxy; dropping it ends it.
struct Tinyproxy {
    child: Child,
    output: BufReader<ChildStdout>,
    port: u16,
    file: PathBuf,
}

impl Tinyproxy {
    /// One that connects to `allowed` only; none where tinyproxy is not installed.
    fn start(allowed: u16, settings: &str) -> Option<Self> {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let file = std::env::temp_dir().join(format!("certgrant-tinyproxy-{port}.conf"));
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Info\nConnectPort {allowed}\n{settings}\n"
        );
        fs::write(&file, text).expect("a file");
        let started = Command::new("tinyproxy").arg("-d").arg("-c").arg(&file).stdout(Stdio::piped()).spawn();
        let Ok(mut child) = started else {
            eprintln!(
                "nothing is tested through a proxy: install tinyproxy (Debian: apt-get install tinyproxy)"
            );
            return None;
        };
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while !line.contains("Accepting connections") {
            line.clear();
            assert!(output.read_line(&mut line).expect("a line") > 0, "tinyproxy ended");
        }
        Some(Self { child, output, port, file })
    }

    fn url(&self, userinfo: &str) -> String {
        format!("http://{userinfo}127.0.0.1:{}", self.port)
    }

    /// Ends it; how often it was asked to connect to `port`.
    fn connects(mut self, port: u16) -> usize {
        self.child.kill().expect("it runs");
        let mut log = String::new();
        self.output.read_to_string(&mut log).expect("its log");
        log.lines().filter(|line| line.contains(&format!("CONNECT localhost:{port} "))).count()
    }
}

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        // It may have ended, and the file may be gone.
        let _killed = self.child.kill();
        let _waited = self.child.wait();
        let _removed = fs::remove_file(&self.file);
    }
}

async fn ask(
    emulator: &Running,
    adapt: impl FnOnce(HttpClientOptions) -> HttpClientOptions,
) -> Result<(), certgrant::Error> {
    let trusting = HttpClientOptions::new()
        .certificate_authorities(emulator.ca_pem())
        .only_given_certificate_authorities();
    let options = emulator::options_with(emulator, adapt(trusting)).max_retries(0);
    let credential = ClientSecretCredential::new(TENANT, CLIENT_ID, SECRET, options).expect("a credential");
    credential.get_token(GRAPH, &plain()).await.map(drop)
}

#[tokio::test]
async fn tinyproxy_leads_to_the_token_service() {
    let emulator = emulator::start(|_| ()).await;
    let port = emulator.https_addr().port();
    let Some(proxy) = Tinyproxy::start(port, "") else { return };
    ask(&emulator, |http| http.proxy(proxy.url(""))).await.expect("a token");
    ask(&emulator, |http| http.proxy(proxy.url("")).no_proxy_for("localhost")).await.expect("a token");
    assert_eq!(proxy.connects(port), 1, "once through it, once around it");
}

#[tokio::test]
async fn tinyproxy_with_a_password_lets_through_who_has_it() {
    let emulator = emulator::start(|_| ()).await;
    let port = emulator.https_addr().port();
    let Some(proxy) = Tinyproxy::start(port, &format!("BasicAuth {USER} {PASSWORD}")) else { return };
    let error = ask(&emulator, |http| http.proxy(proxy.url(""))).await.expect_err("no password");
    assert!(error.to_string().contains("status 407"), "{error}");
    let userinfo = format!("{USER}:{PASSWORD}@");
    ask(&emulator, |http| http.proxy(proxy.url(&userinfo))).await.expect("a token");
    assert_eq!(emulator.service().requests().len(), 1);
}

#[tokio::test]
async fn tinyproxy_that_refuses_is_named() {
    let emulator = emulator::start(|_| ()).await;
    let Some(proxy) = Tinyproxy::start(443, "") else { return };
    let error = ask(&emulator, |http| http.proxy(proxy.url(""))).await.expect_err("another port");
    assert!(error.to_string().contains("a proxy that refused to connect to the token service"), "{error}");
    assert_eq!(emulator.service().requests().len(), 0);
}
