#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "aws-lc"), no_std)]
#![forbid(unsafe_code)]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;

#[cfg(feature = "aws-lc")]
pub use aws_lc::{AwsLcSigner, AwsLcVerifier};
#[cfg(feature = "rustcrypto")]
pub use rsa::rand_core;
#[cfg(feature = "rustcrypto")]
pub use rustcrypto::{RustCryptoSigner, RustCryptoVerifier};
