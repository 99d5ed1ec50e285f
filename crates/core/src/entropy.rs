//! Ids and jitter out of the host's random bytes. This crate has no source of randomness.

use crate::encoding::uuid_v4;
use alloc::string::String;
use sha2::{Digest as _, Sha256};

/// What a flight draws its ids from: SHA-256 over 32 bytes of the host's and a counter.
#[derive(Clone, Debug)]
pub(crate) struct Entropy {
    seed: [u8; 32],
    drawn: u32,
}

impl Entropy {
    pub(crate) const fn new(seed: [u8; 32]) -> Self {
        Self { seed, drawn: 0 }
    }

    /// A fresh version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let block = self.draw();
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(block) {
            *to = from;
        }
        uuid_v4(bytes)
    }

    /// A number below `bound`, evenly enough for jitter; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let number = self.draw().into_iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(byte));
        number.checked_rem(bound).unwrap_or(0)
    }

    fn draw(&mut self) -> [u8; 32] {
        self.drawn = self.drawn.wrapping_add(1);
        Sha256::new().chain_update(self.seed).chain_update(self.drawn.to_be_bytes()).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_differ_and_repeat_for_the_same_seed() {
        let (mut one, mut two) = (Entropy::new([1; 32]), Entropy::new([1; 32]));
        let first = one.uuid();
        assert_ne!(first, one.uuid());
        assert_eq!(first, two.uuid());
        assert_ne!(first, Entropy::new([2; 32]).uuid());
    }

    #[test]
    fn numbers_stay_below_their_bound() {
        let mut entropy = Entropy::new([7; 32]);
        assert!((0..100).all(|_| entropy.below(10) < 10));
        assert_eq!(entropy.below(0), 0);
    }
}
