//! Waiting for what must come, without guessing how long it takes.

use std::time::{Duration, Instant};

/// Long enough for a machine that is twenty times overloaded; only a test that
/// fails waits so long.
pub const DEADLINE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(5);

/// Waits until `holds`; panics with `what` when it does not come.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}

/// Waits until `find` finds something and returns that; panics with `what`
/// when it does not come.
#[track_caller]
pub fn wait_for<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < end, "waited {DEADLINE:?} in vain: {what}");
        std::thread::sleep(LOOK);
    }
}
