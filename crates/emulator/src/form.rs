//! `application/x-www-form-urlencoded`, as token requests and query strings use it
//! ([RFC 6749 appendix B](https://www.rfc-editor.org/rfc/rfc6749#appendix-B)).
//!
//! Refuses what can't be decoded instead of replacing it, because a secret with an unescaped `%` must be an error
//! and not another secret. Keeps every occurrence of a name: a parameter must not be sent twice
//! ([RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)). Not `Debug`: it holds secrets.

/// The body or the query is not form-encoded.
pub(crate) struct Malformed;

/// Decoded name-value pairs in the order they came in.
#[derive(Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Malformed> {
        let mut pairs = Vec::new();
        for pair in text.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The value of `name`; an empty value counts as none
    /// ([RFC 6749 section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The first name that occurs twice.
    pub(crate) fn duplicate(&self) -> Option<&str> {
        let later = |index: usize, name: &String| self.0.iter().skip(index + 1).any(|(n, _)| n == name);
        self.0
            .iter()
            .enumerate()
            .find(|(index, (name, _))| later(*index, name))
            .map(|(_, (name, _))| name.as_str())
    }
}

/// Undoes percent-encoding and `+` for a space.
pub(crate) fn decode(text: &[u8]) -> Result<String, Malformed> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (rest.next().and_then(nibble), rest.next().and_then(nibble));
                high.zip(low).map(|(high, low)| high << 4 | low).ok_or(Malformed)?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| Malformed)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_escapes_and_plus() {
        let form =
            Form::parse(b"a=%41+b%2Bc&empty=&scope=https%3A%2F%2Fx%2f.default&&flag").ok().expect("a form");
        assert_eq!(form.get("a"), Some("A b+c"));
        assert_eq!(form.get("scope"), Some("https://x/.default"));
        assert_eq!(form.get("empty"), None);
        assert_eq!(form.get("flag"), None);
        assert_eq!(form.duplicate(), None);
    }

    #[test]
    fn refuses_what_is_not_encoded() {
        for broken in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%ff", b"a=\xff"] {
            assert!(Form::parse(broken).is_err());
        }
    }

    #[test]
    fn names_the_parameter_that_came_twice() {
        let form = Form::parse(b"a=1&b=2&b=3").ok().expect("a form");
        assert_eq!(form.duplicate(), Some("b"));
    }
}
