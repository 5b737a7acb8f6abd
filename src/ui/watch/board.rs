//! The lines of the screen: a table of all instances, and the latest events
//! under it. Nothing here writes.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Instant;

use super::foot::foot;
use super::help;
use super::history::{PaneHistory, gap, shown_width};
use super::log::highlighted;
use super::placing::placed;
use super::shown_text::ShownText;
use super::trouble::Troubles;
use super::window::Window;
use super::work::VerbWorks;
use crate::event::{Awaits, Level, LogEntry, Row, WatchedRow, nth};
use crate::pane::{Pane, PaneEffect, PaneInput, PaneMode, PaneRow, PressedKey, SortBy};
use crate::report::{Feed, uptime};
use crate::supervisor::{Facts, InstanceState, Observation};
use crate::text::clean_line;
use crate::ui::paint::{Look, Tone};
use crate::ui::span::short;
use crate::ui::status::{self, UsageColumns};
use crate::ui::width::{cut, width};
use crate::ui::wrap::{filled, wrapped};

/// The number of events that are kept: more than any terminal has rows.
const EVENTS_MAX: usize = 500;

/// The lines left for events where the table does not fit.
const EVENTS_MIN: usize = 4;

const EVENT_LINES: usize = 3;

/// The most lines of a row with a long note.
const NOTE_LINES: usize = 6;

const BANNER_LINES: usize = 2;

/// The most troubles of the whole that are shown.
const BANNERS: usize = 3;

/// The columns before the rows that say which one is selected.
const GUTTER: usize = 2;

pub(super) struct Board {
    title: String,
    pub(super) feed: Feed,
    events: VecDeque<LogEntry>,
    /// The key that ends it, in words.
    way_out: &'static str,
    pub(super) troubles: Troubles,
    history: PaneHistory,
    window: Window,
    pub(super) pane: Pane,
    pub(super) works: VerbWorks,
    pub(super) text: ShownText,
    /// True while keys reach it.
    pub(super) has_keys: bool,
    /// The lines and columns of the last screen.
    size: (usize, usize),
    /// The columns of what instances use; `None` where nobody measures it.
    usage: Option<UsageColumns>,
    /// True if they were on the last screen.
    pub(super) shows_usage: bool,
}

impl Board {
    pub(super) fn new(title: &str, way_out: &'static str) -> Self {
        Self {
            title: title.to_owned(),
            feed: Feed::default(),
            events: VecDeque::new(),
            way_out,
            troubles: Troubles::default(),
            history: PaneHistory::default(),
            window: Window::default(),
            pane: Pane::default(),
            works: VerbWorks::default(),
            text: ShownText::default(),
            has_keys: false,
            size: (0, 0),
            usage: None,
            shows_usage: false,
        }
    }

    pub(super) fn push(&mut self, entry: LogEntry) {
        self.events.push_back(entry);
        if self.events.len() > EVENTS_MAX {
            self.events.pop_front();
        }
    }

    /// Takes a key in, and returns what is to be done.
    pub(super) fn press(&mut self, key: PressedKey, look: Look) -> Option<PaneEffect> {
        if self.pane.is_stale() {
            let (columns, rows) = self.size;
            self.lines(columns, rows, look, Instant::now());
        }
        self.pane.step(PaneInput::Key(key))
    }

    pub(super) fn offer_usage(&mut self, columns: UsageColumns) {
        self.usage = Some(columns);
    }

    pub(super) fn counts(&self) -> String {
        status::counts(self.feed.rows().map(|watched| &watched.row))
    }

    /// Renders at most `rows` lines, as things are at `now`.
    pub(super) fn lines(&mut self, columns: usize, rows: usize, look: Look, now: Instant) -> Vec<String> {
        self.size = (columns, rows);
        let mut lines = vec![self.head(columns, look)];
        self.shows_usage = false;
        self.troubles.look_at(self.feed.rows(), now);
        for trouble in self.troubles.in_words(now).iter().take(BANNERS) {
            let text = filled(&clean_line(trouble), columns);
            let text = first(text, BANNER_LINES, columns, look);
            lines.extend(text.iter().map(|line| look.paint(Tone::Error, line)));
        }
        let has_foot = foot(&self.pane, columns, look).is_some();
        let rows = rows.saturating_sub(usize::from(has_foot));
        if let Some(text) = self.text.lines(&self.pane, columns, look) {
            let room = rows.saturating_sub(lines.len());
            self.pane.step(PaneInput::Text {
                lines: text.lines.len(),
                room,
                hits: &text.hits,
            });
            let shown = text.lines.into_iter().skip(self.pane.top()).take(room);
            let search = self.pane.log().search();
            match look.color && !text.hits.is_empty() {
                true => lines.extend(shown.map(|line| highlighted(&line, search))),
                false => lines.extend(shown),
            }
            lines.resize(rows, String::new());
            lines.extend(foot(&self.pane, columns, look));
            return lines;
        }
        if self.feed.rows().len() > 0 {
            let room = rows.saturating_sub(lines.len());
            lines.extend(self.table(room, columns, look, now));
        }
        if *self.pane.mode() == PaneMode::Help {
            lines.truncate(1);
            lines.extend(help::lines(columns, self.pane.may_act(), look));
        } else {
            lines.push(String::new());
            let left = rows.saturating_sub(lines.len());
            lines.extend(self.latest(left, columns, look));
        }
        lines.truncate(rows);
        if has_foot {
            // After the rows are arranged: it counts them.
            lines.resize(rows, String::new());
            lines.extend(foot(&self.pane, columns, look));
        }
        lines
    }

    /// Returns the id of the instance whose log is shown.
    pub(super) fn log_id(&self) -> Option<&str> {
        match self.pane.mode() {
            PaneMode::Log { id } => Some(id),
            _ => None,
        }
    }

    /// Takes a piece of a log, if that is shown.
    pub(super) fn add_to_log(&mut self, id: &str, piece: Result<&[u8], &str>) {
        if self.log_id() == Some(id) {
            self.text.add_to_log(id, piece);
        }
    }

    /// Renders the title, the counts, and the keys. Where there is little room the title is
    /// left out first: the person has typed it.
    fn head(&self, columns: usize, look: Look) -> String {
        let counts = self.counts();
        let keys = match self.has_keys {
            true => format!("? keys  {}", self.way_out),
            false => self.way_out.to_owned(),
        };
        let titled = format!("{}: {counts}", self.title);
        let fits = |(left, right): &(&String, &str)| width(left) + 2 + width(right) <= columns;
        let ways = [(&titled, keys.as_str()), (&counts, &keys), (&counts, self.way_out)];
        let line = match ways.into_iter().find(fits) {
            Some((left, right)) => {
                let gap = columns - width(left) - width(right);
                format!("{left}{}{right}", " ".repeat(gap))
            }
            None => cut(&counts, columns, look.ellipsis()).into_owned(),
        };
        look.paint(Tone::Strong, &line)
    }

    /// Renders the table in so many lines, or some less for the events below it.
    /// Where not all rows fit, those that need attention come first.
    fn table(&mut self, room: usize, columns: usize, look: Look, now: Instant) -> Vec<String> {
        let gauges = self.feed.rows().map(|watched| &*watched.row.id);
        let gauges = gauges.map(|id| (id, self.feed.gauges(id)));
        self.history.sample(gauges, now);
        let all: Vec<Row> = self.feed.rows().map(|watched| self.current(watched, now)).collect();
        let gutter = if self.pane.selected().is_some() { GUTTER } else { 0 };
        let columns = columns.saturating_sub(gutter);
        // The columns fit all rows, so that none moves when rows are scrolled.
        let table = status::fitted(&all, self.usage.unwrap_or_default(), look, columns);
        self.shows_usage = table.shows_usage() || self.pane.sort() == SortBy::Memory;
        let heights: Vec<usize> = table.heights().map(|lines| lines.min(NOTE_LINES)).collect();
        let room = room.saturating_sub(1);
        let rows: Vec<PaneRow<'_>> = all
            .iter()
            .zip(&heights)
            .map(|(row, height)| placed(row, *height))
            .collect();
        let most = self.most(room);
        self.pane.step(PaneInput::Rows {
            rows: &rows,
            room: most,
        });
        let seen: Vec<usize> = self.pane.seen().collect();
        let heights: Vec<usize> = seen.iter().map(|at| heights[*at]).collect();
        let height = heights.iter().sum();
        let room = self.room(height, room);
        let mut part = 0..seen.len();
        let mut below = None;
        if height > room {
            part = self
                .window
                .cut_out(&heights, room.saturating_sub(1), self.pane.selected_place());
            let others = others(&all, &seen, &part);
            below = Some(look.paint(Tone::Dim, &cut(&others, columns, look.ellipsis())));
        }
        self.pane.step(PaneInput::Page(part.len()));
        let selected = self.pane.selected_place();
        let shown = seen.get(part.clone()).unwrap_or_default().iter().copied();
        let (head, mut rows) = table.draw(shown.clone());
        let widest = rows.iter().filter_map(|row| row.first()).chain([&head]);
        let widest = widest.map(|line| shown_width(line)).max().unwrap_or(0);
        let pictures = self.history.pictures(columns.saturating_sub(widest));
        let head = format!("{head}{}{}", gap(&head, columns, pictures.width()), pictures.head());
        if pictures.width() > 0 {
            for (row, at) in rows.iter_mut().zip(shown) {
                if let Some(line) = row.first_mut() {
                    let gap = gap(line, columns, pictures.width());
                    *line = format!("{line}{gap}{}", self.history.beside(&all[at].id, pictures, look));
                }
            }
        }
        let blank = " ".repeat(gutter);
        let mut lines = vec![format!("{blank}{}", head.trim_end())];
        for (at, row) in part.zip(rows) {
            for (line, text) in first(row, NOTE_LINES, columns, look).into_iter().enumerate() {
                lines.push(match line == 0 && selected == Some(at) && gutter > 0 {
                    true => marked(&text, look),
                    false => format!("{blank}{text}"),
                });
            }
        }
        lines.extend(below);
        lines
    }

    /// Returns the greatest height of all rows that fit, of so many lines below the head of the
    /// table.
    fn most(&self, room: usize) -> usize {
        let beside_events = match self.events.is_empty() {
            true => room,
            false => room.saturating_sub(2),
        };
        beside_events.max(self.room(usize::MAX / 2, room))
    }

    /// Returns the number of lines for rows of this height, of so many below the
    /// head of the table.
    fn room(&self, height: usize, room: usize) -> usize {
        let below = |events: usize| if self.events.is_empty() { 0 } else { 1 + events };
        if height + below(1) <= room {
            return room;
        }
        let events = EVENTS_MIN.min(self.events.len());
        room.saturating_sub(below(events)).max(room.div_ceil(2))
    }

    /// Returns the row with everything in it that changes with time alone.
    fn current(&self, watched: &WatchedRow, now: Instant) -> Row {
        let mut row = watched.row.clone();
        let gauges = self.feed.gauges(&row.id);
        row.player_count = gauges.players;
        row.usage = self.usage.map(|_| gauges.usage.unwrap_or_default());
        if let Observation::Known(facts) = &mut row.observation {
            facts.uptime_seconds = uptime(watched, now);
            if let Some(awaits) = &watched.awaits {
                let note = noted(awaits, facts, now);
                facts.note = Some(note);
            }
        }
        self.works.note(&mut row, now);
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

/// Renders the first line of the selected row.
fn marked(line: &str, look: Look) -> String {
    match look.color {
        // Each colour in it ends all that is set.
        true => format!("\x1b[7m> {}\x1b[0m", line.replace("\x1b[0m", "\x1b[0;7m")),
        false => format!("> {line}"),
    }
}

/// Puts in words which part of the seen rows is shown, and how the others are.
fn others(all: &[Row], seen: &[usize], part: &Range<usize>) -> String {
    let (above, rest) = seen.split_at(part.start);
    let (_, below) = rest.split_at(part.len());
    let counts = status::counts(above.iter().chain(below).map(|at| &all[*at]));
    format!(
        "{} to {} of {} (arrows move), and {} more: {counts}",
        part.start + 1,
        part.end,
        seen.len(),
        above.len() + below.len(),
    )
}

/// Returns the first lines; the last one says that there are others.
fn first(mut lines: Vec<String>, most: usize, columns: usize, look: Look) -> Vec<String> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let room = columns.saturating_sub(width(look.ellipsis()));
            *last = format!("{}{}", cut(last, room, ""), look.ellipsis());
        }
    }
    lines
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

/// Returns the note of a row, with what the instance waits for before it.
fn noted(awaits: &Awaits, facts: &Facts, now: Instant) -> String {
    let awaited = match awaits {
        Awaits::Retry { at, count } => {
            let left = at.saturating_duration_since(now).as_millis().div_ceil(1000);
            let left = short(u64::try_from(left).unwrap_or(u64::MAX));
            format!("retry in {left} ({})", nth(*count))
        }
        Awaits::Turn => "queued".to_owned(),
        Awaits::Open { what, since } => {
            let what = clean_line(what);
            let waits = match what.strip_prefix("ready") {
                Some(probes) => format!("not ready yet{probes}"),
                None => format!("waiting for {what}"),
            };
            // The table tells the time of a state that will pass.
            let passes = matches!(facts.state, InstanceState::Starting | InstanceState::Stopping);
            match facts.since {
                Some(_) if passes => waits,
                _ => format!(
                    "{waits}, for {}",
                    short(now.saturating_duration_since(*since).as_secs())
                ),
            }
        }
    };
    match &facts.note {
        None => awaited,
        Some(note) if note.contains(&awaited) => note.clone(),
        Some(note) => format!("{awaited}; {note}"),
    }
}
