//! Builds the addons of other platforms on this one: `cargo xtask package --native linux-arm64-musl` or `--native all`.
//!
//! rustup brings the standard library of each target; zig, which PyPI has as a package, is the C compiler and the linker for all of
//! them and has what their systems' headers and libraries say, so no SDK is needed. cargo-zigbuild puts it in cargo's hands.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::build_native::place;
use crate::platform::{Libc, Platform};
use crate::process::Call;
use crate::python::Python;
use crate::report::{LiveLine, Outcome, Report};
use crate::setup;
use crate::workspace::Workspace;

/// The oldest glibc that an addon loads with: what Node.js 20 itself needs.
const OLDEST_GLIBC: &str = "2.28";

/// An archive without members.
const EMPTY_ARCHIVE: &str = "!<arch>\n";

/// Builds the addons of `platforms`, each into its package.
///
/// # Errors
///
/// A tool can't be had, or a build fails.
pub(crate) fn run(workspace: &Workspace, report: &Report, platforms: &[Platform]) -> Result<()> {
    if platforms.is_empty() {
        return Ok(());
    }
    let mut tools = None;
    report.step("zig", |live| {
        tools = Some(self::tools(workspace, live)?);
        Ok(Outcome::done(""))
    })?;
    let tools = tools.context("the tools were installed")?;
    for &platform in platforms {
        report
            .step(&format!("addon {}", platform.name()), |live| build(workspace, platform, &tools, live))?;
    }
    Ok(())
}

/// zig and cargo-zigbuild, in a Python environment.
///
/// # Errors
///
/// There is no Python 3, or pip fails.
pub(crate) fn tools(workspace: &Workspace, live: &LiveLine) -> Result<Python> {
    let requirements = workspace.path("crates/xtask/cross-requirements.txt");
    Python::with(workspace, "cross", &requirements, live)
}

fn build(workspace: &Workspace, platform: Platform, tools: &Python, live: &LiveLine) -> Result<Outcome> {
    setup::add_target(platform.target, live)?;
    let target = match platform.libc {
        Some(Libc::Glibc) => format!("{}.{OLDEST_GLIBC}", platform.target),
        _ => platform.target.to_owned(),
    };
    let call = workspace.cargo().args(["zigbuild", "--release", "--package", "certgrant-node"]);
    let call = call.args(["--target", &target]).env("PATH", path_with(tools.programs())?);
    settings(workspace, platform, call)?.output(live)?;
    let library = workspace.target().join(platform.target).join("release").join(library_name(platform));
    place(workspace, platform, &library)?;
    let bytes = fs::metadata(&library).with_context(|| format!("looking at {}", library.display()))?.len();
    Ok(Outcome::done(format!("{} kB", bytes.div_ceil(1000))))
}

/// What a platform's build needs besides.
fn settings(workspace: &Workspace, platform: Platform, call: Call) -> Result<Call> {
    if platform.libc == Some(Libc::Musl) {
        // Rust links musl into a program; an addon is to use the one that Node.js runs on.
        let name = platform.target.to_uppercase().replace('-', "_");
        return Ok(call.env(&format!("CARGO_TARGET_{name}_RUSTFLAGS"), "-C target-feature=-crt-static"));
    }
    if platform.os == "win32" {
        return Ok(call.env("LIBNODE_PATH", empty_libnode(workspace)?));
    }
    Ok(call)
}

/// A folder with a Node.js to link to, as napi-build wants it on Windows. It is empty: the addon looks Node's functions up in the
/// process that loads it.
fn empty_libnode(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.state("libnode");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    for name in ["libnode.dll", "libnode.a"] {
        fs::write(folder.join(name), EMPTY_ARCHIVE).with_context(|| format!("writing {name}"))?;
    }
    Ok(folder)
}

fn library_name(platform: Platform) -> &'static str {
    match platform.os {
        "win32" => "certgrant_node.dll",
        "darwin" => "libcertgrant_node.dylib",
        _ => "libcertgrant_node.so",
    }
}

/// `PATH` with a folder before all others.
fn path_with(folder: &Path) -> Result<std::ffi::OsString> {
    let others = env::var_os("PATH").unwrap_or_default();
    let folders = [folder.to_owned()].into_iter().chain(env::split_paths(&others));
    env::join_paths(folders).context("a folder in PATH has a name that PATH can't hold")
}
