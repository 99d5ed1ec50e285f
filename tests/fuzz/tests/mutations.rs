//! Every target over its whole corpus and over a fixed number of mutations of it, without libFuzzer.

use certgrant_fuzz::{TARGETS, Target, corpus, mutation::Mutations};
use std::path::PathBuf;
use std::{env, fs, thread};

/// How many mutations of each target's corpus; the variable `CERTGRANT_FUZZ_MUTATIONS` sets another number.
const MUTATIONS: usize = 20_000;

/// Keeps an input whose run panics, so that it can be run again.
struct Running<'a> {
    target: Target,
    input: &'a [u8],
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let path =
                PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.failing", self.target.name));
            let kept = fs::write(&path, self.input);
            eprintln!("the input of {} bytes lies in {}: {kept:?}", self.input.len(), path.display());
        }
    }
}

fn run(target: Target, input: &[u8]) {
    let running = Running { target, input };
    (target.run)(running.input);
}

fn run_corpus_and_mutations(name: &str) {
    let target = TARGETS.into_iter().find(|target| target.name == name).unwrap();
    let seeds = corpus::inputs(name).unwrap();
    seeds.iter().for_each(|seed| run(target, seed));
    let number = env::var("CERTGRANT_FUZZ_MUTATIONS").map_or(MUTATIONS, |number| number.parse().unwrap());
    Mutations::new(&seeds).take(number).for_each(|input| run(target, &input));
    println!("{name}: {} seeds and {number} mutations", seeds.len());
}

#[test]
fn pem_keeps_its_promises() {
    run_corpus_and_mutations("pem");
}

#[test]
fn der_keeps_its_promises() {
    run_corpus_and_mutations("der");
}

#[test]
fn pfx_keeps_its_promises() {
    run_corpus_and_mutations("pfx");
}

#[test]
fn keys_keep_their_promises() {
    run_corpus_and_mutations("keys");
}
