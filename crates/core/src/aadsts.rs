//! The AADSTS numbers of Entra's refusals: which are passing, and what helps against the others.
//!
//! Microsoft asks clients to branch on `error`, because numbers change; so a number never makes a request fail that would be
//! sent again otherwise, but for those that are documented as final. The numbers are those of
//! [the error code reference](https://learn.microsoft.com/entra/identity-platform/reference-error-codes) and of recorded
//! answers.

/// Trouble of the service's own that passes, whatever status it comes with.
const PASSING: &[u32] = &[40_010, 50_033, 50_087, 80_005, 90_006, 90_012, 90_024, 90_033, 90_055, 90_090];

/// Looks like the service's own trouble, and does not pass by itself.
const FINAL: &[u32] = &[40_008, 50_000, 90_036, 90_092];

/// The assertion was found outside of its time of validity.
pub(crate) const OUTSIDE_OF_ITS_TIME: &[u32] = &[700_024];

/// The certificate is not, or no longer, one of the app's. 50012 is what these were before 2018.
pub(crate) const CERTIFICATE_UNKNOWN: &[u32] = &[700_027, 700_030, 50_012];

/// Whether one of the numbers says that the same request may succeed later, or that it will not; else the status tells.
pub(crate) fn is_passing(codes: &[u32]) -> Option<bool> {
    let is_any = |of: &[u32]| codes.iter().any(|code| of.contains(code));
    if is_any(FINAL) { Some(false) } else { is_any(PASSING).then_some(true) }
}

/// What helps against the most precise of the numbers.
#[cfg(feature = "aadsts-hints")]
pub(crate) fn hint(codes: &[u32]) -> Option<&'static str> {
    let is_named = |numbers: &[u32]| codes.iter().any(|code| numbers.contains(code));
    AADSTS_HINTS.iter().find(|(numbers, _)| is_named(numbers)).map(|(_, hint)| *hint)
}

/// Without the table its host has one.
#[cfg(not(feature = "aadsts-hints"))]
pub(crate) const fn hint(_codes: &[u32]) -> Option<&'static str> {
    None
}

/// What to do about a refusal, by its AADSTS numbers: the first row counts that has one of them.
#[cfg(feature = "aadsts-hints")]
pub const AADSTS_HINTS: &[(&[u32], &str)] = &[
    // Client authentication.
    (
        &[7_000_218],
        "send a credential: neither an assertion nor a secret arrived; the app is confidential, or the body is not form-encoded",
    ),
    (&[7_000_215], "copy the secret's value, not its id, into the configuration; better use a certificate"),
    (&[7_000_222], "make a new client secret, all of this app's have expired; better use a certificate"),
    (&[7_000_232], "this client id is a managed identity's: use ManagedIdentityCredential"),
    (
        &[50_013],
        "get a fresh user token for this very API; the one that was handed on is malformed or for somebody else",
    ),
    (
        &[500_133],
        "get a fresh user token: the one that was handed on is outside its time of validity; check this machine's clock",
    ),
    (
        &[500_131],
        "hand on a token whose audience is this app: the caller has to ask for a token for this API",
    ),
    (&[50_027], "the assertion is malformed: if it is made elsewhere, check that maker"),
    (
        &[5_002_723, 5_002_738],
        "set the algorithm to RS256 (which names the certificate by x5t): this token service does not take PS256",
    ),
    (&[5_002_727], "the assertion's typ has to be JWT: if it is made elsewhere, check that maker"),
    (
        &[90_014],
        "the assertion lacks a claim that the service needs: if it is made elsewhere, check that maker",
    ),
    (
        &[50_048, 700_021],
        "issuer, subject and client id have to be the same: if the assertion is made elsewhere, check that maker",
    ),
    (&[700_023], "use the authority and tenant that the app is registered in"),
    (&[700_024], "set this machine's clock: the service found the assertion outside its time of validity"),
    (
        &[700_025],
        "the app is registered as a public client: turn off 'Allow public client flows', or add a web platform",
    ),
    (
        &[700_027],
        "register this certificate (its public part) on the app, or configure the one that is registered; right after an upload, wait some minutes",
    ),
    (
        &[700_030],
        "the certificate's subject and issuer are not trusted for this app: check sendCertificateChain and the chain's order, or register the certificate",
    ),
    (&[50_003], "the resource has no signing key configured: its owner has to add one"),
    (&[50_006, 900_384], "a signature could not be verified: check that the key belongs to the certificate"),
    (&[50_032], "make a new certificate with an RSA key of at least 2048 bits"),
    (
        &[50_146, 501_461],
        "the resource needs a signing key of its own, or must not accept mapped claims: ask its owner",
    ),
    // Application, tenant, resource.
    (
        &[700_016, 700_011, 70_001, 7_000_229],
        "check client id and tenant: the app is not known there; a multi-tenant app needs admin consent in the tenant",
    ),
    (&[7_000_112], "the app is disabled: enable it, or its service principal in this tenant"),
    (&[7_000_114], "this app may not make on-behalf-of calls"),
    (
        &[7_000_113],
        "hand on a user's token: an app's own token can't be exchanged on behalf of anybody; use client credentials",
    ),
    (&[90_002, 900_023], "check the tenant id, and that the authority is of the tenant's cloud"),
    (
        &[90_023, 900_144, 9_002_313],
        "the request is malformed: read the service's text, and report it as a bug if nothing replaced the fetch",
    ),
    (&[50_034, 50_020, 500_341], "the user is not in this tenant: check account and tenant"),
    (&[50_058], "the user has to sign in"),
    (
        &[50_059, 50_128, 90_019, 50_194, 90_010, 9_001_023, 90_124, 90_130, 90_133],
        "name the tenant: common, organizations and consumers are for users",
    ),
    (&[50_196], "the same request was made too often: keep the token, and wait before the next try"),
    (&[500_011, 50_001], "check the resource: no service principal of that name is in the tenant"),
    (
        &[650_052, 650_057, 65_005],
        "add the resource's permission to the app, and check that the tenant has the service",
    ),
    (&[65_001, 90_094, 90_095], "an administrator has to consent to the app's permissions in this tenant"),
    (
        &[501_051, 50_105],
        "assign an app role of the resource to this app, or lift its assignment requirement",
    ),
    (
        &[1_002_012, 70_011, 700_022, 28_002, 28_003],
        "use exactly one scope, the resource's App ID URI followed by /.default",
    ),
    (&[901_002], "ask the v2 endpoint for scopes, and the v1 endpoint for a resource"),
    (
        &[90_038, 900_432, 900_382],
        "the tenant is in another cloud: set authorityHost to that cloud's address",
    ),
    (
        &[100_007],
        "leave the region out: regional endpoints are for Microsoft's own apps and managed identities",
    ),
    (&[500_021, 500_022], "the network's tenant restrictions forbid this tenant: ask who runs the proxy"),
    // Policy, risk, users.
    (
        &[53_003, 530_032, 530_034, 530_035, 53_000, 53_001, 53_002, 53_011, 50_131],
        "a policy of the tenant blocks this sign-in: ask its administrator for the sign-in log's entry",
    ),
    (
        &[50_076, 50_079, 50_072, 50_074, 50_078],
        "the user has to act (multi-factor authentication): pass the error's claims on to the client that has the user",
    ),
    (&[50_055, 50_057, 50_126, 50_053], "check the user's name, password and account"),
    (
        &[70_008, 700_082, 700_084, 70_043, 50_173, 54_005],
        "the user has to sign in again: code or refresh token no longer count",
    ),
    // Federated credentials.
    (
        &[70_021],
        "check issuer, subject and audience of the federated credential; right after it was made, wait some minutes",
    ),
    (&[700_211], "the federated credential's issuer has to equal the token's iss, to the final slash"),
    (&[700_212], "the token's audience has to be api://AzureADTokenExchange, or that of the cloud"),
    (
        &[700_213, 7_002_131],
        "the federated credential's subject has to equal the token's sub, in upper and lower case",
    ),
    (
        &[700_222, 700_226, 700_227, 700_229],
        "of Entra's own tokens only a managed identity's for api://AzureADTokenExchange serves as a federated credential",
    ),
    // Certificate-bound tokens.
    (&[392_196], "the resource does not take certificate-bound tokens: ask for a bearer token"),
    (
        &[392_200, 392_204, 500_181, 392_189, 50_171, 51_000],
        "certificate-bound tokens need the certificate on the TLS connection, and a tenant that allows them",
    ),
    (
        &[1_000_610, 1_000_611, 1_000_612, 1_000_613, 1_000_614],
        "the machine's proof of its managed identity was refused: restart the machine; if that does not help, open a support ticket",
    ),
    // The service's own trouble.
    (&[90_055], "the tenant makes too many requests: keep tokens, and spread the requests"),
    (
        &[50_000, 90_036, 90_092, 40_008],
        "this does not pass by itself: open a support ticket with the error's trace id",
    ),
    (&[50_049, 50_050], "check the authority's host: Entra does not know it"),
    // 70002 wraps 50012, and both wrap a number that says more.
    (
        &[50_012],
        "register this certificate on the app, and check that it is valid and belongs to the key in use",
    ),
    (&[70_002], "read the service's text: it names what is wrong with the credential"),
];

#[cfg(all(test, feature = "aadsts-hints"))]
mod tests {
    use super::*;

    #[test]
    fn number_has_one_hint() {
        let mut numbers: alloc::vec::Vec<u32> =
            AADSTS_HINTS.iter().flat_map(|(numbers, _)| *numbers).copied().collect();
        let count = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
        for (_, hint) in AADSTS_HINTS {
            assert!(hint.len() > 20 && !hint.ends_with('.'), "{hint}");
        }
    }

    #[test]
    fn inner_number_says_more_than_its_wrapper() {
        assert_eq!(hint(&[70_002, 50_012]), hint(&[50_012]));
        assert_eq!(hint(&[70_002, 700_024]), hint(&[700_024]));
        assert_eq!(hint(&[1]), None);
    }

    #[test]
    fn numbers_tell_what_passes_where_the_status_does_not() {
        assert_eq!(is_passing(&[90_033]), Some(true));
        assert_eq!(is_passing(&[50_000, 90_033]), Some(false));
        assert_eq!(is_passing(&[700_027]), None);
    }
}
