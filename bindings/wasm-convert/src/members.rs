//! Values that came from the host, by their members.

use alloc::string::String;
use alloc::vec::Vec;

use crate::value::{ARRAY, BYTES, HEAD, NUMBER, OBJECT, TEXT, TRUE, UNDEFINED};

/// The members of an object. What is absent, null or of another type is none: core says what is missing.
#[derive(Clone, Copy)]
pub struct Members<'a>(&'a [u8]);

impl<'a> Members<'a> {
    /// The members of a value; of one that is no object, none.
    pub fn of(value: &'a [u8]) -> Self {
        Self(content(value, OBJECT).unwrap_or_default())
    }

    fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.entries().find(|(found, _)| *found == name.as_bytes()).map(|(_, value)| value)
    }

    fn entries(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let mut values = Values(self.0);
        core::iter::from_fn(move || Some((content(values.next()?, TEXT)?, values.next()?)))
            .filter(|(_, value)| value.first() != Some(&UNDEFINED))
    }

    /// A string.
    pub fn text(&self, name: &str) -> Option<String> {
        text_of(self.get(name)?)
    }

    /// An array of strings.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        Some(Values(content(self.get(name)?, ARRAY)?).filter_map(text_of).collect())
    }

    /// The contents of a `Uint8Array`, or of a string as UTF-8.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let value = self.get(name)?;
        content(value, BYTES).or_else(|| content(value, TEXT)).map(<[u8]>::to_vec)
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<f64> {
        let (kind, number) = self.get(name)?.split_first()?;
        if *kind == NUMBER { number.try_into().ok().map(f64::from_le_bytes) } else { None }
    }

    /// Whether a member is true.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(&[TRUE])
    }

    /// The members of a member.
    pub fn members(&self, name: &str) -> Option<Self> {
        content(self.get(name)?, OBJECT).map(Self)
    }

    /// All members that are strings.
    pub fn text_entries(&self) -> Vec<(String, String)> {
        self.entries()
            .filter_map(|(name, value)| Some((String::from_utf8(name.to_vec()).ok()?, text_of(value)?)))
            .collect()
    }
}

/// The values that stand one after the other.
struct Values<'a>(&'a [u8]);

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let length = match *self.0.first()? {
            ..NUMBER => 1,
            NUMBER => 9,
            _ => HEAD.checked_add(length(self.0)?)?,
        };
        let (value, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }
}

fn length(value: &[u8]) -> Option<usize> {
    let length = value.get(1..HEAD)?.try_into().ok()?;
    Some(u32::from_le_bytes(length) as usize)
}

/// What a value of that kind holds; none of another kind.
fn content(value: &[u8], kind: u8) -> Option<&[u8]> {
    if *value.first()? == kind { value.get(HEAD..) } else { None }
}

fn text_of(value: &[u8]) -> Option<String> {
    String::from_utf8(content(value, TEXT)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;
    use alloc::vec;

    use super::*;
    use crate::value::{Builder, Value, array};

    fn encoded(value: Value<'_>) -> Vec<u8> {
        match value {
            Value::Made(made) => made.bytes().to_vec(),
            _ => panic!("a container"),
        }
    }

    #[test]
    fn members_are_found_by_name_and_kind() {
        let inner = Builder::new().set("a", "b").set("n", 1_u32).finish();
        let object = encoded(
            Builder::new()
                .set("text", "täxt")
                .set("bytes", [1_u8, 2].as_slice())
                .set("number", 1.5)
                .set("flag", true)
                .set("nothing", Value::Undefined)
                .set("texts", array(["x", "y"].map(Value::from).into_iter()))
                .set("inner", inner)
                .finish(),
        );
        let members = Members::of(&object);
        assert_eq!(members.text("text").as_deref(), Some("täxt"));
        assert_eq!(members.bytes("text").as_deref(), Some("täxt".as_bytes()));
        assert_eq!(members.bytes("bytes"), Some(vec![1, 2]));
        assert_eq!(members.number("number"), Some(1.5));
        assert!(members.flag("flag") && !members.flag("number") && !members.flag("nothing"));
        assert_eq!(members.texts("texts"), Some(vec!["x".to_string(), "y".to_string()]));
        let inner = members.members("inner").expect("an object");
        assert_eq!(inner.text_entries(), [("a".to_string(), "b".to_string())]);
        assert_eq!(members.text("nothing"), None);
        assert_eq!(members.text("number"), None);
        assert_eq!(members.number("text"), None);
    }

    #[test]
    fn what_is_cut_off_has_the_members_before_the_cut_and_does_not_panic() {
        let object = encoded(Builder::new().set("a", "1").set("b", [7_u8; 300].as_slice()).finish());
        for end in 0..object.len() {
            let members = Members::of(&object[..end]);
            assert!(matches!(members.text("a").as_deref(), None | Some("1")));
            assert_eq!(members.bytes("b"), None, "cut at {end}");
        }
        assert!(Members::of(&[OBJECT, 0, 0, 0, 0, TEXT, 255, 255, 255, 255]).text("a").is_none());
    }
}
