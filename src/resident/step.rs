//! The inputs and the effects of a decision about an instance.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::event::{EventKind, Level, Want};
use crate::inventory::{Alarm, Instance};
use crate::store::history::Restarts;
use crate::supervisor::{Facts, Health, InstanceState, Observation};

#[derive(Debug, Clone)]
pub(super) enum Input {
    /// The supervisor has looked.
    Observed(Observation),
    /// The intent may be another one.
    IntentChanged,
    /// A timer may be due; see [`super::core::Core::due_ms`].
    TimePassed,
    /// The inventory has other settings for it.
    Replaced(Arc<Instance>),
    /// The inventory lists it, or does not any more.
    Listed(bool),
    /// The launch has ended; `false` when another process made it needless.
    LaunchEnded(Result<bool, String>),
    /// The stop of the hung game has ended; `false` when it was needless.
    HungStopEnded(Result<bool, String>),
    /// The check of its health has ended.
    HealthChecked(Answer),
}

/// The outcome of a check of the health of a game.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Health(Health),
    /// The check failed, but a timer of this process came late by this much
    /// meanwhile, so that the game is not to blame.
    HostBusy(Duration),
}

/// The circumstances of a decision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// The monotonic clock.
    pub(super) now_ms: u64,
    /// The clock of the wall.
    pub(super) now: SystemTime,
    /// The time at which the host was booted.
    pub(super) booted: SystemTime,
    pub(super) intent: Option<CurrentIntent>,
    /// A random number from 0 to 1.
    pub(super) chance: f64,
}

impl Moment {
    /// Returns the trouble on record while it stands.
    pub(super) fn trouble(&self, record: &Restarts) -> Option<String> {
        let intent = self.intent.map(|intent| (intent.want, intent.at_ms));
        let why = record.trouble.as_ref()?.under(intent);
        why.map(str::to_owned)
    }

    pub(super) fn wants_stopped(&self) -> bool {
        self.intent.is_some_and(|intent| intent.want == Want::Stopped)
    }

    /// Returns true if what is down is to be started by itself.
    pub(super) fn wants_running(&self, autostart: bool) -> bool {
        match self.intent {
            Some(intent) => intent.want == Want::Running && (autostart || intent.is_of_this_boot),
            None => autostart,
        }
    }

    /// Returns true if it was stopped through the service manager, or ended by itself as
    /// its policy allows and nobody has started it since.
    pub(super) fn keeps_down(&self, facts: &Facts) -> bool {
        let wanted_at = Duration::from_millis(self.intent.map_or(0, |intent| intent.at_ms));
        let is_wanted_since = facts.since.is_none_or(|since| UNIX_EPOCH + wanted_at > since);
        facts.stays_down || facts.ended_as_allowed && !is_wanted_since
    }
}

/// The intent as far as a decision needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CurrentIntent {
    pub(super) want: Want,
    pub(super) is_of_this_boot: bool,
    /// The time at which it was set, in milliseconds since the Unix epoch.
    pub(super) at_ms: u64,
}

/// An act that follows from a decision.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    Log(Level, String, Option<EventKind>),
    /// Write [`super::core::Core::restarts`] down.
    Record,
    /// Run the hooks for this.
    Alert(Box<Alert>),
    /// Launch it, as the nth automatic restart in a row.
    Launch {
        restarts: u32,
    },
    /// Stop it by its chain, if it is still in this state, since this time.
    StopHung {
        state: InstanceState,
        since: Option<SystemTime>,
    },
    CheckHealth,
    /// Ignore the check that is under way.
    ForgetCheck,
    /// Look afresh: what was seen under the lock was not observed here.
    LookAgain,
}

/// An event that a hook may be configured for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alert {
    pub(super) alarm: Alarm,
    pub(super) state: InstanceState,
    pub(super) restarts: u32,
    pub(super) note: String,
}

/// The effects of one step, in the order in which they are carried out.
#[derive(Debug, Default)]
pub(super) struct Effects(Vec<Effect>);

impl Effects {
    pub(super) fn add(&mut self, effect: Effect) {
        self.0.push(effect);
    }

    pub(super) fn log(&mut self, level: Level, text: impl Into<String>) {
        self.add(Effect::Log(level, text.into(), None));
    }

    /// Logs something that programs may want to act on.
    pub(super) fn tell(&mut self, kind: EventKind, level: Level, text: impl Into<String>) {
        self.add(Effect::Log(level, text.into(), Some(kind)));
    }

    pub(super) fn alert(&mut self, alarm: Alarm, facts: &Facts) {
        self.add(Effect::Alert(Box::new(Alert {
            alarm,
            state: facts.state.clone(),
            restarts: facts.restarts,
            note: facts.note.clone().unwrap_or_default(),
        })));
    }

    pub(super) fn stop_hung(&mut self, facts: &Facts) {
        self.add(Effect::StopHung {
            state: facts.state.clone(),
            since: facts.since,
        });
    }

    pub(super) fn into_vec(self) -> Vec<Effect> {
        self.0
    }
}
