//! The courtesy towards players before a game is ended.

use crate::inventory::{Broadcast, Instance, Warning, WhenEmpty};

/// The deeds of a verb for the players before it ends a game; none by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Courtesy {
    /// The warnings, where the players are warned.
    pub warning: Option<Warning>,
    /// The wait until nobody plays, where there is one. The warnings come after it.
    pub when_empty: Option<WhenEmpty>,
    /// The line that tells the players something.
    pub broadcast: Option<Broadcast>,
    /// The name of whoever asks for it, where that is not a command that was typed, as
    /// `the schedule 0 5 * * *`.
    pub by: Option<String>,
}

/// The courtesy that is asked for, of all instances of a verb.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CourtesyAsk {
    /// True if players are to be warned.
    pub warns: bool,
    /// The times before the end, in place of those of the instance.
    pub at: Option<Vec<std::time::Duration>>,
    /// The text, in place of that of the instance.
    pub say: Option<String>,
    pub when_empty: Option<WhenEmpty>,
}

impl CourtesyAsk {
    /// Returns true if nothing is asked for.
    pub fn is_none(&self) -> bool {
        !self.warns && self.when_empty.is_none()
    }
}

impl Courtesy {
    /// Returns the courtesy towards the players of an instance. After a wait for nobody to
    /// play they are warned as well, if the instance says how.
    pub fn of(instance: &Instance, ask: &CourtesyAsk) -> Self {
        let own = instance.warn.as_ref();
        let warns = ask.warns || (ask.when_empty.is_some() && own.is_some());
        let warning = warns.then(|| {
            let usual = own.cloned().unwrap_or_default();
            Warning {
                at: ask.at.clone().unwrap_or(usual.at),
                say: ask.say.clone().unwrap_or(usual.say),
                cancelled: usual.cancelled,
            }
        });
        Self {
            warning,
            when_empty: ask.when_empty,
            broadcast: instance.broadcast.clone(),
            by: None,
        }
    }

    /// Returns true if there is nothing to do for anybody.
    pub fn is_none(&self) -> bool {
        self.warning.is_none() && self.when_empty.is_none()
    }
}
