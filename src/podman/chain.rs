//! The stop chain of a container: its steps, carried out here.
//!
//! The chain itself is decided by [`crate::policy::stop`], as for processes. Where it
//! comes to the kill, or is cut short, podman's own stop takes over.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::engine::PodmanEngine;
use super::game::PodmanGame;
use super::input;
use super::starting::is_game_alive;
use crate::channel::{AskError, Reply};
use crate::containers::Container;
use crate::failure::Failure;
use crate::inventory::{StopAction, StopStep};
use crate::policy::stop::{Action, Escalation};
use crate::program::ProgramCall;
use crate::stop_step::{self, StepPlace};
use crate::supervisor::{Activity, StateCell};

/// The time within which podman passes a signal on.
const SIGNAL: Duration = Duration::from_secs(10);

/// The pause before containers whose end was not told are looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The chain of one stop.
pub(super) struct StopChain<'a> {
    game: &'a PodmanGame,
    activity: &'a StateCell<Activity>,
    /// The containers that are to end, each with its first process.
    own: Vec<(String, i32)>,
    begun: Instant,
}

/// The outcome of a chain.
pub(super) struct ChainReport {
    /// The step that ended it; `None` if something is left.
    pub(super) ended_by: Option<String>,
    pub(super) notes: Vec<String>,
}

impl<'a> StopChain<'a> {
    pub(super) fn new(game: &'a PodmanGame, activity: &'a StateCell<Activity>, containers: &[Container]) -> Self {
        let own = containers.iter().filter(|one| is_game_alive(one));
        Self {
            game,
            activity,
            own: own.map(|one| (one.id.clone(), one.pid)).collect(),
            begun: Instant::now(),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Takes the steps until nothing of it is left, or it comes to the kill.
    ///
    /// # Cancel safety
    /// Podman's own stop takes over, with the time that the chain had left.
    pub(super) async fn run(&self) -> Result<ChainReport, Failure> {
        let mut guard = TakeOver::new(self);
        let mut notes = Vec::new();
        let (mut chain, mut action) = {
            let (chain, first) = Escalation::begin(self.game.stop_chain().to_vec(), self.now());
            (chain, Some(first))
        };
        let mut ended = Box::pin(self.end());
        let ended_by = loop {
            self.tell(&chain);
            action = match action.take() {
                Some(Action::KillAll) => break None,
                Some(action) => {
                    let done = tokio::select! {
                        biased;
                        () = &mut ended => break Some(chain.ended_by()),
                        done = self.carry_out(&action, &mut chain) => done,
                    };
                    notes.extend(done.note);
                    match done.is_refused {
                        true => chain.step_failed(self.now(), None),
                        false => None,
                    }
                }
                None => {
                    let deadline = self.begun + Duration::from_millis(chain.deadline());
                    tokio::select! {
                        biased;
                        () = &mut ended => break Some(chain.ended_by()),
                        () = tokio::time::sleep_until(deadline) => chain.due(self.now(), true),
                    }
                }
            };
        };
        guard.is_over = true;
        if let Some(step) = &ended_by {
            notes.retain(|note: &String| !stop_step::is_of_unclear(note, step));
        }
        Ok(ChainReport { ended_by, notes })
    }

    fn tell(&self, chain: &Escalation) {
        let awaiting = chain.awaiting(self.now());
        let limit = awaiting.limit_ms.map(Duration::from_millis);
        self.activity.set(Activity::awaiting(awaiting.label, limit));
    }

    /// Waits until the containers have ended. One that podman itself has started again has
    /// ended, too.
    async fn end(&self) {
        loop {
            let words = std::iter::once("wait").chain(self.own.iter().map(|(id, _)| id.as_str()));
            let waiting = self.game.engine().program(words);
            if let Ok(waiting) = waiting {
                // It ends at once where one is gone, and when podman fails.
                let _ = waiting.status(Duration::from_secs(3600)).await;
            }
            let left = self.left().await;
            if left == Some(false) {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Returns true if one is left; `None` if that cannot be found out.
    async fn left(&self) -> Option<bool> {
        let (containers, _) = self.game.fresh().await.ok()?;
        let is_same = |one: &Container| self.own.iter().any(|(id, pid)| *id == one.id && *pid == one.pid);
        Some(containers.iter().any(|one| is_game_alive(one) && is_same(one)))
    }

    async fn carry_out(&self, action: &Action, chain: &mut Escalation) -> StepDone {
        match action {
            Action::SignalMain(signal) | Action::SignalAll(signal) => self.signal(*signal).await,
            Action::WriteConsole(line) => match input::write_line(self.game, line).await {
                Ok(()) => StepDone::default(),
                Err(failure) => StepDone::refused(format!("stdin: {line} failed: {failure}")),
            },
            Action::Delegate => {
                let Some((index, step)) = chain.offered_step().map(|(index, step)| (index, step.clone())) else {
                    return StepDone::default();
                };
                chain.claim(index);
                let done = self.send(&step).await;
                let is_refused = matches!(done, Err(AskError::Refused(_)));
                chain.complete(index);
                StepDone {
                    note: stop_step::note(&step, self.game.channels(), done),
                    is_refused,
                }
            }
            Action::KillAll => StepDone::default(),
        }
    }

    async fn send(&self, step: &StopStep) -> Result<Reply, AskError> {
        let StopAction::Exec(argv) = &step.action else {
            return stop_step::send(step, self.game.channels()).await;
        };
        let place = StepPlace {
            folder: &self.game.spec().folder,
            env: std::env::vars_os().collect(),
        };
        stop_step::execute(argv, stop_step::limit(step), place).await
    }

    async fn signal(&self, signal: Signal) -> StepDone {
        let mut refused = None;
        for (id, _) in &self.own {
            let words = ["kill", "--signal", signal.as_str(), id];
            let said = self.game.engine().order(words, SIGNAL).await;
            // One that has ended meanwhile takes none.
            refused = said.err().or(refused);
        }
        match refused {
            Some(failure) => StepDone::refused(format!("signal: {signal} failed: {failure}")),
            None => StepDone::default(),
        }
    }
}

/// The outcome of one step.
#[derive(Default)]
struct StepDone {
    note: Option<String>,
    /// True if it was certainly not carried out.
    is_refused: bool,
}

impl StepDone {
    fn refused(note: String) -> Self {
        Self {
            note: Some(note),
            is_refused: true,
        }
    }
}

/// Has podman stop the containers when a chain is dropped before its end: Ctrl-C ends
/// the wait, and not the stop.
struct TakeOver {
    engine: PodmanEngine,
    ids: Vec<String>,
    until: Instant,
    is_over: bool,
}

impl TakeOver {
    fn new(chain: &StopChain<'_>) -> Self {
        let waits = chain.game.stop_chain().iter().map(|step| step.wait);
        Self {
            engine: chain.game.engine().clone(),
            ids: chain.own.iter().map(|(id, _)| id.clone()).collect(),
            until: chain.begun + waits.fold(Duration::ZERO, Duration::saturating_add),
            is_over: false,
        }
    }

    fn stop_call(&self, id: &str) -> Option<ProgramCall> {
        let left = self.until.saturating_duration_since(Instant::now()).as_secs().max(1);
        let words = ["stop".to_owned(), "-t".to_owned(), left.to_string(), id.to_owned()];
        self.engine.program(words).ok()
    }
}

impl Drop for TakeOver {
    fn drop(&mut self) {
        if self.is_over || Handle::try_current().is_err() {
            return;
        }
        for id in &self.ids {
            if let Some(call) = self.stop_call(id) {
                // There is nobody left to tell.
                let _ = call.outliving_caller().spawn();
            }
        }
    }
}
