//! JavaScript values to and from core's, for the WASM modules: members of objects, read and written one by one.
//!
//! By hand, for size: the same through serde and serde-wasm-bindgen took a quarter more of the main module.

#![no_std]

extern crate alloc;

mod error;
mod http;
mod members;

pub use error::{error_data, throwable};
pub use http::{http_request, http_response, transport_failure};
pub use members::{Builder, Members, bytes_of};

use certgrant_core::{Error, ErrorCode, Timestamp};

/// JavaScript's milliseconds; what is no sensible time is the epoch.
pub fn timestamp(millis: f64) -> Timestamp {
    Timestamp::from_millis(millis as u64)
}

/// An input that lacks what its kind has.
pub fn incomplete() -> Error {
    Error::new(ErrorCode::StepUnexpected, "an input without its members", "a whole input")
}
