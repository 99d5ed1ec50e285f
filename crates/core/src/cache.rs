//! Access tokens by what was asked for. Pure data: look-ups take the time as an argument.

use crate::time::Timestamp;
use crate::token::{AccessToken, Target};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;

/// How many tokens a cache keeps. Beyond that, the dead go first, then whichever dies next.
const CAPACITY: usize = 10_000;

/// Everything that tells one token of a client from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CacheKey {
    /// In lower case: tenants are compared without regard to case.
    pub tenant: String,
    pub target: Target,
    pub claims: Option<String>,
    pub enable_cae: bool,
}

/// What a look-up found.
#[derive(Debug)]
pub(crate) enum Cached {
    /// A token with time left.
    Fresh(Arc<AccessToken>),
    /// A token that is still valid and should be renewed.
    Stale(Arc<AccessToken>),
    /// None, or a dead one.
    Missing,
}

#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    tokens: BTreeMap<CacheKey, Arc<AccessToken>>,
}

impl TokenCache {
    pub(crate) fn get(&self, key: &CacheKey, now: Timestamp) -> Cached {
        match self.tokens.get(key) {
            Some(token) if now < token.refresh_on => Cached::Fresh(token.clone()),
            Some(token) if now < token.expires_on => Cached::Stale(token.clone()),
            _ => Cached::Missing,
        }
    }

    pub(crate) fn insert(&mut self, key: CacheKey, token: Arc<AccessToken>, now: Timestamp) {
        if self.tokens.len() >= CAPACITY && !self.tokens.contains_key(&key) {
            self.make_room(now);
        }
        self.tokens.insert(key, token);
    }

    fn make_room(&mut self, now: Timestamp) {
        self.tokens.retain(|_, token| now < token.expires_on);
        if self.tokens.len() >= CAPACITY {
            let next = self.tokens.iter().min_by_key(|(_, token)| token.expires_on);
            if let Some(key) = next.map(|(key, _)| key.clone()) {
                self.tokens.remove(&key);
            }
        }
    }
}
