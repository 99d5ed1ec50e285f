//! Access tokens by their requests, for hosts that keep them in Rust. Pure data, bounded in number and bytes: the least
//! recently used go first. Look-up, insertion and eviction take as long with a million tokens as with one.
//!
//! Our own table, because the standard library's needs `std` and a linked list in one allocation is not to be had elsewhere:
//! entries lie in a slab, each with its neighbours in the order of use, and an open-addressing index finds them by hash.

use crate::secret::Secret;
use crate::siphash::siphash13;
use crate::time::Timestamp;
use crate::token::{AccessToken, RequestKey};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// How many tokens a cache keeps, and how many bytes of tokens and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Number of tokens, at least 1.
    pub tokens: usize,
    /// Bytes of tokens and their keys, without the table itself.
    pub bytes: usize,
}

impl Default for CacheLimits {
    /// 100 000 tokens, 256 MiB: some 2 KiB for each.
    fn default() -> Self {
        Self { tokens: 100_000, bytes: 256 << 20 }
    }
}

/// The end of a chain of slots.
const NONE: u32 = u32::MAX;

/// Index buckets per slot in use, at least: chains of collisions stay short.
const BUCKETS_PER_SLOT: usize = 2;

/// The tokens of a client.
#[derive(Debug)]
pub(crate) struct TokenCache {
    limits: CacheLimits,
    seed: Secret<[u64; 2]>,
    slots: Vec<Slot>,
    /// Slot numbers by hash; [`NONE`] where there is none. A power of two long.
    buckets: Vec<u32>,
    free: Vec<u32>,
    bytes: usize,
    newest: u32,
    oldest: u32,
}

#[derive(Debug)]
struct Slot {
    hash: u64,
    newer: u32,
    older: u32,
    entry: Option<(RequestKey, Arc<AccessToken>)>,
}

impl TokenCache {
    /// An empty cache. The `seed` keeps whoever chooses the keys from choosing those that collide.
    pub(crate) fn new(limits: CacheLimits, seed: [u64; 2]) -> Self {
        Self {
            limits,
            seed: Secret::new(seed),
            slots: Vec::new(),
            buckets: vec![NONE; 8],
            free: Vec::new(),
            bytes: 0,
            newest: NONE,
            oldest: NONE,
        }
    }

    /// The token of that key, which is the most recently used one from now on.
    pub(crate) fn get(&mut self, key: &RequestKey) -> Option<&Arc<AccessToken>> {
        let (_, number) = self.find(key)?;
        if number != self.newest {
            self.unlink(number);
            self.link_as_newest(number);
        }
        self.slot(number)?.entry.as_ref().map(|(_, token)| token)
    }

    /// Keeps a token in the place of the one that was there for that key. One that is dead already is not kept.
    pub(crate) fn insert(&mut self, key: RequestKey, token: Arc<AccessToken>, now: Timestamp) {
        self.remove(&key);
        let size = size_of_entry(&key, &token);
        if token.expires_on <= now || size > self.limits.bytes {
            return;
        }
        let is_full = |cache: &Self| {
            cache.len() >= cache.limits.tokens.max(1) || cache.bytes > cache.limits.bytes.saturating_sub(size)
        };
        while is_full(self) && self.oldest != NONE {
            self.remove_slot(self.oldest);
        }
        let hash = self.hash(&key);
        let slot = Slot { hash, newer: NONE, older: NONE, entry: Some((key, token)) };
        let number = match self.free.pop() {
            Some(number) => number,
            None => u32::try_from(self.slots.len()).unwrap_or(NONE),
        };
        match self.slots.get_mut(number as usize) {
            Some(free) => *free = slot,
            None => self.slots.push(slot),
        }
        self.bytes = self.bytes.saturating_add(size);
        self.link_as_newest(number);
        if self.buckets.len() < self.slots.len().saturating_mul(BUCKETS_PER_SLOT) {
            self.rebuild_index();
        } else {
            self.index(hash, number);
        }
    }

    /// Removes the token of that key; whether there was one.
    pub(crate) fn remove(&mut self, key: &RequestKey) -> bool {
        let found = self.find(key).map(|(_, number)| number);
        if let Some(number) = found {
            self.remove_slot(number);
        }
        found.is_some()
    }

    /// Removes all tokens.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.limits, *self.seed.expose());
    }

    /// How many tokens there are.
    pub(crate) const fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }

    /// How many bytes of tokens and keys there are.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn hash(&self, key: &RequestKey) -> u64 {
        siphash13(*self.seed.expose(), key.as_bytes())
    }

    fn slot(&self, number: u32) -> Option<&Slot> {
        self.slots.get(number as usize)
    }

    fn slot_mut(&mut self, number: u32) -> Option<&mut Slot> {
        self.slots.get_mut(number as usize)
    }

    /// The buckets from the one that a hash belongs into on, once around.
    fn probe(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.buckets.len().saturating_sub(1);
        (0..self.buckets.len()).map(move |step| (hash as usize).wrapping_add(step) & mask)
    }

    /// Bucket and slot of a key.
    fn find(&self, key: &RequestKey) -> Option<(usize, u32)> {
        let hash = self.hash(key);
        for bucket in self.probe(hash) {
            let number = *self.buckets.get(bucket)?;
            let slot = self.slot(number)?;
            if slot.hash == hash && slot.entry.as_ref().is_some_and(|(found, _)| found == key) {
                return Some((bucket, number));
            }
        }
        None
    }

    fn index(&mut self, hash: u64, number: u32) {
        let free = self.probe(hash).find(|bucket| self.buckets.get(*bucket) == Some(&NONE));
        if let Some(bucket) = free.and_then(|bucket| self.buckets.get_mut(bucket)) {
            *bucket = number;
        }
    }

    /// Makes the index anew, twice as large as it needs to be by now.
    fn rebuild_index(&mut self) {
        let length = self.slots.len().saturating_mul(2).saturating_mul(BUCKETS_PER_SLOT).next_power_of_two();
        self.buckets = vec![NONE; length];
        for index in 0..self.slots.len() {
            let number = u32::try_from(index).unwrap_or(NONE);
            if let Some(hash) = self.slot(number).filter(|slot| slot.entry.is_some()).map(|slot| slot.hash) {
                self.index(hash, number);
            }
        }
    }

    fn remove_slot(&mut self, number: u32) {
        let Some(hash) = self.slot(number).map(|slot| slot.hash) else {
            return;
        };
        let bucket = self.probe(hash).find(|bucket| self.buckets.get(*bucket) == Some(&number));
        self.unlink(number);
        let entry = self.slot_mut(number).and_then(|slot| slot.entry.take());
        if let Some((key, token)) = entry {
            self.bytes = self.bytes.saturating_sub(size_of_entry(&key, &token));
            self.free.push(number);
        }
        if let Some(bucket) = bucket {
            self.close_gap(bucket);
        }
    }

    /// Moves back what stands behind a bucket that becomes free and had no better place: so no look-up ends too early.
    fn close_gap(&mut self, freed: usize) {
        let mask = self.buckets.len().saturating_sub(1);
        let mut gap = freed;
        for step in 1..self.buckets.len() {
            let bucket = freed.wrapping_add(step) & mask;
            let number = self.buckets.get(bucket).copied().unwrap_or(NONE);
            let Some(home) = self.slot(number).map(|slot| slot.hash as usize & mask) else {
                break;
            };
            // It may move to the gap if that lies between its home and where it is.
            if bucket.wrapping_sub(home) & mask >= bucket.wrapping_sub(gap) & mask {
                self.set_bucket(gap, number);
                gap = bucket;
            }
        }
        self.set_bucket(gap, NONE);
    }

    fn set_bucket(&mut self, bucket: usize, number: u32) {
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            *bucket = number;
        }
    }

    fn unlink(&mut self, number: u32) {
        let Some((newer, older)) = self.slot(number).map(|slot| (slot.newer, slot.older)) else {
            return;
        };
        match self.slot_mut(newer) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slot_mut(older) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link_as_newest(&mut self, number: u32) {
        let older = self.newest;
        if let Some(slot) = self.slot_mut(number) {
            (slot.newer, slot.older) = (NONE, older);
        }
        match self.slot_mut(older) {
            Some(slot) => slot.newer = number,
            None => self.oldest = number,
        }
        self.newest = number;
    }
}

fn size_of_entry(key: &RequestKey, token: &AccessToken) -> usize {
    key.as_bytes().len().saturating_add(token.access_token.expose().len())
}

#[cfg(test)]
mod tests;
