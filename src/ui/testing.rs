//! A screen whose two streams can be read.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use super::options::{Options, Size, Surroundings};
use super::screen::Screen;
use super::sink::lock;
use crate::event::{Level, LogEntry, PlayerCount, ResidentEvent, Row};
use crate::supervisor::{Facts, InstanceState, Observation};

/// A row of an instance of which this is known.
pub(super) fn row(id: &str, state: InstanceState, change: impl FnOnce(&mut Facts)) -> Row {
    let mut facts = Facts::bare(state, None);
    change(&mut facts);
    Row {
        id: id.into(),
        plane: "process",
        host: None,
        observation: Observation::Known(Box::new(facts)),
        intent: None,
        player_count: PlayerCount::NotAsked,
        usage: None,
    }
}

/// A message of `run` or `watch`.
pub(super) fn happened(id: Option<&str>, level: Level, text: &str) -> ResidentEvent {
    ResidentEvent::Happened(LogEntry {
        at: "2026-01-02T03:04:05Z".into(),
        level,
        id: id.map(str::to_owned),
        host: None,
        kind: None,
        text: text.into(),
        schedule: None,
    })
}

/// A stream that is kept.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    /// Returns the output since the last call.
    pub(super) fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *lock(&self.0))).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A screen with what it has shown.
pub(super) struct Shown {
    pub(super) screen: Screen,
    pub(super) out: Kept,
    pub(super) err: Kept,
}

/// Off a terminal.
pub(super) fn piped(options: Options) -> Shown {
    shown(options, false, 80)
}

/// On a terminal of so many columns, in a UTF-8 locale. The errors are piped:
/// spinners draw on the real one.
pub(super) fn terminal(options: Options, columns: u16) -> Shown {
    shown(options, true, columns)
}

/// Both streams on a terminal: for what is not live.
pub(super) fn both_on_terminal(options: Options, columns: u16) -> Shown {
    let mut seen = shown(options, true, columns);
    let around = Surroundings {
        stderr_tty: true,
        stdout_journal: false,
        ..seen.screen.around().clone()
    };
    let (out, err) = (Box::new(seen.out.clone()), Box::new(seen.err.clone()));
    seen.screen = Screen::on(options, around, out, err);
    seen
}

fn shown(options: Options, tty: bool, columns: u16) -> Shown {
    let variable = |name: &str| match name {
        "TERM" => Some("xterm".to_owned()),
        "LANG" => Some("C.UTF-8".to_owned()),
        _ => None,
    };
    let size = Arc::new(move || Some(Size { columns, rows: 24 }));
    let around = Surroundings {
        stdout_tty: tty,
        ..Surroundings::from_environment(variable, size)
    };
    let (out, err) = (Kept::default(), Kept::default());
    let screen = Screen::on(options, around, Box::new(out.clone()), Box::new(err.clone()));
    Shown { screen, out, err }
}
