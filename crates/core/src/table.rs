//! Numbers by text, found as fast among a million as alone.
//!
//! Our own, because the standard library's table needs `std`, and its tree is larger in the WASM module than all the rest of
//! what keeps flights apart. Texts that collide by design make it as slow as a list, which is what it replaces.

use crate::siphash::siphash13;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

/// An empty bucket.
const NONE: u32 = u32::MAX;

/// Entries in a list, and their places in it by hash: an open-addressing index, at most half full.
#[derive(Debug, Default)]
pub(crate) struct Table {
    entries: Vec<Entry>,
    /// Places in `entries`; a power of two of them, or none.
    buckets: Vec<u32>,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    text: Box<str>,
    number: u64,
}

fn hash_of(text: &str) -> u64 {
    siphash13([0, 0], text.as_bytes())
}

impl Table {
    /// The number of a text.
    pub(crate) fn get(&self, text: &str) -> Option<u64> {
        let (_, place) = self.find(hash_of(text), |entry| *entry.text == *text)?;
        Some(self.entries.get(place as usize)?.number)
    }

    /// Gives a text its number, in the place of the one that it had.
    pub(crate) fn insert(&mut self, text: &str, number: u64) {
        let hash = hash_of(text);
        if let Some((_, place)) = self.find(hash, |entry| *entry.text == *text) {
            if let Some(entry) = self.entries.get_mut(place as usize) {
                entry.number = number;
            }
            return;
        }
        self.entries.push(Entry { hash, text: text.into(), number });
        if self.buckets.len() < self.entries.len().saturating_mul(2) {
            self.rebuild_index();
        } else {
            self.index(hash, u32::try_from(self.entries.len()).unwrap_or(NONE).saturating_sub(1));
        }
    }

    /// Forgets a text.
    pub(crate) fn remove(&mut self, text: &str) {
        let Some((bucket, place)) = self.find(hash_of(text), |entry| *entry.text == *text) else {
            return;
        };
        self.close_gap(bucket);
        let last = u32::try_from(self.entries.len()).unwrap_or(NONE).saturating_sub(1);
        if place != last {
            // The last entry takes the place that becomes free.
            let moved = self.entries.last().map_or(0, |entry| entry.hash);
            let bucket = self.probe(moved).find(|bucket| self.buckets.get(*bucket) == Some(&last));
            self.set_bucket(bucket.unwrap_or(usize::MAX), place);
        }
        self.entries.swap_remove(place as usize);
    }

    /// Forgets all texts but those whose number is to be kept.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(u64) -> bool) {
        self.entries.retain(|entry| is_kept(entry.number));
        self.rebuild_index();
    }

    /// The numbers, to be changed.
    pub(crate) fn numbers_mut(&mut self) -> impl Iterator<Item = &mut u64> {
        self.entries.iter_mut().map(|entry| &mut entry.number)
    }

    /// How many texts there are.
    pub(crate) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// The buckets from the one that a hash belongs into on, once around.
    fn probe(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.buckets.len().saturating_sub(1);
        (0..self.buckets.len()).map(move |step| (hash as usize).wrapping_add(step) & mask)
    }

    /// Bucket and place of an entry.
    fn find(&self, hash: u64, is_it: impl Fn(&Entry) -> bool) -> Option<(usize, u32)> {
        for bucket in self.probe(hash) {
            let place = *self.buckets.get(bucket)?;
            let entry = self.entries.get(place as usize)?;
            if entry.hash == hash && is_it(entry) {
                return Some((bucket, place));
            }
        }
        None
    }

    fn index(&mut self, hash: u64, place: u32) {
        let free = self.probe(hash).find(|bucket| self.buckets.get(*bucket) == Some(&NONE));
        self.set_bucket(free.unwrap_or(usize::MAX), place);
    }

    /// Makes the index anew, for twice as many entries as there are.
    fn rebuild_index(&mut self) {
        self.buckets = vec![NONE; self.entries.len().saturating_mul(4).next_power_of_two().max(8)];
        for place in 0..self.entries.len() {
            let hash = self.entries.get(place).map_or(0, |entry| entry.hash);
            self.index(hash, u32::try_from(place).unwrap_or(NONE));
        }
    }

    /// Moves back what stands behind a bucket that becomes free and had no better place: so no look-up ends too early.
    fn close_gap(&mut self, freed: usize) {
        let mask = self.buckets.len().saturating_sub(1);
        let mut gap = freed;
        for step in 1..self.buckets.len() {
            let bucket = freed.wrapping_add(step) & mask;
            let place = self.buckets.get(bucket).copied().unwrap_or(NONE);
            let Some(home) = self.entries.get(place as usize).map(|entry| entry.hash as usize & mask) else {
                break;
            };
            // It may move to the gap if that lies between its home and where it is.
            if bucket.wrapping_sub(home) & mask >= bucket.wrapping_sub(gap) & mask {
                self.set_bucket(gap, place);
                gap = bucket;
            }
        }
        self.set_bucket(gap, NONE);
    }

    fn set_bucket(&mut self, bucket: usize, place: u32) {
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            *bucket = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::format;

    #[test]
    fn behaves_like_a_map_of_the_standard_library() {
        let (mut table, mut model) = (Table::default(), BTreeMap::new());
        let mut random = 7_u64;
        for step in 0..100_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let text = format!("text {}", (random >> 33) % 90);
            match (random >> 60) % 8 {
                0..=3 => {
                    table.insert(&text, step);
                    model.insert(text, step);
                }
                4..=6 => {
                    table.remove(&text);
                    model.remove(&text);
                }
                _ if step % 100 == 0 => {
                    table.retain(|number| number % 3 != 0);
                    model.retain(|_, number| *number % 3 != 0);
                }
                _ => assert_eq!(table.get(&text), model.get(&text).copied(), "{text}"),
            }
            assert_eq!(table.len(), model.len());
        }
        assert!(model.iter().all(|(text, number)| table.get(text) == Some(*number)));
    }

    #[test]
    fn empty_table_finds_and_removes_nothing() {
        let mut table = Table::default();
        table.remove("a");
        assert_eq!((table.get("a"), table.len()), (None, 0));
    }
}
