//! A token service in memory whose answers a test chooses, a clock that follows tokio's, and credentials over both.
//!
//! With tokio's clock paused, time passes only when every task waits for it: nothing here sleeps for real.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use certgrant::{
    BoxFuture, CertificateSource, ClientCertificateCredential, ClientOptions, ClientSecretCredential, Clock,
    HttpRequest, HttpResponse, TokenOptions, Transport, TransportError,
};
use certgrant_testkit::vectors::assertion_rs256 as vector;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

/// When the tests happen: the vectors' certificates are valid then.
pub(crate) const NOW: u64 = 1_798_761_600;
pub(crate) const TENANT: &str = vector::TENANT;
pub(crate) const CLIENT_ID: &str = vector::CLIENT_ID;
pub(crate) const GRAPH: &[&str] = &["https://graph.microsoft.com/.default"];
pub(crate) const VAULT: &[&str] = &["https://vault.azure.net/.default"];

/// A wall clock that goes as tokio's does.
#[derive(Clone, Debug)]
pub(crate) struct TestClock(Instant);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW) + self.0.elapsed()
    }
}

/// A wall clock that stands still where it is set.
#[derive(Clone, Debug)]
pub(crate) struct SteppingClock(Arc<Mutex<SystemTime>>);

impl Default for SteppingClock {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(UNIX_EPOCH + Duration::from_secs(NOW))))
    }
}

impl SteppingClock {
    pub(crate) fn set(&self, secs: u64) {
        *self.0.lock().expect("a lock") = UNIX_EPOCH + Duration::from_secs(secs);
    }
}

impl Clock for SteppingClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().expect("a lock")
    }
}

/// What the service does about one request.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    /// Answers.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Answers after a while.
    AnswerAfter(Duration, String),
    /// Breaks the connection.
    Break,
    /// Never answers.
    Hang,
    /// Panics.
    Panic,
}

impl Does {
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, vec![], String::from("{}"))
    }

    pub(crate) fn retry_after(status: u16, secs: u32) -> Self {
        Self::Answer(status, vec![("retry-after", secs.to_string())], String::from("{}"))
    }
}

/// A token service that lives as long as its clones.
#[derive(Clone, Default)]
pub(crate) struct Service(Arc<Inner>);

impl core::fmt::Debug for Service {
    /// Without the secrets that it was sent.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Service")
    }
}

#[derive(Default)]
struct Inner {
    requests: Mutex<Vec<Seen>>,
    script: Mutex<VecDeque<Does>>,
    /// What it does when the script is at its end; a token by default.
    always: Mutex<Option<Does>>,
    /// Requests wait for a permit if there is one.
    gate: Mutex<Option<Arc<Semaphore>>>,
    under_way: Mutex<usize>,
}

/// A request that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) url: String,
    pub(crate) body: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) secret_header: Option<String>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
    }
}

/// A request under way, for as long as nobody gives it up.
struct UnderWay(Arc<Inner>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        *self.0.under_way.lock().expect("a lock") -= 1;
    }
}

impl Service {
    /// The token that answers request number `n`, counted from 1.
    pub(crate) fn token(n: usize) -> String {
        format!("secret-access-token-{n:08}")
    }

    /// A token response.
    pub(crate) fn grant(token: &str, expires_in: u64) -> String {
        format!(r#"{{"token_type":"Bearer","expires_in":{expires_in},"access_token":"{token}"}}"#)
    }

    /// Adds to what it does about the next requests.
    pub(crate) fn next(&self, does: impl IntoIterator<Item = Does>) {
        self.0.script.lock().expect("a lock").extend(does);
    }

    /// What it does about all requests but those of the script.
    pub(crate) fn always(&self, does: impl Into<Option<Does>>) {
        *self.0.always.lock().expect("a lock") = does.into();
    }

    /// Holds requests back until the semaphore lets them through.
    pub(crate) fn gate(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.0.gate.lock().expect("a lock") = Some(Arc::clone(&gate));
        gate
    }

    /// How many requests there were.
    pub(crate) fn count(&self) -> usize {
        self.requests().len()
    }

    /// How many of them are neither answered nor given up.
    pub(crate) fn under_way(&self) -> usize {
        *self.0.under_way.lock().expect("a lock")
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.0.requests.lock().expect("a lock").clone()
    }

    /// Options for a credential that speaks with it.
    pub(crate) fn options(&self) -> ClientOptions {
        ClientOptions::with_transport(self.clone())
            .authority("https://login.microsoftonline.com")
            .clock(TestClock::new())
    }

    pub(crate) fn secret_credential(&self) -> ClientSecretCredential {
        ClientSecretCredential::new(TENANT, CLIENT_ID, "client-secret-of-the-tests", self.options())
            .expect("a credential")
    }

    pub(crate) fn certificate_credential(&self) -> ClientCertificateCredential {
        self.credential_with(CertificateSource::bytes(vector::pem()))
    }

    pub(crate) fn credential_with(&self, source: CertificateSource) -> ClientCertificateCredential {
        ClientCertificateCredential::new(TENANT, CLIENT_ID, source, self.options()).expect("a credential")
    }

    async fn answer(&self, number: usize) -> Result<HttpResponse, TransportError> {
        let gate = self.0.gate.lock().expect("a lock").clone();
        if let Some(gate) = gate {
            gate.acquire().await.expect("an open gate").forget();
        }
        let scripted = self.0.script.lock().expect("a lock").pop_front();
        let does = scripted.or_else(|| self.0.always.lock().expect("a lock").clone());
        let (status, headers, body) = match does {
            None => (200, vec![], Self::grant(&Self::token(number), 3599)),
            Some(Does::Answer(status, headers, body)) => (status, headers, body),
            Some(Does::AnswerAfter(time, body)) => {
                sleep(time).await;
                (200, vec![], body)
            }
            Some(Does::Break) => return Err(TransportError::new("a broken connection")),
            Some(Does::Hang) => core::future::pending().await,
            Some(Does::Panic) => panic!("a transport of the test's that panics"),
        };
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(HttpResponse { status, headers, body: body.into_bytes().into() })
    }
}

impl Transport for Service {
    fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        let seen = Seen {
            url: request.url.clone(),
            body: request.body.expose().clone(),
            headers: request.headers.clone(),
            secret_header: request.secret_header.as_ref().map(|(_, value)| value.expose().clone()),
        };
        let number = {
            let mut requests = self.0.requests.lock().expect("a lock");
            requests.push(seen);
            requests.len()
        };
        *self.0.under_way.lock().expect("a lock") += 1;
        let under_way = UnderWay(Arc::clone(&self.0));
        Box::pin(async move {
            let _under_way = under_way;
            self.answer(number).await
        })
    }
}

/// Lets every other task run until it waits.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// No options.
pub(crate) fn plain() -> TokenOptions {
    TokenOptions::default()
}
