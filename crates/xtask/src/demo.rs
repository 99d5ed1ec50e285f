//! `cargo xtask demo`: the whole way of a token on one machine, to be watched.
//!
//! Makes a certificate as an administrator would, registers it with the emulator, and gets a token three times: with
//! adal-node's call on the native addon and on the WASM module, and with `getToken` of the new API. Each token is
//! verified by Node's own crypto against the key set that the emulator publishes; one that does not verify ends the demo
//! with an error. All files lie in a fresh folder of the target folder.

mod certificate;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::emulator::{self, Emulator};
use crate::process::Call;
use crate::report::{Outcome, Report, Tone, printable};
use crate::workspace::Workspace;
use crate::{build, setup};

const COMMON_NAME: &str = "DemoApplication2";
const TENANT: &str = "contoso.onmicrosoft.com";
const CLIENT_ID: &str = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346";
const RESOURCE: &str = "https://graph.microsoft.com";
const ROLE: &str = "User.Read.All";

const ADAL_SCRIPT: &str = include_str!("../demo/adal.mjs");
const CREDENTIAL_SCRIPT: &str = include_str!("../demo/credential.mjs");
const VERIFY_SCRIPT: &str = include_str!("../demo/verify.mjs");

/// How wide a line of text may be, besides its indentation.
const WIDTH: usize = 92;

/// The claims that are shown, of those that a token has.
const CLAIMS: [&str; 9] = ["ver", "aud", "iss", "tid", "appid", "azp", "appidacr", "azpacr", "roles"];

/// One way to a token.
struct Way {
    title: &'static str,
    script: &'static str,
    backend: &'static str,
}

const WAYS: [Way; 3] = [
    Way { title: "adal-node's call, native addon", script: "adal.mjs", backend: "native" },
    Way { title: "adal-node's call, WASM module", script: "adal.mjs", backend: "wasm" },
    Way { title: "getToken of the new API, native addon", script: "credential.mjs", backend: "native" },
];

/// What the scripts work with.
struct Scene {
    folder: PathBuf,
    pem: PathBuf,
    authority_file: PathBuf,
    emulator: Emulator,
}

/// What a script told.
#[derive(Debug, Default)]
struct Told {
    log: Vec<String>,
    times: Vec<(String, f64)>,
    token: String,
}

/// Runs the demo.
///
/// # Errors
///
/// A step fails, or a token does not verify.
pub(crate) fn run(workspace: &Workspace, report: &Report) -> Result<()> {
    report.heading("set-up and build");
    setup::run(workspace, report)?;
    build::make(workspace, report)?;
    let scene = prepare(workspace, report)?;
    for (number, way) in WAYS.iter().enumerate() {
        report.heading(&format!("{}. {}", number + 1, way.title));
        get_token(&scene, way, report)?;
    }
    say_where_to_go_next(workspace, &scene, report);
    Ok(())
}

/// Makes the certificate, registers it, and starts the emulator.
fn prepare(workspace: &Workspace, report: &Report) -> Result<Scene> {
    report.heading("certificate and registration");
    let folder = fresh_folder(workspace)?;
    let pem = folder.join(format!("{COMMON_NAME}.pem"));
    let mut made = None;
    report.step("RSA key and certificate", |_| {
        let certificate = certificate::make(COMMON_NAME)?;
        write_private(&pem, &(certificate.private_key_pem.clone() + &certificate.certificate_pem))?;
        made = Some(certificate);
        Ok(Outcome::done(format!("CN={COMMON_NAME}, RSA 2048, two years, PEM")))
    })?;
    let certificate = made.context("the step above makes it")?;
    let registrations = folder.join("registrations.json");
    report.step("registration", |_| {
        fs::write(
            &registrations,
            serde_json::to_string_pretty(&registration(&certificate.der_base64()))? + "\n",
        )?;
        Ok(Outcome::done(format!("client {CLIENT_ID} with the role {ROLE}")))
    })?;
    let authority_file = folder.join("emulator-ca.pem");
    let mut running = None;
    report.step("emulator", |live| {
        let program = emulator::build(workspace, live)?;
        let emulator = Emulator::start(&program, &registrations, &authority_file)?;
        let outcome = Outcome::done(format!("{}/{TENANT}", emulator.authority));
        running = Some(emulator);
        Ok(outcome)
    })?;
    Ok(Scene { folder, pem, authority_file, emulator: running.context("the step above starts it")? })
}

/// A folder of nothing but what this run makes, where Node finds the package by its name.
fn fresh_folder(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    let modules = folder.join("node_modules");
    fs::create_dir_all(&modules).with_context(|| format!("creating {}", folder.display()))?;
    link_folder(&workspace.npm(), &modules.join("certgrant"))
        .context("linking the npm package into the demo")?;
    for (name, text) in
        [("adal.mjs", ADAL_SCRIPT), ("credential.mjs", CREDENTIAL_SCRIPT), ("verify.mjs", VERIFY_SCRIPT)]
    {
        fs::write(folder.join(name), text)?;
    }
    Ok(folder)
}

#[cfg(unix)]
fn link_folder(folder: &Path, link: &Path) -> Result<()> {
    Ok(std::os::unix::fs::symlink(folder, link)?)
}

/// Symbolic links ask for a privilege on Windows, junctions do not.
#[cfg(not(unix))]
fn link_folder(folder: &Path, link: &Path) -> Result<()> {
    Call::new("cmd")
        .args(["/C", "mklink", "/J"])
        .arg(link)
        .arg(folder)
        .output(&crate::report::LiveLine::off())?;
    Ok(())
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("creating {}", path.display()))?;
    Ok(std::io::Write::write_all(&mut file, text.as_bytes())?)
}

/// The application as Microsoft Graph shows it.
fn registration(der_base64: &str) -> Value {
    json!({
        "appId": CLIENT_ID,
        "displayName": COMMON_NAME,
        "keyCredentials": [{
            "keyId": "7c1ab6a3-3c1e-4d80-a8d5-7a4ee2f1f9c4",
            "displayName": format!("CN={COMMON_NAME}"),
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
            "key": der_base64,
        }],
        "emulator": { "roles": { RESOURCE: [ROLE] } },
    })
}

fn get_token(scene: &Scene, way: &Way, report: &Report) -> Result<()> {
    let mut told = Told::default();
    report.step("token", |live| {
        told = Told::read(&script(scene, way.script).env("CERTGRANT_BACKEND", way.backend).output(live)?)?;
        let times = told.times.iter().map(|(name, milliseconds)| format!("{name} {milliseconds:.1} ms"));
        Ok(Outcome::done(times.collect::<Vec<_>>().join(", ")))
    })?;
    for line in &told.log {
        report.line(&format!("    {}", report.paint(Tone::Faint, &short_log_line(line))));
    }
    // The request; what was checked; what was issued.
    for (index, part) in scene.emulator.token_request_line()?.split("; ").enumerate() {
        print_wrapped(report, if index == 0 { "emulator" } else { "" }, part);
    }
    let mut verified = Value::Null;
    report.step("verified", |live| {
        let output = script(scene, "verify.mjs").env("DEMO_TOKEN", &told.token).output(live)?;
        verified = serde_json::from_str(&output).context("verify.mjs did not print JSON")?;
        Ok(Outcome::done(format!(
            "{} by the emulator's key {}",
            text_of(&verified["header"]["alg"]),
            text_of(&verified["header"]["kid"])
        )))
    })?;
    for (name, value) in shown_claims(&verified["claims"]) {
        report.line(&format!("    {} {value}", report.paint(Tone::Accent, &format!("{name:9}"))));
    }
    Ok(())
}

/// A script of the demo, which trusts the emulator's certificate authority.
fn script(scene: &Scene, name: &str) -> Call {
    let parameters = json!({
        "authority": scene.emulator.authority,
        "tenant": TENANT,
        "clientId": CLIENT_ID,
        "resource": RESOURCE,
        "pemFile": scene.pem,
    });
    Call::node()
        .arg(name)
        .arg(parameters.to_string())
        .current_dir(&scene.folder)
        .env("NODE_EXTRA_CA_CERTS", &scene.authority_file)
}

impl Told {
    fn read(output: &str) -> Result<Self> {
        let mut told = Self::default();
        for line in output.lines() {
            let entry: Value = serde_json::from_str(line).context("the script did not print JSON lines")?;
            if let Some(line) = entry["log"].as_str() {
                told.log.push(line.to_owned());
            } else if let Some(token) = entry["token"].as_str() {
                token.clone_into(&mut told.token);
            } else if let (Some(name), Some(milliseconds)) = (entry["time"].as_str(), entry["ms"].as_f64()) {
                told.times.push((name.to_owned(), milliseconds));
            }
        }
        Ok(told)
    }
}

/// A line of the log without its time and correlation id, in one line.
fn short_log_line(line: &str) -> String {
    let first = line.lines().next().unwrap_or_default();
    let text = first.split_once(" - ").map_or(first, |(_, text)| text);
    cut(&printable(text))
}

fn cut(text: &str) -> String {
    if text.chars().count() <= WIDTH {
        return text.to_owned();
    }
    text.chars().take(WIDTH - 1).chain(['…']).collect()
}

fn print_wrapped(report: &Report, name: &str, text: &str) {
    for (index, line) in wrapped(text, WIDTH - 10).iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        report.line(&format!("    {} {line}", report.paint(Tone::Accent, &format!("{name:9}"))));
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { continue };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The claims that say who got the token for what, and how long it lives.
fn shown_claims(claims: &Value) -> Vec<(&'static str, String)> {
    let present = CLAIMS.iter().filter(|&&name| !claims[name].is_null());
    let mut shown: Vec<_> = present.map(|&name| (name, text_of(&claims[name]))).collect();
    if let (Some(issued), Some(expires)) = (claims["iat"].as_i64(), claims["exp"].as_i64()) {
        shown.push(("exp", format!("{expires}, {} minutes after iat", (expires - issued) / 60)));
    }
    shown
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text),
        Value::Array(values) => values.iter().map(text_of).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn say_where_to_go_next(workspace: &Workspace, scene: &Scene, report: &Report) {
    let folder = scene.folder.strip_prefix(workspace.root()).unwrap_or(&scene.folder).display();
    report.heading("three tokens, all verified. Where to go next");
    let rows = [
        (format!("{folder}"), "the certificate, its registration and the scripts of this demo"),
        ("README.md".to_owned(), "the example to start from, and the map of the repository"),
        ("cargo xtask test".to_owned(), "every check, also against independent clients and servers"),
    ];
    report.list(&rows.map(|(name, about)| vec![name, about.to_owned()]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_lose_their_time_and_correlation_id() {
        let line = "Mon, 23 Nov 2026 19:00:00 GMT:5e3ce6c0 - TokenRequest: VERBOSE: Getting token - by certificate\nStack:";
        assert_eq!(short_log_line(line), "TokenRequest: VERBOSE: Getting token - by certificate");
        assert_eq!(short_log_line(&"x".repeat(500)).chars().count(), WIDTH);
    }

    #[test]
    fn text_is_wrapped_between_words() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("a-long-word b", 5), ["a-long-word", "b"]);
    }

    #[test]
    fn claims_are_shown_in_a_fixed_order_and_only_those_that_are_there() {
        let claims = json!({ "roles": ["b", "a"], "aud": "x", "uti": "secret-ish", "iat": 0, "exp": 3600 });
        let shown: Vec<_> = shown_claims(&claims);
        assert_eq!(
            shown,
            [("aud", "x".into()), ("roles", "b, a".into()), ("exp", "3600, 60 minutes after iat".into())]
        );
    }
}
