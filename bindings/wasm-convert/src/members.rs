//! Objects of JavaScript by their members.

use alloc::string::String;
use alloc::vec::Vec;
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

/// The members of a JavaScript object. What is absent, null or of another type is none: core says what is missing.
pub struct Members(JsValue);

impl Members {
    /// The members of a value; of one that is no object, none.
    pub fn of(value: JsValue) -> Self {
        Self(value)
    }

    fn get(&self, name: &str) -> Option<JsValue> {
        Reflect::get(&self.0, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
    }

    /// A string.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_string()
    }

    /// An array of strings.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let array: Array = self.get(name)?.dyn_into().ok()?;
        Some(array.iter().filter_map(|element| element.as_string()).collect())
    }

    /// The contents of a `Uint8Array`, or of a string as UTF-8.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        bytes_of(self.get(name)?)
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_f64()
    }

    /// Whether a member is true.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.is_truthy())
    }

    /// The members of a member.
    pub fn members(&self, name: &str) -> Option<Self> {
        self.get(name).map(Self)
    }

    /// All members that are strings.
    pub fn text_entries(&self) -> Vec<(String, String)> {
        let Some(object) = self.0.dyn_ref::<Object>() else {
            return Vec::new();
        };
        let names = Object::keys(object);
        let name = |index| names.get(index).as_string();
        (0..names.length())
            .filter_map(name)
            .filter_map(|name| self.text(&name).map(|text| (name, text)))
            .collect()
    }
}

/// The contents of a `Uint8Array`, or of a string as UTF-8.
pub fn bytes_of(value: JsValue) -> Option<Vec<u8>> {
    match value.as_string() {
        Some(text) => Some(text.into_bytes()),
        None => value.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec()),
    }
}

/// A JavaScript object in the making.
#[derive(Default)]
pub struct Builder(Object);

impl From<Object> for Builder {
    fn from(object: Object) -> Self {
        Self(object)
    }
}

impl Builder {
    /// An object without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member; setting one of an ordinary new object does not fail.
    pub fn set(self, name: &str, value: impl Into<JsValue>) -> Self {
        let _ = Reflect::set(&self.0, &name.into(), &value.into());
        self
    }

    /// Adds a member if there is a value for it.
    pub fn set_some(self, name: &str, value: Option<impl Into<JsValue>>) -> Self {
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
    pub fn finish(self) -> JsValue {
        self.0.into()
    }
}
