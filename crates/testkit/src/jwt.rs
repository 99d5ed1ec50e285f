//! Reads JWTs with other code than that which makes them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The JSON of a header or payload.
///
/// # Panics
///
/// If the part is not strict base64url of JSON: the test has failed.
pub fn decode_part(part: &str) -> serde_json::Value {
    let json = URL_SAFE_NO_PAD.decode(part).expect("unpadded base64url");
    serde_json::from_slice(&json).expect("JSON")
}

/// Header, payload and signature of a compact JWS.
///
/// # Panics
///
/// If it is none: the test has failed.
pub fn decode(jws: &str) -> (serde_json::Value, serde_json::Value, Vec<u8>) {
    let [header, payload, signature] = jws.split('.').collect::<Vec<_>>().try_into().expect("three parts");
    (
        decode_part(header),
        decode_part(payload),
        URL_SAFE_NO_PAD.decode(signature).expect("unpadded base64url"),
    )
}

/// The value of a parameter in a form-encoded body.
pub fn form_value(body: &str, name: &str) -> Option<String> {
    let encoded = body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut bytes = encoded.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}
