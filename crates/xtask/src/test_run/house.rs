//! The rules of the house for every tracked text file: nothing of one machine, no unfinished business, no skipped tests.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::process::Call;
use crate::report::{LiveLine, Outcome};
use crate::steps::Step;
use crate::workspace::Workspace;

pub(super) const STEPS: [Step; 1] = [Step {
    name: "house",
    about: "no file names this machine, a private registry, unfinished business or a skipped test",
    needs_build: false,
    work: run,
}];

/// Words that no tracked file may hold, in two parts so that this file doesn't.
const FORBIDDEN: [(&str, &str); 7] = [
    ("FIX", "ME"),
    ("todo", "!("),
    ("#[ign", "ore"),
    ("test.sk", "ip("),
    ("it.sk", "ip("),
    ("test.on", "ly("),
    ("it.on", "ly("),
];

fn run(workspace: &Workspace, live: &LiveLine) -> Result<Outcome> {
    let Ok(listed) = Call::new("git").args(["ls-files", "-z"]).current_dir(workspace.root()).output(live)
    else {
        return Ok(Outcome::skipped("this is no git checkout, so the tracked files are not known"));
    };
    let machine = machine_paths(workspace);
    let mut count = 0;
    let mut faults = Vec::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        // Neither binary files nor files that are tracked but deleted.
        let Ok(text) = fs::read_to_string(workspace.path(name)) else { continue };
        count += 1;
        let lines = text.lines().enumerate();
        let found = lines
            .flat_map(|(index, line)| faults_of(name, line, &machine).map(move |fault| (index + 1, fault)));
        faults.extend(found.map(|(line, fault)| format!("  {name}:{line}: {fault}")));
    }
    if !faults.is_empty() {
        bail!("tracked files break the rules of the house:\n{}", faults.join("\n"));
    }
    Ok(Outcome::done(format!("{count} files")))
}

/// The folders whose names mean nothing elsewhere.
fn machine_paths(workspace: &Workspace) -> Vec<String> {
    let homes = [std::env::home_dir(), std::env::var_os("CARGO_HOME").map(Into::into)];
    let paths =
        homes.into_iter().flatten().chain([workspace.root().to_owned(), workspace.target().to_owned()]);
    paths.filter(|path| path.components().count() > 1).map(|path| path.display().to_string()).collect()
}

fn faults_of(file: &str, line: &str, machine: &[String]) -> impl Iterator<Item = String> {
    let paths = machine
        .iter()
        .filter(|path| names_path(line, path))
        .map(|path| format!("names `{path}` of this machine"));
    let words = FORBIDDEN.iter().map(|(start, end)| format!("{start}{end}"));
    let words = words.filter(|word| line.contains(word)).map(|word| format!("has `{word}`"));
    let registry = foreign_registry(file, line).map(|host| format!("names the registry {host}"));
    paths.chain(words).chain(registry).collect::<Vec<_>>().into_iter()
}

/// Whether `line` has `path` as a path of its own, not as a part of another.
fn names_path(line: &str, path: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || matches!(character, '.' | '-' | '_' | '/');
    line.match_indices(path).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + path.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(|after| after != '/' && is_part(after))
    })
}

/// The registry that a line of a lock file or of a registry's configuration names; Cargo.lock has to name the public index,
/// and does so in its own fixed words.
fn foreign_registry(file: &str, line: &str) -> Option<String> {
    let name = Path::new(file).file_name()?.to_str()?;
    let line = line.trim();
    let names_registry = match name {
        "package-lock.json" => line.starts_with("\"resolved\""),
        "Cargo.lock" => line.starts_with("source") && !line.ends_with("crates.io-index\""),
        ".npmrc" => line.contains("registry="),
        "requirements.txt" => line.starts_with("--"),
        _ => false,
    };
    let (_, address) = line.split_once("://").filter(|_| names_registry)?;
    Some(address.split(['/', '"']).next().unwrap_or(address).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_of_the_machine_is_found_but_not_as_part_of_another() {
        assert!(names_path("see /home/me/x", "/home/me"));
        assert!(names_path("\"/home/me\"", "/home/me"));
        assert!(!names_path("see bundles/home/me", "/home/me"));
        assert!(!names_path("see /home/menno/x", "/home/me"));
        assert!(!names_path("the file /home/me.pem", "/home/me"));
    }

    #[test]
    fn registry_is_found_where_none_has_to_stand() {
        let line = r#"      "resolved": "https://npm.example.net/x/-/x-1.0.0.tgz","#;
        assert_eq!(foreign_registry("a/package-lock.json", line).as_deref(), Some("npm.example.net"));
        let line = r#"source = "registry+https://cargo.example.net/index""#;
        assert_eq!(foreign_registry("Cargo.lock", line).as_deref(), Some("cargo.example.net"));
        assert_eq!(
            foreign_registry("Cargo.lock", r#"source = "registry+https://a.b/crates.io-index""#),
            None
        );
        assert_eq!(foreign_registry("README.md", "https://npm.example.net"), None);
    }

    #[test]
    fn unfinished_business_is_found() {
        for (start, end) in FORBIDDEN {
            let line = format!("  {start}{end}");
            assert_eq!(faults_of("a.rs", &line, &[]).count(), 1, "{line}");
        }
        assert_eq!(faults_of("a.rs", "let x = 1;", &[]).count(), 0);
    }
}
