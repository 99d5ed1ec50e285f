//! Random numbers out of the bytes that the host has drawn for a signature. As they come, without a generator that would stretch
//! fewer of them: the host has enough, and a generator is a fortieth of the module.

use certgrant_signer::rand_core::{TryCryptoRng, TryRng};
use core::fmt;

/// What is left of the host's bytes. None is used twice.
///
/// Blinding draws a number below the modulus until it has one, each time with a chance of more than a half, and some dozens of
/// bytes besides. The 64 KiB that a host can draw at once are 255 tries for 2048 bits, and 63 for 8192.
pub(crate) struct HostRandom<'a>(&'a [u8]);

impl<'a> HostRandom<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

/// The bytes are used up.
#[derive(Debug)]
pub(crate) struct UsedUp;

impl fmt::Display for UsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host's random bytes are used up")
    }
}

impl core::error::Error for UsedUp {}

impl TryRng for HostRandom<'_> {
    type Error = UsedUp;

    fn try_next_u32(&mut self) -> Result<u32, UsedUp> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, UsedUp> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), UsedUp> {
        let (bytes, rest) = self.0.split_at_checked(to.len()).ok_or(UsedUp)?;
        to.copy_from_slice(bytes);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for HostRandom<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_given_once_and_in_order_until_they_are_used_up() {
        let mut random = HostRandom::new(&[1, 0, 0, 0, 2, 3, 4]);
        assert_eq!(random.try_next_u32().ok(), Some(1));
        let mut two = [0; 2];
        random.try_fill_bytes(&mut two).unwrap();
        assert_eq!(two, [2, 3]);
        assert!(random.try_fill_bytes(&mut two).is_err());
        assert!(random.try_next_u64().is_err());
    }
}
