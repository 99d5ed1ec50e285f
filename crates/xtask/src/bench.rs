//! `cargo xtask bench`: what certgrant's tokens cost, beside its peers in the same run. Figures are medians; no test depends on
//! them.

mod adal;
mod cached;
mod cold;
mod document;
mod rust;
mod together;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::Call;
use crate::report::{LiveLine, Report};
use crate::workspace::Workspace;
use crate::{build, setup};

/// What is asked for on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Measures only these; all by default
    #[arg(value_enum)]
    what: Vec<What>,
    /// Measures what was built before, without a set-up
    #[arg(long)]
    as_built: bool,
    /// Writes the tables to npm/certgrant/docs/benchmarks.md
    #[arg(long)]
    record: bool,
    /// The most other tokens in the cache; each backend takes ten minutes to get a million of them
    #[arg(long, default_value_t = 1_000_000)]
    most_tokens: u32,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Tokens that are in the cache
    Cached,
    /// Callers that come together
    Together,
    /// Tokens from a service on this machine
    Cold,
    /// Token requests under way together, in Rust
    Flights,
    /// adal-node's calls
    Adal,
}

/// A library that is measured, with the backend that it is told to use.
#[derive(Debug, Clone, Copy)]
struct Library {
    name: &'static str,
    backend: &'static str,
}

const NATIVE: Library = Library { name: "certgrant", backend: "native" };
const WASM: Library = Library { name: "certgrant", backend: "wasm" };
/// No library: what a look-up takes at least.
const MAP: Library = Library { name: "a bare Map", backend: "" };
const MSAL: Library = Library { name: "@azure/msal-node", backend: "" };
const IDENTITY: Library = Library { name: "@azure/identity", backend: "" };
const ADAL: Library = Library { name: "adal-node", backend: "" };
const OPENID: Library = Library { name: "openid-client", backend: "" };

/// A table of results.
struct Table {
    title: &'static str,
    /// What was measured, and how, for a document.
    about: &'static str,
    head: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// Builds what is measured, measures, and prints the tables.
///
/// # Errors
///
/// The set-up, the build or a measurement fails.
pub(crate) fn run(workspace: &Workspace, report: &Report, options: &Options) -> Result<()> {
    if !options.as_built {
        report.heading("set-up and build");
        setup::run(workspace, report)?;
        build::make(workspace, report)?;
        report.step("peers", |live| setup::install_packages(&workspace.path("tests/interop"), live))?;
    }
    let measures: [(What, &dyn Fn() -> Result<Table>); 5] = [
        (What::Cached, &|| cached::measure(workspace, report, options.most_tokens)),
        (What::Together, &|| together::measure(workspace, report)),
        (What::Flights, &|| rust::measure_flights(workspace, report)),
        (What::Cold, &|| cold::measure(workspace, report)),
        (What::Adal, &|| adal::measure(workspace, report)),
    ];
    let mut tables = Vec::new();
    for (what, measure) in measures {
        if options.what.is_empty() || options.what.contains(&what) {
            tables.push(measure()?);
        }
    }
    for Table { title, head, rows, .. } in &tables {
        report.heading(title);
        report.table(head, rows);
    }
    if options.record { document::write(workspace, &tables) } else { Ok(()) }
}

impl Library {
    fn label(self) -> String {
        [self.name, self.backend].join(" ").trim_end().to_owned()
    }

    /// Runs a script on this library; what it printed, as JSON. `arguments` stand behind the library's name.
    fn measure(
        self,
        workspace: &Workspace,
        script: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
        live: &LiveLine,
    ) -> Result<Value> {
        let mut call = Call::node()
            .args(["--expose-gc", HEAP])
            .arg(workspace.path("crates/xtask/scripts").join(script))
            .arg(self.name)
            .args(arguments)
            .env("CERTGRANT_BACKEND", self.backend)
            .current_dir(workspace.path("tests/interop"));
        for (name, value) in environment {
            call = call.env(name, value);
        }
        let printed = call.output(live)?;
        serde_json::from_str(&printed).with_context(|| format!("{script} did not print JSON"))
    }
}

/// The heap of Node, in megabytes: a million tokens as long as Entra's take two gigabytes.
const HEAP: &str = "--max-old-space-size=6144";

/// What each script wants to know: certgrant's entry and the folder of the certificate.
fn places(workspace: &Workspace) -> [String; 2] {
    let entry = workspace.npm().join("dist/index.js");
    let folder = workspace.path("tests/vectors/assertion-rs256");
    [entry.display().to_string(), folder.display().to_string()]
}

fn figure(figures: &Value, name: &str) -> Result<f64> {
    figures[name].as_f64().with_context(|| format!("no figure \"{name}\" in {figures}"))
}

/// A count with spaces between its thousands.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([7.0, 999.0, 1000.0, 1_234_567.4].map(grouped), ["7", "999", "1 000", "1 234 567"]);
    }
}
