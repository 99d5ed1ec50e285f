//! Opens the certificate files that the main module leaves alone: PFX, DER, and encrypted keys. A module of its own, loaded
//! only for those, because ciphers and key derivation would double the size of the main one.
//!
//! It is built twice: with what tools write today and wrote for decades, and with the feature `rare` for the files that the first
//! one refuses.

#![no_std]

extern crate alloc;

use certgrant_core::{Secret, SecretString, plain_pem};
use certgrant_wasm_convert::{Made, module};

module! {
    /// The private keys of `file` and its certificates as unencrypted PEM, for the main module; of a key that is elsewhere the
    /// certificates alone. Holds the thread for as long as the file's key derivation takes; the caller wipes what it gets.
    fn file_open(arguments) {
        let file = Secret::new(arguments.bytes("file").unwrap_or_default());
        let password = arguments.text("password").map(SecretString::new);
        let pem = plain_pem(file.expose(), password.as_ref(), arguments.flag("keyElsewhere"))?;
        Ok(Made::of_bytes(pem.expose().as_bytes()))
    }
}
