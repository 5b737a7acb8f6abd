//! The courtesy towards players before a game is ended.

use std::time::Duration;

use crate::event::Verb;
use crate::inventory::{Broadcast, Instance, Warning, WhenEmpty, in_words};
use crate::supervisor::PlannedStep;

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
    pub at: Option<Vec<Duration>>,
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
        Self::new(instance.warn.as_ref(), instance.broadcast.clone(), ask)
    }

    fn new(own: Option<&Warning>, broadcast: Option<Broadcast>, ask: &CourtesyAsk) -> Self {
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
            broadcast,
            by: None,
        }
    }

    /// Returns the courtesy towards the players of what is not in the inventory.
    pub fn of_unlisted(ask: &CourtesyAsk) -> Self {
        Self::new(None, None, ask)
    }

    /// Returns the steps of it, as a dry run shows them.
    pub fn steps(&self, verb: Verb) -> Vec<PlannedStep> {
        let mut steps = Vec::new();
        if let Some(wait) = self.when_empty {
            let most = wait.max_wait.map(|most| format!(", for {} at most", in_words(most)));
            let then = if wait.or_skip {
                ", and else leave it as it is"
            } else {
                ""
            };
            let does = format!("wait until nobody plays{}{then}", most.unwrap_or_default());
            steps.push(PlannedStep::new(does, "--when-empty"));
        }
        let is_reached = self
            .when_empty
            .is_none_or(|wait| wait.max_wait.is_some() && !wait.or_skip);
        if let Some(warning) = self.warning.as_ref().filter(|_| is_reached) {
            let times: Vec<String> = warning.at.iter().map(|at| in_words(*at)).collect();
            let text = warning.text(announced(verb), warning.lead());
            let does = format!(
                "unless nobody plays: tell the players \"{text}\"; and so {} before the end",
                listed(&times)
            );
            steps.push(PlannedStep::new(does, "warn"));
        }
        steps
    }

    /// Returns true if there is nothing to do for anybody.
    pub fn is_none(&self) -> bool {
        self.warning.is_none() && self.when_empty.is_none()
    }
}

/// Returns the name of what comes, as players read it.
pub(super) fn announced(verb: Verb) -> &'static str {
    match verb {
        Verb::Restart => "Restart",
        Verb::Start | Verb::Stop => "Shutdown",
    }
}

fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
