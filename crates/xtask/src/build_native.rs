//! Builds the native Node addon and puts it where the npm package looks for it.
//!
//! The addon becomes a package of its own, as a release has one for every platform: `npm/native/<platform>`, linked
//! into `npm/certgrant/node_modules`. Only the platform that this program runs on is built here; see `cross.rs` for the others.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::platform::Platform;
use crate::report::{LiveLine, Outcome, Report};
use crate::workspace::Workspace;

/// The finished addon of this machine's platform.
///
/// # Errors
///
/// There is no addon for this platform.
pub(crate) fn addon_path(workspace: &Workspace) -> Result<PathBuf> {
    Ok(package_folder(workspace, Platform::of_this_machine()?).join("certgrant.node"))
}

/// Builds the addon and links its package into the npm package.
///
/// # Errors
///
/// A step of the build fails.
pub(crate) fn run(workspace: &Workspace, report: &Report) -> Result<()> {
    report.step("native addon", |live| build(workspace, live))?;
    Ok(())
}

fn build(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let platform = Platform::of_this_machine()?;
    workspace.cargo().args(["build", "--release", "--package", "certgrant-node"]).output(live)?;
    let built = workspace.target().join("release").join(format!("{DLL_PREFIX}certgrant_node{DLL_SUFFIX}"));
    let folder = place(workspace, platform, &built)?;

    let link = workspace.npm().join("node_modules/@certgrant").join(format!("native-{}", platform.name()));
    link_package(&folder, &link).with_context(|| format!("linking {}", link.display()))?;
    Ok(Outcome::done(platform.name()))
}

/// Makes the package of a platform from a library that was built for it.
///
/// # Errors
///
/// The library is missing, or the package can't be written.
pub(crate) fn place(workspace: &Workspace, platform: Platform, library: &Path) -> Result<PathBuf> {
    let folder = package_folder(workspace, platform);
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    replace(library, &folder.join("certgrant.node"))?;
    let manifest = serde_json::to_string_pretty(&platform.manifest(env!("CARGO_PKG_VERSION")))?;
    std::fs::write(folder.join("package.json"), manifest + "\n")?;
    Ok(folder)
}

/// Where the package of a platform is made.
pub(crate) fn package_folder(workspace: &Workspace, platform: Platform) -> PathBuf {
    workspace.path("npm/native").join(platform.name())
}

/// Puts a new file in the place of an old one. A process that has the old one loaded keeps it.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let unfinished = to.with_extension("node.new");
    std::fs::copy(from, &unfinished).with_context(|| format!("copying {}", from.display()))?;
    std::fs::rename(&unfinished, to).with_context(|| format!("replacing {}", to.display()))
}

#[cfg(unix)]
fn link_package(folder: &Path, link: &Path) -> Result<()> {
    if std::fs::read_link(link).is_ok_and(|target| target == folder) {
        return Ok(());
    }
    remove(link)?;
    std::fs::create_dir_all(link.parent().context("a link stands in a folder")?)?;
    std::os::unix::fs::symlink(folder, link)?;
    Ok(())
}

/// Symbolic links ask for a privilege on Windows, so the package is copied.
#[cfg(not(unix))]
fn link_package(folder: &Path, link: &Path) -> Result<()> {
    std::fs::create_dir_all(link)?;
    for file in ["package.json", "certgrant.node"] {
        replace(&folder.join(file), &link.join(file))?;
    }
    Ok(())
}

#[cfg(unix)]
fn remove(link: &Path) -> Result<()> {
    match std::fs::symlink_metadata(link) {
        Ok(found) if found.is_dir() => Ok(std::fs::remove_dir_all(link)?),
        Ok(_) => Ok(std::fs::remove_file(link)?),
        Err(_) => Ok(()),
    }
}
