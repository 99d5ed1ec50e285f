//! The JavaScript side: the package's own checks, and the suite on both backends.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::generate;
use crate::process::Call;
use crate::report::{LiveLine, Outcome};
use crate::setup;
use crate::sizes;
use crate::steps::Step;
use crate::workspace::Workspace;

pub(super) const STEPS: [Step; 6] = [
    Step {
        name: "gen",
        about: "generated files are what `cargo xtask gen` writes",
        needs_build: false,
        work: |workspace, _| generate::check(workspace),
    },
    Step {
        name: "npm-check",
        about: "types, lint and format of the npm package, and the addon has the types that it takes it for",
        needs_build: true,
        work: npm_check,
    },
    Step {
        name: "worker-size",
        about: "what a Worker loads is within its limit",
        needs_build: true,
        work: sizes::check_worker,
    },
    Step {
        name: "suite-native",
        about: "the JavaScript suite on the native addon",
        needs_build: true,
        work: |workspace, live| suite(workspace, "native", live),
    },
    Step {
        name: "suite-wasm",
        about: "the JavaScript suite on the WASM module",
        needs_build: true,
        work: |workspace, live| suite(workspace, "wasm", live),
    },
    Step {
        name: "demo",
        about: "the demo ends with three verified tokens",
        needs_build: true,
        work: |_, live| {
            Call::new(std::env::current_exe()?).arg("demo").output(live)?;
            Ok(Outcome::done(""))
        },
    },
];

fn npm_check(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    declare_addon(workspace, live)?;
    Call::npm().args(["run", "check"]).current_dir(workspace.npm()).output(live)?;
    Ok(Outcome::done(""))
}

/// Has napi-derive say what the addon exports, and makes TypeScript declarations of that for `npm/certgrant/types/bindings.ts`.
fn declare_addon(workspace: &Workspace, live: &LiveLine) -> Result<()> {
    const ADDON: &str = "certgrant-node";
    // It writes while it expands the macros, so they have to be expanded again: in a target folder where nothing else waits for that.
    let target = workspace.target().join("type-def");
    let said = workspace.state("type-def");
    if said.exists() {
        fs::remove_dir_all(&said).with_context(|| format!("removing {}", said.display()))?;
    }
    fs::create_dir_all(&said).with_context(|| format!("creating {}", said.display()))?;
    let cargo = || workspace.cargo().env("CARGO_TARGET_DIR", &target);
    cargo().args(["clean", "--quiet", "--package", ADDON]).output(live)?;
    let check = cargo().args(["check", "--package", ADDON, "--features", "type-def"]);
    check.env("NAPI_TYPE_DEF_TMP_FOLDER", &said).output(live)?;
    let declarations = Call::node()
        .arg("scripts/native-declarations.mjs")
        .arg(said.join(ADDON))
        .current_dir(workspace.npm())
        .output(live)?;
    let path = workspace.npm().join("src/generated/native.d.ts");
    fs::write(&path, declarations).with_context(|| format!("writing {}", path.display()))
}

/// What stands in the line by which a test names something that is not installed here.
const LEFT_OUT: &str = " is left out: ";

fn suite(workspace: &Workspace, backend: &str, live: &LiveLine) -> Result<Outcome> {
    let folder = workspace.path("tests/suite");
    node_test(&folder, &[("CERTGRANT_BACKEND", backend.into())], live)
}

/// Runs the tests of a folder with Node's test runner, after installing what its lock file names, if it has one.
///
/// # Errors
///
/// A test fails, or the folder has no tests.
pub(crate) fn node_test(folder: &Path, environment: &[(&str, PathBuf)], live: &LiveLine) -> Result<Outcome> {
    if folder.join("package.json").is_file() {
        setup::install_packages(folder, live)?;
    }
    let mut files = Vec::new();
    collect_tests(folder, &mut files)?;
    files.sort();
    if files.is_empty() {
        bail!("{} holds no *.test.mjs or *.test.cjs", folder.display());
    }
    let mut call = Call::node().args(["--test", "--test-reporter=spec"]).args(&files).current_dir(folder);
    for (name, value) in environment {
        call = call.env(name, value);
    }
    let output = call.output(live)?;
    let tests = number_after(&output, "pass ").unwrap_or(0);
    if tests == 0 {
        bail!("{output}\nno test ran in {}", folder.display());
    }
    let left_out =
        output.lines().filter(|line| line.contains(LEFT_OUT)).map(|line| format!("; {}", line.trim()));
    Ok(Outcome::done(format!("{tests} tests in {} files{}", files.len(), left_out.collect::<String>())))
}

/// Node 20 takes folders and later versions take patterns; lists of files are taken by all.
fn collect_tests(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && name != "node_modules" {
            collect_tests(&path, files)?;
        } else if [".test.mjs", ".test.cjs", ".test.js"].iter().any(|ending| name.ends_with(ending)) {
            files.push(path);
        }
    }
    Ok(())
}

/// The number in the reporter's line `ℹ pass 12`.
fn number_after(output: &str, word: &str) -> Option<usize> {
    output
        .lines()
        .find_map(|line| line.trim_start_matches('ℹ').trim_start().strip_prefix(word)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_tests_is_read_from_the_reporter() {
        assert_eq!(
            number_after("✔ a (1ms)\nℹ tests 12\nℹ suites 0\nℹ pass 11\nℹ fail 1\n", "pass "),
            Some(11)
        );
        assert_eq!(number_after("nothing", "pass "), None);
    }
}
