//! Named steps, the unit that `test` and `check-core` run, list, count and select.

use std::time::Instant;

use anyhow::Result;
use core::time::Duration;

use crate::report::{LiveLine, Outcome, Report, Tone, duration};
use crate::workspace::Workspace;

/// What a step does.
pub(crate) type Work = fn(&Workspace, &LiveLine) -> Result<Outcome>;

/// One check that can be run alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// What it is selected by.
    pub(crate) name: &'static str,
    /// What it shows when it passes.
    pub(crate) about: &'static str,
    /// Whether `cargo xtask build` must have been done.
    pub(crate) needs_build: bool,
    /// The check.
    pub(crate) work: Work,
}

/// How the steps of a run ended, in their order.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    ended: Vec<Ended>,
}

#[derive(Debug)]
struct Ended {
    name: String,
    time: Duration,
    end: End,
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Passed,
    Skipped(String),
    Failed,
}

impl Tally {
    /// Runs a step, shows a failure with all its output, and counts it. Says whether the run may go on.
    pub(crate) fn run(
        &mut self,
        report: &Report,
        name: &str,
        work: impl FnOnce() -> Result<Outcome>,
    ) -> bool {
        let started = Instant::now();
        let result = work();
        let time = started.elapsed();
        let end = match result {
            Ok(Outcome::Done(_)) => End::Passed,
            Ok(Outcome::Skipped(reason)) => End::Skipped(reason),
            Err(error) => {
                report.line(&format!("\n{error:#}\n"));
                End::Failed
            }
        };
        let may_go_on = end != End::Failed;
        self.ended.push(Ended { name: name.to_owned(), time, end });
        may_go_on
    }

    /// Runs the steps in order, to the first that fails or to the end.
    pub(crate) fn run_all(
        &mut self,
        workspace: &Workspace,
        report: &Report,
        steps: &[Step],
        keep_going: bool,
    ) {
        for step in steps {
            let work = || report.step(step.name, |live| (step.work)(workspace, live));
            if !self.run(report, step.name, work) && !keep_going {
                return;
            }
        }
    }

    /// Whether nothing failed.
    pub(crate) fn is_good(&self) -> bool {
        self.count(&End::Failed) == 0
    }

    /// Prints how each step ended, why some were skipped, and the closing line with the numbers.
    pub(crate) fn print_summary(&self, report: &Report) {
        report.heading("summary");
        let rows = self.ended.iter().map(|step| {
            let (result, time) = match step.end {
                End::Passed => ("passed", duration(step.time)),
                End::Skipped(_) => ("skipped", "-".to_owned()),
                End::Failed => ("failed", duration(step.time)),
            };
            vec![step.name.clone(), result.to_owned(), time]
        });
        report.table(&["step", "result", "time"], &rows.collect::<Vec<_>>());
        for step in &self.ended {
            if let End::Skipped(reason) = &step.end {
                report.line(&format!(
                    "  {} {}: {reason}",
                    report.paint(Tone::Doubtful, "skipped"),
                    step.name
                ));
            }
        }
        report.line("");
        report.line(&self.closing_line());
    }

    fn count(&self, end: &End) -> usize {
        self.ended.iter().filter(|step| step.end == *end).count()
    }

    /// The numbers in the form that CI reads.
    fn closing_line(&self) -> String {
        format!("{} passed, {} failed", self.count(&End::Passed), self.count(&End::Failed))
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn closing_line_counts_passed_and_failed_steps_but_no_skipped_ones() {
        let report = Report::plain();
        let mut tally = Tally::default();
        assert!(tally.run(&report, "a", || Ok(Outcome::done(""))));
        assert!(tally.run(&report, "b", || Ok(Outcome::skipped("no such toolchain"))));
        assert!(tally.is_good());
        assert!(!tally.run(&report, "c", || bail!("it is broken")));
        assert!(!tally.is_good());
        assert_eq!(tally.closing_line(), "1 passed, 1 failed");
    }
}
