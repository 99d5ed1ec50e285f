//! What the WASM modules and their host say to each other, and how.
//!
//! A module imports nothing. It exports functions that take one message and answer with one; a message is a value of
//! JavaScript in bytes: a kind, a length, the content. By hand, for size: wasm-bindgen's tables, closures and glue took a
//! sixth of what a Worker loads, and its glue keeps one instance for ever, also after a trap.
//!
//! | kind | content |
//! | --- | --- |
//! | 0, 1, 2 | none: `undefined`, `false`, `true` |
//! | 3 | eight bytes: a number, IEEE 754, little-endian |
//! | 4 | length, then text as UTF-8 |
//! | 5 | length, then bytes |
//! | 6 | length, then the values of an array |
//! | 7 | length, then names and values of an object in turn |
//! | 8 | as 7, the members of an error to be thrown |
//!
//! Lengths are four bytes, little-endian. The host's side is `npm/certgrant/src/backends/wasm-module.ts`.

#![no_std]

extern crate alloc;

mod error;
mod exports;
mod http;
mod members;
mod registry;
mod value;

pub use error::error_data;
pub use exports::{answer, new_message, release_message};
pub use http::{http_request, http_response, transport_failure};
pub use members::Members;
pub use registry::Registry;
pub use value::{Builder, Made, Value, array};

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub use talc::wasm::{WasmDynamicTalc as Allocator, new_wasm_dynamic_allocator as new_allocator};

use certgrant_core::{Error, ErrorCode, Timestamp};

/// JavaScript's milliseconds; what is no sensible time is the epoch.
pub fn timestamp(millis: f64) -> Timestamp {
    Timestamp::from_millis(millis as u64)
}

/// An input that lacks what its kind has.
pub fn incomplete() -> Error {
    Error::new(ErrorCode::StepUnexpected, "an input without its members", "a whole input")
}
