//! A start under way: the wait until a group is ready, and the failure of one that does
//! not get there.

use std::time::Duration;

use tokio::time::Instant;

use super::group::{ContainerGroup, GroupLook};
use super::start_wait::{StartWait, started};
use crate::failure::{Failure, quoted_lines};
use crate::invocation::command;
use crate::program::{Finished, last_text};
use crate::supervisor::{Activity, InstanceState, Outcome, StartOptions, StateCell};

/// The interval between looks at containers that start.
pub const START_LOOK: Duration = Duration::from_millis(300);

/// A group that its plane can look at.
#[async_trait::async_trait]
pub trait SeenGroup: Send + Sync {
    fn group(&self) -> &ContainerGroup;

    /// Looks at the containers, judges them, and publishes the state.
    ///
    /// # Errors
    /// When the state cannot be found out.
    async fn see(&self) -> Result<GroupLook, Failure>;

    /// Returns the last output of a container.
    ///
    /// # Errors
    /// When the engine does not tell.
    async fn last_output(&self, container: &str) -> Result<Finished, Failure>;
}

/// A start under way.
pub struct GroupStart<'a> {
    seen: &'a dyn SeenGroup,
    wait: StartWait<'a>,
    /// The call that brings the group up, in words.
    bring_up: &'static str,
}

impl<'a> GroupStart<'a> {
    /// Begins a start now; `bring_up` is the call that carries it out, in words.
    pub fn begin(
        seen: &'a dyn SeenGroup,
        activity: &'a StateCell<Activity>,
        options: &StartOptions,
        bring_up: &'static str,
    ) -> Self {
        let group = seen.group();
        Self {
            seen,
            wait: StartWait::begin(group.records(), activity, options, group.ready().timeout),
            bring_up,
        }
    }

    /// Returns the time it may take altogether.
    pub fn limit(&self) -> Duration {
        self.wait.limit()
    }

    pub fn deadline(&self) -> Instant {
        self.wait.deadline()
    }

    pub fn awaits(&self, awaiting: impl Into<String>, limit: Option<Duration>) {
        self.wait.awaits(awaiting, limit);
    }

    /// Tells what a look still misses.
    pub fn tell(&self, look: &GroupLook) {
        let awaited = match look.aggregate.awaited.join(", ") {
            nothing if nothing.is_empty() => self.bring_up.to_owned(),
            awaited => awaited,
        };
        self.awaits(awaited, Some(self.limit()));
    }

    /// Waits until the group is ready.
    ///
    /// # Errors
    /// When it ends before that, is not ready in time, or is to be stopped meanwhile.
    pub async fn until_ready(&self) -> Result<Outcome, Failure> {
        loop {
            let look = self.seen.see().await?;
            match look.aggregate.facts.state {
                InstanceState::Running if !look.aggregate.is_paused => {
                    return Ok(started(InstanceState::Running, true));
                }
                InstanceState::Crashed { .. } => return Err(self.ended_early(&look).await),
                _ if self.is_stop_wanted() => return Err(self.overtaken()),
                InstanceState::Stopped => return Err(self.ended_early(&look).await),
                _ => self.tell(&look),
            }
            if self.wait.is_over() {
                return Err(self.wait.late(&look.aggregate.awaited.join(", "), "logs"));
            }
            tokio::time::sleep_until(self.deadline().min(Instant::now() + START_LOOK)).await;
        }
    }

    fn id(&self) -> &str {
        self.seen.group().records().id()
    }

    /// Returns true if this start is to give way to a stop.
    pub fn is_stop_wanted(&self) -> bool {
        self.wait.is_stop_wanted()
    }

    /// Returns the failure of a start that gives way to a stop.
    pub fn overtaken(&self) -> Failure {
        self.wait.overtaken()
    }

    async fn ended_early(&self, look: &GroupLook) -> Failure {
        let facts = &look.aggregate.facts;
        let note = facts.note.clone().unwrap_or_else(|| "it ended".to_owned());
        let message = format!("{note}, before it was ready{}", self.last_lines(look).await);
        self.with_logs(message)
    }

    /// Returns a failure that names the way to all output.
    pub fn with_logs(&self, message: String) -> Failure {
        Failure::failed(message).hint(format!(
            "all its services said: {}",
            command(format_args!("logs {}", self.id()))
        ))
    }

    /// Returns the last output of the failed container, a line each.
    pub async fn last_lines(&self, look: &GroupLook) -> String {
        let Some(failed) = &look.aggregate.failed else {
            return String::new();
        };
        let Ok(called) = self.seen.last_output(failed).await else {
            return String::new();
        };
        let answer = last_text(&called.output);
        quoted_lines(answer.lines().chain(called.complaint.lines()))
    }
}
