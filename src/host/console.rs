//! The console of one instance, and lines through its admin channel.

use std::sync::Arc;
use std::time::Duration;

use super::{ConsoleInput, ConsoleKind, Host};
use crate::failure::{Failure, FailureKind};
use crate::invocation::command;
use crate::store::InstanceDir;
use crate::store::tail::Tail;
use crate::supervisor::Supervisor;

/// The most bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// The open console of a running game: its output as bytes, and its input.
pub struct GameConsole {
    supervisor: Arc<dyn Supervisor>,
    kind: ConsoleKind,
    dir: InstanceDir,
    tail: Tail,
}

impl Host {
    /// Opens the console of the one instance that a selector matches, with the
    /// last lines of its output.
    pub async fn console(&self, selector: &str, lines: u64) -> Result<GameConsole, Failure> {
        let supervisor = self.the_one(selector, "a console is of one")?.supervisor;
        let id = supervisor.instance_id();
        if let Some(host) = supervisor.host() {
            let message = format!("it is on the host `{host}`, and consoles there cannot be attached to from here yet");
            let failure = Failure::new(FailureKind::Unsupported, message);
            let send = command(format_args!("send {id} TEXT"));
            return Err(failure
                .hint(format!(
                    "{send} passes a line on to it, and {} shows what it prints",
                    command(format_args!("logs -f {id}"))
                ))
                .of(id));
        }
        let kind = kind(&supervisor).await.map_err(|failure| failure.of(id))?;
        let cannot = |error: std::io::Error| Failure::failed(error.to_string());
        let dir = match self.state()? {
            Some(state) => state.instance(id).map_err(cannot)?,
            None => None,
        };
        let dir = dir.ok_or_else(|| Failure::unknown("it has no folder").of(id))?;
        Ok(GameConsole {
            tail: Tail::from_last_lines(&dir, lines).map_err(cannot)?,
            supervisor,
            kind,
            dir,
        })
    }

    /// Sends one line to the one instance that a selector matches. Returns its
    /// id and the reply; `None` where the channel has no replies.
    ///
    /// # Cancel safety
    /// The line may have been sent.
    pub async fn send(&self, selector: &str, line: &str, limit: Duration) -> Result<(String, Option<String>), Failure> {
        let member = self.the_one(selector, "a line goes to one")?;
        let sent = async { member.supervisor.required_admin()?.send(line, limit).await };
        match sent.await {
            Ok(reply) => Ok((member.id().to_owned(), reply)),
            Err(error) => Err(Failure::from_error(&error).of(member.id())),
        }
    }
}

impl GameConsole {
    pub fn id(&self) -> &str {
        self.supervisor.instance_id()
    }

    pub fn kind(&self) -> ConsoleKind {
        self.kind
    }

    /// Reads what was printed since; empty when there is nothing new.
    pub fn read(&mut self) -> Result<Vec<u8>, Failure> {
        let mut buffer = vec![0; PIECE];
        let read = self.tail.read(&self.dir, &mut buffer);
        let n = read.map_err(|error| Failure::unknown(format!("its log cannot be read: {error}")))?;
        buffer.truncate(n);
        Ok(buffer)
    }

    /// Passes input on to the game.
    ///
    /// # Errors
    /// When the game has ended, or takes nothing now.
    pub async fn type_in(&self, input: &ConsoleInput) -> Result<(), Failure> {
        let taken = self.supervisor.required_console()?.type_in(input).await;
        taken.map_err(|error| Failure::from_error(&error))
    }

    /// Checks that the game still runs.
    pub async fn check_running(&self) -> Result<(), Failure> {
        kind(&self.supervisor).await.map(drop)
    }
}

async fn kind(supervisor: &Arc<dyn Supervisor>) -> Result<ConsoleKind, Failure> {
    let kind = supervisor.required_console()?.kind().await;
    kind.map_err(|error| Failure::from_error(&error))
}
