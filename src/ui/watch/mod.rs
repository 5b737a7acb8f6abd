//! Instances that are watched, as `run` and `watch` show them: one screen on a
//! terminal, one line per event off it, one object per line for programs.

mod screen;
#[cfg(test)]
mod tests;
mod window;

pub(super) use window::Window;
pub use window::{Key, keys};

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Instant, SystemTime};

use super::json;
use super::options::Surroundings;
use super::screen::Handles;
use super::sink::{last_word, lock};
use super::span::short;
use super::text::clean_line;
use crate::event::{Awaits, Level, LogEntry, ResidentEvent, nth};
use crate::report::{self, Feed, Report, Stream};
use crate::supervisor::rfc3339;

/// The number of events kept for the screen: more than any terminal has rows.
const EVENTS_MAX: usize = 500;

/// The form in which instances are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// One screen, drawn again and again.
    Live,
    /// One line per event.
    Lines,
    /// One object per line.
    Json,
}

/// The command that shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// `run`, which acts and reports what it does.
    Resident,
    /// `watch`, which only looks on, at a part of the table.
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
    feed: Feed,
    stream: Stream,
    events: VecDeque<LogEntry>,
    /// True while the terminal shows our screen.
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
            feed: Feed::default(),
            stream: Stream::new(part == Part::Resident),
            events: VecDeque::new(),
            shown,
            changed: true,
        }
    }

    /// Returns true when time alone changes what is shown.
    pub fn is_live(&self) -> bool {
        self.mode == Mode::Live
    }

    /// Takes an event in, and writes what there is to write of it at once.
    pub fn told(&mut self, event: ResidentEvent) {
        self.changed = true;
        let Some(report) = self.feed.take(event) else { return };
        if self.mode == Mode::Json {
            self.write_objects(&report);
            return;
        }
        match report {
            Report::Snapshot(_) => {}
            // `run` reports more of a transition than that it has happened.
            Report::Transition { row, first } => {
                if self.part != Part::Resident && (!first || self.mode == Mode::Lines) {
                    self.happened(report::in_words(&row, now()));
                }
            }
            Report::Log(entry) => self.happened(entry),
        }
    }

    fn write_objects(&mut self, report: &Report) {
        let objects = self.stream.take(report, &now());
        let text: String = objects.iter().map(json::line).collect();
        self.print(&text);
    }

    fn happened(&mut self, entry: LogEntry) {
        if self.mode == Mode::Lines && !(self.quiet && entry.level == Level::Info) {
            self.print(&plain(&entry));
        }
        self.events.push_back(entry);
        if self.events.len() > EVENTS_MAX {
            self.events.pop_front();
        }
    }

    /// Writes a heartbeat of every instance, for programs.
    pub fn heartbeat(&mut self) {
        if self.mode == Mode::Json {
            let at = now();
            let beats = self.feed.heartbeats(Instant::now());
            let lines = beats.map(|(row, uptime)| json::line(&report::json::heartbeat(row, uptime, &at)));
            self.print(&lines.collect::<String>());
        }
    }

    fn print(&self, text: &str) {
        lock(&self.handles.out).write(text.as_bytes());
    }

    /// Returns the number of instances in each state, in one line.
    pub fn summary(&self) -> String {
        screen::summary(self.feed.rows())
    }

    /// Returns true while what is written still arrives.
    pub fn is_open(&self) -> bool {
        lock(&self.handles.out).is_open()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Puts in words what an instance waits for.
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

fn plain(entry: &LogEntry) -> String {
    let id = entry.id.as_deref().unwrap_or("gamectl");
    let text = clean_line(&entry.text).into_owned();
    format!("{} {:7} {id}: {text}\n", entry.at, entry.level.as_str())
}

fn now() -> String {
    rfc3339(SystemTime::now())
}
