//! `cargo xtask simulate`: core's simulation, compiled for speed and over more schedules than the tests run.
//!
//! The tests of certgrant-core run the same for the first thousand seeds. A finding is told with its seed; that seed alone
//! tells its schedule step by step.

use anyhow::{Context, Result};

use crate::process::Call;
use crate::report::{LiveLine, Outcome, Report};
use crate::workspace::Workspace;

/// What is asked for on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many schedules run
    #[arg(long, default_value_t = 100_000, conflicts_with = "replay")]
    schedules: u64,
    /// The seed of the first one
    #[arg(long, default_value_t = 0, conflicts_with = "replay")]
    seed: u64,
    /// Tells the schedule of this seed, step by step
    #[arg(long)]
    replay: Option<u64>,
}

/// Runs the schedules that are asked for.
///
/// # Errors
///
/// The simulation can't be compiled, or a schedule broke a promise.
pub(crate) fn run(workspace: &Workspace, report: &Report, options: &Options) -> Result<()> {
    if let Some(seed) = options.replay {
        report.line(&simulation(workspace, seed, 1).all_output(&LiveLine::off())?);
        return Ok(());
    }
    let &Options { schedules, seed, .. } = options;
    report.heading(&format!("{schedules} schedules from seed {seed} on"));
    report.step("build", |live| {
        simulation(workspace, 0, 0).output(live)?;
        Ok(Outcome::done(""))
    })?;
    report.step("simulation", |live| {
        let output = simulation(workspace, seed, schedules).output(live)?;
        Ok(Outcome::done(summary(&output).context("the simulation did not say what it did")?))
    })?;
    Ok(())
}

fn simulation(workspace: &Workspace, seed: u64, schedules: u64) -> Call {
    workspace
        .cargo()
        .args(["test", "--release", "--package", "certgrant-core", "--test", "simulation", "--"])
        .args(["--exact", "no_schedule_breaks_a_promise", "--nocapture"])
        .env("CERTGRANT_SEED", seed.to_string())
        .env("CERTGRANT_SCHEDULES", schedules.to_string())
        .current_dir(workspace.root())
}

/// What the simulation says at its end.
fn summary(output: &str) -> Option<String> {
    output.lines().find_map(|line| line.split_once("simulation: ").map(|(_, summary)| summary.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_is_found_behind_the_name_of_the_test() {
        let output =
            "running 1 test\n10 of 20 schedules\ntest no_schedule … simulation: 20 schedules, 0 findings\nok";
        assert_eq!(summary(output).as_deref(), Some("20 schedules, 0 findings"));
        assert_eq!(summary("running 1 test"), None);
    }
}
