//! The Rust side: format, lints, tests and documentation tests, and the oldest supported compiler.

use anyhow::{Context, Result};

use crate::process::Call;
use crate::report::{LiveLine, Outcome};
use crate::setup::WASM_TARGET;
use crate::steps::Step;
use crate::workspace::{Workspace, metadata};
use crate::{fuzz, limits};

pub(super) const STEPS: [Step; 5] = [
    Step { name: "format", about: "cargo fmt changes nothing", needs_build: false, work: format },
    Step {
        name: "clippy",
        about: "clippy has no warning in the workspace, in tests/fuzz and in tests/limits",
        needs_build: false,
        work: clippy,
    },
    Step {
        name: "clippy-wasm",
        about: "nor in the bindings for WASM",
        needs_build: false,
        work: clippy_wasm,
    },
    Step {
        name: "rust",
        about: "the Rust tests and documentation tests pass",
        needs_build: false,
        work: tests,
    },
    Step {
        name: "msrv",
        about: "what is published compiles with its rust-version",
        needs_build: false,
        work: msrv,
    },
];

/// Each is built by a call of its own: the first does without the standard library, the second does not.
const WASM_BINDINGS: [&str; 5] = [
    "certgrant-wasm",
    "certgrant-wasm-files",
    "certgrant-wasm-rsa",
    "certgrant-wasm-user",
    "certgrant-wasm-vault",
];

fn format(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    workspace.cargo().args(["fmt", "--all", "--check"]).output(live)?;
    for cargo in [fuzz::cargo, limits::cargo] {
        cargo(workspace).args(["fmt", "--check"]).output(live)?;
    }
    Ok(Outcome::done(""))
}

fn clippy(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let clippy = workspace.cargo().args(["clippy", "--workspace", "--all-targets", "--all-features"]);
    clippy.args(["--", "--deny", "warnings"]).output(live)?;
    for cargo in [fuzz::cargo, limits::cargo] {
        cargo(workspace).args(["clippy", "--all-targets", "--", "--deny", "warnings"]).output(live)?;
    }
    Ok(Outcome::done(""))
}

fn clippy_wasm(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    for package in WASM_BINDINGS {
        let clippy = workspace.cargo().args(["clippy", "--package", package, "--target", WASM_TARGET]);
        clippy.args(["--all-features", "--", "--deny", "warnings"]).output(live)?;
    }
    Ok(Outcome::done(""))
}

fn tests(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let output =
        workspace.cargo().args(["test", "--workspace", "--all-features", "--no-fail-fast"]).output(live)?;
    Ok(Outcome::done(format!("{} tests", passed(&output))))
}

/// Adds up the lines `test result: ok. 12 passed; …`.
fn passed(output: &str) -> usize {
    let counts = output.lines().filter_map(|line| line.strip_prefix("test result: ok. "));
    counts.filter_map(|counts| counts.split(' ').next()?.parse::<usize>().ok()).sum()
}

/// Compiles what is published with the oldest compiler that the manifests promise.
fn msrv(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let metadata = metadata(workspace.root(), &["--no-deps"])?;
    let packages: Vec<_> = metadata["packages"].as_array().into_iter().flatten().collect();
    let core = packages.iter().find(|package| package["name"] == "certgrant-core");
    let version =
        core.and_then(|core| core["rust_version"].as_str()).context("certgrant-core has no rust-version")?;
    // A manifest may leave out the patch, the name of a toolchain may not.
    let toolchain =
        if version.matches('.').count() == 1 { format!("{version}.0") } else { version.to_owned() };
    if let Err(error) = install_toolchain(&toolchain, live) {
        let reason = format!("{error:#}");
        let reason = reason.lines().last().unwrap_or_default();
        return Ok(Outcome::skipped(format!("the toolchain {toolchain} can't be installed: {reason}")));
    }
    let published = packages.iter().filter(|package| package["publish"].is_null());
    let names: Vec<&str> = published.filter_map(|package| package["name"].as_str()).collect();
    let mut check = with_toolchain(&toolchain)
        .args(["cargo", "check", "--target-dir"])
        .arg(workspace.target().join("msrv"));
    for name in &names {
        check = check.args(["--package", name]);
    }
    check.current_dir(workspace.root()).output(live)?;
    Ok(Outcome::done(format!("{} crates with Rust {toolchain}", names.len())))
}

fn install_toolchain(toolchain: &str, live: &LiveLine) -> Result<()> {
    if with_toolchain(toolchain).args(["cargo", "--version"]).output(live).is_ok() {
        return Ok(());
    }
    Call::new("rustup").args(["toolchain", "install", toolchain, "--profile", "minimal"]).output(live)?;
    Ok(())
}

/// A program of another toolchain. What cargo and rustup set for this process names the toolchain in use.
fn with_toolchain(toolchain: &str) -> Call {
    let call = Call::new("rustup").args(["run", toolchain]);
    ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"].into_iter().fold(call, Call::env_remove)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_of_all_crates_are_added_up() {
        let output = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored\n\n   Doc-tests core\n\
                      test result: ok. 11 passed; 0 failed; 1 ignored\n";
        assert_eq!(passed(output), 13);
    }
}
