//! Values on their way to the host.

use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroize as _;

pub(crate) const UNDEFINED: u8 = 0;
pub(crate) const FALSE: u8 = 1;
pub(crate) const TRUE: u8 = 2;
pub(crate) const NUMBER: u8 = 3;
pub(crate) const TEXT: u8 = 4;
pub(crate) const BYTES: u8 = 5;
pub(crate) const ARRAY: u8 = 6;
pub(crate) const OBJECT: u8 = 7;
pub(crate) const ERROR: u8 = 8;

/// Bytes of a kind and of a length.
pub(crate) const HEAD: usize = 5;

/// A value that the host is told.
pub enum Value<'a> {
    /// `undefined`.
    Undefined,
    /// A boolean.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(&'a str),
    /// A string.
    Owned(String),
    /// A `Uint8Array`.
    Bytes(&'a [u8]),
    /// An array, an object, an error or a `Uint8Array`, in its bytes.
    Made(Made),
}

/// A container in its bytes. They are wiped when it is dropped, and whenever they move.
pub struct Made(Vec<u8>);

impl Drop for Made {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Made {
    /// A `Uint8Array`.
    pub fn of_bytes(bytes: &[u8]) -> Value<'static> {
        let mut made = Self::begin(BYTES);
        made.append(bytes);
        made.finish()
    }

    pub(crate) fn begin(kind: u8) -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(&[kind, 0, 0, 0, 0]);
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn append(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            // Not by the vector itself, which would leave a copy behind.
            let mut larger = Vec::with_capacity(needed * 2);
            larger.extend_from_slice(&self.0);
            self.0.zeroize();
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    fn headed(&mut self, kind: u8, content: &[u8]) {
        self.append(&[kind]);
        self.append(&(content.len() as u32).to_le_bytes());
        self.append(content);
    }

    pub(crate) fn push(&mut self, value: &Value<'_>) {
        match value {
            Value::Undefined => self.append(&[UNDEFINED]),
            Value::Flag(flag) => self.append(&[if *flag { TRUE } else { FALSE }]),
            Value::Number(number) => {
                self.append(&[NUMBER]);
                self.append(&number.to_le_bytes());
            }
            Value::Text(text) => self.headed(TEXT, text.as_bytes()),
            Value::Owned(text) => self.headed(TEXT, text.as_bytes()),
            Value::Bytes(bytes) => self.headed(BYTES, bytes),
            Value::Made(made) => self.append(made.bytes()),
        }
    }

    pub(crate) fn finish(mut self) -> Value<'static> {
        let length = (self.0.len() - HEAD) as u32;
        self.0[1..HEAD].copy_from_slice(&length.to_le_bytes());
        Value::Made(self)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u16> for Value<'_> {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Owned(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

/// An object in the making.
pub struct Builder(Made);

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// An object without members.
    pub fn new() -> Self {
        Self(Made::begin(OBJECT))
    }

    /// An error without members.
    pub(crate) fn of_error() -> Self {
        Self(Made::begin(ERROR))
    }

    /// Adds a member.
    pub fn set<'a>(mut self, name: &str, value: impl Into<Value<'a>>) -> Self {
        self.0.push(&Value::Text(name));
        self.0.push(&value.into());
        self
    }

    /// Adds a member if there is a value for it.
    pub fn set_some<'a>(self, name: &str, value: Option<impl Into<Value<'a>>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Adds a number if there is one.
    pub fn seconds(self, name: &str, value: Option<u64>) -> Self {
        self.set_some(name, value.map(|number| number as f64))
    }

    /// The object.
    pub fn finish(self) -> Value<'static> {
        self.0.finish()
    }
}

/// An array of values.
pub fn array<'a>(values: impl Iterator<Item = Value<'a>>) -> Value<'static> {
    let mut array = Made::begin(ARRAY);
    values.for_each(|value| array.push(&value));
    array.finish()
}
