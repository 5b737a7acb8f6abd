//! `gamectl logs`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::context::{Context, Ended};
use super::interrupt::Interrupt;
use super::selection;
use crate::cli::{Lines, Logs};
use crate::failure::Failure;
use crate::fleet::Ground;
use crate::store::tail::Tail;
use crate::store::{InstanceDir, StateDir};
use crate::ui;

/// How often a followed log is looked at.
const AGAIN: Duration = Duration::from_millis(100);

/// Bytes taken from one log before it is the next one's turn.
const PIECE: usize = 64 * 1024;

/// One log that is shown.
struct Shown {
    id: String,
    open: Option<(InstanceDir, Tail)>,
}

pub(super) async fn run(context: &Context<'_>, logs: &Logs) -> Result<u8, Ended> {
    let selection = &logs.selection;
    if selection.selectors.is_empty() && !selection.all {
        return Err(selection::nobody("logs").into());
    }
    let state = context.state_to_look()?;
    let ids = ids(context, logs, state.clone())?;
    let mut screen = context.screen.logs(&ids, logs.raw);
    let mut all = Vec::new();
    for id in ids {
        let mut shown = Shown { id, open: None };
        shown.open(state.as_deref(), logs.lines)?;
        if shown.open.is_none() && !logs.follow {
            context.screen.note(&format!(
                "{}: it was never started, so it has printed nothing",
                shown.id
            ));
        }
        all.push(shown);
    }
    let mut interrupt = Interrupt::new()?;
    for (index, shown) in all.iter_mut().enumerate() {
        while shown.pass_on(&mut screen, index)? && context.screen.is_open() {}
    }
    while logs.follow && context.screen.is_open() && !super::reader_is_gone() {
        tokio::select! {
            signal = interrupt.signalled() => {
                screen.finish();
                return Ok(signal.exit_code());
            }
            () = tokio::time::sleep(AGAIN) => {}
        }
        follow(context, &mut all, &mut screen)?;
    }
    screen.finish();
    Ok(0)
}

/// Passes on what has come, a piece from each in turn.
fn follow(context: &Context<'_>, all: &mut [Shown], screen: &mut ui::Logs) -> Result<(), Failure> {
    for shown in &mut *all {
        if shown.open.is_none() {
            shown.open(context.state_to_look()?.as_deref(), Lines::All)?;
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

fn ids(context: &Context<'_>, logs: &Logs, state: Option<Arc<StateDir>>) -> Result<Vec<String>, Ended> {
    let inventory = context.inventory()?;
    // Whether they run makes no difference.
    let ground = state.map_or_else(Ground::default, Ground::for_verbs);
    let mut members = ground.members(&inventory);
    members.extend(ground.named_strays(&inventory, &logs.selection.selectors)?);
    if logs.selection.all {
        return Ok(members.iter().map(|member| member.id().to_owned()).collect());
    }
    let chosen = selection::select(&members, &logs.selection.selectors)?;
    let id = |one: &selection::Selected| members.get(one.index).map(|member| member.id().to_owned());
    Ok(chosen.iter().filter_map(id).collect())
}

impl Shown {
    fn open(&mut self, state: Option<&StateDir>, lines: Lines) -> Result<(), Failure> {
        let Some(state) = state else { return Ok(()) };
        let opened = || -> io::Result<Option<(InstanceDir, Tail)>> {
            let Some(dir) = state.instance(&self.id)? else {
                return Ok(None);
            };
            let tail = match lines {
                Lines::All => Tail::from_start(&dir)?,
                Lines::Last(lines) => Tail::from_last_lines(&dir, lines)?,
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
