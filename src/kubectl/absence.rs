//! The reason why an object is not in a list, which is kept for a while: a watch looks
//! again with each change of anything, and that of one that is gone for good stays the same.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::failure::Failure;

/// The time for which a reason is told again. No event tells that it is another one, such as
/// when the namespace of the object is made.
const KEPT: Duration = Duration::from_secs(30);

/// The last reason.
#[derive(Debug, Default)]
pub(super) struct LastAbsence(Mutex<Option<Absence>>);

#[derive(Debug)]
struct Absence {
    /// The nearest name that there was.
    near: Option<String>,
    failure: Failure,
    since: Instant,
}

impl LastAbsence {
    /// Returns the reason, if it was found out just now and the list has not got another
    /// near name.
    pub(super) fn get(&self, near: Option<&str>) -> Option<Failure> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.as_ref()?;
        (last.near.as_deref() == near && last.since.elapsed() < KEPT).then(|| last.failure.clone())
    }

    pub(super) fn keep(&self, near: Option<&str>, failure: &Failure) {
        self.set(Some(Absence {
            near: near.map(str::to_owned),
            failure: failure.clone(),
            since: Instant::now(),
        }));
    }

    /// Forgets it: the object was found.
    pub(super) fn forget(&self) {
        self.set(None);
    }

    fn set(&self, absence: Option<Absence>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = absence;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_reason_is_told_again_for_a_while() {
        let last = LastAbsence::default();
        let failure = Failure::unknown("it is not there");
        let told = |near: Option<&str>| last.get(near).map(|failure| failure.message);
        assert_eq!(told(None), None);
        last.keep(None, &failure);
        tokio::time::advance(KEPT - Duration::from_millis(1)).await;
        assert_eq!(told(None).as_deref(), Some("it is not there"));
        assert_eq!(told(Some("lobby")), None, "something else is near now");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(told(None), None, "it may be another one by now");
        last.keep(Some("lobby"), &failure);
        assert!(told(Some("lobby")).is_some());
        last.forget();
        assert_eq!(told(Some("lobby")), None);
    }
}
