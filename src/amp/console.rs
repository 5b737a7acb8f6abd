//! Lines to a game, by the console that AMP has of it, or an admin channel of the game.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::time::Instant;

use super::controller::{AmpCall, AmpScope};
use super::game::{AmpGame, AmpLook};
use crate::channel::{AskError, check_line, say};
use crate::failure::{Failure, FailureKind};
use crate::invocation::command;
use crate::supervisor::{AdminChannel, ConsoleAccess, ConsoleInput, ConsoleKind};

/// The time in which AMP takes a line of a console.
const LINE: Duration = Duration::from_secs(10);

#[async_trait::async_trait]
impl AdminChannel for AmpGame {
    async fn send(&self, line: &str, limit: Duration) -> Result<Option<String>> {
        let until = Instant::now() + limit;
        let look = self.alive().await?;
        let channels = self.channels();
        let Some(remote) = channels.get(channels.admin) else {
            self.type_line(&look, line, limit).await?;
            return Ok(None);
        };
        let goes_on = async || self.see().await.map_or(true, |look| look.facts.state.is_alive());
        Ok(Some(say::line(remote, line, until, goes_on).await?))
    }
}

#[async_trait::async_trait]
impl ConsoleAccess for AmpGame {
    async fn kind(&self) -> Result<ConsoleKind> {
        self.desk().controller()?;
        self.alive().await?;
        Ok(ConsoleKind::Lines)
    }

    async fn type_in(&self, input: &ConsoleInput) -> Result<()> {
        if let ConsoleInput::Line(line) = input {
            let look = self.alive().await?;
            self.type_line(&look, line, LINE).await?;
        }
        Ok(())
    }
}

impl AmpGame {
    async fn alive(&self) -> Result<AmpLook, Failure> {
        let look = self.see().await?;
        if look.facts.state.is_alive() {
            return Ok(look);
        }
        let start = command(format_args!("start {}", self.records().id()));
        let failure = Failure::new(FailureKind::NotRunning, "it does not run");
        Err(failure.hint(format!("{start} starts it")))
    }

    /// Has AMP write a line to the console of the game.
    async fn type_line(&self, look: &AmpLook, line: &str, limit: Duration) -> Result<(), Failure> {
        check_line(line)?;
        let call = AmpCall {
            scope: AmpScope::Instance(look.one.id.clone()),
            method: "Core/SendConsoleMessage",
            args: json!({ "message": line }),
            limit,
        };
        self.desk()
            .controller()?
            .ask(&call)
            .await
            .map(drop)
            .map_err(AskError::failure)
    }
}
