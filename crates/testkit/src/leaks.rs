//! Finds secrets in text that should not hold any.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The shortest piece of a secret that counts as a leak, in characters of text.
const PIECE: usize = 12;

/// Knows secrets, and looks for them and their pieces in any usual spelling.
#[derive(Default)]
pub struct LeakScanner {
    secrets: Vec<(String, String)>,
}

impl LeakScanner {
    /// A scanner that knows no secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds secret text: an assertion, a token, a password.
    pub fn add_text(&mut self, name: &str, secret: &str) {
        self.secrets.push((name.to_owned(), secret.to_owned()));
    }

    /// Adds secret bytes, which may show up as base64, base64url, hexadecimal or a list of numbers.
    pub fn add_bytes(&mut self, name: &str, secret: &[u8]) {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let list = |separator: &str| secret.iter().map(u8::to_string).collect::<Vec<_>>().join(separator);
        for text in [hex.to_uppercase(), hex, list(", "), list(",")] {
            self.add_text(name, &text);
        }
        // The bytes may stand at any offset of a longer base64 text.
        for skip in 0..3.min(secret.len()) {
            for engine in [&STANDARD_NO_PAD, &STANDARD, &URL_SAFE_NO_PAD] {
                self.add_text(name, &engine.encode(&secret[skip..]));
            }
        }
    }

    /// The names of the secrets of which `text` holds a piece of [`PIECE`] characters or more.
    pub fn find(&self, text: &str) -> Vec<&str> {
        let pieces: std::collections::HashSet<&[u8]> = text.as_bytes().windows(PIECE).collect();
        let holds = |secret: &str| {
            let secret = secret.as_bytes();
            if secret.len() < PIECE {
                return !secret.is_empty()
                    && text.as_bytes().windows(secret.len()).any(|part| part == secret);
            }
            secret.windows(PIECE).any(|piece| pieces.contains(piece))
        };
        let mut names: Vec<&str> =
            self.secrets.iter().filter(|(_, secret)| holds(secret)).map(|(name, _)| name.as_str()).collect();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_in_every_spelling() {
        let mut scanner = LeakScanner::new();
        scanner.add_text("token", "eyJhbGciOiJSUzI1NiJ9.payload.signature");
        scanner.add_bytes("key", &[0xfb; 24]);
        assert_eq!(scanner.find("a log line with eyJhbGciOiJSUzI in it"), ["token"]);
        assert_eq!(scanner.find("FBFBFBFBFBFBFBFB"), ["key"]);
        assert_eq!(scanner.find("[251, 251, 251, 251]"), ["key"]);
        assert_eq!(scanner.find(&STANDARD.encode([0xfb; 24])), ["key"]);
        assert!(scanner.find("nothing to see here, move along").is_empty());
    }
}
