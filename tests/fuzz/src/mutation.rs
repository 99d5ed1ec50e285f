//! A fixed sequence of mutations: the same inputs on every machine and in every run.

/// Lengths, signs and marks on which readers decide.
const INTERESTING: [u8; 16] =
    [0, 1, 2, 4, 6, 0x24, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x84, 0xa0, 0xff, b'-', b'\n'];

/// Makes one input after the other from seeds.
pub struct Mutations<'a> {
    seeds: &'a [Vec<u8>],
    random: Random,
}

impl<'a> Mutations<'a> {
    /// The sequence of these seeds, of which there has to be at least one.
    pub fn new(seeds: &'a [Vec<u8>]) -> Self {
        assert!(!seeds.is_empty(), "there are no seeds");
        Self { seeds, random: Random(0x9e37_79b9_7f4a_7c15) }
    }

    fn seed(&mut self) -> &'a [u8] {
        &self.seeds[self.random.below(self.seeds.len())]
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let position = self.random.below(input.len());
        let length = self.random.below(input.len() - position).min(64) + 1;
        let end = (position + length).min(input.len());
        match self.random.below(8) {
            0 => input[position] ^= 1 << self.random.below(8),
            1 => input[position] = INTERESTING[self.random.below(INTERESTING.len())],
            2 => input[position] = self.random.byte(),
            3 => input.insert(position, INTERESTING[self.random.below(INTERESTING.len())]),
            4 => drop(input.drain(position..end)),
            5 => input.truncate(position),
            6 => {
                let piece = input[position..end].to_vec();
                let to = self.random.below(input.len());
                input.splice(to..to, piece);
            }
            _ => {
                let other = self.seed();
                let from = self.random.below(other.len());
                input.splice(position..end, other[from..].iter().take(length).copied());
            }
        }
    }
}

impl Iterator for Mutations<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut input = self.seed().to_vec();
        for _ in 0..=self.random.below(4) {
            if input.is_empty() {
                break;
            }
            self.mutate(&mut input);
        }
        Some(input)
    }
}

/// xorshift64*, by Marsaglia and Vigna: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`, 0 if that is 0.
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from((self.next() >> 16) % limit).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_is_the_same_each_time_and_rarely_the_seed_itself() {
        let seeds = [b"a seed".to_vec(), Vec::new(), vec![0x30; 100]];
        let first: Vec<_> = Mutations::new(&seeds).take(1000).collect();
        assert_eq!(first, Mutations::new(&seeds).take(1000).collect::<Vec<_>>());
        let unchanged = first.iter().filter(|input| seeds.contains(input) && !input.is_empty()).count();
        assert!(unchanged < 100, "{unchanged}");
    }
}
