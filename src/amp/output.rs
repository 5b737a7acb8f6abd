//! The output of a game: what AMP has of its console, and what comes.
//!
//! It is asked for once a second, within a session of its own, so that each reader gets
//! every line.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::sleep;

use super::answer;
use super::controller::{AmpCall, AmpController, AmpScope};
use super::desk::ANSWER;
use super::game::AmpGame;
use super::updates::{self, ConsoleEntry};
use crate::channel::AskError;
use crate::failure::{Failure, FailureKind};
use crate::supervisor::{ConsoleOutput, LOOK_EVERY, OutputAsk, OutputFrom, OutputSource};

const GET_UPDATES: &str = "Core/GetUpdates";

/// The longest pause after an answer that did not come.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The most bytes that wait to be read.
const UNREAD: usize = 64 * 1024;

#[async_trait::async_trait]
impl OutputSource for AmpGame {
    async fn open(&self, ask: OutputAsk) -> Result<ConsoleOutput> {
        // A session of its own.
        let panel = self.desk().controller()?.panel().clone();
        let look = self.see().await?;
        let mut console = AmpConsole {
            controller: AmpController::new(panel),
            id: look.one.id,
            last: None,
            logins: 0,
        };
        let mut had = match console.news().await {
            Ok(entries) => entries,
            // There is none while the part of AMP is down; it may come up.
            Err(failure) if failure.kind == FailureKind::NotRunning => Vec::new(),
            Err(failure) => return Err(failure.into()),
        };
        match ask.from {
            OutputFrom::Start => {}
            OutputFrom::LastLines(lines) => {
                let lines = usize::try_from(lines).unwrap_or(usize::MAX);
                had.drain(..had.len().saturating_sub(lines));
            }
            OutputFrom::Time(at) => had.retain(|entry| entry.is_since(at)),
        }
        let text: String = had.iter().map(|entry| entry.line(ask.times)).collect();
        if !ask.follow {
            return Ok(Box::new(std::io::Cursor::new(text.into_bytes())));
        }
        let (ours, theirs) = tokio::io::duplex(UNREAD);
        tokio::spawn(console.follow(text, ask.times, ours));
        Ok(Box::new(theirs))
    }
}

/// The console of an instance, for one reader.
struct AmpConsole {
    controller: AmpController,
    id: String,
    /// The entry that was passed on last.
    last: Option<ConsoleEntry>,
    /// The number of logins at that time: a new session gets the old entries again.
    logins: u64,
}

impl AmpConsole {
    /// Returns the entries since the last call.
    async fn news(&mut self) -> Result<Vec<ConsoleEntry>, Failure> {
        let call = AmpCall {
            scope: AmpScope::Instance(self.id.clone()),
            method: GET_UPDATES,
            args: json!({}),
            limit: ANSWER,
        };
        let body = self.controller.ask(&call).await.map_err(AskError::failure)?;
        let entries = updates::parse(&body).map_err(|error| answer::unexpected(GET_UPDATES, &error))?;
        let is_repeated = self.controller.logins() != self.logins;
        self.logins = self.controller.logins();
        let news = match is_repeated {
            true => updates::unseen(&entries, self.last.as_ref()).to_vec(),
            false => entries,
        };
        if let Some(last) = news.last() {
            self.last = Some(last.clone());
        }
        Ok(news)
    }

    /// Passes on what there is and what comes, until nobody reads it.
    async fn follow(mut self, text: String, times: bool, mut to: DuplexStream) {
        if to.write_all(text.as_bytes()).await.is_err() {
            return;
        }
        let (mut pause, mut unread) = (LOOK_EVERY, [0]);
        loop {
            tokio::select! {
                () = sleep(pause) => {}
                // Nobody writes there: it is at its end when nobody reads.
                _ = to.read(&mut unread) => return,
            }
            let text: String = match self.news().await {
                Ok(entries) => {
                    pause = LOOK_EVERY;
                    entries.iter().map(|entry| entry.line(times)).collect()
                }
                // AMP may come back, and the game, too.
                Err(_) => {
                    pause = (pause * 2).min(PAUSE_MAX);
                    String::new()
                }
            };
            if to.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
