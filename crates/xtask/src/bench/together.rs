//! Callers that come together for a token that nobody has yet.

use anyhow::{Result, ensure};

use super::{IDENTITY, Library, MSAL, NATIVE, Table, WASM, figure, grouped, places};
use crate::report::{Outcome, Report};
use crate::workspace::Workspace;

/// Who is measured, and with how many callers. Each of a peer's callers makes a request.
const CANDIDATES: [(Library, u32); 4] = [(NATIVE, 10_000), (WASM, 10_000), (MSAL, 1_000), (IDENTITY, 1_000)];

/// Measures all candidates.
pub(super) fn measure(workspace: &Workspace, report: &Report) -> Result<Table> {
    report.heading("callers that come together");
    let [entry, folder] = places(workspace);
    let mut rows = Vec::new();
    for (library, callers) in CANDIDATES {
        report.step(&library.label(), |live| {
            let number = callers.to_string();
            let arguments = [&number, &entry, &folder].map(String::as_str);
            let figures = library.measure(workspace, "bench-together.mjs", &arguments, &[], live)?;
            let [requests, milliseconds] = [figure(&figures, "requests")?, figure(&figures, "milliseconds")?];
            ensure!(library.name != "certgrant" || requests == 1.0, "{requests} requests, not one");
            rows.push(vec![
                library.label(),
                grouped(f64::from(callers)),
                grouped(requests),
                format!("{milliseconds:.0}"),
            ]);
            Ok(Outcome::done(format!("{requests} requests, {milliseconds:.0} ms")))
        })?;
    }
    Ok(Table {
        title: "Callers that come together",
        about: "All ask one client for the same token at once. The answers come from inside the process, at once; the time is \
                that until the last caller has its token.",
        head: &["", "callers", "requests", "milliseconds"],
        rows,
    })
}
