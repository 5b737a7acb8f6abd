//! The lines of the screen: a table of all instances, and the latest events
//! under it. Nothing here writes.

use std::collections::VecDeque;
use std::time::Instant;

use super::window::{WatchKey, Window};
use crate::event::{Awaits, Level, LogEntry, Row, WatchedRow, nth};
use crate::report::{Feed, uptime};
use crate::supervisor::{InstanceState, Observation};
use crate::text::clean_line;
use crate::ui::paint::{Look, Tone};
use crate::ui::span::short;
use crate::ui::status;
use crate::ui::width::{cut, width};
use crate::ui::wrap::wrapped;

/// The number of events that are kept: more than any terminal has rows.
const EVENTS_MAX: usize = 500;

/// The lines left for events where the table does not fit.
const EVENTS_MIN: usize = 4;

const EVENT_LINES: usize = 3;

pub(super) struct Board {
    title: String,
    pub(super) feed: Feed,
    events: VecDeque<LogEntry>,
    /// `None` for `run`, which shows the rows that need attention instead.
    window: Option<Window>,
}

impl Board {
    pub(super) fn new(title: &str, scrolls: bool) -> Self {
        Self {
            title: title.to_owned(),
            feed: Feed::default(),
            events: VecDeque::new(),
            window: scrolls.then(Window::default),
        }
    }

    pub(super) fn push(&mut self, entry: LogEntry) {
        self.events.push_back(entry);
        if self.events.len() > EVENTS_MAX {
            self.events.pop_front();
        }
    }

    pub(super) fn scroll(&mut self, key: WatchKey) {
        let count = self.feed.rows().len();
        if let Some(window) = &mut self.window {
            window.scroll(key, count);
        }
    }

    pub(super) fn counts(&self) -> String {
        counts(self.feed.rows())
    }

    /// Renders at most `rows` lines, as things are at `now`.
    pub(super) fn lines(&mut self, columns: usize, rows: usize, look: Look, now: Instant) -> Vec<String> {
        let mut lines = vec![self.head(columns, look)];
        if self.feed.rows().len() > 0 {
            let (positions, more) = self.choose(self.room(rows));
            let all: Vec<Row> = self.feed.rows().map(|watched| self.current(watched, now)).collect();
            // The columns fit all rows, so that none moves when rows are scrolled.
            let table = status::part(&all, &positions, look, columns);
            lines.extend(table.lines().map(str::to_owned));
            lines.extend(more.map(|more| look.paint(Tone::Dim, &cut(&more, columns, look.ellipsis()))));
        }
        lines.push(String::new());
        let left = rows.saturating_sub(lines.len());
        lines.extend(self.latest(left, columns, look));
        lines.truncate(rows);
        lines
    }

    /// Renders the title, the counts, and the key that ends it. Where there is
    /// little room the title is left out first: the person has typed it.
    fn head(&self, columns: usize, look: Look) -> String {
        let counts = self.counts();
        let right = match self.window {
            None => "Ctrl-C ends the watching",
            Some(_) => "q leaves",
        };
        let fits = |left: &String| width(left) + 2 + width(right) <= columns;
        let titled = format!("{}: {counts}", self.title);
        let line = match [&titled, &counts].into_iter().find(|left| fits(left)) {
            Some(left) => {
                let gap = columns - width(left) - width(right);
                format!("{left}{}{right}", " ".repeat(gap))
            }
            None => cut(&counts, columns, look.ellipsis()).into_owned(),
        };
        look.paint(Tone::Strong, &line)
    }

    /// Returns the number of lines for the table, of so many on the screen.
    fn room(&self, rows: usize) -> usize {
        // The head, and the head of the table.
        let room = rows.saturating_sub(2);
        let below = |events: usize| if self.events.is_empty() { 0 } else { 1 + events };
        if self.feed.rows().len() + below(1) <= room {
            return room;
        }
        let events = EVENTS_MIN.min(self.events.len());
        room.saturating_sub(below(events)).max(room.div_ceil(2))
    }

    /// Returns the positions of the rows to show, and a line about the others.
    fn choose(&mut self, room: usize) -> (Vec<usize>, Option<String>) {
        match &mut self.window {
            None => most_urgent(&self.feed.rows().collect::<Vec<_>>(), room),
            Some(window) => window.cut_out(self.feed.rows().len(), room),
        }
    }

    /// Returns the row with everything in it that changes with time alone.
    fn current(&self, watched: &WatchedRow, now: Instant) -> Row {
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

    /// Renders the latest events, on at most so many lines.
    fn latest(&self, mut room: usize, columns: usize, look: Look) -> Vec<String> {
        let mut latest = Vec::new();
        for event in self.events.iter().rev() {
            if room == 0 {
                break;
            }
            let lines = event_lines(event, room.min(EVENT_LINES), columns, look);
            room = room.saturating_sub(lines.len());
            latest.push(lines);
        }
        latest.into_iter().rev().flatten().collect()
    }
}

fn counts<'a>(rows: impl Iterator<Item = &'a WatchedRow>) -> String {
    status::counts(rows.map(|watched| &watched.row))
}

/// Chooses rows that are not as they should be first, but keeps the order of
/// the inventory. Returns their positions, and a line about the others.
fn most_urgent(all: &[&WatchedRow], room: usize) -> (Vec<usize>, Option<String>) {
    let mut order: Vec<usize> = (0..all.len()).collect();
    if all.len() <= room {
        return (order, None);
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
    order.sort_by_key(|at| (rank(all[*at]), *at));
    let left_out = order.split_off(room.saturating_sub(1));
    order.sort_unstable();
    let counts = counts(left_out.iter().map(|at| all[*at]));
    (order, Some(format!("and {} more: {counts}", left_out.len())))
}

/// Renders an event on at most so many lines.
fn event_lines(event: &LogEntry, most: usize, columns: usize, look: Look) -> Vec<String> {
    // The screen shows the last hours: the time of day is enough.
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
