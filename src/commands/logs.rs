//! `gamectl logs`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use super::context::{Context, Ended};
use super::interrupt::Interrupt;
use super::selection;
use crate::cli::{Lines, Logs};
use crate::failure::Failure;
use crate::fleet::{Ground, Member};
use crate::store::tail::Tail;
use crate::store::{InstanceDir, StateDir, times};
use crate::supervisor::{ConsoleOutput, OutputFrom};
use crate::ui;

/// How often a followed log is looked at.
const AGAIN: Duration = Duration::from_millis(100);

/// Bytes taken from one log before it is the next one's turn.
const PIECE: usize = 64 * 1024;

/// One log that is shown.
struct Shown {
    id: String,
    open: Option<(InstanceDir, Tail)>,
    /// Whether what it prints is not in our keeping.
    is_elsewhere: bool,
}

pub(super) async fn run(context: &Context<'_>, logs: &Logs) -> Result<u8, Ended> {
    let selection = &logs.selection;
    if selection.selectors.is_empty() && !selection.all {
        return Err(selection::nobody("logs").into());
    }
    let state = context.state_to_look()?;
    let members = chosen(context, logs, state.clone())?;
    let ids: Vec<String> = members.iter().map(|member| member.id().to_owned()).collect();
    let mut screen = context.screen.logs(&ids, logs.raw);
    let (pieces, mut received) = mpsc::channel(1);
    let mut all = Vec::new();
    let from = match (logs.since, logs.lines) {
        (Some(at), _) => OutputFrom::Time(at),
        (None, Lines::All) => OutputFrom::Start,
        (None, Lines::Last(lines)) => OutputFrom::LastLines(lines),
    };
    for (index, member) in members.iter().enumerate() {
        let id = member.id().to_owned();
        let printed = match member.supervisor.output() {
            Some(output) => Some(output.open(from, logs.follow).await),
            None => None,
        };
        let printed = printed.transpose();
        let printed = printed.map_err(|error| named(&id, Failure::from_error(&error)))?;
        let mut shown = Shown {
            id,
            open: None,
            is_elsewhere: printed.is_some(),
        };
        shown.open(state.as_deref(), from)?;
        match printed {
            Some(printed) => drop(tokio::spawn(read_along(index, printed, pieces.clone()))),
            None if shown.open.is_none() && !logs.follow => context.screen.note(&format!(
                "{}: it was never started, so it has printed nothing",
                shown.id
            )),
            None => {}
        }
        all.push(shown);
    }
    drop(pieces);
    let mut interrupt = Interrupt::new()?;
    for (index, shown) in all.iter_mut().enumerate() {
        while shown.pass_on(&mut screen, index)? && context.screen.is_open() {}
    }
    let mut more = true;
    while (logs.follow || more) && context.screen.is_open() && !super::reader_is_gone() {
        tokio::select! {
            signal = interrupt.signalled() => {
                screen.finish();
                return Ok(signal.exit_code());
            }
            piece = received.recv(), if more => match piece {
                Some((index, bytes)) => {
                    screen.write(index, &bytes);
                    continue;
                }
                None => more = false,
            },
            () = tokio::time::sleep(AGAIN) => {}
        }
        if logs.follow {
            follow(context, &mut all, &mut screen)?;
        }
    }
    screen.finish();
    Ok(0)
}

/// Reads what an instance without a console log of ours prints.
async fn read_along(index: usize, mut printed: ConsoleOutput, pieces: mpsc::Sender<(usize, Vec<u8>)>) {
    let mut buffer = vec![0; PIECE];
    while let Ok(n @ 1..) = printed.read(&mut buffer).await {
        let piece = buffer.get(..n).unwrap_or_default().to_vec();
        if pieces.send((index, piece)).await.is_err() {
            return;
        }
    }
}

fn named(id: &str, failure: Failure) -> Failure {
    Failure {
        message: format!("{id}: {}", failure.message),
        ..failure
    }
}

/// Passes on what has come, a piece from each in turn.
fn follow(context: &Context<'_>, all: &mut [Shown], screen: &mut ui::Logs) -> Result<(), Failure> {
    for shown in &mut *all {
        if shown.open.is_none() && !shown.is_elsewhere {
            shown.open(context.state_to_look()?.as_deref(), OutputFrom::Start)?;
        }
    }
    let mut more = true;
    while more && context.screen.is_open() {
        more = false;
        for (index, shown) in all.iter_mut().enumerate() {
            more |= shown.pass_on(screen, index)?;
        }
    }
    Ok(())
}

fn chosen(context: &Context<'_>, logs: &Logs, state: Option<Arc<StateDir>>) -> Result<Vec<Member>, Ended> {
    let inventory = context.inventory()?;
    // Whether they run makes no difference.
    let ground = state.map_or_else(Ground::default, Ground::for_verbs);
    let mut members = ground.members(&inventory);
    members.extend(ground.named_strays(&inventory, &logs.selection.selectors)?);
    if logs.selection.all {
        return Ok(members);
    }
    let chosen = selection::select(&members, &logs.selection.selectors)?;
    Ok(chosen
        .iter()
        .filter_map(|one| members.get(one.index).cloned())
        .collect())
}

impl Shown {
    fn open(&mut self, state: Option<&StateDir>, from: OutputFrom) -> Result<(), Failure> {
        let Some(state) = state.filter(|_| !self.is_elsewhere) else {
            return Ok(());
        };
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
        self.open = opened().map_err(|error| self.cannot(&error))?;
        Ok(())
    }

    /// Passes one piece on. Returns whether there was any.
    fn pass_on(&mut self, screen: &mut ui::Logs, index: usize) -> Result<bool, Failure> {
        let Some((dir, tail)) = &mut self.open else {
            return Ok(false);
        };
        let mut buffer = vec![0; PIECE];
        match tail.read(dir, &mut buffer) {
            Ok(0) => Ok(false),
            Ok(n) => {
                screen.write(index, buffer.get(..n).unwrap_or_default());
                Ok(true)
            }
            Err(error) => Err(self.cannot(&error)),
        }
    }

    fn cannot(&self, error: &io::Error) -> Failure {
        Failure::unknown(format!("the log of {} cannot be read: {error}", self.id))
    }
}
