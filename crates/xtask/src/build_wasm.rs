//! Builds the WASM modules: cargo, then Binaryen's `wasm-opt` from npm.
//!
//! A module imports nothing, and its exports take and give bytes: see `bindings/wasm-convert`. So there is no JavaScript to be
//! generated for it, and every runtime can instantiate it, as bytes or compiled.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use crate::process::Call;
use crate::report::{LiveLine, Outcome, Report};
use crate::setup::WASM_TARGET;
use crate::workspace::Workspace;

/// A WASM module: the package it is built from and the name of its files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Module {
    package: &'static str,
    crate_name: &'static str,
    /// The features that it is built with.
    features: &'static str,
    /// What the file is called, without `.wasm`.
    pub(crate) name: &'static str,
    /// The order of its functions that compresses better, by measurement.
    order: Order,
}

/// In what order the functions of a module stand.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// Those of one Rust module side by side.
    ByName,
    /// The more a function is called, the shorter is its number.
    ByUse,
}

/// The module that signs with WebCrypto.
pub(crate) const MAIN: Module = Module {
    package: "certgrant-wasm",
    crate_name: "certgrant_wasm",
    features: "",
    name: "certgrant",
    order: Order::ByUse,
};

/// The same with what few clients need: discovery, regions, managed identities.
pub(crate) const WIDE: Module = Module { features: "wide", name: "certgrant_wide", ..MAIN };

/// The module that signs where there is no WebCrypto.
pub(crate) const RSA: Module = Module {
    package: "certgrant-wasm-rsa",
    crate_name: "certgrant_wasm_rsa",
    features: "",
    name: "certgrant_rsa",
    order: Order::ByName,
};

/// The module that opens PFX files and encrypted keys.
pub(crate) const FILES: Module = Module {
    package: "certgrant-wasm-files",
    crate_name: "certgrant_wasm_files",
    features: "",
    name: "certgrant_files",
    order: Order::ByName,
};

/// The same with what hardly any file needs, for those that the former refuses.
pub(crate) const RARE_FILES: Module = Module { features: "rare", name: "certgrant_files_rare", ..FILES };

/// The module that speaks with Azure Key Vault.
pub(crate) const VAULT: Module = Module {
    package: "certgrant-wasm-vault",
    crate_name: "certgrant_wasm_vault",
    features: "",
    name: "certgrant_vault",
    order: Order::ByName,
};

/// The module with ADAL's other flows.
pub(crate) const USER: Module = Module {
    package: "certgrant-wasm-user",
    crate_name: "certgrant_wasm_user",
    features: "",
    name: "certgrant_user",
    order: Order::ByName,
};

/// What makes a module small, measured with gzip: flat code is optimised further, a second time too, the last pass finds what the
/// others have laid bare.
const SMALLER: [&str; 8] =
    ["--merge-similar-functions", "--flatten", "--rereloop", "-Oz", "--flatten", "--rereloop", "-Oz", "-Oz"];

/// What is of no use to who runs a module.
const STRIPPED: [&str; 3] = ["--strip-debug", "--strip-producers", "--strip-target-features"];

/// All modules, the main one first.
pub(crate) const ALL: [Module; 7] = [MAIN, WIDE, FILES, RARE_FILES, RSA, VAULT, USER];

impl Module {
    /// What `cargo build` makes.
    pub(crate) fn built_path(&self, workspace: &Workspace) -> PathBuf {
        workspace.target().join(WASM_TARGET).join("wasm").join(format!("{}.wasm", self.crate_name))
    }

    /// The finished module.
    pub(crate) fn wasm_path(&self, workspace: &Workspace) -> PathBuf {
        workspace.generated_wasm().join(format!("{}.wasm", self.name))
    }
}

/// Builds all modules into the npm package.
///
/// # Errors
///
/// A step of the build fails.
pub(crate) fn run(workspace: &Workspace, report: &Report) -> Result<()> {
    for module in ALL {
        report.step(&format!("wasm {}", module.name), |live| build(workspace, module, live))?;
    }
    Ok(())
}

fn build(workspace: &Workspace, module: Module, live: &LiveLine) -> Result<Outcome> {
    compile(workspace, module, live)?;
    let built_path = module.built_path(workspace);
    let built = std::fs::read(&built_path).with_context(|| format!("reading {}", built_path.display()))?;
    let stamp = workspace.state(&format!("{}.input.wasm", module.name));
    if is_current(workspace, module, &stamp, &built) {
        return Ok(Outcome::done("unchanged"));
    }
    live.show("wasm-opt -Oz");
    optimise(workspace, module, &built_path, live)?;
    std::fs::write(&stamp, built).with_context(|| format!("writing {}", stamp.display()))?;
    Ok(Outcome::done("built"))
}

fn compile(workspace: &Workspace, module: Module, live: &LiveLine) -> Result<()> {
    workspace
        .cargo()
        .args(["build", "--profile", "wasm", "--target", WASM_TARGET, "--package", module.package])
        .args(["--features", module.features])
        .args(["--config", &path_flags(workspace)])
        // Either variable would take the place of the flags in cargo's configuration.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output(live)?;
    Ok(())
}

/// Flags besides those of `.cargo/config.toml`. Panic messages hold paths of source files, and the module shall be the same
/// wherever it is built.
fn path_flags(workspace: &Workspace) -> String {
    let mut flags = vec![format!("--remap-path-prefix={}=certgrant", workspace.root().display())];
    flags.extend(cargo_home().map(|home| format!("--remap-path-prefix={}=cargo", home.display())));
    // A list of strings in JSON is one in TOML too.
    format!("target.{WASM_TARGET}.rustflags={}", json!(flags))
}

fn cargo_home() -> Option<PathBuf> {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}

/// Whether the finished files were made from these bytes, by this very program.
fn is_current(workspace: &Workspace, module: Module, stamp: &Path, built: &[u8]) -> bool {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let program = std::env::current_exe().ok().and_then(|path| changed(&path));
    std::fs::read(stamp).is_ok_and(|input| input == built)
        && changed(stamp) > program
        && module.wasm_path(workspace).is_file()
}

fn optimise(workspace: &Workspace, module: Module, input: &Path, live: &LiveLine) -> Result<()> {
    let destination = workspace.generated_wasm();
    std::fs::create_dir_all(&destination).with_context(|| format!("creating {}", destination.display()))?;
    let order = match module.order {
        Order::ByName => "--reorder-functions-by-name",
        Order::ByUse => "--reorder-functions",
    };
    Call::node()
        .arg(workspace.npm().join("node_modules/binaryen/bin/wasm-opt"))
        .arg(input)
        .args(SMALLER)
        .arg(order)
        .args(STRIPPED)
        .arg("-o")
        .arg(module.wasm_path(workspace))
        .output(live)?;
    Ok(())
}
