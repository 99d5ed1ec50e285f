//! What goes to and fro while a token is acquired.

use alloc::vec::Vec;
use certgrant_core::{
    AccessToken, Acquired, CertificateCredential, FlightId, Held, Input, Notice, Outcome, Result, Step,
};
use certgrant_wasm_convert::{
    Builder, Members, Value, array, error_data, http_request, http_response, incomplete, timestamp,
    transport_failure,
};

/// `CertificateInfo`.
pub fn certificate_info(credential: &CertificateCredential) -> Value<'static> {
    Builder::new()
        .set_some("thumbprint", credential.thumbprint_sha1.map(|thumbprint| thumbprint.to_hex()))
        .set_some("thumbprintSha256", credential.thumbprint_sha256.map(|thumbprint| thumbprint.to_hex()))
        .set_some("notBefore", credential.validity.map(|(from, _)| from.as_millis() as f64))
        .set_some("notAfter", credential.validity.map(|(_, to)| to.as_millis() as f64))
        .set("algorithm", credential.algorithm.as_str())
        .finish()
}

/// `Notice[]`.
pub fn notices(notices: Vec<Notice>) -> Value<'static> {
    let object = |notice: &Notice| {
        Builder::new().set("code", notice.code.as_str()).set("message", notice.message()).finish()
    };
    array(notices.iter().map(object))
}

/// `HeldToken`.
pub fn held(held: &Members<'_>) -> Option<Held> {
    let time = |name| held.number(name).map(timestamp);
    Some(Held {
        obtained_on: time("obtainedOn")?,
        refresh_on: time("refreshOn")?,
        expires_on: time("expiresOn")?,
    })
}

/// `Acquired`.
pub fn acquired(acquired: Acquired) -> Value<'static> {
    let (kind, flight) = match acquired {
        Acquired::Serve => ("serve", None),
        Acquired::ServeAndRenew(flight) => ("serveAndRenew", Some(flight)),
        Acquired::Join(flight) => ("join", Some(flight)),
        Acquired::Start(flight) => ("start", Some(flight)),
    };
    Builder::new().set("kind", kind).set_some("flight", flight.map(FlightId::as_u32)).finish()
}

/// `AccessToken`.
fn access_token(token: &AccessToken) -> Value<'static> {
    Builder::new()
        .set("accessToken", token.access_token.expose().as_str())
        .set("tokenType", token.token_type.as_str())
        .set("obtainedOn", token.obtained_on.as_millis() as f64)
        .set("expiresOn", token.expires_on.as_millis() as f64)
        .set("refreshOn", token.refresh_on.as_millis() as f64)
        .set("expiresIn", token.expires_in as f64)
        .seconds("extExpiresIn", token.ext_expires_in)
        .seconds("serviceExpiresOn", token.service_expires_on)
        .seconds("notBefore", token.not_before)
        .seconds("refreshIn", token.refresh_in)
        .set_some("resource", token.resource.as_deref())
        .set_some("scope", token.scope.as_deref())
        .finish()
}

/// The members of `StepInput` as core's input.
pub fn step_input(input: &Members<'_>) -> Result<Input> {
    let text = |name| input.text(name).ok_or_else(incomplete);
    let bytes = |name| input.bytes(name).ok_or_else(incomplete);
    Ok(match text("kind")?.as_str() {
        "begin" => Input::Begin(bytes("entropy")?.try_into().map_err(|_| incomplete())?),
        "signature" => Input::Signature(bytes("signature")?.into()),
        "assertion" => Input::Assertion(text("assertion")?.into()),
        "signingFailed" => Input::SigningFailed(text("message")?),
        "response" => Input::Response(http_response(input)?),
        "failure" => Input::Failure(transport_failure(input)?),
        "woken" => Input::Woken,
        "renewed" => Input::Renewed,
        #[cfg(feature = "wide")]
        "key" => Input::Key(bytes("key")?.into()),
        #[cfg(feature = "wide")]
        "keyUnreadable" => Input::KeyUnreadable(text("message")?),
        _ => return Err(incomplete()),
    })
}

/// `Step`.
pub fn step(step: &Step) -> Value<'static> {
    let object = Builder::new();
    match step {
        Step::Sign(request) => object
            .set("kind", "sign")
            .set("algorithm", request.algorithm.as_str())
            .set("signingInput", request.signing_input.as_str())
            .set("digest", request.digest().as_slice()),
        Step::Renew { after_refusal } => object.set("kind", "renew").set("afterRefusal", *after_refusal),
        Step::Assert { audience } => object.set("kind", "assert").set("audience", audience.as_str()),
        #[cfg(feature = "wide")]
        Step::ReadKey { path } => object.set("kind", "readKey").set("path", path.as_str()),
        Step::Send(request) => object.set("kind", "send").set("request", http_request(request)),
        Step::Wait(until) => object.set("kind", "wait").set("until", until.as_millis() as f64),
        Step::Done(outcome) => {
            let object = object.set("kind", "done");
            match outcome {
                Outcome::Token(token) => object.set("token", access_token(token)),
                Outcome::Held(error) => object.set("isHeld", true).set("error", error_data(error)),
                Outcome::Failed(error) => object.set("error", error_data(error)),
            }
        }
    }
    .finish()
}
