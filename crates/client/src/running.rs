//! Work that several callers wait for.

use alloc::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::error::{Error, Result};

/// Work on a task of its own. It goes on for as long as somebody holds this, whoever started it: the last one to drop it ends
/// it. To be held by those who wait, and weakly by whoever introduces others to it.
#[derive(Debug)]
pub(crate) struct Running<T> {
    outcome: watch::Receiver<Option<Result<T>>>,
    task: AbortHandle,
}

impl<T: Clone + Send + Sync + 'static> Running<T> {
    /// Starts the work on the caller's runtime.
    ///
    /// # Errors
    ///
    /// `ERR_RUNTIME_MISSING`.
    pub(crate) fn start(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<Arc<Self>> {
        let runtime = Handle::try_current().map_err(|_| Error::runtime_missing())?;
        let (sender, outcome) = watch::channel(None);
        let end = End(sender);
        let task = runtime.spawn(async move {
            let end = end;
            let result = work.await;
            end.0.send_replace(Some(result));
        });
        Ok(Arc::new(Self { outcome, task: task.abort_handle() }))
    }

    /// Waits for the end of the work; none if its runtime was shut down before that.
    pub(crate) async fn outcome(self: &Arc<Self>) -> Option<Result<T>> {
        let mut outcome = self.outcome.clone();
        let ended = outcome.wait_for(Option::is_some).await.ok()?;
        ended.clone()
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Tells the waiting that the work panicked; they would start it again, and it would again.
struct End<T>(watch::Sender<Option<Result<T>>>);

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.send_replace(Some(Err(Error::internal("a panic"))));
        }
    }
}
