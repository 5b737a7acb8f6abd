//! The wait for the lock of an instance.

use std::time::Duration;

use tokio::time::Instant;

use crate::event::{Verb, Want};
use crate::failure::{Failure, FailureKind};
use crate::store::InstanceDir;
use crate::store::intent::{self, Intent};
use crate::store::lock::{self, Holder, VerbLock};

/// The pauses between two tries: short at first, then longer.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The limits of a wait for the lock.
pub(super) struct Waiting {
    pub(super) verb: &'static str,
    /// The time at which the wait ends as busy.
    pub(super) lock_until: Option<Instant>,
    /// The time at which the whole verb times out.
    pub(super) verb_until: Option<Instant>,
    /// The intent as the verb was typed, for a verb that gives way to a stop
    /// typed after it.
    pub(super) gives_way_from: Option<Option<Intent>>,
}

/// Takes the lock when it is free, else goes on without it.
pub(super) fn try_now(dir: &InstanceDir, verb: Verb) -> Result<Option<VerbLock>, Failure> {
    Ok(try_once(dir, verb.as_str())?.ok())
}

fn try_once(dir: &InstanceDir, verb: &str) -> Result<Result<VerbLock, Holder>, Failure> {
    let tried = if verb == Verb::Stop.as_str() {
        lock::try_stop(dir, verb)
    } else {
        lock::try_verb(dir, verb)
    };
    tried.map_err(|error| cannot(&error))
}

/// Waits until the lock is free, and takes it. Reports its holder once.
///
/// # Errors
/// When the time is over, or a stop came in between.
///
/// # Cancel safety
/// Safe.
pub(super) async fn hold(dir: &InstanceDir, waiting: &Waiting, tell: impl Fn(String)) -> Result<VerbLock, Failure> {
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    loop {
        let holder = match try_once(dir, waiting.verb)? {
            Ok(taken) => return Ok(taken),
            Err(Holder(holder)) => holder,
        };
        let now = Instant::now();
        if waiting.lock_until.is_some_and(|until| now >= until) {
            return Err(Failure::new(FailureKind::Busy, format!("it is held by {holder}"))
                .hint("wait for that, or give --lock-wait a longer time"));
        }
        if waiting.verb_until.is_some_and(|until| now >= until) {
            let message = format!("the time ran out while it was held by {holder}");
            return Err(Failure::new(FailureKind::Timeout, message).hint("nothing was done"));
        }
        if let Some(before) = waiting.gives_way_from {
            give_way(dir, before)?;
        }
        if !told && pause > FIRST_PAUSE * 8 {
            tell(holder);
            told = true;
        }
        let ends = [waiting.lock_until, waiting.verb_until].into_iter().flatten().min();
        let next = now + pause;
        tokio::time::sleep_until(ends.map_or(next, |end| end.min(next))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Fails when a stop was typed since the intent was `before`.
pub(super) fn give_way(dir: &InstanceDir, before: Option<Intent>) -> Result<(), Failure> {
    match intent::read(dir) {
        Ok(Some(now)) if now.want == Want::Stopped && Some(now) != before => Err(stop_wins()),
        _ => Ok(()),
    }
}

/// Returns the failure of a verb during which somebody asked for a stop.
pub(super) fn stop_wins() -> Failure {
    Failure::new(
        FailureKind::Overruled,
        "somebody asked for a stop meanwhile, and that wins",
    )
}

fn cannot(error: &std::io::Error) -> Failure {
    Failure::failed(format!("its lock cannot be taken: {error}"))
        .hint("nothing was changed; free some space or mend the state directory")
}
