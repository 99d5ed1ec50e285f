//! The short way to a cached token: it gives the very token that the long way would, or none.

use crate::drive::*;
use certgrant_core::*;
use std::sync::Arc;

const SCOPE: &str = "https://graph.microsoft.com/.default";

/// What the short way gives now; and, if that is a token, the long way the same without a renewal.
fn fresh(drive: &mut Drive) -> Option<Arc<AccessToken>> {
    let token = drive.client.fresh(SCOPE, None, false, drive.now);
    if let Some(token) = &token {
        let Ok(Found::Token(of_long_way)) = drive.client.acquire(&request(), drive.now) else { panic!() };
        assert!(Arc::ptr_eq(token, &of_long_way));
    }
    token
}

#[test]
fn fresh_token_is_given_until_it_is_to_be_renewed() {
    let mut drive = drive(options());
    assert!(fresh(&mut drive).is_none());
    let token = drive.acquire(&request()).unwrap();
    assert!(fresh(&mut drive).is_some());
    drive.now = Timestamp::from_millis(token.refresh_on.as_millis() - 1);
    assert!(fresh(&mut drive).is_some());
    drive.now = token.refresh_on;
    assert!(fresh(&mut drive).is_none());
    assert!(matches!(drive.client.acquire(&request(), drive.now), Ok(Found::TokenToRenew(..))));
}

#[test]
fn token_of_another_request_is_not_given() {
    let mut drive = drive(ClientOptions { additionally_allowed_tenants: vec!["*".into()], ..options() });
    drive.acquire(&request()).unwrap();
    let now = drive.now;
    let mut is_given =
        |scope: &str, tenant: Option<&str>, cae| drive.client.fresh(scope, tenant, cae, now).is_some();
    assert!(is_given(SCOPE, Some(&options().tenant), false));
    assert!(!is_given(SCOPE, Some("contoso.com"), false));
    assert!(!is_given(SCOPE, None, true));
    assert!(!is_given("https://vault.azure.net/.default", None, false));
    for scope in ["", "\n", &format!("{SCOPE}\n"), &format!("\n{SCOPE}"), &format!("{SCOPE} {SCOPE}")] {
        assert!(!is_given(scope, None, false), "{scope:?}");
    }
    for tenant in ["", "\n", &format!("{}\nscope:\n{SCOPE}", options().tenant)] {
        assert!(!is_given("", Some(tenant), false), "{tenant:?}");
    }
}

#[test]
fn each_flag_and_tenant_has_its_own() {
    let mut drive = drive(ClientOptions { additionally_allowed_tenants: vec!["*".into()], ..options() });
    let cae = TokenRequest { enable_cae: true, ..request() };
    let elsewhere = TokenRequest { tenant: Tenant::parse("contoso.com").ok(), ..request() };
    let tokens = [request(), cae, elsewhere].map(|request| drive.acquire(&request).unwrap());
    let now = drive.now;
    let found = [(None, false), (None, true), (Some("contoso.com"), false)]
        .map(|(tenant, cae)| drive.client.fresh(SCOPE, tenant, cae, now).unwrap());
    assert!(tokens.iter().zip(&found).all(|(token, found)| Arc::ptr_eq(token, found)));
}

#[test]
fn token_is_not_given_after_the_clock_was_set_back() {
    let mut drive = drive(options());
    drive.acquire(&request()).unwrap();
    drive.now = drive.now.minus_secs(60);
    assert!(fresh(&mut drive).is_none());
}

#[test]
fn living_token_is_given_to_its_last_moment_and_never_beyond() {
    let mut drive = drive(options());
    let living = |drive: &mut Drive, request: &TokenRequest| drive.client.living(request, drive.now).unwrap();
    assert!(living(&mut drive, &request()).is_none());
    let token = drive.acquire(&request()).unwrap();
    drive.now = Timestamp::from_millis(token.expires_on.as_millis() - 1);
    assert!(
        matches!(drive.client.acquire(&request(), drive.now), Ok(Found::Start(_))),
        "it is too late for it"
    );
    assert!(Arc::ptr_eq(&living(&mut drive, &request()).unwrap(), &token));
    let challenged = TokenRequest { claims: Some("{}".into()), ..request() };
    let uncached = TokenRequest { skip_cache: true, ..request() };
    let of_user = TokenRequest { user_assertion: Some(Arc::new("user".to_owned().into())), ..request() };
    for other in [challenged, uncached, of_user] {
        assert!(living(&mut drive, &other).is_none(), "{other:?}");
    }
    assert!(drive.client.remove(&request()).unwrap());
    assert!(living(&mut drive, &request()).is_none());

    let other = TokenRequest::new(Target::scopes(&["https://vault.azure.net/.default"]).unwrap());
    let token = drive.acquire(&other).unwrap();
    drive.now = token.expires_on;
    assert!(living(&mut drive, &other).is_none());
}

#[test]
fn no_token_counts_as_living_after_the_clock_was_set_back() {
    let mut drive = drive(options());
    drive.acquire(&request()).unwrap();
    drive.now = drive.now.minus_secs(60);
    assert!(drive.client.living(&request(), drive.now).unwrap().is_none());
}
