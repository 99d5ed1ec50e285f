//! Where things are: the repository, cargo's target folder, and the folders that the build writes to.
//!
//! The target folder comes from `cargo metadata`, so `CARGO_TARGET_DIR` and cargo's configuration files are honoured.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::Call;
use crate::report::LiveLine;

/// The folders of the repository.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Asks cargo, and makes the folder of [`Workspace::state`].
    ///
    /// # Errors
    ///
    /// `cargo metadata` fails, for instance because a manifest is broken; the target folder can't be written to.
    pub(crate) fn find() -> Result<Self> {
        // Set by `cargo run`, and kept as the fallback for a program that is started by its path.
        let manifest =
            std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let metadata = metadata(Path::new(&manifest), &["--no-deps"])?;
        let workspace = Self {
            root: path_member(&metadata, "workspace_root")?,
            target: path_member(&metadata, "target_directory")?,
        };
        let state = workspace.state("");
        std::fs::create_dir_all(&state).with_context(|| format!("creating {}", state.display()))?;
        Ok(workspace)
    }

    /// The repository.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the repository.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Cargo's target folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where xtask keeps what it must remember between two runs. The folder of it is there.
    pub(crate) fn state(&self, name: &str) -> PathBuf {
        self.target.join("xtask").join(name)
    }

    /// The package that people install.
    pub(crate) fn npm(&self) -> PathBuf {
        self.path("npm/certgrant")
    }

    /// The finished WASM modules.
    pub(crate) fn generated_wasm(&self) -> PathBuf {
        self.npm().join("src/generated/wasm")
    }

    /// A `cargo` call at the root of the workspace.
    pub(crate) fn cargo(&self) -> Call {
        Call::cargo().current_dir(&self.root)
    }
}

/// What `cargo metadata` says in `folder`.
///
/// # Errors
///
/// Cargo fails or answers something that is not JSON.
pub(crate) fn metadata(folder: &Path, options: &[&str]) -> Result<Value> {
    let text = Call::cargo()
        .args(["metadata", "--format-version", "1"])
        .args(options)
        .current_dir(folder)
        .output(&LiveLine::off())?;
    serde_json::from_str(&text).context("`cargo metadata` did not answer JSON")
}

fn path_member(metadata: &Value, name: &str) -> Result<PathBuf> {
    let path =
        metadata[name].as_str().with_context(|| format!("`cargo metadata` did not name its \"{name}\""))?;
    Ok(PathBuf::from(path))
}
