//! Errors say what was found without repeating it: no piece of the input, and never the password.

use certgrant_core::Error;

/// The shortest piece of an input that counts as repeated, in bytes.
const PIECE: usize = 24;

/// What is compared at once. A piece holds the one that begins at a multiple of 16, wherever it begins itself.
const BLOCK: usize = 8;
const STRIDE: usize = PIECE - BLOCK;

/// Panics if the text of `error` repeats 24 bytes of the input. `run` gives the error that it has for another input: a
/// text that stays the same although those bytes have changed was not made of them.
pub(crate) fn assert_input_is_not_repeated(
    error: &Error,
    input: &[u8],
    run: &dyn Fn(&[u8]) -> Option<Error>,
) {
    let text = error.to_string();
    let Some(piece) = common_piece(text.as_bytes(), input) else { return };
    let changed = changed(input, piece);
    let stays = run(&changed).is_some_and(|error| contains(error.to_string().as_bytes(), piece));
    assert!(stays, "the error repeats the input: {text}");
}

/// Panics if the text of `error` has the password in it.
pub(crate) fn assert_password_is_not_in(error: &Error, password: Option<&str>) {
    // Shorter ones may be words of the text.
    let Some(password) = password.filter(|password| password.len() > 5) else { return };
    let text = format!("{error} {error:?}");
    assert!(!text.contains(password), "the error holds the password: {text}");
}

/// The first 24 bytes or more that both have.
fn common_piece<'a>(text: &'a [u8], input: &[u8]) -> Option<&'a [u8]> {
    let blocks: Vec<(usize, u64)> = (0..text.len().saturating_sub(BLOCK - 1))
        .step_by(STRIDE)
        .map(|start| (start, number(&text[start..])))
        .collect();
    for (position, window) in input.windows(BLOCK).enumerate() {
        let window = number(window);
        for (start, _) in blocks.iter().filter(|(_, block)| *block == window) {
            let before = text[..*start].iter().rev().zip(input[..position].iter().rev());
            let before = before.take_while(|(a, b)| a == b).count();
            let behind = text[*start..].iter().zip(&input[position..]).take_while(|(a, b)| a == b).count();
            if before + behind >= PIECE {
                return Some(&text[start - before..start + behind]);
            }
        }
    }
    None
}

fn number(bytes: &[u8]) -> u64 {
    bytes[..BLOCK].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn contains(text: &[u8], piece: &[u8]) -> bool {
    text.windows(piece.len()).any(|window| window == piece)
}

/// The input with another letter for each letter of the pieces in it.
fn changed(input: &[u8], piece: &[u8]) -> Vec<u8> {
    let mut changed = input.to_vec();
    let mut position = 0;
    while let Some(found) = changed[position..].windows(piece.len()).position(|window| window == piece) {
        position += found;
        for byte in &mut changed[position..position + piece.len()] {
            match byte {
                b'a'..=b'y' | b'A'..=b'Y' => *byte += 1,
                b'z' | b'Z' => *byte -= 25,
                _ => {}
            }
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use certgrant_core::ErrorCode;

    const SECRET: &str = "MIIEvAIBADANBgkqhkiG9w0BAQEFAASC";

    fn error(found: impl Into<String>) -> Error {
        Error::new(ErrorCode::PemInvalid, found.into(), "something else")
    }

    fn echo(input: &[u8]) -> Option<Error> {
        Some(error(String::from_utf8_lossy(input)))
    }

    #[test]
    #[should_panic(expected = "repeats the input")]
    fn text_made_of_the_input_is_found() {
        let input = format!("xyz{SECRET}");
        assert_input_is_not_repeated(&error(&SECRET[3..27]), input.as_bytes(), &echo);
    }

    #[test]
    fn shorter_pieces_and_texts_that_only_look_like_the_input_are_not() {
        assert_input_is_not_repeated(&error(&SECRET[3..26]), SECRET.as_bytes(), &echo);
        let input = b"a text of the program that an input happens to have";
        let fixed = |_: &[u8]| Some(error("a text of the program that an input happens to have"));
        assert_input_is_not_repeated(&fixed(b"").unwrap(), input, &fixed);
    }

    #[test]
    #[should_panic(expected = "holds the password")]
    fn password_in_a_text_is_found() {
        assert_password_is_not_in(&error("the password hunter2 is wrong"), Some("hunter2"));
    }
}
