//! What a keeper makes of what it sees.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::keeper::Keeper;
use super::plan::Plan;
use crate::event::{Want, nth};
use crate::failure::Failure;
use crate::instancecmd::{self, Resumed};
use crate::inventory::Alarm;
use crate::policy::restart::{End, Verdict, Why};
use crate::store::history::Restarts;
use crate::supervisor::{Facts, InstanceState, Observation};
use crate::sys::clock;

/// How soon what somebody else was at work on is started, when it is down
/// still.
const SHORTLY: Duration = Duration::from_millis(50);

impl Keeper {
    pub(super) fn see(&mut self, observation: Observation) {
        match &observation {
            Observation::Unknown { reason } => {
                if !matches!(self.observation, Some(Observation::Unknown { .. })) {
                    self.herald.warn(format!("its state is not known: {reason}"));
                }
            }
            Observation::Known(facts) => self.learn(facts),
        }
        self.observation = Some(observation);
    }

    /// Takes in what is known now.
    pub(super) fn learn(&mut self, facts: &Facts) {
        let before = self.known.replace(facts.state.clone());
        let first = before.is_none();
        if first {
            self.remember();
        }
        let moved = before.as_ref() != Some(&facts.state);
        if moved && !first {
            self.open = None;
        }
        match &facts.state {
            InstanceState::Unmanaged => {}
            InstanceState::Starting | InstanceState::Running | InstanceState::Stopping => {
                self.lives(facts, before.as_ref());
            }
            InstanceState::Stopped => self.is_stopped(facts, before.as_ref()),
            InstanceState::Crashed { .. } if first && is_of_earlier_boot(facts) => self.autostart(),
            InstanceState::Crashed { .. } => self.has_crashed(facts, before.as_ref()),
        }
    }

    pub(super) fn lives(&mut self, facts: &Facts, before: Option<&InstanceState>) {
        let stopping = facts.state == InstanceState::Stopping;
        match self.plan {
            Plan::Launching { .. } | Plan::Ending { .. } => {}
            Plan::Ended { .. } if stopping => {}
            _ => self.plan = Plan::Nothing,
        }
        self.failed_start = None;
        if before.is_some_and(|before| !before.is_alive()) {
            self.restart_to_apply = false;
        }
        if facts.restarts == 0 && self.restarts != Restarts::default() {
            // Somebody has started it: the count begins anew.
            self.restarts = Restarts::default();
            self.put_on_record();
        }
        if facts.state == InstanceState::Running {
            if self.ready_since.is_none() {
                let up = Duration::from_secs(facts.uptime_seconds);
                let now = Instant::now();
                self.ready_since = Some(now.checked_sub(up).unwrap_or(now));
                self.hung = None;
                if before.is_some() {
                    self.herald.info("running");
                    self.alert(Alarm::Started, facts);
                } else {
                    self.herald.info("running already, and adopted as it is");
                }
            }
        } else {
            let ran = self.ready_since.take().map(|since| since.elapsed());
            self.ran = ran.or(self.ran).filter(|_| stopping);
            if before != Some(&facts.state) {
                let unasked = stopping && self.wish().is_none_or(|wish| wish.want != Want::Stopped);
                let why = facts.note.as_deref().filter(|_| unasked);
                let why = why.map(|note| format!(": {note}")).unwrap_or_default();
                self.herald.info(format!("{}{why}", facts.state));
            }
        }
    }

    /// Tells of a crash. Returns how it came to it.
    fn note_crash(&mut self, facts: &Facts) -> End {
        let ran = self.ready_since.take().map(|since| since.elapsed());
        let ran = ran.or(self.ran.take()).map_or(0, |ran| ran.as_millis());
        let note = facts.note.clone().unwrap_or_default();
        self.herald.error(format!("crashed: {note}"));
        self.ailing |= self.listed;
        if self.listed {
            self.alert(Alarm::Crashed, facts);
        }
        End {
            code: facts.last_exit.as_ref().and_then(|exit| exit.code),
            ran_ms: u64::try_from(ran).unwrap_or(u64::MAX),
        }
    }

    pub(super) fn is_stopped(&mut self, facts: &Facts, before: Option<&InstanceState>) {
        (self.ready_since, self.ran) = (None, None);
        match before {
            None => self.autostart(),
            Some(InstanceState::Stopped) => self.heed_wish(),
            Some(_) => {
                self.heed_wish();
                (self.ailing, self.failed_start) = (false, None);
                let why = facts
                    .note
                    .as_deref()
                    .map(|note| format!(": {note}"))
                    .unwrap_or_default();
                self.herald.info(format!("stopped{why}"));
                self.alert(Alarm::Stopped, facts);
            }
        }
        self.renew();
        self.start_deferred();
    }

    /// What is wanted of an instance that is down when it is first seen.
    pub(super) fn autostart(&mut self) {
        let wish = self.wish();
        let wanted = match wish {
            Some(wish) if wish.want == Want::Stopped => false,
            Some(wish) => self.instance.autostart || wish.is_of_this_boot(),
            None => self.instance.autostart,
        };
        if wanted && self.listed {
            self.plan = Plan::Due {
                at: Instant::now(),
                restarts: 0,
            };
        }
    }

    pub(super) fn has_crashed(&mut self, facts: &Facts, before: Option<&InstanceState>) {
        let this = which(facts);
        if self.restarts.decided == this {
            if before.is_none() {
                self.go_on(facts);
            }
            self.start_deferred();
            return;
        }
        if let Plan::Launching { restarts, .. } = self.plan
            && restarts == facts.restarts
        {
            // It ended before its launch could be told.
            self.has_launched(restarts);
        }
        let end = self.note_crash(facts);
        self.restarts.decided = this;
        if !self.listed {
            self.put_on_record();
            return;
        }
        self.decide(end, facts.restarts.saturating_add(1), facts);
    }

    /// Goes on where an earlier resident supervisor stopped.
    pub(super) fn go_on(&mut self, facts: &Facts) {
        self.ailing = true;
        if self.restarts.stays.is_none() && self.listed {
            let due = self.restarts.due_ms.unwrap_or(0);
            self.plan = Plan::Due {
                at: self.shared.clock.instant(due),
                restarts: facts.restarts.saturating_add(1),
            };
        }
    }

    /// Lets the policy decide.
    pub(super) fn decide(&mut self, end: End, restarts: u32, facts: &Facts) {
        let now = self.shared.clock.now_ms();
        let verdict = self
            .restarts
            .history
            .crashed(&self.instance.restart, end, now, chance());
        match verdict {
            Verdict::Restart { at_ms } => {
                let at = self.shared.clock.instant(at_ms);
                (self.restarts.due_ms, self.restarts.stays) = (Some(at_ms), None);
                self.plan = Plan::Due { at, restarts };
            }
            Verdict::Stay(why) => {
                (self.restarts.due_ms, self.restarts.stays) = (None, Some(why));
                self.plan = Plan::Nothing;
                let id = &self.instance.id;
                match why {
                    Why::Never => self.herald.info("left as it is: its policy is `never`"),
                    Why::Held => self.herald.error(format!(
                        "held: its configuration is wrong; `gamectl start {id}` tries again"
                    )),
                    Why::GaveUp => self.herald.error(format!(
                        "given up: it crashes too often; `gamectl start {id}` tries again"
                    )),
                }
                if why != Why::Never {
                    self.alert(Alarm::GaveUp, facts);
                }
            }
        }
        self.put_on_record();
    }

    /// Starts what was left to somebody else, and is down still.
    pub(super) fn start_deferred(&mut self) {
        if let Plan::Deferred { restarts } = self.plan {
            self.plan = Plan::Due {
                at: Instant::now() + SHORTLY,
                restarts,
            };
            self.heed_wish();
        }
    }

    /// A stop that was asked for ends every plan to start.
    pub(super) fn heed_wish(&mut self) {
        // A launch under way looks at the wish by itself.
        let planned = !matches!(self.plan, Plan::Nothing | Plan::Launching { .. });
        if planned && self.wish().is_some_and(|wish| wish.want == Want::Stopped) {
            self.plan = Plan::Nothing;
        }
    }

    pub(super) fn launch(&mut self) {
        let Plan::Due { restarts, .. } = self.plan else { return };
        let (supervisor, shared) = (Arc::clone(&self.supervisor), Arc::clone(&self.shared));
        let task = tokio::spawn(async move {
            // Only the launch itself counts: a game that takes minutes to be
            // ready keeps nobody from being launched.
            let turn = Arc::clone(&shared.launches).acquire_owned().await;
            let resumed = instancecmd::resume(&supervisor, &shared.state, restarts).await;
            drop(turn);
            resumed
        });
        self.plan = Plan::Launching { task, restarts };
    }

    fn has_launched(&mut self, restarts: u32) {
        self.failed_start = None;
        if restarts > 0 {
            self.herald.info(format!("started again ({})", nth(restarts)));
            let facts = Facts {
                restarts,
                ..Facts::bare(InstanceState::Starting, None)
            };
            self.alert(Alarm::Restarted, &facts);
        }
    }

    pub(super) fn launched(&mut self, result: Result<Resumed, Failure>, restarts: u32) {
        match result {
            Ok(Resumed::Launched(_)) => {
                self.plan = Plan::Nothing;
                self.has_launched(restarts);
            }
            Ok(Resumed::NotNeeded) => {
                self.plan = Plan::Deferred { restarts };
                // What was seen under the lock, this keeper has not seen.
                self.looks_again = true;
            }
            Err(failure) => {
                self.herald.error(format!("cannot be started: {}", failure.message));
                self.failed_start = Some(failure.message.clone());
                self.ailing = true;
                let facts = Facts::bare(InstanceState::Crashed { exit_code: None }, Some(failure.message));
                let end = End { code: None, ran_ms: 0 };
                self.decide(end, restarts.max(1), &facts);
            }
        }
    }
}

/// What tells one crash from another.
fn which(facts: &Facts) -> String {
    format!(
        "{:?} {} {:?} {:?}",
        facts.since, facts.restarts, facts.last_exit, facts.details
    )
}

/// Whether it ended before the host was booted.
fn is_of_earlier_boot(facts: &Facts) -> bool {
    let booted_ms = clock::wall_ms().saturating_sub(clock::boot_ms());
    let ended = facts.last_exit.as_ref().and_then(|exit| exit.at);
    let since = ended.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.is_some_and(|since| since.as_millis() + 1000 < u128::from(booted_ms))
}

/// A number from 0 to 1 that nobody can foresee.
fn chance() -> f64 {
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    random as f64 / u64::MAX as f64
}
