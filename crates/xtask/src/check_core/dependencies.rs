//! What core depends on, and that nothing published depends on a pre-release.
//!
//! `cargo tree` resolves one package alone, so that a feature which another member of the workspace turns on does not
//! count. All features and all platforms are taken together.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::looked_at;
use super::pinned::Pinned;
use crate::report::{LiveLine, Outcome};
use crate::workspace::{Workspace, metadata};

/// A package in a dependency tree.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
}

/// The list of the packages that core depends on.
pub(crate) fn pinned(workspace: &Workspace) -> Pinned {
    Pinned::new(
        workspace,
        "crates/core/dependencies.txt",
        "What certgrant-core depends on, with all features and on all platforms.",
    )
}

/// The names of the packages that core depends on.
///
/// # Errors
///
/// Cargo fails.
pub(crate) fn of_core(workspace: &Workspace, live: &LiveLine) -> Result<BTreeSet<String>> {
    let packages = tree(workspace, "certgrant-core", "normal", live)?;
    Ok(packages.into_iter().map(|package| package.name).filter(|name| name != "certgrant-core").collect())
}

/// Compares core's dependencies with the list.
///
/// # Errors
///
/// They differ.
pub(crate) fn check_list(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let found = of_core(workspace, live)?;
    pinned(workspace).check(&found)?;
    Ok(looked_at(found.len(), "package"))
}

/// Looks for pre-releases under everything that people will get from us.
///
/// # Errors
///
/// There is one.
pub(crate) fn check_pre_releases(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for published in published(workspace)? {
        for package in tree(workspace, &published, "normal,build", live)? {
            if is_pre_release(&package.version) {
                faults.push(format!("  {} {}, on which {published} depends", package.name, package.version));
            }
            seen.insert(package);
        }
    }
    if !faults.is_empty() {
        bail!("published packages depend on pre-releases, which promise nothing:\n{}", faults.join("\n"));
    }
    Ok(looked_at(seen.len(), "package"))
}

/// The members that go to crates.io, and the bindings, which go to npm.
fn published(workspace: &Workspace) -> Result<Vec<String>> {
    let metadata = metadata(workspace.root(), &["--no-deps"])?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` did not list packages")?;
    let goes_out = |package: &&Value| {
        let kinds = package["targets"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|target| target["kind"].as_array());
        package["publish"].is_null() || kinds.flatten().any(|kind| kind == "cdylib")
    };
    Ok(packages
        .iter()
        .filter(goes_out)
        .filter_map(|package| package["name"].as_str())
        .map(str::to_owned)
        .collect())
}

fn tree(workspace: &Workspace, package: &str, edges: &str, live: &LiveLine) -> Result<Vec<Package>> {
    let text = workspace
        .cargo()
        .args(["tree", "--package", package, "--edges", edges, "--all-features", "--target", "all"])
        .args(["--prefix", "none", "--format", "{p}"])
        .output(live)?;
    Ok(text.lines().filter_map(package_of_line).collect())
}

/// Reads a line such as `syn v2.0.119 (*)`.
fn package_of_line(line: &str) -> Option<Package> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let version = words.next()?.strip_prefix('v')?.to_owned();
    Some(Package { name, version })
}

/// Whether a version has a pre-release part: <https://semver.org/#spec-item-9>.
fn is_pre_release(version: &str) -> bool {
    version.split('+').next().is_some_and(|version| version.contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cargo_tree_are_read() {
        let package =
            |name: &str, version: &str| Some(Package { name: name.into(), version: version.into() });
        assert_eq!(package_of_line("sha2 v0.11.1"), package("sha2", "0.11.1"));
        assert_eq!(
            package_of_line("serde_derive v1.0.229 (proc-macro) (*)"),
            package("serde_derive", "1.0.229")
        );
        assert_eq!(package_of_line(""), None);
    }

    #[test]
    fn pre_release_is_told_from_build_metadata() {
        assert!(is_pre_release("0.2.0-pre.0"));
        assert!(is_pre_release("1.0.0-rc.1+2"));
        assert!(!is_pre_release("1.0.0+spec-1.1.0"));
        assert!(!is_pre_release("1.0.0"));
    }
}
