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

use super::{Mode, Part, Watch, awaited, label, uptime};
use crate::event::{Happening, Level, Row, Watched};
use crate::supervisor::{InstanceState, Sight};
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

impl Watch {
    /// Draws the screen, where there is one and it has changed or time has
    /// passed.
    pub fn draw(&mut self) {
        self.draw_at(Instant::now());
    }

    /// The same, at a time that is given.
    pub(super) fn draw_at(&mut self, now: Instant) {
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
        let happening = Happening {
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
            Mode::Lines | Mode::Json => self.happened(happening),
        }
    }

    fn lines(&mut self, columns: usize, rows: usize, now: Instant) -> Vec<String> {
        let look = self.handles.out_look;
        let mut lines = vec![self.head(columns)];
        let table_room = rows.saturating_sub(3);
        let room = if self.rows.len() + 1 > table_room {
            table_room.saturating_sub(EVENTS_MIN.min(self.events.len()) + 1)
        } else {
            table_room
        };
        let (chosen, more) = match self.part {
            Part::Resident => choose(self.rows.values(), room.saturating_sub(1)),
            Part::Onlooker(_) => self.cut_out(room.saturating_sub(1)),
        };
        let mut shown: Vec<Row> = chosen.iter().map(|watched| shown(watched, now)).collect();
        for row in &mut shown {
            row.headcount = self.players.get(&row.id).copied().unwrap_or_default();
        }
        let shown: Vec<&Row> = shown.iter().collect();
        let width = u16::try_from(columns).unwrap_or(u16::MAX);
        let table = status::table(&shown, look, Some(width));
        lines.extend(table.lines().map(str::to_owned));
        if let Some(more) = more {
            lines.push(look.paint(Tone::Dim, &cut(&more, columns, look.ellipsis())));
        }
        lines.push(String::new());
        let left = rows.saturating_sub(lines.len());
        let skipped = self.events.len().saturating_sub(left);
        let latest = self.events.iter().skip(skipped);
        lines.extend(latest.map(|event| event_line(event, columns, look)));
        lines.truncate(rows);
        lines
    }

    fn head(&self, columns: usize) -> String {
        let look = self.handles.out_look;
        let states = summary(self.rows.values());
        let mut left = format!("{}: {states}", self.title);
        if width(&left) > columns {
            // Who looks knows what they typed.
            left = states;
        }
        let right = match self.part {
            Part::Resident => "Ctrl-C ends the watching",
            Part::Onlooker(_) => "q leaves",
        };
        let gap = columns.saturating_sub(width(&left) + width(right));
        let line = if gap >= 2 {
            format!("{left}{}{right}", " ".repeat(gap))
        } else {
            cut(&left, columns, look.ellipsis()).into_owned()
        };
        look.paint(Tone::Strong, &line)
    }
}

/// Chooses what is shown where there is no room for all: what is not as it
/// should be first, in the order of the inventory. And says what is left out.
fn choose<'a>(all: impl Iterator<Item = &'a Watched>, room: usize) -> (Vec<Watched>, Option<String>) {
    let all: Vec<&Watched> = all.collect();
    if all.len() <= room {
        return (all.into_iter().cloned().collect(), None);
    }
    let rank = |watched: &Watched| match &watched.row.sight {
        Sight::Unknown { .. } => 0,
        Sight::Known(facts) => match facts.state {
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
    let left_out: Vec<&Watched> = order.iter().skip(room.saturating_sub(1)).map(|at| all[*at]).collect();
    let more = format!("and {} more: {}", left_out.len(), summary(left_out.into_iter()));
    (chosen.into_iter().map(|at| all[at].clone()).collect(), Some(more))
}

/// The row as it is now: what counts up or down with time stands in it.
fn shown(watched: &Watched, now: Instant) -> Row {
    let mut row = watched.row.clone();
    if let Sight::Known(facts) = &mut row.sight {
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

fn event_line(event: &Happening, columns: usize, look: Look) -> String {
    // The time of day is enough for what was just seen.
    let time = event.at.get(11..19).unwrap_or(&event.at);
    let id = event.id.as_deref().unwrap_or("gamectl");
    let text = clean_line(&event.text);
    let whole = format!("{time} {id}: {text}");
    let line = cut(&whole, columns, look.ellipsis());
    let tone = match event.level {
        Level::Info => Tone::Plain,
        Level::Warning => Tone::Busy,
        Level::Error => Tone::Bad,
    };
    look.paint(tone, &line)
}

/// How many are in which state.
pub(super) fn summary<'a>(rows: impl Iterator<Item = &'a Watched>) -> String {
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
        let word = label(&watched.row);
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
