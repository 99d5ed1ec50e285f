//! The emulator as a child process: built, started on a free port of the loopback, listened to, and ended.

use core::time::Duration;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::process::Call;
use crate::report::LiveLine;
use crate::workspace::Workspace;

/// How long a program on this machine may take to listen.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How long the line about a request may come after its answer.
const LINE_LIMIT: Duration = Duration::from_secs(2);

/// Builds the emulator and says where its program lies.
///
/// # Errors
///
/// The build fails.
pub(crate) fn build(workspace: &Workspace, live: &LiveLine) -> Result<PathBuf> {
    workspace.cargo().args(["build", "--package", "certgrant-emulator"]).output(live)?;
    Ok(program(workspace))
}

/// Where its program lies once it is built.
pub(crate) fn program(workspace: &Workspace) -> PathBuf {
    workspace.target().join("debug").join(format!("certgrant-emulator{}", std::env::consts::EXE_SUFFIX))
}

/// A running emulator; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Emulator {
    child: Child,
    lines: Receiver<String>,
    /// Its address, such as `https://localhost:41234`.
    pub(crate) authority: String,
}

impl Emulator {
    /// Starts it with registrations, and has it write its certificate authority.
    ///
    /// # Errors
    ///
    /// It does not start or does not listen.
    pub(crate) fn start(program: &Path, registrations: &Path, authority_file: &Path) -> Result<Self> {
        Self::start_with(program, registrations, authority_file, &[])
    }

    /// The same, with further arguments.
    ///
    /// # Errors
    ///
    /// Those of [`Emulator::start`].
    pub(crate) fn start_with(
        program: &Path,
        registrations: &Path,
        authority_file: &Path,
        more: &[&str],
    ) -> Result<Self> {
        let mut child = Call::new(program)
            .args(["--port", "0", "--registrations"])
            .arg(registrations)
            .arg("--ca-out")
            .arg(authority_file)
            .args(more)
            .spawn()?;
        let stdout = child.stdout.take().context("standard output is a pipe")?;
        let stderr = child.stderr.take().context("standard error is a pipe")?;
        let (sender, lines) = channel();
        let _stdout = read_lines(stdout, sender.clone());
        let _stderr = read_lines(stderr, sender);
        let mut emulator = Self { child, lines, authority: String::new() };
        emulator.authority = emulator.line_that(START_LIMIT, "listening https://")?;
        emulator.authority.insert_str(0, "https://");
        // The file is written before this line.
        emulator.line_that(START_LIMIT, "certificate authority ")?;
        Ok(emulator)
    }

    /// The rest of the next line that begins with `start`.
    fn line_that(&self, limit: Duration, start: &str) -> Result<String> {
        let mut seen = String::new();
        loop {
            match self.lines.recv_timeout(limit) {
                Ok(line) => match line.strip_prefix(start) {
                    Some(rest) => return Ok(rest.to_owned()),
                    None => seen.push_str(&(line + "\n")),
                },
                Err(RecvTimeoutError::Timeout) => {
                    bail!("{seen}the emulator did not say \"{start}…\" within {limit:?}")
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("{seen}the emulator ended before it said \"{start}…\"")
                }
            }
        }
    }

    /// What it says about the next token request.
    ///
    /// # Errors
    ///
    /// It says nothing about one.
    pub(crate) fn token_request_line(&self) -> Result<String> {
        Ok(format!("POST {}", self.line_that(LINE_LIMIT, "POST ")?))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}

fn read_lines(
    pipe: impl Read + Send + 'static,
    sender: std::sync::mpsc::Sender<String>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    })
}
