//! What xtask prints: one line a step with its result and time, tables, and colours where the terminal can.
//!
//! Colours and the live line are used only if standard output is a terminal and `NO_COLOR` is unset, so that a log holds
//! plain lines. While a step runs, the live line shows the newest line of the program that it waits for; the step's own
//! line takes its place at the end.

use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::io::{IsTerminal, Write};
use std::time::Instant;

use anyhow::Result;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const LIVE_WIDTH: usize = 78;
const NAME_WIDTH: usize = 23;

/// How a step ended when it did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did its work; the text is for the reader, and may be empty.
    Done(String),
    /// It could not be done here, for this reason.
    Skipped(String),
}

impl Outcome {
    pub(crate) fn done(detail: impl Into<String>) -> Self {
        Self::Done(detail.into())
    }

    pub(crate) fn skipped(reason: impl Into<String>) -> Self {
        Self::Skipped(reason.into())
    }
}

/// Colours that mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Doubtful,
    Faint,
    Strong,
    Accent,
}

/// The place where everything is printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    colour: bool,
    live: bool,
}

impl Report {
    /// A report on standard output.
    pub(crate) fn on_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { colour: terminal && !plain && !dumb, live: terminal && !dumb }
    }

    /// A report without colours and live line.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colour: false, live: false }
    }

    /// Prints a heading.
    pub(crate) fn heading(&self, text: &str) {
        println!("\n{}", self.paint(Tone::Strong, text));
    }

    /// Prints a line.
    pub(crate) fn line(&self, text: &str) {
        println!("{text}");
    }

    /// `text` in the colour of `tone`, or as it is.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Doubtful => "33",
            Tone::Faint => "2",
            Tone::Strong => "1",
            Tone::Accent => "36",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Runs a step and prints its line.
    ///
    /// # Errors
    ///
    /// What the step returned; its line is printed in any case.
    pub(crate) fn step(
        &self,
        name: &str,
        work: impl FnOnce(&LiveLine) -> Result<Outcome>,
    ) -> Result<Outcome> {
        let live = LiveLine::new(self.live, name);
        live.tick();
        let result = work(&live);
        let time = live.started.elapsed();
        live.clear();
        let (tone, mark, detail) = match &result {
            Ok(Outcome::Done(detail)) => (Tone::Good, "✓", detail.as_str()),
            Ok(Outcome::Skipped(reason)) => (Tone::Doubtful, "–", reason.as_str()),
            Err(_) => (Tone::Bad, "✗", "failed"),
        };
        self.step_line(tone, mark, name, time, detail);
        result
    }

    fn step_line(&self, tone: Tone, mark: &str, name: &str, time: Duration, detail: &str) {
        let skipped = if tone == Tone::Doubtful { "skipped: " } else { "" };
        let line = format!(
            "  {} {name:NAME_WIDTH$} {}  {skipped}{detail}",
            self.paint(tone, mark),
            self.paint(Tone::Faint, &format!("{:>10}", duration(time))),
        );
        println!("{}", line.trim_end());
    }

    /// Prints names with what there is to say about them.
    pub(crate) fn list(&self, rows: &[Vec<String>]) {
        let width =
            rows.iter().filter_map(|row| row.first()).map(|name| name.chars().count()).max().unwrap_or(0);
        for row in rows {
            let (name, about) = row
                .split_first()
                .map_or(("", ""), |(name, rest)| (name.as_str(), rest.first().map_or("", String::as_str)));
            println!("  {}  {about}", self.paint(Tone::Accent, &format!("{name:width$}")));
        }
    }

    /// Prints rows with their columns aligned; the first column to the left, the others to the right.
    pub(crate) fn table(&self, header: &[&str], rows: &[Vec<String>]) {
        let mut lines = aligned(header, rows).into_iter();
        if let Some(header) = lines.next() {
            println!("  {}", self.paint(Tone::Faint, &header));
        }
        for line in lines {
            println!("  {line}");
        }
    }
}

/// The line of a running step, on a terminal only.
#[derive(Debug)]
pub(crate) struct LiveLine {
    enabled: bool,
    name: String,
    started: Instant,
    frame: Cell<usize>,
    text: RefCell<String>,
    drawn: Cell<Option<Instant>>,
}

impl LiveLine {
    fn new(enabled: bool, name: &str) -> Self {
        Self {
            enabled,
            name: name.to_owned(),
            started: Instant::now(),
            frame: Cell::new(0),
            text: RefCell::default(),
            drawn: Cell::new(None),
        }
    }

    /// A line that is never drawn.
    pub(crate) fn off() -> Self {
        Self::new(false, "")
    }

    /// Shows a line of the running program.
    pub(crate) fn show(&self, text: &str) {
        if self.enabled && !text.trim().is_empty() {
            *self.text.borrow_mut() = printable(text);
            self.draw_if_due();
        }
    }

    /// Lets the time go on.
    pub(crate) fn tick(&self) {
        if self.enabled {
            self.draw_if_due();
        }
    }

    fn draw_if_due(&self) {
        const SHORTEST: Duration = Duration::from_millis(80);
        if self.drawn.get().is_some_and(|at| at.elapsed() < SHORTEST) {
            return;
        }
        self.drawn.set(Some(Instant::now()));
        let frame = self.frame.get();
        self.frame.set((frame + 1) % SPINNER.len());
        let line = format!(
            "  {} {:NAME_WIDTH$} {:>10}  {}",
            SPINNER[frame],
            self.name,
            duration(self.started.elapsed()),
            self.text.borrow()
        );
        let line: String = line.chars().take(LIVE_WIDTH).collect();
        print!("\r\u{1b}[2K{line}");
        // A terminal that is gone is no reason to stop the work.
        let _flushed = std::io::stdout().flush();
    }

    fn clear(&self) {
        if self.enabled {
            print!("\r\u{1b}[2K");
        }
    }
}

/// A duration as people say it: `85 ms`, `3.4 s`, `2 min 05 s`.
pub(crate) fn duration(time: Duration) -> String {
    let milliseconds = time.as_millis();
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

/// The text without its colour sequences and control characters.
pub(crate) fn printable(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.trim_end().chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // A sequence starts with "[" and ends with its first letter.
            let _sequence = characters.by_ref().find(char::is_ascii_alphabetic);
        } else if !character.is_control() {
            plain.push(character);
        }
    }
    plain
}

/// The header and the rows as lines whose columns stand under each other.
pub(crate) fn aligned(header: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let header: Vec<String> = header.iter().map(|&cell| cell.to_owned()).collect();
    let all: Vec<&Vec<String>> = core::iter::once(&header).chain(rows).collect();
    let width =
        |column: usize| all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    all.iter()
        .map(|row| {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let width = width(column).unwrap_or(0);
                if column == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_a_fitting_unit() {
        assert_eq!(duration(Duration::from_millis(0)), "0 ms");
        assert_eq!(duration(Duration::from_millis(999)), "999 ms");
        assert_eq!(duration(Duration::from_millis(3_449)), "3.4 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 05 s");
    }

    #[test]
    fn columns_stand_under_each_other() {
        let rows =
            vec![vec!["certgrant.wasm".to_owned(), "9".to_owned()], vec!["js".to_owned(), "1000".to_owned()]];
        assert_eq!(
            aligned(&["file", "bytes"], &rows),
            ["file            bytes", "certgrant.wasm      9", "js               1000"]
        );
    }

    #[test]
    fn colour_sequences_are_taken_out_of_program_output() {
        assert_eq!(printable("\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m core\r\n"), "   Compiling core");
    }

    #[test]
    fn nothing_is_coloured_where_colours_are_off() {
        let report = Report::plain();
        assert_eq!(report.paint(Tone::Bad, "text"), "text");
    }
}
