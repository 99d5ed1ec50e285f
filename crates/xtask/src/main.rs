//! `cargo xtask`: set-up, build, demo and tests of certgrant, each runnable alone.
//!
//! `cargo xtask demo` and `cargo xtask test` start from a fresh clone: they install what the lock files name, build
//! everything in place, and then do their work. What they can't install they name in one line.

#![expect(clippy::std_instead_of_alloc, reason = "a program with std has no `alloc` crate in scope")]

mod bench;
mod bench_runtimes;
mod build;
mod build_native;
mod build_wasm;
mod check_core;
mod cross;
mod debian;
mod demo;
mod emulator;
mod foreign;
mod fuzz;
mod generate;
mod limits;
mod markdown;
mod package;
mod platform;
mod process;
mod python;
mod report;
mod setup;
mod simulate;
mod sizes;
mod soak;
mod steps;
mod test_run;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::report::{Report, Tone};
use crate::workspace::Workspace;

/// Set-up, build, demo and tests of certgrant.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Does the set-up and builds everything in place, so that npm/certgrant can be imported by its path.
    Build,
    /// Writes what is made from the core's table of error codes.
    Gen {
        /// Compares instead, and shows what differs.
        #[arg(long)]
        check: bool,
    },
    /// Gets tokens from the emulator with a fresh certificate, in three ways, and shows what happens.
    Demo,
    /// Runs every check of the repository, or those that are named.
    Test(test_run::Options),
    /// Measures tokens beside the peers; some minutes, and six gigabytes of memory.
    Bench(bench::Options),
    /// Keeps certgrant under load while its token service has one fault after the other; fails if anything grows.
    Soak(soak::Options),
    /// Drives core through random schedules of callers, faults, aborts and time, and looks for broken promises.
    Simulate(simulate::Options),
    /// Looks with cargo-fuzz for files on which core breaks a promise; see tests/fuzz.
    Fuzz(fuzz::Options),
    /// Measures certgrant beside its peers on each runtime; some minutes.
    BenchRuntimes {
        /// Writes npm/certgrant/docs/runtimes.md and its plots.
        #[arg(long)]
        record: bool,
    },
    /// Packs every npm package as it would be published, and checks those files.
    Package(package::Options),
    /// Checks the rules about the core: targets, dependencies, module order, imports of the WASM modules.
    CheckCore {
        /// Writes the lists in the repository as they are now, instead of comparing.
        #[arg(long)]
        accept: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = Report::on_stdout();
    match run(&arguments.command, &report) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{} {error:#}", report.paint(Tone::Bad, "error:"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command, report: &Report) -> Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Build => {
            report.heading("set-up and build");
            setup::run(&workspace, report)?;
            build::run(&workspace, report)
        }
        Command::Gen { check: false } => generate::write(&workspace, report),
        Command::Gen { check: true } => report.step("gen", |_| generate::check(&workspace)).map(drop),
        Command::Demo => demo::run(&workspace, report),
        Command::Test(options) => test_run::run(&workspace, report, options),
        Command::Bench(options) => bench::run(&workspace, report, options),
        Command::Soak(options) => soak::run(&workspace, report, options),
        Command::Simulate(options) => simulate::run(&workspace, report, options),
        Command::Fuzz(options) => fuzz::run(&workspace, report, options),
        Command::BenchRuntimes { record } => bench_runtimes::run(&workspace, report, *record),
        Command::Package(options) => {
            report.heading("set-up and build");
            setup::run(&workspace, report)?;
            package::run(&workspace, report, options)
        }
        Command::CheckCore { accept: false } => check_core::run(&workspace, report),
        Command::CheckCore { accept: true } => check_core::accept(&workspace, report),
    }
}
