//! The table of `status`.

use std::borrow::Cow;
use std::time::SystemTime;

use comfy_table::{ColumnConstraint, ContentArrangement, Row as TableRow, Table, Width, presets};

use super::paint::{Look, Tone};
use super::span::short;
use super::text::clean_line;
use super::width::{cut, width};
use crate::event::{PlayerCount, Row};
use crate::supervisor::{Facts, InstanceState, Observation, Players};

const HEADERS: [&str; 8] = ["ID", "PLANE", "STATE", "UPTIME", "PID", "PLAYERS", "RESTARTS", "NOTE"];

/// The column of the state, which is coloured.
const STATE: usize = 2;

/// The column of the players, left out where nobody can be asked.
const PLAYERS: usize = 5;

/// The column of the restarts, left out while there are none.
const RESTARTS: usize = 6;

/// What is left out before a note is cut shorter than that, in this order: a
/// reason tells more than they do. The plane, then the pid, and where there is
/// little room the others too.
const EXPENDABLE: [(usize, usize); 5] = [(1, 30), (4, 30), (RESTARTS, 20), (3, 20), (PLAYERS, 20)];

/// An id is shown so far before anything else is cut.
const ID_WANTED: usize = 24;

/// The id is cut before a note is shorter than this.
const NOTE_MIN: usize = 12;

type Cells = [String; HEADERS.len()];

fn cells(row: &Row, counted: bool, now: SystemTime, look: Look) -> (Tone, Cells) {
    let dash = || "-".to_owned();
    let players = match row.player_count {
        // Nobody will see it.
        PlayerCount::NotAsked if !counted => String::new(),
        PlayerCount::NotAsked | PlayerCount::Unanswered => dash(),
        PlayerCount::Counted(Players { online, max }) => format!("{online}/{max}"),
    };
    let (tone, symbol, word) = state(row);
    let mark = if look.symbols {
        format!("{symbol} ")
    } else {
        String::new()
    };
    let (uptime, pid, restarts, note) = match &row.observation {
        Observation::Known(facts) => (
            if facts.state == InstanceState::Running {
                short(facts.uptime_seconds)
            } else {
                dash()
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
    let note = clean_line(&note).into_owned();
    let cells = [
        row.id.clone(),
        row.plane.to_owned(),
        format!("{mark}{word}"),
        uptime,
        pid,
        players,
        restarts,
        note,
    ];
    (tone, cells)
}

/// The note; of what is under way also for how long it has been so.
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

fn state(row: &Row) -> (Tone, &'static str, &'static str) {
    let Observation::Known(facts) = &row.observation else {
        return (Tone::Odd, "?", "unknown");
    };
    let (tone, symbol) = match facts.state {
        InstanceState::Running => (Tone::Good, "●"),
        InstanceState::Starting => (Tone::Busy, "◐"),
        InstanceState::Stopping => (Tone::Busy, "◑"),
        InstanceState::Crashed { .. } => (Tone::Bad, "✗"),
        InstanceState::Stopped => (Tone::Dim, "○"),
        InstanceState::Unmanaged => (Tone::Dim, "·"),
    };
    (tone, symbol, facts.state.as_label())
}

/// Whether a row is worth telling to somebody who wants failures only.
pub(super) fn is_bad(row: &Row) -> bool {
    match &row.observation {
        Observation::Known(facts) => matches!(facts.state, InstanceState::Crashed { .. }),
        Observation::Unknown { .. } => true,
    }
}

/// The table; on a terminal of so many columns it is made to fit.
pub(super) fn table(rows: &[&Row], look: Look, columns: Option<u16>) -> String {
    let table = Contents::of(rows, look);
    match columns {
        Some(columns) => table.fitted(&(0..rows.len()).collect::<Vec<_>>(), look, usize::from(columns)),
        None => table.plain(look),
    }
}

/// These rows of the table, by their place, as they stand in the whole of it.
pub(super) fn part(rows: &[&Row], chosen: &[usize], look: Look, columns: u16) -> String {
    Contents::of(rows, look).fitted(chosen, look, usize::from(columns))
}

/// What stands in a table.
struct Contents {
    rows: Vec<(Tone, Cells)>,
    /// The columns that tell something.
    shown: Vec<usize>,
}

impl Contents {
    fn of(rows: &[&Row], look: Look) -> Self {
        let now = SystemTime::now();
        let counted = rows.iter().any(|row| row.player_count != PlayerCount::NotAsked);
        let rows: Vec<(Tone, Cells)> = rows.iter().map(|row| cells(row, counted, now, look)).collect();
        let restarted = rows
            .iter()
            .any(|(_, cells)| !matches!(cells[RESTARTS].as_str(), "0" | "-"));
        let shown = (0..HEADERS.len())
            .filter(|column| *column != RESTARTS || restarted)
            .filter(|column| *column != PLAYERS || counted)
            .collect();
        Self { rows, shown }
    }

    fn widths(&self) -> Vec<usize> {
        let of = |column: &usize| {
            let cells = self.rows.iter().map(|(_, cells)| width(&cells[*column]));
            cells.max().unwrap_or(0).max(HEADERS[*column].len())
        };
        self.shown.iter().map(of).collect()
    }

    /// Aligned columns for scripts: nothing is cut, nothing ends in blanks.
    fn plain(&self, look: Look) -> String {
        let widths = self.widths();
        let mut out = String::with_capacity((self.rows.len() + 1) * 80);
        self.line(&mut out, &HEADERS, Tone::Plain, &widths, look);
        for (tone, cells) in &self.rows {
            self.line(&mut out, cells, *tone, &widths, look);
        }
        out
    }

    fn line<T: AsRef<str>>(&self, out: &mut String, cells: &[T], tone: Tone, widths: &[usize], look: Look) {
        const BLANKS: &str = "                                ";
        let start = out.len();
        for (column, room) in self.shown.iter().zip(widths) {
            let Some(cell) = cells.get(*column).map(AsRef::as_ref) else {
                continue;
            };
            if *column == STATE {
                out.push_str(&look.paint(tone, cell));
            } else {
                out.push_str(cell);
            }
            let mut blanks = room.saturating_sub(width(cell)) + 2;
            while blanks > 0 {
                let some = blanks.min(BLANKS.len());
                out.push_str(&BLANKS[..some]);
                blanks -= some;
            }
        }
        out.truncate(start + out[start..].trim_end().len());
        out.push('\n');
    }

    /// A table for a terminal: what does not fit is cut, the note first, then the
    /// id, and where even that is too much, whole columns are left out.
    fn fitted(&self, chosen: &[usize], look: Look, columns: usize) -> String {
        let mut shown = self.shown.clone();
        let mut widths = self.widths();
        let total = |widths: &[usize]| widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let least = |widths: &[usize], wanted: usize| {
            let note = widths.last().copied().unwrap_or(0);
            total(widths) - note + note.min(wanted)
        };
        // One long id is no reason to leave out anything else.
        let excess = least(&widths, NOTE_MIN).saturating_sub(columns);
        if let Some(id) = widths.first_mut() {
            *id -= excess.min(id.saturating_sub((columns * 2 / 5).max(ID_WANTED)));
        }
        for (expendable, wanted) in EXPENDABLE {
            let too_wide = least(&widths, wanted) > columns;
            if let (true, Some(at)) = (too_wide, shown.iter().position(|column| *column == expendable)) {
                shown.remove(at);
                widths.remove(at);
            }
        }
        let excess = total(&widths).saturating_sub(columns);
        if let Some(note) = widths.last_mut() {
            *note -= excess.min(note.saturating_sub(NOTE_MIN.min(*note)));
        }
        let excess = total(&widths).saturating_sub(columns);
        if let Some(id) = widths.first_mut() {
            *id -= excess.min(id.saturating_sub(8));
        }
        // On a very narrow one the note gives all it has.
        let excess = total(&widths).saturating_sub(columns);
        if let Some(note) = widths.last_mut() {
            *note = note.saturating_sub(excess).max(1);
        }
        let rows = chosen.iter().filter_map(|at| self.rows.get(*at));
        draw(rows, &shown, &widths, look)
    }
}

fn draw<'a>(rows: impl Iterator<Item = &'a (Tone, Cells)>, shown: &[usize], widths: &[usize], look: Look) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    if look.color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let header = shown.iter().map(|column| Tone::Strong.cell(HEADERS[*column]));
    table.set_header(header.collect::<Vec<_>>());
    for (tone, cells) in rows {
        let cell = |(column, room): (&usize, &usize)| {
            let text = cut(&cells[*column], *room, look.ellipsis());
            if *column == STATE {
                tone.cell(&text)
            } else {
                Tone::Plain.cell(&text)
            }
        };
        let mut row = TableRow::from(shown.iter().zip(widths).map(cell).collect::<Vec<_>>());
        row.max_height(1);
        table.add_row(row);
    }
    let last = shown.len().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        let right = if index == last { 0 } else { 2 };
        column.set_padding((0, right));
        if let Some(room) = widths.get(index) {
            let room = u16::try_from(*room).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(room + right)));
        }
    }
    let mut out = String::new();
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// How many are in which state, where there are many.
pub(super) fn summary(rows: &[Row]) -> Option<String> {
    const MANY: usize = 10;
    if rows.len() <= MANY {
        return None;
    }
    let words = [
        "running",
        "starting",
        "stopping",
        "crashed",
        "unknown",
        "stopped",
        "unmanaged",
    ];
    let count = |word: &&str| rows.iter().filter(|row| state(row).2 == *word).count();
    let parts: Vec<String> = words
        .iter()
        .map(|word| (count(word), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    Some(format!("{} instances: {}", rows.len(), parts.join(", ")))
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
