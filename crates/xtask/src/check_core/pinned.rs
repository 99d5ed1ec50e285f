//! Lists that are pinned in the repository: one name a line, sorted, with a comment on top.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::report::Outcome;
use crate::workspace::Workspace;

/// A list in the repository.
#[derive(Debug)]
pub(crate) struct Pinned {
    path: PathBuf,
    name: &'static str,
    comment: &'static str,
    command: &'static str,
}

impl Pinned {
    /// The list at a path inside the repository. The comment says what it holds.
    pub(crate) fn new(workspace: &Workspace, name: &'static str, comment: &'static str) -> Self {
        Self { path: workspace.path(name), name, comment, command: "check-core" }
    }

    /// The same list, checked and accepted by another command of xtask.
    pub(crate) const fn of_command(mut self, command: &'static str) -> Self {
        self.command = command;
        self
    }

    /// Compares the list with what was found.
    ///
    /// # Errors
    ///
    /// They differ; the error shows how, and how to accept it.
    pub(crate) fn check(&self, found: &BTreeSet<String>) -> Result<()> {
        let text = fs::read_to_string(&self.path).with_context(|| format!("reading {}", self.name))?;
        let difference = difference(&entries(&text), found);
        if !difference.is_empty() {
            bail!(
                "{} does not say what was found (-: listed, +: found):\n{difference}\nif this is meant, accept it with \
                 `cargo xtask {} --accept`",
                self.name,
                self.command
            );
        }
        Ok(())
    }

    /// Writes what was found.
    ///
    /// # Errors
    ///
    /// The file can't be written.
    pub(crate) fn accept(&self, found: &BTreeSet<String>) -> Result<Outcome> {
        let Self { comment, command, .. } = self;
        let mut text =
            format!("# {comment}\n# Checked by `cargo xtask {command}`, accepted with `--accept`.\n");
        for entry in found {
            text.push_str(entry);
            text.push('\n');
        }
        fs::write(&self.path, text).with_context(|| format!("writing {}", self.name))?;
        Ok(Outcome::done(format!("{}: {} lines", self.name, found.len())))
    }
}

fn entries(text: &str) -> BTreeSet<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// The lines that are on one side only, in order; empty if there are none.
fn difference(listed: &BTreeSet<String>, found: &BTreeSet<String>) -> String {
    let lines =
        listed.union(found).filter_map(|entry| match (listed.contains(entry), found.contains(entry)) {
            (true, false) => Some(format!("  - {entry}")),
            (false, true) => Some(format!("  + {entry}")),
            _ => None,
        });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn difference_names_both_sides() {
        assert_eq!(difference(&set(&["a", "b"]), &set(&["b", "c"])), "  - a\n  + c");
        assert_eq!(difference(&set(&["a"]), &set(&["a"])), "");
    }

    #[test]
    fn comments_and_empty_lines_are_no_entries() {
        assert_eq!(entries("# made by\n\nder\r\n  sha2\n"), set(&["der", "sha2"]));
    }
}
