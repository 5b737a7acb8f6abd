//! The console of one instance, and lines through its admin channel.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use super::{ConsoleInput, ConsoleKind, Host, OutputAsk, OutputFrom};
use crate::failure::Failure;
use crate::store::InstanceDir;
use crate::store::tail::Tail;
use crate::supervisor::{ConsoleOutput, Supervisor};

/// The most bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// The most pieces from another host that wait to be read.
const UNREAD: usize = 4;

/// The open console of a running game: its output as bytes, and its input.
pub struct GameConsole {
    supervisor: Arc<dyn Supervisor>,
    kind: ConsoleKind,
    printed: Printed,
}

/// The output of the game.
enum Printed {
    /// Its console log on this host.
    Here(InstanceDir, Tail),
    /// Pieces from another host, or from an engine; closed at the end, and after a failure.
    There(mpsc::Receiver<Result<Vec<u8>, Failure>>),
}

impl Host {
    /// Opens the console of the one instance that a selector matches, with the
    /// last lines of its output.
    pub async fn console(&self, selector: &str, lines: u64) -> Result<GameConsole, Failure> {
        let supervisor = self.the_one(selector, "a console is of one")?.supervisor;
        let id = supervisor.instance_id();
        let kind = kind(&supervisor).await.map_err(|failure| failure.of(id))?;
        if let Some(output) = supervisor.output() {
            let opened = output.open(OutputAsk::plain(OutputFrom::LastLines(lines), true)).await;
            let opened = opened.map_err(|error| Failure::from_error(&error).of(id))?;
            let (pieces, printed) = mpsc::channel(UNREAD);
            tokio::spawn(pass_on(opened, pieces));
            return Ok(GameConsole {
                printed: Printed::There(printed),
                supervisor,
                kind,
            });
        }
        let cannot = |error: std::io::Error| Failure::failed(error.to_string());
        let dir = match self.state()? {
            Some(state) => state.instance(id).map_err(cannot)?,
            None => None,
        };
        let dir = dir.ok_or_else(|| Failure::unknown("it has no folder").of(id))?;
        Ok(GameConsole {
            printed: {
                let tail = Tail::from_last_lines(&dir, lines).map_err(cannot)?;
                Printed::Here(dir, tail)
            },
            supervisor,
            kind,
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
        match &mut self.printed {
            Printed::Here(dir, tail) => {
                let mut buffer = vec![0; PIECE];
                let n = tail.read(dir, &mut buffer).map_err(|error| cannot_read(&error))?;
                buffer.truncate(n);
                Ok(buffer)
            }
            // Nothing more comes after the end, and whether the game runs is asked.
            Printed::There(pieces) => pieces.try_recv().unwrap_or_else(|_| Ok(Vec::new())),
        }
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

/// Sends the pieces of a stream until its end.
async fn pass_on(mut printed: ConsoleOutput, pieces: mpsc::Sender<Result<Vec<u8>, Failure>>) {
    let mut buffer = vec![0; PIECE];
    loop {
        let piece = match printed.read(&mut buffer).await {
            Ok(0) => return,
            Ok(n) => Ok(buffer.get(..n).unwrap_or_default().to_vec()),
            Err(error) => Err(cannot_read(&error)),
        };
        let is_over = piece.is_err();
        if pieces.send(piece).await.is_err() || is_over {
            return;
        }
    }
}

fn cannot_read(error: &std::io::Error) -> Failure {
    Failure::unknown(format!("its log cannot be read: {error}"))
}

async fn kind(supervisor: &Arc<dyn Supervisor>) -> Result<ConsoleKind, Failure> {
    let kind = supervisor.required_console()?.kind().await;
    kind.map_err(|error| Failure::from_error(&error))
}
