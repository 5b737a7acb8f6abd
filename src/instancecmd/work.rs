//! A verb on one instance.

mod before_end;
mod counting;
mod in_turn;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::countdowns::Countdowns;
use super::courtesy::Courtesy;
use super::elsewhere::ElsewhereById;
use super::hold;
use super::intent::{self, Set};
use super::order::Turn;
use crate::event::{Verb, VerbEvent, Want};
use crate::failure::{Failure, FailureKind};
use crate::finding::Severity;
use crate::invocation::command;
use crate::store::changes::Changes;
use crate::store::intent::Intent;
use crate::store::lock::VerbLock;
use crate::store::record::Durability;
use crate::store::{self, InstanceDir, StateDir};
use crate::supervisor::{
    InstanceState, Observation, Outcome, StartOptions, StopOptions, Supervisor, VerbRequest, join_notes,
};

/// The time that a launch has beyond its limit to say why it is over.
const REASON: Duration = Duration::from_secs(2);

/// The sender of the events of a verb.
pub type Events = mpsc::UnboundedSender<VerbEvent>;

/// A request to one instance.
pub(super) struct Work {
    request: VerbRequest,
    target: Arc<dyn Supervisor>,
    elsewhere: Arc<ElsewhereById>,
    state: Arc<StateDir>,
    events: Events,
    turn: Turn,
    courtesy: Courtesy,
    countdowns: Arc<Countdowns>,
    /// The reports of changes to folders, where there are any.
    changes: Option<Arc<Changes>>,
    /// True once the lock is held and a launch is under way.
    is_launching: AtomicBool,
}

impl Work {
    pub(super) fn new(
        request: VerbRequest,
        target: Arc<dyn Supervisor>,
        elsewhere: Arc<ElsewhereById>,
        state: Arc<StateDir>,
        events: Events,
        turn: Turn,
    ) -> Self {
        Self {
            request,
            target,
            elsewhere,
            state,
            events,
            turn,
            courtesy: Courtesy::default(),
            countdowns: Arc::default(),
            changes: None,
            is_launching: AtomicBool::new(false),
        }
    }

    /// Has it spare the players before it ends the game.
    pub(super) fn courteous(
        self,
        courtesy: Courtesy,
        countdowns: &Arc<Countdowns>,
        changes: Option<&Arc<Changes>>,
    ) -> Self {
        Self {
            courtesy,
            countdowns: Arc::clone(countdowns),
            changes: changes.cloned(),
            ..self
        }
    }

    fn id(&self) -> String {
        self.target.instance_id().to_owned()
    }

    fn tell(&self, event: VerbEvent) {
        // Without a receiver the verb goes on all the same.
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
            // The supervisor gives the reason; no folder is made for it.
            return match self.request.verb {
                Verb::Start | Verb::Restart => self.launch(began).await,
                Verb::Stop => self.end().await,
            };
        }
        let id = self.target.instance_id();
        let elsewhere = self.elsewhere.get(id);
        self.is_ours_to_end().await?;
        let dir = self.state.create_instance(id)?;
        let work = self.follow(self.verb(&dir, began));
        let outcome = match self.request.timeout {
            Some(limit) => self
                .limited(began + limit, work)
                .await
                .unwrap_or_else(|| Err(self.ran_out(limit))),
            None => work.await,
        };
        // At the end, so that the verb itself does not wait for it.
        let _ = dir.remove_stale_files();
        // What the other inventory has started still runs, or was ended.
        let is_met = |outcome: &Outcome| outcome.changed != (self.request.verb == Verb::Start);
        outcome.map(|outcome| match elsewhere {
            Some(other) if is_met(&outcome) => with_note(outcome, other.note()),
            _ => outcome,
        })
    }

    /// Fails where it would end what belongs to another inventory.
    async fn is_ours_to_end(&self) -> Result<(), Failure> {
        let id = self.target.instance_id();
        match self.elsewhere.get(id) {
            Some(other)
                if other.refuses(&self.request) && self.state_now().await.is_some_and(|state| state.is_alive()) =>
            {
                Err(other.refusal(self.request.verb, id))
            }
            _ => Ok(()),
        }
    }

    /// Returns the answer of the work, if it has one in time.
    async fn limited<T>(&self, until: Instant, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        let done = tokio::time::timeout_at(until, &mut work).await.ok();
        if done.is_some() || !self.is_launching.load(Ordering::Relaxed) {
            return done;
        }
        // A launch keeps its limit itself, and knows what it has waited for in vain.
        tokio::time::timeout_at(until + REASON, work).await.ok()
    }

    fn ran_out(&self, limit: Duration) -> Failure {
        let id = self.target.instance_id();
        let status = command(format_args!("status {id}"));
        let (what, hint) = match self.request.verb {
            Verb::Start => ("ready", format!("what was launched goes on starting; see {status}")),
            Verb::Stop => (
                "stopped",
                format!(
                    "the stop goes on; see {status}, or hurry it with {}",
                    command(format_args!("stop --now {id}"))
                ),
            ),
            Verb::Restart if !self.is_launching.load(Ordering::Relaxed) => (
                "restarted",
                format!(
                    "a stop that has begun goes on, and this restart launches nothing after it; {} does",
                    command(format_args!("restart {id}"))
                ),
            ),
            Verb::Restart => ("restarted", format!("what was launched goes on starting; see {status}")),
        };
        let limit = humantime::format_duration(limit);
        Failure::new(FailureKind::Timeout, format!("not {what} after {limit}")).hint(hint)
    }

    async fn verb(&self, dir: &InstanceDir, began: Instant) -> Result<Outcome, Failure> {
        match self.request.verb {
            Verb::Start => self.start(dir, began).await,
            Verb::Stop => self.stop(dir, began).await,
            Verb::Restart => self.restart(dir, began).await,
        }
    }

    async fn start(&self, dir: &InstanceDir, began: Instant) -> Result<Outcome, Failure> {
        let _lock = self.hold_to_start(dir, began).await?;
        // The game need not wait for the disk: the shim syncs the folder once the
        // game runs, and the sync below then finds nothing left to do.
        intent::set(dir, Want::Running, Durability::WithFolder)?;
        // Without it a stop is still possible, if not on record.
        let _ = store::intent::reserve_stop(dir);
        let started = self.launch(began).await;
        dir.sync().map_err(|error| intent::not_on_record(&error))?;
        started
    }

    async fn stop(&self, dir: &InstanceDir, began: Instant) -> Result<Outcome, Failure> {
        intent::read(dir)?;
        // Before the intent is changed: with a stop on record the same end
        // reads as a stop, and not as a crash. The stop of an instance whose
        // crash was not acknowledged is a change.
        let crash = self.crash(dir).await;
        let keeps_intent = self.request.keeps_intent;
        // A kept intent is written again: a start that waits for the lock gives
        // way to a stop that was typed after it. Where it cannot be written,
        // this stop waits for that start.
        if !keeps_intent && let Ok(Set::Kept) = intent::set(dir, Want::Stopped, Durability::Now) {
            let _ = store::intent::write(dir, Intent::now(Want::Stopped), Durability::ThisBoot);
        }
        let _lock = match self.request.now && !keeps_intent {
            true => hold::try_now(dir, self.request.verb)?,
            false => Some(self.hold(dir, began, None).await?),
        };
        let on_record = match keeps_intent {
            true => Ok(Set::Kept),
            false => intent::set(dir, Want::Stopped, Durability::Now),
        };
        let outcome = self.end().await?;
        match on_record {
            // A full disk does not keep a game from being stopped.
            Err(failure) if outcome.changed => Ok(not_recorded(outcome, &failure)),
            Err(failure) => Err(failure),
            Ok(_) => Ok(match crash.filter(|_| !outcome.changed) {
                Some(how) => with_note(
                    Outcome {
                        changed: true,
                        ..outcome
                    },
                    format!("it had crashed: {how}; it stays stopped now"),
                ),
                None => outcome,
            }),
        }
    }

    /// Returns how it has crashed, if its state is that.
    async fn crash(&self, dir: &InstanceDir) -> Option<String> {
        let Observation::Known(facts) = self.target.look().await else {
            return None;
        };
        let id = self.target.instance_id();
        let wrong = || store::history::trouble(&self.state, id, store::intent::read(dir).ok().flatten());
        match facts.state {
            _ if facts.state.is_alive() => None,
            InstanceState::Crashed { .. } => wrong().or(facts.note).or_else(|| Some("nobody knows how".to_owned())),
            _ => wrong(),
        }
    }

    async fn restart(&self, dir: &InstanceDir, began: Instant) -> Result<Outcome, Failure> {
        let lock = self.hold_to_start(dir, began).await;
        if self.request.unless_stopped
            && let Some(left) = self.left_stopped(dir).await?
        {
            return Ok(left);
        }
        let _lock = lock?;
        self.is_startable().await?;
        intent::set(dir, Want::Running, Durability::Now)?;
        let _ = store::intent::reserve_stop(dir);
        let stopped = self.end().await?;
        self.turn.has_ended();
        self.until_served().await?;
        if intent::read(dir)?.is_some_and(|now| now.want == Want::Stopped) {
            return Err(Failure::new(
                FailureKind::Overruled,
                "somebody asked for a stop meanwhile, and that wins: it was stopped and not started",
            )
            .hint(format!(
                "{} starts it again",
                command(format_args!("start {}", self.target.instance_id()))
            )));
        }
        let started = self.launch(began).await?;
        Ok(Outcome {
            changed: true,
            ended_by: stopped.ended_by,
            note: join_notes([stopped.note, started.note]),
            ..started
        })
    }

    /// Returns the outcome of a restart that leaves alone what is stopped on purpose.
    async fn left_stopped(&self, dir: &InstanceDir) -> Result<Option<Outcome>, Failure> {
        let note = match intent::read(dir)?.map(|intent| intent.want) {
            Some(Want::Stopped) => "somebody has stopped it",
            Some(Want::Running) => return Ok(None),
            None => match self.target.look().await {
                Observation::Known(facts) if !facts.state.is_alive() => "nobody has started it",
                Observation::Known(_) => return Ok(None),
                Observation::Unknown { reason } => return Err(Failure::unknown(reason)),
            },
        };
        Ok(Some(Outcome {
            changed: false,
            state: self.state_now().await.unwrap_or_else(|| self.target.state()),
            ended_by: None,
            note: Some(note.to_owned()),
        }))
    }

    /// Looks whether a game that runs can be started again: a restart that cannot do
    /// that stops nothing.
    async fn is_startable(&self) -> Result<(), Failure> {
        let Some(survey) = self.target.survey() else {
            return Ok(());
        };
        if !self.state_now().await.is_some_and(|state| state.is_alive()) {
            return Ok(());
        }
        let findings = survey.findings().await;
        let Some(wrong) = findings.into_iter().find(|finding| finding.level == Severity::Error) else {
            return Ok(());
        };
        let id = self.target.instance_id();
        let message = format!(
            "it was left as it is, since it could not be started again: {}: {}",
            wrong.about, wrong.message
        );
        let anyway = format!("{} ends it all the same", command(format_args!("stop {id}")));
        let hint = wrong.hint.into_iter().chain([anyway]).collect::<Vec<_>>().join("; ");
        Err(Failure::failed(message).hint(hint))
    }

    /// Takes the lock for a start, which gives way to a stop that was typed
    /// after it.
    async fn hold_to_start(&self, dir: &InstanceDir, began: Instant) -> Result<VerbLock, Failure> {
        let before = intent::read(dir)?;
        let lock = self.hold(dir, began, Some(before)).await?;
        // A stop that does not wait for the lock may have come just now, and
        // have found nothing that runs.
        hold::give_way(dir, before)?;
        Ok(lock)
    }

    async fn hold(
        &self,
        dir: &InstanceDir,
        began: Instant,
        gives_way_from: Option<Option<Intent>>,
    ) -> Result<VerbLock, Failure> {
        let waiting = hold::Waiting {
            verb: self.request.verb.as_str(),
            lock_until: self.request.lock_wait.map(|wait| began + wait),
            verb_until: self.request.timeout.map(|timeout| began + timeout),
            gives_way_from,
        };
        let told = |holder: String| {
            self.tell(VerbEvent::LockHeld { id: self.id(), holder });
        };
        hold::hold(dir, &waiting, told).await
    }

    async fn launch(&self, began: Instant) -> Result<Outcome, Failure> {
        self.is_launching.store(true, Ordering::Relaxed);
        let options = StartOptions {
            no_wait: self.request.no_wait,
            timeout: self.request.timeout,
            spent: began.elapsed(),
            restarts: 0,
        };
        let started = Arc::clone(&self.target).start_with(options).await;
        started.map_err(|error| Failure::from_error(&error))
    }

    async fn end(&self) -> Result<Outcome, Failure> {
        let options = StopOptions {
            now: self.request.now,
            comes_back: self.request.verb == Verb::Restart,
        };
        let stopped = Arc::clone(&self.target).stop_with(options).await;
        stopped.map_err(|error| Failure::from_error(&error))
    }

    /// Does the work, and passes on what it waits for as events.
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

/// Adds a note to a stop that worked, and that the next `run` does not know
/// about.
fn not_recorded(outcome: Outcome, failure: &Failure) -> Outcome {
    with_note(
        outcome,
        format!("{}; a `run` that begins later may start it again", failure.message),
    )
}

fn with_note(outcome: Outcome, more: String) -> Outcome {
    Outcome {
        note: join_notes([outcome.note, Some(more)]),
        ..outcome
    }
}
