//! What a host should tell its user although nothing failed.

use crate::text::text;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// How many notices wait to be taken; a host that never takes any loses the older ones.
const CAPACITY: usize = 16;

/// Declares every kind of notice once: variant, wire string, what it says.
macro_rules! notice_codes {
    ($($variant:ident = $code:literal, $summary:literal;)+) => {
        /// What a notice is about. The string form ([`NoticeCode::as_str`]) is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum NoticeCode {
            $(#[doc = concat!("`", $code, "`: ", $summary, ".")] $variant,)+
        }

        impl NoticeCode {
            /// Every code, in alphabetical order of its variant.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable string form, `WARN_…`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What it says.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)+ }
            }
        }
    };
}

notice_codes! {
    AssertionReuseRefused = "WARN_ASSERTION_REUSE_REFUSED",
        "the token service takes each assertion only once, so every request signs anew";
    CertificateExpires = "WARN_CERTIFICATE_EXPIRES",
        "the certificate expires soon: register its successor on the app now";
    CertificateSignatureWeak = "WARN_CERTIFICATE_SIGNATURE_WEAK",
        "the certificate is signed over SHA-1 or weaker: make the next one with SHA-256";
    ClockOff = "WARN_CLOCK_OFF",
        "this machine's clock is wrong: assertions are dated by the token service's clock until it is set";
}

/// One notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub code: NoticeCode,
    /// The figure that belongs to it: a date, a number of seconds; empty if there is none. Never a secret.
    pub detail: String,
}

impl Notice {
    /// The text that it is shown as.
    pub fn message(&self) -> String {
        let summary = self.code.summary();
        if self.detail.is_empty() { summary.into() } else { text![summary, " (", self.detail, ")"] }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

/// The notices that wait for the host to take them.
#[derive(Debug, Default)]
pub(crate) struct Notices(Vec<Notice>);

impl Notices {
    pub(crate) fn push(&mut self, code: NoticeCode, detail: String) {
        if self.0.len() >= CAPACITY {
            self.0.remove(0);
        }
        self.0.push(Notice { code, detail });
    }

    pub(crate) fn take(&mut self) -> Vec<Notice> {
        core::mem::take(&mut self.0)
    }
}
