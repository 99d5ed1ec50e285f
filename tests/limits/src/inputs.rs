//! Files of 1 MiB, each the worst of a class: many small things, few large ones, deep ones, and what a search could go over
//! again and again.

mod certificates;
mod der;
mod identities;
mod keys;
mod pfx;
mod text;

/// The length that no file exceeds: 1 MiB.
pub const LIMIT: usize = 1 << 20;

/// A file to be opened.
pub struct Input {
    /// What is special about it.
    pub name: &'static str,
    /// Its content.
    pub file: Vec<u8>,
}

/// All of them.
///
/// # Panics
///
/// One is longer than 1 MiB, or shorter than half of that: then it is not the worst of its class.
pub fn all() -> Vec<Input> {
    let inputs: Vec<Input> =
        [text::all(), certificates::all(), keys::all(), pfx::all()].into_iter().flatten().collect();
    for Input { name, file } in &inputs {
        assert!(file.len() <= LIMIT, "{name}: {} bytes", file.len());
    }
    inputs
}

/// The file whose key derivation needs the most memory.
pub fn greediest() -> Input {
    keys::greediest()
}

/// Files whose key derivation costs as much as is allowed for one: their time is a matter of that budget.
pub fn costly() -> Vec<Input> {
    keys::costly()
}

/// As many of `piece(0)`, `piece(1)`, … as fit between `before` and `behind`.
fn filled(before: &[u8], behind: &[u8], room: usize, mut piece: impl FnMut(u32) -> Vec<u8>) -> Vec<u8> {
    let mut file = before.to_vec();
    for number in 0.. {
        let piece = piece(number);
        if file.len() + piece.len() + behind.len() > room {
            break;
        }
        file.extend(piece);
    }
    file.extend(behind);
    file
}
