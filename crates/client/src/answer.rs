//! How long is waited for what the caller brought along: signers, functions, files.

use core::fmt::Display;
use core::time::Duration;

use certgrant_core::DEFAULT_TIMEOUT_MILLIS;
use tokio::time::timeout;

/// As long as one HTTP request may take by default.
const LIMIT: Duration = Duration::from_millis(DEFAULT_TIMEOUT_MILLIS as u64);

/// What is awaited; in its place an error, made of what was found, if there is no answer of `whom` in time. All who wait for
/// that work get it, and whoever comes then begins it anew.
pub(crate) async fn answer_of<T, E>(
    whom: impl Display,
    work: impl Future<Output = Result<T, E>>,
    silent: impl FnOnce(String) -> E,
) -> Result<T, E> {
    answer_within(LIMIT, whom, work, silent).await
}

/// The same with a limit of its own.
pub(crate) async fn answer_within<T, E>(
    limit: Duration,
    whom: impl Display,
    work: impl Future<Output = Result<T, E>>,
    silent: impl FnOnce(String) -> E,
) -> Result<T, E> {
    timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(silent(format!("no answer of {whom} within {} seconds", limit.as_secs()))))
}
