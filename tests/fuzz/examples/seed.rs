//! Writes the corpus of every target into folders for libFuzzer: `cargo run --example seed -- <folder>`.

use certgrant_fuzz::{TARGETS, corpus};
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = env::args_os().nth(1).ok_or("give the folder to write to")?.into();
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        let inputs = corpus::inputs(target.name)?;
        for (number, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:03}")), input)?;
        }
        println!("{}: {} seeds", target.name, inputs.len());
    }
    Ok(())
}
