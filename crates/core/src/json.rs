//! JSON, [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259), for the flat objects of the token protocol.
//!
//! Our own, for size: the general libraries bring number formatting and a copy of their parser for each structure, which
//! tripled the WASM module. The reader checks the whole grammar, bounds the depth, and hands out slices of the text; the
//! writer escapes everything that has to be. Tests hold both against `serde_json`.

use crate::encoding::{parse_digits, push_hex};
use crate::text::text;
use alloc::string::String;
use alloc::vec::Vec;

/// How deep values may be nested. Nothing in the protocol comes near.
const MAX_DEPTH: usize = 64;

/// Why text is not a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It ends before the object does.
    CutOff,
    /// It breaks the grammar, or is nested too deep.
    Malformed,
    /// It is JSON, but not an object.
    NotObject,
}

type Scan<T> = Result<T, Fault>;

/// The members of an object, in the order of the text.
#[derive(Debug, Default)]
pub(crate) struct Object<'a> {
    members: Vec<(String, Value<'a>)>,
}

/// A value as it stands in the text: checked, not converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a>(&'a str);

impl<'a> Object<'a> {
    /// Reads a text that is one object and white space.
    pub(crate) fn parse(text: &'a [u8]) -> Scan<Self> {
        let text = core::str::from_utf8(text).map_err(|_| Fault::Malformed)?;
        let mut scanner = Scanner { text, at: 0 };
        scanner.skip_white();
        let value = scanner.value(0)?;
        scanner.skip_white();
        if scanner.peek().is_some() { Err(Fault::Malformed) } else { value.members() }
    }

    /// The value of a member; of the last one, where a name stands twice.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'a>> {
        self.members.iter().rev().find(|(found, _)| found == name).map(|(_, value)| *value)
    }

    /// All members.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, Value<'a>)> {
        self.members.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

impl<'a> Value<'a> {
    /// The text of the value.
    pub(crate) const fn raw(self) -> &'a str {
        self.0
    }

    /// Whether it is `null`.
    pub(crate) fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The string that it is, unescaped.
    pub(crate) fn as_string(self) -> Option<String> {
        Scanner { text: self.0, at: 0 }.string(self.0.len()).ok()
    }

    /// The whole number that it is, given as a number or as its digits in a string.
    pub(crate) fn as_u64(self) -> Option<u64> {
        match self.0.as_bytes().first() {
            Some(b'"') => parse_digits(&self.as_string()?),
            _ => parse_digits(self.0),
        }
    }

    /// The elements of the array that it is.
    pub(crate) fn elements(self) -> Option<Vec<Value<'a>>> {
        let mut scanner = Scanner { text: self.0, at: 0 };
        let mut elements = Vec::new();
        scanner.expect(b'[').ok()?;
        while scanner.next_item(b']', elements.is_empty()).ok()? {
            elements.push(scanner.value(0).ok()?);
        }
        Some(elements)
    }

    /// The members of the object that it is.
    pub(crate) fn members(self) -> Scan<Object<'a>> {
        let mut scanner = Scanner { text: self.0, at: 0 };
        let mut members = Vec::new();
        scanner.expect(b'{').map_err(|_| Fault::NotObject)?;
        while scanner.next_item(b'}', members.is_empty())? {
            let name = scanner.string(16)?;
            scanner.colon()?;
            members.push((name, scanner.value(0)?));
        }
        Ok(Object { members })
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn bump(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn next(&mut self) -> Scan<u8> {
        let byte = self.peek().ok_or(Fault::CutOff)?;
        self.bump();
        Ok(byte)
    }

    fn expect(&mut self, byte: u8) -> Scan<()> {
        if self.next()? == byte { Ok(()) } else { Err(Fault::Malformed) }
    }

    fn skip_white(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.bump();
        }
    }

    fn colon(&mut self) -> Scan<()> {
        self.skip_white();
        self.expect(b':')?;
        self.skip_white();
        Ok(())
    }

    /// Goes to the next element or member of a container; false behind its end.
    fn next_item(&mut self, end: u8, first: bool) -> Scan<bool> {
        self.skip_white();
        match self.peek().ok_or(Fault::CutOff)? {
            byte if byte == end => {
                self.bump();
                Ok(false)
            }
            b',' if !first => {
                self.bump();
                self.skip_white();
                // RFC 8259 section 4 and 5: nothing may stand between a comma and the end.
                if self.peek() == Some(end) { Err(Fault::Malformed) } else { Ok(true) }
            }
            _ if first => Ok(true),
            _ => Err(Fault::Malformed),
        }
    }

    /// Reads over one value.
    fn value(&mut self, depth: usize) -> Scan<Value<'a>> {
        let start = self.at;
        match self.peek().ok_or(Fault::CutOff)? {
            b'{' => self.container(b'}', depth)?,
            b'[' => self.container(b']', depth)?,
            b'"' => self.string_end()?,
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => self.number()?,
        }
        self.text.get(start..self.at).map(Value).ok_or(Fault::Malformed)
    }

    fn container(&mut self, end: u8, depth: usize) -> Scan<()> {
        if depth >= MAX_DEPTH {
            return Err(Fault::Malformed);
        }
        self.bump();
        let mut first = true;
        while self.next_item(end, first)? {
            first = false;
            if end == b'}' {
                self.string_end()?;
                self.colon()?;
            }
            self.value(depth.saturating_add(1))?;
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Scan<()> {
        word.iter().try_for_each(|byte| self.expect(*byte))
    }

    /// `number = [ minus ] int [ frac ] [ exp ]`, RFC 8259 section 6.
    fn number(&mut self) -> Scan<()> {
        if self.peek() == Some(b'-') {
            self.bump();
        }
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.skip_digits(),
            _ => return Err(Fault::Malformed),
        }
        if self.peek() == Some(b'.') {
            self.bump();
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.bump();
            if let Some(b'+' | b'-') = self.peek() {
                self.bump();
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Scan<()> {
        if !self.next()?.is_ascii_digit() {
            return Err(Fault::Malformed);
        }
        self.skip_digits();
        Ok(())
    }

    fn skip_digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.bump();
        }
    }

    fn string_end(&mut self) -> Scan<()> {
        self.characters(&mut |_| ())
    }

    fn string(&mut self, capacity: usize) -> Scan<String> {
        let mut string = String::with_capacity(capacity);
        self.characters(&mut |character| string.push(character))?;
        Ok(string)
    }

    /// Reads a string, RFC 8259 section 7, and hands out its characters.
    fn characters(&mut self, each: &mut dyn FnMut(char)) -> Scan<()> {
        self.expect(b'"')?;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let character = rest.chars().next().ok_or(Fault::CutOff)?;
            self.at = self.at.saturating_add(character.len_utf8());
            match character {
                '"' => return Ok(()),
                '\\' => each(self.escape()?),
                '\0'..='\u{1f}' => return Err(Fault::Malformed),
                character => each(character),
            }
        }
    }

    fn escape(&mut self) -> Scan<char> {
        Ok(match self.next()? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            _ => return Err(Fault::Malformed),
        })
    }

    /// `\u` and four hexadecimal digits, or two of them that are a surrogate pair.
    fn unicode_escape(&mut self) -> Scan<char> {
        let unit = self.hex4()?;
        let mut units = [unit, 0];
        let units = if (0xd800..0xdc00).contains(&unit) {
            self.expect(b'\\')?;
            self.expect(b'u')?;
            units[1] = self.hex4()?;
            &units[..]
        } else {
            &units[..1]
        };
        char::decode_utf16(units.iter().copied()).next().and_then(Result::ok).ok_or(Fault::Malformed)
    }

    fn hex4(&mut self) -> Scan<u16> {
        let mut unit: u16 = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()?).to_digit(16).ok_or(Fault::Malformed)?;
            unit = unit << 4 | digit as u16;
        }
        Ok(unit)
    }
}

/// Writes an object member by member.
#[derive(Debug)]
pub(crate) struct ObjectWriter(String);

impl ObjectWriter {
    pub(crate) const fn new() -> Self {
        Self(String::new())
    }

    pub(crate) fn string(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        push_string(&mut self.0, value);
        self
    }

    pub(crate) fn number(&mut self, name: &str, value: u64) -> &mut Self {
        self.raw(name, &text![value])
    }

    pub(crate) fn strings(&mut self, name: &str, values: impl Iterator<Item = String>) -> &mut Self {
        self.name(name);
        let mut before = '[';
        for value in values {
            self.0.push(before);
            push_string(&mut self.0, &value);
            before = ',';
        }
        self.0.push_str(if before == '[' { "[]" } else { "]" });
        self
    }

    /// Adds a member whose value is JSON already.
    pub(crate) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.name(name);
        self.0.push_str(json);
        self
    }

    /// The object.
    pub(crate) fn finish(&mut self) -> String {
        let mut json = core::mem::take(&mut self.0);
        json.push_str(if json.is_empty() { "{}" } else { "}" });
        json
    }

    fn name(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        push_string(&mut self.0, name);
        self.0.push(':');
    }
}

/// RFC 8259 section 7: quotation mark, reverse solidus and control characters MUST be escaped.
fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\0'..='\u{1f}' => {
                json.push_str("\\u00");
                push_hex(json, character as u8);
            }
            character => json.push(character),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use certgrant_testkit::serde_json;

    /// Texts at the edges of the grammar, good and bad.
    const TEXTS: &[&str] = &[
        "{}",
        " { } ",
        r#"{"a":1}"#,
        r#"{"a":1,}"#,
        r#"{,"a":1}"#,
        r#"{"a":1 "b":2}"#,
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{a:1}"#,
        r#"{"a":1}x"#,
        r#"{"a":[1,2,{"b":[]}]}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[,1]}"#,
        r#"{"a":[1 2]}"#,
        r#"{"a":"\u00e9\n\/\""}"#,
        r#"{"a":"\ud83d\ude00"}"#,
        r#"{"a":"\ud83d"}"#,
        r#"{"a":"\ude00"}"#,
        r#"{"a":"\ud83dx"}"#,
        r#"{"a":"\ud83d\u0041"}"#,
        r#"{"a":"\x"}"#,
        "{\"a\":\"\t\"}",
        "{\"a\":\"é😀\"}",
        r#"{"\u0061":2,"a":3}"#,
        r#"{"a":-0}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":1.5e+10}"#,
        r#"{"a":1e}"#,
        r#"{"a":+1}"#,
        r#"{"a":-}"#,
        r#"{"a":tru}"#,
        r#"{"a":true,"b":false,"c":null}"#,
        r#"{"a":nul"#,
        r#"{"a":"x"#,
        r#"{"a":"\"#,
        r#"{"a":[{"#,
        "{",
        "",
        "  ",
        "[]",
        "7",
        "\"x\"",
        "nulll",
        "{\u{a0}}",
        r#"{"a":"\u12"}"#,
    ];

    #[test]
    fn accepts_and_refuses_what_serde_json_does() {
        for text in TEXTS {
            let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
            let ours = Object::parse(text.as_bytes());
            assert_eq!(ours.is_ok(), theirs.is_ok(), "{text}: {ours:?} {theirs:?}");
            let (Ok(ours), Ok(theirs)) = (ours, theirs) else { continue };
            for (name, value) in &theirs {
                let own = ours.get(name).unwrap();
                assert_eq!(&serde_json::from_str::<serde_json::Value>(own.raw()).unwrap(), value, "{text}");
                assert_eq!(own.as_string().as_deref(), value.as_str(), "{text}");
                assert_eq!(own.is_null(), value.is_null());
                assert_eq!(own.elements().map(|e| e.len()), value.as_array().map(Vec::len), "{text}");
                if let Some(number) = value.as_u64() {
                    assert_eq!(own.as_u64(), Some(number));
                }
            }
        }
    }

    #[test]
    fn every_cut_of_an_object_is_called_cut_off() {
        let text = r#" {"a":"b\u00e9","c":[1,-2.5e3,{"d":null}],"e":true} "#;
        let end = text.rfind('}').unwrap();
        for length in 0..end {
            assert_eq!(Object::parse(&text.as_bytes()[..length]).unwrap_err(), Fault::CutOff, "{length}");
        }
        assert!(Object::parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let deep = alloc::format!("{{\"a\":{}", "[".repeat(1_000_000));
        assert_eq!(Object::parse(deep.as_bytes()).unwrap_err(), Fault::Malformed);
    }

    #[test]
    fn what_is_written_is_read_back_by_serde_json() {
        let odd = "\"\\/\u{0}\u{1f}\u{7f}é😀\u{2028}";
        let mut writer = ObjectWriter::new();
        writer.string(odd, odd).number("n", u64::MAX).strings("s", [odd.into(), String::new()].into_iter());
        writer.strings("none", core::iter::empty()).raw("r", "{}");
        let value: serde_json::Value = serde_json::from_str(&writer.finish()).unwrap();
        let expected = serde_json::json!({ odd: odd, "n": u64::MAX, "s": [odd, ""], "none": [], "r": {} });
        assert_eq!(value, expected);
        assert_eq!(ObjectWriter::new().finish(), "{}");
    }
}
