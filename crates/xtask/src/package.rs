//! `cargo xtask package`: packs every npm package as it would be published, and checks those very files.
//!
//! A package is staged: its manifest without what only its making needs, its licences beside it, and the addons' packages among
//! its optional dependencies. Those are not in the source tree's manifest, because `npm ci` refuses a lock file without them, and
//! they are not published when it is made. What is packed is listed and pinned; that it installs and works in fresh projects is
//! shown by `cargo xtask test package packaging`, and for the addons of other platforms by `cargo xtask package --native all --try`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::check_core::pinned::Pinned;
use crate::platform::Platform;
use crate::process::Call;
use crate::report::{LiveLine, Outcome, Report};
use crate::workspace::Workspace;
use crate::{build, build_native, cross, foreign};

/// Members of a manifest that nobody needs who installs the package.
const MAKING: [&str; 2] = ["scripts", "devDependencies"];

/// What npm does not pack by itself: it looks for other names.
const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// The packages besides those of the addons, by their folders in `npm`.
const PACKAGES: [&str; 2] = ["certgrant", "certgrant-adal"];

/// What an installation may weigh: the package, and the addon of its platform.
const INSTALLED_LIMIT: u64 = 4_000_000;

/// How the names of the addons' packages begin.
const ADDON: &str = "@certgrant/native-";

/// What is asked for on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Writes the list of files in the repository as it is now, instead of comparing.
    #[arg(long)]
    accept: bool,
    /// Builds the addon of this platform too, such as linux-arm64-musl, or of all; can be given several times.
    #[arg(long, value_name = "PLATFORM")]
    native: Vec<String>,
    /// Runs the addons that were packed on a Node.js of their platform: under qemu, on musl, under Wine.
    #[arg(long = "try")]
    tried: bool,
}

/// A packed package.
#[derive(Debug)]
struct Packed {
    name: String,
    files: Vec<String>,
    packed: u64,
    unpacked: u64,
}

/// Builds everything, packs it, checks it, and prints what there is to publish. The set-up must have been done.
///
/// # Errors
///
/// A build or packing fails, a file is missing or too many, a package would install another one, or an addon does not run.
pub(crate) fn run(workspace: &Workspace, report: &Report, options: &Options) -> Result<()> {
    let crossed = Platform::named(&options.native)?;
    build::make(workspace, report)?;
    cross::run(workspace, report, &crossed)?;
    report.heading("package");
    let platforms = with_this_machine(crossed)?;
    let mut packages = Vec::new();
    report.step("pack", |live| {
        packages = pack(workspace, &platforms, live)?;
        Ok(Outcome::done(folder(workspace).display().to_string()))
    })?;
    report.step("file lists", |_| {
        let list = file_list(workspace);
        let found = listed(&packages);
        if options.accept {
            return list.accept(&found);
        }
        list.check(&found)?;
        Ok(Outcome::done(format!("{} files", found.len())))
    })?;
    report.step("weight", |_| weight(&packages, Platform::of_this_machine()?).map(Outcome::Done))?;
    let rows: Vec<Vec<String>> = packages.iter().map(Packed::row).collect();
    report.table(&["package", "files", "kB packed", "kB installed"], &rows);
    if options.tried {
        report.heading("addons on their platforms");
        foreign::run(workspace, report, &platforms)?;
    }
    Ok(())
}

/// The test step: packs, and compares with the pinned lists. The packed files are then there for the steps behind it.
///
/// # Errors
///
/// Those of [`run`].
pub(crate) fn check(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let packages = pack(workspace, &with_this_machine(Vec::new())?, live)?;
    file_list(workspace).check(&listed(&packages))?;
    let weight = weight(&packages, Platform::of_this_machine()?)?;
    Ok(Outcome::done(format!("{} packages, {weight}", packages.len())))
}

/// Where the packed files lie.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.state("packages")
}

impl Packed {
    /// Reads what `npm pack --json` says of a package.
    fn from_npm(answer: &Value) -> Option<Self> {
        let path = |file: &Value| file["path"].as_str().map(str::to_owned);
        Some(Self {
            name: answer["name"].as_str()?.to_owned(),
            files: answer["files"].as_array()?.iter().filter_map(path).collect(),
            packed: answer["size"].as_u64()?,
            unpacked: answer["unpackedSize"].as_u64()?,
        })
    }

    fn row(&self) -> Vec<String> {
        let kilobytes = |bytes: u64| format!("{}", bytes.div_ceil(1000));
        vec![
            self.name.clone(),
            self.files.len().to_string(),
            kilobytes(self.packed),
            kilobytes(self.unpacked),
        ]
    }
}

/// Refuses packages that weigh more than the limit where they are installed: on this machine's platform.
fn weight(packages: &[Packed], platform: Platform) -> Result<String> {
    let addon = format!("{ADDON}{}", platform.name());
    let installed = packages.iter().filter(|packed| packed.name == PACKAGES[0] || packed.name == addon);
    let installed = installed.map(|packed| packed.unpacked).sum();
    let megabytes = |bytes: u64| format!("{}.{:02} MB", bytes / 1_000_000, bytes % 1_000_000 / 10_000);
    let (found, limit) = (megabytes(installed), megabytes(INSTALLED_LIMIT));
    if installed > INSTALLED_LIMIT {
        bail!("certgrant and its addon have {found} installed, and the limit is {limit}");
    }
    Ok(format!("{found} installed; the limit is {limit}"))
}

fn file_list(workspace: &Workspace) -> Pinned {
    Pinned::new(workspace, "tests/packaging/files.txt", "What each npm package holds when it is published.")
        .of_command("package")
}

/// The files by package; the addons' packages are all alike, so one stands for them.
fn listed(packages: &[Packed]) -> BTreeSet<String> {
    let name = |packed: &Packed| match packed.name.strip_prefix(ADDON) {
        Some(_) => "@certgrant/native-*".to_owned(),
        None => packed.name.clone(),
    };
    packages
        .iter()
        .flat_map(|packed| packed.files.iter().map(move |file| format!("{} {file}", name(packed))))
        .collect()
}

/// The platforms whose addons are packed: those that were built on this one for others, and this one.
fn with_this_machine(mut crossed: Vec<Platform>) -> Result<Vec<Platform>> {
    let this = Platform::of_this_machine()?;
    if !crossed.contains(&this) {
        crossed.push(this);
    }
    Ok(crossed)
}

fn pack(workspace: &Workspace, platforms: &[Platform], live: &LiveLine) -> Result<Vec<Packed>> {
    let target = folder(workspace);
    renewed(&target)?;
    let addons: Vec<PathBuf> =
        platforms.iter().map(|&platform| build_native::package_folder(workspace, platform)).collect();
    let mut optional = serde_json::Map::new();
    for addon in &addons {
        let manifest = manifest_of(addon)?;
        optional.insert(text(&manifest["name"]), manifest["version"].clone());
    }
    let mut packed = Vec::new();
    for package in PACKAGES {
        let source = workspace.path("npm").join(package);
        if !source.join("package.json").is_file() {
            continue;
        }
        let mut manifest = manifest_of(&source)?;
        manifest["optionalDependencies"] = optional.clone().into();
        self_contained(&manifest)?;
        packed.push(pack_one(workspace, &source, manifest, live)?);
    }
    for addon in &addons {
        packed.push(pack_one(workspace, addon, manifest_of(addon)?, live)?);
    }
    Ok(packed)
}

fn pack_one(workspace: &Workspace, source: &Path, mut manifest: Value, live: &LiveLine) -> Result<Packed> {
    let name = text(&manifest["name"]);
    live.show(&name);
    let stage = workspace.state("stage").join(name.replace('/', "-"));
    renewed(&stage)?;
    for member in MAKING {
        manifest.as_object_mut().context("a manifest is an object")?.remove(member);
    }
    let mut files = manifest["files"].as_array().cloned().unwrap_or_default();
    for licence in LICENCES {
        fs::copy(workspace.path(licence), stage.join(licence))
            .with_context(|| format!("copying {licence}"))?;
        files.push(licence.into());
    }
    manifest["files"] = files.into();
    fs::write(stage.join("package.json"), serde_json::to_string_pretty(&manifest)? + "\n")?;
    for file in manifest["files"].as_array().into_iter().flatten().chain([&json!("README.md")]) {
        let file = text(file);
        if source.join(&file).exists() {
            copy(&source.join(&file), &stage.join(&file))?;
        }
    }
    let answer = Call::npm()
        .args(["pack", "--json", "--ignore-scripts", "--pack-destination"])
        .arg(folder(workspace))
        .current_dir(&stage)
        .output(live)?;
    let answer: Value = serde_json::from_str(&answer).context("`npm pack` did not answer JSON")?;
    // A list up to npm 11.5, by package since.
    let answer = answer.get(0).or_else(|| answer.get(&name)).unwrap_or(&answer);
    Packed::from_npm(answer).with_context(|| format!("`npm pack` does not tell what it packed of {name}"))
}

/// Refuses a manifest by which other packages would be installed too: one with dependencies, or with peers that are not optional.
fn self_contained(manifest: &Value) -> Result<()> {
    if !manifest["dependencies"].is_null() {
        bail!("{} has no dependencies, and its package.json names some", text(&manifest["name"]));
    }
    let peers = manifest["peerDependencies"].as_object();
    let is_optional = |name: &&String| manifest["peerDependenciesMeta"][*name]["optional"] == json!(true);
    match peers.into_iter().flat_map(|peers| peers.keys()).find(|name| !is_optional(name)) {
        Some(name) => bail!("the peer {name} of {} is not optional", text(&manifest["name"])),
        None => Ok(()),
    }
}

fn manifest_of(folder: &Path) -> Result<Value> {
    let path = folder.join("package.json");
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", path.display()))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An empty folder in the place of whatever is there.
fn renewed(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))
}

/// Copies a file, or a folder with all that it holds.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        fs::copy(from, to).with_context(|| format!("copying {}", from.display()))?;
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_that_would_install_another_is_refused() {
        assert!(
            self_contained(&json!({ "optionalDependencies": { "@certgrant/native-x": "1.0.0" } })).is_ok()
        );
        let error = self_contained(&json!({ "name": "certgrant", "dependencies": { "left-pad": "1.0.0" } }))
            .expect_err("foreign");
        assert_eq!(error.to_string(), "certgrant has no dependencies, and its package.json names some");
        let mut manifest = json!({ "name": "certgrant", "peerDependencies": { "undici": ">=6" } });
        let error = self_contained(&manifest).expect_err("a peer that npm would install");
        assert_eq!(error.to_string(), "the peer undici of certgrant is not optional");
        manifest["peerDependenciesMeta"] = json!({ "undici": { "optional": true } });
        assert!(self_contained(&manifest).is_ok());
    }

    #[test]
    fn conditions_of_exports_keep_their_order_because_the_first_that_fits_wins() {
        let text = r#"{ "workerd": "./workerd.js", "node": "./node.js", "browser": "./browser.js" }"#;
        let exports: Value = serde_json::from_str(text).expect("JSON");
        let names: Vec<&String> = exports.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["workerd", "node", "browser"]);
    }

    #[test]
    fn installation_over_the_limit_is_refused() {
        let packed =
            |name: &str, unpacked| Packed { name: name.to_owned(), files: vec![], packed: 1, unpacked };
        let [x64, arm64] =
            ["linux-x64-gnu", "linux-arm64-gnu"].map(|name| Platform::named(&[name.to_owned()]));
        let (x64, arm64) = (x64.expect("known")[0], arm64.expect("known")[0]);
        let packages = [
            packed("certgrant", 1_500_000),
            packed("certgrant-adal", 9_000_000),
            packed("@certgrant/native-linux-x64-gnu", 1_000_000),
            packed("@certgrant/native-linux-arm64-gnu", 2_510_000),
        ];
        let told = weight(&packages, x64).expect("within the limit");
        assert_eq!(told, "2.50 MB installed; the limit is 4.00 MB");
        let error = weight(&packages, arm64).expect_err("over the limit").to_string();
        assert_eq!(error, "certgrant and its addon have 4.01 MB installed, and the limit is 4.00 MB");
    }

    #[test]
    fn files_of_all_addons_are_listed_once() {
        let packed = |name: &str| Packed {
            name: name.to_owned(),
            files: vec!["certgrant.node".to_owned()],
            packed: 1,
            unpacked: 2_500,
        };
        let packages = [packed("@certgrant/native-linux-x64-gnu"), packed("@certgrant/native-darwin-arm64")];
        let expected = BTreeSet::from(["@certgrant/native-* certgrant.node".to_owned()]);
        assert_eq!(listed(&packages), expected);
        assert_eq!(packages[0].row(), ["@certgrant/native-linux-x64-gnu", "1", "1", "3"]);
    }
}
