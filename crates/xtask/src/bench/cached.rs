//! Tokens that are in the cache: the same one among others, and going round all of them.

use anyhow::{Result, ensure};

use super::{IDENTITY, Library, MAP, MSAL, NATIVE, Table, WASM, figure, grouped, places, rust};
use crate::report::{LiveLine, Outcome, Report};
use crate::workspace::Workspace;

/// Who is measured, and with how many other tokens in the cache. The peers' calls take as long as there are tokens.
const CANDIDATES: [(Library, &[u32]); 5] = [
    (NATIVE, &[0, 1_000, 100_000, 1_000_000]),
    (WASM, &[0, 1_000, 100_000, 1_000_000]),
    (MAP, &[0, 1_000, 100_000, 1_000_000]),
    (MSAL, &[0, 1_000, 5_000]),
    (IDENTITY, &[0, 1_000]),
];

/// Measures all candidates, in JavaScript with at most so many other tokens.
pub(super) fn measure(workspace: &Workspace, report: &Report, most: u32) -> Result<Table> {
    report.heading("cached tokens");
    let mut rows = rust::cached_rows(workspace, report)?;
    for (library, numbers) in CANDIDATES {
        for &others in numbers.iter().filter(|others| **others <= most) {
            report.step(&format!("{}, {others} others", library.label()), |live| {
                let row = row(workspace, library, others, live)?;
                let outcome = Outcome::done(format!("{} ns", row[2]));
                rows.push(row);
                Ok(outcome)
            })?;
        }
    }
    Ok(Table {
        title: "Cached tokens",
        about: "The processor's time of a `getToken` whose token is in the cache (in Rust of `CachingClient::acquire`), in \
                nanoseconds, and what a token takes in memory beyond its own 1500 characters. \"Beside alone\" is the time \
                beside that of the same call before the others came; in Rust, beside that of a cache without others. \
                Certgrant has the 1024 tokens that were used last in JavaScript's heap, and the rest outside of it, because V8 \
                visits every page of its heap in each collection. A bare `Map` of promises, which knows neither age nor end of \
                a token and has all of them in the heap, shows what this machine's memory takes.",
        head: &["", "other tokens", "the same token", "beside alone", "going round all", "bytes a token"],
        rows,
    })
}

fn row(workspace: &Workspace, library: Library, others: u32, live: &LiveLine) -> Result<Vec<String>> {
    let [entry, folder] = places(workspace);
    let number = others.to_string();
    let arguments = [&number, &entry, &folder].map(String::as_str);
    let figures = library.measure(workspace, "bench-cached.mjs", &arguments, &[], live)?;
    let granted = figure(&figures, "granted")?;
    ensure!(
        granted == f64::from(others) + 1.0,
        "{granted} requests for {} tokens: they were not cached",
        others + 1
    );
    let one = figure(&figures, "one")?;
    let alone = figure(&figures, "alone")?;
    let optional = |name: &str| figures[name].as_f64().map_or_else(|| "-".to_owned(), grouped);
    Ok(vec![
        library.label(),
        grouped(f64::from(others)),
        grouped(one),
        format!("{:.2}", one / alone),
        optional("round"),
        optional("extra"),
    ])
}
