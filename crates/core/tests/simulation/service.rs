//! A token service with weather: it reads what it is sent with code of its own, writes into each token what it was issued
//! for, and fails in every way that is known of token services and of what stands before them.

use crate::answer::{self, Answer, Kind};
use crate::random::Random;
use certgrant_core::HttpRequest;
use certgrant_testkit::jwt::{decode, form_value};
use std::collections::HashSet;

/// What a token says of itself. The text of a token is made of it and read back from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) serial: u64,
    pub(crate) tenant: String,
    pub(crate) scope: String,
    /// The token of the user on whose behalf it is.
    pub(crate) user: Option<String>,
    /// The request parameter `claims`.
    pub(crate) claims: Option<String>,
    /// When, in real milliseconds.
    pub(crate) on: u64,
    /// For how many seconds; not said to the client if there is none.
    pub(crate) life: Option<u64>,
}

/// What no error and no notice may show.
pub(crate) const TOKEN_MARK: &str = "s3cr3t-token";
pub(crate) const CLIENT_SECRET: &str = "s3cr3t-of-the-client";

/// RFC 7523 section 2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

impl Issued {
    pub(crate) fn text(&self) -> String {
        let Self { serial, tenant, scope, user, claims, on, life } = self;
        let [user, claims] = [user, claims].map(|text| text.as_deref().unwrap_or("-"));
        let life = life.map_or("-".into(), |life| life.to_string());
        format!("{TOKEN_MARK}~{serial}~{tenant}~{scope}~{user}~{claims}~{on}~{life}")
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('~').collect();
        let [TOKEN_MARK, serial, tenant, scope, user, claims, on, life] = parts[..] else {
            return None;
        };
        let given = |text: &str| (text != "-").then(|| text.into());
        Some(Self {
            serial: serial.parse().ok()?,
            tenant: tenant.into(),
            scope: scope.into(),
            user: given(user),
            claims: given(claims),
            on: on.parse().ok()?,
            life: (life != "-").then(|| life.parse()).transpose().ok()?,
        })
    }

    /// Whether it is over; nobody can tell of a token whose life is not known.
    pub(crate) fn is_dead(&self, real: u64) -> bool {
        self.life.is_some_and(|secs| self.on.saturating_add(secs.saturating_mul(1000)) <= real)
    }
}

/// How likely which fault is, in percent of requests.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    pub(crate) throttle: u64,
    pub(crate) overload: u64,
    pub(crate) network: u64,
    pub(crate) slow: u64,
    pub(crate) garbage: u64,
    pub(crate) refusal: u64,
    pub(crate) odd_lives: u64,
}

impl Weather {
    /// Fine as often as not; else one fault that dominates, or a mixture.
    pub(crate) fn random(random: &mut Random) -> Self {
        let strong = |random: &mut Random| *random.pick(&[30, 70, 100]);
        let fine = Self { odd_lives: if random.percent(30) { 40 } else { 0 }, ..Self::default() };
        match random.below(14) {
            0..=4 => fine,
            5 => Self { throttle: strong(random), ..fine },
            6 => Self { overload: strong(random), ..fine },
            7 => Self { network: strong(random), ..fine },
            8 => Self { slow: strong(random), ..fine },
            9 => Self { garbage: strong(random), ..fine },
            10 => Self { refusal: strong(random), ..fine },
            _ => Self { throttle: 8, overload: 8, network: 8, slow: 8, garbage: 8, refusal: 8, ..fine },
        }
    }
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) weather: Weather,
    /// How far its clock is ahead of the true time.
    pub(crate) ahead: i64,
    /// Whether it refuses an assertion that it has seen.
    pub(crate) takes_assertions_once: bool,
    /// The thumbprints of the app's certificates, as `x5t#S256` has them.
    pub(crate) registered: Vec<String>,
    seen: HashSet<String>,
    pub(crate) requests: u64,
    serial: u64,
}

impl Service {
    pub(crate) fn new(weather: Weather, random: &mut Random, registered: Vec<String>) -> Self {
        Self {
            weather,
            ahead: if random.percent(80) { 0 } else { random.within(0, 4000).cast_signed() - 2000 },
            takes_assertions_once: random.percent(10),
            registered,
            seen: HashSet::new(),
            requests: 0,
            serial: 0,
        }
    }

    /// What comes back for a request, and after how many milliseconds.
    ///
    /// # Errors
    ///
    /// What is wrong with the form of the request: a fault of the client.
    pub(crate) fn answer(
        &mut self,
        request: &HttpRequest,
        real: u64,
        random: &mut Random,
    ) -> Result<Answer, String> {
        self.requests += 1;
        let body = request.body.expose();
        let field = |name: &str| form_value(body, name);
        let wanted = |what: &str| format!("a request without a usable {what}");
        let host = "https://login.microsoftonline.com/";
        let tenant = request.url.strip_prefix(host).and_then(|rest| rest.strip_suffix("/oauth2/v2.0/token"));
        let tenant = tenant.ok_or_else(|| wanted("url"))?.to_ascii_lowercase();
        let user = field("assertion");
        let wanted_grant = if user.is_some() { JWT_BEARER } else { "client_credentials" };
        if field("grant_type").as_deref() != Some(wanted_grant) {
            return Err(wanted("grant_type"));
        }
        if field("requested_token_use").is_some_and(|usage| usage == "on_behalf_of") != user.is_some() {
            return Err(wanted("requested_token_use"));
        }
        let scope = field("scope").ok_or_else(|| wanted("scope"))?;
        if let Some(answer) = self.weather_of(request.timeout_millis, real, random) {
            return Ok(answer);
        }
        if let Some(assertion) = field("client_assertion") {
            if let Some(refusal) = self.check(&assertion, &request.url, real, random)? {
                return Ok(refusal);
            }
        } else if field("client_secret").as_deref() != Some(CLIENT_SECRET) {
            return Err(wanted("credential"));
        }
        self.serial += 1;
        let odd = random.percent(self.weather.odd_lives);
        let (life, others) = if odd { answer::odd_life(random) } else { answer::usual_life(random) };
        let claims = field("claims");
        let issued = Issued { serial: self.serial, tenant, scope, user, claims, on: real, life };
        Ok(answer::granted(issued, &others, random))
    }

    /// What the weather makes of a request, before the service reads it.
    fn weather_of(&self, timeout: u32, real: u64, random: &mut Random) -> Option<Answer> {
        let mut left = random.below(100);
        let mut strikes = |share: u64| {
            let hit = left < share;
            left = if hit { u64::MAX } else { left.saturating_sub(share) };
            hit
        };
        let Weather { throttle, overload, network, slow, garbage, refusal, .. } = self.weather;
        let now = real.saturating_add_signed(self.ahead);
        if strikes(throttle) {
            return Some(answer::unavailable(429, now, random));
        }
        if strikes(overload) {
            let status = *random.pick(&[500, 502, 503, 504, 408, 400]);
            return Some(answer::unavailable(status, now, random));
        }
        if strikes(network) {
            return Some(answer::network_failure(random));
        }
        if strikes(slow) {
            return Some(answer::timeout(timeout));
        }
        if strikes(garbage) {
            return Some(answer::garbage(random));
        }
        strikes(refusal).then(|| answer::refusal(random))
    }

    /// Checks an assertion as Entra does, by its own clock and with five minutes of tolerance.
    fn check(
        &mut self,
        assertion: &str,
        url: &str,
        real: u64,
        random: &mut Random,
    ) -> Result<Option<Answer>, String> {
        if assertion.starts_with(crate::host::OUTSIDE_ASSERTION) {
            return Ok(None);
        }
        let (header, claims, _) = decode(assertion);
        if claims["aud"] != url {
            return Err(format!("an assertion for {} at {url}", claims["aud"]));
        }
        let now = real.saturating_add_signed(self.ahead) / 1000;
        let time = |name: &str| claims[name].as_u64().ok_or_else(|| format!("an assertion without {name}"));
        if time("nbf")? > now + 300 || time("exp")? + 300 < now {
            return Ok(Some(answer::invalid_client(700_024, Kind::ClockWrong, Some(now), random)));
        }
        let thumbprint = header["x5t#S256"].as_str().ok_or("an assertion without x5t#S256")?;
        if !self.registered.iter().any(|known| known == thumbprint) {
            return Ok(Some(answer::invalid_client(
                700_027,
                Kind::Unregistered(thumbprint.into()),
                None,
                random,
            )));
        }
        let jti = claims["jti"].as_str().ok_or("an assertion without jti")?;
        if !self.seen.insert(jti.to_owned()) && self.takes_assertions_once {
            return Ok(Some(answer::invalid_client(0, Kind::Reused, None, random)));
        }
        Ok(None)
    }
}
