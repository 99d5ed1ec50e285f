//! The emulator's own certificate authority and the TLS certificate that it issues.
//!
//! Both are made anew for every run, with P-256 keys. The authority's private key is dropped as soon as it has signed
//! its one certificate, so that a client that still trusts the authority later has nothing to fear from it. The
//! certificate is for `localhost`, `127.0.0.1`, `::1` and the host names of the vaults.

use alloc::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::certificate::{hex, sha1};
use crate::error::Error;

/// Browsers refuse a server certificate that is valid for more than 398 days.
const VALIDITY: Duration = Duration::days(397);
/// Clocks of a virtual machine and its host differ.
const BACKDATED: Duration = Duration::days(1);

/// What is needed to serve TLS, and what clients need to trust it.
pub(crate) struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) ca_pem: String,
    /// SHA-1 of the certificate, in upper-case hexadecimal.
    pub(crate) thumbprint: String,
}

impl Identity {
    /// A new authority and its certificate; `hosts` are names beside those of the loopback.
    pub(crate) fn generate(hosts: &[String]) -> Result<Self, Error> {
        let (ca_pem, chain, key) = certificates(hosts).map_err(|fault| Error::Keys(fault.to_string()))?;
        let thumbprint = chain.first().map(|certificate| hex(&sha1(certificate)).to_ascii_uppercase());
        let config = server_config(chain, key).map_err(|fault| Error::Keys(fault.to_string()))?;
        Ok(Self { config: Arc::new(config), ca_pem, thumbprint: thumbprint.unwrap_or_default() })
    }
}

type Chain = Vec<rustls::pki_types::CertificateDer<'static>>;

fn certificates(hosts: &[String]) -> Result<(String, Chain, Vec<u8>), rcgen::Error> {
    let now = OffsetDateTime::now_utc();
    let mut authority = CertificateParams::default();
    authority.not_before = now - BACKDATED;
    authority.not_after = now + VALIDITY;
    authority.distinguished_name.push(DnType::CommonName, "certgrant-emulator certificate authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let loopback = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut server = CertificateParams::new([&loopback[..], hosts].concat())?;
    server.not_before = now - BACKDATED;
    server.not_after = now + VALIDITY;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &authority)?;
    Ok((authority.pem(), vec![certificate.der().clone()], key.serialize_der()))
}

fn server_config(chain: Chain, key: Vec<u8>) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, PrivatePkcs8KeyDer::from(key).into())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
