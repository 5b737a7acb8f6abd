//! A value of a supervisor that others can follow.

use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::sync::watch;

/// A value that others can follow. Its channel is larger than most values, so
/// it is made at the first subscription.
#[derive(Debug, Default)]
pub struct StateCell<T> {
    /// The value until there is a channel.
    first: Mutex<T>,
    channel: OnceLock<watch::Sender<T>>,
}

impl<T: Clone + PartialEq> StateCell<T> {
    /// Creates a cell that holds `first` until another value is set.
    pub const fn new(first: T) -> Self {
        Self {
            first: Mutex::new(first),
            channel: OnceLock::new(),
        }
    }

    pub fn get(&self) -> T {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        match self.channel.get() {
            Some(channel) => channel.borrow().clone(),
            None => first.clone(),
        }
    }

    /// Sets the value, and notifies the followers if it differs.
    pub fn set(&self, value: T) {
        self.change(|old| {
            let changed = *old != value;
            *old = value;
            changed
        });
    }

    /// Changes the value in place, and notifies the followers if `change`
    /// returns true.
    pub fn change(&self, change: impl FnOnce(&mut T) -> bool) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        match self.channel.get() {
            Some(channel) => channel.send_if_modified(change),
            None => change(&mut first),
        };
    }

    /// Subscribes to changes of the value.
    pub fn follow(&self) -> watch::Receiver<T> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = self.channel.get_or_init(|| watch::Sender::new(first.clone()));
        channel.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn followers_are_notified_of_changes_alone() {
        let value = StateCell::new(1);
        value.set(0);
        value.set(1);
        assert!(value.channel.get().is_none(), "nothing follows it");
        let mut follower = value.follow();
        assert_eq!((value.get(), *follower.borrow_and_update()), (1, 1));
        value.set(1);
        assert!(!follower.has_changed().unwrap());
        value.set(2);
        assert!(follower.has_changed().unwrap());
        assert_eq!((value.get(), *follower.borrow_and_update()), (2, 2));
        value.change(|_| false);
        assert!(!follower.has_changed().unwrap());
        value.change(|old| {
            *old += 1;
            true
        });
        assert_eq!((value.get(), *follower.borrow_and_update()), (3, 3));
    }

    #[test]
    fn a_late_follower_finds_the_value() {
        let value = StateCell::new("a");
        value.set("b");
        assert_eq!((value.get(), *value.follow().borrow()), ("b", "b"));
    }
}
