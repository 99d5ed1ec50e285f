//! Who is the client? The checks of a client assertion or a client secret, in the order in which the service answers.
//!
//! [RFC 7523 section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3) says what must be checked; order, codes and
//! texts follow recorded answers of Entra ID. The relative order of the claims checks is not certain there. A public
//! client, a missing service principal and a disabled application are noticed only after the credential is good.
//! Secrets are compared in constant time; an assertion is never part of an error or a log line.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

use crate::assertion::{Assertion, Date, malformed};
use crate::certificate::sha256;
use crate::client_key::{algorithm, check_key};
use crate::clock::{from_numeric_date, round_trip};
use crate::device_codes::DeviceCodes;
use crate::federation::{self, Issuer, is_foreign};
use crate::keys::SigningKey;
use crate::log::Trail;
use crate::managed_identity::ManagedIdentity;
use crate::registration::{Application, SecretMatch};
use crate::sealed::Sealer;
use crate::service_error::ServiceError;
use crate::tenant::Tenant;
use crate::token_endpoint::Lifetimes;
use crate::user::User;

/// Strict mode refuses an assertion that expires later than this. The RFC leaves the bound to the server; Entra has
/// none, and its clients stay at ten minutes.
const STRICT_LONGEST_SECONDS: i64 = 3600;
/// Replay memory of strict mode; when it is full the entries that expire first go.
const MOST_REMEMBERED: usize = 100_000;

/// Where and when a request came in.
pub(crate) struct Circumstances<'a> {
    pub(crate) applications: &'a [Application],
    pub(crate) users: &'a [User],
    /// Tenants that exist; empty means all.
    pub(crate) tenants: &'a [Tenant],
    /// Names of Key Vault as a resource, beside those of the clouds.
    pub(crate) vault_resources: &'a [String],
    pub(crate) tenant: &'a Tenant,
    /// Tenant as spelled in the path.
    pub(crate) segment: &'a str,
    /// Scheme, host and port as the client addressed them.
    pub(crate) base: &'a str,
    /// The endpoint's path below the tenant.
    pub(crate) endpoint: &'static str,
    pub(crate) now: OffsetDateTime,
    pub(crate) skew: time::Duration,
    pub(crate) replays: &'a Replays,
    /// Authorization codes that have been redeemed.
    pub(crate) codes: &'a Replays,
    pub(crate) devices: &'a DeviceCodes,
    pub(crate) sealer: &'a Sealer,
    pub(crate) key: &'a SigningKey,
    pub(crate) lifetimes: Lifetimes,
    /// Issuers whose tokens may stand for an application.
    pub(crate) issuers: &'a [Issuer],
    pub(crate) identities: &'a [ManagedIdentity],
}

/// A client that has proved who it is.
pub(crate) struct Client<'a> {
    pub(crate) application: &'a Application,
    /// `appidacr`: "0" for nothing, "1" for a secret, "2" for a certificate.
    pub(crate) method: &'static str,
}

impl Client<'_> {
    /// Whether it has proved nothing.
    pub(crate) fn is_public(&self) -> bool {
        self.method == "0"
    }
}

/// `jti` values that have been used, until their assertions expire. Only strict mode asks it.
#[derive(Default)]
pub(crate) struct Replays(Mutex<HashMap<[u8; 32], i64>>);

impl Replays {
    /// Whether this is the first use; remembers it until `expires`.
    pub(crate) fn first_use(&self, client: &str, jti: &str, now: i64, expires: i64) -> bool {
        // A digest, so that a long jti takes no more memory than a short one.
        let use_of = sha256(format!("{client} {jti}").as_bytes());
        // The map is whole even if a thread panicked while it held the lock.
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MOST_REMEMBERED {
            used.retain(|_, expires| *expires > now);
        }
        let soonest = || used.iter().min_by_key(|(_, expires)| **expires).map(|(key, _)| *key);
        if used.len() >= MOST_REMEMBERED
            && let Some(soonest) = soonest()
        {
            used.remove(&soonest);
        }
        used.insert(use_of, expires).is_none_or(|earlier| earlier <= now)
    }
}

/// Authenticates by client assertion.
pub(crate) fn by_assertion<'a>(
    at: &Circumstances<'a>,
    client_id: &str,
    text: &str,
    trail: &mut Trail,
) -> Result<Client<'a>, ServiceError> {
    let assertion = Assertion::parse(text)?;
    assertion.check_duplicates(trail)?;
    check_critical(&assertion)?;
    trail.passed("jwt");
    if is_foreign(&assertion) {
        return by_federation(at, client_id, &assertion, text, trail);
    }
    check_type(&assertion)?;
    trail.passed("typ");
    let algorithm = algorithm(&assertion)?;
    trail.passed(format!("alg {}", algorithm.name));
    for name in ["iss", "aud", "sub"] {
        required_claim(&assertion, name)?;
    }
    trail.passed("claims");
    let hint = assertion.key_hint(trail)?;
    if hint.is_empty() {
        let text = "Invalid JWT token. No certificate thumbprint, certificate SHA-256 thumbprint or key id \
                    specified in token header.";
        return Err(ServiceError::new(5002723, text).because("no x5t, x5t#S256 or kid in the header"));
    }
    trail.passed(format!("key hint {}", hint.names()));
    let application = find_application(at.applications, client_id, Some(at.tenant), at.segment)?;
    trail.passed("application");
    check_subject(&assertion, client_id, trail)?;
    trail.passed("iss and sub");
    check_audience(&assertion, at, trail)?;
    trail.passed("aud");
    let expires = check_time(&assertion, at, trail)?;
    trail.passed("time");
    check_key(&assertion, &hint, &algorithm, application, at.now, trail)?;
    check_replay(&assertion, client_id, expires, at, trail)?;
    admitted(application, at, trail)?;
    Ok(Client { application, method: "2" })
}

/// Authenticates by a token of another issuer.
fn by_federation<'a>(
    at: &Circumstances<'a>,
    client_id: &str,
    assertion: &Assertion,
    text: &str,
    trail: &mut Trail,
) -> Result<Client<'a>, ServiceError> {
    let algorithm = algorithm(assertion)?;
    if algorithm.name != "RS256" {
        let text = "Invalid JWT token. Supported signing algorithms of federated tokens are: 'RS256'.";
        return Err(ServiceError::new(5002738, text).because(format!("alg is {}", algorithm.name)));
    }
    trail.passed("alg RS256");
    for name in ["aud", "sub"] {
        required_claim(assertion, name)?;
    }
    trail.passed("claims");
    let application = find_application(at.applications, client_id, Some(at.tenant), at.segment)?;
    trail.passed("application");
    check_time(assertion, at, trail)?;
    trail.passed("time");
    federation::check(assertion, text, application, at, trail)?;
    admitted(application, at, trail)?;
    Ok(Client { application, method: "2" })
}

/// Authenticates by client secret.
pub(crate) fn by_secret<'a>(
    at: &Circumstances<'a>,
    client_id: &str,
    secret: &str,
    trail: &mut Trail,
) -> Result<Client<'a>, ServiceError> {
    let application = find_application(at.applications, client_id, Some(at.tenant), at.segment)?;
    trail.passed("application");
    match application.match_secret(secret, at.now) {
        SecretMatch::Valid => trail.passed("secret"),
        SecretMatch::Expired => {
            let text = format!(
                "The provided client secret keys for app '{}' are expired. Create new keys for the app, or consider \
                 certificate credentials for added security.",
                application.app_id
            );
            return Err(ServiceError::new(7000222, text).because("the secret is expired or not yet valid"));
        }
        SecretMatch::None => {
            let text = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                 value, not the client secret ID, for a secret added to app '{}'.",
                application.app_id
            );
            return Err(ServiceError::new(7000215, text).because("no registered secret matches"));
        }
    }
    admitted(application, at, trail)?;
    Ok(Client { application, method: "1" })
}

/// Lets a client be that has no credential, if it may be public; it must exist and be enabled all the same.
pub(crate) fn public<'a>(
    at: &Circumstances<'a>,
    client_id: &str,
    may_be_public: impl Fn(&Application) -> bool,
    trail: &mut Trail,
) -> Result<Option<Client<'a>>, ServiceError> {
    let application = find_application(at.applications, client_id, Some(at.tenant), at.segment)?;
    trail.passed("application");
    if !may_be_public(application) {
        return Ok(None);
    }
    check_in_use(application, at, trail)?;
    Ok(Some(Client { application, method: "0" }))
}

/// [RFC 7515 section 4.1.11](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11): an extension that is marked
/// critical and not understood makes the JWS invalid; none is understood here.
fn check_critical(assertion: &Assertion) -> Result<(), ServiceError> {
    match assertion.header.get("crit") {
        None => Ok(()),
        Some(_) => Err(malformed("its header has a critical extension (crit)")),
    }
}

fn check_type(assertion: &Assertion) -> Result<(), ServiceError> {
    match assertion.header.text("typ")? {
        // Optional by RFC 7519 section 5.1; whether Entra insists is not known.
        None | Some("JWT" | "http://openid.net/specs/jwt/1.0") => Ok(()),
        Some(other) => {
            let text =
                "Invalid JWT header type specified. Allowed types: 'JWT','http://openid.net/specs/jwt/1.0'.";
            Err(ServiceError::new(5002727, text).because(format!("typ is \"{other}\"")))
        }
    }
}

fn required_claim(assertion: &Assertion, name: &str) -> Result<(), ServiceError> {
    if assertion.claims.get(name).is_some() {
        return Ok(());
    }
    let text = format!(
        "The required field '{name}' is missing from the credential. Ensure that you have all the necessary \
         parameters for the login request."
    );
    Err(ServiceError::new(90014, text).because(format!("no {name} in the assertion")))
}

/// The application of this id, as far as the tenant knows it; without a tenant any will do.
pub(crate) fn find_application<'a>(
    applications: &'a [Application],
    client_id: &str,
    tenant: Option<&Tenant>,
    segment: &str,
) -> Result<&'a Application, ServiceError> {
    let of_id = |application: &&Application| application.app_id.eq_ignore_ascii_case(client_id);
    let found = applications.iter().find(of_id);
    // A multi-tenant application that has no service principal in the tenant gets another answer, later.
    let in_tenant = |one: &&Application| tenant.is_none_or(|tenant| one.is_in(tenant) || one.is_multi_tenant);
    let found = found.filter(in_tenant);
    found.ok_or_else(|| {
        let text = format!(
            "Application with identifier '{client_id}' was not found in the directory '{}'. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in \
             the tenant. You may have sent your authentication request to the wrong tenant.",
            segment
        );
        ServiceError::new(700016, text).because("no such application in this tenant")
    })
}

/// [RFC 7523 section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3), items 1 and 2B: issuer and subject are the
/// client id.
fn check_subject(assertion: &Assertion, client_id: &str, trail: &mut Trail) -> Result<(), ServiceError> {
    for name in ["iss", "sub"] {
        let value = assertion.claims.text(name)?.unwrap_or_default();
        if !value.eq_ignore_ascii_case(client_id) {
            let text = "Client assertion application identifier doesn't match 'client_id' parameter.";
            return Err(ServiceError::new(700021, text).because(format!("{name} is not the client_id")));
        }
        if value != client_id {
            trail.deviation(format!("{name} differs from client_id in case"))?;
        }
    }
    Ok(())
}

/// The audiences that name this authority for this tenant: in strict mode the endpoint called, else also the other
/// version's endpoint and both issuers, with the tenant spelled as in the path, as its GUID or as its domain.
fn audiences(at: &Circumstances<'_>, strict: bool) -> Vec<String> {
    let base = at.base;
    if strict {
        return vec![format!("{base}/{}{}", at.segment, at.endpoint)];
    }
    let spellings = [Some(at.segment), Some(at.tenant.id.as_str()), at.tenant.domain.as_deref()];
    let mut accepted = vec![format!("https://sts.windows.net/{}/", at.tenant.id)];
    for tenant in spellings.into_iter().flatten() {
        let paths = ["/oauth2/v2.0/token", "/oauth2/token", "/v2.0"];
        accepted.extend(paths.map(|path| format!("{base}/{tenant}{path}")));
    }
    accepted
}

fn check_audience(
    assertion: &Assertion,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<(), ServiceError> {
    let accepted = audiences(at, trail.is_strict());
    let values: Vec<&str> = match assertion.claims.get("aud") {
        Some(serde_json::Value::String(one)) => vec![one],
        Some(serde_json::Value::Array(several)) => {
            several.iter().filter_map(|value| value.as_str()).collect()
        }
        _ => return Err(malformed("its aud is neither a string nor an array")),
    };
    // Simple string comparison, but for the case of host names, GUIDs and domains when lenient.
    let matches = |value: &&str| {
        accepted.iter().any(|one| one == value || !trail.is_strict() && one.eq_ignore_ascii_case(value))
    };
    if values.iter().any(matches) {
        if values.len() > 1 {
            trail.note("aud names more than one audience");
        }
        return Ok(());
    }
    let text = "Client assertion audience claim does not match Realm issuer. Set 'aud' to the token endpoint that is \
                called, with the same tenant and host.";
    let expected = accepted.first().filter(|_| trail.is_strict()).cloned();
    let expected = expected.unwrap_or_else(|| format!("{}/{}{}", at.base, at.segment, at.endpoint));
    Err(ServiceError::new(700023, text).because(format!("aud is not {expected}")))
}

/// nbf <= now < exp, with the clock skew allowed on both sides. What is absent counts as 1970, as at Entra: harmless
/// for nbf, fatal for exp. Gives back the second in which the assertion expires.
fn check_time(assertion: &Assertion, at: &Circumstances<'_>, trail: &mut Trail) -> Result<i64, ServiceError> {
    let (from, until) = times(assertion, trail)?;
    let too_early = at.now.saturating_add(at.skew) < from;
    let too_late = at.now.saturating_sub(at.skew) >= until;
    let too_long = trail.is_strict() && (until - at.now).whole_seconds() > STRICT_LONGEST_SECONDS;
    if !(too_early || too_late || too_long) {
        return Ok(until.saturating_add(at.skew).unix_timestamp());
    }
    let reason = if too_early {
        format!("valid only {} s from now", (from - at.now).whole_seconds())
    } else if too_late {
        format!("expired {} s ago", (at.now - until).whole_seconds())
    } else {
        format!("valid for more than {STRICT_LONGEST_SECONDS} s")
    };
    Err(outside_time(at.now, from, until).because(reason))
}

/// `nbf` and `exp`; what is absent counts as 1970.
pub(crate) fn times(
    assertion: &Assertion,
    trail: &mut Trail,
) -> Result<(OffsetDateTime, OffsetDateTime), ServiceError> {
    let [from, until, issued] = ["nbf", "exp", "iat"].map(|name| assertion.claims.date(name, trail));
    let instant = |date| match date {
        Date::Absent => OffsetDateTime::UNIX_EPOCH,
        Date::Seconds(seconds) => from_numeric_date(seconds),
    };
    let (from, until, _) = (instant(from?), instant(until?), issued?);
    Ok((from, until))
}

/// AADSTS700024, with the three times from which a client can tell how far its clock is off.
pub(crate) fn outside_time(now: OffsetDateTime, from: OffsetDateTime, until: OffsetDateTime) -> ServiceError {
    let text = format!(
        "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry time \
         of assertion {}.",
        round_trip(now),
        round_trip(from),
        round_trip(until)
    );
    ServiceError::new(700024, text)
}

/// Strict mode: [OpenID Connect Core section 9](https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication)
/// asks for a `jti` and allows each only once. Entra doesn't, and Microsoft's clients reuse an assertion.
fn check_replay(
    assertion: &Assertion,
    client_id: &str,
    expires: i64,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<(), ServiceError> {
    if !trail.is_strict() {
        return Ok(());
    }
    match assertion.claims.text("jti")? {
        None => trail.deviation("no jti"),
        Some(jti) if at.replays.first_use(client_id, jti, at.now.unix_timestamp(), expires) => {
            trail.passed("jti");
            Ok(())
        }
        Some(_) => trail.deviation("jti has been used before"),
    }
}

/// The credential is good; may the application sign in?
fn admitted(
    application: &Application,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<(), ServiceError> {
    if application.is_public {
        let text = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
        return Err(ServiceError::new(700025, text).because("the application is a public client"));
    }
    check_in_use(application, at, trail)
}

/// The application is in the tenant and enabled.
fn check_in_use(
    application: &Application,
    at: &Circumstances<'_>,
    trail: &mut Trail,
) -> Result<(), ServiceError> {
    let app_id = &application.app_id;
    if !application.is_in(at.tenant) {
        let text = format!(
            "The client application {app_id} is missing service principal in the tenant {}.",
            at.tenant.id
        );
        return Err(ServiceError::new(7000229, text).because("no service principal in this tenant"));
    }
    if application.is_disabled {
        let text = format!("Application '{app_id}'({}) is disabled.", application.display_name);
        return Err(ServiceError::new(7000112, text).because("the application is disabled"));
    }
    trail.passed("enabled");
    Ok(())
}
