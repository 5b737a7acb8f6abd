//! `send`: one line to a game that runs.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::evidence::{Evidence, Shim};
use super::shim::client::Client;
use super::shim::wire::{Request, UNKNOWN_VERB};
use super::standing::{Standing, standing};
use super::starting::{PASSING, strayed};
use super::supervisor::ProcessSupervisor;
use crate::channel::{self, LINE_MAX, Question};
use crate::failure::{Failure, FailureKind};
use crate::inventory::ChannelKind;
use crate::store::{InstanceDir, plan};
use crate::supervisor::{AdminChannel, ConsoleAccess, ConsoleInput, ConsoleKind};

/// How long a game that was told to quit is watched.
const QUITTING: Duration = Duration::from_secs(3);

/// How long the shim has to take what was typed.
const TYPING: Duration = Duration::from_secs(5);

#[async_trait::async_trait]
impl AdminChannel for ProcessSupervisor {
    async fn send(&self, line: &str, limit: Duration) -> Result<Option<String>> {
        let until = Instant::now() + limit;
        let (dir, generation) = self.running(until).await?;
        let Some(remote) = self.channels.get(self.channels.admin) else {
            let generation = generation.ok_or_else(|| orphaned(&self.id))?;
            self.send_to_console(&dir, generation, line, until).await?;
            return Ok(None);
        };
        let question = Question {
            line: line.to_owned(),
            expect: None,
            limit: until.saturating_duration_since(Instant::now()),
        };
        let reply = channel::ask(remote, &question).await?;
        // A WebRCON server says only so that a password is wrong.
        if remote.kind == ChannelKind::Webrcon && reply.closed && reply.text.is_empty() && self.goes_on(until).await {
            let failure = Failure::failed("it closed the connection without a reply, and goes on");
            let hint = format!("the password of `{}` may be wrong", remote.kind);
            return Err(failure.hint(hint).into());
        }
        let mut text = reply.text;
        if reply.cut {
            text.push_str("\n[the reply was longer, and is cut here]");
        }
        Ok(Some(text))
    }
}

#[async_trait::async_trait]
impl ConsoleAccess for ProcessSupervisor {
    async fn kind(&self) -> Result<ConsoleKind> {
        let (dir, generation) = self.running(Instant::now() + TYPING).await?;
        generation.ok_or_else(|| orphaned(&self.id))?;
        // How it was started, whatever the inventory says by now.
        let recorded = plan::read(&dir).ok().flatten();
        Ok(if recorded.as_ref().unwrap_or(&self.plan).tty {
            ConsoleKind::Terminal
        } else {
            ConsoleKind::Lines
        })
    }

    async fn type_in(&self, input: &ConsoleInput) -> Result<()> {
        let until = Instant::now() + TYPING;
        let (dir, generation) = self.running(until).await?;
        let generation = generation.ok_or_else(|| orphaned(&self.id))?;
        let request = match input {
            ConsoleInput::Line(line) => return Ok(self.send_to_console(&dir, generation, line, until).await?),
            ConsoleInput::Bytes(bytes) => Request::Keys {
                generation,
                bytes: bytes.clone(),
            },
            ConsoleInput::Size { columns, rows } => Request::Resize {
                generation,
                columns: *columns,
                rows: *rows,
            },
        };
        Ok(self.ask_shim(&dir, &request, until).await?)
    }
}

impl ProcessSupervisor {
    /// Whether it still runs after a time in which most games have quit.
    async fn goes_on(&self, until: Instant) -> bool {
        let until = until.min(Instant::now() + QUITTING);
        loop {
            match self.running(until).await {
                Err(failure) if failure.kind == FailureKind::NotRunning => return false,
                _ if Instant::now() >= until => return true,
                _ => tokio::time::sleep(PASSING).await,
            }
        }
    }

    /// The folder of an instance that runs, and its launch where a shim keeps
    /// it.
    async fn running(&self, until: Instant) -> Result<(std::sync::Arc<InstanceDir>, Option<u64>), Failure> {
        let Some((state, dir)) = self.known_place()? else {
            return Err(match &self.gather().map_err(Failure::unknown)?.shim {
                Shim::Strayed(entry) => strayed(&self.id, entry),
                _ => not_running(&self.id),
            });
        };
        loop {
            match standing(&Evidence::gather(&state, &dir, &self.id))? {
                Standing::Kept { generation, .. } => return Ok((dir, Some(generation))),
                Standing::Orphan(_) => return Ok((dir, None)),
                Standing::Strayed(entry) => return Err(strayed(&self.id, &entry)),
                Standing::Free { .. } | Standing::Clearing { .. } | Standing::Ended { .. } | Standing::Damaged(_) => {
                    return Err(not_running(&self.id));
                }
                Standing::Passing if Instant::now() >= until => return Err(self.held_up(&dir).await),
                Standing::Passing => tokio::time::sleep(PASSING).await,
            }
        }
    }

    async fn send_to_console(
        &self,
        dir: &InstanceDir,
        generation: u64,
        line: &str,
        until: Instant,
    ) -> Result<(), Failure> {
        if line.len() > LINE_MAX || line.contains(['\n', '\r', '\0']) {
            let message = format!("a line of at most {LINE_MAX} bytes can be sent, without line breaks");
            return Err(Failure::new(FailureKind::Usage, message));
        }
        let line = line.to_owned();
        self.ask_shim(dir, &Request::Console { generation, line }, until).await
    }

    async fn ask_shim(&self, dir: &InstanceDir, request: &Request, until: Instant) -> Result<(), Failure> {
        let asked = async { Client::connect(dir).await?.ask(request).await };
        let report = match tokio::time::timeout_at(until, asked).await {
            Ok(Ok(Some(report))) => report,
            Ok(Ok(None) | Err(_)) => return Err(not_running(&self.id)),
            Err(_) => return Err(Failure::new(FailureKind::Timeout, "its shim did not answer in time")),
        };
        match report.refusal.as_str() {
            "" => Ok(()),
            UNKNOWN_VERB => Err(
                Failure::failed("it was started by an older gamectl, whose shim does not take that")
                    .hint(format!("`gamectl restart {}` gives it a new one", self.id)),
            ),
            refusal => Err(Failure::failed(refusal)),
        }
    }
}

fn not_running(id: &str) -> Failure {
    Failure::new(FailureKind::NotRunning, "it does not run").hint(format!("`gamectl start {id}` starts it"))
}

fn orphaned(id: &str) -> Failure {
    Failure::failed("its shim was killed, so its console cannot be reached")
        .hint(format!("`gamectl start {id}` takes it over, without starting it again"))
}
