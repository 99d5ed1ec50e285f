//! Builds the native Node addon and puts it where the npm package looks for it.
//!
//! The addon becomes a package of its own, as a release will have one for every platform: `npm/native/<platform>`, linked
//! into `npm/certgrant/node_modules`. Only the platform that this program runs on is built.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::report::{LiveLine, Outcome, Report};
use crate::workspace::Workspace;

/// A platform as npm names it: `process.platform`, `process.arch`, and the C library or compiler where there are several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Platform {
    os: &'static str,
    cpu: &'static str,
    abi: Option<&'static str>,
}

impl Platform {
    /// The platform that this program was built for.
    fn of_this_machine() -> Result<Self> {
        let environment = if cfg!(target_env = "musl") {
            "musl"
        } else if cfg!(target_env = "msvc") {
            "msvc"
        } else {
            "gnu"
        };
        Self::from_rust(std::env::consts::OS, std::env::consts::ARCH, environment)
    }

    /// Translates rustc's names into npm's.
    fn from_rust(os: &str, arch: &str, environment: &str) -> Result<Self> {
        let (os, abi) = match (os, environment) {
            ("linux", "musl") => ("linux", Some("musl")),
            ("linux", _) => ("linux", Some("gnu")),
            ("macos", _) => ("darwin", None),
            ("windows", "msvc") => ("win32", Some("msvc")),
            _ => bail!("there is no native addon for {os} with {environment}; the WASM module runs there"),
        };
        let cpu = match arch {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            _ => bail!("there is no native addon for {arch}; the WASM module runs there"),
        };
        Ok(Self { os, cpu, abi })
    }

    /// The name of the platform, such as `linux-x64-gnu`.
    fn name(self) -> String {
        let abi = self.abi.map_or_else(String::new, |abi| format!("-{abi}"));
        format!("{}-{}{abi}", self.os, self.cpu)
    }

    /// The manifest of the platform's npm package.
    fn manifest(self, version: &str) -> Value {
        let name = self.name();
        let mut manifest = json!({
            "name": format!("@certgrant/native-{name}"),
            "version": version,
            "description": format!("The native addon of certgrant for {name}"),
            "license": env!("CARGO_PKG_LICENSE"),
            "repository": {
                "type": "git",
                "url": "git+https://github.com/certgrant/certgrant.git",
                "directory": "bindings/node",
            },
            "type": "commonjs",
            "main": "certgrant.node",
            "files": ["certgrant.node"],
            "os": [self.os],
            "cpu": [self.cpu],
            "engines": { "node": ">=20" },
        });
        match self.abi {
            Some("gnu") => manifest["libc"] = json!(["glibc"]),
            Some("musl") => manifest["libc"] = json!(["musl"]),
            _ => {}
        }
        manifest
    }
}

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

    let folder = package_folder(workspace, platform);
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    replace(&built, &folder.join("certgrant.node"))?;
    let manifest = serde_json::to_string_pretty(&platform.manifest(env!("CARGO_PKG_VERSION")))?;
    std::fs::write(folder.join("package.json"), manifest + "\n")?;

    let link = workspace.npm().join("node_modules/@certgrant").join(format!("native-{}", platform.name()));
    link_package(&folder, &link).with_context(|| format!("linking {}", link.display()))?;
    Ok(Outcome::done(platform.name()))
}

fn package_folder(workspace: &Workspace, platform: Platform) -> PathBuf {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_named_as_npm_packages_are() {
        let name =
            |os, arch, environment| Platform::from_rust(os, arch, environment).map(Platform::name).ok();
        assert_eq!(name("linux", "x86_64", "gnu").as_deref(), Some("linux-x64-gnu"));
        assert_eq!(name("linux", "aarch64", "gnu").as_deref(), Some("linux-arm64-gnu"));
        assert_eq!(name("linux", "x86_64", "musl").as_deref(), Some("linux-x64-musl"));
        assert_eq!(name("macos", "aarch64", "gnu").as_deref(), Some("darwin-arm64"));
        assert_eq!(name("macos", "x86_64", "gnu").as_deref(), Some("darwin-x64"));
        assert_eq!(name("windows", "x86_64", "msvc").as_deref(), Some("win32-x64-msvc"));
    }

    #[test]
    fn platform_without_an_addon_is_refused_with_the_way_out() {
        let error = Platform::from_rust("linux", "riscv64", "gnu").expect_err("no addon");
        assert_eq!(error.to_string(), "there is no native addon for riscv64; the WASM module runs there");
    }

    #[test]
    fn manifest_keeps_npm_from_installing_the_addon_elsewhere() {
        let manifest = Platform { os: "linux", cpu: "x64", abi: Some("musl") }.manifest("1.2.3");
        assert_eq!(manifest["name"], "@certgrant/native-linux-x64-musl");
        assert_eq!(manifest["version"], "1.2.3");
        assert_eq!(manifest["os"], json!(["linux"]));
        assert_eq!(manifest["cpu"], json!(["x64"]));
        assert_eq!(manifest["libc"], json!(["musl"]));
    }
}
