//! The files of `tests/vectors`, with the answers that their makers' tools gave.

/// A key pair and the RS256 client assertion that OpenSSL made with it.
pub mod assertion_rs256 {
    use base64::Engine as _;

    /// The certificate in DER.
    pub const CERTIFICATE_DER: &[u8] = include_bytes!("../../../tests/vectors/assertion-rs256/cert.der");
    /// The certificate in PEM.
    pub const CERTIFICATE_PEM: &str = include_str!("../../../tests/vectors/assertion-rs256/cert.pem");
    /// The private key in PKCS#8.
    pub const KEY_PKCS8_DER: &[u8] = include_bytes!("../../../tests/vectors/assertion-rs256/key.pkcs8.der");
    /// The signed assertion.
    pub const ASSERTION: &str = include_str!("../../../tests/vectors/assertion-rs256/assertion.jwt");
    /// Its signing input.
    pub const SIGNING_INPUT: &str = include_str!("../../../tests/vectors/assertion-rs256/signing-input.txt");
    /// SHA-256 over the signing input.
    pub const SIGNING_INPUT_SHA256: [u8; 32] = [
        0x77, 0x06, 0xd1, 0xae, 0x7c, 0xf3, 0x90, 0x73, 0x09, 0x84, 0x79, 0x26, 0x0b, 0x91, 0x33, 0x23, 0xba,
        0x23, 0xcf, 0xbf, 0xd7, 0x09, 0x9f, 0x0b, 0x96, 0xc4, 0x2c, 0xf2, 0xac, 0xc7, 0xa0, 0xf4,
    ];
    /// SHA-1 thumbprint in hexadecimal.
    pub const SHA1: &str = "05ECDE798D258B5441F1DE2BE7BEF15E632172F8";
    /// SHA-1 thumbprint in base64url.
    pub const X5T: &str = "BezeeY0li1RB8d4r577xXmMhcvg";
    /// SHA-256 thumbprint in hexadecimal.
    pub const SHA256: &str = "EA831635B6E00379A3F340872B50EB40271E4DE3FFEF2CDCEC051C87AF687142";
    /// SHA-256 thumbprint in base64url.
    pub const X5T_S256: &str = "6oMWNbbgA3mj80CHK1DrQCceTeP_7yzc7AUch69ocUI";
    /// The certificate's first second of validity, a UTCTime.
    pub const NOT_BEFORE: u64 = 1_795_450_241;
    /// The certificate's last second of validity, a GeneralizedTime.
    pub const NOT_AFTER: u64 = 4_949_050_241;
    /// `iss` and `sub`.
    pub const CLIENT_ID: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    /// The tenant of the audience.
    pub const TENANT: &str = "11111111-2222-3333-4444-555555555555";
    /// `aud`.
    pub const AUDIENCE: &str =
        "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token";
    /// `jti`.
    pub const JTI: &str = "00000000-0000-4000-8000-000000000001";
    /// `nbf` and `iat`; `exp` is 300 seconds later.
    pub const ISSUED_AT: u64 = 1_735_689_600;

    /// The private key in PEM.
    pub fn key_pem() -> String {
        include_str!("../../../tests/vectors/assertion-rs256/key.pem").to_owned()
    }

    /// Key and certificate in one PEM.
    pub fn pem() -> String {
        key_pem() + CERTIFICATE_PEM
    }

    /// The certificate in standard base64, one element of `x5c`.
    pub fn certificate_base64() -> String {
        base64::engine::general_purpose::STANDARD.encode(CERTIFICATE_DER)
    }
}

/// Keys and certificates of many kinds, made by OpenSSL (`tests/vectors/make.sh`).
pub mod bundles {
    /// The leaf and its key as PKCS#12; the password is `certgrant`.
    pub const PFX: &[u8] = include_bytes!("../../../tests/vectors/keys/modern.pfx");
    /// A self-signed root.
    pub const ROOT_PEM: &str = include_str!("../../../tests/vectors/bundles/root.pem");
    /// An intermediate that the root issued.
    pub const INTERMEDIATE_PEM: &str = include_str!("../../../tests/vectors/bundles/intermediate.pem");
    /// A leaf that the intermediate issued.
    pub const LEAF_PEM: &str = include_str!("../../../tests/vectors/bundles/leaf.pem");
    /// The leaf's key in PKCS#1.
    pub const LEAF_KEY_PKCS1_PEM: &str = include_str!("../../../tests/vectors/bundles/leaf.pkcs1.key");
    /// An elliptic-curve key in PKCS#8.
    pub const EC_KEY_PEM: &str = include_str!("../../../tests/vectors/bundles/ec.key");
    /// The same key in SEC 1 form.
    pub const EC_KEY_SEC1_PEM: &str = include_str!("../../../tests/vectors/bundles/ec.sec1.key");
    /// A certificate for it.
    pub const EC_CERTIFICATE_PEM: &str = include_str!("../../../tests/vectors/bundles/ec.pem");
    /// The leaf's key in encrypted PKCS#8.
    pub const ENCRYPTED_KEY_PEM: &str = include_str!("../../../tests/vectors/bundles/encrypted.key");
    /// An RSA key of 1024 bits.
    pub const WEAK_KEY_PEM: &str = include_str!("../../../tests/vectors/bundles/weak.key");
    /// The leaf's public key.
    pub const PUBLIC_KEY_PEM: &str = include_str!("../../../tests/vectors/bundles/public.pem");
}
