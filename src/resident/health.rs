//! The health of a running game: asked from time to time, and acted on when it
//! hangs.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::keeper::Keeper;
use super::lateness;
use super::plan::{Hung, Plan};
use crate::failure::Failure;
use crate::instancecmd;
use crate::inventory::{Alarm, Instance};
use crate::policy::health::Checks;
use crate::policy::restart::End;
use crate::supervisor::{Facts, Health, InstanceState, Observation};

/// A check that fails while a timer of ours comes so late says nothing.
const LATE: Duration = Duration::from_secs(1);

/// How a check went.
pub(super) enum Answer {
    /// As the plane says.
    ResidentEvent(Health),
    /// It failed; but a timer came that much too late meanwhile.
    TooBusy(Duration),
}

/// The checks of one run of a game.
#[derive(Default)]
pub(super) struct Checkup {
    /// Since when it has been ready.
    since: Option<Instant>,
    checks: Checks,
    due: Option<Instant>,
    asking: Option<JoinHandle<Answer>>,
    /// Whether the last check failed because this host is busy.
    busy: bool,
}

impl Drop for Checkup {
    fn drop(&mut self) {
        if let Some(task) = &self.asking {
            task.abort();
        }
    }
}

impl Checkup {
    /// Follows a game that has been ready since then, or is not.
    pub(super) fn follow(&mut self, instance: &Instance, ready_since: Option<Instant>) {
        if self.since == ready_since {
            return;
        }
        let grace = instance.healthy.as_ref().map(|healthy| healthy.start_grace);
        *self = Self {
            since: ready_since,
            due: ready_since
                .zip(grace)
                .and_then(|(since, grace)| since.checked_add(grace)),
            checks: Checks::default(),
            asking: None,
            busy: false,
        };
    }

    /// When the next check is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Waits for the answer to a check under way; for ever when there is none.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn answered(&mut self) -> Answer {
        match &mut self.asking {
            Some(task) => {
                let answer = task.await.unwrap_or(Answer::ResidentEvent(Health::NotAsked));
                self.asking = None;
                answer
            }
            None => std::future::pending().await,
        }
    }
}

impl Keeper {
    /// Begins the checks of a run anew, and ends those of the one before.
    pub(super) fn follow_health(&mut self) {
        let ready_since = self.ready_since;
        self.checkup.follow(&self.instance, ready_since);
        if ready_since.is_none() {
            self.silent = None;
        }
    }

    /// Asks whether the game still answers.
    pub(super) fn check_health(&mut self) {
        self.checkup.due = None;
        let supervisor = Arc::clone(&self.supervisor);
        let task = tokio::spawn(async move {
            let check = async {
                match supervisor.health() {
                    Some(health) => health.check().await,
                    None => Health::NotAsked,
                }
            };
            match lateness::beside(check).await {
                (Health::Silent(_), late) if late >= LATE => Answer::TooBusy(late),
                (health, _) => Answer::ResidentEvent(health),
            }
        });
        self.checkup.asking = Some(task);
    }

    /// Takes in what it answered.
    pub(super) fn heed_health(&mut self, answer: Answer) {
        let Some(healthy) = self.instance.healthy.clone() else {
            return;
        };
        let was_busy = std::mem::replace(&mut self.checkup.busy, matches!(answer, Answer::TooBusy(_)));
        let health = match answer {
            Answer::ResidentEvent(health) => health,
            Answer::TooBusy(late) => {
                if !was_busy {
                    let late = humantime::format_duration(Duration::from_secs(late.as_secs()));
                    self.herald.warn(format!(
                        "whether it still answers could not be found out: this host was busy or asleep for {late}"
                    ));
                }
                Health::NotAsked
            }
        };
        self.checkup.due = Instant::now().checked_add(healthy.interval);
        let hung = match &health {
            Health::NotAsked => false,
            Health::Well => self.checkup.checks.note(&healthy, true),
            Health::Silent(_) => self.checkup.checks.note(&healthy, false),
        };
        self.silent = match health {
            Health::Silent(what) => Some(format!(
                "does not answer ({what}), {} of the last {} checks",
                self.checkup.checks.failures(&healthy),
                healthy.of
            )),
            Health::Well | Health::NotAsked => None,
        };
        if hung {
            self.end_hung();
        }
    }

    /// Stops what hangs, through its chain.
    fn end_hung(&mut self) {
        self.checkup.checks = Checks::default();
        let Some(Observation::Known(facts)) = &self.observation else {
            return;
        };
        let runs = facts.state == InstanceState::Running && self.listed;
        if !runs || !matches!(self.plan, Plan::Nothing) {
            return;
        }
        let why = format!("hung: {}", self.silent.as_deref().unwrap_or("does not answer"));
        let facts = Facts {
            note: Some(why.clone()),
            ..(**facts).clone()
        };
        self.herald.error(format!("{why}; it is stopped by its chain"));
        self.alert(Alarm::Crashed, &facts);
        self.hung = Some(why);
        let ran = self.ready_since.map_or(0, |since| since.elapsed().as_millis());
        let hung = Hung {
            ran_ms: u64::try_from(ran).unwrap_or(u64::MAX),
            restarts: facts.restarts.saturating_add(1),
        };
        let (supervisor, shared) = (Arc::clone(&self.supervisor), Arc::clone(&self.shared));
        let since = facts.since;
        let task = tokio::spawn(async move { instancecmd::end_hung(&supervisor, &shared.state, since).await });
        self.plan = Plan::Ending { task, hung };
    }

    /// Goes on after the stop of what hung.
    pub(super) fn hung_ended(&mut self, result: Result<bool, Failure>, hung: Hung) {
        match result {
            Ok(true) => {
                self.plan = Plan::Ended { hung };
                if self.known == Some(InstanceState::Stopped) {
                    self.renew();
                } else {
                    // It is down, and that was not seen yet.
                    self.looks_again = true;
                }
            }
            Ok(false) => {
                (self.plan, self.hung) = (Plan::Nothing, None);
                self.looks_again = true;
            }
            Err(failure) => {
                self.plan = Plan::Nothing;
                let message = &failure.message;
                self.herald
                    .error(format!("hung, and it could not be stopped: {message}"));
            }
        }
    }

    /// Starts what was stopped because it hung, by its restart policy.
    pub(super) fn renew(&mut self) {
        let Plan::Ended { hung } = self.plan else { return };
        self.plan = Plan::Nothing;
        self.ailing = true;
        let facts = Facts::bare(InstanceState::Stopped, self.hung.clone());
        let end = End {
            code: None,
            ran_ms: hung.ran_ms,
        };
        self.decide(end, hung.restarts, &facts);
        self.heed_wish();
    }
}
