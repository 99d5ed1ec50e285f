//! What a caller gets.

use alloc::sync::Arc;
use core::fmt;
use std::time::SystemTime;

use crate::clock::system_time;

/// An access token. It is cheap to clone, wiped when the last clone is dropped, and elided in `Debug`.
#[derive(Clone)]
pub struct AccessToken(Arc<certgrant_core::AccessToken>);

impl AccessToken {
    pub(crate) const fn new(token: Arc<certgrant_core::AccessToken>) -> Self {
        Self(token)
    }

    /// The token itself, for an `Authorization: Bearer` header.
    pub fn secret(&self) -> &str {
        self.0.access_token.expose()
    }

    /// `Bearer`, as the service spells it.
    pub fn token_type(&self) -> &str {
        &self.0.token_type
    }

    /// When it dies, by the client's clock.
    pub fn expires_on(&self) -> SystemTime {
        system_time(self.0.expires_on)
    }

    /// From when on it is renewed behind its callers, by the client's clock. A caller that keeps tokens itself asks again
    /// from then on.
    pub fn refresh_on(&self) -> SystemTime {
        system_time(self.0.refresh_on)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("secret", &self.0.access_token)
            .field("expires_on", &self.expires_on())
            .field("refresh_on", &self.refresh_on())
            .finish()
    }
}
