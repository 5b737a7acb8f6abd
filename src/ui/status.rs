//! The table of `status`.

use std::borrow::Cow;
use std::ops::Range;
use std::time::SystemTime;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::paint::{Look, Tone};
use super::size::bytes;
use super::span::short;
use super::width::{cut, width};
use super::wrap::filled;
use crate::event::{PlayerCount, Row};
use crate::supervisor::{Facts, InstanceState, Observation, Players, Usage};
use crate::text::clean_line;

const HEADERS: [&str; 13] = [
    "ID", "HOST", "PLANE", "STATE", "UPTIME", "PID", "PLAYERS", "CPU", "MEMORY", "TASKS", "DISK", "RESTARTS", "NOTE",
];

/// The column of the host, left out where all are managed on this one.
const HOST: usize = 1;

/// The column of the state, which is coloured.
const STATE: usize = 3;

/// The column of the players, left out where no count was asked for.
const PLAYERS: usize = 6;

/// The columns of what is used, left out where that was not asked for.
const USED: Range<usize> = 7..11;

/// The column of the restarts, left out while there are none.
const RESTARTS: usize = 11;

/// The column of the note, the last one.
const NOTE: usize = 12;

/// The columns that are left out, in this order, before a note gets less room
/// than this: a reason says more than they do.
const EXPENDABLE: [(usize, usize); 8] = [
    (2, 30),
    (5, 30),
    (10, 20),
    (9, 20),
    (RESTARTS, 20),
    (4, 20),
    (PLAYERS, 20),
    (HOST, 20),
];

/// The length of an id that is shown before anything else is cut.
const ID_WANTED: usize = 24;

const ID_MIN: usize = 8;

/// With less room than this, a note stands below its row.
const NOTE_MIN: usize = 20;

/// The blanks before a note that stands below its row.
const BELOW: usize = 4;

/// With more rows than this, the states are counted below the table.
const MANY: usize = 10;

/// The states in the order in which they are counted.
const STATES: [&str; 7] = [
    "running",
    "starting",
    "stopping",
    "crashed",
    "unknown",
    "stopped",
    "unmanaged",
];

/// The columns of what is used on a screen that does not ask for them, where there is room.
const USED_IN_SHORT: Range<usize> = 7..9;

/// The room that a note has beside these.
const NOTE_BESIDE: usize = 30;

/// The columns of what instances use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum UsageColumns {
    /// All of them, where something was measured.
    #[default]
    All,
    /// The most important ones, if nothing else is left out for them.
    IfRoom,
}

type Cells = [String; HEADERS.len()];

fn cells(row: &Row, counted: bool, now: SystemTime, look: Look) -> (Tone, Cells) {
    let dash = || "-".to_owned();
    let players = match row.player_count {
        // The column is left out.
        PlayerCount::NotAsked if !counted => String::new(),
        PlayerCount::NotAsked | PlayerCount::Unanswered => dash(),
        PlayerCount::Counted(Players { online, max }) => {
            let max = max.map_or_else(dash, |max| max.to_string());
            format!("{online}/{max}")
        }
    };
    let (tone, symbol) = state(row);
    let (uptime, pid, restarts, note) = match &row.observation {
        Observation::Known(facts) => (
            match facts.state {
                InstanceState::Running => short(facts.uptime_seconds),
                _ => dash(),
            },
            facts.pid.map_or_else(dash, |pid| pid.to_string()),
            match facts.state {
                InstanceState::Unmanaged => dash(),
                _ => facts.restarts.to_string(),
            },
            note(facts, now),
        ),
        Observation::Unknown { reason } => (dash(), dash(), dash(), Cow::from(reason)),
    };
    let [cpu, memory, tasks, disk] = used(row.usage.unwrap_or_default());
    let cells = [
        row.id.clone(),
        row.host.clone().unwrap_or_else(dash),
        row.plane.to_owned(),
        look.mark(Tone::Plain, symbol) + row.label(),
        uptime,
        pid,
        players,
        cpu,
        memory,
        tasks,
        disk,
        restarts,
        clean_line(&note).into_owned(),
    ];
    (tone, cells)
}

/// Returns what is used, as it is shown.
fn used(usage: Usage) -> [String; USED.end - USED.start] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let disk = usage.read_bytes.zip(usage.written_bytes);
    [
        or_dash(usage.cpu_percent.map(|percent| format!("{percent:.1}%"))),
        or_dash(usage.memory_bytes.map(bytes)),
        or_dash(usage.tasks.map(|tasks| tasks.to_string())),
        or_dash(disk.map(|(read, written)| format!("{}/{}", bytes(read), bytes(written)))),
    ]
}

/// Returns the note; for a state that will pass also the time it has lasted.
fn note(facts: &Facts, now: SystemTime) -> Cow<'_, str> {
    let note = facts.note.as_deref().unwrap_or_default();
    let passes = matches!(facts.state, InstanceState::Starting | InstanceState::Stopping);
    let lasts = facts.since.and_then(|since| now.duration_since(since).ok());
    match lasts.filter(|_| passes).map(|lasts| short(lasts.as_secs())) {
        None => note.into(),
        Some(lasts) if note.is_empty() => format!("for {lasts}").into(),
        Some(lasts) => format!("{note}, for {lasts}").into(),
    }
}

pub(super) fn state(row: &Row) -> (Tone, &'static str) {
    let Observation::Known(facts) = &row.observation else {
        return (Tone::Odd, "?");
    };
    match facts.state {
        InstanceState::Running => (Tone::Good, "●"),
        InstanceState::Starting => (Tone::Busy, "◐"),
        InstanceState::Stopping => (Tone::Busy, "◑"),
        InstanceState::Crashed { .. } => (Tone::Bad, "✗"),
        InstanceState::Stopped => (Tone::Dim, "○"),
        InstanceState::Unmanaged => (Tone::Dim, "·"),
    }
}

/// Renders the table, or only the crashed and the unknown rows of it. On a
/// terminal the states of many rows are counted below.
pub(super) fn render(rows: &[Row], only_bad: bool, look: Look) -> String {
    let is_bad = |row: &&Row| matches!(row.label(), "crashed" | "unknown");
    let shown: Vec<&Row> = rows.iter().filter(|row| !only_bad || is_bad(row)).collect();
    // A head without rows would look as if something were missing.
    if shown.is_empty() {
        return String::new();
    }
    let table = Contents::of(&shown, UsageColumns::All, look);
    let Some(columns) = look.columns else {
        return table.plain(look);
    };
    let (head, drawn) = table.fitted(look, columns).draw(0..shown.len());
    let mut out: String = std::iter::once(&head)
        .chain(drawn.iter().flatten())
        .flat_map(|line| [line.as_str(), "\n"])
        .collect();
    if rows.len() > MANY && !only_bad {
        let counts = format!("{} instances: {}", rows.len(), counts(rows.iter()));
        out.push_str(&format!("\n{}\n", look.paint(Tone::Dim, &counts)));
    }
    out
}

/// A table in the columns of a terminal. Rows are drawn where they are asked for alone: of a
/// thousand, a screen shows twenty.
pub(super) struct Fitted {
    contents: Contents,
    look: Look,
    /// The columns that are not left out, with their widths.
    shown: Vec<usize>,
    widths: Vec<usize>,
    /// The lines of the note of each row.
    notes: Vec<Vec<String>>,
    /// True if the notes stand beside their rows, and not below.
    beside: bool,
    indent: usize,
}

pub(super) fn fitted(rows: &[Row], usage: UsageColumns, look: Look, columns: usize) -> Fitted {
    let rows: Vec<&Row> = rows.iter().collect();
    Contents::of(&rows, usage, look).fitted(look, columns)
}

impl Fitted {
    /// Returns true if it shows what instances use.
    pub(super) fn shows_usage(&self) -> bool {
        self.shown.iter().any(|column| USED.contains(column))
    }

    /// Returns the lines that each row takes: more than one where its note needs them.
    pub(super) fn heights(&self) -> impl Iterator<Item = usize> {
        let height = |lines: &Vec<String>| match self.beside {
            true => lines.len().max(1),
            false => 1 + lines.len(),
        };
        self.notes.iter().map(height)
    }

    /// Renders the head, and the lines of the rows at these places.
    pub(super) fn draw(&self, places: impl Iterator<Item = usize> + Clone) -> (String, Vec<Vec<String>>) {
        let mut table = empty_table(&self.shown, &self.widths, self.look);
        for at in places.clone() {
            let (tone, cells) = &self.contents.rows[at];
            let cell = |(column, room): (&usize, &usize)| {
                let tone = if *column == STATE { *tone } else { Tone::Plain };
                match *column {
                    NOTE => tone.cell(&self.notes[at].join("\n")),
                    column => tone.cell(&cut(&cells[column], *room, self.look.ellipsis())),
                }
            };
            table.add_row(self.shown.iter().zip(&self.widths).map(cell).collect::<Vec<_>>());
        }
        let mut lines = table.lines().map(|line| line.trim_end().to_owned());
        let head = lines.next().unwrap_or_default();
        let indent = " ".repeat(self.indent);
        let row = |at: usize| {
            let notes = &self.notes[at];
            let (height, below) = match self.beside {
                true => (notes.len().max(1), &[][..]),
                false => (1, notes.as_slice()),
            };
            let below = below.iter().map(|line| format!("{indent}{line}"));
            lines.by_ref().take(height).chain(below).collect()
        };
        let rows = places.map(row).collect();
        (head, rows)
    }
}

/// Counts the rows in each state: `3 running, 1 crashed`.
pub(super) fn counts<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut counts = [0_usize; STATES.len()];
    for row in rows {
        if let Some(at) = STATES.iter().position(|state| *state == row.label()) {
            counts[at] += 1;
        }
    }
    let parts = counts.iter().zip(STATES).filter(|(count, _)| **count > 0);
    let parts: Vec<String> = parts.map(|(count, state)| format!("{count} {state}")).collect();
    if parts.is_empty() {
        return "no instances".to_owned();
    }
    parts.join(", ")
}

struct Contents {
    rows: Vec<(Tone, Cells)>,
    /// The columns that are not left out.
    shown: Vec<usize>,
    usage: UsageColumns,
}

impl Contents {
    fn of(rows: &[&Row], usage: UsageColumns, look: Look) -> Self {
        let now = SystemTime::now();
        let hosted = rows.iter().any(|row| row.host.is_some());
        let counted = rows.iter().any(|row| row.player_count != PlayerCount::NotAsked);
        let used = match usage {
            _ if rows.iter().all(|row| row.usage.is_none()) => 0..0,
            UsageColumns::All => USED,
            UsageColumns::IfRoom => USED_IN_SHORT,
        };
        let rows: Vec<(Tone, Cells)> = rows.iter().map(|row| cells(row, counted, now, look)).collect();
        let restarted = rows
            .iter()
            .any(|(_, cells)| !matches!(cells[RESTARTS].as_str(), "0" | "-"));
        let shown = (0..HEADERS.len())
            .filter(|column| *column != RESTARTS || restarted)
            .filter(|column| *column != PLAYERS || counted)
            .filter(|column| !USED.contains(column) || used.contains(column))
            .filter(|column| *column != HOST || hosted)
            .collect();
        Self { rows, shown, usage }
    }

    fn widths(&self) -> Vec<usize> {
        let of = |column: &usize| {
            let cells = self.rows.iter().map(|(_, cells)| width(&cells[*column]));
            cells.max().unwrap_or(0).max(HEADERS[*column].len())
        };
        self.shown.iter().map(of).collect()
    }

    /// Returns aligned columns for scripts: nothing is cut, and no line ends in
    /// blanks.
    fn plain(&self, look: Look) -> String {
        let widths = self.widths();
        let mut out = String::with_capacity((self.rows.len() + 1) * 80);
        let head = HEADERS.map(str::to_owned);
        let rows = self.rows.iter().map(|(tone, cells)| (*tone, cells));
        for (tone, cells) in std::iter::once((Tone::Plain, &head)).chain(rows) {
            out.push_str(line(cells, tone, &self.shown, &widths, look).trim_end());
            out.push('\n');
        }
        out
    }

    /// Returns the table for a terminal. Where it does not fit, columns are left
    /// out, a note goes on in further lines, and the id is cut at last.
    fn fitted(self, look: Look, columns: usize) -> Fitted {
        let mut shown = self.shown.clone();
        let mut widths = self.widths();
        if self.usage == UsageColumns::IfRoom && least(&widths, NOTE_BESIDE) > columns {
            let keeps: Vec<bool> = shown.iter().map(|column| !USED.contains(column)).collect();
            let mut kept = keeps.iter();
            widths.retain(|_| kept.next().copied().unwrap_or(true));
            shown.retain(|column| !USED.contains(column));
        }
        fit(&mut shown, &mut widths, columns);
        let beside = shown.contains(&NOTE);
        let indent = match beside {
            true => widths.iter().rev().skip(1).map(|width| width + 2).sum(),
            false => BELOW.min(columns / 4),
        };
        let room = columns.saturating_sub(indent).max(1);
        Fitted {
            notes: self.rows.iter().map(|(_, cells)| filled(&cells[NOTE], room)).collect(),
            contents: self,
            look,
            shown,
            widths,
            beside,
            indent,
        }
    }
}

/// Renders the cells of a row in these widths. The state has the colour of `tone`.
fn line(cells: &Cells, tone: Tone, shown: &[usize], widths: &[usize], look: Look) -> String {
    let mut out = String::new();
    for (column, room) in shown.iter().zip(widths) {
        let cell = &cells[*column];
        let tone = if *column == STATE { tone } else { Tone::Plain };
        out.push_str(&look.paint(tone, cell));
        let blanks = room.saturating_sub(width(cell)) + 2;
        out.extend(std::iter::repeat_n(' ', blanks));
    }
    out
}

/// Makes a table without borders, of columns in these widths.
fn empty_table(shown: &[usize], widths: &[usize], look: Look) -> Table {
    let head = shown.iter().zip(widths);
    let head = head.map(|(column, room)| Tone::Strong.cell(&cut(HEADERS[*column], *room, look.ellipsis())));
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head.collect::<Vec<_>>());
    if look.color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let last = shown.len().saturating_sub(1);
    for (index, (column, room)) in table.column_iter_mut().zip(widths).enumerate() {
        let right = if index == last { 0 } else { 2 };
        column.set_padding((0, right));
        let room = u16::try_from(*room).unwrap_or(u16::MAX);
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(room + right)));
    }
    table
}

/// Returns the columns of the terminal that so many of the table take.
fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1)
}

/// Returns the same where the note gets no more room than this.
fn least(widths: &[usize], note_wanted: usize) -> usize {
    let note = widths.last().copied().unwrap_or(0);
    total(widths) - note + note.min(note_wanted)
}

/// Leaves columns out, that of the note too where it would be too narrow, and makes
/// the id and the note as narrow as is needed.
fn fit(shown: &mut Vec<usize>, widths: &mut Vec<usize>, columns: usize) {
    let shrink = |width: Option<&mut usize>, excess: usize, least: usize| {
        if let Some(width) = width {
            *width -= excess.min(width.saturating_sub(least));
        }
    };
    // One long id is no reason to leave out anything else.
    let excess = least(widths, NOTE_MIN).saturating_sub(columns);
    shrink(widths.first_mut(), excess, (columns * 2 / 5).max(ID_WANTED));
    for (expendable, wanted) in EXPENDABLE {
        let too_wide = least(widths, wanted) > columns;
        if let (true, Some(at)) = (too_wide, shown.iter().position(|column| *column == expendable)) {
            shown.remove(at);
            widths.remove(at);
        }
    }
    if least(widths, NOTE_MIN) > columns {
        shown.pop();
        widths.pop();
        let excess = total(widths).saturating_sub(columns);
        shrink(widths.first_mut(), excess, ID_MIN);
        // On a very narrow terminal nothing else is left to cut.
        let excess = total(widths).saturating_sub(columns);
        shrink(widths.last_mut(), excess, 1);
    } else {
        let excess = total(widths).saturating_sub(columns);
        shrink(widths.last_mut(), excess, NOTE_MIN);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_under_way_says_for_how_long() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        for (state, given, since, shown) in [
            (InstanceState::Starting, None, Some(925), "for 1m 15s"),
            (InstanceState::Starting, None, None, ""),
            // The clock was set back.
            (InstanceState::Starting, None, Some(2000), ""),
            (
                InstanceState::Stopping,
                Some("waiting for stdin: quit"),
                Some(998),
                "waiting for stdin: quit, for 2s",
            ),
            (
                InstanceState::Running,
                Some("its shim was killed"),
                Some(0),
                "its shim was killed",
            ),
            (InstanceState::Stopped, None, Some(0), ""),
        ] {
            let facts = Facts {
                since: since.map(|at| SystemTime::UNIX_EPOCH + Duration::from_secs(at)),
                ..Facts::bare(state, given.map(str::to_owned))
            };
            assert_eq!(note(&facts, now), shown);
        }
    }
}
