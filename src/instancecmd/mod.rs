//! A verb over many instances.
//!
//! For each instance: the lock, the intent, the verb itself, and an event at
//! every turn. Everything here talks to the [`Supervisor`] trait and to the
//! store; what a pid or a container is, it does not know.
//!
//! ```text
//!  start, restart:  lock ─▶ intent := running ─▶ verb
//!  stop:            intent := stopped ─▶ lock ─▶ intent := stopped ─▶ verb
//!  stop --now:      intent := stopped ─▶ verb, with the lock where it is free
//! ```
//!
//! A stop says what it wants before it waits, so that a start which holds the
//! lock gives way. It says so again under the lock, because another start may
//! have come in between. A start that waits for the lock gives way to a stop
//! that was typed after it.

mod hold;
mod renew;
mod resume;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use renew::end_hung;
pub use resume::{Resumed, resume};

use crate::event::{Verb, VerbEvent, VerbResult, Want};
use crate::failure::{Failure, FailureKind};
use crate::store::intent::{self, Intent};
use crate::store::{InstanceDir, ReadError, StateDir};
use crate::supervisor::{InstanceState, Observation, Outcome, StartOptions, StopOptions, Supervisor};

/// So many instances are worked on at once.
const AT_ONCE: usize = 64;

/// What is to be done, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The verb.
    pub verb: Verb,
    /// `start`, `restart`: return at the launch.
    pub no_wait: bool,
    /// How long each instance may take altogether.
    pub timeout: Option<Duration>,
    /// `stop`, `restart`: skip the polite steps.
    pub now: bool,
    /// How long the lock may be waited for; `None`: as long as the verb may
    /// take.
    pub lock_wait: Option<Duration>,
    /// `stop`: leave the wish as it is.
    pub keeps_intent: bool,
}

/// Where events go.
pub type Events = mpsc::UnboundedSender<VerbEvent>;

/// Carries the order out on every target, many at once, and returns what
/// became of each, in the order of the targets.
///
/// # Cancel safety
/// Dropped, it abandons the waits and frees the locks; what was launched or
/// is being stopped goes on.
pub async fn dispatch(
    order: &Order,
    targets: &[Arc<dyn Supervisor>],
    state: &Arc<StateDir>,
    events: Events,
) -> Vec<VerbResult> {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (index, target) in targets.iter().enumerate() {
        let work = Work {
            order: order.clone(),
            target: Arc::clone(target),
            state: Arc::clone(state),
            events: events.clone(),
        };
        let slots = Arc::clone(&slots);
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _slot = slots.acquire().await;
            (index, work.run().await)
        });
    }
    // Only those who work hold it now: it ends when they have.
    drop(events);
    let mut results: Vec<Option<VerbResult>> = targets.iter().map(|_| None).collect();
    while let Some(done) = tasks.join_next().await {
        if let Ok((index, result)) = done
            && let Some(place) = results.get_mut(index)
        {
            *place = Some(result);
        }
    }
    let missing = |index: usize| broken(targets.get(index).map_or("", |target| target.instance_id()));
    let filled = results.into_iter().enumerate();
    filled
        .map(|(index, result)| result.unwrap_or_else(|| missing(index)))
        .collect()
}

/// The result of a task that came to a bad end: a bug, and told as one.
fn broken(id: &str) -> VerbResult {
    VerbResult {
        id: id.to_owned(),
        changed: false,
        state: None,
        took: Duration::ZERO,
        ended_by: None,
        note: None,
        error: Some(Failure::failed("gamectl failed inside; please report this")),
    }
}

/// A verb on one instance.
struct Work {
    order: Order,
    target: Arc<dyn Supervisor>,
    state: Arc<StateDir>,
    events: Events,
}

impl Work {
    async fn run(self) -> VerbResult {
        let began = Instant::now();
        self.tell(VerbEvent::Began { id: self.id() });
        let outcome = self.carry_out(began).await;
        let (outcome, error) = match outcome {
            Ok(outcome) => (Some(outcome), None),
            Err(failure) => (None, Some(failure)),
        };
        let state = match &outcome {
            Some(outcome) => Some(outcome.state.clone()),
            None => self.state_now().await,
        };
        let outcome = outcome.as_ref();
        let result = VerbResult {
            id: self.id(),
            changed: outcome.is_some_and(|outcome| outcome.changed),
            state,
            took: began.elapsed(),
            ended_by: outcome.and_then(|outcome| outcome.ended_by.clone()),
            note: outcome.and_then(|outcome| outcome.note.clone()),
            error,
        };
        self.tell(VerbEvent::Done(result.clone()));
        result
    }

    fn id(&self) -> String {
        self.target.instance_id().to_owned()
    }

    fn tell(&self, event: VerbEvent) {
        // Nobody listens any more: the verb goes on all the same.
        let _ = self.events.send(event);
    }

    async fn state_now(&self) -> Option<InstanceState> {
        match self.target.look().await {
            Observation::Known(facts) => Some(facts.state),
            Observation::Unknown { .. } => None,
        }
    }

    async fn carry_out(&self, began: Instant) -> Result<Outcome, Failure> {
        if self.target.state() == InstanceState::Unmanaged {
            // It says why it refuses; nothing is made or written for it.
            return match self.order.verb {
                Verb::Start | Verb::Restart => self.start().await,
                Verb::Stop => self.stop().await,
            };
        }
        let dir = self.state.create_instance(self.target.instance_id())?;
        let work = self.follow(self.verb(&dir, began));
        let outcome = match self.order.timeout {
            Some(limit) => {
                let ran_out = |_| self.ran_out(limit);
                tokio::time::timeout_at(began + limit, work).await.map_err(ran_out)?
            }
            None => work.await,
        };
        // At its end: what was asked for does not wait for it.
        let _ = dir.tidy();
        outcome
    }

    fn ran_out(&self, limit: Duration) -> Failure {
        let id = self.target.instance_id();
        let (what, hint) = match self.order.verb {
            Verb::Start => (
                "ready",
                format!("what was launched goes on starting; see `gamectl status {id}`"),
            ),
            Verb::Stop => (
                "stopped",
                format!("the stop goes on; see `gamectl status {id}`, or hurry it with `gamectl stop --now {id}`"),
            ),
            Verb::Restart => (
                "restarted",
                format!("what was begun goes on; see `gamectl status {id}`"),
            ),
        };
        let limit = humantime::format_duration(limit);
        Failure::new(FailureKind::Timeout, format!("not {what} after {limit}")).hint(hint)
    }

    async fn verb(&self, dir: &InstanceDir, began: Instant) -> Result<Outcome, Failure> {
        let wish = read_intent(dir)?;
        // Looked at before the wish is changed: a crash that was asked for
        // afterwards reads as a stop.
        let crashed = self.order.verb == Verb::Stop && self.has_crashed().await;
        let _lock = match self.order.verb {
            Verb::Stop if self.order.keeps_intent => Some(self.hold(dir, began, None).await?),
            Verb::Stop => {
                // Also where it stands already: a start that waits for the lock
                // gives way to a stop that was typed after it. Where it cannot
                // be written, that start is waited for.
                if let Ok(Set::Stood) = set_intent(dir, Want::Stopped, intent::write) {
                    let _ = intent::write_unsynced(dir, Intent::now(Want::Stopped));
                }
                if self.order.now {
                    hold::try_now(dir, self.order.verb)?
                } else {
                    Some(self.hold(dir, began, None).await?)
                }
            }
            Verb::Start | Verb::Restart => {
                let lock = self.hold(dir, began, Some(wish)).await?;
                // A stop that does not wait for the lock may have come just
                // now, and have been told that nothing runs.
                hold::give_way(dir, wish)?;
                Some(lock)
            }
        };
        match self.order.verb {
            Verb::Start => {
                // A launch makes it durable on its way, in less time than we
                // could before it.
                set_intent(dir, Want::Running, intent::write_unsynced)?;
                // Without it a stop is still possible, if not on record.
                let _ = intent::reserve_stop(dir);
                let started = self.start().await;
                if !started.as_ref().is_ok_and(|outcome| outcome.changed) {
                    dir.sync().map_err(|error| not_on_record(&error))?;
                }
                started
            }
            Verb::Stop => {
                let on_record = match self.order.keeps_intent {
                    true => Ok(Set::Stood),
                    false => set_intent(dir, Want::Stopped, intent::write),
                };
                let outcome = self.stop().await?;
                match on_record {
                    // What runs can be stopped without being able to write.
                    Err(failure) if outcome.changed => Ok(with_note(outcome, &may_start_again(&failure))),
                    Err(failure) => Err(failure),
                    Ok(_) => Ok(Outcome {
                        changed: outcome.changed || crashed,
                        ..outcome
                    }),
                }
            }
            Verb::Restart => {
                set_intent(dir, Want::Running, intent::write)?;
                let _ = intent::reserve_stop(dir);
                self.restart(dir).await
            }
        }
    }

    async fn hold(
        &self,
        dir: &InstanceDir,
        began: Instant,
        gives_way_from: Option<Option<Intent>>,
    ) -> Result<crate::store::lock::VerbLock, Failure> {
        let waiting = hold::Waiting {
            verb: self.order.verb.as_str(),
            lock_until: self.order.lock_wait.map(|wait| began + wait),
            verb_until: self.order.timeout.map(|timeout| began + timeout),
            gives_way_from,
        };
        let told = |holder: String| {
            self.tell(VerbEvent::LockHeld { id: self.id(), holder });
        };
        hold::hold(dir, &waiting, told).await
    }

    /// Whether the last run ended in a crash that nobody has acknowledged: the
    /// stop of such an instance is a change.
    async fn has_crashed(&self) -> bool {
        matches!(self.state_now().await, Some(InstanceState::Crashed { .. }))
    }

    async fn start(&self) -> Result<Outcome, Failure> {
        let how = StartOptions {
            no_wait: self.order.no_wait,
            timeout: self.order.timeout,
            restarts: 0,
        };
        let started = Arc::clone(&self.target).start_with(how).await;
        started.map_err(|error| Failure::from_error(&error))
    }

    async fn stop(&self) -> Result<Outcome, Failure> {
        let how = StopOptions { now: self.order.now };
        let stopped = Arc::clone(&self.target).stop_with(how).await;
        stopped.map_err(|error| Failure::from_error(&error))
    }

    async fn restart(&self, dir: &InstanceDir) -> Result<Outcome, Failure> {
        let stopped = self.stop().await?;
        if read_intent(dir)?.is_some_and(|wish| wish.want == Want::Stopped) {
            return Err(Failure::failed(
                "somebody asked for a stop meanwhile, and that wins: it was stopped and not started",
            )
            .hint(format!("`gamectl start {}` starts it again", self.target.instance_id())));
        }
        let started = self.start().await?;
        Ok(Outcome {
            changed: true,
            ended_by: stopped.ended_by,
            note: stopped.note.or(started.note),
            ..started
        })
    }

    /// Passes on what a verb waits for while it works.
    async fn follow<T>(&self, work: impl Future<Output = T>) -> T {
        let Some(mut activity) = self.target.activity() else {
            return work.await;
        };
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                changed = activity.changed() => {
                    if changed.is_err() {
                        return work.await;
                    }
                    let activity = activity.borrow_and_update().clone();
                    if !activity.awaiting.is_empty() {
                        self.tell(VerbEvent::Awaiting { id: self.id(), activity });
                    }
                }
            }
        }
    }
}

/// Reads the wish. One that is damaged is put aside: the verb at hand is about
/// to say what is wanted.
fn read_intent(dir: &InstanceDir) -> Result<Option<Intent>, Failure> {
    match intent::read(dir) {
        Ok(wish) => Ok(wish),
        Err(ReadError::Damaged(_, why)) => {
            let aside = intent::set_aside(dir);
            aside.map_err(|error| {
                Failure::failed(format!(
                    "its intent is damaged ({why}) and cannot be put aside: {error}"
                ))
            })?;
            // Somebody may have written another meanwhile.
            intent::read(dir).map_err(|error| Failure::failed(error.to_string()).hint("nothing was changed"))
        }
        Err(error) => Err(Failure::failed(error.to_string()).hint("nothing was changed")),
    }
}

/// What became of a wish that was to be set.
#[derive(Debug, PartialEq, Eq)]
enum Set {
    /// It has been written.
    Written,
    /// It stood there already.
    Stood,
}

/// Sets the wish by one of the store's ways to write it, unless it stands there
/// already, set since the host booted.
fn set_intent(
    dir: &InstanceDir,
    want: Want,
    write: fn(&InstanceDir, Intent) -> std::io::Result<()>,
) -> Result<Set, Failure> {
    if read_intent(dir)?.is_some_and(|wish| wish.want == want && wish.is_of_this_boot()) {
        return Ok(Set::Stood);
    }
    write(dir, Intent::now(want)).map_err(|error| not_on_record(&error))?;
    Ok(Set::Written)
}

/// Of a stop that was carried out, and of which the next `run` knows nothing.
fn may_start_again(failure: &Failure) -> String {
    format!("{}; a `run` that begins later may start it again", failure.message)
}

fn with_note(outcome: Outcome, note: &str) -> Outcome {
    let note = outcome
        .note
        .map_or_else(|| note.to_owned(), |known| format!("{known}; {note}"));
    Outcome {
        note: Some(note),
        ..outcome
    }
}

fn not_on_record(error: &std::io::Error) -> Failure {
    Failure::failed(format!("what is wanted of it cannot be put on record: {error}"))
        .hint("nothing was changed; free some space or mend the state directory")
}
