//! The set-up of a fresh machine: Node.js is there, the compiler's targets and npm's packages are added.
//!
//! Cargo and npm fetch what the lock files name, rustup the targets of the toolchain in use. Nothing else is downloaded.
//! What can't be installed from here is named in one line, with where to get it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::Call;
use crate::report::{LiveLine, Outcome, Report};
use crate::workspace::Workspace;

/// The oldest Node.js that the package supports.
const OLDEST_NODE: u32 = 20;

/// The target of the WASM modules.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Does all that `build` needs.
///
/// # Errors
///
/// A program is missing or too old, or a download failed.
pub(crate) fn run(workspace: &Workspace, report: &Report) -> Result<()> {
    report.step("node and npm", check_node)?;
    report.step("wasm target", |live| add_target(WASM_TARGET, live))?;
    report.step("npm packages", |live| install_packages(&workspace.npm(), live))?;
    Ok(())
}

/// Refuses a Node.js that is missing or too old.
fn check_node(live: &LiveLine) -> Result<Outcome> {
    let node = Call::node().arg("--version").output(live)?;
    let node = node.trim().trim_start_matches('v');
    let major = node.split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(OLDEST_NODE..) => {}
        _ => bail!(
            "node is version {node}, and {OLDEST_NODE} or newer is needed: install it from https://nodejs.org or your \
             package manager"
        ),
    }
    let npm = Call::npm().arg("--version").output(live)?;
    Ok(Outcome::done(format!("node {node}, npm {}", npm.trim())))
}

/// Adds a target to the toolchain in use, where it is missing.
///
/// # Errors
///
/// There is no rustup to add it, or the download failed.
pub(crate) fn add_target(target: &str, live: &LiveLine) -> Result<Outcome> {
    if has_target(target, live)? {
        return Ok(Outcome::done(format!("{target} is there")));
    }
    Call::new("rustup")
        .args(["target", "add", target])
        .install_hint("it is needed to add a compiler target: install it from https://rustup.rs")
        .output(live)
        .with_context(|| format!("adding the compiler target {target}"))?;
    if !has_target(target, live)? {
        bail!(
            "rustup added {target} to another toolchain than the one in use; add the target to the toolchain that runs \
             `cargo xtask`"
        );
    }
    Ok(Outcome::done(format!("{target} added")))
}

/// Asks the compiler rather than rustup, so that a compiler from elsewhere that has the target will do.
fn has_target(target: &str, live: &LiveLine) -> Result<bool> {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = Call::new(compiler).args(["--print", "target-libdir", "--target", target]).output(live)?;
    Ok(Path::new(folder.trim()).is_dir())
}

/// Installs what `package-lock.json` in `folder` names, unless that is installed already.
///
/// Not by `npm ci`: that refuses a lock file that lacks an optional package of another platform, and npm leaves such a
/// package out where the registry in use lacks it. That the lock file fits package.json is checked here instead.
///
/// # Errors
///
/// The lock file is missing or does not fit, or npm fails.
pub(crate) fn install_packages(folder: &Path, live: &LiveLine) -> Result<Outcome> {
    let lock_path = folder.join("package-lock.json");
    let lock = fs::read(&lock_path).with_context(|| {
        format!("reading {}, which names the npm packages to install", lock_path.display())
    })?;
    let stamp = stamp_of(folder);
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(Outcome::done("as package-lock.json says"));
    }
    let manifest = fs::read(folder.join("package.json"))?;
    if !lock_fits(&serde_json::from_slice(&manifest)?, &serde_json::from_slice(&lock)?) {
        bail!("{} does not fit package.json beside it: run `npm install` there", lock_path.display());
    }
    Call::npm().args(["install", "--no-save", "--no-audit", "--no-fund"]).current_dir(folder).output(live)?;
    // A package without dependencies gets no node_modules of its own.
    fs::create_dir_all(folder.join("node_modules"))?;
    fs::write(&stamp, lock).with_context(|| format!("writing {}", stamp.display()))?;
    Ok(Outcome::done("installed"))
}

/// Whether the lock file was made from what package.json asks for.
fn lock_fits(manifest: &Value, lock: &Value) -> bool {
    let locked = &lock["packages"][""];
    ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"]
        .iter()
        .all(|&kind| manifest[kind] == locked[kind])
}

/// A copy of the lock file that was installed. It lies in `node_modules`, so that it goes when that goes.
fn stamp_of(folder: &Path) -> PathBuf {
    folder.join("node_modules/.certgrant-installed.json")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lock_file_of_other_dependencies_does_not_fit() {
        let lock = json!({ "packages": { "": { "name": "x", "devDependencies": { "a": "1.0.0" } } } });
        assert!(lock_fits(&json!({ "devDependencies": { "a": "1.0.0" } }), &lock));
        assert!(!lock_fits(&json!({ "devDependencies": { "a": "1.0.1" } }), &lock));
        assert!(!lock_fits(
            &json!({ "dependencies": { "b": "1" }, "devDependencies": { "a": "1.0.0" } }),
            &lock
        ));
    }
}
