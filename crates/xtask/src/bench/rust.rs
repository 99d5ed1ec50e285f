//! The same without JavaScript: core's own benchmark, and that of the client over it.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Table, figure, grouped};
use crate::report::{LiveLine, Outcome, Report};
use crate::workspace::Workspace;

/// How core's rows are called, and those of the client.
const LABEL: &str = "certgrant-core in Rust";
const CLIENT_LABEL: &str = "certgrant in Rust";

/// With how many other tokens in the cache it is measured.
const OTHERS: [u32; 4] = [0, 1_000, 100_000, 1_000_000];

/// The same for the client, which gets each token by a flight.
const CLIENT_OTHERS: [u32; 3] = [0, 1_000, 100_000];

/// How many flights are under way together.
const FLIGHTS: [u32; 3] = [100, 10_000, 100_000];

/// Rows for the table of cached tokens.
pub(super) fn cached_rows(workspace: &Workspace, report: &Report) -> Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    let mut alone = None;
    for others in OTHERS {
        report.step(&format!("{LABEL}, {others} others"), |live| {
            let figures = measure(workspace, CORE, &["cached", &others.to_string()], live)?;
            let one = figure(&figures, "one")?;
            rows.push(vec![
                LABEL.to_owned(),
                grouped(f64::from(others)),
                grouped(one),
                format!("{:.2}", one / *alone.get_or_insert(one)),
                grouped(figure(&figures, "round")?),
                // One token alone does not share what the table itself takes.
                if others == 0 { "-".to_owned() } else { grouped(figure(&figures, "bytes")?) },
            ]);
            Ok(Outcome::done(format!("{one:.0} ns")))
        })?;
    }
    rows.extend(client_rows(workspace, report)?);
    Ok(rows)
}

fn client_rows(workspace: &Workspace, report: &Report) -> Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    for others in CLIENT_OTHERS {
        report.step(&format!("{CLIENT_LABEL}, {others} others"), |live| {
            let figures = measure(workspace, CLIENT, &[&others.to_string()], live)?;
            let [one, alone] = [figure(&figures, "one")?, figure(&figures, "alone")?];
            let beside = format!("{:.2}", one / alone);
            let [label, none] = [CLIENT_LABEL, "-"].map(str::to_owned);
            rows.push(vec![label, grouped(f64::from(others)), grouped(one), beside, none.clone(), none]);
            let through_dyn = figure(&figures, "dyn")?;
            Ok(Outcome::done(format!("{one:.0} ns, {through_dyn:.0} ns through dyn TokenCredential")))
        })?;
    }
    Ok(rows)
}

/// Measures flights for different tokens that are under way together.
pub(super) fn measure_flights(workspace: &Workspace, report: &Report) -> Result<Table> {
    report.heading("flights");
    let mut rows = Vec::new();
    for flights in FLIGHTS {
        report.step(&format!("{flights} flights"), |live| {
            let figures = measure(workspace, CORE, &["flights", &flights.to_string()], live)?;
            let [start, join, landing] =
                [figure(&figures, "start")?, figure(&figures, "join")?, figure(&figures, "landing")?];
            rows.push([f64::from(flights), start, join, landing].map(grouped).into());
            Ok(Outcome::done(format!("{join:.0} ns to find one")))
        })?;
    }
    Ok(Table {
        title: "Flights that are under way together",
        about: "Each is for a token of its own, in Rust. The nanoseconds of each to start it and make its request, for \
                another caller to join it, and to read its answer and keep its token.",
        head: &["flights", "start", "join", "landing"],
        rows,
    })
}

/// A benchmark: its package and its name.
type Benchmark = [&'static str; 2];

const CORE: Benchmark = ["certgrant-core", "client"];
const CLIENT: Benchmark = ["certgrant", "cached_token"];

fn measure(
    workspace: &Workspace,
    [package, name]: Benchmark,
    arguments: &[&str],
    live: &LiveLine,
) -> Result<Value> {
    let call = workspace.cargo().args(["bench", "--quiet", "--package", package, "--bench", name, "--"]);
    let printed = call.args(arguments).current_dir(workspace.root()).output(live)?;
    serde_json::from_str(printed.trim())
        .with_context(|| format!("the benchmark {name} of {package} did not print JSON"))
}
