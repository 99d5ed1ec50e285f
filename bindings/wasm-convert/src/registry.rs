//! What a module keeps for its host, by number.

use alloc::vec::Vec;
use certgrant_core::{Error, ErrorCode, Result};
use core::cell::RefCell;

/// Things of a kind, each under the number that the host has for it.
pub struct Registry<T>(RefCell<Vec<Option<T>>>);

// SAFETY: a WASM module without threads has one; it imports nothing, so no call of the host comes while one is under way.
unsafe impl<T> Sync for Registry<T> {}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Registry<T> {
    /// An empty one.
    pub const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// Keeps a thing; its number.
    pub fn insert(&self, thing: T) -> u32 {
        let Ok(mut things) = self.0.try_borrow_mut() else { return u32::MAX };
        let free = things.iter().position(Option::is_none);
        let number = free.unwrap_or(things.len());
        match things.get_mut(number) {
            Some(place) => *place = Some(thing),
            None => things.push(Some(thing)),
        }
        number as u32
    }

    /// Works on the thing of a number.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::StepUnexpected`] if there is none.
    pub fn with<R>(&self, number: Option<f64>, work: impl FnOnce(&mut T) -> Result<R>) -> Result<R> {
        let unknown = || Error::new(ErrorCode::StepUnexpected, "nothing of that number", "what was opened");
        let mut things = self.0.try_borrow_mut().map_err(|_| unknown())?;
        let number = number.ok_or_else(unknown)?;
        work(things.get_mut(number as usize).and_then(Option::as_mut).ok_or_else(unknown)?)
    }

    /// Forgets the thing of a number.
    pub fn remove(&self, number: Option<f64>) {
        if let (Ok(mut things), Some(number)) = (self.0.try_borrow_mut(), number)
            && let Some(place) = things.get_mut(number as usize)
        {
            *place = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again_only_after_removal() {
        let registry = Registry::new();
        assert_eq!([registry.insert('a'), registry.insert('b')], [0, 1]);
        registry.remove(Some(0.0));
        assert!(registry.with(Some(0.0), |_| Ok(())).is_err());
        assert_eq!(registry.insert('c'), 0);
        assert_eq!(registry.with(Some(1.0), |thing| Ok(*thing)).ok(), Some('b'));
        assert!(registry.with(None, |_| Ok(())).is_err());
        registry.remove(Some(9.0));
    }
}
