//! The certificate of the demo: a fresh RSA key, and a self-signed certificate that lives for two years.

use anyhow::{Context, Result};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256};
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use time::{Duration, OffsetDateTime};

const MODULUS_BITS: usize = 2048;

/// Two years, as OpenSSL's `-days` counts them.
const LIFETIME: Duration = Duration::days(730);

/// A certificate with its private key. Not `Debug`.
pub(super) struct Certificate {
    pub(super) private_key_pem: String,
    pub(super) certificate_pem: String,
}

impl Certificate {
    /// The certificate as the registration has it: base64 of its DER, which is what stands between the lines of the PEM.
    pub(super) fn der_base64(&self) -> String {
        self.certificate_pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect()
    }
}

/// Makes a key and its certificate.
///
/// # Errors
///
/// The system has no random bytes.
pub(super) fn make(common_name: &str) -> Result<Certificate> {
    let key = rsa::PrivateKey::new(&mut getrandom::SysRng, MODULUS_BITS).context("making an RSA key")?;
    let private_key_pem = key.to_pkcs8_pem(LineEnding::LF).context("writing the RSA key")?;
    let pair = KeyPair::from_pkcs8_pem_and_sign_algo(&private_key_pem, &PKCS_RSA_SHA256)?;
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, common_name);
    parameters.not_before = OffsetDateTime::now_utc();
    parameters.not_after = parameters.not_before + LIFETIME;
    let certificate = parameters.self_signed(&pair).context("signing the certificate")?;
    Ok(Certificate { private_key_pem: private_key_pem.to_string(), certificate_pem: certificate.pem() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_is_handed_out_as_pem_and_as_base64_of_its_der() {
        let made = make("DemoApplication2").expect("random bytes");
        assert!(made.private_key_pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert!(made.certificate_pem.starts_with("-----BEGIN CERTIFICATE-----"));
        let base64 = made.der_base64();
        assert!(base64.starts_with("MII"), "a DER sequence of two length bytes");
        assert!(base64.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)));
    }
}
