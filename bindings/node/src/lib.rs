//! certgrant's core as a native Node.js addon. It converts, calls core, and converts back; what it decides is
//! nothing. Its surface is the interface `BackendClient` of the npm package, which is also that of the WASM module.
//!
//! Each export catches panics, which become exceptions. Signatures are the host's: `entry/node-crypto.ts` of the npm package.

mod convert;
mod error;
mod options;
mod user;
mod vault;

use certgrant_core::{
    CertificateCredential, Error, ErrorCode, FlightId, Held, PrivateKey, SecretBytes, SecretString,
    Timestamp, TokenOptions, plain_pem,
};
use convert::{Acquired, CertificateInfo, HeldToken, Notice, Step, StepInput};
use error::throwable;
use napi::bindgen_prelude::{AsyncTask, Either, Uint8Array};
use napi::{Env, Task};
use napi_derive::napi;
use options::{ClientConfig, TokenRequest, bytes_of};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

// rustc lists the entry that Node.js calls in a file which zig, by which the addon of Windows is linked, does not read. Then an
// addon exports what its objects say themselves.
#[cfg(all(windows, target_env = "gnu"))]
core::arch::global_asm!(".section .drectve,\"yni\"", ".ascii \" -export:napi_register_module_v1\"");

/// One application with its credential and its flights, and the private key until the host takes it.
#[napi]
pub struct Client {
    core: RefCell<certgrant_core::Client>,
    key: RefCell<Option<PrivateKey>>,
}

#[napi]
impl Client {
    /// A client from its configuration; throws what is wrong with it.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, config: ClientConfig) -> napi::Result<Self> {
        let open = || {
            let (config, key) = config.into_core()?.into_config_from_pem()?;
            let core = certgrant_core::Client::new(config)?;
            Ok(Self { core: RefCell::new(core), key: RefCell::new(key) })
        };
        open().map_err(|error| throwable(env, &error))
    }

    /// The certificate in use.
    #[napi(getter, catch_unwind)]
    pub fn certificate(&self) -> Option<CertificateInfo> {
        self.core.borrow().certificate().map(CertificateInfo::from)
    }

    /// Puts a renewed certificate in the place of the one in use; throws what is wrong with it, and keeps the old one.
    /// Whether it is another one.
    #[napi(catch_unwind)]
    pub fn renew(&self, env: Env, certificate: Either<String, Uint8Array>) -> napi::Result<bool> {
        let renew = || {
            let file = bytes_of(certificate);
            let mut core = self.core.borrow_mut();
            let terms = core.certificate().ok_or_else(no_key)?.terms().clone();
            let (certificate, key) = CertificateCredential::from_pem(terms, file.expose())?;
            self.key.replace(key);
            Ok(core.renew(certificate))
        };
        renew().map_err(|error| throwable(env, &error))
    }

    /// Says whether the token that the host holds serves, names a flight to join, or starts one.
    #[napi(catch_unwind)]
    pub fn acquire(
        &self,
        env: Env,
        request: TokenRequest,
        held: Option<HeldToken>,
        now: f64,
    ) -> napi::Result<Acquired> {
        let acquire = || {
            let request = TokenOptions::from(request).into_request()?;
            self.core.borrow_mut().acquire(&request, held.map(Held::from), timestamp(now))
        };
        acquire().map(Acquired::from).map_err(|error| throwable(env, &error))
    }

    /// Takes a flight one step further.
    #[napi(catch_unwind)]
    pub fn step(&self, env: Env, flight: u32, input: StepInput, now: f64) -> napi::Result<Step> {
        let step =
            || self.core.borrow_mut().step(FlightId::from_u32(flight), input.into_core()?, timestamp(now));
        step().map(Step::from).map_err(|error| throwable(env, &error))
    }

    /// Ends a flight that nobody waits for.
    #[napi(catch_unwind)]
    pub fn abandon(&self, flight: u32) {
        self.core.borrow_mut().abandon(FlightId::from_u32(flight));
    }

    /// What the user should be told, since this was called last.
    #[napi(catch_unwind)]
    pub fn take_notices(&self) -> Vec<Notice> {
        self.core.borrow_mut().take_notices().into_iter().map(Notice::from).collect()
    }

    /// Gives the private key away, as PKCS#8; throws where there is none, or none any more.
    #[napi(catch_unwind)]
    pub fn take_private_key(&self, env: Env) -> napi::Result<Uint8Array> {
        let key = self.key.borrow_mut().take().ok_or_else(no_key);
        key.map(|key| Uint8Array::from(key.pkcs8_der().expose().as_slice()))
            .map_err(|error| throwable(env, &error))
    }

    /// The public key of the certificate in use, as `SubjectPublicKeyInfo`.
    #[napi(catch_unwind)]
    pub fn public_key(&self, env: Env) -> napi::Result<Uint8Array> {
        let core = self.core.borrow();
        let certificate = core.certificate().ok_or_else(no_key).map_err(|error| throwable(env, &error))?;
        Ok(Uint8Array::new(certificate.public_key().to_spki_der()))
    }
}

fn no_key() -> Error {
    Error::new(ErrorCode::SigningFailed, "no private key", "the key's own signer")
}

/// Throws what the host found wrong, in core's words.
#[napi(catch_unwind, ts_return_type = "never")]
pub fn fault(env: Env, code: String, found: String, expected: String) -> napi::Result<()> {
    let code = ErrorCode::parse(&code).unwrap_or(ErrorCode::StepUnexpected);
    Err(throwable(env, &Error::new(code, found, expected)))
}

/// Opens a PFX, a DER file or an encrypted key on another thread; a promise of the unencrypted PEM, which the caller wipes. Of
/// a key that is elsewhere it is the certificates alone.
#[napi(catch_unwind, ts_return_type = "Promise<Uint8Array>")]
pub fn open_file(file: Uint8Array, password: Option<String>, key_elsewhere: bool) -> AsyncTask<Opening> {
    let password = password.map(SecretString::new);
    AsyncTask::new(Opening { file: file.to_vec().into(), password, key_elsewhere })
}

/// A certificate file that is being opened.
pub struct Opening {
    file: SecretBytes,
    password: Option<SecretString>,
    key_elsewhere: bool,
}

impl Task for Opening {
    type Output = certgrant_core::Result<SecretString>;
    type JsValue = Uint8Array;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        let (file, password) = (self.file.expose(), self.password.as_ref());
        let open = || plain_pem(file, password, self.key_elsewhere);
        Ok(catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_| {
            Err(Error::new(ErrorCode::KeyInvalid, "a file that its reader panicked at", "a certificate file"))
        }))
    }

    fn resolve(&mut self, env: Env, pem: Self::Output) -> napi::Result<Uint8Array> {
        match pem {
            Ok(pem) => Ok(Uint8Array::from(pem.expose().as_bytes())),
            Err(error) => Err(throwable(env, &error)),
        }
    }
}

/// JavaScript's milliseconds; what is no sensible time is the epoch.
fn timestamp(millis: f64) -> Timestamp {
    Timestamp::from_millis(millis as u64)
}

/// Panics, for the test that a panic becomes an exception.
#[cfg(feature = "panic-probe")]
#[napi(catch_unwind)]
pub fn panic_probe() {
    panic!("probe");
}
