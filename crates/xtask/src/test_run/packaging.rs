//! The packages as they would be published: packed, listed, installed into fresh projects, and run on every runtime that is
//! here.

use anyhow::Result;

use super::javascript::node_test;
use crate::emulator;
use crate::package;
use crate::report::{LiveLine, Outcome};
use crate::steps::Step;
use crate::workspace::Workspace;

pub(super) const STEPS: [Step; 2] = [
    Step {
        name: "package",
        about: "each npm package packs, and holds the files that are listed",
        needs_build: true,
        work: package::check,
    },
    Step {
        name: "packaging",
        about: "the packed packages in fresh projects and on real runtimes; needs the step `package`",
        needs_build: true,
        work: packaging,
    },
];

fn packaging(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let environment = [
        ("CERTGRANT_PACKAGES", package::folder(workspace)),
        ("CERTGRANT_EMULATOR", emulator::build(workspace, live)?),
    ];
    node_test(&workspace.path("tests/packaging"), &environment, live)
}
