//! Access tokens by what was asked for. Pure data: look-ups take the time as an argument.

use crate::authority::Tenant;
use crate::time::Timestamp;
use crate::token::{AccessToken, Target};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// How many tokens a cache keeps. Beyond that, the dead go first, then whichever dies next.
const CAPACITY: usize = 10_000;

/// Everything that tells one token of a client from another, as one text whose order is of no meaning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CacheKey(String);

impl CacheKey {
    /// The key of a request. Tenants are compared without regard to case; no part can pass for another, because none but
    /// the last can hold a line feed.
    pub(crate) fn new(tenant: &Tenant, target: &Target, enable_cae: bool, claims: Option<&str>) -> Self {
        let (kind, target) = (target.parameter(), target.as_str());
        let cae = if enable_cae { "c" } else { "" };
        let tenant = tenant.as_str().to_ascii_lowercase();
        Self([tenant.as_str(), "\n", kind, cae, "\n", target, "\n", claims.unwrap_or_default()].concat())
    }

    /// The key of the same request without its claims challenge.
    pub(crate) fn without_claims(&self) -> Self {
        let end =
            self.0.match_indices('\n').nth(2).map_or(self.0.len(), |(index, _)| index.saturating_add(1));
        Self(self.0.get(..end).unwrap_or_default().into())
    }
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

/// The tokens of a client, in the order of their keys.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    tokens: Vec<(CacheKey, Arc<AccessToken>)>,
}

impl TokenCache {
    pub(crate) fn get(&self, key: &CacheKey, now: Timestamp) -> Cached {
        match self.index(key).ok().and_then(|index| self.tokens.get(index)) {
            Some((_, token)) if now < token.refresh_on => Cached::Fresh(token.clone()),
            Some((_, token)) if now < token.expires_on => Cached::Stale(token.clone()),
            _ => Cached::Missing,
        }
    }

    pub(crate) fn insert(&mut self, key: CacheKey, token: Arc<AccessToken>, now: Timestamp) {
        if let Some((_, present)) = self.index(&key).ok().and_then(|index| self.tokens.get_mut(index)) {
            *present = token;
            return;
        }
        if self.tokens.len() >= CAPACITY {
            self.make_room(now);
        }
        let index = self.index(&key).unwrap_or_else(|index| index);
        self.tokens.insert(index, (key, token));
    }

    /// Where the key is, or where it belongs.
    fn index(&self, key: &CacheKey) -> Result<usize, usize> {
        self.tokens.binary_search_by(|(present, _)| present.cmp(key))
    }

    fn make_room(&mut self, now: Timestamp) {
        self.tokens.retain(|(_, token)| now < token.expires_on);
        if self.tokens.len() >= CAPACITY {
            let next = self.tokens.iter().enumerate().min_by_key(|(_, (_, token))| token.expires_on);
            if let Some(index) = next.map(|(index, _)| index) {
                self.tokens.remove(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_in_every_part() {
        let tenant = |name| Tenant::parse(name).unwrap();
        let scope = Target::Scope("x".into());
        let key = CacheKey::new(&tenant("a.b"), &scope, false, None);
        assert_eq!(key, CacheKey::new(&tenant("A.B"), &scope, false, None));
        for other in [
            CacheKey::new(&tenant("a.c"), &scope, false, None),
            CacheKey::new(&tenant("a.b"), &Target::Resource("x".into()), false, None),
            CacheKey::new(&tenant("a.b"), &Target::Scope("y".into()), false, None),
            CacheKey::new(&tenant("a.b"), &scope, true, None),
            CacheKey::new(&tenant("a.b"), &scope, false, Some("{}")),
        ] {
            assert_ne!(key, other);
        }
        let claims = "{\n\"a\":\n{}}";
        assert_eq!(CacheKey::new(&tenant("a.b"), &scope, false, Some(claims)).without_claims(), key);
    }

    fn token(expires_on: u64) -> Arc<AccessToken> {
        Arc::new(AccessToken {
            access_token: String::from("x").into(),
            token_type: "Bearer".into(),
            expires_on: Timestamp::from_secs(expires_on),
            refresh_on: Timestamp::from_secs(expires_on - 300),
            expires_in: 3600,
            ext_expires_in: None,
            service_expires_on: None,
            not_before: None,
            refresh_in: None,
            resource: None,
            scope: None,
        })
    }

    fn key(number: u64) -> CacheKey {
        let target = Target::Scope(alloc::format!("{number}"));
        CacheKey::new(&Tenant::parse("a.b").unwrap(), &target, false, None)
    }

    #[test]
    fn token_is_fresh_then_stale_then_missing() {
        let mut cache = TokenCache::default();
        cache.insert(key(1), token(1000), Timestamp::default());
        let at = |secs| cache.get(&key(1), Timestamp::from_secs(secs));
        assert!(matches!(at(699), Cached::Fresh(_)));
        assert!(matches!(at(700), Cached::Stale(_)));
        assert!(matches!(at(999), Cached::Stale(_)));
        assert!(matches!(at(1000), Cached::Missing));
    }

    #[test]
    fn full_cache_drops_the_dead_and_then_the_one_that_dies_next() {
        let mut cache = TokenCache::default();
        let capacity = CAPACITY as u64;
        for number in 0..capacity {
            cache.insert(key(number), token(1000 + number), Timestamp::default());
        }
        let is_there = |cache: &TokenCache, number| {
            !matches!(cache.get(&key(number), Timestamp::default()), Cached::Missing)
        };
        cache.insert(key(capacity), token(99_000), Timestamp::default());
        assert!(!is_there(&cache, 0) && is_there(&cache, 1));
        cache.insert(key(capacity + 1), token(99_000), Timestamp::from_secs(1009));
        assert!(!is_there(&cache, 9) && is_there(&cache, 10));
        assert_eq!(cache.tokens.len(), CAPACITY - 8);
    }
}
