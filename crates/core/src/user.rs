//! The flows of ADAL, the library before MSAL, at Entra's v1 endpoints: client secrets, authorization codes, refresh tokens,
//! device codes, user names with passwords of managed and of federated users, and the check of an unknown authority.
//!
//! [`UserFlows`] is asked for a [`UserTask`]; the host carries out the [`UserStep`]s of its flight, as it does with those of a
//! certificate's token. A flight ends with the response that answers the task, or with a [`UserFault`]. What a response holds
//! is read by the host: code that was written for ADAL expects members, dates and leniency of its own.
//!
//! Nothing is sent twice, because ADAL never did; a device code is asked about until it is answered or has expired.

mod device_code;
mod fault;
mod form;
mod mex;
mod realm;
mod trust;
mod xml;

use crate::authority::Authority;
use crate::client::Product;
use crate::encoding::{base64, push_form_encoded};
use crate::entropy::Entropy;
use crate::error::{Error, ErrorCode, Result};
use crate::http::{DEFAULT_TIMEOUT_MILLIS, HttpRequest, HttpResponse, Method, TransportFailure};
use crate::secret::{Secret, SecretString};
use crate::time::Timestamp;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use device_code::Polling;
pub use fault::UserFault;
use realm::Realm;
use trust::{Assertion, TrustEndpoint};

/// Where instance discovery asks about a host: the one service that knows those of every cloud.
const DISCOVERY: &str = "https://login.windows.net/common/discovery/instance";

/// What ADAL's HTTP library took by default.
const ACCEPT: &str = "application/json, text/plain, */*";

/// Which token service, and what it is told about the calling library.
#[derive(Clone, Debug, Default)]
pub struct UserOptions {
    /// `https://host[:port]`.
    pub authority: String,
    /// The tenant as it stands in the path: also `common` and names that no tenant can have.
    pub tenant: String,
    /// Value of the query parameter `api-version`.
    pub api_version: String,
    /// Values of the `x-client-*` headers.
    pub product: Option<Product>,
}

/// The flows of one authority.
#[derive(Debug)]
pub struct UserFlows {
    authority: Authority,
    tenant: String,
    api_version: String,
    product: Option<Product>,
}

/// What is to be done, and for which client.
#[derive(Debug)]
pub struct UserTask {
    /// Application (client) id.
    pub client_id: String,
    /// App ID URI of the resource; without one the parameter is left out.
    pub resource: Option<String>,
    /// Sent as `client-request-id` with all requests of the task.
    pub correlation_id: String,
    /// What to do.
    pub grant: UserGrant,
}

/// Ways to a token, and the two requests that come before some of them.
#[derive(Debug)]
pub enum UserGrant {
    /// An app-only token with a client secret, [RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4).
    ClientSecret(SecretString),
    /// A user's token for an authorization code, [RFC 6749 section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3).
    AuthorizationCode {
        /// The code.
        code: SecretString,
        /// The redirect URI of the authorization request.
        redirect_uri: String,
        /// The secret of a confidential client.
        client_secret: Option<SecretString>,
    },
    /// A new token for a refresh token, [RFC 6749 section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6).
    RefreshToken {
        /// The refresh token.
        refresh_token: SecretString,
        /// The secret of a confidential client.
        client_secret: Option<SecretString>,
    },
    /// A user's token for a password: sent to the token service, or to the user's federation server.
    Password {
        /// The user's name, an e-mail address.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// A code for the user to type in elsewhere, [RFC 8628 section 3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1).
    UserCode {
        /// Language of the message for the user, such as `de-DE`.
        language: Option<String>,
    },
    /// The token of a user who types in a code, [RFC 8628 section 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4).
    DeviceCode {
        /// The device code.
        device_code: SecretString,
        /// Milliseconds between two questions.
        interval_millis: u64,
        /// Milliseconds after which the code is of no use.
        expires_in_millis: u64,
    },
    /// The question whether a token service of this host is known.
    Discovery,
}

/// What a request of a flight is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A token.
    Token,
    /// A code for the user.
    UserCode,
    /// Whether the user is managed or federated.
    Realm,
    /// The federation server's metadata (WS-MetadataExchange).
    Metadata,
    /// The federation server's assertion about the user (WS-Trust).
    Assertion,
    /// Whether the host is known.
    Discovery,
}

impl Purpose {
    /// The purpose's name as the bindings spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::UserCode => "userCode",
            Self::Realm => "realm",
            Self::Metadata => "metadata",
            Self::Assertion => "assertion",
            Self::Discovery => "discovery",
        }
    }
}

/// What the host tells a flight.
#[derive(Debug)]
pub enum UserInput {
    /// 32 fresh random bytes: the ids of messages come from them.
    Begin([u8; 32]),
    /// Answer to [`UserStep::Send`]: the response, of whatever status.
    Response(HttpResponse),
    /// Answer to [`UserStep::Send`]: there was no response.
    Failure(TransportFailure),
    /// Answer to [`UserStep::Wait`]: it is time.
    Woken,
}

/// What a flight asks of the host.
#[derive(Debug)]
pub enum UserStep {
    /// Send this; answer with [`UserInput::Response`] or [`UserInput::Failure`]. Redirects of a `POST` must not be followed.
    Send {
        /// What it is for.
        purpose: Purpose,
        /// Whether the federation server's metadata did not serve, so that this goes where the token service said.
        is_fallback: bool,
        /// The request.
        request: HttpRequest,
    },
    /// Come back at that time with [`UserInput::Woken`].
    Wait(Timestamp),
    /// The end of the flight: the response that answers the task, of a status of success, or why there is none.
    Done(core::result::Result<HttpResponse, UserFault>),
}

/// A task under way.
#[derive(Debug)]
pub struct UserFlight {
    task: UserTask,
    entropy: Entropy,
    state: State,
}

#[derive(Debug)]
enum State {
    Begin,
    /// The response to this request ends the flight.
    Last(Purpose),
    Realm,
    Metadata(Realm),
    Assertion,
    Poll(Polling),
    PollAt(Polling, Timestamp),
    Ended,
}

impl UserFlight {
    /// A flight for a task; its first input is [`UserInput::Begin`].
    pub const fn new(task: UserTask) -> Self {
        Self { task, entropy: Entropy::new([0; 32]), state: State::Begin }
    }
}

impl UserFlows {
    /// The flows of an authority.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::AuthorityInvalid`] and [`ErrorCode::AuthorityInsecure`] for what is not an https origin.
    pub fn new(options: UserOptions) -> Result<Self> {
        let UserOptions { authority, tenant, api_version, product } = options;
        Ok(Self { authority: Authority::parse(&authority)?, tenant, api_version, product })
    }

    /// Takes a flight one step further.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::StepUnexpected`] if the flight did not ask for this input; it then has ended.
    pub fn step(&self, flight: &mut UserFlight, input: UserInput, now: Timestamp) -> Result<UserStep> {
        let state = core::mem::replace(&mut flight.state, State::Ended);
        Ok(match (state, input) {
            (State::Begin, UserInput::Begin(entropy)) => {
                flight.entropy = Entropy::new(entropy);
                self.begin(flight)
            }
            (State::Last(purpose), input) => UserStep::Done(answer(purpose, input)?),
            (State::Realm, input) => match answer(Purpose::Realm, input)? {
                Ok(response) => self.after_realm(flight, realm::read(&response), now),
                Err(fault) => UserStep::Done(Err(fault)),
            },
            // Whatever is wrong with the metadata, there may be another way.
            (State::Metadata(realm), input) => {
                let endpoint =
                    answer(Purpose::Metadata, input)?.ok().and_then(|document| mex::read(&document));
                self.after_metadata(flight, realm, endpoint, now)
            }
            (State::Assertion, input) => match exchange_of(input)? {
                Ok(response) => self.after_assertion(flight, trust::read(&response)),
                Err(failure) => UserStep::Done(Err(UserFault::Unanswered(Purpose::Assertion, failure))),
            },
            (State::Poll(polling), input) => self.after_poll(flight, polling, exchange_of(input)?, now),
            (State::PollAt(polling, until), UserInput::Woken) if now < until => {
                flight.state = State::PollAt(polling, until);
                UserStep::Wait(until)
            }
            (State::PollAt(polling, _), UserInput::Woken) => {
                flight.state = State::Poll(polling);
                self.ask_for_token(flight)
            }
            _ => return Err(unexpected()),
        })
    }

    fn begin(&self, flight: &mut UserFlight) -> UserStep {
        match &flight.task.grant {
            // AD FS has no realms: it knows its users.
            UserGrant::Password { username, .. } if !self.tenant.eq_ignore_ascii_case("adfs") => {
                let mut path = String::from("/common/UserRealm/");
                push_form_encoded(&mut path, username);
                let url = [self.authority.as_str(), &path, "?api-version=1.0"].concat();
                flight.state = State::Realm;
                let mut step = self.get(flight, Purpose::Realm, url);
                if let UserStep::Send { request, .. } = &mut step {
                    request.headers.retain(|(name, _)| *name != "accept");
                    request.headers.push(("accept", "application/json".into()));
                }
                step
            }
            UserGrant::DeviceCode { interval_millis, expires_in_millis, .. } => {
                flight.state = State::Poll(Polling::new(*interval_millis, *expires_in_millis));
                self.ask_for_token(flight)
            }
            UserGrant::UserCode { .. } => {
                flight.state = State::Last(Purpose::UserCode);
                let request = self.post_form(flight, "/oauth2/devicecode", form::user_code(&flight.task));
                send(Purpose::UserCode, request)
            }
            UserGrant::Discovery => {
                flight.state = State::Last(Purpose::Discovery);
                let mut url = [DISCOVERY, "?authorization_endpoint="].concat();
                push_form_encoded(&mut url, &self.endpoint("/oauth2/authorize"));
                url.push_str("&api-version=1.0");
                self.get(flight, Purpose::Discovery, url)
            }
            _ => self.ask_for_token(flight),
        }
    }

    fn after_realm(
        &self,
        flight: &mut UserFlight,
        realm: core::result::Result<Option<Realm>, UserFault>,
        now: Timestamp,
    ) -> UserStep {
        match realm {
            Err(fault) => UserStep::Done(Err(fault)),
            Ok(None) => self.ask_for_token(flight),
            Ok(Some(realm)) => match realm.metadata_url.clone() {
                // The document says where the password goes: one that came in clear text could say anything.
                Some(url) if is_https(&url) => {
                    flight.state = State::Metadata(realm);
                    let mut step = self.get(flight, Purpose::Metadata, url);
                    if let UserStep::Send { request, .. } = &mut step {
                        request.headers.push(("content-type", "application/soap+xml".into()));
                    }
                    step
                }
                _ => self.after_metadata(flight, realm, None, now),
            },
        }
    }

    fn after_metadata(
        &self,
        flight: &mut UserFlight,
        realm: Realm,
        endpoint: Option<TrustEndpoint>,
        now: Timestamp,
    ) -> UserStep {
        let is_fallback = endpoint.is_none();
        let endpoint = match endpoint.map_or_else(|| realm.trust_endpoint(), Ok) {
            Ok(endpoint) => endpoint,
            Err(fault) => return UserStep::Done(Err(fault)),
        };
        let UserGrant::Password { username, password } = &flight.task.grant else {
            return UserStep::Done(Err(UserFault::NoTrustEndpoint));
        };
        let body = endpoint.request(username, password, &flight.entropy.uuid(), now);
        let mut headers = self.headers(&flight.task);
        headers.push(("content-type", "application/soap+xml; charset=utf-8".into()));
        headers.push(("soapaction", endpoint.version.action().into()));
        flight.state = State::Assertion;
        let request = HttpRequest { headers, ..http_request(Method::Post, endpoint.url, body) };
        UserStep::Send { purpose: Purpose::Assertion, is_fallback, request }
    }

    fn after_assertion(
        &self,
        flight: &mut UserFlight,
        assertion: core::result::Result<Assertion, UserFault>,
    ) -> UserStep {
        match assertion {
            Err(fault) => UserStep::Done(Err(fault)),
            Ok(Assertion { grant_type, xml }) => {
                let encoded = Secret::new(base64(xml.expose().as_bytes()));
                flight.state = State::Last(Purpose::Token);
                let body = form::assertion(&flight.task, grant_type, &encoded);
                send(Purpose::Token, self.post_form(flight, "/oauth2/token", body))
            }
        }
    }

    fn after_poll(
        &self,
        flight: &mut UserFlight,
        mut polling: Polling,
        answer: core::result::Result<HttpResponse, TransportFailure>,
        now: Timestamp,
    ) -> UserStep {
        match polling.judge(answer) {
            device_code::Verdict::Ended(result) => UserStep::Done(result),
            device_code::Verdict::AskAgain(millis) => {
                let until = now.plus_millis(millis);
                flight.state = State::PollAt(polling, until);
                UserStep::Wait(until)
            }
        }
    }

    fn ask_for_token(&self, flight: &mut UserFlight) -> UserStep {
        if !matches!(flight.state, State::Poll(_)) {
            flight.state = State::Last(Purpose::Token);
        }
        send(Purpose::Token, self.post_form(flight, "/oauth2/token", form::token(&flight.task)))
    }

    /// Below the authority and the tenant, which is encoded whatever it holds.
    fn endpoint(&self, path: &str) -> String {
        let mut url = [self.authority.as_str(), "/"].concat();
        push_form_encoded(&mut url, &self.tenant);
        url.push_str(path);
        url
    }

    fn post_form(&self, flight: &UserFlight, path: &str, body: SecretString) -> HttpRequest {
        let mut url = self.endpoint(path);
        url.push_str("?api-version=");
        push_form_encoded(&mut url, &self.api_version);
        let mut headers = self.headers(&flight.task);
        headers.push(("content-type", "application/x-www-form-urlencoded".into()));
        HttpRequest { headers, ..http_request(Method::Post, url, body) }
    }

    fn get(&self, flight: &UserFlight, purpose: Purpose, url: String) -> UserStep {
        let headers = self.headers(&flight.task);
        let request = HttpRequest { headers, ..http_request(Method::Get, url, Secret::new(String::new())) };
        send(purpose, request)
    }

    fn headers(&self, task: &UserTask) -> Vec<(&'static str, String)> {
        let mut headers = Vec::with_capacity(9);
        headers.push(("accept", ACCEPT.into()));
        headers.push(("client-request-id", task.correlation_id.clone()));
        headers.push(("return-client-request-id", "true".into()));
        if let Some(product) = &self.product {
            headers.push(("x-client-SKU", product.sku.clone()));
            headers.push(("x-client-Ver", product.version.clone()));
            headers.extend(product.os.clone().map(|os| ("x-client-OS", os)));
            headers.extend(product.cpu.clone().map(|cpu| ("x-client-CPU", cpu)));
        }
        headers
    }
}

fn http_request(method: Method, url: String, body: SecretString) -> HttpRequest {
    let timeout_millis = DEFAULT_TIMEOUT_MILLIS;
    HttpRequest {
        method,
        url,
        headers: Vec::new(),
        secret_header: None,
        body,
        timeout_millis,
        is_direct: false,
        #[cfg(feature = "managed-identity")]
        server_thumbprint: None,
    }
}

const fn send(purpose: Purpose, request: HttpRequest) -> UserStep {
    UserStep::Send { purpose, is_fallback: false, request }
}

/// What came of a request: a response of whatever status, or none.
fn exchange_of(input: UserInput) -> Result<core::result::Result<HttpResponse, TransportFailure>> {
    match input {
        UserInput::Response(response) => Ok(Ok(response)),
        UserInput::Failure(failure) => Ok(Err(failure)),
        _ => Err(unexpected()),
    }
}

/// The same, where a status other than one of success is a fault.
fn answer(purpose: Purpose, input: UserInput) -> Result<core::result::Result<HttpResponse, UserFault>> {
    Ok(match exchange_of(input)? {
        Ok(response) if is_success(response.status) => Ok(response),
        Ok(response) => Err(UserFault::Refused(purpose, response)),
        Err(failure) => Err(UserFault::Unanswered(purpose, failure)),
    })
}

const fn is_success(status: u16) -> bool {
    matches!(status, 200..=299)
}

fn is_https(url: &str) -> bool {
    url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
}

fn unexpected() -> Error {
    let found = "an input that the flight did not ask for";
    Error::new(
        ErrorCode::StepUnexpected,
        format!("{found}, or one behind its end"),
        "the answer to its last step",
    )
}
