//! `cargo xtask test`: every check of the repository, the cheap and telling ones first.
//!
//! Set-up and build are done when a step needs them. A failing step shows all its output and ends the run, unless it is told
//! to keep going. What can't be had on a machine (a toolchain, Python) skips its step with a line that says so, where the
//! product does not depend on it. The last line has the numbers of steps that passed and failed.

use anyhow::{Result, bail};

use crate::report::{Outcome, Report};
use crate::steps::{Step, Tally};
use crate::workspace::Workspace;
use crate::{build, check_core, fuzz, limits, setup};

mod house;
mod interop;
mod javascript;
mod packaging;
mod rust;

pub(crate) use javascript::node_test;

/// The name that selects all steps of `check-core`.
const CHECK_CORE: &str = "check-core";

/// What is asked for on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Runs only the steps of these names; see --list
    names: Vec<String>,
    /// Lists the steps
    #[arg(long)]
    list: bool,
    /// Goes on after a step that failed
    #[arg(long)]
    keep_going: bool,
}

/// All steps in order.
fn steps() -> Vec<Step> {
    let (early, late): (Vec<Step>, Vec<Step>) =
        check_core::STEPS.into_iter().partition(|step| !step.needs_build);
    [
        &house::STEPS[..],
        &early,
        &rust::STEPS,
        &fuzz::STEPS,
        &limits::STEPS,
        &late,
        &javascript::STEPS,
        &interop::STEPS,
        &packaging::STEPS,
    ]
    .concat()
}

/// Runs the steps that are asked for.
///
/// # Errors
///
/// A step failed, or there is no step of a given name.
pub(crate) fn run(workspace: &Workspace, report: &Report, options: &Options) -> Result<()> {
    let steps = selected(steps(), &options.names)?;
    if options.list {
        let rows: Vec<Vec<String>> =
            steps.iter().map(|step| vec![step.name.to_owned(), step.about.to_owned()]).collect();
        report.list(&rows);
        return Ok(());
    }
    let mut tally = Tally::default();
    run_steps(workspace, report, &steps, options.keep_going, &mut tally);
    tally.print_summary(report);
    if !tally.is_good() {
        bail!("not all steps passed");
    }
    Ok(())
}

fn run_steps(workspace: &Workspace, report: &Report, steps: &[Step], keep_going: bool, tally: &mut Tally) {
    let whole = |work: &dyn Fn() -> Result<()>| work().map(|()| Outcome::done(""));
    let (before, after): (Vec<Step>, Vec<Step>) = steps.iter().partition(|step| !step.needs_build);
    // What is missing on the machine is said before minutes are spent on what is there.
    report.heading("set-up");
    if !tally.run(report, "set-up", || whole(&|| setup::run(workspace, report))) {
        return;
    }
    if !before.is_empty() {
        report.heading("checks that need no build");
        tally.run_all(workspace, report, &before, keep_going);
    }
    if after.is_empty() || !(tally.is_good() || keep_going) {
        return;
    }
    report.heading("build");
    if !tally.run(report, "build", || whole(&|| build::run(workspace, report))) {
        return;
    }
    report.heading("checks of what was built");
    tally.run_all(workspace, report, &after, keep_going);
}

/// The steps of the given names, in their own order; all of them if no name is given.
fn selected(steps: Vec<Step>, names: &[String]) -> Result<Vec<Step>> {
    let is_named = |step: &Step, name: &str| {
        step.name == name
            || (name == CHECK_CORE && check_core::STEPS.iter().any(|other| other.name == step.name))
    };
    if let Some(unknown) = names.iter().find(|name| !steps.iter().any(|step| is_named(step, name))) {
        let known: Vec<&str> = steps.iter().map(|step| step.name).chain([CHECK_CORE]).collect();
        bail!("there is no step \"{unknown}\"; there are {}", known.join(", "));
    }
    let is_wanted = |step: &Step| names.is_empty() || names.iter().any(|name| is_named(step, name));
    Ok(steps.into_iter().filter(is_wanted).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(selection: &[&str]) -> Result<Vec<&'static str>> {
        let selection: Vec<String> = selection.iter().map(|&name| name.to_owned()).collect();
        Ok(selected(steps(), &selection)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn every_step_has_a_name_of_its_own() {
        let steps = steps();
        let names: BTreeSet<&str> = steps.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), steps.len());
        assert!(!names.contains(CHECK_CORE));
    }

    #[test]
    fn steps_are_selected_by_name_in_their_own_order() {
        assert_eq!(names(&["suite-native", "format"]).expect("known"), ["format", "suite-native"]);
        assert_eq!(names(&["check-core"]).expect("known").len(), check_core::STEPS.len());
    }

    #[test]
    fn unknown_name_is_refused_with_the_known_ones() {
        let error = names(&["formt"]).expect_err("unknown").to_string();
        assert!(error.starts_with("there is no step \"formt\"; there are "), "{error}");
        assert!(error.contains("format"), "{error}");
    }
}
