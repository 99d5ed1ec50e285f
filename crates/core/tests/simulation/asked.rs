//! What callers ask for: a small pool, so that equal and nearly equal requests meet.

use crate::random::Random;
use certgrant_core::{ErrorCode, SecretString, Target, Tenant, TokenRequest};
use std::sync::Arc;

pub(crate) const OWN_TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const OTHER_TENANT: &str = "other.example";
const FOREIGN_TENANT: &str = "foreign.example";
const SCOPES: [&[&str]; 4] = [
    &["https://a.example/.default"],
    &["https://b.example/.default"],
    &["https://a.example/.default", "https://b.example/.default"],
    // The same in other words.
    &["https://b.example/.default https://a.example/.default", "https://a.example/.default"],
];
/// The tokens of users on whose behalf the app acts.
const USERS: [&str; 2] = ["s3cr3t-user.one", "s3cr3t-user.two"];
const CLAIMS: [&str; 2] = [r#"{"access_token":{"nbf":{"essential":true}}}"#, r#"{"id_token":{"acr":null}}"#];

/// What tells a token from others, in the words of the issue and not of the implementation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wish {
    pub(crate) tenant: String,
    /// Sorted, without duplicates.
    pub(crate) scope: String,
    /// On whose behalf; the app's own token if there is none.
    pub(crate) user: Option<&'static str>,
    pub(crate) has_capability: bool,
    pub(crate) claims: Option<&'static str>,
    pub(crate) skips_cache: bool,
}

impl Wish {
    /// The wish without what makes it ask anew: whose token it is that is held.
    pub(crate) fn plain(&self) -> Self {
        Self { claims: None, skips_cache: false, ..self.clone() }
    }

    /// Whether a held token will do.
    pub(crate) const fn takes_held(&self) -> bool {
        self.claims.is_none() && !self.skips_cache
    }
}

/// A request as a caller puts it, and what it means.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request: TokenRequest,
    pub(crate) wish: Wish,
    /// The mistake that its caller made.
    pub(crate) mistake: Option<ErrorCode>,
}

pub(crate) fn ask(random: &mut Random) -> Asked {
    let scopes = *random.pick(&SCOPES);
    let mut values: Vec<&str> = scopes.iter().flat_map(|scope| scope.split(' ')).collect();
    values.sort_unstable();
    values.dedup();
    let mut request = TokenRequest::new(Target::scopes(scopes).expect("they are usable"));
    let mut wish = Wish {
        tenant: OWN_TENANT.into(),
        scope: values.join(" "),
        user: random.percent(20).then(|| *random.pick(&USERS)),
        has_capability: random.percent(20),
        claims: random.percent(10).then(|| *random.pick(&CLAIMS)),
        skips_cache: random.percent(6),
    };
    let tenant = match random.below(10) {
        0 => Some(OWN_TENANT.to_uppercase()),
        1 | 2 => Some(OTHER_TENANT.into()),
        3 => Some("OTHER.example".into()),
        _ => None,
    };
    if let Some(tenant) = tenant {
        wish.tenant = tenant.to_ascii_lowercase();
        request.tenant = Some(Tenant::parse(&tenant).expect("it is usable"));
    }
    request.enable_cae = wish.has_capability;
    request.user_assertion = wish.user.map(|user| Arc::new(SecretString::new(user.into())));
    request.claims = wish.claims.map(str::to_owned);
    request.skip_cache = wish.skips_cache;
    let mistake = if random.percent(2) { Some(make_mistake(&mut request, random)) } else { None };
    Asked { request, wish, mistake }
}

fn make_mistake(request: &mut TokenRequest, random: &mut Random) -> ErrorCode {
    match random.below(3) {
        0 => {
            request.tenant = Tenant::parse(FOREIGN_TENANT).ok();
            ErrorCode::TenantNotAllowed
        }
        1 => {
            request.claims = Some("[]".into());
            ErrorCode::ClaimsInvalid
        }
        _ => {
            request.target = Target::resource("https://a.example").expect("it is usable");
            ErrorCode::EndpointMismatch
        }
    }
}
