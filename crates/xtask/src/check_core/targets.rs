//! Core compiles where there is no std, and for WASM, with each feature and without it.
//!
//! A crate that says `no_std` may still pull std in through a dependency or a feature; only a target without std shows it, to
//! `cargo check` already.

use anyhow::{Context, Result};

use super::looked_at;
use crate::report::{LiveLine, Outcome};
use crate::setup::{WASM_TARGET, add_target};
use crate::workspace::{Workspace, metadata};

/// A target without std.
const NO_STD_TARGET: &str = "thumbv7em-none-eabihf";

/// Checks for a target without std, and builds once, with all features. It is skipped where that target can't be had.
///
/// # Errors
///
/// Core does not compile.
pub(crate) fn check_no_std(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    if let Err(error) = add_target(NO_STD_TARGET, live) {
        let reason = format!("{error:#}");
        return Ok(Outcome::skipped(reason.lines().last().unwrap_or(NO_STD_TARGET)));
    }
    let outcome = check_all(workspace, NO_STD_TARGET, live)?;
    cargo(workspace, "build", NO_STD_TARGET, &features(workspace)?, live)?;
    Ok(outcome)
}

/// Checks for WASM; its modules are built as a whole later.
///
/// # Errors
///
/// Core does not compile, or the target can't be had.
pub(crate) fn check_wasm(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    add_target(WASM_TARGET, live)?;
    check_all(workspace, WASM_TARGET, live)
}

fn check_all(workspace: &Workspace, target: &str, live: &LiveLine) -> Result<Outcome> {
    let sets = telling_sets(&features(workspace)?);
    for set in &sets {
        cargo(workspace, "check", target, set, live)?;
    }
    Ok(looked_at(sets.len(), "feature set"))
}

fn cargo(
    workspace: &Workspace,
    command: &str,
    target: &str,
    features: &[String],
    live: &LiveLine,
) -> Result<()> {
    workspace
        .cargo()
        .args([command, "--package", "certgrant-core", "--target", target, "--no-default-features"])
        .args(["--features", &features.join(",")])
        .output(live)
        .with_context(|| format!("core for {target} with the features {features:?}"))?;
    Ok(())
}

/// Core's features as its manifest has them.
fn features(workspace: &Workspace) -> Result<Vec<String>> {
    let metadata = metadata(workspace.root(), &["--no-deps"])?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let core = packages
        .clone()
        .find(|package| package["name"] == "certgrant-core")
        .context("there is no certgrant-core")?;
    let features =
        core["features"].as_object().context("`cargo metadata` did not list the features of core")?;
    // `default` only names others.
    Ok(features.keys().filter(|&feature| feature != "default").cloned().collect())
}

/// No feature, each alone, all but each, and all: what a feature lacks or wants of another shows in these, and all subsets
/// would take minutes.
fn telling_sets(features: &[String]) -> Vec<Vec<String>> {
    let mut sets = vec![Vec::new(), features.to_vec()];
    for feature in features {
        sets.push(vec![feature.clone()]);
        sets.push(features.iter().filter(|other| *other != feature).cloned().collect());
    }
    sets.sort();
    sets.dedup();
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_is_built_alone_and_left_out_once() {
        let names =
            |features: &[&str]| features.iter().map(|&feature| feature.to_owned()).collect::<Vec<_>>();
        assert_eq!(telling_sets(&[]), vec![names(&[])]);
        let sets = telling_sets(&names(&["a", "b", "c"]));
        let expected: [&[&str]; 8] =
            [&[], &["a"], &["a", "b"], &["a", "b", "c"], &["a", "c"], &["b"], &["b", "c"], &["c"]];
        assert_eq!(sets, expected.map(names));
    }
}
