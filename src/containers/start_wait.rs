//! The time of a start under way, and the failures that all planes without a shim share.

use std::time::Duration;

use tokio::time::Instant;

use super::records::GroupRecords;
use crate::failure::{Failure, FailureKind};
use crate::invocation::command;
use crate::supervisor::{Activity, InstanceState, Outcome, StartOptions, StateCell};

/// The time of a start, and who is told what it waits for.
pub struct StartWait<'a> {
    records: &'a GroupRecords,
    activity: &'a StateCell<Activity>,
    limit: Duration,
    deadline: Instant,
}

impl<'a> StartWait<'a> {
    /// Begins now. `usual` is the limit where no other one was asked for.
    pub fn begin(
        records: &'a GroupRecords,
        activity: &'a StateCell<Activity>,
        options: &StartOptions,
        usual: Duration,
    ) -> Self {
        let limit = options.timeout.unwrap_or(usual);
        Self {
            records,
            activity,
            limit,
            deadline: Instant::now() + limit.saturating_sub(options.spent),
        }
    }

    /// Returns the time it may take altogether.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns true once it has taken too long.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Tells what is waited for.
    pub fn awaits(&self, awaiting: impl Into<String>, limit: Option<Duration>) {
        self.activity.set(Activity::awaiting(awaiting, limit));
    }

    /// Returns true if it is to give way to a stop.
    pub fn is_stop_wanted(&self) -> bool {
        self.records.is_stop_wanted()
    }

    /// Returns the failure of a start that gives way to a stop.
    pub fn overtaken(&self) -> Failure {
        let start = command(format_args!("start {}", self.records.id()));
        Failure::failed("somebody asked for a stop meanwhile, and that wins").hint(format!("{start} starts it again"))
    }

    /// Returns the failure of a start that has taken too long; `verb` shows how it goes on.
    pub fn late(&self, awaited: &str, verb: &str) -> Failure {
        let time = humantime::format_duration(self.limit);
        let failure = Failure::new(FailureKind::Timeout, format!("not ready after {time}: {awaited}"));
        let shows = command(format_args!("{verb} {}", self.records.id()));
        failure.hint(format!("it goes on starting; see {shows}"))
    }
}

/// Returns the outcome of a start.
pub fn started(state: InstanceState, changed: bool) -> Outcome {
    Outcome {
        changed,
        state,
        ended_by: None,
        note: None,
    }
}
