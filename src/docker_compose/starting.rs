//! `start`: compose brings the stack up, and we wait until it is ready.

use std::io::{Read, Seek, SeekFrom};
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::Instant;

use super::stack::{ComposeStack, StackLook, run_ns};
use super::tool::Tool;
use crate::containers::Container;
use crate::failure::{Failure, FailureKind};
use crate::invocation::command;
use crate::probe;
use crate::program::{COMPLAINT_MAX, last_text};
use crate::store::InstanceDir;
use crate::store::stack::Stack;
use crate::supervisor::{Activity, InstanceState, Outcome, StartOptions, StateCell};
use crate::sys::clock;

/// The interval between looks at containers that start.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// The pause after another `up` was in the way, before ours is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// The file for the messages of compose.
const MESSAGES: &str = "compose.log";

/// The number of last lines that are shown of a service that ended early.
const LAST_LINES: &str = "20";

/// Starts a stack that does not run, and returns when it is ready.
pub(super) async fn start(
    stack: &ComposeStack,
    activity: &StateCell<Activity>,
    options: &StartOptions,
) -> Result<Outcome, Failure> {
    let limit = options.timeout.unwrap_or(stack.ready().timeout);
    let start = Start {
        stack,
        activity,
        limit,
        deadline: Instant::now() + limit.saturating_sub(options.spent),
    };
    start.carry_out(options).await
}

/// A start under way.
struct Start<'a> {
    stack: &'a ComposeStack,
    activity: &'a StateCell<Activity>,
    limit: Duration,
    deadline: Instant,
}

impl Start<'_> {
    async fn carry_out(&self, options: &StartOptions) -> Result<Outcome, Failure> {
        let (spec, records) = (self.stack.spec(), self.stack.records());
        let before = self.stack.see().await?;
        if before.aggregate.facts.state == InstanceState::Running {
            records.record_origin(spec)?;
            return Ok(outcome(InstanceState::Running, false));
        }
        self.stack.refuse_probes()?;
        self.awaits("docker compose config", None);
        let tool = Tool::find(self.stack.engine(), spec).await?;
        tool.validate().await?;
        let dir = records.create_dir()?;
        let last = records.last_start()?;
        let mut record = Stack {
            started_wall_ms: clock::wall_ms(),
            restarts: options.restarts,
            follows_ns: run_ns(&before.containers),
            ..Stack::default()
        };
        records.record_origin(spec)?;
        records.record_start(&dir, &record)?;
        records.record_inventory(&dir);
        if !before.containers.iter().any(Container::is_alive) {
            let held = probe::held(&self.stack.ready().probes).await;
            records.record_strangers(&dir, &record, &held);
        }
        if !self.bring_up(&tool, &dir).await?.success() {
            // It is what it was before, or over at least.
            let arrived = true;
            let _ = records.record_start(&dir, &last.unwrap_or(Stack { arrived, ..record }));
            return Err(self.not_up(&dir).await);
        }
        let look = self.stack.see().await?;
        record.services = brought_up(&before.containers, &look.containers);
        records.record_start(&dir, &record)?;
        if options.no_wait {
            return Ok(outcome(look.aggregate.facts.state, true));
        }
        let outcome = self.wait_until_ready().await?;
        record.arrived = true;
        records.record_start(&dir, &record)?;
        Ok(outcome)
    }

    fn awaits(&self, awaiting: impl Into<String>, limit: Option<Duration>) {
        self.activity.set(Activity::awaiting(awaiting, limit));
    }

    /// Brings the stack up, with a second try if another `up` was in the way.
    async fn bring_up(&self, tool: &Tool<'_>, dir: &InstanceDir) -> Result<ExitStatus, Failure> {
        let up = self.up(tool, dir).await?;
        if up.success() || !is_conflict(&messages(dir)) {
            return Ok(up);
        }
        self.awaits("another `docker compose up`", Some(AGAIN));
        tokio::time::sleep(AGAIN).await;
        self.up(tool, dir).await
    }

    async fn up(&self, tool: &Tool<'_>, dir: &InstanceDir) -> Result<ExitStatus, Failure> {
        let cannot = |error: std::io::Error| Failure::failed(format!("the state directory cannot be written: {error}"));
        dir.remove(MESSAGES).map_err(cannot)?;
        let messages = dir.open_append(MESSAGES).map_err(cannot)?;
        let mut up = tool.up(messages)?;
        let until = self.deadline;
        loop {
            tokio::select! {
                biased;
                ended = up.wait(until, self.limit) => return ended.map_err(|error| tool.call_failed(&error)),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if self.stack.records().is_stop_wanted() {
                // Nothing may be started any more once the stop looks.
                up.kill().await;
                return Err(self.overtaken());
            }
            if let Ok(look) = self.stack.see().await {
                self.tell(&look);
            }
        }
    }

    async fn wait_until_ready(&self) -> Result<Outcome, Failure> {
        loop {
            let look = self.stack.see().await?;
            match look.aggregate.facts.state {
                InstanceState::Running => return Ok(outcome(InstanceState::Running, true)),
                InstanceState::Crashed { .. } => return Err(self.ended_early(&look).await),
                _ if self.stack.records().is_stop_wanted() => return Err(self.overtaken()),
                InstanceState::Stopped => return Err(self.ended_early(&look).await),
                _ => self.tell(&look),
            }
            if Instant::now() >= self.deadline {
                let awaited = look.aggregate.awaited.join(", ");
                let time = humantime::format_duration(self.limit);
                let failure = Failure::new(FailureKind::Timeout, format!("not ready after {time}: {awaited}"));
                return Err(failure.hint(format!(
                    "it goes on starting; see {}",
                    command(format_args!("logs {}", self.stack.records().id()))
                )));
            }
            tokio::time::sleep_until(self.deadline.min(Instant::now() + LOOK_EVERY)).await;
        }
    }

    fn tell(&self, look: &StackLook) {
        let awaited = match look.aggregate.awaited.join(", ") {
            nothing if nothing.is_empty() => "docker compose up".to_owned(),
            awaited => awaited,
        };
        self.awaits(awaited, Some(self.limit));
    }

    fn overtaken(&self) -> Failure {
        Failure::failed("somebody asked for a stop meanwhile, and that wins").hint(format!(
            "{} starts it again",
            command(format_args!("start {}", self.stack.records().id()))
        ))
    }

    /// Returns the failure of an `up`, with the messages of compose and the last
    /// output of the service that failed.
    async fn not_up(&self, dir: &InstanceDir) -> Failure {
        let said = messages(dir);
        let refusal = self.stack.engine().kind().refusal(&said);
        if refusal.kind == FailureKind::Unknown {
            return refusal;
        }
        let mut message = "`docker compose up` failed".to_owned();
        let progress = |line: &&str| {
            let word = line.trim().rsplit(' ').next().unwrap_or_default();
            !(line.trim().is_empty() || word.ends_with("ing") || word.ends_with("ed") || word == "Healthy")
        };
        for line in said.lines().filter(progress) {
            message.push_str("\n  | ");
            message.push_str(line.trim());
        }
        if let Ok(look) = self.stack.see().await {
            message.push_str(&self.last_lines(&look).await);
        }
        Failure::failed(message).hint(format!(
            "all its services said: {}",
            command(format_args!("logs {}", self.stack.records().id()))
        ))
    }

    async fn ended_early(&self, look: &StackLook) -> Failure {
        let facts = &look.aggregate.facts;
        let note = facts.note.clone().unwrap_or_else(|| "it ended".to_owned());
        let message = format!("{note}, before it was ready{}", self.last_lines(look).await);
        Failure::failed(message).hint(format!(
            "all its services said: {}",
            command(format_args!("logs {}", self.stack.records().id()))
        ))
    }

    /// Returns the last output of the failed container.
    async fn last_lines(&self, look: &StackLook) -> String {
        let Some(failed) = &look.aggregate.failed else {
            return String::new();
        };
        let Ok(called) = self.stack.engine().ask(["logs", "--tail", LAST_LINES, failed]).await else {
            return String::new();
        };
        let mut lines = String::new();
        let answer = last_text(&called.output);
        for line in answer.lines().chain(called.complaint.lines()) {
            lines.push_str("\n  | ");
            lines.push_str(line);
        }
        lines
    }
}

/// Returns the services that an `up` has brought up, which made `after` of `before`. A
/// container that it left as it was, ended, belongs to a service with another profile,
/// or to one that the files no longer have.
fn brought_up(before: &[Container], after: &[Container]) -> Vec<String> {
    let was_left = |one: &Container| {
        let as_before = |old: &Container| old.id == one.id && old.started == one.started && !old.is_alive();
        !one.is_alive() && before.iter().any(as_before)
    };
    let counts = after.iter().filter(|one| !one.member.oneoff && !was_left(one));
    let mut services: Vec<String> = counts.map(|one| one.service().to_owned()).collect();
    services.sort_unstable();
    services.dedup();
    services
}

/// Returns the last messages of compose.
fn messages(dir: &InstanceDir) -> String {
    let mut bytes = Vec::new();
    if let Ok(Some(mut file)) = dir.open_read(MESSAGES) {
        let length = file.metadata().map_or(0, |meta| meta.len());
        let _ = file.seek(SeekFrom::Start(length.saturating_sub(COMPLAINT_MAX as u64)));
        let _ = file.take(COMPLAINT_MAX as u64).read_to_end(&mut bytes);
    }
    last_text(&bytes)
}

/// Returns true if another `up` was in the way.
fn is_conflict(said: &str) -> bool {
    said.contains("is already in use") || said.contains("is ambiguous")
}

fn outcome(state: InstanceState, changed: bool) -> Outcome {
    Outcome {
        changed,
        state,
        ended_by: None,
        note: None,
    }
}
