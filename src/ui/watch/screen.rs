//! The screen: a table of all instances, and the latest events under it.
//!
//! It is drawn on the terminal's alternate screen, whole lines over whole
//! lines, so that nothing flickers and nothing of the user's is lost. The
//! modes of the terminal are left alone: there is nothing to put right after a
//! kill but the screen itself. See the "xterm control sequences" document for
//! the sequences used.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{Mode, Part, Watch, awaited};
use crate::event::{Level, LogEntry, Row, WatchedRow};
use crate::report::{Report, uptime};
use crate::supervisor::{InstanceState, Observation};
use crate::ui::paint::{Look, Tone};
use crate::ui::sink::lock;
use crate::ui::status;
use crate::ui::text::clean_line;
use crate::ui::width::{cut, width};
use crate::ui::wrap::wrapped;

/// To the alternate screen, with the cursor hidden.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";

/// Back again.
pub(crate) const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// Lines for events, where there is no room for all instances.
const EVENTS_MIN: usize = 4;

/// An event is cut behind so many lines.
const EVENT_LINES: usize = 3;

impl Watch {
    /// Draws the screen, where there is one and it has changed or time has
    /// passed.
    pub fn draw(&mut self) {
        self.draw_at(Instant::now());
    }

    /// The same, at a time that is given.
    pub(in crate::ui) fn draw_at(&mut self, now: Instant) {
        if self.mode != Mode::Live {
            return;
        }
        let size = self.around.size();
        let (columns, rows) = (usize::from(size.columns), usize::from(size.rows));
        let mut out = String::new();
        if !self.shown.swap(true, Ordering::Relaxed) {
            out.push_str(ENTER);
        }
        // A synchronized update: terminals that know it show the frame at once.
        out.push_str("\x1b[?2026h\x1b[H");
        let lines = self.lines(columns, rows, now);
        let last = lines.len().saturating_sub(1);
        for (at, line) in lines.iter().enumerate() {
            // Behind a full line it would take the last character away.
            out.push_str("\x1b[K");
            out.push_str(line);
            if at < last {
                out.push_str("\r\n");
            }
        }
        if lines.len() < rows {
            out.push_str("\r\n\x1b[J");
        }
        out.push_str("\x1b[?2026l");
        lock(&self.handles.out).write(out.as_bytes());
        self.changed = false;
    }

    /// Whether anything was told since it was drawn.
    pub fn has_changed(&self) -> bool {
        self.changed
    }

    /// Gives the terminal back as it was found. It can be drawn again.
    pub fn leave(&mut self) {
        if self.shown.swap(false, Ordering::Relaxed) {
            lock(&self.handles.out).write(LEAVE.as_bytes());
        }
    }

    /// Says a last word, or one between two screens.
    pub fn say(&mut self, text: &str) {
        self.leave();
        let entry = LogEntry {
            at: super::now(),
            level: Level::Info,
            id: None,
            text: text.to_owned(),
        };
        match self.mode {
            Mode::Live => {
                let columns = usize::from(self.around.size().columns);
                self.print(&format!("{}\n", wrapped(&clean_line(text), 0, Some(columns))));
            }
            Mode::Lines => self.happened(entry),
            Mode::Json => self.write_objects(&Report::Log(entry)),
        }
    }

    fn lines(&mut self, columns: usize, rows: usize, now: Instant) -> Vec<String> {
        let look = self.handles.out_look;
        let mut lines = vec![self.head(columns)];
        if self.feed.rows().len() > 0 {
            let (chosen, more) = self.chosen(self.room(rows));
            let all: Vec<Row> = self.feed.rows().map(|watched| self.shown(watched, now)).collect();
            let width = u16::try_from(columns).unwrap_or(u16::MAX);
            // The columns are those of all, so that none moves with the window.
            let table = status::part(&all.iter().collect::<Vec<_>>(), &chosen, look, width);
            lines.extend(table.lines().map(str::to_owned));
            lines.extend(more.map(|more| look.paint(Tone::Dim, &cut(&more, columns, look.ellipsis()))));
        }
        lines.push(String::new());
        let left = rows.saturating_sub(lines.len());
        lines.extend(self.latest(left, columns));
        lines.truncate(rows);
        lines
    }

    /// The latest events, on at most so many lines.
    fn latest(&self, mut room: usize, columns: usize) -> Vec<String> {
        let mut latest = Vec::new();
        for event in self.events.iter().rev() {
            if room == 0 {
                break;
            }
            let lines = event_lines(event, room.min(EVENT_LINES), columns, self.handles.out_look);
            room = room.saturating_sub(lines.len());
            latest.push(lines);
        }
        latest.into_iter().rev().flatten().collect()
    }

    /// How many rows of the table there is room for, on so many lines.
    fn room(&self, rows: usize) -> usize {
        // The first line, and that of the columns.
        let room = rows.saturating_sub(2);
        let below = |events: usize| if self.events.is_empty() { 0 } else { 1 + events };
        if self.feed.rows().len() + below(1) <= room {
            return room;
        }
        let events = EVENTS_MIN.min(self.events.len());
        room.saturating_sub(below(events)).max(room.div_ceil(2))
    }

    /// Those that are shown where there is room for so many lines, and what is
    /// said of the others.
    fn chosen(&mut self, room: usize) -> (Vec<usize>, Option<String>) {
        match self.part {
            Part::Resident => choose(self.feed.rows(), room),
            Part::Onlooker(_) => self.cut_out(room),
        }
    }

    /// The row as it is now: what counts up or down with time stands in it.
    fn shown(&self, watched: &WatchedRow, now: Instant) -> Row {
        let mut row = watched.row.clone();
        row.player_count = self.feed.players(&row.id);
        if let Observation::Known(facts) = &mut row.observation {
            facts.uptime_seconds = uptime(watched, now);
            if let Some(awaits) = &watched.awaits {
                let awaited = awaited(awaits, now);
                facts.note = Some(match facts.note.take() {
                    Some(note) => format!("{awaited}; {note}"),
                    None => awaited,
                });
            }
        }
        row
    }

    /// What is watched, how many are in which state, and how to leave. Where
    /// there is little room the first goes first: who looks knows what they
    /// typed.
    fn head(&self, columns: usize) -> String {
        let look = self.handles.out_look;
        let states = summary(self.feed.rows());
        let titled = format!("{}: {states}", self.title);
        let right = match self.part {
            Part::Resident => "Ctrl-C ends the watching",
            Part::Onlooker(_) => "q leaves",
        };
        let fits = |left: &str| width(left) + 2 + width(right) <= columns;
        let line = match [titled, states.clone()].into_iter().find(|left| fits(left)) {
            Some(left) => {
                let gap = columns - width(&left) - width(right);
                format!("{left}{}{right}", " ".repeat(gap))
            }
            None => cut(&states, columns, look.ellipsis()).into_owned(),
        };
        look.paint(Tone::Strong, &line)
    }
}

/// Chooses what is shown where there is no room for all: what is not as it
/// should be first, in the order of the inventory. And says what is left out.
fn choose<'a>(all: impl Iterator<Item = &'a WatchedRow>, room: usize) -> (Vec<usize>, Option<String>) {
    let all: Vec<&WatchedRow> = all.collect();
    if all.len() <= room {
        return ((0..all.len()).collect(), None);
    }
    let rank = |watched: &WatchedRow| match &watched.row.observation {
        Observation::Unknown { .. } => 0,
        Observation::Known(facts) => match facts.state {
            InstanceState::Crashed { .. } => 0,
            InstanceState::Starting | InstanceState::Stopping => 1,
            InstanceState::Running => 2,
            InstanceState::Stopped => 3,
            InstanceState::Unmanaged => 4,
        },
    };
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|at| (rank(all[*at]), *at));
    let mut chosen: Vec<usize> = order.iter().copied().take(room.saturating_sub(1)).collect();
    chosen.sort_unstable();
    let left_out: Vec<&WatchedRow> = order.iter().skip(room.saturating_sub(1)).map(|at| all[*at]).collect();
    let more = format!("and {} more: {}", left_out.len(), summary(left_out.into_iter()));
    (chosen, Some(more))
}

/// An event on as many lines as it takes, and at most so many.
fn event_lines(event: &LogEntry, most: usize, columns: usize, look: Look) -> Vec<String> {
    // The time of day is enough for what was just seen.
    let time = event.at.get(11..19).unwrap_or(&event.at);
    let id = event.id.as_deref().unwrap_or("gamectl");
    let text = clean_line(&event.text);
    let whole = wrapped(&format!("{time} {id}: {text}"), width(time) + 1, Some(columns));
    let mut lines: Vec<String> = whole.split('\n').map(str::to_owned).collect();
    let rest = lines.split_off(lines.len().min(most));
    if let Some(last) = lines.last_mut() {
        for line in &rest {
            last.push(' ');
            last.push_str(line.trim_start());
        }
    }
    let tone = match event.level {
        Level::Info => Tone::Plain,
        Level::Warning => Tone::Busy,
        Level::Error => Tone::Bad,
    };
    let line = |line: &String| look.paint(tone, &cut(line, columns, look.ellipsis()));
    lines.iter().map(line).collect()
}

/// How many are in which state.
pub(super) fn summary<'a>(rows: impl Iterator<Item = &'a WatchedRow>) -> String {
    const WORDS: [&str; 7] = [
        "running",
        "starting",
        "stopping",
        "crashed",
        "unknown",
        "stopped",
        "unmanaged",
    ];
    let mut counts = [0_usize; WORDS.len()];
    for watched in rows {
        let word = watched.row.label();
        if let Some(at) = WORDS.iter().position(|known| *known == word) {
            counts[at] += 1;
        }
    }
    let mut text = String::new();
    for (count, word) in counts.iter().zip(WORDS).filter(|(count, _)| **count > 0) {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{count} {word}");
    }
    if text.is_empty() {
        text.push_str("no instances");
    }
    text
}
