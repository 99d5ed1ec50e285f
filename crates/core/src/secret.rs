//! Values that must not be seen: wiped on drop, elided in `Debug`.
//!
//! There is no `Display`, `Clone`, `Serialize` or `==`. Leaving secrecy is the call [`Secret::expose`], which a reader of
//! the code can search for.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use zeroize::Zeroize;

/// A value that is overwritten with zeros when it is dropped and that no formatting shows.
pub struct Secret<T: Zeroize>(T);

/// Secret text: an assertion, an access token, a request body that carries one.
pub type SecretString = Secret<String>;

/// Secret bytes: a private key, a response body.
pub type SecretBytes = Secret<Vec<u8>>;

impl<T: Zeroize> Secret<T> {
    /// Takes a value into secrecy.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value, to be filled in place. Growing a buffer past its capacity leaves a copy behind: reserve first.
    pub(crate) const fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> zeroize::ZeroizeOnDrop for Secret<T> {}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret elided]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        assert_eq!(alloc::format!("{:?}", SecretString::new("hunter2".into())), "[secret elided]");
    }

    #[test]
    fn value_is_wiped_on_drop() {
        struct Probe<'a>(&'a core::cell::Cell<bool>);
        impl Zeroize for Probe<'_> {
            fn zeroize(&mut self) {
                self.0.set(true);
            }
        }
        let wiped = core::cell::Cell::new(false);
        drop(Secret::new(Probe(&wiped)));
        assert!(wiped.get());
    }
}
