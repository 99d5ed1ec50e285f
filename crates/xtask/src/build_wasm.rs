//! Builds the WASM modules: cargo, then wasm-bindgen as a library, then Binaryen's `wasm-opt` from npm.
//!
//! wasm-bindgen's two halves speak a private format and must be of one version. Because the second half is linked into
//! this program, Cargo.lock alone keeps them equal. The modules are made for the target `web`, the one form whose
//! initialisation takes bytes or a compiled module and so runs in every runtime.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;
use wasm_bindgen_cli_support::Bindgen;

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
    /// What the files are called, without `.js` or `_bg.wasm`.
    pub(crate) name: &'static str,
}

/// The module that signs with WebCrypto.
pub(crate) const MAIN: Module =
    Module { package: "certgrant-wasm", crate_name: "certgrant_wasm", features: "", name: "certgrant" };

/// The same with what few clients need: discovery, regions, managed identities.
pub(crate) const WIDE: Module = Module { features: "wide", name: "certgrant_wide", ..MAIN };

/// The module that signs where there is no WebCrypto.
pub(crate) const RSA: Module = Module {
    package: "certgrant-wasm-rsa",
    crate_name: "certgrant_wasm_rsa",
    features: "",
    name: "certgrant_rsa",
};

/// The module that opens PFX files and encrypted keys.
pub(crate) const FILES: Module = Module {
    package: "certgrant-wasm-files",
    crate_name: "certgrant_wasm_files",
    features: "",
    name: "certgrant_files",
};

/// The module that speaks with Azure Key Vault.
pub(crate) const VAULT: Module = Module {
    package: "certgrant-wasm-vault",
    crate_name: "certgrant_wasm_vault",
    features: "",
    name: "certgrant_vault",
};

/// The module with ADAL's other flows.
pub(crate) const USER: Module = Module {
    package: "certgrant-wasm-user",
    crate_name: "certgrant_wasm_user",
    features: "",
    name: "certgrant_user",
};

impl Module {
    /// What `cargo build` makes.
    pub(crate) fn built_path(&self, workspace: &Workspace) -> PathBuf {
        workspace.target().join(WASM_TARGET).join("wasm").join(format!("{}.wasm", self.crate_name))
    }

    /// The finished module.
    pub(crate) fn wasm_path(&self, workspace: &Workspace) -> PathBuf {
        workspace.generated_wasm().join(format!("{}_bg.wasm", self.name))
    }

    /// The JavaScript that wasm-bindgen makes for it.
    pub(crate) fn glue_path(&self, workspace: &Workspace) -> PathBuf {
        workspace.generated_wasm().join(format!("{}.js", self.name))
    }
}

/// Builds all modules into the npm package.
///
/// # Errors
///
/// A step of the build fails.
pub(crate) fn run(workspace: &Workspace, report: &Report) -> Result<()> {
    report.step("wasm module", |live| build(workspace, MAIN, live))?;
    report.step("wasm module, wide", |live| build(workspace, WIDE, live))?;
    report.step("wasm module, rsa", |live| build(workspace, RSA, live))?;
    report.step("wasm module, files", |live| build(workspace, FILES, live))?;
    report.step("wasm module, vault", |live| build(workspace, VAULT, live))?;
    report.step("wasm module, user flows", |live| build(workspace, USER, live))?;
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
    live.show("wasm-bindgen");
    let bound = bind(workspace, module, &built_path)?;
    live.show("wasm-opt -Oz");
    optimise(workspace, &bound, &module.wasm_path(workspace), live)?;
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
    let outputs = [module.wasm_path(workspace), module.glue_path(workspace)];
    std::fs::read(stamp).is_ok_and(|input| input == built)
        && changed(stamp) > program
        && outputs.iter().all(|output| output.is_file())
}

/// Runs wasm-bindgen and moves the JavaScript and its types into the npm package.
fn bind(workspace: &Workspace, module: Module, built: &Path) -> Result<PathBuf> {
    let folder = workspace.state("wasm-bindgen").join(module.name);
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    Bindgen::new()
        .input_path(built)
        .out_name(module.name)
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&folder)
        .with_context(|| format!("wasm-bindgen on {}", built.display()))?;
    let destination = workspace.generated_wasm();
    std::fs::create_dir_all(&destination).with_context(|| format!("creating {}", destination.display()))?;
    for suffix in [".js", ".d.ts", "_bg.wasm.d.ts"] {
        let file = format!("{}{suffix}", module.name);
        std::fs::copy(folder.join(&file), destination.join(&file))
            .with_context(|| format!("copying {file}"))?;
    }
    Ok(folder.join(format!("{}_bg.wasm", module.name)))
}

fn optimise(workspace: &Workspace, input: &Path, output: &Path, live: &LiveLine) -> Result<()> {
    Call::node()
        .arg(workspace.npm().join("node_modules/binaryen/bin/wasm-opt"))
        .arg(input)
        .arg("-Oz")
        .arg("-o")
        .arg(output)
        .output(live)?;
    Ok(())
}
