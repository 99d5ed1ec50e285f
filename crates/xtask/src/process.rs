//! Runs other programs: output captured, progress shown, failures told with the whole output.
//!
//! A [`Call`] is a command that is not meant to be interactive: standard input is closed. What it writes is collected, and
//! its newest line stands in the live line of the step (on a terminal only). A program that is missing and a program that
//! fails are told apart, because the first is a matter of set-up.

use core::fmt;
use core::time::Duration;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::report::LiveLine;

/// How long a live line stays the same while a program is silent.
const TICK: Duration = Duration::from_millis(200);

/// A program to run, with its arguments, folder and environment.
#[derive(Debug)]
pub(crate) struct Call {
    command: Command,
    words: Vec<OsString>,
    install_hint: &'static str,
}

/// One line of a running program.
#[derive(Debug)]
struct Line {
    from_stdout: bool,
    text: String,
}

impl Call {
    /// A call of `program`, which is looked up in `PATH` unless it is a path.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // The output is kept to be shown later, perhaps in a log.
        command.env("NO_COLOR", "1").env("CARGO_TERM_COLOR", "never").env_remove("FORCE_COLOR");
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(tells_about_xtask) {
                command.env_remove(name);
            }
        }
        Self { command, words: vec![program.to_owned()], install_hint: "" }
    }

    /// The `cargo` that runs this program, so that a toolchain chosen with `cargo +name` stays chosen.
    pub(crate) fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).shown_as("cargo")
    }

    /// Node.js.
    pub(crate) fn node() -> Self {
        Self::new("node").install_hint(
            "Node.js 20 or newer is needed: install it from https://nodejs.org or your package manager",
        )
    }

    /// npm, which is a command script on Windows.
    pub(crate) fn npm() -> Self {
        Self::new(if cfg!(windows) { "npm.cmd" } else { "npm" }).shown_as("npm").install_hint(
            "npm is needed: it comes with Node.js, from https://nodejs.org or your package manager",
        )
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.words.push(arg.as_ref().to_owned());
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(self, args: impl IntoIterator<Item = S>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Keeps an environment variable from the program.
    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Sets the folder that the program runs in.
    pub(crate) fn current_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Says in one line what to do when the program is not there.
    pub(crate) fn install_hint(mut self, hint: &'static str) -> Self {
        self.install_hint = hint;
        self
    }

    fn shown_as(mut self, name: &str) -> Self {
        self.words[0] = name.into();
        self
    }

    /// Starts the program without waiting for its end.
    ///
    /// # Errors
    ///
    /// The program can't be started.
    pub(crate) fn spawn(mut self) -> Result<Child> {
        self.command.spawn().map_err(|error| self.not_started(error))
    }

    /// Runs the program and returns its standard output.
    ///
    /// # Errors
    ///
    /// The program can't be started, or it reports a failure; the error then shows all that it wrote.
    pub(crate) fn output(self, live: &LiveLine) -> Result<String> {
        self.run(live).map(|(stdout, _)| stdout)
    }

    /// Runs the program and returns standard output and standard error, line by line as they came.
    ///
    /// # Errors
    ///
    /// Those of [`Call::output`].
    pub(crate) fn all_output(self, live: &LiveLine) -> Result<String> {
        self.run(live).map(|(_, all)| all)
    }

    fn run(mut self, live: &LiveLine) -> Result<(String, String)> {
        let mut child = self.command.spawn().map_err(|error| self.not_started(error))?;
        let (sender, lines) = channel();
        let readers = [
            child.stdout.take().map(|pipe| read_lines(pipe, true, sender.clone())),
            child.stderr.take().map(|pipe| read_lines(pipe, false, sender)),
        ];
        let (stdout, all) = collect(&lines, live);
        for reader in readers.into_iter().flatten() {
            // A reader that panicked has dropped its sender, so the lines that it did read are there.
            let _ended = reader.join();
        }
        let status = child.wait().with_context(|| format!("waiting for `{self}`"))?;
        if !status.success() {
            bail!("{}\n`{self}` failed with {status}", all.trim_end());
        }
        Ok((stdout, all))
    }

    fn not_started(&self, error: std::io::Error) -> anyhow::Error {
        let program = self.words[0].to_string_lossy();
        match error.kind() {
            ErrorKind::NotFound if self.install_hint.is_empty() => {
                anyhow::anyhow!("`{program}` was not found in PATH")
            }
            ErrorKind::NotFound => {
                anyhow::anyhow!("`{program}` was not found in PATH. {}", self.install_hint)
            }
            _ => anyhow::Error::new(error).context(format!("starting `{self}`")),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.words.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{}", word.to_string_lossy())?;
        }
        Ok(())
    }
}

/// Whether `cargo run` set a variable to tell this program about itself. Build scripts of dependencies (ring's is one) run
/// again whenever such a variable changes, so a build from here and one from a shell would undo each other.
fn tells_about_xtask(name: &str) -> bool {
    const STARTS: [&str; 5] =
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"];
    STARTS.iter().any(|start| name.starts_with(start))
}

fn read_lines(
    pipe: impl Read + Send + 'static,
    from_stdout: bool,
    sender: Sender<Line>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while matches!(pipe.read_until(b'\n', &mut bytes), Ok(1..)) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            bytes.clear();
            if sender.send(Line { from_stdout, text }).is_err() {
                return;
            }
        }
    })
}

/// The lines of standard output, and all lines in the order in which they came.
fn collect(lines: &Receiver<Line>, live: &LiveLine) -> (String, String) {
    let (mut stdout, mut all) = (String::new(), String::new());
    loop {
        match lines.recv_timeout(TICK) {
            Ok(line) => {
                live.show(&line.text);
                all.push_str(&line.text);
                if line.from_stdout {
                    stdout.push_str(&line.text);
                }
            }
            Err(RecvTimeoutError::Timeout) => live.tick(),
            Err(RecvTimeoutError::Disconnected) => return (stdout, all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_program_is_named_with_the_hint() {
        let error = Call::new("certgrant-no-such-program")
            .install_hint("install it from somewhere")
            .output(&LiveLine::off())
            .expect_err("there is no such program");
        assert_eq!(
            error.to_string(),
            "`certgrant-no-such-program` was not found in PATH. install it from somewhere"
        );
    }

    #[test]
    fn failing_program_is_shown_with_its_whole_output() {
        let error =
            Call::cargo().arg("certgrant-no-such-subcommand").output(&LiveLine::off()).expect_err("unknown");
        let text = error.to_string();
        assert!(text.contains("no such command"), "{text}");
        assert!(text.contains("`cargo certgrant-no-such-subcommand` failed with"), "{text}");
    }

    #[test]
    fn standard_output_is_returned_without_standard_error() {
        let version = Call::cargo().arg("--version").output(&LiveLine::off()).expect("cargo runs this test");
        assert!(version.starts_with("cargo "), "{version}");
    }
}
