//! Work that several callers wait for.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::error::{Error, Result};

/// Work on a task of its own. It goes on for as long as somebody holds this, whoever started it: the last one to drop it ends
/// it. To be held by those who wait, and weakly by whoever introduces others to it.
#[derive(Debug)]
pub(crate) struct Running<T> {
    outcome: Outcome<T>,
    is_left: Arc<Notify>,
}

/// How work ends, for whoever wants to know and has no say in it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome<T>(watch::Receiver<Option<Result<T>>>);

/// The caller's runtime.
///
/// # Errors
///
/// `ERR_RUNTIME_MISSING`: there is none, or it has no timers.
pub(crate) fn runtime() -> Result<Handle> {
    let runtime =
        Handle::try_current().map_err(|_| Error::runtime_missing("a thread outside of any runtime"))?;
    // There is nothing else by which tokio tells that a runtime has no timers.
    std::panic::catch_unwind(|| drop(sleep(Duration::ZERO)))
        .map_err(|_panic| Error::runtime_missing("a runtime without timers"))?;
    Ok(runtime)
}

impl<T> Outcome<T> {
    /// Whether there is no result, and nobody left to bring one.
    pub(crate) fn is_dead(&self) -> bool {
        self.0.has_changed().is_err() && self.0.borrow().is_none()
    }
}

impl<T: Clone> Outcome<T> {
    /// Waits for the end; none if there is no result, because all who waited have left, or the runtime was shut down. What the
    /// work held is dropped by then.
    pub(crate) async fn get(mut self) -> Option<Result<T>> {
        let ended = self.0.wait_for(Option::is_some).await.ok()?;
        ended.clone()
    }
}

impl<T: Clone + Send + Sync + 'static> Running<T> {
    /// Starts the work on the caller's runtime.
    ///
    /// # Errors
    ///
    /// `ERR_RUNTIME_MISSING`.
    pub(crate) fn start(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<Arc<Self>> {
        let runtime = runtime()?;
        let (sender, outcome) = watch::channel(None);
        let is_left = Arc::new(Notify::new());
        let end = End(sender);
        runtime.spawn(drive(end, work, Arc::clone(&is_left)));
        Ok(Arc::new(Self { outcome: Outcome(outcome), is_left }))
    }

    /// Whether the work will have no result: its runtime was shut down, perhaps before it had begun.
    pub(crate) fn is_dead(&self) -> bool {
        self.outcome.is_dead()
    }

    /// How the work ends.
    pub(crate) fn outcome(&self) -> Outcome<T> {
        self.outcome.clone()
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.is_left.notify_one();
    }
}

/// Takes the work to its end, or to where all have left it. Whatever happens, the work is dropped before `end`, which tells.
async fn drive<T, W: Future<Output = Result<T>>>(end: End<T>, work: W, is_left: Arc<Notify>) {
    let mut work = Box::pin(work);
    let mut left = pin!(is_left.notified());
    let outcome = poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending => left.as_mut().poll(context).map(|()| None),
    })
    .await;
    drop(work);
    if outcome.is_some() {
        end.0.send_replace(outcome);
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
