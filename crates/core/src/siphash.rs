//! SipHash-1-3, [Aumasson and Bernstein](https://www.aumasson.jp/siphash/siphash.pdf): the keyed hash of the standard
//! library's tables, which has no name there.

/// The hash of `bytes` under a key of 128 bits.
pub(crate) fn siphash13([k0, k1]: [u64; 2], bytes: &[u8]) -> u64 {
    let mut state = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        absorb(&mut state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    absorb(&mut state, u64::from_le_bytes(last) | (bytes.len() as u64) << 56);
    state[2] ^= 0xff;
    for _ in 0..3 {
        round(&mut state);
    }
    state[0] ^ state[1] ^ state[2] ^ state[3]
}

const fn absorb(state: &mut [u64; 4], word: u64) {
    state[3] ^= word;
    round(state);
    state[0] ^= word;
}

const fn round([v0, v1, v2, v3]: &mut [u64; 4]) {
    *v0 = v0.wrapping_add(*v1);
    *v2 = v2.wrapping_add(*v3);
    *v1 = v1.rotate_left(13) ^ *v0;
    *v3 = v3.rotate_left(16) ^ *v2;
    *v0 = v0.rotate_left(32).wrapping_add(*v3);
    *v2 = v2.wrapping_add(*v1);
    *v1 = v1.rotate_left(17) ^ *v2;
    *v3 = v3.rotate_left(21) ^ *v0;
    *v2 = v2.rotate_left(32);
}

#[cfg(test)]
mod tests {
    extern crate std;
    use alloc::vec::Vec;

    #[test]
    fn hash_is_that_of_the_standard_library() {
        use core::hash::Hasher as _;
        for length in 0..100_u8 {
            let bytes: Vec<u8> = (0..length).collect();
            let mut hasher = std::collections::hash_map::DefaultHasher::new();
            hasher.write(&bytes);
            assert_eq!(super::siphash13([0, 0], &bytes), hasher.finish(), "{length}");
        }
    }
}
