//! `start`: compose brings the stack up, and we wait until it is ready.

use std::io::Read;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::Instant;

use super::origin;
use super::supervisor::{DockerComposeSupervisor, StackLook};
use super::tool::Tool;
use crate::event::Want;
use crate::failure::{Failure, FailureKind};
use crate::program::last_text;
use crate::store::stack::{self, Stack};
use crate::store::{self, InstanceDir};
use crate::supervisor::{InstanceState, Outcome, StartOptions};
use crate::sys::clock;

/// The interval between looks at containers that start.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// The pause after another `up` was in the way, before ours is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// The file for the messages of compose.
const MESSAGES: &str = "compose.log";

/// The number of last lines that are shown of a service that ended early.
const LAST_LINES: &str = "20";

impl DockerComposeSupervisor {
    pub(super) async fn carry_out_start(&self, options: &StartOptions) -> Result<Outcome, Failure> {
        let limit = options.timeout.unwrap_or(self.ready.timeout);
        let deadline = Instant::now() + limit;
        let before = self.see().await?;
        if before.aggregate.facts.state == InstanceState::Running {
            if let Some(dir) = self.dir()? {
                self.record_origin(&dir)?;
            }
            return Ok(outcome(InstanceState::Running, false));
        }
        self.awaits("docker compose config", None);
        let tool = Tool::find(&self.engine).await?;
        tool.validate(&self.spec).await?;
        let Some(place) = &self.place else {
            return Err(Failure::failed("there is no state directory"));
        };
        let dir = place.create_instance(&self.id)?;
        let mut stack = Stack {
            started_wall_ms: clock::wall_ms(),
            restarts: options.restarts,
            services: Vec::new(),
            arrived: false,
        };
        self.record_origin(&dir)?;
        put_on_record(&dir, &stack)?;
        let up = self.bring_up(&tool, &dir, limit).await?;
        if !up.success() {
            return Err(self.not_up(&dir).await);
        }
        let look = self.see().await?;
        stack.services = look
            .containers
            .iter()
            .filter(|one| !one.member.oneoff)
            .map(|one| one.service().to_owned())
            .collect();
        stack.services.sort_unstable();
        stack.services.dedup();
        put_on_record(&dir, &stack)?;
        if options.no_wait {
            return Ok(outcome(look.aggregate.facts.state, true));
        }
        let outcome = self.wait_until_ready(deadline, limit).await?;
        stack.arrived = true;
        put_on_record(&dir, &stack)?;
        Ok(outcome)
    }

    fn record_origin(&self, dir: &InstanceDir) -> Result<(), Failure> {
        store::origin::record(dir, &origin::of_spec(&self.spec)).map_err(|error| not_recorded(&error))
    }

    /// Brings the stack up, with a second try if another `up` was in the way.
    async fn bring_up(&self, tool: &Tool, dir: &InstanceDir, limit: Duration) -> Result<ExitStatus, Failure> {
        let up = self.up(tool, dir, limit).await?;
        if up.success() || !is_conflict(&messages(dir)) {
            return Ok(up);
        }
        self.awaits("another `docker compose up`", Some(AGAIN));
        tokio::time::sleep(AGAIN).await;
        self.up(tool, dir, limit).await
    }

    async fn up(&self, tool: &Tool, dir: &InstanceDir, limit: Duration) -> Result<ExitStatus, Failure> {
        let cannot = |error: std::io::Error| Failure::failed(format!("the state directory cannot be written: {error}"));
        dir.remove(MESSAGES).map_err(cannot)?;
        let messages = dir.open_append(MESSAGES).map_err(cannot)?;
        let mut up = tool.up(&self.spec, messages)?;
        let until = Instant::now() + limit;
        loop {
            tokio::select! {
                biased;
                ended = up.wait(until, limit) => return ended.map_err(|error| tool.call_failed(&error)),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if self.is_overtaken() {
                // Nothing may be started any more once the stop looks.
                up.kill().await;
                return Err(overtaken(&self.id));
            }
            if let Ok(look) = self.see().await {
                self.tell(&look, limit);
            }
        }
    }

    async fn wait_until_ready(&self, deadline: Instant, limit: Duration) -> Result<Outcome, Failure> {
        loop {
            let look = self.see().await?;
            match look.aggregate.facts.state {
                InstanceState::Running => return Ok(outcome(InstanceState::Running, true)),
                InstanceState::Crashed { .. } => return Err(self.ended_early(&look).await),
                _ if self.is_overtaken() => return Err(overtaken(&self.id)),
                _ => self.tell(&look, limit),
            }
            if Instant::now() >= deadline {
                let awaited = look.aggregate.awaited.join(", ");
                let time = humantime::format_duration(limit);
                let failure = Failure::new(FailureKind::Timeout, format!("not ready after {time}: {awaited}"));
                return Err(failure.hint(format!("it goes on starting; see `gamectl logs {}`", self.id)));
            }
            tokio::time::sleep_until(deadline.min(Instant::now() + LOOK_EVERY)).await;
        }
    }

    fn tell(&self, look: &StackLook, limit: Duration) {
        let awaited = look.aggregate.awaited.join(", ");
        self.awaits(
            if awaited.is_empty() {
                "docker compose up".into()
            } else {
                awaited
            },
            Some(limit),
        );
    }

    fn is_overtaken(&self) -> bool {
        matches!(self.intent(), Ok(Some(intent)) if intent.want == Want::Stopped)
    }

    /// Returns the failure of an `up`, with the messages of compose and the last
    /// output of the service that failed.
    async fn not_up(&self, dir: &InstanceDir) -> Failure {
        let said = messages(dir);
        let refusal = self.engine.kind().refusal(&said);
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
        if let Ok(look) = self.see().await {
            message.push_str(&self.last_lines(&look).await);
        }
        Failure::failed(message).hint(format!("all its services said: `gamectl logs {}`", self.id))
    }

    async fn ended_early(&self, look: &StackLook) -> Failure {
        let facts = &look.aggregate.facts;
        let note = facts.note.clone().unwrap_or_else(|| "it ended".to_owned());
        let message = format!("{note}, before it was ready{}", self.last_lines(look).await);
        Failure::failed(message).hint(format!("all its services said: `gamectl logs {}`", self.id))
    }

    /// Returns the last output of the failed container.
    async fn last_lines(&self, look: &StackLook) -> String {
        let Some(failed) = &look.aggregate.failed else {
            return String::new();
        };
        let Ok(called) = self.engine.ask(["logs", "--tail", LAST_LINES, failed]).await else {
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

fn put_on_record(dir: &InstanceDir, stack: &Stack) -> Result<(), Failure> {
    stack::write(dir, stack).map_err(|error| not_recorded(&error))
}

fn not_recorded(error: &std::io::Error) -> Failure {
    Failure::failed(format!("the start cannot be put on record: {error}"))
}

fn messages(dir: &InstanceDir) -> String {
    let mut bytes = Vec::new();
    if let Ok(Some(mut file)) = dir.open_read(MESSAGES) {
        let _ = file.read_to_end(&mut bytes);
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

fn overtaken(id: &str) -> Failure {
    Failure::failed("somebody asked for a stop meanwhile, and that wins")
        .hint(format!("`gamectl start {id}` starts it again"))
}
