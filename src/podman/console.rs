//! The console and the admin channel of a container.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::game::PodmanGame;
use super::input::{self, InputOf};
use crate::channel::say;
use crate::containers::{Container, SeenGroup};
use crate::failure::{Failure, FailureKind};
use crate::invocation::command;
use crate::supervisor::{AdminChannel, ConsoleAccess, ConsoleInput, ConsoleKind};

#[async_trait::async_trait]
impl ConsoleAccess for PodmanGame {
    async fn kind(&self) -> Result<ConsoleKind> {
        Ok(match InputOf::find(self).await?.is_terminal() {
            true => ConsoleKind::Terminal,
            false => ConsoleKind::Lines,
        })
    }

    async fn type_in(&self, input: &ConsoleInput) -> Result<()> {
        match input {
            ConsoleInput::Line(line) => input::write_line(self, line).await?,
            ConsoleInput::Bytes(bytes) => InputOf::find(self).await?.write(self, bytes).await?,
            // Podman has no call that only sets the size.
            ConsoleInput::Size { .. } => {}
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl AdminChannel for PodmanGame {
    async fn send(&self, line: &str, limit: Duration) -> Result<Option<String>> {
        Ok(send_line(self, line, limit).await?)
    }
}

async fn send_line(game: &PodmanGame, line: &str, limit: Duration) -> Result<Option<String>, Failure> {
    let until = Instant::now() + limit;
    let channels = game.channels();
    let Some(remote) = channels.get(channels.admin) else {
        let written = tokio::time::timeout_at(until, input::write_line(game, line)).await;
        let late = |_| {
            Err(Failure::new(
                FailureKind::Timeout,
                "podman did not take the line in time",
            ))
        };
        return written.unwrap_or_else(late).map(|()| None);
    };
    if !runs(game).await? {
        let start = command(format_args!("start {}", game.records().id()));
        let failure = Failure::new(FailureKind::NotRunning, "it does not run");
        return Err(failure.hint(format!("{start} starts it")));
    }
    let goes_on = async || runs(game).await.unwrap_or(true);
    say::line(remote, line, until, goes_on).await.map(Some)
}

async fn runs(game: &PodmanGame) -> Result<bool, Failure> {
    let look = game.see().await?;
    Ok(look
        .containers
        .iter()
        .any(|one: &Container| one.is_alive() && !one.member.oneoff))
}
