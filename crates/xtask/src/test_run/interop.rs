//! What runs against the emulator: the READMEs' programs, and what others wrote: npm and Python packages, both directions, through
//! a proxy too.
//!
//! The Python packages go into an environment of their own in the target folder. Python is no part of the product, but the
//! step is not skipped without it: the line then names what to install.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::javascript::node_test;
use crate::emulator;
use crate::process::Call;
use crate::report::{LiveLine, Outcome};
use crate::setup;
use crate::steps::Step;
use crate::workspace::Workspace;

pub(super) const STEPS: [Step; 3] = [
    Step {
        name: "readme",
        about: "the programs of the READMEs run as they stand there",
        needs_build: true,
        work: |workspace, live| {
            let environment = [("CERTGRANT_EMULATOR", emulator::build(workspace, live)?)];
            node_test(&workspace.path("tests/readme"), &environment, live)
        },
    },
    Step {
        name: "dependents",
        about: "packages that depend on adal-node run on certgrant by override",
        needs_build: true,
        work: |workspace, live| {
            let environment = [("CERTGRANT_EMULATOR", emulator::build(workspace, live)?)];
            // What the tokens are checked with is installed there.
            setup::install_packages(&workspace.path("tests/interop"), live)?;
            node_test(&workspace.path("tests/dependents"), &environment, live)
        },
    },
    Step {
        name: "interop",
        about: "independent peers read what certgrant writes, and the emulator reads what they write",
        needs_build: true,
        work: interop,
    },
];

fn interop(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let environment = [
        ("CERTGRANT_PYTHON", python(workspace, live)?),
        ("CERTGRANT_EMULATOR", emulator::build(workspace, live)?),
    ];
    let has_proxy = provide_proxy(live);
    let outcome = node_test(&workspace.path("tests/interop"), &environment, live)?;
    match outcome {
        Outcome::Done(detail) if !has_proxy => Ok(Outcome::done(format!(
            "{detail}; none through a proxy, for want of tinyproxy (Debian: apt-get install tinyproxy)"
        ))),
        outcome => Ok(outcome),
    }
}

/// A real proxy: tinyproxy, which the tests run. Where it is missing and Debian's tools can add it, they do; its service is not
/// to run. Whether it is there then.
fn provide_proxy(live: &LiveLine) -> bool {
    let is_there = || Call::new("tinyproxy").arg("-v").output(live).is_ok();
    let apt = |words: &[&str]| {
        let call = Call::new("apt-get").arg("-qq").args(words);
        call.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1").output(live).is_ok()
    };
    let install = ["install", "--yes", "--no-install-recommends", "tinyproxy"];
    // The lists of packages of a fresh machine are missing or old.
    is_there() || ((apt(&install) || (apt(&["update"]) && apt(&install))) && is_there())
}

/// An interpreter that has what `tests/interop/requirements.txt` names.
fn python(workspace: &Workspace, live: &LiveLine) -> Result<PathBuf> {
    let path = workspace.path("tests/interop/requirements.txt");
    let requirements = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let folder = workspace.state("python");
    let interpreter = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let stamp = folder.join("installed-requirements.txt");
    if interpreter.is_file() && fs::read(&stamp).is_ok_and(|installed| installed == requirements) {
        return Ok(interpreter);
    }
    Call::new(if cfg!(windows) { "python" } else { "python3" })
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .install_hint("Python 3 with its module venv is needed for the interop tests: install it (Debian: python3-venv)")
        .output(live)
        .context("making a Python environment (on Debian it needs the package python3-venv)")?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    Call::new(&interpreter).args(install).arg(&path).output(live)?;
    fs::write(&stamp, requirements).with_context(|| format!("writing {}", stamp.display()))?;
    Ok(interpreter)
}
