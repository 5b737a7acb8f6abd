//! The state of one instance as it is published, and the wait under way.

use std::time::Duration;

use super::shim::wire::Report;
use crate::supervisor::{Activity, InstanceState, StateCell};

#[derive(Debug)]
pub(super) struct LiveState {
    pub(super) state: StateCell<InstanceState>,
    pub(super) activity: StateCell<Activity>,
}

impl Default for LiveState {
    fn default() -> Self {
        Self {
            state: StateCell::new(InstanceState::Stopped),
            activity: StateCell::default(),
        }
    }
}

impl LiveState {
    pub(super) fn awaits(&self, awaiting: impl Into<String>, limit: Option<Duration>) {
        self.activity.set(Activity::awaiting(awaiting, limit));
    }

    /// Publishes a wait that a person should know of.
    pub(super) fn warns(&self, awaiting: String) {
        self.activity.set(Activity {
            is_warning: true,
            ..Activity::awaiting(awaiting, None)
        });
    }

    /// Publishes the stop step that a shim reports.
    pub(super) fn show(&self, report: &Report) {
        if report.step.is_empty() {
            let note = report.note.as_str();
            self.awaits(if note.is_empty() { "its end" } else { note }, None);
        } else {
            let limit = (report.step_limit_ms > 0).then(|| Duration::from_millis(report.step_limit_ms));
            self.awaits(report.step.clone(), limit);
        }
    }

    /// Ends the published wait if its phrase begins with `start`.
    pub(super) fn awaits_no_more(&self, start: &str) {
        self.activity.change(|activity| {
            let over = activity.awaiting.starts_with(start);
            if over {
                *activity = Activity::default();
            }
            over
        });
    }

    /// Ends the published wait, unless its phrase begins with `start`.
    pub(super) fn awaits_only(&self, start: &str) {
        self.activity.change(|activity| {
            let over = *activity != Activity::default() && !activity.awaiting.starts_with(start);
            if over {
                *activity = Activity::default();
            }
            over
        });
    }

    /// Adds the last line that the game printed to the published wait.
    pub(super) fn show_line(&self, line: &str) {
        self.activity.change(|activity| {
            let changed = activity.last_line != line;
            if changed {
                line.clone_into(&mut activity.last_line);
            }
            changed
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_goes_on_stays_when_a_verb_ends() {
        let live = LiveState::default();
        live.awaits("ready (log line)", None);
        live.awaits_only("ready ");
        assert_eq!(live.activity.follow().borrow().awaiting, "ready (log line)");
        live.awaits("its shim", None);
        live.awaits_only("ready ");
        assert_eq!(*live.activity.follow().borrow(), Activity::default());
    }
}
