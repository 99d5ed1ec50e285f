//! What runs against the emulator: the READMEs' programs, and what others wrote: npm and Python packages, both directions, through
//! a proxy too.
//!
//! The Python packages go into an environment of their own in the target folder. Python is no part of the product, but the
//! step is not skipped without it: the line then names what to install.

use anyhow::Result;

use super::javascript::node_test;
use crate::debian;
use crate::emulator;
use crate::process::Call;
use crate::python::Python;
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
    let requirements = workspace.path("tests/interop/requirements.txt");
    let python = Python::with(workspace, "python", &requirements, live)?;
    let environment = [
        ("CERTGRANT_PYTHON", python.interpreter()),
        ("CERTGRANT_EMULATOR", emulator::build(workspace, live)?),
    ];
    // A real proxy, which the tests run.
    let has_proxy =
        debian::provide("tinyproxy", || Call::new("tinyproxy").arg("-v").output(live).is_ok(), live);
    let outcome = node_test(&workspace.path("tests/interop"), &environment, live)?;
    match outcome {
        Outcome::Done(detail) if !has_proxy => Ok(Outcome::done(format!(
            "{detail}; none through a proxy, for want of tinyproxy (Debian: apt-get install tinyproxy)"
        ))),
        outcome => Ok(outcome),
    }
}
