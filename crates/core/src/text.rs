//! Texts of parts: what `format!` makes of texts and numbers. Without the formatting machinery of the standard library, which
//! nothing else here needs: it would be a twentieth of what a Worker loads.

use alloc::string::String;

/// A `String` of its arguments, one behind the other; each is a text or an unsigned number.
macro_rules! text {
    ($($part:expr),* $(,)?) => {
        $crate::text::joined(&[$($crate::text::AsPart::as_part(&$part)),*])
    };
}
pub(crate) use text;

/// The digits of the greatest number.
const MAX_DIGITS: usize = 20;

/// A part of a text.
pub(crate) enum Part<'a> {
    Text(&'a str),
    Number(u64),
}

/// What can be a part.
pub(crate) trait AsPart {
    fn as_part(&self) -> Part<'_>;
}

impl AsPart for str {
    fn as_part(&self) -> Part<'_> {
        Part::Text(self)
    }
}

impl AsPart for String {
    fn as_part(&self) -> Part<'_> {
        Part::Text(self)
    }
}

impl<T: AsPart + ?Sized> AsPart for &T {
    fn as_part(&self) -> Part<'_> {
        (**self).as_part()
    }
}

impl AsPart for u16 {
    fn as_part(&self) -> Part<'_> {
        Part::Number((*self).into())
    }
}

impl AsPart for u64 {
    fn as_part(&self) -> Part<'_> {
        Part::Number(*self)
    }
}

impl AsPart for usize {
    fn as_part(&self) -> Part<'_> {
        Part::Number(*self as u64)
    }
}

/// The parts, one behind the other.
pub(crate) fn joined(parts: &[Part<'_>]) -> String {
    let room = |part: &Part<'_>| match part {
        Part::Text(part) => part.len(),
        Part::Number(_) => MAX_DIGITS,
    };
    // Room for all: growing would leave copies behind, and the text may be a secret.
    let mut text = String::with_capacity(parts.iter().map(room).sum());
    for part in parts {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Number(number) => push_number(&mut text, *number, 1),
        }
    }
    text
}

/// Appends a number in decimal digits, with zeros before it where it has fewer than `least_digits`.
pub(crate) fn push_number(text: &mut String, number: u64, least_digits: usize) {
    let mut digits = [b'0'; MAX_DIGITS];
    let mut rest = number;
    let mut length = 0_usize;
    for digit in digits.iter_mut().rev() {
        if rest == 0 && length >= least_digits {
            break;
        }
        *digit |= (rest % 10) as u8;
        rest /= 10;
        length = length.saturating_add(1);
    }
    let unused = digits.len().saturating_sub(length);
    text.extend(digits.iter().skip(unused).copied().map(char::from));
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn parts_stand_one_behind_the_other() {
        let (name, status) = (String::from("app"), 401_u16);
        assert_eq!(text!["a ", name, &name, ' '.len_utf8(), status, 7_u64, ""], "a appapp14017");
        assert_eq!(text![], "");
    }

    #[test]
    fn numbers_are_written_as_the_standard_library_writes_them() {
        for number in [0, 1, 9, 10, 99, 100, 4096, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            assert_eq!(text![number], format!("{number}"));
            for width in [1, 2, 4, 20] {
                let mut padded = String::new();
                push_number(&mut padded, number, width);
                assert_eq!(padded, format!("{number:0width$}"));
            }
        }
    }
}
