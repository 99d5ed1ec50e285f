//! State that changes while requests are answered: who reads it keeps what was there when he began.

use alloc::sync::Arc;
use std::sync::{PoisonError, RwLock};

/// A shared value that is replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Snapshot<T>(RwLock<Arc<T>>);

impl<T: Clone> Snapshot<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }

    /// The value as it is now.
    pub(crate) fn get(&self) -> Arc<T> {
        // The pointer is whole even if a thread panicked while it held the lock.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes a copy of the value and puts it in its place, unless the change fails.
    pub(crate) fn change<R, E>(&self, change: impl FnOnce(&mut T) -> Result<R, E>) -> Result<R, E> {
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut copy = T::clone(&place);
        let result = change(&mut copy)?;
        *place = Arc::new(copy);
        Ok(result)
    }
}
