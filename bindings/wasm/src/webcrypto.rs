//! Signatures by the runtime's WebCrypto, [W3C Web Cryptography](https://www.w3.org/TR/webcrypto-2/).

use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use certgrant_core::{Algorithm, Error, ErrorCode, PrivateKey};
use certgrant_wasm_convert::throwable;
use core::cell::RefCell;
use js_sys::{Array, JsString, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Crypto, CryptoKey, SubtleCrypto};

/// An RSA private key. WebCrypto binds a key to one algorithm, so it is imported when an algorithm is first used.
pub struct WebCryptoSigner(Rc<Keys>);

struct Keys {
    key: PrivateKey,
    rs256: RefCell<Option<CryptoKey>>,
    ps256: RefCell<Option<CryptoKey>>,
}

impl WebCryptoSigner {
    /// A signer with that key, which is not imported yet.
    pub fn new(key: PrivateKey) -> Self {
        Self(Rc::new(Keys { key, rs256: RefCell::default(), ps256: RefCell::default() }))
    }

    /// A promise of the signature as a `Uint8Array`.
    pub fn sign(&self, algorithm: Algorithm, signing_input: String) -> Promise {
        let keys = self.0.clone();
        future_to_promise(
            async move { keys.sign(algorithm, signing_input.as_bytes()).await.map_err(failure) },
        )
    }
}

impl Keys {
    async fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<JsValue, JsValue> {
        let subtle = subtle()?;
        let slot = match algorithm {
            Algorithm::Ps256 => &self.ps256,
            Algorithm::Rs256 => &self.rs256,
        };
        let known = slot.borrow().clone();
        let key = match &known {
            Some(key) => key.clone(),
            None => self.import(&subtle, algorithm).await?,
        };
        let message = Uint8Array::from(message);
        let signature = subtle.sign_with_object_and_buffer_source(&parameters(algorithm)?, &key, &message)?;
        let signature = Uint8Array::new(&JsFuture::from(signature).await?);
        if known.is_none() {
            // Runtimes import keys whose numbers do not fit together, and sign wrongly with them.
            let spki = self.key.public_key().to_spki_der();
            if !is_signature(&subtle, &spki, algorithm, &message, &signature).await? {
                let found = "numbers that do not make an RSA key";
                return Err(throwable(&Error::new(ErrorCode::KeyInvalid, found, "a sound RSA private key")));
            }
            slot.replace(Some(key));
        }
        Ok(signature.into())
    }

    /// The key for that algorithm, non-extractable.
    async fn import(&self, subtle: &SubtleCrypto, algorithm: Algorithm) -> Result<CryptoKey, JsValue> {
        let pkcs8 = Uint8Array::from(self.key.pkcs8_der().expose().as_slice());
        let usages = Array::of1(&JsString::from("sign"));
        let key = subtle.import_key_with_object("pkcs8", &pkcs8, &parameters(algorithm)?, false, &usages);
        let key = JsFuture::from(key?).await;
        // The copy that crossed over; WebCrypto has its own.
        pkcs8.fill(0, 0, pkcs8.length());
        Ok(key?.unchecked_into())
    }
}

/// A promise that is kept if `signature` was made over `signing_input` by the key of `spki`, and else rejected.
pub fn verify(spki: Vec<u8>, algorithm: Algorithm, signing_input: String, signature: Vec<u8>) -> Promise {
    future_to_promise(async move {
        let verify = async {
            let message = Uint8Array::from(signing_input.as_bytes());
            let signature = Uint8Array::from(signature.as_slice());
            is_signature(&subtle()?, &spki, algorithm, &message, &signature).await
        };
        if verify.await.map_err(failure)? {
            return Ok(JsValue::UNDEFINED);
        }
        let found = format!("{} bytes that its key did not make for {}", signature.len(), algorithm.as_str());
        let expected = "the signature of the certificate's key";
        Err(throwable(&Error::new(ErrorCode::SignatureInvalid, found, expected)))
    })
}

async fn is_signature(
    subtle: &SubtleCrypto,
    spki: &[u8],
    algorithm: Algorithm,
    message: &Uint8Array,
    signature: &Uint8Array,
) -> Result<bool, JsValue> {
    let parameters = parameters(algorithm)?;
    let usages = Array::of1(&JsString::from("verify"));
    let spki = Uint8Array::from(spki);
    let key = subtle.import_key_with_object("spki", &spki, &parameters, true, &usages)?;
    let key: CryptoKey = JsFuture::from(key).await?.unchecked_into();
    let verified = subtle.verify_with_object_and_buffer_source_and_buffer_source(
        &parameters,
        &key,
        signature,
        message,
    )?;
    Ok(JsFuture::from(verified).await?.is_truthy())
}

/// Parameters that serve for import and for signing. RFC 7518 section 3.5: PS256 has a salt as long as its hash.
fn parameters(algorithm: Algorithm) -> Result<Object, JsValue> {
    let parameters = Object::new();
    let set = |name: &str, value: JsValue| Reflect::set(&parameters, &name.into(), &value);
    set("hash", "SHA-256".into())?;
    match algorithm {
        Algorithm::Ps256 => {
            set("name", "RSA-PSS".into())?;
            set("saltLength", 32.into())?;
        }
        Algorithm::Rs256 => {
            set("name", "RSASSA-PKCS1-v1_5".into())?;
        }
    }
    Ok(parameters)
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into())?;
    let subtle = Reflect::get(&crypto, &"subtle".into())?;
    if subtle.is_undefined() {
        Err(JsValue::UNDEFINED)
    } else {
        Ok(crypto.unchecked_into::<Crypto>().subtle())
    }
}

/// What WebCrypto reports, as an error of ours, unless it is one. Its exceptions carry a name and no secret.
fn failure(exception: JsValue) -> JsValue {
    if Reflect::has(&exception, &"hint".into()).unwrap_or(false) {
        return exception;
    }
    let name = Reflect::get(&exception, &"name".into()).ok().and_then(|name| name.as_string());
    let found = match name {
        Some(name) => format!("{name} in WebCrypto"),
        None => String::from("no WebCrypto in this runtime"),
    };
    throwable(&Error::new(ErrorCode::SigningFailed, found, "a signature"))
}
