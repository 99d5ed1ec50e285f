//! adal-node's calls: what adal-node takes for them, and certgrant in its place.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::Value;

use super::cold::Service;
use super::{ADAL, Library, Table, figure, grouped, median, places};
use crate::report::{Outcome, Report};
use crate::workspace::Workspace;

/// How often each is measured; they take turns, so that what else the machine does hits all alike.
const ROUNDS: usize = 3;

/// A package with adal-node's interface, and where it lies.
struct Candidate {
    library: Library,
    folder: PathBuf,
}

/// Measures all candidates.
pub(super) fn measure(workspace: &Workspace, report: &Report) -> Result<Table> {
    report.heading("adal-node's calls");
    let service = Service::start(workspace)?;
    let [_, vector] = places(workspace);
    let alias = workspace.path("npm/certgrant-adal");
    let candidate = |name, backend, folder| Candidate { library: Library { name, backend }, folder };
    let candidates = [
        candidate("certgrant-adal", "wasm", alias.clone()),
        candidate("certgrant-adal", "native", alias),
        candidate(ADAL.name, ADAL.backend, workspace.path("tests/interop/node_modules/adal-node")),
    ];
    let addons = workspace.npm().join("node_modules").display().to_string();
    let environment =
        [("NODE_EXTRA_CA_CERTS", service.authority_file.as_str()), ("NODE_PATH", addons.as_str())];
    let mut measured: [Vec<Value>; 3] = Default::default();
    for round in 1..=ROUNDS {
        for (Candidate { library, folder }, figures) in candidates.iter().zip(&mut measured) {
            report.step(&format!("{}, {round}", library.label()), |live| {
                let folder = folder.display().to_string();
                let arguments = [&folder, &service.authority, &vector].map(String::as_str);
                figures.push(library.measure(workspace, "bench-adal.mjs", &arguments, &environment, live)?);
                Ok(Outcome::done(""))
            })?;
        }
    }
    let rows = candidates.iter().zip(&measured).map(|(candidate, figures)| row(candidate.library, figures));
    Ok(Table {
        title: "adal-node's calls",
        about: "The package that takes adal-node's name, beside adal-node: packages and kilobytes that an install brings, \
                without the native addon, which is a package of its own; milliseconds of `require` (what certgrant needs \
                for its first token it loads with that); the processor's microseconds of a cached call with 1, 1000 and 10 000 entries \
                of the application in the cache; and calls with a certificate that no cache answers, from a service on this \
                machine.",
        head: &[
            "",
            "packages",
            "KB",
            "require, ms",
            "cached, µs, 1",
            "1000",
            "10 000",
            "certificate, a second",
            "ms",
        ],
        rows: rows.collect::<Result<_>>()?,
    })
}

fn row(library: Library, runs: &[Value]) -> Result<Vec<String>> {
    let middle = |of: fn(&Value) -> &Value, name: &str| -> Result<f64> {
        Ok(median(runs.iter().map(|run| figure(of(run), name)).collect::<Result<_>>()?))
    };
    let whole = |name| middle(|run| run, name);
    let cached = |entries| Ok::<_, anyhow::Error>(middle(|run| &run["cached"], entries)? / 1000.0);
    Ok(vec![
        library.label(),
        grouped(whole("packages")?),
        grouped(whole("bytes")? / 1000.0),
        format!("{:.0}", whole("require")?),
        format!("{:.1}", cached("1")?),
        format!("{:.1}", cached("1000")?),
        format!("{:.1}", cached("10000")?),
        grouped(middle(|run| &run["certificate"], "perSecond")?),
        format!("{:.2}", middle(|run| &run["certificate"], "processor")?),
    ])
}
