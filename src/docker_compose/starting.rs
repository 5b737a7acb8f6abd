//! `start`: compose brings the stack up, and we wait until it is ready.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::call::{Called, tail};
use super::engine::refused;
use super::supervisor::{DockerComposeSupervisor, Look};
use super::tool::Tool;
use crate::event::Want;
use crate::failure::{Failure, FailureKind};
use crate::store::InstanceDir;
use crate::store::stack::{self, Stack};
use crate::supervisor::{InstanceState, Outcome, StartOptions};
use crate::sys::clock;

/// How often the containers are looked at while they start.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// How long somebody else's `up` is given before ours is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// Where compose says what it does.
const SAID: &str = "compose.log";

/// How many of the last lines are shown of a service that ended early.
const LAST_LINES: &str = "20";

impl DockerComposeSupervisor {
    pub(super) async fn carry_out_start(&self, how: &StartOptions) -> Result<Outcome, Failure> {
        let limit = how.timeout.unwrap_or(self.ready.timeout);
        let deadline = Instant::now() + limit;
        let before = self.see().await?;
        if before.aggregate.facts.state == InstanceState::Running {
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
            restarts: how.restarts,
            services: Vec::new(),
            arrived: false,
        };
        put_on_record(&dir, &stack)?;
        let up = self.bring_up(&tool, &dir, limit).await?;
        if !up.is_ok() {
            return Err(self.not_up(&dir).await);
        }
        let look = self.see().await?;
        stack.services = look
            .containers
            .iter()
            .filter(|one| !one.oneoff)
            .map(|one| one.service.clone())
            .collect();
        stack.services.sort_unstable();
        stack.services.dedup();
        put_on_record(&dir, &stack)?;
        if how.no_wait {
            return Ok(outcome(look.aggregate.facts.state, true));
        }
        let outcome = self.wait_until_ready(deadline, limit).await?;
        stack.arrived = true;
        put_on_record(&dir, &stack)?;
        Ok(outcome)
    }

    /// `up`, tried once more where another `up` was in its way.
    async fn bring_up(&self, tool: &Tool, dir: &InstanceDir, limit: Duration) -> Result<Called, Failure> {
        let up = self.up(tool, dir, limit).await?;
        if up.is_ok() || !is_conflict(&said(dir)) {
            return Ok(up);
        }
        self.awaits("another `docker compose up`", Some(AGAIN));
        tokio::time::sleep(AGAIN).await;
        self.up(tool, dir, limit).await
    }

    async fn up(&self, tool: &Tool, dir: &InstanceDir, limit: Duration) -> Result<Called, Failure> {
        let cannot = |error: std::io::Error| Failure::failed(format!("the state directory cannot be written: {error}"));
        dir.remove(SAID).map_err(cannot)?;
        let said = dir.open_append(SAID).map_err(cannot)?;
        let halt = Arc::new(AtomicBool::new(false));
        let up = tool.up(&self.spec, limit, said, Arc::clone(&halt));
        tokio::pin!(up);
        loop {
            tokio::select! {
                biased;
                up = &mut up => return up,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if self.is_overtaken() {
                halt.store(true, Ordering::Relaxed);
                // Nothing may be started any more once the stop looks.
                let _ = up.await;
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

    fn tell(&self, look: &Look, limit: Duration) {
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

    /// Why `up` failed: what compose said, and what the service said that it
    /// failed at.
    async fn not_up(&self, dir: &InstanceDir) -> Failure {
        let said = said(dir);
        let refusal = refused(&said);
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

    async fn ended_early(&self, look: &Look) -> Failure {
        let facts = &look.aggregate.facts;
        let note = facts.note.clone().unwrap_or_else(|| "it ended".to_owned());
        let message = format!("{note}, before it was ready{}", self.last_lines(look).await);
        Failure::failed(message).hint(format!("all its services said: `gamectl logs {}`", self.id))
    }

    /// The last that the failed container said.
    async fn last_lines(&self, look: &Look) -> String {
        let Some(failed) = &look.aggregate.failed else {
            return String::new();
        };
        let Ok(called) = self.engine.ask(["logs", "--tail", LAST_LINES, failed]).await else {
            return String::new();
        };
        let mut lines = String::new();
        let answer = tail(&called.answer);
        for line in answer.lines().chain(called.complaint.lines()) {
            lines.push_str("\n  | ");
            lines.push_str(line);
        }
        lines
    }
}

fn put_on_record(dir: &InstanceDir, stack: &Stack) -> Result<(), Failure> {
    stack::write(dir, stack).map_err(|error| Failure::failed(format!("the start cannot be put on record: {error}")))
}

fn said(dir: &InstanceDir) -> String {
    let mut bytes = Vec::new();
    if let Ok(Some(mut file)) = dir.open_read(SAID) {
        let _ = file.read_to_end(&mut bytes);
    }
    tail(&bytes)
}

/// Whether somebody else's `up` was in the way.
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
