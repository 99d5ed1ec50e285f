//! From BER to DER, [X.690](https://www.itu.int/rec/T-REC-X.690), for what PFX files contain.
//!
//! [RFC 7292](https://www.rfc-editor.org/rfc/rfc7292#section-4.1) allows BER, and Windows, NSS and Java use it: lengths that
//! are indefinite or longer than need be, and OCTET STRINGs in segments. The rest of this crate reads DER, so a file, and
//! each layer found inside it, comes through here first. The contents of primitive elements stay as they are: a
//! certificate in an OCTET STRING keeps the bytes that were signed.
//!
//! Other strings in segments and tags above 30 do not occur and are refused. Depth is bounded; the one buffer has its
//! final size from the start, so that growing leaves no copies of a key behind.

use crate::asn1::{OCTET_STRING, push_header};
use crate::secret::{Secret, SecretBytes};
use alloc::vec::Vec;

/// How deep elements may nest. Real files stay below 12, and each level costs a pass over the element.
const MAX_DEPTH: u8 = 20;

const CONSTRUCTED: u8 = 0x20;
const SEGMENTED_OCTET_STRING: u8 = OCTET_STRING | CONSTRUCTED;
const END_OF_CONTENTS: &[u8] = &[0, 0];

/// The one element that `ber` is, in DER; none if it is not BER or nests too deep.
pub(crate) fn to_der(ber: &[u8]) -> Option<SecretBytes> {
    normalise(ber, <[u8]>::is_empty)
}

/// The same for a file, behind whose element copying may have left line ends or zeros.
pub(crate) fn file_to_der(ber: &[u8]) -> Option<SecretBytes> {
    normalise(ber, |rest| rest.iter().all(|byte| matches!(byte, 0 | b'\r' | b'\n')))
}

fn normalise(ber: &[u8], may_stand_behind: impl Fn(&[u8]) -> bool) -> Option<SecretBytes> {
    let element = Element::read(ber)?;
    let (length, rest) = element.measure(MAX_DEPTH)?;
    if !may_stand_behind(rest) {
        return None;
    }
    let mut der = Secret::new(Vec::with_capacity(size_of_element(length)?));
    element.write(der.expose_mut(), MAX_DEPTH)?;
    Some(der)
}

/// An element up to its contents. What follows may be more than those.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    /// None: indefinite.
    length: Option<usize>,
    from_contents_on: &'a [u8],
}

impl<'a> Element<'a> {
    fn read(ber: &'a [u8]) -> Option<Self> {
        let (tag, rest) = ber.split_first()?;
        let (first, rest) = rest.split_first()?;
        if *tag == 0 || tag & 0x1f == 0x1f {
            return None;
        }
        let (length, from_contents_on) = match first {
            0..=0x7f => (Some(usize::from(*first)), rest),
            0x80 => (None, rest),
            _ => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let append = |sum: usize, digit: &u8| sum.checked_mul(256)?.checked_add(usize::from(*digit));
                (Some(digits.iter().try_fold(0, append)?), rest)
            }
        };
        Some(Self { tag: *tag, length, from_contents_on })
    }

    /// The contents of a primitive element and what stands behind it; none if it has members.
    fn primitive(&self) -> Option<(&'a [u8], &'a [u8])> {
        if self.tag & CONSTRUCTED != 0 {
            return None;
        }
        self.from_contents_on.split_at_checked(self.length?)
    }

    /// Calls `visit` with each member, which gives what stands behind that; gives what stands behind the element.
    fn visit_members(&self, mut visit: impl FnMut(Self) -> Option<&'a [u8]>) -> Option<&'a [u8]> {
        if self.tag & CONSTRUCTED == 0 {
            return None;
        }
        if let Some(length) = self.length {
            let (mut members, rest) = self.from_contents_on.split_at_checked(length)?;
            while !members.is_empty() {
                members = visit(Self::read(members)?)?;
            }
            return Some(rest);
        }
        let mut members = self.from_contents_on;
        loop {
            if let Some(rest) = members.strip_prefix(END_OF_CONTENTS) {
                return Some(rest);
            }
            members = visit(Self::read(members)?)?;
        }
    }

    /// The length of the contents in DER, and what stands behind the element.
    fn measure(&self, depth: u8) -> Option<(usize, &'a [u8])> {
        if let Some((contents, rest)) = self.primitive() {
            return Some((contents.len(), rest));
        }
        let depth = depth.checked_sub(1)?;
        let mut sum = 0_usize;
        let rest = self.visit_members(|member| {
            let (length, rest) = member.measure(depth)?;
            let is_segment = matches!(member.tag, OCTET_STRING | SEGMENTED_OCTET_STRING);
            sum = sum.checked_add(match (self.tag, is_segment) {
                (SEGMENTED_OCTET_STRING, true) => length,
                (SEGMENTED_OCTET_STRING, false) => return None,
                _ => size_of_element(length)?,
            })?;
            Some(rest)
        })?;
        Some((sum, rest))
    }

    /// Appends the element in DER; gives what stands behind it.
    fn write(&self, der: &mut Vec<u8>, depth: u8) -> Option<&'a [u8]> {
        let (length, rest) = self.measure(depth)?;
        push_header(der, if self.tag == SEGMENTED_OCTET_STRING { OCTET_STRING } else { self.tag }, length);
        self.write_contents(der, depth)?;
        Some(rest)
    }

    fn write_contents(&self, der: &mut Vec<u8>, depth: u8) -> Option<&'a [u8]> {
        if let Some((contents, rest)) = self.primitive() {
            der.extend_from_slice(contents);
            return Some(rest);
        }
        let depth = depth.checked_sub(1)?;
        self.visit_members(|member| match self.tag {
            SEGMENTED_OCTET_STRING => member.write_contents(der, depth),
            _ => member.write(der, depth),
        })
    }
}

/// The length of tag, length and contents in DER.
fn size_of_element(contents: usize) -> Option<usize> {
    let header = match contents {
        0..=0x7f => 2,
        0x80..=0xff => 3,
        0x100..=0xffff => 4,
        0x1_0000..=0xff_ffff => 5,
        _ => 6,
    };
    contents.checked_add(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn der(ber: &[u8]) -> Option<Vec<u8>> {
        let der = to_der(ber)?;
        assert_eq!(der.expose().len(), der.expose().capacity(), "the size was computed");
        Some(der.expose().clone())
    }

    #[test]
    fn der_stays_as_it_is() {
        for length in [0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let mut string = Vec::new();
            crate::asn1::push_element(&mut string, OCTET_STRING, &vec![0; length]);
            let mut sequence = Vec::new();
            crate::asn1::push_element(&mut sequence, 0x30, &string);
            assert_eq!(der(&sequence).unwrap(), sequence);
        }
    }

    #[test]
    fn lengths_become_definite_and_shortest() {
        assert_eq!(der(&[0x30, 0x80, 2, 1, 3, 0, 0]).unwrap(), [0x30, 3, 2, 1, 3]);
        assert_eq!(der(&[0x30, 0x83, 0, 0, 3, 2, 1, 3]).unwrap(), [0x30, 3, 2, 1, 3]);
        assert_eq!(der(&[0x30, 0x80, 0xa0, 0x80, 0, 0, 0, 0]).unwrap(), [0x30, 2, 0xa0, 0]);
    }

    #[test]
    fn segments_become_one_string() {
        let ber = [0x24, 0x80, 4, 1, 1, 0x24, 0x80, 4, 1, 2, 0, 0, 0x24, 3, 4, 1, 3, 0, 0];
        assert_eq!(der(&ber).unwrap(), [4, 3, 1, 2, 3]);
    }

    #[test]
    fn what_is_not_ber_is_refused() {
        for ber in [
            &[][..],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x80, 2, 1, 3],
            &[0x30, 0x80, 2, 1, 3, 0],
            &[0x30, 3, 2, 1],
            &[0x30, 2, 2, 1],
            &[4, 0x80, 0, 0],
            &[0x24, 3, 2, 1, 3],
            &[0x3f, 1, 0],
            &[0, 0],
            &[2, 1, 3, 0],
            &[0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x30, 0xff],
        ] {
            assert_eq!(der(ber), None, "{ber:02x?}");
        }
    }

    #[test]
    fn only_a_file_may_have_padding_behind() {
        for (ber, of_file) in [(&[2, 1, 3, 0][..], true), (b"\x02\x01\x03\r\n", true), (&[2, 1, 3, 1], false)]
        {
            assert!(to_der(ber).is_none());
            assert_eq!(file_to_der(ber).is_some(), of_file);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        assert!(der(&nested(usize::from(MAX_DEPTH))).is_some());
        assert!(der(&nested(usize::from(MAX_DEPTH) + 1)).is_none());
        assert!(der(&nested(500_000)).is_none());
    }
}
