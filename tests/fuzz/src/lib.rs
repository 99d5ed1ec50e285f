//! Fuzz targets for what certgrant-core reads from files, and what drives them without libFuzzer.
//!
//! A target is a function of bytes that panics where core breaks a promise: see [`targets`]. The programs in `targets/`
//! give them to libFuzzer; the tests in `tests/` run them over the corpus and over a fixed sequence of mutations.

pub mod corpus;
mod leaks;
pub mod mutation;
mod promises;
pub mod targets;

/// A target by its name.
#[derive(Clone, Copy)]
pub struct Target {
    /// What the program and the folder of the corpus are called.
    pub name: &'static str,
    /// Runs it on an input; panics where a promise is broken.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 4] = [
    Target { name: "pem", run: targets::pem },
    Target { name: "der", run: targets::der },
    Target { name: "pfx", run: targets::pfx },
    Target { name: "keys", run: targets::keys },
];
