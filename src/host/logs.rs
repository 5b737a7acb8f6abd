//! The output of the selected instances, as bytes.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use super::line_times::LineTimes;
use super::{Host, OutputAsk, OutputFrom, Scope};
use crate::failure::{Failure, FailureKind};
use crate::fleet::Member;
use crate::store::stamped::StampedTail;
use crate::store::tail::Tail;
use crate::store::time_index::TimeIndex;
use crate::store::{InstanceDir, StateDir, launch};
use crate::supervisor::ConsoleOutput;

/// The interval at which a followed log is read.
const AGAIN: Duration = Duration::from_millis(100);

/// The most bytes that are read from one log before the next one is read.
const PIECE: usize = 64 * 1024;

/// The logs of several instances.
pub struct LogReader<'a> {
    host: &'a Host,
    logs: Vec<Log>,
    ask: OutputAsk,
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
    open: Option<(InstanceDir, LogTail)>,
    is_streamed: bool,
}

/// A console log as it is read.
enum LogTail {
    Plain(Tail),
    Timed(Box<StampedTail>),
}

impl Host {
    /// Opens the logs of the selected instances.
    pub async fn logs(&self, scope: Scope<'_>, ask: OutputAsk) -> Result<LogReader<'_>, Failure> {
        let (pieces, streamed) = mpsc::channel(1);
        let mut logs = Vec::new();
        for member in self.members(&self.for_verbs()?, scope)? {
            let printed = printed(&member, ask).await?;
            let mut log = Log {
                id: member.id().to_owned(),
                open: None,
                is_streamed: printed.is_some(),
            };
            log.open(self, ask)?;
            if let Some(printed) = printed {
                let id = log.id.clone();
                tokio::spawn(pass_on(logs.len(), id, printed, ask.times, pieces.clone()));
            }
            logs.push(log);
        }
        Ok(LogReader {
            host: self,
            logs,
            ask,
            turn: 0,
            caught_up: false,
            streamed,
        })
    }
}

async fn printed(member: &Member, ask: OutputAsk) -> Result<Option<ConsoleOutput>, Failure> {
    let Some(output) = member.supervisor.output() else {
        return Ok(None);
    };
    if ask.previous && !output.keeps_launches() {
        let plane = member.supervisor.plane();
        let message = format!("the plane `{plane}` does not tell the output of one launch from that of another");
        let failure = Failure::new(FailureKind::Unsupported, message).hint("use --since");
        return Err(failure.of(member.id()));
    }
    let opened = output.open(ask).await;
    opened
        .map(Some)
        .map_err(|error| Failure::from_error(&error).of(member.id()))
}

/// Sends the pieces of a stream until its end.
async fn pass_on(index: usize, id: String, mut printed: ConsoleOutput, timed: bool, pieces: mpsc::Sender<Streamed>) {
    let mut buffer = vec![0; PIECE];
    let mut times = timed.then(LineTimes::default);
    loop {
        let read = printed.read(&mut buffer).await;
        let is_over = !matches!(read, Ok(1..));
        let piece = match read {
            Ok(n) => {
                let bytes = buffer.get(..n).unwrap_or_default();
                Ok(match &mut times {
                    None => bytes.to_vec(),
                    Some(times) if n == 0 => times.finish(),
                    Some(times) => times.push(bytes),
                })
            }
            Err(error) => Err(cannot_read(&id, &error)),
        };
        if matches!(&piece, Ok(bytes) if bytes.is_empty()) {
            match is_over {
                true => return,
                false => continue,
            }
        }
        let piece = piece.map(|bytes| (index, bytes));
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
            if !self.ask.follow {
                return self.streamed.recv().await.transpose();
            }
            tokio::select! {
                Some(piece) = self.streamed.recv() => return piece.map(Some),
                () = tokio::time::sleep(AGAIN) => self.open_new()?,
            }
        }
    }

    fn read(&mut self) -> Result<Option<(usize, Vec<u8>)>, Failure> {
        if self.caught_up && !self.ask.follow {
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
            let from = OutputFrom::Start;
            log.open(self.host, OutputAsk { from, ..self.ask })?;
        }
        Ok(())
    }
}

impl Log {
    fn open(&mut self, host: &Host, ask: OutputAsk) -> Result<(), Failure> {
        if self.is_streamed {
            return Ok(());
        }
        let Some(state) = host.state()? else { return Ok(()) };
        let opened = self.tail(&state, ask).map_err(|error| cannot_read(&self.id, &error))?;
        let Some((dir, tail)) = opened else { return Ok(()) };
        let Some(tail) = tail else {
            let message = format!("the log of {} does not tell of a launch before the last", self.id);
            return Err(Failure::unknown(message).hint(
                "it was launched only once, by an older gamectl, or so long ago that its output is gone; \
                 use -n all for all that is there",
            ));
        };
        let tail = match ask.times {
            true => LogTail::Timed(Box::new(StampedTail::new(tail, ask.follow))),
            false => LogTail::Plain(tail),
        };
        self.open = Some((dir, tail));
        Ok(())
    }

    /// Opens the log; `None` where there is none, and within it where there is no such
    /// launch.
    fn tail(&self, state: &StateDir, ask: OutputAsk) -> io::Result<Option<(InstanceDir, Option<Tail>)>> {
        let Some(dir) = state.instance(&self.id)? else {
            return Ok(None);
        };
        let tail = match ask.from {
            from if ask.previous => previous(&dir, from)?,
            OutputFrom::Start => Some(Tail::from_start(&dir)?),
            OutputFrom::LastLines(lines) => Some(Tail::from_last_lines(&dir, lines)?),
            OutputFrom::Time(at) => Some(TimeIndex::tail_since(&dir, at)?),
        };
        Ok(Some((dir, tail)))
    }

    /// Reads one piece; `None` when there is nothing new.
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let Some((dir, tail)) = &mut self.open else {
            return Ok(None);
        };
        let read = match tail {
            LogTail::Timed(tail) => tail.read(dir, PIECE),
            LogTail::Plain(tail) => {
                let mut buffer = vec![0; PIECE];
                tail.read(dir, &mut buffer).map(|n| {
                    buffer.truncate(n);
                    buffer
                })
            }
        };
        let piece = read.map_err(|error| cannot_read(&self.id, &error))?;
        Ok((!piece.is_empty()).then_some(piece))
    }
}

/// Opens the output of the launch before the last; `None` where it is not known.
fn previous(dir: &InstanceDir, from: OutputFrom) -> io::Result<Option<Tail>> {
    let last = launch::read(dir).map_err(io::Error::other)?;
    let index = TimeIndex::read(dir)?;
    let Some(range) = last.and_then(|last| index.previous_launch(last.log)) else {
        return Ok(None);
    };
    let lines = match from {
        OutputFrom::LastLines(lines) => Some(lines),
        OutputFrom::Start | OutputFrom::Time(_) => None,
    };
    let tail = Tail::until(dir, range.end, lines)?;
    Ok(Some(match range.begin {
        Some(begin) => tail.not_before(begin),
        None => tail,
    }))
}

fn cannot_read(id: &str, error: &io::Error) -> Failure {
    Failure::unknown(format!("the log of {id} cannot be read: {error}"))
}
