//! Opens the certificate files that the main module leaves alone: PFX, DER, and encrypted keys. A module of its own, loaded
//! only for those, because ciphers and key derivation would double the size of the main one.

#![no_std]

extern crate alloc;

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use certgrant_core::{Bundle, Error, Secret, SecretString};
use wasm_bindgen::prelude::*;

/// The private key and its certificate chain as unencrypted PEM, for the main module; throws what is wrong with the file.
/// Of a key that is elsewhere it is the certificates alone. Holds the thread for as long as the file's key derivation takes; the caller wipes what it gets.
#[wasm_bindgen(js_name = openFile)]
pub fn open_file(file: Vec<u8>, password: Option<String>, key_elsewhere: bool) -> Result<Vec<u8>, JsValue> {
    let (file, password) = (Secret::new(file), password.map(SecretString::new));
    let (file, password) = (file.expose(), password.as_ref());
    let pem = if key_elsewhere {
        Bundle::open_chain(file, password).map(|chain| Bundle::chain_to_pem(&chain).into_bytes())
    } else {
        Bundle::open(file, password).map(|bundle| bundle.to_pem().expose().as_bytes().to_vec())
    };
    pem.map_err(|error| throwable(&error))
}

/// A JavaScript error with core's text, code and hint.
fn throwable(error: &Error) -> JsValue {
    let object = js_sys::Error::new(&error.to_string());
    for (name, value) in [("code", error.code().as_str()), ("hint", error.hint())] {
        // Setting a member of a new object does not fail.
        let _ = js_sys::Reflect::set(&object, &name.into(), &value.into());
    }
    object.into()
}

/// Core does not panic; should it do so, the trap tells the host, and no text is worth its weight in the module.
#[cfg(target_family = "wasm")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;
