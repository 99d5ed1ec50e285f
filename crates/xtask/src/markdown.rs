//! Tables of the documents that are made by a run.

/// A table, its columns padded to their width, with a line end.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or_default()
    };
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let padded = |(column, text): (usize, &str)| format!("{text:<0$}", width(column));
    let mut text = line(head.iter().copied().enumerate().map(padded).collect());
    text.push_str(&line((0..head.len()).map(|column| "-".repeat(width(column))).collect()));
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).enumerate().map(padded).collect()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_padded_to_their_width() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let text = table(&["name", "µs"], &[row(["a", "1"]), row(["longer", "2.5"])]);
        assert_eq!(text, "| name   | µs  |\n| ------ | --- |\n| a      | 1   |\n| longer | 2.5 |\n");
    }
}
