//! What a supervisor tells whoever follows it.

use std::sync::OnceLock;

use tokio::sync::watch;

/// A value that others can follow. Its channel, which is larger than most of
/// what is sent on it, is made when somebody follows or there is anything to
/// tell: a look at many instances needs none.
#[derive(Debug, Default)]
pub struct Published<T> {
    first: T,
    channel: OnceLock<watch::Sender<T>>,
}

impl<T: Clone + PartialEq> Published<T> {
    /// This value, until another one is set.
    pub const fn new(first: T) -> Self {
        Self {
            first,
            channel: OnceLock::new(),
        }
    }

    /// The value as it is now.
    pub fn get(&self) -> T {
        match self.channel.get() {
            Some(channel) => channel.borrow().clone(),
            None => self.first.clone(),
        }
    }

    /// Sets the value. It is told where it is another one.
    pub fn set(&self, value: T) {
        if self.channel.get().is_none() && value == self.first {
            return;
        }
        self.channel().send_if_modified(|old| {
            let changed = *old != value;
            *old = value;
            changed
        });
    }

    /// Changes the value in place. It is told where `change` returns true.
    pub fn change(&self, change: impl FnOnce(&mut T) -> bool) {
        self.channel().send_if_modified(change);
    }

    /// Follows the value.
    pub fn follow(&self) -> watch::Receiver<T> {
        self.channel().subscribe()
    }

    fn channel(&self) -> &watch::Sender<T> {
        self.channel.get_or_init(|| watch::Sender::new(self.first.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_told_once() {
        let value = Published::new(1);
        value.set(1);
        assert!(value.channel.get().is_none(), "there is nothing to tell");
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
    fn who_comes_later_finds_the_value() {
        let value = Published::new("a");
        value.set("b");
        assert_eq!((value.get(), *value.follow().borrow()), ("b", "b"));
    }
}
