//! The command: what it prints, how it ends, what it says when it can't start.

use core::sync::atomic::{AtomicU32, Ordering};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::*;

/// A directory of this test's own, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a file");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command(registrations: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_certgrant-emulator"));
    command.arg("--registrations").arg(registrations).args(["--port", "0"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running command, killed if a test fails before it ends.
struct Started {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Started {
    fn new(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("a process");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, stdout }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// The rest of a line that begins like this.
    #[track_caller]
    fn value(&mut self, beginning: &str) -> String {
        let line = self.line();
        line.strip_prefix(beginning)
            .unwrap_or_else(|| panic!("{line} does not begin with {beginning}"))
            .to_owned()
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()));
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn assert_fails(output: &Output, telling: &str) {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("certgrant-emulator: ") && stderr.contains(telling), "{stderr}");
    assert_eq!(stdout, "");
}

#[test]
fn prints_where_it_listens_and_one_line_per_request() {
    let scratch = Scratch::new();
    let registrations = scratch.file("apps.json", &registration().to_string());
    let authority = scratch.0.join("ca.pem");
    let mut started =
        Started::new(command(&registrations).args(["--http-port", "0", "--ca-out"]).arg(&authority));
    let https: u16 = started.value("listening https://localhost:").parse().expect("a port");
    let http: u16 = started.value("listening http://localhost:").parse().expect("a port");
    assert_ne!(https, http);
    assert_eq!(started.value("certificate authority "), authority.display().to_string());
    assert!(fs::read_to_string(&authority).is_ok_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----")));
    assert!(started.line().contains(APP));
    assert_eq!(started.line(), "Ctrl-C ends it");
    let mut stream = TcpStream::connect(("127.0.0.1", http)).expect("a connection");
    write!(
        stream,
        "GET /contoso.com/discovery/keys HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .expect("written");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert_eq!(started.line(), "GET /contoso.com/discovery/keys 200; served key set");
}

#[test]
fn vaults_and_the_control_interface_are_options() {
    let scratch = Scratch::new();
    let registrations = scratch.file("apps.json", &registration().to_string());
    let vault = json!({ "name": "contoso", "tenant": TENANT, "certificates": [{ "name": "daemon" }] });
    let vaults = scratch.file("vaults.json", &vault.to_string());
    let mut command = command(&registrations);
    let mut started = Started::new(command.args(["--http-port", "0", "--control", "--vaults"]).arg(&vaults));
    started.value("listening https://localhost:");
    let http: u16 = started.value("listening http://localhost:").parse().expect("a port");
    let url = format!("https://localhost:{}", started.value("vault contoso https://localhost:"));
    let mut stream = TcpStream::connect(("127.0.0.1", http)).expect("a connection");
    write!(stream, "GET /.control/vaults HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("written");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    let (_, body) = reply.split_once("\r\n\r\n").expect("a body");
    let shown: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(shown["vaults"][0]["url"], url);
    vaults_that_are_none_are_one_clear_line(&scratch);
}

fn vaults_that_are_none_are_one_clear_line(scratch: &Scratch) {
    let registrations = scratch.file("none.json", "[]");
    let broken = scratch.file("broken-vaults.json", "{}");
    let output = command(&registrations).arg("--vaults").arg(&broken).output().expect("an end");
    assert_fails(&output, "broken-vaults.json: missing field `name`");
}

#[cfg(unix)]
#[test]
fn interrupt_and_termination_end_it_cleanly() {
    let scratch = Scratch::new();
    let registrations = scratch.file("apps.json", &registration().to_string());
    for signal in ["-INT", "-TERM"] {
        let mut started = Started::new(&mut command(&registrations));
        started.value("listening https://localhost:");
        let authority = PathBuf::from(started.value("certificate authority "));
        assert!(authority.exists());
        started.signal(signal);
        assert_eq!(started.child.wait().expect("an end").code(), Some(0), "{signal}");
        assert!(!authority.exists(), "the temporary file is left behind");
        let mut stderr = String::new();
        started.child.stderr.take().expect("its errors").read_to_string(&mut stderr).expect("text");
        assert_eq!(stderr, "");
    }
}

#[test]
fn port_in_use_is_one_clear_line() {
    let scratch = Scratch::new();
    let registrations = scratch.file("apps.json", "[]");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let output = command(&registrations).args(["--http-port", &port.to_string()]).output().expect("an end");
    assert_fails(&output, &format!("port {port} is in use at 127.0.0.1"));
}

#[test]
fn missing_or_broken_registration_file_is_one_clear_line() {
    let scratch = Scratch::new();
    let missing = scratch.0.join("missing.json");
    assert_fails(&command(&missing).output().expect("an end"), "missing.json: ");
    let broken = scratch.file("broken.json", "{\n\"appId\" 1\n}");
    assert_fails(&command(&broken).output().expect("an end"), "broken.json: expected `:` at line 2");
    let nameless = scratch.file("nameless.json", &json!([{ "displayName": "daemon" }]).to_string());
    assert_fails(&command(&nameless).output().expect("an end"), "nameless.json: missing field `appId`");
}

#[test]
fn bad_certificate_is_one_clear_line() {
    let scratch = Scratch::new();
    let mut registration: Value = registration();
    registration["keyCredentials"][0]["key"] = json!("AAAA");
    let file = scratch.file("apps.json", &registration.to_string());
    let telling = "apps.json: application 1 (daemon): keyCredentials[0] \
                   (0f0f0f0f-1111-4222-8333-444444444444): key: not a DER certificate";
    assert_fails(&command(&file).output().expect("an end"), telling);
}

#[test]
fn authority_that_cannot_be_written_is_one_clear_line() {
    let scratch = Scratch::new();
    let registrations = scratch.file("apps.json", "[]");
    let nowhere = scratch.0.join("no").join("such").join("ca.pem");
    let output = command(&registrations).arg("--ca-out").arg(nowhere).output().expect("an end");
    assert_fails(&output, "can't write the certificate authority to ");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let scratch = Scratch::new();
    let registrations = scratch.file("apps.json", "[]");
    for option in [["--tenant", "contoso"], ["--lifetime", "0"], ["--clock-skew", "x"], ["--port", "65536"]] {
        let output = command(&registrations).args(option).output().expect("an end");
        assert_eq!(output.status.code(), Some(2), "{option:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(option[0]), "{option:?}");
    }
}

#[test]
fn help_names_every_option_of_the_readme() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_certgrant-emulator")).arg("--help").output().expect("an end");
    let help = String::from_utf8(output.stdout).expect("text");
    let readme = include_str!("../../README.md");
    let options: Vec<&str> = help.split_whitespace().filter(|word| word.starts_with("--")).collect();
    assert!(options.len() >= 8, "{help}");
    for option in options.iter().filter(|option| !matches!(**option, "--help" | "--version")) {
        assert!(readme.contains(&format!("`{option}")), "the README lacks {option}");
    }
}
