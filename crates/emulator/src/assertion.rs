//! Reading a client assertion: a JWT in compact form, its header, its claims, its signature.
//!
//! [RFC 7515](https://www.rfc-editor.org/rfc/rfc7515) (JWS), [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519) (JWT).
//! This module finds out what the assertion says and which parts are spelled against the RFCs; whether what it says
//! is true, and for whom, is decided in `client_authentication`. Keys that the header brings along (`jwk`, `jku`,
//! `x5u`) are never trusted. No type here is `Debug`: an assertion is a credential as long as it is valid.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};
use base64::{alphabet, engine::DecodePaddingMode};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::log::Trail;
use crate::service_error::ServiceError;

/// base64url whose padding is accepted but not needed.
const URL_SAFE_ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A compact JWS, taken apart. Claims and header are JSON objects; nothing else is certain yet.
pub(crate) struct Assertion {
    pub(crate) header: Object,
    pub(crate) claims: Object,
    pub(crate) signing_input: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// A JSON object and the names that it holds more than once.
pub(crate) struct Object {
    members: serde_json::Map<String, Value>,
    duplicates: Vec<String>,
}

/// A NumericDate as the client wrote it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Date {
    Absent,
    Seconds(f64),
}

/// Which registered key the header points at.
#[derive(Clone, Default)]
pub(crate) struct KeyHint {
    /// Decoded `x5t`; 20 bytes if it is what it should be.
    pub(crate) sha1: Option<Vec<u8>>,
    /// Decoded `x5t#S256`; 32 bytes if it is what it should be.
    pub(crate) sha256: Option<Vec<u8>>,
    /// `kid` as it is.
    pub(crate) kid: Option<String>,
}

impl Assertion {
    pub(crate) fn parse(text: &str) -> Result<Self, ServiceError> {
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("not three parts separated by dots"));
        };
        let decode = |part: &str, name: &str| {
            URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| malformed(&format!("its {name} is not base64url without padding")))
        };
        let object = |part: &str, name: &str| {
            let json = decode(part, name)?;
            serde_json::from_slice(&json).map_err(|_| malformed(&format!("its {name} is not a JSON object")))
        };
        Ok(Self {
            header: object(header, "header")?,
            claims: object(claims, "payload")?,
            signature: decode(signature, "signature")?,
            signing_input: format!("{header}.{claims}").into_bytes(),
        })
    }

    /// Names that occur twice: the last one counts, as
    /// [RFC 7519 section 4](https://www.rfc-editor.org/rfc/rfc7519#section-4) allows; refusing is safer.
    pub(crate) fn check_duplicates(&self, trail: &mut Trail) -> Result<(), ServiceError> {
        for (part, object) in [("header", &self.header), ("payload", &self.claims)] {
            for name in &object.duplicates {
                trail.deviation(format!("\"{name}\" occurs twice in the {part}"))?;
            }
        }
        Ok(())
    }

    /// The key hints of the header, decoded from either base64 alphabet.
    pub(crate) fn key_hint(&self, trail: &mut Trail) -> Result<KeyHint, ServiceError> {
        Ok(KeyHint {
            sha1: self.thumbprint("x5t", trail)?,
            sha256: self.thumbprint("x5t#S256", trail)?,
            kid: self.header.text("kid")?.map(str::to_owned),
        })
    }

    /// Interop: MSAL Go and azure_identity for Rust write standard base64 with padding, MSAL Python base64url with
    /// padding, where [RFC 7515 section 4.1.7](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.7) has base64url
    /// without.
    fn thumbprint(&self, name: &str, trail: &mut Trail) -> Result<Option<Vec<u8>>, ServiceError> {
        let Some(text) = self.header.text(name)? else { return Ok(None) };
        if let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) {
            return Ok(Some(bytes));
        }
        let (bytes, how) = if let Ok(bytes) = URL_SAFE_ANY_PADDING.decode(text) {
            (bytes, "padded base64url")
        } else if let Ok(bytes) = STANDARD.decode(text) {
            (bytes, "standard base64")
        } else {
            return Err(malformed(&format!("its {name} is not base64url")));
        };
        trail.deviation(format!("{name} is {how}, expected base64url without padding"))?;
        Ok(Some(bytes))
    }

    /// The certificates of `x5c`, leaf first; empty if there are none.
    ///
    /// Interop: MSAL .NET writes a single string for [RFC 7515 section
    /// 4.1.6](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6)'s array, MSAL Python leaves line breaks in the
    /// entries, azure_identity for Rust encodes the PEM text in place of the DER.
    pub(crate) fn x5c(&self, trail: &mut Trail) -> Result<Vec<Vec<u8>>, ServiceError> {
        let entries: Vec<&Value> = match self.header.get("x5c") {
            None => return Ok(Vec::new()),
            Some(Value::Array(entries)) => entries.iter().collect(),
            Some(single) => {
                trail.deviation("x5c is not an array")?;
                vec![single]
            }
        };
        let mut certificates = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry.as_str() {
                Some(text) => certificates.extend(x5c_entry(text, trail)?),
                None => trail.deviation("an entry of x5c is not a string")?,
            }
        }
        Ok(certificates)
    }
}

fn x5c_entry(text: &str, trail: &mut Trail) -> Result<Option<Vec<u8>>, ServiceError> {
    let compact: String = text.split_ascii_whitespace().collect();
    if compact.len() != text.len() {
        trail.deviation("an entry of x5c has white space in it")?;
    }
    let Ok(bytes) = STANDARD.decode(compact) else {
        trail.deviation("an entry of x5c is not base64")?;
        return Ok(None);
    };
    let Some(pem) = core::str::from_utf8(&bytes).ok().filter(|text| text.starts_with("-----BEGIN")) else {
        return Ok(Some(bytes));
    };
    trail.deviation("an entry of x5c is base64 of PEM, expected base64 of DER")?;
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    Ok(STANDARD.decode(body).ok())
}

/// The answer to what is not a JWT at all.
pub(crate) fn malformed(reason: &str) -> ServiceError {
    let text = format!("JWT token is invalid or malformed. [Reason - {reason}.]");
    ServiceError::new(50027, text).because(reason)
}

impl Object {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A member that must be a string if it is there.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, ServiceError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(malformed(&format!("its {name} is not a string"))),
        }
    }

    /// A NumericDate.
    ///
    /// Interop: MSAL .NET writes a string of digits. MSAL Python writes a fraction, which [RFC 7519 section
    /// 2](https://www.rfc-editor.org/rfc/rfc7519#section-2) allows.
    pub(crate) fn date(&self, name: &str, trail: &mut Trail) -> Result<Date, ServiceError> {
        let seconds = match self.get(name) {
            None => return Ok(Date::Absent),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => {
                trail.deviation(format!("{name} is a string, expected a number"))?;
                text.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite())
            }
            Some(_) => None,
        };
        seconds.map(Date::Seconds).ok_or_else(|| malformed(&format!("its {name} is not a number of seconds")))
    }
}

impl KeyHint {
    pub(crate) fn is_empty(&self) -> bool {
        self.sha1.is_none() && self.sha256.is_none() && self.kid.is_none()
    }

    /// The members that are there, for the log.
    pub(crate) fn names(&self) -> String {
        let there = [
            self.sha1.as_ref().map(|_| "x5t"),
            self.sha256.as_ref().map(|_| "x5t#S256"),
            self.kid.as_ref().map(|_| "kid"),
        ];
        there.into_iter().flatten().collect::<Vec<_>>().join("+")
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object { members: serde_json::Map::new(), duplicates: Vec::new() };
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if object.members.insert(name.clone(), value).is_some() {
                        object.duplicates.push(name);
                    }
                }
                Ok(object)
            }
        }
        deserializer.deserialize_map(Members)
    }
}
