//! `cargo xtask test limits`: what the worst certificate files of 1 MiB cost, by `tests/limits`.

use anyhow::Result;

use crate::fuzz::told;
use crate::process::Call;
use crate::report::{LiveLine, Outcome};
use crate::setup::{WASM_TARGET, add_target};
use crate::steps::Step;
use crate::workspace::Workspace;

pub(crate) const STEPS: [Step; 1] = [Step {
    name: "limits",
    about: "no certificate file of 1 MiB costs more than its memory and its work",
    needs_build: false,
    work: limits,
}];

/// A `cargo` call in the workspace of those tests.
pub(crate) fn cargo(workspace: &Workspace) -> Call {
    let folder = workspace.path("tests/limits");
    Call::cargo().current_dir(folder).env("CARGO_TARGET_DIR", workspace.target().join("limits"))
}

fn limits(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    add_target(WASM_TARGET, live)?;
    cargo(workspace).args(["build", "--release", "--lib", "--target", WASM_TARGET]).output(live)?;
    let folder = workspace.target().join("limits").join(WASM_TARGET).join("release");
    let test = cargo(workspace).args(["test", "--release", "--tests", "--", "--nocapture"]);
    let test = test.env("CERTGRANT_LIMITS_MODULE", folder.join("certgrant_limits.wasm"));
    Ok(Outcome::done(told(&test.output(live)?)))
}
