//! `cargo xtask bench`: what certgrant's cached tokens cost, beside a peer in the same run. Figures are medians and ratios; no
//! test depends on them.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::Call;
use crate::report::{LiveLine, Outcome, Report};
use crate::workspace::Workspace;
use crate::{build, setup};

const CACHED: &str = include_str!("../scripts/bench-cached.mjs");

/// The heap of Node, in megabytes: a million tokens as long as Entra's take two gigabytes.
const HEAP: &str = "--max-old-space-size=6144";

/// Who is measured: the library, the backend that it is told to use, and numbers of other tokens in its cache.
const CANDIDATES: [(&str, &str, &[u32]); 3] = [
    ("certgrant", "native", &[0, 1_000, 100_000, 1_000_000]),
    ("certgrant", "wasm", &[0, 1_000, 100_000, 1_000_000]),
    ("msal-node", "none", &[0, 1_000]),
];

/// Builds what is measured, measures, and prints the table.
///
/// # Errors
///
/// The set-up, the build or a measurement fails.
pub(crate) fn run(workspace: &Workspace, report: &Report) -> Result<()> {
    report.heading("set-up and build");
    setup::run(workspace, report)?;
    build::make(workspace, report)?;
    report.step("peers", |live| setup::install_packages(&workspace.path("tests/interop"), live))?;
    report.heading("cached tokens, one caller");
    let mut rows = Vec::new();
    let mut own_alone = None;
    for (library, backend, numbers) in CANDIDATES {
        for &others in numbers {
            let of = if backend == "none" { String::new() } else { format!(" {backend}") };
            let name = format!("{library}{of}, {others} others");
            report.step(&name, |live| {
                let (one, round) = cached(workspace, library, backend, others, live)?;
                let alone = *own_alone.get_or_insert(one);
                rows.push(vec![
                    name.clone(),
                    nanoseconds(one),
                    nanoseconds(round),
                    format!("{:.2}", one / alone),
                ]);
                Ok(Outcome::done(format!("{} ns", nanoseconds(one))))
            })?;
        }
    }
    report.table(&["nanoseconds a call, medians", "the same token", "going round", "ratio"], &rows);
    Ok(())
}

/// Medians of a call for the same token, and of going round all of them, in nanoseconds.
fn cached(
    workspace: &Workspace,
    library: &str,
    backend: &str,
    others: u32,
    live: &LiveLine,
) -> Result<(f64, f64)> {
    let entry = workspace.npm().join("dist/index.js");
    let printed = Call::node()
        .args([HEAP, "--input-type=module", "-e", CACHED, "--", library, &others.to_string()])
        .arg(entry)
        .arg(workspace.path("tests/vectors/assertion-rs256"))
        .env("CERTGRANT_BACKEND", backend)
        .current_dir(workspace.path("tests/interop"))
        .output(live)?;
    let figures: Value = serde_json::from_str(&printed).context("the benchmark did not print JSON")?;
    let granted = figures["granted"].as_u64().context("no number of grants")?;
    ensure!(
        granted == u64::from(others) + 1,
        "{granted} requests for {} tokens: they were not cached",
        others + 1
    );
    let figure = |name: &str| figures[name].as_f64().with_context(|| format!("no figure \"{name}\""));
    Ok((figure("one")?, figure("round")?))
}

fn nanoseconds(time: f64) -> String {
    format!("{time:.0}")
}
