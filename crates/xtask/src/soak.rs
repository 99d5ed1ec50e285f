//! `cargo xtask soak`: certgrant under load for a long time, while the emulator has one fault after the other. Fails if what a
//! process holds grows, if something is left behind at rest, or if a caller got what it should not.

mod verdict;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::emulator::{self, Emulator};
use crate::process::Call;
use crate::report::{Outcome, Report};
use crate::workspace::Workspace;
use crate::{build, setup};

const BACKENDS: [&str; 2] = ["native", "wasm"];
const CLIENT: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const RESOURCES: [&str; 3] =
    ["https://graph.microsoft.com", "https://management.azure.com", "https://vault.azure.net"];
const TENANTS: u32 = 6;

/// Of the tokens: short enough to be renewed all the time and to die now and then, and longer than a request with all its
/// retries takes, as all of Entra's are.
const LIFETIME_SECS: u32 = 180;

/// How many samples are taken, if the run is long enough for them.
const SAMPLES: u32 = 60;
const SHORTEST_SAMPLE_SECS: u32 = 10;

/// What is asked for on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
    /// Runs what was built before, without a set-up
    #[arg(long)]
    as_built: bool,
    /// Writes the samples to npm/certgrant/docs/soak.md
    #[arg(long)]
    record: bool,
}

/// Builds, runs both backends at the same time, and judges their samples.
///
/// # Errors
///
/// The set-up or the build fails, a process ends early, or a verdict is bad.
pub(crate) fn run(workspace: &Workspace, report: &Report, options: &Options) -> Result<()> {
    let mut program = emulator::program(workspace);
    if !options.as_built {
        report.heading("set-up and build");
        setup::run(workspace, report)?;
        build::make(workspace, report)?;
        report.step("emulator", |live| {
            program = emulator::build(workspace, live)?;
            Ok(Outcome::done(""))
        })?;
    }
    report.heading(&format!("{} minutes of faults", options.minutes));
    let runs = thread::scope(|scope| {
        let runs = BACKENDS.map(|backend| {
            let program = &program;
            scope.spawn(move || (backend, soak(workspace, backend, program, options.minutes)))
        });
        runs.map(|run| run.join().map_err(|_panic| anyhow::anyhow!("a run panicked")))
    });
    let mut samples = Vec::new();
    for run in runs {
        let (backend, taken) = run?;
        samples.push((backend, taken.with_context(|| format!("{backend} backend"))?));
    }
    if options.record {
        let path = workspace.npm().join("docs/soak.md");
        fs::write(&path, verdict::document(options.minutes, &samples))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    judge(report, &samples)
}

fn judge(report: &Report, samples: &[(&str, Vec<Value>)]) -> Result<()> {
    let mut faults = Vec::new();
    for (backend, taken) in samples {
        report.line(&format!("\n{backend} backend"));
        report.table(&verdict::HEAD, &verdict::rows(taken));
        faults.extend(verdict::faults(taken)?.into_iter().map(|fault| format!("{backend}: {fault}")));
    }
    if !faults.is_empty() {
        bail!("the soak found:\n  {}", faults.join("\n  "));
    }
    report.line("\nnothing grew, nothing was left behind, nobody got a dead or a foreign token");
    Ok(())
}

/// The samples of one process with an emulator of its own.
fn soak(workspace: &Workspace, backend: &str, program: &Path, minutes: u32) -> Result<Vec<Value>> {
    let folder = workspace.target().join("soak").join(backend);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let identity = workspace.path("tests/vectors/assertion-rs256");
    let registrations = folder.join("registrations.json");
    fs::write(&registrations, registration(&identity)?.to_string())?;
    let authority_file = folder.join("emulator-ca.pem");
    let tenants: Vec<String> =
        (1..=TENANTS).map(|number| format!("1111111{number}-2222-3333-4444-555555555555")).collect();
    let mut more = vec!["--control"];
    more.extend(tenants.iter().flat_map(|tenant| ["--tenant", tenant.as_str()]));
    let emulator = Emulator::start_with(program, &registrations, &authority_file, &more)?;
    let job = json!({
        "authority": emulator.authority,
        "tenants": tenants,
        "scopes": RESOURCES.map(|resource| format!("{resource}/.default")),
        "client": CLIENT,
        "folder": identity,
        "entry": workspace.npm().join("dist/index.js"),
        "adalEntry": workspace.npm().join("dist/adal.js"),
        "minutes": minutes,
        "sampleSeconds": (minutes * 60 / SAMPLES).max(SHORTEST_SAMPLE_SECS),
        "lifetimeSeconds": LIFETIME_SECS,
    });
    let kept = File::create(folder.join("samples.jsonl"))?;
    samples_of(workspace, backend, &authority_file, &job, kept)
}

/// Not by `Call::output`, which is for programs whose output is shown. Each sample is kept as it comes, so that a run which is
/// ended early, or judged badly, can be looked into.
fn samples_of(
    workspace: &Workspace,
    backend: &str,
    authority_file: &Path,
    job: &Value,
    mut kept: File,
) -> Result<Vec<Value>> {
    let mut child = Call::node()
        .arg("--expose-gc")
        .arg(workspace.path("crates/xtask/scripts/soak.mjs"))
        .arg(job.to_string())
        .env("NODE_EXTRA_CA_CERTS", authority_file)
        .env("CERTGRANT_BACKEND", backend)
        .env("UV_THREADPOOL_SIZE", "1")
        .spawn()?;
    let stdout = child.stdout.take().context("standard output is a pipe")?;
    let stderr = child.stderr.take().context("standard error is a pipe")?;
    let complaint = thread::spawn(move || std::io::read_to_string(stderr).unwrap_or_default());
    let mut samples = Vec::new();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        writeln!(kept, "{line}")?;
        samples.push(serde_json::from_str(&line).with_context(|| format!("no sample: {line}"))?);
    }
    let status = child.wait()?;
    let complaint = complaint.join().unwrap_or_default();
    if !status.success() {
        bail!("{complaint}\nthe process ended with {status}");
    }
    Ok(samples)
}

/// The application with the certificate of the tests.
fn registration(folder: &Path) -> Result<Value> {
    let path = folder.join("cert.pem");
    let pem = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let der_base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": der_base64 });
    Ok(json!({ "appId": CLIENT, "displayName": "soak", "keyCredentials": [key] }))
}
