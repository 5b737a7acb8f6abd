//! The input of a running game: lines of its admin channel, and its console.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::explain;
use super::game::ManagedGame;
use super::pause::Pauses;
use super::shim::client::{self, Client};
use super::shim::wire::{Order, Request, UNKNOWN_VERB};
use super::situation::{Situation, Unclear};
use crate::channel::{check_line, say};
use crate::failure::{Failure, FailureKind};
use crate::invocation::command;
use crate::store::InstanceDir;
use crate::supervisor::{AdminChannel, ConsoleAccess, ConsoleInput, ConsoleKind};

/// The limit for a shim to take console input.
const TYPING: Duration = Duration::from_secs(5);

#[async_trait::async_trait]
impl AdminChannel for ManagedGame {
    async fn send(&self, line: &str, limit: Duration) -> Result<Option<String>> {
        Ok(send_line(self, line, limit).await?)
    }
}

#[async_trait::async_trait]
impl ConsoleAccess for ManagedGame {
    async fn kind(&self) -> Result<ConsoleKind> {
        let (dir, _) = kept(self, Instant::now() + TYPING).await?;
        Ok(match self.recorded_plan(&dir).tty {
            true => ConsoleKind::Terminal,
            false => ConsoleKind::Lines,
        })
    }

    async fn type_in(&self, input: &ConsoleInput) -> Result<()> {
        let until = Instant::now() + TYPING;
        let (dir, generation) = kept(self, until).await?;
        let order = match input {
            ConsoleInput::Line(line) => line_order(line)?,
            ConsoleInput::Bytes(bytes) => Order::Keys { bytes: bytes.clone() },
            ConsoleInput::Size { columns, rows } => Order::Resize {
                columns: *columns,
                rows: *rows,
            },
        };
        Ok(ask(self, &dir, &Request::Order(generation, order), until).await?)
    }
}

async fn send_line(game: &ManagedGame, line: &str, limit: Duration) -> Result<Option<String>, Failure> {
    let until = Instant::now() + limit;
    let channels = &game.channels;
    let Some(remote) = channels.get(channels.admin) else {
        let (dir, generation) = kept(game, until).await?;
        let request = Request::Order(generation, line_order(line)?);
        ask(game, &dir, &request, until).await?;
        return Ok(None);
    };
    let (dir, _) = running(game, until).await?;
    client::resume_game(&dir);
    let goes_on =
        async || !matches!(running(game, until).await, Err(failure) if failure.kind == FailureKind::NotRunning);
    say::line(remote, line, until, goes_on).await.map(Some)
}

async fn kept(game: &ManagedGame, until: Instant) -> Result<(Arc<InstanceDir>, u64), Failure> {
    let (dir, generation) = running(game, until).await?;
    let generation = generation.ok_or_else(|| {
        Failure::failed("its shim was killed, so its console cannot be reached").hint(format!(
            "{} takes it over, without starting it again",
            command(format_args!("start {}", game.id))
        ))
    })?;
    Ok((dir, generation))
}

/// Returns the folder of a game that runs, and its launch; `None` if it has no
/// shim.
async fn running(game: &ManagedGame, until: Instant) -> Result<(Arc<InstanceDir>, Option<u64>), Failure> {
    let Some(folder) = game.find_folder().map_err(Failure::unknown)? else {
        let evidence = game.gather().map_err(Failure::unknown)?;
        return Err(match Situation::of(&evidence) {
            Situation::Detached(entry) => explain::detached(&game.id, entry),
            _ => not_running(game),
        });
    };
    let running = |generation| Ok((Arc::clone(&folder.dir), generation));
    let mut pauses = Pauses::new();
    loop {
        let evidence = folder.gather();
        let situation = Situation::of(&evidence);
        match situation {
            Situation::Kept(_) if situation.is_draining() => return Err(not_running(game)),
            Situation::Kept(entry) => return running(Some(entry.generation)),
            Situation::KeptSilently(launch) => return running(Some(launch.generation)),
            Situation::Orphan(_) => return running(None),
            Situation::Detached(entry) => return Err(explain::detached(&game.id, entry)),
            Situation::Transitional(_) if Instant::now() >= until => {
                let trouble = client::trouble(&folder.dir).await;
                return Err(explain::held_up(&game.id, trouble));
            }
            Situation::Transitional(_) => pauses.pause().await,
            Situation::Free(_) | Situation::Ended(..) | Situation::Unclear(Unclear::Damaged(_)) => {
                return Err(not_running(game));
            }
            Situation::Unclear(why) => return Err(why.failure()),
        }
    }
}

async fn ask(game: &ManagedGame, dir: &InstanceDir, request: &Request, until: Instant) -> Result<(), Failure> {
    let asked = async { Client::connect(dir).await?.ask(request).await };
    let report = match tokio::time::timeout_at(until, asked).await {
        Ok(Ok(Some(report))) => report,
        Ok(Ok(None) | Err(_)) => return Err(not_running(game)),
        Err(_) => return Err(Failure::new(FailureKind::Timeout, "its shim did not answer in time")),
    };
    match report.refusal.as_str() {
        "" => Ok(()),
        UNKNOWN_VERB => Err(
            Failure::failed("it was started by an older gamectl, whose shim does not take that").hint(format!(
                "{} gives it a new one",
                command(format_args!("restart {}", game.id))
            )),
        ),
        refusal => Err(Failure::failed(refusal)),
    }
}

fn not_running(game: &ManagedGame) -> Failure {
    Failure::new(FailureKind::NotRunning, "it does not run")
        .hint(format!("{} starts it", command(format_args!("start {}", game.id))))
}

fn line_order(line: &str) -> Result<Order, Failure> {
    check_line(line)?;
    let line = line.to_owned();
    Ok(Order::Console { line })
}
