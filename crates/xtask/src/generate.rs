//! `cargo xtask gen`: what is made from the core's table of error codes, and the check that it is up to date.
//!
//! The table stands once, in `crates/core/src/error.rs`. From it come the list in `npm/certgrant/src/codes.ts`, between the
//! lines that begin and end it, and the tables of `npm/certgrant/docs/errors.md`. The codes that only JavaScript makes
//! stand in codes.ts alone and are read from there.

use core::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, bail};
use certgrant_core::{AADSTS_HINTS, ErrorCode, ErrorKind};

use crate::report::{Outcome, Report};
use crate::workspace::Workspace;

const CODES: &str = "npm/certgrant/src/codes.ts";
const HINTS: &str = "npm/certgrant/src/aadsts.ts";
const ERRORS: &str = "npm/certgrant/docs/errors.md";

const LIST_START: &str = "export const CORE_ERROR_CODES = [\n";
const LIST_END: &str = "] as const;\n";

/// A file and what it ought to hold.
struct Generated {
    name: &'static str,
    text: String,
}

/// Writes the files.
///
/// # Errors
///
/// A file can't be read or written.
pub(crate) fn write(workspace: &Workspace, report: &Report) -> Result<()> {
    report.heading("gen");
    for file in generate(workspace)? {
        report.step(file.name, |_| {
            let path = workspace.path(file.name);
            if fs::read_to_string(&path).is_ok_and(|text| text == file.text) {
                return Ok(Outcome::done("unchanged"));
            }
            fs::create_dir_all(path.parent().context("a file stands in a folder")?)?;
            fs::write(&path, &file.text).with_context(|| format!("writing {}", file.name))?;
            Ok(Outcome::done("written"))
        })?;
    }
    Ok(())
}

/// Compares the files with what they ought to hold.
///
/// # Errors
///
/// One differs; the error shows how.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let files = generate(workspace)?;
    let mut faults = Vec::new();
    for file in &files {
        let text = fs::read_to_string(workspace.path(file.name)).unwrap_or_default();
        let difference = difference(&text, &file.text);
        if !difference.is_empty() {
            faults.push(format!("{} (-: in the file, +: generated):\n{difference}", file.name));
        }
    }
    if !faults.is_empty() {
        bail!("generated files are out of date:\n{}\nwrite them with `cargo xtask gen`", faults.join("\n"));
    }
    Ok(Outcome::done(format!("{} files, {} codes", files.len(), ErrorCode::ALL.len())))
}

fn generate(workspace: &Workspace) -> Result<[Generated; 3]> {
    let codes = fs::read_to_string(workspace.path(CODES)).with_context(|| format!("reading {CODES}"))?;
    let codes = with_core_codes(&codes)?;
    let errors = errors_page(&host_codes(&codes)?);
    Ok([
        Generated { name: CODES, text: codes },
        Generated { name: HINTS, text: hints_module() },
        Generated { name: ERRORS, text: errors },
    ])
}

/// The hints as lines of text: each has its numbers and what helps. In the WASM module they would cost every Worker.
fn hints_module() -> String {
    let rows = AADSTS_HINTS.iter().map(|(numbers, hint)| format!("{} {hint}\n", joined(numbers, " ")));
    [
        "/**\n * What helps against Entra's refusals, by their AADSTS numbers; loaded with the first refusal.\n *\n",
        " * Made by `cargo xtask gen` from `crates/core/src/aadsts.rs`.\n */\n\n",
        "const ROWS = `",
        &rows.collect::<String>(),
        "`;\n\n",
        "/** The hint for a refusal with these numbers: that of the first row that has one of them. */\n",
        "export function aadstsHint(codes: readonly number[]): string | undefined {\n",
        "  const names = (row: string, code: number) => /^(?:\\d+ )+/.exec(row)?.[0].split(\" \").includes(`${code}`);\n",
        "  const row = ROWS.split(\"\\n\").find((row) => codes.some((code) => names(row, code)));\n",
        "  return row?.replace(/^[\\d ]+/, \"\");\n}\n",
    ]
    .concat()
}

fn joined(numbers: &[u32], separator: &str) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(separator)
}

/// codes.ts with the core's codes in its list.
fn with_core_codes(text: &str) -> Result<String> {
    let list =
        || Some((text.split_once(LIST_START)?, text.split_once(LIST_START)?.1.split_once(LIST_END)?.1));
    let ((before, _), after) = list().with_context(|| format!("{CODES} has no list CORE_ERROR_CODES"))?;
    let codes: String = ErrorCode::ALL.iter().map(|code| format!("  \"{}\",\n", code.as_str())).collect();
    Ok([before, LIST_START, &codes, LIST_END, after].concat())
}

/// The codes of JavaScript and what is said about them: `/** Text. */` and `| "ERR_…"` on the next line.
fn host_codes(text: &str) -> Result<Vec<(String, String)>> {
    let (_, union) = text
        .split_once("export type HostErrorCode =")
        .with_context(|| format!("{CODES} has no HostErrorCode"))?;
    let union = union.split_once(';').map_or(union, |(union, _)| union);
    let mut codes = Vec::new();
    let mut about = None;
    for line in union.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/**").and_then(|line| line.strip_suffix("*/")) {
            about = Some(text.trim().to_owned());
        } else if let Some(code) = line.strip_prefix("| \"").and_then(|line| line.strip_suffix('"')) {
            let about = about.take().with_context(|| format!("{CODES} says nothing about {code}"))?;
            codes.push((code.to_owned(), about));
        }
    }
    if codes.is_empty() {
        bail!("{CODES} has no codes in HostErrorCode");
    }
    Ok(codes)
}

fn errors_page(host: &[(String, String)]) -> String {
    let mut page = String::from(
        "# Error codes\n\n<!-- Made by `cargo xtask gen` from crates/core/src/error.rs and src/codes.ts. -->\n\nEvery error of \
         certgrant has a `code` of these. Codes are stable; messages may change with any release. The `hint` of an error says \
         what to do, and is often more precise than the one below.\n",
    );
    for (kind, heading) in [
        (ErrorKind::Config, "The caller's options and arguments"),
        (ErrorKind::Key, "The certificate and its private key"),
        (ErrorKind::Service, "The token service answered with an error"),
        (ErrorKind::Protocol, "What answered is not the token service"),
        (ErrorKind::Transport, "The network"),
        (ErrorKind::Internal, "certgrant itself, or what drives it"),
    ] {
        let codes = ErrorCode::ALL.iter().filter(|code| code.kind() == kind);
        let rows =
            codes.map(|code| vec![quoted(code.as_str()), code.summary().to_owned(), code.hint().to_owned()]);
        // Writing to a string does not fail.
        let _written = write!(
            page,
            "\n## {heading}\n\n{}",
            table(&["code", "what happened", "what to do"], rows.collect())
        );
    }
    let rows = host.iter().map(|(code, about)| vec![quoted(code), about.clone()]);
    page.push_str("\n## Only in JavaScript\n\n");
    page.push_str(&table(&["code", "what happened"], rows.collect()));
    page.push_str("\n## Entra's own numbers\n\nThe `hint` of a refusal (`ERR_SERVICE_REFUSED`) goes by the AADSTS numbers in its \
                   `errorResponse.errorCodes`; the first row counts that has one of them.\n\n");
    let rows = AADSTS_HINTS.iter().map(|(numbers, hint)| vec![joined(numbers, ", "), (*hint).to_owned()]);
    page.push_str(&table(&["AADSTS", "what to do"], rows.collect()));
    page
}

fn quoted(code: &str) -> String {
    format!("`{code}`")
}

/// A table with its columns aligned, as the package's formatter wants it.
fn table(header: &[&str], mut rows: Vec<Vec<String>>) -> String {
    rows.insert(0, header.iter().map(|&cell| cell.to_owned()).collect());
    for cell in rows.iter_mut().flatten() {
        *cell = cell.replace('|', "\\|");
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let dashes: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    rows.insert(1, dashes);
    rows.iter().map(|row| line(row)).collect()
}

/// The lines between the common start and the common end; empty if the texts are the same.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[same..], &new[same..]);
    let same = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[..old.len() - same], &new[..new.len() - same]);
    let old = old.iter().map(|line| format!("  - {line}"));
    old.chain(new.iter().map(|line| format!("  + {line}"))).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "// top\nexport const CORE_ERROR_CODES = [\n  \"ERR_OLD\",\n] as const;\n\n\
        export type HostErrorCode =\n  /** The caller gave up. */\n  | \"ERR_ABORTED\"\n  /** A fault. */\n  | \"ERR_INTERNAL\";\n";

    #[test]
    fn list_is_replaced_and_the_rest_is_kept() {
        let text = with_core_codes(SAMPLE).expect("it has the list");
        assert!(text.starts_with("// top\nexport const CORE_ERROR_CODES = [\n  \"ERR_"), "{text}");
        assert!(!text.contains("ERR_OLD"));
        assert!(text.contains("  | \"ERR_INTERNAL\";\n"));
        assert_eq!(with_core_codes(&text).expect("it still has it"), text);
        assert!(with_core_codes("// nothing").is_err());
    }

    #[test]
    fn codes_of_javascript_are_read_with_what_is_said_about_them() {
        let expected = [("ERR_ABORTED", "The caller gave up."), ("ERR_INTERNAL", "A fault.")];
        assert_eq!(
            host_codes(SAMPLE).expect("it has them"),
            expected.map(|(code, about)| (code.to_owned(), about.to_owned()))
        );
    }

    #[test]
    fn every_code_of_the_core_has_a_row() {
        let page = errors_page(&[]);
        for code in ErrorCode::ALL {
            assert_eq!(page.matches(&format!("\n| `{}` ", code.as_str())).count(), 1, "{}", code.as_str());
        }
    }

    #[test]
    fn columns_of_a_table_are_aligned() {
        let rows = vec![vec!["`A`".to_owned(), "x|y".to_owned()]];
        assert_eq!(table(&["code", "what"], rows), "| code | what |\n| ---- | ---- |\n| `A`  | x\\|y |\n");
    }

    #[test]
    fn difference_shows_only_what_differs() {
        assert_eq!(difference("a\nb\nc\n", "a\nx\nc\n"), "  - b\n  + x");
        assert_eq!(difference("a\n", "a\n"), "");
    }
}
