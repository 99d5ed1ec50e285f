//! What is told to `tracing`, all under the target `certgrant`.
//!
//! No event holds a key, an assertion, a token, a password or a body. Tenant, client id and the addresses that they are part of
//! stand only where the caller allows it.

use core::time::Duration;
use std::sync::Once;

use certgrant_core::{CertificateCredential, HttpRequest, HttpResponse, Notice, Thumbprint};
use tracing::{Level, Span, debug, event, field::Empty, info, span, trace, warn};

use crate::error::Error;

/// The target of all events and spans.
const TARGET: &str = "certgrant";

/// Tells what happens to one client's requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Events {
    pub(crate) names_accounts: bool,
}

impl Events {
    /// Once in a process.
    pub(crate) fn secret_is_used(self) {
        static WARNING: Once = Once::new();
        WARNING.call_once(|| {
            warn!(
                target: TARGET,
                code = "WARN_CLIENT_SECRET",
                "a client secret crosses the network with every request and works for whoever reads it; a certificate does \
                 neither: use ClientCertificateCredential, or silence_secret_warning"
            );
        });
    }

    /// The span of a flight: all that is told of it stands within.
    pub(crate) fn flight(self, is_renewal: bool) -> Span {
        span!(target: TARGET, Level::INFO, "token_request", renewal = is_renewal, client_request_id = Empty, url = Empty)
    }

    pub(crate) fn served(self) {
        trace!(target: TARGET, "token served from the cache");
    }

    pub(crate) fn joined(self) {
        debug!(target: TARGET, "waiting for the same token that another caller has asked for");
    }

    pub(crate) fn opened(self, certificate: &CertificateCredential) {
        debug!(target: TARGET, thumbprint = %name_of(certificate), "certificate opened");
    }

    pub(crate) fn signing(self, algorithm: &str) {
        debug!(target: TARGET, algorithm, "signing a client assertion");
    }

    pub(crate) fn sending(self, request: &HttpRequest) {
        let id = request.headers.iter().find(|(name, _)| *name == "client-request-id");
        if let Some((_, id)) = id {
            Span::current().record("client_request_id", id.as_str());
        }
        if self.names_accounts {
            Span::current().record("url", request.url.as_str());
        }
        debug!(target: TARGET, method = request.method.as_str(), "sending a request");
    }

    pub(crate) fn answered(self, response: &HttpResponse, took: Duration) {
        debug!(target: TARGET, status = response.status, milliseconds = millis(took), "answered");
    }

    pub(crate) fn unanswered(self, found: &str, took: Duration) {
        // The text of a transport may name the host, and that a tenant.
        let found = if self.names_accounts { found } else { "" };
        warn!(target: TARGET, milliseconds = millis(took), found, "no answer");
    }

    pub(crate) fn waiting(self, time: Duration) {
        info!(target: TARGET, milliseconds = millis(time), "asking again later");
    }

    pub(crate) fn noticed(self, notice: &Notice) {
        warn!(target: TARGET, code = notice.code.as_str(), "{notice}");
    }

    pub(crate) fn granted(self, token: &certgrant_core::AccessToken, took: Duration) {
        let expires_in = token.expires_in;
        info!(target: TARGET, milliseconds = millis(took), expires_in, "token granted");
    }

    pub(crate) fn not_refreshed(self, error: &Error) {
        self.failure(error, "the token was not renewed and is still served");
    }

    pub(crate) fn failed(self, error: &Error) {
        self.failure(error, "no token");
    }

    pub(crate) fn renewed(self, certificate: &CertificateCredential) {
        info!(target: TARGET, thumbprint = %name_of(certificate), "certificate renewed");
    }

    pub(crate) fn not_renewed(self, error: &Error) {
        self.failure(error, "the certificate in use stays: its successor is not usable");
    }

    /// An error by its code and the service's, whose texts name accounts.
    fn failure(self, error: &Error, what: &str) {
        let service = error.service();
        let status = service.map(|service| service.status);
        let aadsts = service.and_then(|service| service.error_codes.first().copied());
        let text = self.names_accounts.then(|| error.to_string());
        event!(target: TARGET, Level::WARN, code = error.code(), status, aadsts, text, "{what}");
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A certificate by its thumbprint, which is public.
fn name_of(certificate: &CertificateCredential) -> String {
    let thumbprint = certificate.thumbprint_sha256.as_ref().or(certificate.thumbprint_sha1.as_ref());
    thumbprint.map(Thumbprint::to_hex).unwrap_or_default()
}
