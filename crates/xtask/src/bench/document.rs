//! The tables in the package's documentation, with when, where and of what they were made.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;
use time::OffsetDateTime;

use super::{ADAL, IDENTITY, MSAL, OPENID, Table};
use crate::markdown;
use crate::process::Call;
use crate::report::LiveLine;
use crate::workspace::Workspace;

/// Writes the document.
pub(super) fn write(workspace: &Workspace, tables: &[Table]) -> Result<()> {
    let node = Call::node().arg("--version").output(&LiveLine::off())?;
    let peers = [MSAL, IDENTITY, OPENID, ADAL]
        .iter()
        .map(|peer| Ok(format!("{} {}", peer.name, version_of(workspace, peer.name)?)))
        .collect::<Result<Vec<String>>>()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!(
        "# Benchmarks\n\n<!-- Made by `cargo xtask bench --record`. -->\n\n\
         Medians of one run on {date}: Node.js {node}, {system} on {processor}, a virtual machine with {cores} cores that other \
         programs use too; {peers}. They say how the libraries compare, not how fast another machine is. Tokens are \
         1500 characters long. No test depends on these figures.\n",
        date = OffsetDateTime::now_utc().date(),
        node = node.trim().trim_start_matches('v'),
        system = std::env::consts::OS,
        processor = std::env::consts::ARCH,
        peers = peers.join(", "),
    );
    for Table { title, about, head, rows } in tables {
        text.push_str(&format!("\n## {title}\n\n{about}\n\n{}", markdown::table(head, rows)));
    }
    let path = workspace.npm().join("docs/benchmarks.md");
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

fn version_of(workspace: &Workspace, name: &str) -> Result<String> {
    let path = workspace.path("tests/interop/node_modules").join(name).join("package.json");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let manifest: Value = serde_json::from_str(&text)?;
    Ok(manifest["version"].as_str().context("a package has a version")?.to_owned())
}
