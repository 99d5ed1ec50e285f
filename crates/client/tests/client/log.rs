//! What is told to `tracing`.

use core::cell::RefCell;
use std::io;
use std::sync::Once;

thread_local! {
    /// What was told on this test's thread, once it listens.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Listens on this thread, where a test's runtime has all its tasks. The subscriber is that of the whole process: one of a thread
/// would miss what others have found to be of no interest.
pub(crate) fn listen() {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let builder = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        tracing::subscriber::set_global_default(builder.with_writer(|| OfThread).finish())
            .expect("the only one");
    });
    LOG.set(Some(Vec::new()));
}

/// What was told since then.
pub(crate) fn heard() -> String {
    String::from_utf8(LOG.take().expect("it was listened")).expect("text")
}

struct OfThread;

impl io::Write for OfThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| {
            if let Some(log) = log {
                log.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
