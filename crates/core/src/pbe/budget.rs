//! What a file may cost. Its iteration counts and scrypt parameters say how long the reader computes, and whoever wrote
//! the file chose them: without a limit a file of a few bytes keeps a process busy for hours.

use crate::error::{Error, ErrorCode, Result};
use crate::text::text;

/// How many rounds of a hash or HMAC one file may ask for, over all its parts and all forms of the password. Ten times
/// what the most careful tools use for MAC, certificates and key together (600 000 each); some seconds of a server's time.
/// A fuzzer has to go on quickly: with it, what OpenSSL's defaults ask for.
const MAX_ROUNDS: u64 = if cfg!(fuzzing) { 4 * 2048 } else { 10_000_000 };

/// Bytes that scrypt may use. OpenSSL and the recommendation of
/// [RFC 7914 section 2](https://www.rfc-editor.org/rfc/rfc7914#section-2) need 16 MiB, a cautious N of 2^15 needs 32 MiB; a
/// file of 1 MiB must stay below 64 MiB with everything else.
#[cfg(feature = "uncommon-files")]
const MAX_SCRYPT_BYTES: u64 = 40 << 20;

/// What is left for a file to ask for.
pub(crate) struct Budget {
    rounds: u64,
}

impl Budget {
    /// The whole budget of a file.
    pub(crate) const fn of_a_file() -> Self {
        Self { rounds: MAX_ROUNDS }
    }

    /// Pays for a derivation that repeats `rounds` for each of `blocks` blocks of output.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::EncryptionCost`].
    pub(crate) fn pay_rounds(&mut self, rounds: u64, blocks: usize) -> Result<()> {
        let cost = rounds.saturating_mul(u64::try_from(blocks).unwrap_or(u64::MAX));
        match self.rounds.checked_sub(cost) {
            Some(rest) => self.rounds = rest,
            None => {
                let found = text![cost, " rounds of key derivation"];
                let left = self.rounds;
                let expected = text!["at most ", left, ", what is left of ", MAX_ROUNDS, " for a file"];
                return Err(Error::new(ErrorCode::EncryptionCost, found, expected));
            }
        }
        Ok(())
    }

    /// Pays for scrypt: a mix of one block takes less than a round of HMAC-SHA256. What goes in and what comes out of the
    /// mixing passes through PBKDF2, which is five rounds for each r and p: most of the work where N is small.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::EncryptionCost`].
    #[cfg(feature = "uncommon-files")]
    pub(crate) fn pay_scrypt(&mut self, n: u64, r: u64, p: u64) -> Result<()> {
        let blocks = n.saturating_add(p).saturating_add(1);
        let bytes = blocks.saturating_mul(r).saturating_mul(128);
        if bytes > MAX_SCRYPT_BYTES {
            let found = text![bytes, " bytes of memory for scrypt"];
            return Err(Error::new(ErrorCode::EncryptionCost, found, text!["at most ", MAX_SCRYPT_BYTES]));
        }
        self.pay_rounds(n.saturating_add(5).saturating_mul(r).saturating_mul(p), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_counted_over_the_whole_file() {
        let mut budget = Budget::of_a_file();
        budget.pay_rounds(MAX_ROUNDS / 2, 1).unwrap();
        budget.pay_rounds(MAX_ROUNDS / 4, 2).unwrap();
        budget.pay_rounds(0, 1).unwrap();
        let error = budget.pay_rounds(1, 1).unwrap_err();
        assert_eq!((error.code(), error.found()), (ErrorCode::EncryptionCost, "1 rounds of key derivation"));
        assert!(Budget::of_a_file().pay_rounds(u64::MAX, usize::MAX).is_err());
    }

    #[cfg(feature = "uncommon-files")]
    #[test]
    fn scrypt_is_bounded_in_memory_and_time() {
        let pay = |n, r, p| Budget::of_a_file().pay_scrypt(n, r, p).is_ok();
        assert!(pay(1 << 14, 8, 1));
        assert!(pay(1 << 15, 8, 1));
        assert!(!pay(1 << 16, 8, 1));
        assert!(!pay(2, 1 << 20, 1));
        assert!(!pay(2, 1, 1 << 20));
        assert!(!pay(1 << 15, 8, 1000));
        let mut budget = Budget::of_a_file();
        let keys = (0..).take_while(|_| budget.pay_scrypt(2, 80_000, 1).is_ok()).count();
        assert!(keys < 20, "{keys} keys of little mixing and much PBKDF2");
        assert!(!pay(u64::MAX, u64::MAX, u64::MAX));
    }
}
