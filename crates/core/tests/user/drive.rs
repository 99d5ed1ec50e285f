//! A host that answers from a script.

use certgrant_core::*;

/// What a scripted host answers.
pub(crate) enum Answer {
    /// Status and body.
    Body(u16, String),
    /// No answer.
    Nothing,
}

pub(crate) fn ok(body: &str) -> Answer {
    Answer::Body(200, body.into())
}

pub(crate) fn refusal(error: &str) -> Answer {
    Answer::Body(400, format!(r#"{{"error":"{error}","error_description":"AADSTS1: no"}}"#))
}

/// A request as it was sent.
pub(crate) struct Sent {
    pub(crate) purpose: Purpose,
    pub(crate) is_fallback: bool,
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
    }
}

/// What a flight did.
pub(crate) struct Driven {
    pub(crate) sent: Vec<Sent>,
    pub(crate) waits: Vec<u64>,
    pub(crate) result: core::result::Result<String, UserFault>,
}

pub(crate) const START: u64 = 1_800_000_000_000;

pub(crate) fn flows(tenant: &str) -> UserFlows {
    let product = Product {
        sku: "Node".into(),
        version: "0.2.4".into(),
        os: Some("linux".into()),
        cpu: Some("x64".into()),
    };
    UserFlows::new(UserOptions {
        authority: "https://login.example".into(),
        tenant: tenant.into(),
        api_version: "1.0".into(),
        product: Some(product),
    })
    .unwrap()
}

pub(crate) fn task(grant: UserGrant) -> UserTask {
    UserTask {
        client_id: "client".into(),
        resource: Some("urn:resource".into()),
        correlation_id: "correlation".into(),
        grant,
    }
}

pub(crate) fn password() -> UserGrant {
    UserGrant::Password { username: "u@x.example".into(), password: "p".to_owned().into() }
}

pub(crate) fn run(grant: UserGrant, script: Vec<Answer>) -> Driven {
    run_in("tenant", task(grant), script)
}

/// Drives a flight to its end; the last answer of the script is given again and again.
pub(crate) fn run_in(tenant: &str, task: UserTask, script: Vec<Answer>) -> Driven {
    let flows = flows(tenant);
    let mut flight = UserFlight::new(task);
    let (mut sent, mut waits) = (vec![], vec![]);
    let mut now = Timestamp::from_millis(START);
    let mut input = UserInput::Begin([7; 32]);
    loop {
        input = match flows.step(&mut flight, input, now).unwrap() {
            UserStep::Send { purpose, is_fallback, request } => {
                let HttpRequest { method, url, headers, body, .. } = request;
                sent.push(Sent { purpose, is_fallback, method, url, headers, body: body.expose().clone() });
                match &script[(sent.len() - 1).min(script.len() - 1)] {
                    Answer::Body(status, body) => UserInput::Response(HttpResponse {
                        status: *status,
                        headers: vec![],
                        body: body.clone().into_bytes().into(),
                    }),
                    Answer::Nothing => UserInput::Failure(TransportFailure::Network("ECONNRESET".into())),
                }
            }
            UserStep::Wait(until) => {
                waits.push(until.as_millis() - now.as_millis());
                now = until;
                UserInput::Woken
            }
            UserStep::Done(result) => {
                let result =
                    result.map(|response| String::from_utf8(response.body.expose().clone()).unwrap());
                return Driven { sent, waits, result };
            }
        };
    }
}
