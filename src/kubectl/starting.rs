//! `start`: the object is scaled up, goes on or is patched, and we wait for ready pods of
//! its newest generation.

use std::time::Duration;

use tokio::time::Instant;

use super::changing::{self, Direction};
use super::managed::{ManagedObject, ObjectLook};
use super::origin;
use super::pod::{ClusterPod, PodHealth};
use crate::containers::{BegunStart, StartWait, started};
use crate::failure::Failure;
use crate::invocation::command;
use crate::store::stack::Stack;
use crate::supervisor::{Activity, InstanceState, Outcome, StartOptions, StateCell};

/// The interval between looks at what starts.
const LOOK: Duration = Duration::from_secs(1);

/// The lines of its log that a failed start shows.
const LAST_LINES: &str = "--tail=8";

/// Starts an object that does not run, and returns when it is ready.
pub(super) async fn start(
    object: &ManagedObject,
    activity: &StateCell<Activity>,
    options: &StartOptions,
) -> Result<Outcome, Failure> {
    let wait = StartWait::begin(object.records(), activity, options, object.plan().ready.timeout);
    ObjectStart { object, wait }.carry_out(options).await
}

/// A start under way.
struct ObjectStart<'a> {
    object: &'a ManagedObject,
    wait: StartWait<'a>,
}

impl ObjectStart<'_> {
    async fn carry_out(&self, options: &StartOptions) -> Result<Outcome, Failure> {
        let object = self.object;
        let before = object.see_anew().await?;
        let state = before.judged.facts.state.clone();
        if state == InstanceState::Running {
            object.records().record_origin(&origin::of_spec(object.spec()))?;
            return Ok(started(InstanceState::Running, false));
        }
        let has_begun = state == InstanceState::Starting;
        if !has_begun {
            self.launch(&before, options).await?;
        }
        if options.no_wait {
            let now = object.see_anew().await.map(|look| look.judged.facts.state);
            return Ok(started(now.unwrap_or(InstanceState::Starting), !has_begun));
        }
        self.wait_until_ready().await?;
        Ok(started(InstanceState::Running, !has_begun))
    }

    async fn launch(&self, before: &ObjectLook, options: &StartOptions) -> Result<(), Failure> {
        let object = self.object;
        let start = Stack {
            restarts: options.restarts,
            arrived: true,
            ..Stack::default()
        };
        BegunStart::record(object.records(), &origin::of_spec(object.spec()), start)?;
        self.wait.awaits("kubectl patch", Some(self.wait.limit()));
        changing::change(object, before, Direction::Up).await?;
        // Kubernetes waits longer and longer before it starts these again.
        let crashed = before
            .found
            .pods
            .iter()
            .filter(|pod| matches!(pod.health(), PodHealth::Crashed { .. }));
        let crashed: Vec<&str> = crashed.map(ClusterPod::name).collect();
        changing::delete(object, "pods", &crashed, None, "start").await
    }

    async fn wait_until_ready(&self) -> Result<(), Failure> {
        loop {
            let look = self.object.see_anew().await?;
            let facts = &look.judged.facts;
            let awaited = look.judged.awaited.clone();
            match facts.state {
                InstanceState::Running if look.judged.has_arrived => return Ok(()),
                _ if self.wait.is_stop_wanted() => return Err(self.wait.overtaken()),
                InstanceState::Crashed { .. } => return Err(self.ended_early(&look).await),
                InstanceState::Stopped => return Err(self.stopped_by_others()),
                _ => {}
            }
            if self.wait.is_over() {
                return Err(self.wait.late(&awaited, "logs"));
            }
            self.wait.awaits(awaited, Some(self.wait.limit()));
            tokio::time::sleep_until(self.wait.deadline().min(Instant::now() + LOOK)).await;
        }
    }

    fn id(&self) -> &str {
        self.object.records().id()
    }

    fn stopped_by_others(&self) -> Failure {
        let events = self.object.engine().shown("get events");
        Failure::failed("somebody has stopped it in the cluster meanwhile").hint(format!("see {events}"))
    }

    async fn ended_early(&self, look: &ObjectLook) -> Failure {
        let note = look.judged.facts.note.clone().unwrap_or_else(|| "it ended".to_owned());
        let message = format!("{note}, before it was ready{}", self.last_lines(look).await);
        Failure::failed(message).hint(format!("see {}", command(format_args!("logs {}", self.id()))))
    }

    /// Returns the last output of a pod that has crashed, a line each.
    async fn last_lines(&self, look: &ObjectLook) -> String {
        let crashed = look
            .found
            .pods
            .iter()
            .find(|pod| matches!(pod.health(), PodHealth::Crashed { .. }));
        let Some(pod) = crashed else { return String::new() };
        let words = ["logs", pod.name(), "--all-containers", LAST_LINES];
        let answer = self.object.engine().ask(words).await.unwrap_or_default();
        let text = crate::program::last_text(&answer);
        text.lines().map(|line| format!("\n  | {line}")).collect()
    }
}
