//! What certgrant's own tests share: vectors made by other tools, an authority in memory, a reader of JWTs and a scanner
//! that finds secrets in what should not hold any.
//!
//! It depends on none of the crates that it tests, so that their unit tests can use it too.

pub mod authority;
pub mod jwt;
pub mod leaks;
pub mod vectors;

/// The JSON library that core's own reader and writer are held against.
pub use serde_json;
