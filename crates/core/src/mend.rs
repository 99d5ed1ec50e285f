//! Mends PEM text that editors, shells and clipboards have changed in ways that can be undone with certainty: what stands
//! between the BEGIN and END lines has to be a key or a certificate afterwards, and DER tells its own length.
//!
//! Only for files that can't be read as they are. What every reader takes in its stride is `pem`'s.

use crate::encoding::split_at_pattern;
use crate::error::Result;
use crate::pem::{BEGIN, DASHES, END, text_of};
use crate::secret::{Secret, SecretString};
use alloc::string::String;

/// What a mended text may be longer by: padding, at most two characters a section.
const ROOM: usize = 1024;

/// The text of a file with its damage undone; none if there is none of the known kinds.
///
/// # Errors
///
/// Those of [`text_of`].
pub(crate) fn mended(file: &[u8]) -> Result<Option<SecretString>> {
    let text = match utf16_without_mark(file) {
        Some(text) => text,
        None => text_of(file)?,
    };
    let plain = plain_characters(text.expose());
    let mended = mended_bodies(plain.expose());
    let is_changed = mended.expose().as_bytes() != file;
    Ok(is_changed.then_some(mended))
}

/// UTF-16 without a byte-order mark: of ASCII text, every other byte is zero.
fn utf16_without_mark(file: &[u8]) -> Option<SecretString> {
    let unit: fn([u8; 2]) -> u16 = match file {
        [_, 0, _, 0, ..] => u16::from_le_bytes,
        [0, _, 0, _, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units = file.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(unit));
    let mut text = Secret::new(String::with_capacity(file.len().saturating_mul(2)));
    text.expose_mut()
        .extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
    Some(text)
}

/// Dashes of all kinds as hyphens, spaces of all kinds as one, escapes of escapes as line ends.
fn plain_characters(text: &str) -> SecretString {
    let mut plain = Secret::new(String::with_capacity(text.len().saturating_add(ROOM)));
    let out = plain.expose_mut();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                while characters.next_if_eq(&'\\').is_some() {}
                if characters.next_if(|next| matches!(next, 'n' | 'r' | 't')).is_none() {
                    out.push('\\');
                } else {
                    out.push('\n');
                }
            }
            _ if is_dash(character) => {
                let mut is_odd = character != '-';
                let mut hyphens = 1_usize;
                while let Some(next) = characters.next_if(|next| is_dash(*next)) {
                    is_odd |= next != '-';
                    hyphens = hyphens.saturating_add(1);
                }
                // Word processors make one dash of two hyphens: how many there were is known from what they stand for.
                let hyphens = if is_odd { DASHES.len() } else { hyphens };
                out.extend(core::iter::repeat_n('-', hyphens));
            }
            // Zero-width characters and marks of direction.
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            _ if character.is_whitespace() && !character.is_ascii() => out.push(' '),
            _ => out.push(character),
        }
    }
    plain
}

const fn is_dash(character: char) -> bool {
    matches!(
        character,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' | '\u{ad}'
    )
}

/// The same text, the body of each section with the letters of base64 and its padding.
fn mended_bodies(text: &str) -> SecretString {
    let mut mended = Secret::new(String::with_capacity(text.len().saturating_add(ROOM)));
    let out = mended.expose_mut();
    let mut rest = text;
    while let Some((before, after)) = split_at_pattern(rest, BEGIN) {
        let Some((label, after)) = split_at_pattern(after, DASHES) else {
            break;
        };
        let Some((body, after)) = split_at_pattern(after, END) else {
            break;
        };
        out.extend([before, BEGIN, label, DASHES]);
        push_body(out, body);
        out.push_str(END);
        rest = after;
    }
    out.push_str(rest);
    mended
}

fn push_body(out: &mut String, body: &str) {
    // Headers of RFC 1421 have hyphens and colons of their own.
    if body.contains(':') {
        out.push_str(body);
        return;
    }
    let mut letters = 0_usize;
    for character in body.chars() {
        letters = letters.saturating_add(usize::from(!character.is_ascii_whitespace()));
        out.push(match character {
            '-' => '+',
            '_' => '/',
            _ => character,
        });
    }
    if !body.contains('=') && letters.checked_rem(4).is_some_and(|rest| rest >= 2) {
        let missing = 4_usize.saturating_sub(letters.checked_rem(4).unwrap_or(0));
        out.extend(core::iter::repeat_n('=', missing));
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pem::sections;
    use alloc::vec::Vec;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\n+/8B\nAg==\n-----END CERTIFICATE-----\n";

    fn der(file: &[u8]) -> Vec<u8> {
        let text = mended(file).unwrap().unwrap();
        sections(text.expose().as_bytes()).unwrap()[0].der.expose().clone()
    }

    #[test]
    fn every_known_damage_is_undone() {
        let expected = [0xfb, 0xff, 1, 2];
        for mangled in [
            PEM.replace('-', "\u{2013}"),
            PEM.replace("-----", "\u{2014}\u{2014}-"),
            PEM.replace('-', "\u{2011}"),
            PEM.replace('-', "\u{2212}"),
            PEM.replace('\n', "\n\u{a0}"),
            PEM.replace("8B", "8\u{200b}B"),
            PEM.replace('\n', "\\\\n"),
            PEM.replace('\n', "\\\\\\\\r\\\\n"),
            PEM.replace('+', "-").replace("/8", "_8"),
            PEM.replace('=', ""),
        ] {
            assert_eq!(der(mangled.as_bytes()), expected, "{mangled}");
        }
        let utf16 = |unit: fn(u16) -> [u8; 2]| PEM.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        assert_eq!(der(&utf16(u16::to_le_bytes)), expected);
        assert_eq!(der(&utf16(u16::to_be_bytes)), expected);
    }

    #[test]
    fn sound_text_is_left_as_it_is() {
        assert!(mended(PEM.as_bytes()).unwrap().is_none());
        assert!(mended(b"nothing to see").unwrap().is_none());
    }

    #[test]
    fn headers_of_an_encrypted_key_keep_their_hyphens() {
        let file = PEM.replace("+/8B", "DEK-Info: AES-128-CBC,00\n\n+/8B") + "\u{a0}";
        assert!(mended(file.as_bytes()).unwrap().unwrap().expose().contains("DEK-Info: AES-128-CBC"));
    }

    #[test]
    fn file_that_is_no_text_is_an_error() {
        assert!(mended(&[0xff, 0x80, 0xfe]).is_err());
    }
}
