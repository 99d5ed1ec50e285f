//! Python environments in the target folder, each with what a requirements file names.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::Call;
use crate::report::LiveLine;
use crate::workspace::Workspace;

/// An environment of Python.
#[derive(Debug)]
pub(crate) struct Python {
    programs: PathBuf,
}

impl Python {
    /// The environment `name`, made or renewed where it has not what the file at `requirements` names.
    ///
    /// # Errors
    ///
    /// There is no Python 3 with `venv`, or pip fails.
    pub(crate) fn with(
        workspace: &Workspace,
        name: &str,
        requirements: &Path,
        live: &LiveLine,
    ) -> Result<Self> {
        let wanted = fs::read(requirements).with_context(|| format!("reading {}", requirements.display()))?;
        let folder = workspace.state(name);
        let python = Self { programs: folder.join(if cfg!(windows) { "Scripts" } else { "bin" }) };
        let stamp = folder.join("installed-requirements.txt");
        if python.interpreter().is_file() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(python);
        }
        Call::new(if cfg!(windows) { "python" } else { "python3" })
            .args(["-m", "venv", "--clear"])
            .arg(&folder)
            .install_hint("Python 3 with its module venv is needed: install it (Debian: python3-venv)")
            .output(live)
            .context("making a Python environment (on Debian it needs the package python3-venv)")?;
        python.pip().args(["install", "--quiet", "--requirement"]).arg(requirements).output(live)?;
        fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))?;
        Ok(python)
    }

    /// Its interpreter.
    pub(crate) fn interpreter(&self) -> PathBuf {
        self.programs.join(if cfg!(windows) { "python.exe" } else { "python" })
    }

    /// The folder of its programs, for `PATH`.
    pub(crate) fn programs(&self) -> &Path {
        &self.programs
    }

    /// A call of its pip.
    pub(crate) fn pip(&self) -> Call {
        Call::new(self.interpreter()).args(["-m", "pip", "--disable-pip-version-check"])
    }
}
