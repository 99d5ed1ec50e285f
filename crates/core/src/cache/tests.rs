use super::*;
use crate::authority::Tenant;
use crate::token::{Target, TokenRequest};
use alloc::collections::VecDeque;
use alloc::format;

fn key(number: usize) -> RequestKey {
    let request = TokenRequest::new(Target::Scope(format!("scope-{number}")));
    RequestKey::new(&request, &Tenant::parse("a.example").unwrap())
}

fn token(number: usize) -> Arc<AccessToken> {
    Arc::new(AccessToken {
        access_token: format!("{number:08}").into(),
        token_type: "Bearer".into(),
        obtained_on: Timestamp::default(),
        expires_on: Timestamp::from_secs(1000),
        refresh_on: Timestamp::from_secs(700),
        expires_in: 1000,
        ext_expires_in: None,
        service_expires_on: None,
        not_before: None,
        refresh_in: None,
        resource: None,
        scope: None,
    })
}

fn cache(tokens: usize, bytes: usize) -> TokenCache {
    TokenCache::new(CacheLimits { tokens, bytes }, [1, 2])
}

fn number_of(cache: &mut TokenCache, number: usize) -> Option<usize> {
    cache.get(&key(number)).map(|token| token.access_token.expose().parse().unwrap())
}

fn insert(cache: &mut TokenCache, number: usize) {
    cache.insert(key(number), token(number), Timestamp::default());
}

#[test]
fn keys_differ_in_every_part() {
    let tenant = |name| Tenant::parse(name).unwrap();
    let request = TokenRequest::new(Target::Scope("x".into()));
    let first = RequestKey::new(&request, &tenant("a.b"));
    assert_eq!(first, RequestKey::new(&request, &tenant("A.B")));
    let claims = Some("{\n\"a\":\n{}}".into());
    for (other, tenant) in [
        (request.clone(), tenant("a.c")),
        (TokenRequest::new(Target::Resource("x".into())), tenant("a.b")),
        (TokenRequest::new(Target::Scope("y".into())), tenant("a.b")),
        (TokenRequest { enable_cae: true, ..request.clone() }, tenant("a.b")),
        (TokenRequest { skip_cache: true, ..request.clone() }, tenant("a.b")),
        (TokenRequest { claims: claims.clone(), ..request.clone() }, tenant("a.b")),
    ] {
        assert_ne!(RequestKey::new(&other, &tenant), first);
    }
    let challenged = TokenRequest { claims, ..request };
    assert_eq!(RequestKey::new(&challenged, &tenant("a.b")).without_claims(), first);
}

#[test]
fn least_recently_used_goes_first() {
    let mut cache = cache(3, usize::MAX);
    for number in 1..=3 {
        insert(&mut cache, number);
    }
    assert_eq!(number_of(&mut cache, 1), Some(1));
    insert(&mut cache, 4);
    let present: Vec<bool> = (1..=4).map(|number| number_of(&mut cache, number).is_some()).collect();
    assert_eq!(present, [true, false, true, true]);
}

#[test]
fn bytes_are_bounded_too() {
    let size = size_of_entry(&key(1), &token(1));
    let mut cache = cache(100, size * 2);
    for number in 1..=5 {
        insert(&mut cache, number);
        assert!(cache.bytes <= size * 2);
    }
    assert_eq!((cache.len(), number_of(&mut cache, 4), number_of(&mut cache, 5)), (2, Some(4), Some(5)));
    let mut small = self::cache(100, size - 1);
    insert(&mut small, 1);
    assert_eq!((small.len(), small.bytes), (0, 0), "what never fits throws nothing else out");
}

#[test]
fn dead_token_is_not_kept_and_takes_the_old_one_with_it() {
    let mut cache = cache(3, usize::MAX);
    insert(&mut cache, 1);
    cache.insert(key(1), token(1), Timestamp::from_secs(1000));
    assert_eq!(cache.len(), 0);
}

/// The slow and simple way to the same answers.
#[derive(Default)]
struct Model(VecDeque<usize>);

#[test]
fn behaves_like_a_list_in_the_order_of_use() {
    let mut cache = cache(40, usize::MAX);
    let mut model = Model::default();
    let mut random = 7_u64;
    for _ in 0..200_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = (random >> 33) as usize % 90;
        let position = model.0.iter().position(|known| *known == number);
        match (random >> 60) % 4 {
            0 => {
                assert_eq!(cache.remove(&key(number)), position.is_some());
                position.map(|position| model.0.remove(position));
            }
            1 => {
                assert_eq!(number_of(&mut cache, number), position.map(|_| number));
                if let Some(number) = position.and_then(|position| model.0.remove(position)) {
                    model.0.push_back(number);
                }
            }
            _ => {
                insert(&mut cache, number);
                position.map(|position| model.0.remove(position));
                if model.0.len() == 40 {
                    model.0.pop_front();
                }
                model.0.push_back(number);
            }
        }
        assert_eq!(cache.len(), model.0.len());
    }
    let all: Vec<usize> = (0..90).filter(|number| cache.find(&key(*number)).is_some()).collect();
    let mut expected: Vec<usize> = model.0.into_iter().collect();
    expected.sort_unstable();
    assert_eq!(all, expected);
    assert_eq!(
        cache.bytes,
        expected.iter().map(|number| size_of_entry(&key(*number), &token(*number))).sum::<usize>()
    );
    cache.clear();
    assert_eq!((cache.len(), cache.bytes, number_of(&mut cache, 1)), (0, 0, None));
}
