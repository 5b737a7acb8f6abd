//! The turn of an instance in a verb, and who carries the verb out: we, or the engine that
//! is responsible for the instance.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::Work;
use super::before_end::AfterCourtesy;
use crate::event::{Verb, VerbEvent, VerbResult};
use crate::failure::Failure;
use crate::supervisor::{Activity, EngineAnswer, EngineWord, HostEngine, InstanceState, Outcome, VerbRequest, Want};

impl Work {
    /// Carries the request out when it is its turn, unless it is refused.
    pub(in crate::instancecmd) async fn run(mut self, slots: &Semaphore, refused: Option<Failure>) -> VerbResult {
        let began = Instant::now();
        self.tell(VerbEvent::Began { id: self.id() });
        let countdowns = Arc::clone(&self.countdowns);
        let mut seat = countdowns.begin();
        // Side by side, and not each in its turn: they may take hours.
        let spared = match refused {
            Some(refused) => Err(refused),
            None => self.before_end().await,
        };
        let may_begin = match spared {
            Ok(AfterCourtesy::Skipped(why)) => Ok(Some(why)),
            Ok(after) => {
                seat.go_on();
                self.take_up(&after);
                self.await_turn().await.map(|()| None)
            }
            Err(failure) => Err(failure),
        };
        let (outcome, state) = match may_begin {
            Ok(Some(why)) => (self.unchanged(why).await, None),
            Ok(None) => {
                // What waits for others in between takes no slot: they need one.
                let waits = self.request.verb == Verb::Restart && self.turn.needs_others();
                let _slot = match waits {
                    true => None,
                    false => slots.acquire().await.ok(),
                };
                self.act().await
            }
            Err(failure) => (Err(failure), None),
        };
        let result = match outcome {
            Ok(outcome) => VerbResult {
                id: self.id(),
                changed: outcome.changed,
                state: Some(outcome.state),
                took: began.elapsed(),
                ended_by: outcome.ended_by,
                note: outcome.note,
                error: None,
            },
            Err(failure) => VerbResult {
                state: match state {
                    Some(told) => told,
                    None => self.state_now().await,
                },
                took: began.elapsed(),
                ..VerbResult::failed(self.target.instance_id(), failure)
            },
        };
        self.turn.is_over(self.request.verb, &result);
        self.tell(VerbEvent::Done(result.clone()));
        result
    }

    /// Takes up what has happened to the game before its turn.
    fn take_up(&mut self, after: &AfterCourtesy) {
        let is_alone = !self.turn.is_needed() && !self.turn.needs_others();
        if *after == AfterCourtesy::EndedMeanwhile && self.request.verb == Verb::Restart && is_alone {
            // It has ended already, and perhaps `run` has started it again.
            self.request.verb = Verb::Start;
        }
    }

    /// Returns the outcome of a verb that leaves it as it is, for this reason.
    async fn unchanged(&self, why: String) -> Result<Outcome, Failure> {
        let state = self.state_now().await;
        Ok(Outcome {
            changed: false,
            state: state.unwrap_or_else(|| self.target.state()),
            ended_by: None,
            note: Some(why),
        })
    }

    /// Waits until it may begin: a start for what it needs, the others for what needs it.
    async fn await_turn(&self) -> Result<(), Failure> {
        match self.request.verb {
            Verb::Start => self.until_served().await,
            Verb::Stop | Verb::Restart => {
                let id = self.target.instance_id();
                self.turn.until_unneeded(id, |whom| self.tell_wait(whom)).await
            }
        }
    }

    pub(super) async fn until_served(&self) -> Result<(), Failure> {
        let id = self.target.instance_id();
        self.turn.until_served(id, |whom| self.tell_wait(whom)).await
    }

    fn tell_wait(&self, whom: String) {
        let activity = Activity::awaiting(whom, None);
        self.tell(VerbEvent::Awaiting {
            id: self.id(),
            activity,
        });
    }

    /// Also returns the state after it, where that is known already.
    async fn act(&self) -> (Result<Outcome, Failure>, Option<Option<InstanceState>>) {
        let target = Arc::clone(&self.target);
        match target.engine() {
            Some(engine) => {
                let answer = self.ask(engine).await;
                (answer.outcome, Some(answer.state))
            }
            None => (self.carry_out(Instant::now()).await, None),
        }
    }

    /// Has the engine that is responsible for the instance do all of it: nothing is
    /// locked or put on record here.
    async fn ask(&self, engine: &dyn HostEngine) -> EngineAnswer {
        let tell = |word| {
            let id = self.id();
            self.tell(match word {
                EngineWord::LockHeld(holder) => VerbEvent::LockHeld { id, holder },
                EngineWord::Awaiting(activity) => VerbEvent::Awaiting { id, activity },
            });
        };
        if self.request.verb != Verb::Restart || !self.turn.needs_others() {
            return engine.carry_out(&self.request, &tell).await;
        }
        if self.request.unless_stopped {
            // The look tells the intent there.
            let state = self.state_now().await;
            if engine.intent() == Some(Want::Stopped) {
                let outcome = Outcome {
                    changed: false,
                    state: state.unwrap_or_else(|| self.target.state()),
                    ended_by: None,
                    note: Some("somebody has stopped it".to_owned()),
                };
                let state = None;
                return EngineAnswer {
                    outcome: Ok(outcome),
                    state,
                };
            }
        }
        // It waits in between.
        let part = |verb| VerbRequest {
            verb,
            ..self.request.clone()
        };
        let stopped = engine.carry_out(&part(Verb::Stop), &tell).await;
        let ended_by = match &stopped.outcome {
            Ok(outcome) => outcome.ended_by.clone(),
            Err(_) => return stopped,
        };
        self.turn.has_ended();
        if let Err(failure) = self.until_served().await {
            let outcome = Err(failure);
            return EngineAnswer { outcome, ..stopped };
        }
        let started = engine.carry_out(&part(Verb::Start), &tell).await;
        let outcome = started.outcome.map(|outcome| Outcome {
            changed: true,
            ended_by,
            ..outcome
        });
        EngineAnswer { outcome, ..started }
    }
}
