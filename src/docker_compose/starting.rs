//! `start`: compose brings the stack up, and we wait until it is ready.

use std::io::{Read, Seek, SeekFrom};
use std::process::ExitStatus;
use std::time::Duration;

use super::compose_file::FileServices;
use super::stack::ComposeStack;
use super::tool::Tool;
use crate::containers::{
    BegunStart, Container, ContainerStatus, GroupLook, GroupStart, START_LOOK, SeenGroup, let_go_on, run_ns, started,
};
use crate::failure::{Failure, FailureKind};
use crate::probe;
use crate::program::{COMPLAINT_MAX, last_text};
use crate::store::InstanceDir;
use crate::store::stack::Stack;
use crate::supervisor::{Activity, InstanceState, Outcome, StartOptions, StateCell};

/// The pause after another `up` was in the way, before ours is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// The call that brings a stack up, in words.
const UP: &str = "compose up";

/// The file for the messages of compose.
const MESSAGES: &str = "compose.log";

/// Starts a stack that does not run, and returns when it is ready.
pub(super) async fn start(
    stack: &ComposeStack,
    activity: &StateCell<Activity>,
    options: &StartOptions,
) -> Result<Outcome, Failure> {
    let wait = GroupStart::begin(stack, activity, options, UP);
    Start { stack, wait }.carry_out(options).await
}

/// A start under way.
struct Start<'a> {
    stack: &'a ComposeStack,
    wait: GroupStart<'a>,
}

impl Start<'_> {
    async fn carry_out(&self, options: &StartOptions) -> Result<Outcome, Failure> {
        let (spec, records) = (self.stack.spec(), self.stack.records());
        let (before, was_paused) = self.look_awake().await?;
        if before.aggregate.facts.state == InstanceState::Running {
            records.record_origin(&self.stack.origin())?;
            return Ok(started(InstanceState::Running, was_paused));
        }
        self.stack.refuse_probes()?;
        self.wait.awaits("compose config", None);
        let tool = Tool::find(self.stack.engine(), spec).await?;
        tool.validate().await?;
        let expected = match tool.is_of_podman() {
            true => Some(FileServices::read(spec).await?),
            false => None,
        };
        let start = Stack {
            restarts: options.restarts,
            follows_ns: run_ns(&before.containers),
            ..Stack::default()
        };
        let mut begun = BegunStart::record(records, &self.stack.origin(), start)?;
        if !before.containers.iter().any(Container::is_alive) {
            begun.note_strangers(&probe::held(&self.stack.ready().probes).await);
        }
        let up = self.bring_up(&tool, begun.dir()).await?;
        let look = self.stack.see().await?;
        let has_worked = match &expected {
            // Its exit code says nothing.
            Some(files) => are_begun(&files.wanted(spec), &look.containers),
            None => up.success(),
        };
        if !has_worked {
            let failure = self.not_up(begun.dir()).await;
            begun.take_back();
            return Err(failure);
        }
        begun.note_services(brought_up(&before.containers, &look.containers))?;
        if options.no_wait {
            return Ok(started(look.aggregate.facts.state, true));
        }
        let outcome = self.wait.until_ready().await?;
        begun.note_arrival()?;
        Ok(outcome)
    }

    /// Looks, after it has let go on what somebody has paused. Also returns whether
    /// there was any.
    async fn look_awake(&self) -> Result<(GroupLook, bool), Failure> {
        let look = self.stack.see().await?;
        let counts = |one: &&Container| one.is_paused() && !one.member.oneoff;
        let paused: Vec<&Container> = look.containers.iter().filter(counts).collect();
        if paused.is_empty() {
            return Ok((look, false));
        }
        let engine = self.stack.engine();
        self.wait.awaits(format!("{} unpause", engine.kind().program), None);
        let_go_on(engine, &self.stack.spec().project, &paused).await?;
        Ok((self.stack.see().await?, true))
    }

    /// Brings the stack up, with a second try if another `up` was in the way.
    async fn bring_up(&self, tool: &Tool<'_>, dir: &InstanceDir) -> Result<ExitStatus, Failure> {
        let up = self.up(tool, dir).await?;
        if up.success() || !is_conflict(&messages(dir)) {
            return Ok(up);
        }
        self.wait.awaits("another `compose up`", Some(AGAIN));
        tokio::time::sleep(AGAIN).await;
        self.up(tool, dir).await
    }

    async fn up(&self, tool: &Tool<'_>, dir: &InstanceDir) -> Result<ExitStatus, Failure> {
        let cannot = |error: std::io::Error| Failure::failed(format!("the state directory cannot be written: {error}"));
        dir.remove(MESSAGES).map_err(cannot)?;
        let messages = dir.open_append(MESSAGES).map_err(cannot)?;
        let mut up = tool.up(messages)?;
        let until = self.wait.deadline();
        loop {
            tokio::select! {
                biased;
                ended = up.wait(until, self.wait.limit()) => return ended.map_err(|error| tool.call_failed(&error)),
                () = tokio::time::sleep(START_LOOK) => {}
            }
            if self.wait.is_stop_wanted() {
                // Nothing may be started any more once the stop looks.
                up.kill().await;
                return Err(self.wait.overtaken());
            }
            if let Ok(look) = self.stack.see().await {
                self.wait.tell(&look);
            }
        }
    }

    /// Returns the failure of an `up`, with the messages of compose and the last
    /// output of the service that failed.
    async fn not_up(&self, dir: &InstanceDir) -> Failure {
        let said = messages(dir);
        let refusal = self.stack.engine().kind().refusal(&said);
        if refusal.kind == FailureKind::Unknown {
            return refusal;
        }
        let mut message = format!("`{UP}` failed");
        let progress = |line: &&str| {
            let word = line.trim().rsplit(' ').next().unwrap_or_default();
            !(line.trim().is_empty() || word.ends_with("ing") || word.ends_with("ed") || word == "Healthy")
        };
        for line in said.lines().filter(progress) {
            message.push_str("\n  | ");
            message.push_str(line.trim());
        }
        if let Ok(look) = self.stack.see().await {
            message.push_str(&self.wait.last_lines(&look).await);
        }
        self.wait.with_logs(message)
    }
}

/// Returns true if there is a container of each of these services, and each was started.
fn are_begun(services: &[&str], containers: &[Container]) -> bool {
    services.iter().all(|service| {
        let mut own = containers
            .iter()
            .filter(|one| one.service() == *service && !one.member.oneoff);
        let was_started = |one: &Container| one.status != ContainerStatus::Created;
        own.clone().next().is_some() && own.all(was_started)
    })
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
