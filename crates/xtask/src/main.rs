//! `cargo xtask`: set-up, build, demo and tests of certgrant, each runnable alone.
//!
//! `cargo xtask demo` and `cargo xtask test` start from a fresh clone: they install what the lock files name, build
//! everything in place, and then do their work. What they can't install they name in one line.

#![expect(dead_code, reason = "the next subcommands use it")]
#![expect(clippy::std_instead_of_alloc, reason = "a program with std has no `alloc` crate in scope")]

mod build_native;
mod build_wasm;
mod check_core;
mod process;
mod report;
mod setup;
mod sizes;
mod steps;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::process::Call;
use crate::report::{LiveLine, Outcome, Report, Tone};
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
        Command::Build => build(&workspace, report),
        Command::CheckCore { accept: false } => check_core::run(&workspace, report),
        Command::CheckCore { accept: true } => check_core::accept(&workspace, report),
    }
}

/// Set-up, the WASM modules, the addon, the npm package, and what they weigh.
fn build(workspace: &Workspace, report: &Report) -> Result<()> {
    report.heading("build");
    setup::run(workspace, report)?;
    build_wasm::run(workspace, report)?;
    build_native::run(workspace, report)?;
    report.step("npm package", |live| build_package(workspace, live))?;
    sizes::run(workspace, report)
}

fn build_package(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    Call::npm().args(["run", "build"]).current_dir(workspace.npm()).output(live)?;
    Ok(Outcome::done("npm/certgrant/dist"))
}
