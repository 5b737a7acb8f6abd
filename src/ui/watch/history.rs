//! The players and the memory of the last hour, as small pictures beside the rows.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use crate::event::{Gauges, PlayerCount};
use crate::ui::paint::{Look, Tone};
use crate::ui::width::width;

/// The time between two samples.
const EVERY: Duration = Duration::from_secs(60);

/// The samples that are kept of each instance: an hour.
const SAMPLES: usize = 60;

/// The columns of a picture, and the samples in each.
const COLUMNS: usize = 12;
const IN_ONE: usize = SAMPLES / COLUMNS;

/// The blanks before a picture.
const GAP: usize = 2;

const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const STEPS_IN_ASCII: [char; 8] = ['_', '_', '.', '-', '-', '=', '+', '#'];

const MIB: u64 = 1 << 20;

/// The last hour of one instance; `None` where nothing was known.
#[derive(Debug, Default)]
struct LastHour {
    players: VecDeque<Option<u32>>,
    /// In MiB.
    memory: VecDeque<Option<u32>>,
}

#[derive(Debug, Default)]
pub(super) struct PaneHistory {
    last_hours: HashMap<String, LastHour>,
    sampled: Option<Instant>,
}

/// The pictures that fit beside the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pictures {
    players: bool,
    memory: bool,
}

impl PaneHistory {
    /// Takes samples, once a minute.
    pub(super) fn sample<'a>(&mut self, all: impl Iterator<Item = (&'a str, Gauges)>, now: Instant) {
        let since = self.sampled.map(|at| now.saturating_duration_since(at));
        let minutes = since.map_or(1, |since| since.as_secs() / EVERY.as_secs());
        if minutes == 0 {
            return;
        }
        self.sampled = Some(now);
        // Nothing is known of the minutes in which nobody looked.
        let missed = usize::try_from(minutes - 1).unwrap_or(SAMPLES).min(SAMPLES);
        let mut seen = HashSet::new();
        for (id, gauges) in all {
            seen.insert(id);
            let hour = match self.last_hours.get_mut(id) {
                Some(hour) => hour,
                None => self.last_hours.entry(id.to_owned()).or_default(),
            };
            let players = match gauges.players {
                PlayerCount::Counted(players) => Some(players.online),
                PlayerCount::NotAsked | PlayerCount::Unanswered => None,
            };
            let memory = gauges.usage.and_then(|usage| usage.memory_bytes);
            let memory = memory.map(|bytes| u32::try_from(bytes / MIB).unwrap_or(u32::MAX));
            push(&mut hour.players, missed, players);
            push(&mut hour.memory, missed, memory);
        }
        self.last_hours.retain(|id, _| seen.contains(id.as_str()));
    }

    /// Returns the pictures for which there is so much room: those of which there is something
    /// to see.
    pub(super) fn pictures(&self, room: usize) -> Pictures {
        let has = |of: fn(&LastHour) -> &VecDeque<Option<u32>>| {
            self.last_hours
                .values()
                .any(|hour| of(hour).iter().flatten().count() > 1)
        };
        let players = has(|hour| &hour.players) && room >= GAP + COLUMNS;
        let rest = room.saturating_sub(if players { GAP + COLUMNS } else { 0 });
        Pictures {
            players,
            memory: has(|hour| &hour.memory) && rest >= GAP + COLUMNS,
        }
    }

    /// Renders the pictures of an instance.
    pub(super) fn beside(&self, id: &str, pictures: Pictures, look: Look) -> String {
        let hour = self.last_hours.get(id);
        let one = |is_shown: bool, samples: Option<&VecDeque<Option<u32>>>| match is_shown {
            true => format!("{:GAP$}{}", "", picture(samples, look)),
            false => String::new(),
        };
        let players = one(pictures.players, hour.map(|hour| &hour.players));
        let memory = one(pictures.memory, hour.map(|hour| &hour.memory));
        look.paint(Tone::Dim, &format!("{players}{memory}"))
    }
}

impl Pictures {
    pub(super) fn width(self) -> usize {
        (usize::from(self.players) + usize::from(self.memory)) * (GAP + COLUMNS)
    }

    /// Renders what stands above them.
    pub(super) fn head(self) -> String {
        let one = |is_shown, text: &str| match is_shown {
            true => format!("{:GAP$}{text:COLUMNS$}", ""),
            false => String::new(),
        };
        one(self.players, "PLAYERS 1h") + &one(self.memory, "MEMORY 1h")
    }
}

/// Returns the columns that a line takes, whatever its colours.
pub(super) fn shown_width(line: &str) -> usize {
    let mut parts = line.split('\x1b');
    let first = parts.next().map_or(0, width);
    let rest = parts.map(|part| part.split_once('m').map_or(0, |(_, text)| width(text)));
    first + rest.sum::<usize>()
}

/// Returns the blanks between a line and so many columns at the right edge; none where there
/// are none.
pub(super) fn gap(line: &str, columns: usize, beside: usize) -> String {
    match beside {
        0 => String::new(),
        _ => " ".repeat(columns.saturating_sub(beside + shown_width(line))),
    }
}

fn push(samples: &mut VecDeque<Option<u32>>, missed: usize, sample: Option<u32>) {
    samples.extend(std::iter::repeat_n(None, missed));
    samples.push_back(sample);
    while samples.len() > SAMPLES {
        samples.pop_front();
    }
}

/// Renders samples, the latest one at the right, each as a part of the greatest.
fn picture(samples: Option<&VecDeque<Option<u32>>>, look: Look) -> String {
    let steps = if look.symbols { STEPS } else { STEPS_IN_ASCII };
    let all: Vec<Option<u32>> = samples.into_iter().flatten().rev().copied().collect();
    let most = all.iter().flatten().max().copied().unwrap_or(0).max(1);
    let column = |samples: &[Option<u32>]| match samples.iter().flatten().max() {
        None => ' ',
        Some(value) => {
            let last = u64::try_from(steps.len() - 1).unwrap_or(0);
            let step = u64::from(*value) * last / u64::from(most);
            steps[usize::try_from(step).unwrap_or(0).min(steps.len() - 1)]
        }
    };
    let mut columns: Vec<char> = all.chunks(IN_ONE).map(column).collect();
    columns.resize(COLUMNS, ' ');
    columns.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::{Players, Usage};

    fn look(symbols: bool) -> Look {
        Look {
            color: false,
            symbols,
            columns: Some(80),
        }
    }

    fn gauges(online: u32, mib: u64) -> Gauges {
        Gauges {
            players: PlayerCount::Counted(Players { online, max: None }),
            usage: Some(Usage {
                memory_bytes: Some(mib * MIB),
                ..Usage::default()
            }),
            next_firing: None,
        }
    }

    #[test]
    fn an_hour_is_a_picture_and_no_more_is_kept() {
        let mut history = PaneHistory::default();
        let begin = Instant::now();
        let at = |minute: u32| begin + EVERY * minute;
        for minute in 0..200 {
            let online = if minute >= 190 { 7 } else { minute % 2 };
            history.sample([("a", gauges(online, u64::from(minute)))].into_iter(), at(minute));
            // Once a minute, however often it is drawn.
            history.sample([("a", gauges(99, 9999))].into_iter(), at(minute) + EVERY / 2);
        }
        assert_eq!(history.last_hours["a"].players.len(), SAMPLES);
        assert_eq!(history.last_hours["a"].memory.len(), SAMPLES);
        let both = history.pictures(100);
        assert_eq!(both.head(), "  PLAYERS 1h    MEMORY 1h   ");
        assert_eq!(both.width(), both.head().len());
        assert_eq!(history.beside("a", both, look(true)), "  ▂▂▂▂▂▂▂▂▂▂██  ▆▆▆▆▆▆▇▇▇▇▇█");
        let one = history.pictures(20);
        assert_eq!(history.beside("a", one, look(false)), "  __________##");
        assert_eq!(history.pictures(13).width(), 0);
        // Minutes in which nobody looked, and an instance that is gone.
        history.sample([("b", gauges(3, 1)), ("a", gauges(7, 1))].into_iter(), at(199 + 16));
        assert_eq!(history.beside("a", one, look(true)), "  ▂▂▂▂▂▂███  █");
        history.sample([("b", gauges(3, 1))].into_iter(), at(199 + 500));
        assert_eq!(history.last_hours.len(), 1);
        assert_eq!(history.last_hours["b"].players.len(), SAMPLES);
        assert_eq!(history.beside("none", one, look(true)).trim(), "");
    }
}
