//! Azure Key Vault as the place of a private key: the REST requests for a vault's certificate and for its signatures,
//! [certificates/get](https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate/get-certificate) and
//! [keys/sign](https://learn.microsoft.com/rest/api/keyvault/keys/sign/sign).
//!
//! A [`Vault`] is asked for a [`VaultTask`]; the host carries out the [`VaultStep`]s of its flight, as it does with those of
//! a token. The vault wants a token of its own, which the host gets with a credential of any kind: a vault is told whom to
//! ask only if it names its own domain, because a token for another one could be used there.

mod address;
mod answer;
mod challenge;

use crate::encoding::base64url;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorCode, Result};
use crate::http::{DEFAULT_TIMEOUT_MILLIS, HttpRequest, HttpResponse, Method, TransportFailure};
use crate::json::ObjectWriter;
use crate::jws::SigningRequest;
use crate::retry::Retries;
use crate::secret::{Secret, SecretString};
use crate::text::text;
use crate::time::Timestamp;
use address::Address;
use alloc::string::String;
use alloc::vec::Vec;
use challenge::Challenge;

/// The REST version that is spoken: the oldest of those that every cloud has.
const API_VERSION: &str = "7.4";

/// How often a request that failed for a passing reason is sent again.
const MAX_RETRIES: u8 = 3;

/// Which certificate of which vault.
#[derive(Clone, Debug, Default)]
pub struct VaultOptions {
    /// `https://name.vault.azure.net`, or of another cloud.
    pub vault_url: String,
    /// The certificate's name.
    pub certificate_name: String,
    /// Its version; by default the newest at the time of asking.
    pub certificate_version: Option<String>,
}

/// A certificate of a vault.
#[derive(Debug)]
pub struct Vault {
    address: Address,
    /// What its token is for, once that is known.
    wanted: Option<Challenge>,
}

/// What a vault can do.
#[derive(Debug)]
pub enum VaultTask {
    /// Get the certificate.
    Certificate,
    /// Sign with the key of a certificate.
    Sign {
        /// The version of certificate and key, as [`VaultAnswer::Certificate`] named it: a newer key would not fit.
        version: String,
        /// What to sign.
        request: SigningRequest,
    },
}

/// What the host tells a vault's flight.
#[derive(Debug)]
pub enum VaultInput {
    /// 32 fresh random bytes: ids and jitter come from them.
    Begin([u8; 32]),
    /// Answer to [`VaultStep::Token`].
    Token(SecretString),
    /// Answer to [`VaultStep::Token`]: there is none. The text says why and must hold no secret.
    TokenFailed(String),
    /// Answer to [`VaultStep::Send`]: the response, of whatever status.
    Response(HttpResponse),
    /// Answer to [`VaultStep::Send`]: there was no response.
    Failure(TransportFailure),
    /// Answer to [`VaultStep::Wait`]: it is time.
    Woken,
}

/// What a vault's flight asks of the host.
#[derive(Debug)]
pub enum VaultStep {
    /// Get a token for the vault; answer with [`VaultInput::Token`] or [`VaultInput::TokenFailed`].
    Token {
        /// `https://vault.azure.net/.default`, or what the vault names.
        scope: String,
        /// The vault's tenant, if it named one.
        tenant: Option<String>,
        /// A claims challenge of the vault, as JSON.
        claims: Option<String>,
    },
    /// Send this, without following redirects; answer with [`VaultInput::Response`] or [`VaultInput::Failure`].
    Send(HttpRequest),
    /// Come back at that time with [`VaultInput::Woken`].
    Wait(Timestamp),
    /// The end of the flight.
    Done(Result<VaultAnswer>),
}

/// What a vault answered.
#[derive(Debug)]
pub enum VaultAnswer {
    /// Its certificate.
    Certificate {
        /// As PEM, which [`CertificateCredential::from_pem`](crate::CertificateCredential::from_pem) reads.
        pem: String,
        /// Its version, to sign with.
        version: String,
    },
    /// A signature, to be verified before it is used.
    Signature(Vec<u8>),
}

/// A task of a vault under way.
#[derive(Debug)]
pub struct VaultFlight {
    task: VaultTask,
    token: Option<SecretString>,
    entropy: Entropy,
    retries: Retries,
    /// Whether the vault's challenge was answered with another token already.
    is_challenged: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Begin,
    Token,
    Response,
    Time(Timestamp),
}

impl VaultFlight {
    /// A flight for a task; its first input is [`VaultInput::Begin`].
    pub const fn new(task: VaultTask) -> Self {
        Self {
            task,
            token: None,
            entropy: Entropy::new([0; 32]),
            retries: Retries::new(),
            is_challenged: false,
            state: State::Begin,
        }
    }
}

impl Vault {
    /// A certificate of a vault that was not asked yet.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::VaultInvalid`].
    pub fn new(options: &VaultOptions) -> Result<Self> {
        let address = Address::parse(options)?;
        let wanted = address.known_resource().map(Challenge::of_resource);
        Ok(Self { address, wanted })
    }

    /// Whether it is one version of the certificate that was chosen, and not the newest.
    pub const fn is_pinned(&self) -> bool {
        self.address.version.is_some()
    }

    /// Takes a flight one step further.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::StepUnexpected`] if the flight did not ask for this input; it stays as it was.
    pub fn step(&mut self, flight: &mut VaultFlight, input: VaultInput, now: Timestamp) -> Result<VaultStep> {
        match (flight.state, input) {
            (State::Begin, VaultInput::Begin(entropy)) => {
                flight.entropy = Entropy::new(entropy);
                match &self.wanted {
                    Some(wanted) => Ok(flight.ask_for_token(wanted)),
                    // A vault of an unknown cloud names what it wants when it is asked without a token.
                    None => Ok(self.send(flight)),
                }
            }
            (State::Token, VaultInput::Token(token)) => {
                flight.token = Some(token);
                Ok(self.send(flight))
            }
            (State::Token, VaultInput::TokenFailed(text)) => {
                let error = Error::new(ErrorCode::VaultTokenFailed, text, "a token for the vault");
                Ok(VaultStep::Done(Err(error)))
            }
            (State::Response, VaultInput::Response(response)) => Ok(self.conclude(flight, &response, now)),
            (State::Response, VaultInput::Failure(failure)) => {
                Ok(flight.retry(failure.into_error("a response of the vault"), now))
            }
            (State::Time(until), VaultInput::Woken) if now < until => Ok(VaultStep::Wait(until)),
            (State::Time(_), VaultInput::Woken) => Ok(self.send(flight)),
            _ => {
                let found = "an input that the flight did not ask for";
                Err(Error::new(ErrorCode::StepUnexpected, found, "the answer to its last step"))
            }
        }
    }

    fn send(&self, flight: &mut VaultFlight) -> VaultStep {
        flight.state = State::Response;
        let mut headers = Vec::with_capacity(4);
        headers.push(("accept", "application/json".into()));
        headers.push(("x-ms-client-request-id", flight.entropy.uuid()));
        let bearer = flight.token.as_ref().map(|token| ["Bearer ", token.expose()].concat());
        let (method, path, body) = match &flight.task {
            VaultTask::Certificate => (Method::Get, self.address.certificate_path(), String::new()),
            // Without a token the vault is only asked for its challenge, and told nothing.
            VaultTask::Sign { version, .. } if flight.token.is_none() => {
                (Method::Post, self.address.sign_path(version), "{}".into())
            }
            VaultTask::Sign { version, request } => {
                // `value` is the digest itself; the documentation's sample, which has its hexadecimal text, is wrong.
                let mut body = ObjectWriter::new();
                body.string("alg", request.algorithm.as_str()).string("value", &base64url(&request.digest()));
                (Method::Post, self.address.sign_path(version), body.finish())
            }
        };
        if method == Method::Post {
            headers.push(("content-type", "application/json".into()));
        }
        VaultStep::Send(HttpRequest {
            method,
            url: text![self.address.origin, path, "?api-version=", API_VERSION],
            headers,
            secret_header: bearer.map(|bearer| ("authorization", bearer.into())),
            body: Secret::new(body),
            timeout_millis: DEFAULT_TIMEOUT_MILLIS,
            is_direct: false,
            #[cfg(feature = "managed-identity")]
            server_thumbprint: None,
        })
    }

    fn conclude(&mut self, flight: &mut VaultFlight, response: &HttpResponse, now: Timestamp) -> VaultStep {
        if response.status == 401 && !flight.is_challenged {
            match Challenge::read(response, &self.address.host) {
                Ok(Some(challenge)) => {
                    flight.is_challenged = true;
                    let step = flight.ask_for_token(&challenge);
                    self.wanted = Some(challenge.without_claims());
                    return step;
                }
                Ok(None) => {}
                Err(error) => return VaultStep::Done(Err(error)),
            }
        }
        let answer = match &flight.task {
            VaultTask::Certificate => answer::certificate(&self.address, response, now),
            VaultTask::Sign { version, .. } => answer::signature(&self.address, version, response, now),
        };
        match answer {
            Ok(answer) => VaultStep::Done(Ok(answer)),
            Err(error) => flight.retry(error, now),
        }
    }
}

impl VaultFlight {
    fn ask_for_token(&mut self, wanted: &Challenge) -> VaultStep {
        self.state = State::Token;
        let Challenge { scope, tenant, claims } = wanted.clone();
        VaultStep::Token { scope, tenant, claims }
    }

    /// Waits for another try where that can help.
    fn retry(&mut self, error: Error, now: Timestamp) -> VaultStep {
        match self.retries.delay(&error, MAX_RETRIES, &mut self.entropy) {
            Some(millis) => {
                let until = now.plus_millis(millis);
                self.state = State::Time(until);
                VaultStep::Wait(until)
            }
            None => VaultStep::Done(Err(error)),
        }
    }
}
