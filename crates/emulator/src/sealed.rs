//! Opaque values that clients carry: authorization codes and refresh tokens.
//!
//! What such a value stands for is inside it, encrypted (AES-256-GCM, [RFC 5116](https://www.rfc-editor.org/rfc/rfc5116))
//! under a key of this run, so that a million of them take no memory here and nobody can make one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::random;

/// How the service's opaque values begin.
const PREFIX: &str = "1.A";

/// Makes and opens opaque values.
pub(crate) struct Sealer(LessSafeKey);

impl Sealer {
    pub(crate) fn new() -> Result<Self, Error> {
        let key = UnboundKey::new(&AES_256_GCM, &random::bytes::<32>())
            .map_err(|_| Error::Keys("ring refuses the sealing key".to_owned()))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// `kind` keeps one sort of value from passing for another. None if there is nothing that can be written.
    pub(crate) fn seal(&self, kind: &str, value: &impl Serialize) -> Option<String> {
        let nonce = random::bytes::<NONCE_LEN>();
        let mut sealed = serde_json::to_vec(value).ok()?;
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(unique, Aad::from(kind.as_bytes()), &mut sealed).ok()?;
        Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())))
    }

    pub(crate) fn open<T: DeserializeOwned>(&self, kind: &str, text: &str) -> Option<T> {
        let mut bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.0.open_in_place(nonce, Aad::from(kind.as_bytes()), sealed).ok()?;
        serde_json::from_slice(opened).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_as_its_kind_and_unchanged_only() {
        let sealer = Sealer::new().expect("a sealer");
        let text = sealer.seal("code", &"of ada@contoso.com").expect("a value");
        assert_eq!(sealer.open::<String>("code", &text).as_deref(), Some("of ada@contoso.com"));
        assert!(!text.contains("ada"));
        assert_eq!(sealer.open::<String>("refresh", &text), None);
        assert_eq!(Sealer::new().expect("another").open::<String>("code", &text), None);
        let (rest, last) = text.split_at(text.len() - 1);
        let changed = format!("{rest}{}", if last == "A" { "Q" } else { "A" });
        assert_eq!(sealer.open::<String>("code", &changed), None);
        for short in ["", PREFIX, "1.AAAAA"] {
            assert_eq!(sealer.open::<String>("code", short), None);
        }
    }
}
