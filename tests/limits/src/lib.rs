//! What the worst certificate files of 1 MiB cost certgrant-core in memory and work.
//!
//! [`inputs`] builds the files. As a WebAssembly module this crate opens what lies in its memory, so that an interpreter can
//! count the instructions: the same number on every machine, unlike a time.

#[cfg(not(target_family = "wasm"))]
pub mod inputs;

use certgrant_core::{Bundle, ErrorCode, SecretString};

/// The password of every file.
pub const PASSWORD: &str = "certgrant";

/// Opens a file, for its certificates alone where it has no key. Whether it has one.
pub fn open(file: &[u8]) -> bool {
    let password = SecretString::new(PASSWORD.into());
    match Bundle::open(file, Some(&password)) {
        Ok(_) => true,
        Err(error) => {
            // Only then: others would be counted twice.
            let _chain =
                (error.code() == ErrorCode::KeyMissing).then(|| Bundle::open_chain(file, Some(&password)));
            false
        }
    }
}

/// What the interpreter calls.
#[cfg(target_family = "wasm")]
mod exports {
    use std::cell::RefCell;

    thread_local! {
        static FILE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    /// Makes room for a file; gives the place where it has to be written.
    #[unsafe(no_mangle)]
    #[expect(unsafe_code, reason = "an export has a name without mangling")]
    pub extern "C" fn room(length: usize) -> *mut u8 {
        FILE.with_borrow_mut(|file| {
            *file = vec![0; length];
            file.as_mut_ptr()
        })
    }

    /// Opens the file that was written there: 1 if it has a key.
    #[unsafe(no_mangle)]
    #[expect(unsafe_code, reason = "an export has a name without mangling")]
    pub extern "C" fn open() -> u32 {
        FILE.with_borrow(|file| u32::from(super::open(file)))
    }
}
