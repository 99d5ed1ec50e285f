//! What Debian has and a test wants: programs, installed where apt can, and files of another release or processor, unpacked beside
//! the machine's own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::Call;
use crate::report::LiveLine;
use crate::workspace::Workspace;

/// Where Debian's images name the mirror that they install from.
const SOURCES: &str = "/etc/apt/sources.list.d/debian.sources";

/// Installs `package`, unless what it brings is there. Whether it is there then. Services do not start.
pub(crate) fn provide(package: &str, is_there: impl Fn() -> bool, live: &LiveLine) -> bool {
    let apt = |words: &[&str]| {
        let call = Call::new("apt-get").arg("-qq").args(words);
        call.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1").output(live).is_ok()
    };
    let install = ["install", "--yes", "--no-install-recommends", package];
    // The lists of packages of a fresh machine are missing or old.
    is_there() || ((apt(&install) || (apt(&["update"]) && apt(&install))) && is_there())
}

/// The files of `packages` as `release` has them for `architecture`, unpacked into a folder of their own.
///
/// # Errors
///
/// The machine does not get its packages from Debian, or apt fails.
pub(crate) fn unpacked(
    workspace: &Workspace,
    release: &str,
    architecture: &str,
    packages: &[&str],
    live: &LiveLine,
) -> Result<PathBuf> {
    let folder = workspace.state(&format!("debian-{release}-{architecture}-{}", packages.join("-")));
    let root = folder.join("root");
    let stamp = folder.join("unpacked.txt");
    if stamp.is_file() {
        return Ok(root);
    }
    for part in ["lists/partial", "cache/archives/partial", "sources", "root/usr/lib"] {
        fs::create_dir_all(folder.join(part)).with_context(|| format!("creating {part}"))?;
    }
    // As in every Debian, and in none of its packages.
    if !root.join("lib").exists() {
        Call::new("ln").args(["-s", "usr/lib"]).arg(root.join("lib")).output(live)?;
    }
    let source = format!(
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {} {release} main\n",
        mirror()?
    );
    fs::write(folder.join("sources/release.list"), source)?;
    let apt = || apt_beside(&folder, architecture);
    apt().arg("update").output(live)?;
    apt().arg("download").args(packages).current_dir(&folder).output(live)?;
    for entry in fs::read_dir(&folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            Call::new("dpkg-deb").arg("--extract").arg(&file).arg(&root).output(live)?;
        }
    }
    fs::write(&stamp, release)?;
    Ok(root)
}

/// An apt that has its state in `folder` and leaves the machine's alone.
fn apt_beside(folder: &Path, architecture: &str) -> Call {
    let at = |name: &str, part: &str| format!("{name}={}", folder.join(part).display());
    let options = [
        at("Dir::State", ""),
        at("Dir::State::lists", "lists"),
        "Dir::State::status=/dev/null".to_owned(),
        at("Dir::Cache", "cache"),
        "Dir::Etc::sourcelist=/dev/null".to_owned(),
        at("Dir::Etc::sourceparts", "sources"),
        format!("APT::Architecture={architecture}"),
        format!("APT::Architectures={architecture}"),
        "Acquire::Languages=none".to_owned(),
    ];
    options.iter().fold(Call::new("apt-get").arg("-qq"), |call, option| call.args(["-o", option]))
}

/// The mirror that the machine gets its packages from.
fn mirror() -> Result<String> {
    let text =
        fs::read_to_string(SOURCES).with_context(|| format!("reading {SOURCES}, which names a mirror"))?;
    match text.lines().find_map(|line| line.strip_prefix("URIs:")?.split_whitespace().next()) {
        Some(address) => Ok(address.to_owned()),
        None => bail!("{SOURCES} names no mirror"),
    }
}
