//! `cargo xtask build`: the WASM modules, the addon, the npm package, and what they weigh, all in place.

use anyhow::Result;

use crate::process::Call;
use crate::report::{LiveLine, Outcome, Report};
use crate::workspace::Workspace;
use crate::{build_native, build_wasm, sizes};

/// Builds everything and prints what it weighs. The set-up must have been done.
///
/// # Errors
///
/// A step fails.
pub(crate) fn run(workspace: &Workspace, report: &Report) -> Result<()> {
    make(workspace, report)?;
    sizes::run(workspace, report)
}

/// Builds everything. The set-up must have been done.
///
/// # Errors
///
/// A step fails.
pub(crate) fn make(workspace: &Workspace, report: &Report) -> Result<()> {
    build_wasm::run(workspace, report)?;
    build_native::run(workspace, report)?;
    report.step("npm package", |live| build_package(workspace, live))?;
    Ok(())
}

fn build_package(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    Call::npm().args(["run", "build"]).current_dir(workspace.npm()).output(live)?;
    Ok(Outcome::done("npm/certgrant/dist"))
}
