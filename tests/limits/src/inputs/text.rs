//! PEM text that is not what it should be.

use super::{Input, LIMIT, filled};

const BEGIN: &str = "-----BEGIN ";
const SMALL: &str = "-----BEGIN X-----AQ==-----END X-----";

pub(super) fn all() -> Vec<Input> {
    let repeated = |text: &str| text.repeat(LIMIT / text.len()).into_bytes();
    let utf16 = |text: &str, units: usize| -> Vec<u8> {
        let text = text.repeat(units / text.len());
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let marked = |text: &str| [&[0xff, 0xfe][..], &utf16(text, LIMIT / 2 - 1)].concat();
    let latin1 = |text: &str| [&[0xe9][..], &text.repeat((LIMIT - 1) / text.len()).into_bytes()].concat();
    let body = |text: &str| {
        let text = text.repeat((LIMIT - 100) / text.len());
        format!("{BEGIN}PRIVATE KEY-----{text}-----END PRIVATE KEY-----").into_bytes()
    };
    [
        ("BEGIN and nothing else", repeated(BEGIN)),
        ("BEGIN lines without END", repeated("-----BEGIN X-----\n")),
        ("BEGIN lines without END, then one", {
            let file = "-----BEGIN X-----\n".repeat(LIMIT / 18 - 2);
            (file + "-----END X-----").into_bytes()
        }),
        ("hyphens", vec![b'-'; LIMIT]),
        ("a label that does not end", [BEGIN.as_bytes(), &vec![b'A'; LIMIT - 11]].concat()),
        ("small sections of no use", repeated(SMALL)),
        ("small sections of no use in UTF-16", marked(SMALL)),
        ("small sections of no use in UTF-16 without a mark", utf16(SMALL, LIMIT / 2)),
        ("small sections of no use among another character set", latin1(SMALL)),
        ("small sections that have to be mended", repeated("–BEGIN X–AQ–END X–")),
        ("sections with headers that have to be mended", repeated("–BEGIN X–a:b–END X–")),
        ("dashes of all kinds", repeated("–a")),
        ("backslashes", vec![b'\\'; LIMIT]),
        ("backslashes before letters", repeated("\\\\\\x")),
        ("a body of white space", body(" ")),
        ("a body of escapes", body("\\n")),
        ("a body of padding", body("=")),
        ("a body of zeros", body("AAAA")),
        ("a body with dashes", body("–")),
        ("base64 of nothing", vec![b'A'; LIMIT]),
        ("base64 of base64 of nothing", vec![b'Q'; LIMIT]),
        ("zeros", vec![0; LIMIT]),
        ("bytes of no kind", vec![0xff; LIMIT]),
    ]
    .into_iter()
    .map(|(name, file)| Input { name, file })
    .chain([Input {
        name: "sections without a label",
        file: filled(b"", b"", LIMIT, |_| b"-----BEGIN -----AQ==-----END -----".to_vec()),
    }])
    .collect()
}
