//! Tokens from a service on this machine, over HTTPS.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{IDENTITY, Library, MSAL, NATIVE, OPENID, Table, WASM, figure, grouped, median, places};
use crate::report::{Outcome, Report};
use crate::workspace::Workspace;

const CANDIDATES: [Library; 5] = [NATIVE, WASM, MSAL, IDENTITY, OPENID];

/// How often each is measured; they take turns, so that what else the machine does hits all alike.
const ROUNDS: usize = 3;

/// The ways in which tokens are got, by their names in the figures.
const WAYS: [&str; 3] = ["alone", "together", "anew"];

/// Measures all candidates.
pub(super) fn measure(workspace: &Workspace, report: &Report) -> Result<Table> {
    report.heading("tokens from a service");
    let service = Service::start(workspace)?;
    let [entry, folder] = places(workspace);
    let mut measured: [Vec<Value>; CANDIDATES.len()] = Default::default();
    for round in 1..=ROUNDS {
        for (library, figures) in CANDIDATES.into_iter().zip(&mut measured) {
            report.step(&format!("{}, {round}", library.label()), |live| {
                let arguments = [&entry, &folder, &service.authority].map(String::as_str);
                let trust = [("NODE_EXTRA_CA_CERTS", service.authority_file.as_str())];
                let result = library.measure(workspace, "bench-cold.mjs", &arguments, &trust, live)?;
                let alone = figure(&result["alone"], "perSecond")?;
                figures.push(result);
                Ok(Outcome::done(format!("{alone:.0} a second")))
            })?;
        }
    }
    let rows = CANDIDATES.into_iter().zip(&measured).map(|(library, figures)| row(library, figures));
    Ok(Table {
        title: "Tokens from a service on this machine",
        about: "Tokens that are not in the cache, over HTTPS with kept connections: how many a second by the clock, and the \
                processor's milliseconds of one in the client's process. One client, its callers one after the other; sixteen \
                callers at once; and a new client for each token, which reads its certificate and signs every time. \
                Within a client, all but openid-client use an assertion more than once; certgrant's native clients of one \
                certificate share its key.",
        head: &["", "a second, one caller", "ms", "a second, sixteen", "ms", "a second, new clients", "ms"],
        rows: rows.collect::<Result<_>>()?,
    })
}

fn row(library: Library, figures: &[Value]) -> Result<Vec<String>> {
    let mut row = vec![library.label()];
    for way in WAYS {
        let middle = |name: &str| -> Result<f64> {
            Ok(median(figures.iter().map(|run| figure(&run[way], name)).collect::<Result<_>>()?))
        };
        row.push(grouped(middle("perSecond")?));
        row.push(format!("{:.2}", middle("processor")?));
    }
    Ok(row)
}

/// The service, which ends when this is dropped.
pub(super) struct Service {
    child: Child,
    pub(super) authority: String,
    pub(super) authority_file: String,
}

impl Service {
    /// Not by `Call`, which closes the standard input: the service ends with that.
    pub(super) fn start(workspace: &Workspace) -> Result<Self> {
        let file = workspace.state("bench-ca.pem");
        let mut child = Command::new("node")
            .arg(workspace.path("crates/xtask/scripts/bench-service.mjs"))
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the service")?;
        let stdout = child.stdout.take().context("standard output is a pipe")?;
        let mut authority = String::new();
        BufReader::new(stdout).read_line(&mut authority)?;
        let service = Self {
            child,
            authority: authority.trim().to_owned(),
            authority_file: file.display().to_string(),
        };
        if service.authority.is_empty() {
            bail!("the service ended before it listened");
        }
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}
