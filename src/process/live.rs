//! The state of one instance as it is published, and the wait under way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::shim::wire::Report;
use crate::supervisor::{Activity, InstanceState, StateCell};

/// The state of an instance as it is published, and the wait under way.
#[derive(Debug)]
pub(super) struct LiveState {
    state: StateCell<InstanceState>,
    activity: StateCell<Activity>,
    /// True while this process launches the game.
    launching: AtomicBool,
}

impl Default for LiveState {
    fn default() -> Self {
        Self {
            state: StateCell::new(InstanceState::Stopped),
            activity: StateCell::default(),
            launching: AtomicBool::new(false),
        }
    }
}

impl LiveState {
    pub(super) fn state(&self) -> InstanceState {
        self.state.get()
    }

    pub(super) fn follow_state(&self) -> watch::Receiver<InstanceState> {
        self.state.follow()
    }

    pub(super) fn follow_activity(&self) -> watch::Receiver<Activity> {
        self.activity.follow()
    }

    pub(super) fn publish(&self, state: InstanceState) {
        self.state.set(state);
    }

    pub(super) fn awaits(&self, awaiting: impl Into<String>, limit: Option<Duration>) {
        self.activity.set(Activity::awaiting(awaiting, limit));
    }

    pub(super) fn awaits_nothing(&self) {
        self.activity.set(Activity::default());
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

    pub(super) fn is_launching(&self) -> bool {
        self.launching.load(Ordering::Relaxed)
    }

    /// Marks the game as being launched until the guard is dropped.
    pub(super) fn launching(&self) -> LaunchGuard<'_> {
        self.launching.store(true, Ordering::Relaxed);
        LaunchGuard(&self.launching)
    }
}

/// A launch by this process: a watch of the same instance then looks less often.
pub(super) struct LaunchGuard<'a>(&'a AtomicBool);

impl Drop for LaunchGuard<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
