//! The exports of a module: functions from message to message.
//!
//! A message lies in the module's memory as its length and its bytes. The host makes room by `allocate`, writes, calls; the
//! function takes the message, wipes it, and answers with another one, which the host reads and gives back by `release`.

use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use certgrant_core::Result;
use core::slice;
use zeroize::Zeroize as _;

use crate::error::throwable;
use crate::members::Members;
use crate::value::{ARRAY, Made, Value};

/// Bytes of a message's length.
const PREFIX: usize = 4;

/// Room for a message of that length; where it is. The length is written, the bytes are zero.
pub fn new_message(length: usize) -> *mut u8 {
    let layout = layout(length);
    // SAFETY: the layout has at least the bytes of the length.
    let message = unsafe { alloc(layout) };
    if message.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: as many bytes were just allocated.
    let bytes = unsafe {
        message.write_bytes(0, PREFIX + length);
        slice::from_raw_parts_mut(message, PREFIX)
    };
    bytes.copy_from_slice(&(length as u32).to_le_bytes());
    message
}

/// Wipes a message and frees its room.
///
/// # Safety
///
/// `message` came from [`new_message`] and was not released.
pub unsafe fn release_message(message: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe {
        let length = content(message).len();
        slice::from_raw_parts_mut(message, PREFIX + length).zeroize();
        dealloc(message, layout(length));
    }
}

/// What an exported function does with its message: reads the arguments, works, and answers. Not generic: one copy serves all.
///
/// # Safety
///
/// `message` came from [`new_message`] and was not released; it is released here.
pub unsafe fn answer(message: *mut u8, work: &dyn Fn(Members<'_>) -> Result<Value<'static>>) -> *mut u8 {
    // SAFETY: the caller's promise.
    let value = work(Members::of(unsafe { content(message) })).unwrap_or_else(|error| throwable(&error));
    // An array around it, so that the value may be of any kind.
    let mut answer = Made::begin(ARRAY);
    answer.push(&value);
    let Value::Made(answer) = answer.finish() else { return core::ptr::null_mut() };
    let room = new_message(answer.bytes().len());
    // SAFETY: the message is the caller's and not used any more; the room has as many bytes behind its length.
    unsafe {
        release_message(message);
        slice::from_raw_parts_mut(room.add(PREFIX), answer.bytes().len()).copy_from_slice(answer.bytes());
    }
    room
}

/// # Safety
///
/// `message` came from [`new_message`], was not released, and outlives what is returned.
unsafe fn content<'a>(message: *mut u8) -> &'a [u8] {
    // SAFETY: the length stands there, and as many bytes behind it.
    unsafe {
        let mut length = [0; PREFIX];
        length.copy_from_slice(slice::from_raw_parts(message, PREFIX));
        slice::from_raw_parts(message.add(PREFIX), u32::from_le_bytes(length) as usize)
    }
}

fn layout(length: usize) -> Layout {
    let size = PREFIX.saturating_add(length);
    // No memory has as many bytes: that ends like every allocation that fails.
    Layout::from_size_align(size, PREFIX).unwrap_or_else(|_| handle_alloc_error(Layout::new::<u32>()))
}

/// Makes a module of functions `fn name(arguments) { … }` that give a `Result<Value<'static>>`: exports them, the room for
/// their messages, an allocator, and what happens on a panic.
#[macro_export]
macro_rules! module {
    ($($(#[$about:meta])* fn $name:ident($arguments:ident) $work:block)*) => {
        $(
            $(#[$about])*
            #[unsafe(no_mangle)]
            ///
            /// # Safety
            ///
            /// The message came from `allocate` and was not handed in before.
            pub unsafe extern "C" fn $name(message: *mut u8) -> *mut u8 {
                let work = |$arguments: $crate::Members<'_>| -> certgrant_core::Result<$crate::Value<'static>> { $work };
                // SAFETY: the caller's promise.
                unsafe { $crate::answer(message, &work) }
            }
        )*

        /// Room for a message of the host's.
        #[unsafe(no_mangle)]
        pub extern "C" fn allocate(length: usize) -> *mut u8 {
            $crate::new_message(length)
        }

        /// Takes back an answer that the host has read.
        ///
        /// # Safety
        ///
        /// The answer came from a function here and was not handed in before.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn release(message: *mut u8) {
            // SAFETY: the caller's promise.
            unsafe { $crate::release_message(message) }
        }

        /// Core does not panic; should it do so, the trap tells the host, and no text is worth its weight in the module.
        #[cfg(target_family = "wasm")]
        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
            core::arch::wasm32::unreachable()
        }

        #[cfg(target_family = "wasm")]
        #[global_allocator]
        static ALLOCATOR: $crate::Allocator = $crate::new_allocator();
    };
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use certgrant_core::{Error, ErrorCode};

    use super::*;
    use crate::value::{Builder, ERROR, HEAD, OBJECT};

    fn told(arguments: Value<'_>, work: &dyn Fn(Members<'_>) -> Result<Value<'static>>) -> Vec<u8> {
        let Value::Made(arguments) = arguments else { panic!("an object") };
        let message = new_message(arguments.bytes().len());
        // SAFETY: messages are made, answered and released here, each once.
        unsafe {
            slice::from_raw_parts_mut(message.add(PREFIX), arguments.bytes().len())
                .copy_from_slice(arguments.bytes());
            let answer = answer(message, work);
            let bytes = content(answer).to_vec();
            release_message(answer);
            bytes
        }
    }

    #[test]
    fn answer_is_made_from_the_arguments() {
        let arguments = Builder::new().set("name", "x").finish();
        let answer = told(arguments, &|members| {
            Ok(Builder::new().set("said", members.text("name").unwrap_or_default()).finish())
        });
        assert_eq!(Members::of(&answer[HEAD..]).text("said").as_deref(), Some("x"));
        assert_eq!(answer[HEAD], OBJECT);
    }

    #[test]
    fn failure_is_answered_as_an_error_with_its_code() {
        let answer =
            told(Builder::new().finish(), &|_| Err(Error::new(ErrorCode::StepUnexpected, "this", "that")));
        assert_eq!(answer[HEAD], ERROR);
        let mut object = answer[HEAD..].to_vec();
        object[0] = OBJECT;
        assert_eq!(Members::of(&object).text("code").as_deref(), Some("ERR_STEP_UNEXPECTED"));
    }
}
