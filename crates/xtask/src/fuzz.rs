//! `cargo xtask fuzz`: the targets of `tests/fuzz` under cargo-fuzz, and what the tests run of them without it.
//!
//! cargo-fuzz is installed into the target folder where it is missing. No sanitizer is used: core has no `unsafe`, and without
//! one the stable compiler will do.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};

use crate::process::Call;
use crate::report::{LiveLine, Outcome, Report};
use crate::steps::{Step, Tally};
use crate::workspace::Workspace;

/// The version that is installed.
const CARGO_FUZZ: &str = "0.13.2";

/// The targets, and the words that libFuzzer may put into their inputs.
const TARGETS: [(&str, &str); 4] = [("pem", "pem"), ("der", "asn1"), ("pfx", "asn1"), ("keys", "asn1")];

/// The checks that need no cargo-fuzz.
pub(crate) const STEPS: [Step; 1] = [Step {
    name: "fuzz",
    about: "the fuzz targets hold over their corpus and a fixed number of its mutations",
    needs_build: false,
    work: mutations,
}];

/// What is asked for on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Runs only these targets: pem, der, pfx, keys
    targets: Vec<String>,
    /// How long each target runs, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Runs targets under libFuzzer, each from the seeds and from what earlier runs found.
///
/// # Errors
///
/// There is no target of a given name, the set-up failed, or a target broke a promise.
pub(crate) fn run(workspace: &Workspace, report: &Report, options: &Options) -> Result<()> {
    let targets = selected(&options.targets)?;
    report.heading("set-up");
    let mut program = PathBuf::new();
    report.step("cargo-fuzz", |live| {
        let found;
        (program, found) = cargo_fuzz(workspace, live)?;
        Ok(Outcome::done(found))
    })?;
    report.step("seeds", |live| seed(workspace, live))?;
    report.step("build", |live| {
        fuzz_call(workspace, &program, "build").output(live)?;
        Ok(Outcome::done(""))
    })?;
    report.heading(&format!("fuzzing, {} s for each target", options.seconds));
    let mut tally = Tally::default();
    for (target, dictionary) in targets {
        let work = |live: &LiveLine| fuzz(workspace, &program, target, dictionary, options.seconds, live);
        tally.run(report, target, || report.step(target, work));
    }
    if !tally.is_good() {
        bail!("a target broke a promise; the input lies in tests/fuzz/artifacts");
    }
    Ok(())
}

/// A `cargo` call in the workspace of the targets, which builds them without libFuzzer.
pub(crate) fn cargo(workspace: &Workspace) -> Call {
    let folder = workspace.path("tests/fuzz");
    Call::cargo().current_dir(folder).env("CARGO_TARGET_DIR", workspace.target().join("fuzz"))
}

fn selected(names: &[String]) -> Result<Vec<(&'static str, &'static str)>> {
    let is_target = |name: &String| TARGETS.iter().any(|(target, _)| target == name);
    if let Some(unknown) = names.iter().find(|name| !is_target(name)) {
        let known = TARGETS.map(|(target, _)| target).join(", ");
        bail!("there is no target \"{unknown}\"; there are {known}");
    }
    let is_wanted = |target: &str| names.is_empty() || names.iter().any(|name| name == target);
    Ok(TARGETS.into_iter().filter(|(target, _)| is_wanted(target)).collect())
}

/// The program, and what is to be said about it: the one of an earlier run, the one in `PATH`, or else a new one.
fn cargo_fuzz(workspace: &Workspace, live: &LiveLine) -> Result<(PathBuf, String)> {
    let name = format!("cargo-fuzz{}", std::env::consts::EXE_SUFFIX);
    let root = workspace.state("cargo-fuzz");
    let installed = root.join("bin").join(&name);
    for program in [installed.clone(), PathBuf::from(name)] {
        if let Ok(version) = Call::new(&program).arg("--version").output(live) {
            return Ok((program, version.trim().to_owned()));
        }
    }
    let install = ["install", "cargo-fuzz", "--version", CARGO_FUZZ, "--locked", "--root"];
    workspace.cargo().args(install).arg(root).output(live)?;
    Ok((installed, format!("cargo-fuzz {CARGO_FUZZ} installed")))
}

/// Writes the seeds into the folders that libFuzzer reads and adds to.
fn seed(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let seed = cargo(workspace).args(["run", "--release", "--quiet", "--example", "seed", "--", "corpus"]);
    let lines = seed.output(live)?;
    Ok(Outcome::done(lines.lines().collect::<Vec<_>>().join(", ")))
}

fn fuzz_call(workspace: &Workspace, program: &PathBuf, command: &str) -> Call {
    let call = Call::new(program).args(["fuzz", command, "--fuzz-dir", ".", "--sanitizer", "none"]);
    let call = call.args(["--features", "libfuzzer", "--target-dir"]).arg(workspace.target().join("fuzz"));
    call.current_dir(workspace.path("tests/fuzz"))
}

fn fuzz(
    workspace: &Workspace,
    program: &PathBuf,
    target: &str,
    dictionary: &str,
    seconds: u32,
    live: &LiveLine,
) -> Result<Outcome> {
    let call = fuzz_call(workspace, program, "run").args([target, "--"]).args([
        &format!("-max_total_time={seconds}"),
        &format!("-dict=dictionaries/{dictionary}.dict"),
        "-rss_limit_mb=512",
        "-timeout=20",
        "-max_len=65536",
        "-print_final_stats=1",
    ]);
    let output =
        call.all_output(live).map_err(|error| anyhow!("{}", without_progress(&error.to_string())))?;
    Ok(Outcome::done(numbers(&output)))
}

/// What a failed run says, without the lines about each input that led to it.
fn without_progress(output: &str) -> String {
    output.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// Executions and covered edges, as libFuzzer's last lines have them.
fn numbers(output: &str) -> String {
    let executions =
        output.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")).map(str::trim);
    let mut edges = output.lines().filter(|line| line.starts_with('#')).filter_map(|line| {
        let (_, behind) = line.split_once("cov: ")?;
        behind.split(' ').next()
    });
    let (executions, edges) = (executions.unwrap_or("no"), edges.next_back().unwrap_or("no"));
    format!("{executions} executions, {edges} edges, no finding")
}

fn mutations(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let test =
        cargo(workspace).args(["test", "--release", "--lib", "--test", "mutations", "--", "--nocapture"]);
    Ok(Outcome::done(told(&test.output(live)?)))
}

/// What the tests have to say beyond that they passed: lines `name: …`.
pub(crate) fn told(output: &str) -> String {
    let is_told = |line: &&str| line.split_once(": ").is_some_and(|(name, _)| !name.contains(' '));
    output.lines().filter(is_told).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_selected_by_name() {
        assert_eq!(selected(&[]).expect("all").len(), TARGETS.len());
        assert_eq!(selected(&["pfx".to_owned()]).expect("known"), [("pfx", "asn1")]);
        let error = selected(&["pfz".to_owned()]).expect_err("unknown").to_string();
        assert_eq!(error, "there is no target \"pfz\"; there are pem, der, pfx, keys");
    }

    #[test]
    fn numbers_of_a_run_are_read_from_its_last_lines() {
        let output = "INFO: Running with entropic power schedule\n#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0\n\
                      #40000\tDONE   cov: 2058 ft: 7144 corp: 640/2071Kb exec/s: 4444 rss: 31Mb\n\
                      Done 40000 runs in 9 second(s)\nstat::number_of_executed_units: 40000\n";
        assert_eq!(numbers(output), "40000 executions, 2058 edges, no finding");
        assert_eq!(without_progress("#1 x\nthread panicked\n#2 y"), "thread panicked");
    }

    #[test]
    fn what_tests_tell_is_shown() {
        let output = "running 1 test\npem: 144 seeds and 20000 mutations\ntest pem_keeps ... ok\ntest result: ok. 1 passed";
        assert_eq!(told(output), "pem: 144 seeds and 20000 mutations");
    }
}
