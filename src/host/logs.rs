//! The output of the selected instances, as bytes.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use super::{Host, OutputFrom, Scope};
use crate::failure::Failure;
use crate::fleet::Member;
use crate::store::tail::Tail;
use crate::store::{InstanceDir, times};
use crate::supervisor::ConsoleOutput;

/// The interval at which a followed log is read.
const AGAIN: Duration = Duration::from_millis(100);

/// The most bytes that are read from one log before the next one is read.
const PIECE: usize = 64 * 1024;

/// The logs of several instances.
pub struct LogReader<'a> {
    host: &'a Host,
    logs: Vec<Log>,
    follow: bool,
    /// The log that is read next.
    turn: usize,
    /// True once each log was read to its end; a followed one is then read in
    /// turn with the others.
    caught_up: bool,
    /// Output that comes from elsewhere than from our console logs; closed at
    /// the end of all of it.
    streamed: mpsc::Receiver<Streamed>,
}

/// A piece of streamed output with the position of its log, or why there is no more.
type Streamed = Result<(usize, Vec<u8>), Failure>;

/// The log of one instance.
struct Log {
    id: String,
    open: Option<(InstanceDir, Tail)>,
    is_streamed: bool,
}

impl Host {
    /// Opens the logs of the selected instances.
    pub async fn logs(&self, scope: Scope<'_>, from: OutputFrom, follow: bool) -> Result<LogReader<'_>, Failure> {
        let (pieces, streamed) = mpsc::channel(1);
        let mut logs = Vec::new();
        for member in self.members(&self.for_verbs()?, scope)? {
            let printed = printed(&member, from, follow).await?;
            let mut log = Log {
                id: member.id().to_owned(),
                open: None,
                is_streamed: printed.is_some(),
            };
            log.open(self, from)?;
            if let Some(printed) = printed {
                let id = log.id.clone();
                tokio::spawn(pass_on(logs.len(), id, printed, pieces.clone()));
            }
            logs.push(log);
        }
        Ok(LogReader {
            host: self,
            logs,
            follow,
            turn: 0,
            caught_up: false,
            streamed,
        })
    }
}

async fn printed(member: &Member, from: OutputFrom, follow: bool) -> Result<Option<ConsoleOutput>, Failure> {
    let Some(output) = member.supervisor.output() else {
        return Ok(None);
    };
    let opened = output.open(from, follow).await;
    opened
        .map(Some)
        .map_err(|error| Failure::from_error(&error).of(member.id()))
}

/// Sends the pieces of a stream until its end.
async fn pass_on(index: usize, id: String, mut printed: ConsoleOutput, pieces: mpsc::Sender<Streamed>) {
    let mut buffer = vec![0; PIECE];
    loop {
        let piece = match printed.read(&mut buffer).await {
            Ok(0) => return,
            Ok(n) => Ok((index, buffer.get(..n).unwrap_or_default().to_vec())),
            Err(error) => Err(cannot_read(&id, &error)),
        };
        let is_over = piece.is_err();
        if pieces.send(piece).await.is_err() || is_over {
            return;
        }
    }
}

impl LogReader<'_> {
    pub fn ids(&self) -> Vec<String> {
        self.logs.iter().map(|log| log.id.clone()).collect()
    }

    /// Returns the ids of those that have no log, because they were never
    /// started.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        let missing = self.logs.iter().filter(|log| !log.is_streamed && log.open.is_none());
        missing.map(|log| log.id.as_str())
    }

    /// Waits for the next piece, and returns it with the position of its
    /// instance; `None` at the end.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn next(&mut self) -> Result<Option<(usize, Vec<u8>)>, Failure> {
        loop {
            // A log that never ends must not keep signals from being noticed.
            tokio::task::yield_now().await;
            if let Some(piece) = self.read()? {
                return Ok(Some(piece));
            }
            if !self.follow {
                return self.streamed.recv().await.transpose();
            }
            tokio::select! {
                Some(piece) = self.streamed.recv() => return piece.map(Some),
                () = tokio::time::sleep(AGAIN) => self.open_new()?,
            }
        }
    }

    fn read(&mut self) -> Result<Option<(usize, Vec<u8>)>, Failure> {
        if self.caught_up && !self.follow {
            return Ok(None);
        }
        for _ in 0..self.logs.len() {
            let index = self.turn;
            let piece = self.logs.get_mut(index).map_or(Ok(None), Log::read)?;
            if self.caught_up || piece.is_none() {
                self.turn = (index + 1) % self.logs.len();
            }
            if let Some(piece) = piece {
                return Ok(Some((index, piece)));
            }
            self.caught_up |= self.turn == 0;
        }
        Ok(None)
    }

    /// Opens the logs of instances that were started meanwhile.
    fn open_new(&mut self) -> Result<(), Failure> {
        for log in self.logs.iter_mut().filter(|log| log.open.is_none()) {
            log.open(self.host, OutputFrom::Start)?;
        }
        Ok(())
    }
}

impl Log {
    fn open(&mut self, host: &Host, from: OutputFrom) -> Result<(), Failure> {
        if self.is_streamed {
            return Ok(());
        }
        let Some(state) = host.state()? else { return Ok(()) };
        let opened = || -> io::Result<Option<(InstanceDir, Tail)>> {
            let Some(dir) = state.instance(&self.id)? else {
                return Ok(None);
            };
            let tail = match from {
                OutputFrom::Start => Tail::from_start(&dir)?,
                OutputFrom::LastLines(lines) => Tail::from_last_lines(&dir, lines)?,
                OutputFrom::Time(at) => times::tail_since(&dir, at)?,
            };
            Ok(Some((dir, tail)))
        };
        self.open = opened().map_err(|error| cannot_read(&self.id, &error))?;
        Ok(())
    }

    /// Reads one piece; `None` when there is nothing new.
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let Some((dir, tail)) = &mut self.open else {
            return Ok(None);
        };
        let mut buffer = vec![0; PIECE];
        let n = tail
            .read(dir, &mut buffer)
            .map_err(|error| cannot_read(&self.id, &error))?;
        buffer.truncate(n);
        Ok((n > 0).then_some(buffer))
    }
}

fn cannot_read(id: &str, error: &io::Error) -> Failure {
    Failure::unknown(format!("the log of {id} cannot be read: {error}"))
}
