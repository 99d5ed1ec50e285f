//! How long is waited for what the caller brought along: signers, functions, files.

use core::fmt::Display;
use core::time::Duration;

use tokio::time::timeout;

/// Longer than anything of certgrant's own takes with all of its retries: a function may get a token of a managed identity.
const LIMIT: Duration = Duration::from_secs(120);

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
