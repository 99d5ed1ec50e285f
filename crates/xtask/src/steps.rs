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

/// How the steps of a run ended.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: Vec<(String, Duration)>,
    skipped: Vec<(String, String)>,
    failed: Vec<(String, Duration)>,
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
        match result {
            Ok(Outcome::Done(_)) => self.passed.push((name.to_owned(), time)),
            Ok(Outcome::Skipped(reason)) => self.skipped.push((name.to_owned(), reason)),
            Err(error) => {
                report.line(&format!("\n{error:#}\n"));
                self.failed.push((name.to_owned(), time));
                return false;
            }
        }
        true
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
        self.failed.is_empty()
    }

    /// Prints what took long, what was skipped and what failed, and the closing line with the numbers.
    pub(crate) fn print_summary(&self, report: &Report) {
        report.heading("summary");
        let times = self
            .passed
            .iter()
            .map(|step| (step, "passed"))
            .chain(self.failed.iter().map(|step| (step, "failed")));
        let mut rows: Vec<Vec<String>> = times
            .map(|((name, time), result)| vec![name.clone(), result.to_owned(), duration(*time)])
            .collect();
        rows.extend(
            self.skipped.iter().map(|(name, _)| vec![name.clone(), "skipped".to_owned(), "-".to_owned()]),
        );
        report.table(&["step", "result", "time"], &rows);
        for (name, reason) in &self.skipped {
            report.line(&format!("  {} {name}: {reason}", report.paint(Tone::Doubtful, "skipped")));
        }
        report.line("");
        report.line(&self.closing_line());
    }

    /// The numbers in the form that CI reads.
    fn closing_line(&self) -> String {
        format!("{} passed, {} failed", self.passed.len(), self.failed.len())
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
