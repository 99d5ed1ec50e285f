//! The size table that ends a build, and the limits on what a Worker has to load.
//!
//! A Worker that uses PEM or a key of WebCrypto loads the main WASM module, and the JavaScript of the package's entry as a bundler
//! makes it; PFX files, and RSA where there is no WebCrypto, take one further module. Files are compressed here with the
//! strongest level, as a server would store them.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::build_wasm::Module;
use crate::process::Call;
use crate::report::{LiveLine, Outcome, Report, Tone};
use crate::workspace::Workspace;
use crate::{build_native, build_wasm};

/// What a Worker that uses PEM may load, compressed.
const WORKER_LIMIT: usize = 60_000;

/// What the modules that load on demand may weigh, compressed.
const ON_DEMAND_LIMITS: [(Module, usize); 3] =
    [(build_wasm::FILES, 40_000), (build_wasm::RARE_FILES, 58_000), (build_wasm::RSA, 40_000)];

/// What each module is for, in the order of [`build_wasm::ALL`].
const PURPOSES: [&str; 7] = [
    "",
    ", discovery and managed identities",
    ", PFX and encrypted keys",
    ", the same with rare ciphers and mending",
    ", without WebCrypto",
    ", Key Vault",
    ", ADAL's other flows",
];

const BUNDLE_SCRIPT: &str = include_str!("../scripts/bundle.mjs");

/// The conditions of package.json's exports by which a bundler for a Worker finds the entry, the most particular first.
const WORKER_CONDITIONS: [&str; 5] = ["workerd", "worker", "browser", "import", "default"];

/// Bytes of a file or of several, as they are and compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    raw: usize,
    gzip: usize,
}

impl Size {
    fn of(bytes: &[u8]) -> Result<Self> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes)?;
        Ok(Self { raw: bytes.len(), gzip: encoder.finish()?.len() })
    }

    fn of_file(path: &Path) -> Result<Self> {
        Self::of(&fs::read(path).with_context(|| format!("reading {}", path.display()))?)
    }

    fn plus(self, other: Self) -> Self {
        Self { raw: self.raw + other.raw, gzip: self.gzip + other.gzip }
    }

    fn row(self, name: &str) -> Vec<String> {
        vec![name.to_owned(), kilobytes(self.raw), kilobytes(self.gzip)]
    }
}

/// Measures and prints what the build made. The limit is a matter of the test step [`check_worker`].
///
/// # Errors
///
/// A file of the build is missing, or the entry can't be bundled.
pub(crate) fn run(workspace: &Workspace, report: &Report) -> Result<()> {
    let mut rows = Vec::new();
    let mut worker = None;
    report.step("sizes", |live| {
        let main = Size::of_file(&build_wasm::MAIN.wasm_path(workspace))?;
        let entry = entry_bundle(workspace, live)?;
        for (module, purpose) in build_wasm::ALL.iter().zip(PURPOSES) {
            let size = Size::of_file(&module.wasm_path(workspace))?;
            rows.push(size.row(&format!("{}.wasm{purpose}", module.name)));
        }
        rows.push(entry.row("JavaScript of the entry, bundled and minified"));
        rows.push(main.plus(entry).row("a Worker that uses PEM: this and certgrant.wasm"));
        rows.push(Size::of_file(&build_native::addon_path(workspace)?)?.row("certgrant.node, native addon"));
        worker = Some(main.plus(entry));
        Ok(Outcome::done(""))
    })?;
    report.table(&["kilobytes", "raw", "gzip -9"], &rows);
    match worker.map(within_limit) {
        Some(Ok(good)) => report.line(&format!("  {}", report.paint(Tone::Good, &good))),
        Some(Err(bad)) => report.line(&format!("  {}", report.paint(Tone::Bad, &bad.to_string()))),
        None => {}
    }
    Ok(())
}

/// Refuses a build of which a Worker would have to load too much.
///
/// # Errors
///
/// It is more than the limit, or can't be measured.
pub(crate) fn check_worker(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let main = Size::of_file(&build_wasm::MAIN.wasm_path(workspace))?;
    for (module, limit) in ON_DEMAND_LIMITS {
        let size = Size::of_file(&module.wasm_path(workspace))?;
        if size.gzip > limit {
            let (found, limit) = (kilobytes(size.gzip), limit / 1000);
            bail!("{}.wasm has {found} KB gzip, and the limit is {limit} KB", module.name);
        }
    }
    within_limit(main.plus(entry_bundle(workspace, live)?)).map(Outcome::Done)
}

fn within_limit(worker: Size) -> Result<String> {
    let found = format!("a Worker that uses PEM loads {} KB gzip", kilobytes(worker.gzip));
    let limit = format!("the limit is {} KB", WORKER_LIMIT / 1000);
    if worker.gzip > WORKER_LIMIT {
        bail!("{found}, and {limit}");
    }
    Ok(format!("{found}; {limit}"))
}

/// The JavaScript that a Worker's bundle has from the package.
fn entry_bundle(workspace: &Workspace, live: &LiveLine) -> Result<Size> {
    let folder = workspace.npm();
    let manifest_path = folder.join("package.json");
    let manifest =
        fs::read(&manifest_path).with_context(|| format!("reading {}", manifest_path.display()))?;
    let manifest: Value = serde_json::from_slice(&manifest).context("package.json is not JSON")?;
    let entry =
        resolve(&manifest["exports"]["."]).context("package.json exports no entry \".\" for a Worker")?;
    let chunks = Call::node()
        .args(["--input-type=module", "-e", BUNDLE_SCRIPT, "--", entry])
        .current_dir(&folder)
        .output(live)
        .with_context(|| format!("bundling {entry}"))?;
    let chunks: Vec<Value> = serde_json::from_str(&chunks).context("the bundler did not answer JSON")?;
    let codes = chunks.iter().filter_map(|chunk| chunk["code"].as_str());
    codes
        .map(|code| Size::of(code.as_bytes()))
        .try_fold(Size { raw: 0, gzip: 0 }, |sum, size| Ok(sum.plus(size?)))
}

/// Follows the conditions of an export, the most particular first.
fn resolve(export: &Value) -> Option<&str> {
    match export {
        Value::String(path) => Some(path),
        Value::Object(conditions) => {
            WORKER_CONDITIONS.iter().filter_map(|&condition| conditions.get(condition)).find_map(resolve)
        }
        _ => None,
    }
}

/// Thousands of bytes, with one decimal.
fn kilobytes(bytes: usize) -> String {
    let tenths = (bytes + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_are_told_in_rounded_kilobytes() {
        assert_eq!(kilobytes(0), "0.0");
        assert_eq!(kilobytes(49), "0.0");
        assert_eq!(kilobytes(59_950), "60.0");
        assert_eq!(kilobytes(1_234_567), "1234.6");
    }

    #[test]
    fn compressed_size_is_what_gzip_would_write() {
        let size = Size::of(&[b'a'; 10_000]).expect("memory");
        assert_eq!(size.raw, 10_000);
        assert!((20..60).contains(&size.gzip), "{size:?}");
    }

    #[test]
    fn worker_over_the_limit_is_refused() {
        assert!(within_limit(Size { raw: 0, gzip: WORKER_LIMIT }).is_ok());
        let error = within_limit(Size { raw: 0, gzip: WORKER_LIMIT + 100 }).expect_err("over the limit");
        assert_eq!(error.to_string(), "a Worker that uses PEM loads 60.1 KB gzip, and the limit is 60 KB");
    }

    #[test]
    fn entry_of_a_worker_is_found_by_its_conditions() {
        let node = json!({ "import": { "types": "./i.d.ts", "default": "./i.js" }, "require": "./i.cjs" });
        assert_eq!(resolve(&node), Some("./i.js"));
        let both = json!({ "workerd": "./worker.js", "node": "./node.js", "default": "./i.js" });
        assert_eq!(resolve(&both), Some("./worker.js"));
        assert_eq!(resolve(&json!({ "node": "./node.js" })), None);
    }
}
