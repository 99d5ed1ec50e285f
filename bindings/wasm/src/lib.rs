//! certgrant's core as a WASM module. It converts, calls core, and converts back; what it decides is nothing. Its surface is the
//! interface `BackendClient` of the npm package, which is also that of the native addon; the host's half is
//! `backends/wasm.ts` there, which signs with WebCrypto.
//!
//! A panic traps: the host sees a `WebAssembly.RuntimeError` and throws the instance away.

#![no_std]

extern crate alloc;

mod convert;
mod options;

use certgrant_core::{CertificateCredential, Error, ErrorCode, FlightId, PrivateKey, Result, Secret};
use certgrant_wasm_convert::{Made, Members, Registry, Value, module, timestamp};
use convert::step_input;
use options::{client_options, token_options};

/// One application with its credential and its flights, and the private key for the host's WebCrypto.
struct Client {
    core: certgrant_core::Client,
    key: Option<PrivateKey>,
}

static CLIENTS: Registry<Client> = Registry::new();

fn with_client<R>(arguments: Members<'_>, work: impl FnOnce(&mut Client) -> Result<R>) -> Result<R> {
    CLIENTS.with(arguments.number("client"), work)
}

fn members<'a>(arguments: Members<'a>, name: &str) -> Members<'a> {
    arguments.members(name).unwrap_or(Members::of(&[]))
}

fn flight(arguments: Members<'_>) -> FlightId {
    FlightId::from_u32(arguments.number("flight").unwrap_or_default() as u32)
}

module! {
    /// Opens a client from `config`, and gives its number.
    fn client_open(arguments) {
        let (config, key) = client_options(&members(arguments, "config"))?.into_config_from_pem()?;
        Ok(CLIENTS.insert(Client { core: certgrant_core::Client::new(config)?, key }).into())
    }

    /// Forgets a client.
    fn client_close(arguments) {
        CLIENTS.remove(arguments.number("client"));
        Ok(Value::Undefined)
    }

    /// The certificate in use.
    fn client_certificate(arguments) {
        with_client(arguments, |client| {
            Ok(client.core.certificate().map_or(Value::Undefined, convert::certificate_info))
        })
    }

    /// The public key of the certificate in use, as `SubjectPublicKeyInfo`.
    fn client_public_key(arguments) {
        with_client(arguments, |client| {
            let certificate = client.core.certificate().ok_or_else(no_key)?;
            Ok(Made::of_bytes(&certificate.public_key().to_spki_der()))
        })
    }

    /// The private key as PKCS#8, for the host to import and wipe.
    fn client_private_key(arguments) {
        with_client(arguments, |client| {
            Ok(Made::of_bytes(client.key.as_ref().ok_or_else(no_key)?.pkcs8_der().expose()))
        })
    }

    /// Puts a renewed certificate in the place of the one in use; a fault of it leaves the old one there. Whether it is another
    /// one.
    fn client_renew(arguments) {
        let file = Secret::new(arguments.bytes("certificate").unwrap_or_default());
        with_client(arguments, |client| {
            let terms = client.core.certificate().ok_or_else(no_key)?.terms().clone();
            let (certificate, key) = CertificateCredential::from_pem(terms, file.expose())?;
            client.key = key;
            Ok(client.core.renew(certificate).into())
        })
    }

    /// Says whether the token that the host holds serves, names a flight to join, or starts one.
    fn client_acquire(arguments) {
        let request = token_options(&members(arguments, "request")).into_request()?;
        let held = convert::held(&members(arguments, "held"));
        let now = now(arguments);
        with_client(arguments, |client| client.core.acquire(&request, held, now).map(convert::acquired))
    }

    /// Takes a flight one step further.
    fn client_step(arguments) {
        let input = step_input(&members(arguments, "input"))?;
        with_client(arguments, |client| {
            client.core.step(flight(arguments), input, now(arguments)).map(|step| convert::step(&step))
        })
    }

    /// Ends a flight that nobody waits for.
    fn client_abandon(arguments) {
        with_client(arguments, |client| {
            client.core.abandon(flight(arguments));
            Ok(Value::Undefined)
        })
    }

    /// What the user should be told, since this was called last.
    fn client_notices(arguments) {
        with_client(arguments, |client| Ok(convert::notices(client.core.take_notices())))
    }

    /// Throws what the host or another module found wrong, in core's words.
    fn fault(arguments) {
        let text = |name| arguments.text(name).unwrap_or_default();
        let code = ErrorCode::parse(&text("code")).unwrap_or(ErrorCode::StepUnexpected);
        let error = Error::new(code, text("found"), text("expected"));
        Err(match arguments.text("hint") {
            Some(hint) => error.with_hint(hint),
            None => error,
        })
    }
}

fn now(arguments: Members<'_>) -> certgrant_core::Timestamp {
    timestamp(arguments.number("now").unwrap_or_default())
}

fn no_key() -> Error {
    Error::new(ErrorCode::SigningFailed, "no private key", "the key's own signer")
}

/// Panics, for the test that a panic traps.
#[cfg(feature = "panic-probe")]
#[unsafe(no_mangle)]
pub extern "C" fn panic_probe() {
    panic!("probe");
}
