//! Prints how long each file takes natively, the slowest last, and writes the files into a folder that is named: for a person,
//! because a time is no test.

use certgrant_limits::{inputs, open};
use std::time::Instant;

fn main() {
    if let Some(folder) = std::env::args_os().nth(1) {
        for input in inputs::all() {
            let path = std::path::Path::new(&folder).join(input.name.replace(' ', "-"));
            std::fs::write(path, input.file).expect("the folder can be written to");
        }
        return;
    }
    let mut rows: Vec<_> = inputs::all()
        .iter()
        .chain(&inputs::costly())
        .map(|input| {
            let start = Instant::now();
            let opened = open(&input.file);
            (start.elapsed(), input.name, input.file.len(), opened)
        })
        .collect();
    rows.sort();
    for (time, name, length, opened) in rows {
        println!(
            "{:9.1} ms  {name} ({length} bytes, {})",
            time.as_secs_f64() * 1e3,
            if opened { "opened" } else { "refused" }
        );
    }
}
