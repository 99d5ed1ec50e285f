//! Where the token endpoint is, for authorities that are not known by heart, and which region is called: asked once and kept.

use super::ClientConfig;
use super::flight::{Flight, Progress};
use super::standing::Standing;
use crate::authority::{
    Authority, REGION_URL, Region, RegionName, Tenant, configuration_url, instance_url, read_configuration,
    read_instance, read_region,
};
use crate::error::Result;
use crate::http::{HttpRequest, HttpResponse, Method};
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::token::{TokenRequest, refusal_of};
use alloc::string::String;
use alloc::vec::Vec;

/// How long an answer about an authority is waited for: tokens can be asked for without it.
const TIMEOUT_MILLIS: u32 = 5_000;

/// How long the machine's metadata service has to answer: it is on the machine, or there is none.
const REGION_TIMEOUT_MILLIS: u32 = 2_000;

/// How long nobody is asked again after a question was not answered.
const UNANSWERED_SECS: u64 = 60;

/// How long flights wait before they look again whether another one got the answer.
const PATIENCE_MILLIS: u64 = 50;

/// What is known of the authority so far.
#[derive(Debug, Default)]
pub(super) struct Location {
    is_confirmed: bool,
    region: Option<Option<RegionName>>,
    /// Token endpoints by tenant, where a configuration document named one.
    endpoints: Vec<(Tenant, String)>,
    /// Until when what was not answered is not asked again.
    unanswered: [Timestamp; 3],
    /// Which flight asks at the moment.
    asking: Option<u32>,
}

/// What may have to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Instance,
    Configuration,
    Region,
}

/// What a flight has to do before it can call the token endpoint.
pub(super) enum Next {
    Call(String),
    Ask(Question, HttpRequest),
    LookAgain(Timestamp),
}

impl Location {
    /// The endpoint for a request, or what comes before.
    pub(super) fn next(
        &mut self,
        config: &ClientConfig,
        tenant: &Tenant,
        request: &TokenRequest,
        (flight, now): (u32, Timestamp),
    ) -> Next {
        let Some(question) = self.question(config, tenant, request, now) else {
            return Next::Call(self.endpoint(config, tenant, request));
        };
        if self.asking.is_some_and(|asking| asking != flight) {
            return Next::LookAgain(now.plus_millis(PATIENCE_MILLIS));
        }
        self.asking = Some(flight);
        Next::Ask(question, question.request(config, tenant))
    }

    fn question(
        &self,
        config: &ClientConfig,
        tenant: &Tenant,
        request: &TokenRequest,
        now: Timestamp,
    ) -> Option<Question> {
        let may_ask =
            |question: Question| self.unanswered.get(question as usize).is_some_and(|until| *until <= now);
        if has_region(config, request) && config.region == Some(Region::Detected) && self.region.is_none() {
            return Some(Question::Region);
        }
        if !config.is_discovered() {
            return None;
        }
        if !self.is_confirmed && !tenant.is_adfs() && may_ask(Question::Instance) {
            return Some(Question::Instance);
        }
        let is_known = self.endpoints.iter().any(|(known, _)| known == tenant);
        (!is_known && may_ask(Question::Configuration)).then_some(Question::Configuration)
    }

    fn endpoint(&self, config: &ClientConfig, tenant: &Tenant, request: &TokenRequest) -> String {
        if let Some((_, endpoint)) = self.endpoints.iter().find(|(known, _)| known == tenant) {
            return endpoint.clone();
        }
        let region = match &config.region {
            Some(Region::Named(region)) => Some(region),
            Some(Region::Detected) => self.region.as_ref().and_then(Option::as_ref),
            None => None,
        };
        let regional = region.filter(|_| has_region(config, request));
        let regional: Option<Authority> = regional.and_then(|region| config.authority.in_region(region));
        regional.as_ref().unwrap_or(&config.authority).token_endpoint(tenant, config.endpoint)
    }

    /// Keeps what an answer says.
    ///
    /// # Errors
    ///
    /// That the authority is not to be trusted, or that it does not have the tenant.
    pub(super) fn learn(
        &mut self,
        config: &ClientConfig,
        tenant: &Tenant,
        question: Question,
        response: Option<&HttpResponse>,
        now: Timestamp,
    ) -> Result<()> {
        self.asking = None;
        let body = response.map(|response| response.body.expose().as_slice()).unwrap_or_default();
        let is_answered = match question {
            Question::Region => {
                // None for good: a machine does not move, and where there is no metadata service there will be none.
                self.region =
                    Some(response.filter(|response| response.status == 200).and_then(|_| read_region(body)));
                true
            }
            Question::Instance => {
                self.is_confirmed = read_instance(body)?.is_some();
                self.is_confirmed
            }
            Question::Configuration => match read_configuration(body, &config.authority)? {
                Some(endpoint) => {
                    self.endpoints.push((tenant.clone(), endpoint));
                    true
                }
                None => match response.and_then(|response| refusal_of(response, now)) {
                    Some(refusal) => return Err(refusal),
                    None => false,
                },
            },
        };
        if !is_answered && let Some(until) = self.unanswered.get_mut(question as usize) {
            *until = now.plus_secs(UNANSWERED_SECS);
        }
        Ok(())
    }

    /// The host's clock was set back by so much.
    pub(super) fn clock_was_set_back(&mut self, millis: u64) {
        for until in &mut self.unanswered {
            *until = until.minus_millis(millis);
        }
    }

    /// The flight no longer exists: another one may ask.
    pub(super) fn forget(&mut self, flight: u32) {
        if self.asking == Some(flight) {
            self.asking = None;
        }
    }
}

/// Regional endpoints take client credentials alone.
fn has_region(config: &ClientConfig, request: &TokenRequest) -> bool {
    config.region.is_some() && request.user_assertion.is_none()
}

impl Question {
    fn request(self, config: &ClientConfig, tenant: &Tenant) -> HttpRequest {
        let url = match self {
            Self::Instance => instance_url(&config.authority, tenant),
            Self::Configuration => configuration_url(&config.authority, tenant, config.endpoint),
            Self::Region => REGION_URL.into(),
        };
        let mut headers = Vec::from([("accept", String::from("application/json"))]);
        if self == Self::Region {
            headers.push(("Metadata", "true".into()));
        }
        HttpRequest {
            method: Method::Get,
            url,
            headers,
            secret_header: None,
            body: Secret::new(String::new()),
            timeout_millis: if self == Self::Region { REGION_TIMEOUT_MILLIS } else { TIMEOUT_MILLIS },
            is_direct: self == Self::Region,
            #[cfg(feature = "managed-identity")]
            server_thumbprint: None,
        }
    }
}

impl Flight {
    /// Takes the answer to a question, and goes on.
    pub(super) fn located(
        &mut self,
        config: &ClientConfig,
        standing: &mut Standing,
        question: Question,
        response: Option<&HttpResponse>,
        now: Timestamp,
    ) -> Progress {
        match standing.location.learn(config, &self.tenant, question, response, now) {
            Ok(()) => self.locate(config, standing, now),
            Err(error) => Progress::Landed(Err(error)),
        }
    }
}
