//! Signatures by the runtime's WebCrypto, [W3C Web Cryptography](https://www.w3.org/TR/webcrypto-2/).

use crate::error::throwable;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use certgrant_core::{Algorithm, Error, ErrorCode, PrivateKey};
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
        let key = self.imported(&subtle, algorithm).await?;
        let message = Uint8Array::from(message);
        let signature = subtle.sign_with_object_and_buffer_source(&parameters(algorithm)?, &key, &message)?;
        Ok(Uint8Array::new(&JsFuture::from(signature).await?).into())
    }

    /// The key for that algorithm, non-extractable.
    async fn imported(&self, subtle: &SubtleCrypto, algorithm: Algorithm) -> Result<CryptoKey, JsValue> {
        let slot = match algorithm {
            Algorithm::Ps256 => &self.ps256,
            Algorithm::Rs256 => &self.rs256,
        };
        if let Some(key) = slot.borrow().clone() {
            return Ok(key);
        }
        let pkcs8 = Uint8Array::from(self.key.pkcs8_der().expose().as_slice());
        let usages = Array::of1(&JsString::from("sign"));
        let key = subtle.import_key_with_object("pkcs8", &pkcs8, &parameters(algorithm)?, false, &usages);
        let key = JsFuture::from(key?).await;
        // The copy that crossed over; WebCrypto has its own.
        pkcs8.fill(0, 0, pkcs8.length());
        let key: CryptoKey = key?.unchecked_into();
        slot.replace(Some(key.clone()));
        Ok(key)
    }
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

/// What WebCrypto reports, as an error of ours. Its exceptions carry a name and no secret.
fn failure(exception: JsValue) -> JsValue {
    let name = Reflect::get(&exception, &"name".into()).ok().and_then(|name| name.as_string());
    let found = match name {
        Some(name) => format!("{name} in WebCrypto"),
        None => String::from("no WebCrypto in this runtime"),
    };
    throwable(&Error::new(ErrorCode::SigningFailed, found, "a signature"))
}
