//! What is told of instances as it happens, by a resident supervisor or by
//! somebody who looks on: one screen on a terminal, one line per event off it,
//! one object per line for programs.

mod screen;
#[cfg(test)]
mod tests;
mod window;

pub(super) use window::Window;
pub use window::{Key, keys};

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::json;
use super::options::Surroundings;
use super::screen::Handles;
use super::sink::{last_word, lock};
use super::span::short;
use super::text::clean_line;
use crate::event::{Awaits, Level, LogEntry, PlayerCount, ResidentEvent, Row, WatchedRow, nth};
use crate::supervisor::{InstanceState, Observation};

/// So many events are kept for the screen: more than any terminal has rows.
const EVENTS_MAX: usize = 500;

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// One screen, drawn again and again.
    Live,
    /// One line per event.
    Lines,
    /// One object per line.
    Json,
}

/// Who shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Who acts, and tells what it does.
    Resident,
    /// Who only looks on, at a part of the table.
    Onlooker(Window),
}

/// Shows instances that are watched.
pub struct Watch {
    mode: Mode,
    part: Part,
    quiet: bool,
    title: String,
    handles: Handles,
    around: Surroundings,
    rows: BTreeMap<(usize, String), WatchedRow>,
    /// How many play, by id.
    players: HashMap<String, PlayerCount>,
    events: VecDeque<LogEntry>,
    settled: bool,
    /// Whether the terminal shows our screen now.
    shown: Arc<AtomicBool>,
    changed: bool,
}

impl Watch {
    pub(super) fn new(
        (mode, part): (Mode, Part),
        quiet: bool,
        title: &str,
        handles: Handles,
        around: Surroundings,
    ) -> Self {
        let shown = Arc::new(AtomicBool::new(false));
        if mode == Mode::Live {
            last_word(&handles.out, &shown, screen::LEAVE);
        }
        Self {
            mode,
            part,
            quiet,
            title: title.to_owned(),
            handles,
            around,
            rows: BTreeMap::new(),
            players: HashMap::new(),
            events: VecDeque::new(),
            settled: false,
            shown,
            changed: true,
        }
    }

    /// Whether time alone changes what is shown.
    pub fn is_live(&self) -> bool {
        self.mode == Mode::Live
    }

    /// Takes in what was told.
    pub fn told(&mut self, told: ResidentEvent) {
        self.changed = true;
        match told {
            ResidentEvent::Row(watched) => self.row(*watched),
            ResidentEvent::Gone(id) => self.rows.retain(|(_, known), _| *known != id),
            ResidentEvent::Players(id, player_count) => drop(self.players.insert(id, player_count)),
            ResidentEvent::Settled if self.settled => {}
            ResidentEvent::Settled => {
                self.settled = true;
                if self.mode == Mode::Json {
                    let rows: Vec<Row> = self.rows.values().map(|watched| watched.row.clone()).collect();
                    self.print(&json::snapshot(&rows));
                    if self.part == Part::Resident {
                        let before: String = self.events.iter().map(json::happening).collect();
                        self.print(&before);
                    }
                }
            }
            ResidentEvent::Happened(happening) => self.happened(happening),
        }
    }

    fn row(&mut self, watched: WatchedRow) {
        let id = watched.row.id.clone();
        let before = self.rows.iter().find(|((_, known), _)| *known == id);
        let (key, state) = match before {
            Some((key, before)) => (Some(key.clone()), Some(label(&before.row))),
            None => (None, None),
        };
        if state != Some(label(&watched.row)) {
            if self.mode == Mode::Json && self.settled {
                self.print(&json::transition(&watched.row, &now()));
            }
            // Who acts tells more than that it has come to this.
            if self.part != Part::Resident && (state.is_some() || self.mode == Mode::Lines) {
                self.happened(transition(&watched.row));
            }
        }
        key.and_then(|key| self.rows.remove(&key));
        self.rows.insert((watched.place, id), watched);
    }

    fn happened(&mut self, happening: LogEntry) {
        match self.mode {
            // The snapshot comes first.
            Mode::Json if !self.settled => {}
            // Who only looks on tells of states alone.
            Mode::Json if self.part != Part::Resident => {}
            Mode::Json => self.print(&json::happening(&happening)),
            Mode::Lines if self.quiet && happening.level == Level::Info => {}
            Mode::Lines => {
                let text = plain(&happening);
                self.print(&text);
            }
            Mode::Live => {}
        }
        self.events.push_back(happening);
        if self.events.len() > EVENTS_MAX {
            self.events.pop_front();
        }
    }

    /// Tells of every instance that it is still watched.
    pub fn heartbeat(&mut self) {
        if self.mode != Mode::Json || !self.settled {
            return;
        }
        let (at, seen) = (now(), Instant::now());
        let lines: String = self
            .rows
            .values()
            .map(|watched| json::heartbeat(&watched.row, uptime(watched, seen), &at))
            .collect();
        self.print(&lines);
    }

    fn print(&self, text: &str) {
        lock(&self.handles.out).write(text.as_bytes());
    }

    /// A line for somebody else's screen: how many are in which state.
    pub fn summary(&self) -> String {
        screen::summary(self.rows.values())
    }

    /// Whether what is written still arrives.
    pub fn is_open(&self) -> bool {
        lock(&self.handles.out).is_open()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The state as one word.
fn label(row: &Row) -> &'static str {
    match &row.observation {
        Observation::Known(facts) => facts.state.as_label(),
        Observation::Unknown { .. } => "unknown",
    }
}

/// That an instance has come to a state, for who sees no more of it.
fn transition(row: &Row) -> LogEntry {
    let (level, note) = match &row.observation {
        Observation::Unknown { reason } => (Level::Warning, Some(reason)),
        Observation::Known(facts) => match facts.state {
            InstanceState::Crashed { .. } => (Level::Error, facts.note.as_ref()),
            _ => (Level::Info, facts.note.as_ref()),
        },
    };
    let note = note.map(|note| format!(": {note}")).unwrap_or_default();
    LogEntry {
        at: now(),
        level,
        id: Some(row.id.clone()),
        text: format!("{}{note}", label(row)),
    }
}

/// Seconds since it became ready, by now.
fn uptime(watched: &WatchedRow, now: Instant) -> u64 {
    match &watched.row.observation {
        Observation::Known(facts) if facts.state == InstanceState::Running => {
            facts.uptime_seconds + now.saturating_duration_since(watched.seen).as_secs()
        }
        _ => 0,
    }
}

/// What it waits for, in words.
fn awaited(awaits: &Awaits, now: Instant) -> String {
    match awaits {
        Awaits::Retry { at, count } => {
            let left = at.saturating_duration_since(now).as_millis().div_ceil(1000);
            let left = short(u64::try_from(left).unwrap_or(u64::MAX));
            format!("retry in {left} ({})", nth(*count))
        }
        Awaits::Turn => "about to be started".to_owned(),
        Awaits::Open { what, since } => {
            let waited = now.saturating_duration_since(*since).as_secs();
            // The time goes first: where there is little room it is still seen.
            format!("waits {} for {}", short(waited), clean_line(what))
        }
    }
}

fn plain(happening: &LogEntry) -> String {
    let id = happening.id.as_deref().unwrap_or("gamectl");
    let text = clean_line(&happening.text).into_owned();
    format!("{} {:7} {id}: {text}\n", happening.at, happening.level.as_str())
}

fn now() -> String {
    humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string()
}
