//! `check-core`: makes the rules about the core mechanical.
//!
//! Core compiles for a target without std and for WASM in every feature set; its dependency tree equals a list in the
//! repository, and nothing that is published depends on a pre-release; inside core a module names only the modules above
//! it; the WASM modules import nothing. The list is accepted with `cargo xtask check-core --accept`, so that a change of it
//! is a line in a review.

mod dependencies;
mod imports;
mod module_order;
pub(crate) mod pinned;
mod targets;

use anyhow::{Result, bail};

use crate::report::{Outcome, Report};
use crate::steps::{Step, Tally};
use crate::workspace::Workspace;

/// The checks, in the order in which they run.
pub(crate) const STEPS: [Step; 6] = [
    Step {
        name: "core-order",
        about: "inside core a module names only the modules above it",
        needs_build: false,
        work: |workspace, _| module_order::check(workspace),
    },
    Step {
        name: "core-dependencies",
        about: "core's dependency tree equals crates/core/dependencies.txt",
        needs_build: false,
        work: dependencies::check_list,
    },
    Step {
        name: "pre-releases",
        about: "nothing that is published depends on a pre-release",
        needs_build: false,
        work: dependencies::check_pre_releases,
    },
    Step {
        name: "core-no-std",
        about: "core compiles for thumbv7em-none-eabihf, which has no std, in every feature set",
        needs_build: false,
        work: targets::check_no_std,
    },
    Step {
        name: "core-wasm",
        about: "core compiles for wasm32-unknown-unknown in every feature set",
        needs_build: false,
        work: targets::check_wasm,
    },
    Step {
        name: "wasm-imports",
        about: "the WASM modules import nothing",
        needs_build: true,
        work: |workspace, _| imports::check(workspace),
    },
];

/// Runs the checks.
///
/// # Errors
///
/// One of them failed.
pub(crate) fn run(workspace: &Workspace, report: &Report) -> Result<()> {
    report.heading("check-core");
    let mut tally = Tally::default();
    tally.run_all(workspace, report, &STEPS, true);
    if !tally.is_good() {
        bail!("check-core failed");
    }
    Ok(())
}

/// Writes the list as it is now.
///
/// # Errors
///
/// The list can't be made or written.
pub(crate) fn accept(workspace: &Workspace, report: &Report) -> Result<()> {
    report.heading("check-core --accept");
    report.step("core-dependencies", |live| {
        dependencies::pinned(workspace).accept(&dependencies::of_core(workspace, live)?)
    })?;
    Ok(())
}

/// What a step says that looked at `count` things of a kind.
fn looked_at(count: usize, thing: &str) -> Outcome {
    Outcome::done(format!("{count} {thing}{}", if count == 1 { "" } else { "s" }))
}
