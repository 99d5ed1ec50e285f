//! `cargo xtask bench-runtimes`: what certgrant costs beside its peers on each runtime: start, memory, what is installed, what a
//! Worker loads, signatures, the first token of a fresh isolate. Of the packed packages; tests/packaging/bench has the measures.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::Call;
use crate::report::{Outcome, Report};
use crate::workspace::Workspace;
use crate::{build, package, setup};

/// Builds, packs, measures, and prints; `record` writes the document and its plots too.
///
/// # Errors
///
/// The build or a measurement fails.
pub(crate) fn run(workspace: &Workspace, report: &Report, record: bool) -> Result<()> {
    report.heading("set-up and build");
    setup::run(workspace, report)?;
    build::make(workspace, report)?;
    report.step("pack", |live| package::check(workspace, live))?;
    for folder in ["tests/interop", "tests/packaging"] {
        report.step(folder, |live| setup::install_packages(&workspace.path(folder), live))?;
    }
    let mut results = Value::Null;
    report.step("measures", |live| {
        let documents = workspace.npm().join("docs");
        let folder: Option<&Path> = record.then_some(&documents);
        let printed = Call::node()
            .arg("bench/run.mjs")
            .args(folder)
            .env("CERTGRANT_PACKAGES", package::folder(workspace))
            .current_dir(workspace.path("tests/packaging"))
            .output(live)?;
        results = serde_json::from_str(&printed).context("bench/run.mjs did not print JSON")?;
        if record {
            let format = ["exec", "--", "biome", "format", "--write", "docs/runtimes.md"];
            Call::npm().args(format).current_dir(workspace.npm()).output(live)?;
        }
        Ok(Outcome::done(if record { "npm/certgrant/docs/runtimes.md" } else { "" }))
    })?;
    for (name, rows) in results.as_object().into_iter().flatten() {
        report.heading(name);
        for row in rows.as_array().into_iter().flatten() {
            report.line(&format!("  {row}"));
        }
    }
    Ok(())
}
