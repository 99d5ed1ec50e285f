//! A client driven in memory, with a clock that jumps.

use certgrant_core::*;
use certgrant_testkit::authority::InMemoryAuthority;
use certgrant_testkit::vectors::assertion_rs256 as vector;
use std::sync::Arc;

/// When the tests begin: 2026-11-24, behind the first second of every certificate.
pub(crate) const START: u64 = vector::NOT_BEFORE + 86_400;

/// A signature of the right length.
pub(crate) const SIGNATURE: [u8; 256] = [0x5a; 256];

pub(crate) fn signature() -> Input {
    Input::Signature(SIGNATURE.to_vec().into())
}

/// A client, the service that answers it, and its clock.
pub(crate) struct Drive {
    pub(crate) client: CachingClient,
    pub(crate) service: InMemoryAuthority,
    pub(crate) now: Timestamp,
    /// The times that flights waited until.
    pub(crate) waits: Vec<Timestamp>,
    pub(crate) requests: Vec<HttpRequest>,
    pub(crate) flights: u8,
    /// How often the signer was asked.
    pub(crate) signatures: usize,
    /// How far the service's clock is ahead, if it tells the time.
    pub(crate) service_ahead_secs: Option<i64>,
    /// What the host finds when it is asked for a renewed certificate.
    pub(crate) renewed: Option<String>,
    /// How often it was asked.
    pub(crate) renewals: usize,
    /// How often because of a refusal.
    pub(crate) renewals_after_refusal: usize,
    /// Why tokens were not renewed that served all the same.
    pub(crate) not_renewed: Vec<ErrorCode>,
    /// What GET requests are answered, by the beginning of their URL; without one, with a failure.
    pub(crate) documents: Vec<(&'static str, u16, &'static str)>,
    /// The headers of those answers.
    pub(crate) document_headers: Vec<(String, String)>,
    /// What is in the key files of Azure Arc, and which were read.
    pub(crate) key: Option<String>,
    pub(crate) keys_read: Vec<String>,
}

pub(crate) fn options() -> ClientOptions {
    ClientOptions {
        tenant: vector::TENANT.into(),
        client_id: vector::CLIENT_ID.into(),
        credential: CredentialOptions::Certificate(certificate()),
        ..ClientOptions::default()
    }
}

pub(crate) fn certificate() -> CertificateOptions {
    CertificateOptions { file: vector::pem().into_bytes().into(), ..CertificateOptions::default() }
}

pub(crate) fn drive(options: ClientOptions) -> Drive {
    let (config, _) = options.into_config().unwrap();
    Drive {
        client: caching(config),
        service: InMemoryAuthority::new(),
        now: Timestamp::from_secs(START),
        waits: Vec::new(),
        requests: Vec::new(),
        flights: 0,
        signatures: 0,
        service_ahead_secs: None,
        renewed: None,
        renewals: 0,
        renewals_after_refusal: 0,
        not_renewed: Vec::new(),
        documents: Vec::new(),
        document_headers: Vec::new(),
        key: None,
        keys_read: Vec::new(),
    }
}

pub(crate) fn caching(config: ClientConfig) -> CachingClient {
    CachingClient::new(config, CacheLimits::default(), [3; 16]).unwrap()
}

pub(crate) fn request() -> TokenRequest {
    TokenRequest::new(Target::scopes(&["https://graph.microsoft.com/.default"]).unwrap())
}

impl Drive {
    pub(crate) fn start(&mut self, request: &TokenRequest) -> FlightId {
        match self.client.acquire(request, self.now).unwrap() {
            Found::Start(flight) => flight,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn begin(&mut self) -> Input {
        self.flights += 1;
        Input::Begin([self.flights; 32])
    }

    /// Drives a flight to its end; waits pass at once.
    pub(crate) fn finish(&mut self, flight: FlightId) -> Result<Arc<AccessToken>> {
        let mut input = self.begin();
        loop {
            let step = match self.client.step(flight, input, self.now).unwrap() {
                CachingStep::Next(step) => step,
                CachingStep::Done { result, not_renewed } => {
                    self.not_renewed.extend(not_renewed.map(|error| error.code()));
                    return result;
                }
            };
            input = match step {
                Step::Sign(_) => {
                    self.signatures += 1;
                    signature()
                }
                Step::Renew { after_refusal } => {
                    self.renewals += 1;
                    self.renewals_after_refusal += usize::from(after_refusal);
                    if let Some(pem) = self.renewed.take() {
                        self.renew(&pem).unwrap();
                    }
                    Input::Renewed
                }
                Step::ReadKey { path } => {
                    self.keys_read.push(path);
                    match &self.key {
                        Some(key) => Input::Key(key.as_bytes().to_vec().into()),
                        None => Input::KeyUnreadable("EACCES".into()),
                    }
                }
                Step::Assert { .. } => Input::Assertion(vector::ASSERTION.to_owned().into()),
                Step::Send(request) if request.method == Method::Get => self.document(request),
                Step::Send(request) => {
                    let (status, body) = self.service.answer(&request.url, request.body.expose());
                    self.requests.push(request);
                    let mut headers = match status {
                        429 => vec![("Retry-After".into(), "7".into())],
                        503 => vec![("retry-after".into(), "3600".into())],
                        _ if body.windows(5).any(|part| part == b"50196") => {
                            vec![("retry-after".into(), "99999999999".into())]
                        }
                        _ => vec![],
                    };
                    headers.extend(self.date_header());
                    match status {
                        0 => Input::Failure(TransportFailure::Network("ECONNREFUSED".into())),
                        status => Input::Response(HttpResponse { status, headers, body: body.into() }),
                    }
                }
                Step::Wait(until) => {
                    self.waits.push(until);
                    self.now = self.now.max(until);
                    Input::Woken
                }
                Step::Done(_) => unreachable!(),
            };
        }
    }

    /// Starts a flight and drives it until its request is under way.
    pub(crate) fn send(&mut self, request: &TokenRequest) -> FlightId {
        let flight = self.start(request);
        let mut input = self.begin();
        loop {
            input = match self.step(flight, input).unwrap() {
                Step::Sign(_) => signature(),
                Step::Renew { .. } => Input::Renewed,
                Step::Send(_) => return flight,
                other => panic!("{other:?}"),
            };
        }
    }

    fn document(&mut self, request: HttpRequest) -> Input {
        let found = self.documents.iter().find(|(url, ..)| request.url.starts_with(url));
        let input = match found {
            Some((_, status, body)) => {
                let body = body.as_bytes().to_vec().into();
                let headers = self.document_headers.clone();
                Input::Response(HttpResponse { status: *status, headers, body })
            }
            None => Input::Failure(TransportFailure::Network("ECONNREFUSED".into())),
        };
        self.requests.push(request);
        input
    }

    /// Takes a step of a flight that is not its last.
    pub(crate) fn step(&mut self, flight: FlightId, input: Input) -> Result<Step> {
        match self.client.step(flight, input, self.now)? {
            CachingStep::Next(step) => Ok(step),
            CachingStep::Done { result, .. } => panic!("{result:?}"),
        }
    }

    pub(crate) fn renew(&mut self, pem: &str) -> Result<()> {
        let terms = self.client.client().certificate().unwrap().terms().clone();
        self.client.client_mut().renew(CertificateCredential::from_pem(terms, pem.as_bytes())?.0);
        Ok(())
    }

    fn date_header(&self) -> Option<(String, String)> {
        let time = self.now.as_secs().checked_add_signed(self.service_ahead_secs?).unwrap();
        // The tests that look at it stay within the day of START.
        let of_day = time % 86_400;
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        Some(("Date".into(), format!("Tue, 24 Nov 2026 {hour:02}:{minute:02}:{second:02} GMT")))
    }

    /// Gets a token as a caller does; a renewal ahead of time runs behind it.
    pub(crate) fn acquire(&mut self, request: &TokenRequest) -> Result<Arc<AccessToken>> {
        match self.client.acquire(request, self.now)? {
            Found::Token(token) => Ok(token),
            Found::TokenToRenew(token, flight) => {
                let _ = self.finish(flight);
                Ok(token)
            }
            Found::Start(flight) => self.finish(flight),
            Found::Join(_) => panic!("nobody else asks"),
        }
    }

    pub(crate) fn script(&mut self, status: u16, body: &str) {
        self.service.scripted.push_back((status, body.to_owned()));
    }
}
