//! An index of the console log by time, so that a log of bytes without any times can
//! be read from a time on, and with the time of each line.
//!
//! A note is written with the first line of each second in which something comes, and
//! with the begin and the end of each launch. So all lines between two notes are of the
//! second of the first one. The index is two files of a limited size, the older one
//! dropped when the newer is full. What it does not tell of has no time: a note that
//! cannot be written is missed in the next one.

use std::io::{self, Write};

use super::console::ConsoleLog;
use super::folder::InstanceDir;
use super::launch::{Launch, LogPosition};
use crate::sys::reaper::Ending;

pub(super) const NAME: &str = "console.times";
pub(super) const OLDER: &str = "console.times.1";

/// The bytes of a note: its kind and the time, an inode, an offset.
pub(super) const NOTE: usize = 24;

/// The bytes of one file: a day in which each second has a line.
pub(super) const FILE_MAX: u64 = 86_400 * NOTE as u64;

/// The bits of the first number of a note: milliseconds of the wall clock, the ending
/// of a launch, the kind, and whether notes before it are missing.
const MS_BITS: u64 = (1 << 44) - 1;
const ENDING_SHIFT: u32 = 44;
const KIND_SHIFT: u32 = 56;
const GAP: u64 = 1 << 63;

/// The bits of an ending: a code or a signal, and which of them it is.
const NUMBER_BITS: u64 = 0xff;
const CODE: u64 = 0x100;
const SIGNAL: u64 = 0x200;

/// The thing that a note tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoteKind {
    /// A line, noted by a version that does so every ten seconds only.
    Coarse,
    /// The first line of a second.
    Line,
    /// The begin of a launch.
    Launched,
    /// The end of a launch, with its ending if that is known.
    Ended(Option<Ending>),
}

/// A place in the log, with the time at which the log had come so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeNote {
    pub(super) kind: NoteKind,
    /// True if notes before it could not be written.
    pub(super) has_gap: bool,
    pub(super) wall_ms: u64,
    pub(super) place: LogPosition,
}

impl TimeNote {
    pub(super) fn to_bytes(self) -> [u8; NOTE] {
        let (kind, ending) = match self.kind {
            NoteKind::Coarse => (0, 0),
            NoteKind::Line => (1, 0),
            NoteKind::Launched => (2, 0),
            NoteKind::Ended(None) => (3, 0),
            NoteKind::Ended(Some(Ending::Code(code))) => (3, CODE | (code as u64 & NUMBER_BITS)),
            NoteKind::Ended(Some(Ending::Signal(signal, _))) => (3, SIGNAL | (signal as u64 & NUMBER_BITS)),
        };
        let gap = if self.has_gap { GAP } else { 0 };
        let first = (self.wall_ms & MS_BITS) | (ending << ENDING_SHIFT) | (kind << KIND_SHIFT) | gap;
        let mut bytes = [0; NOTE];
        let numbers = [first, self.place.inode, self.place.offset];
        for (field, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            field.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Self {
        let (numbers, _) = bytes.as_chunks::<8>();
        let number = |at: usize| numbers.get(at).map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let first = number(0);
        let ending = first >> ENDING_SHIFT;
        let value = (ending & NUMBER_BITS) as i32;
        let ending = match ending & (CODE | SIGNAL) {
            CODE => Some(Ending::Code(value)),
            SIGNAL => Some(Ending::Signal(value, false)),
            _ => None,
        };
        Self {
            kind: match (first >> KIND_SHIFT) & 0x7f {
                1 => NoteKind::Line,
                2 => NoteKind::Launched,
                3 => NoteKind::Ended(ending),
                // That of a newer version tells nothing exact.
                _ => NoteKind::Coarse,
            },
            has_gap: first & GAP != 0,
            wall_ms: first & MS_BITS,
            place: LogPosition {
                inode: number(1),
                offset: number(2),
            },
        }
    }

    /// Returns its time in whole seconds.
    pub(super) fn second(&self) -> u64 {
        self.wall_ms / 1000
    }
}

/// The writer of the index, beside that of the log.
#[derive(Debug, Default)]
pub struct Times {
    /// The second of the last note.
    second: Option<u64>,
    has_gap: bool,
    /// The begin of the launch, until it is noted.
    begun: Option<TimeNote>,
}

impl Times {
    /// Appends output to the log, and notes the place of the first line of a second.
    /// Never fails: a note that cannot be written is left out. `now_ms` is of the
    /// monotonic clock, `wall_ms` of the wall clock.
    pub fn append(&mut self, log: &mut ConsoleLog, dir: &InstanceDir, bytes: &[u8], now_ms: u64, wall_ms: u64) {
        let second = wall_ms / 1000;
        if self.second == Some(second) {
            log.append(dir, bytes, now_ms);
            return;
        }
        let mut rest = bytes;
        if !log.is_at_line_start() {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (begun, lines) = bytes.split_at(end.map_or(bytes.len(), |at| at + 1));
            log.append(dir, begun, now_ms);
            rest = lines;
        }
        if rest.is_empty() {
            return;
        }
        let place = log.position();
        // Before the note: the last space on a disk is the log's.
        log.append(dir, rest, now_ms);
        self.second = Some(second);
        self.note(dir, NoteKind::Line, wall_ms, place);
    }

    /// Has the begin of a launch, as it is on record, noted with the first line: until that
    /// is logged, the last space on a disk is the log's.
    pub fn launched(&mut self, launch: &Launch) {
        self.begun = Some(TimeNote {
            kind: NoteKind::Launched,
            has_gap: false,
            wall_ms: launch.launched_wall_ms,
            place: launch.log,
        });
    }

    /// Notes that a launch has ended, after the last of its output.
    pub fn ended(&mut self, dir: &InstanceDir, log: &ConsoleLog, ending: Option<Ending>, wall_ms: u64) {
        self.note(dir, NoteKind::Ended(ending), wall_ms, log.position());
    }

    fn note(&mut self, dir: &InstanceDir, kind: NoteKind, wall_ms: u64, place: LogPosition) {
        let note = TimeNote {
            kind,
            has_gap: self.has_gap,
            wall_ms,
            place,
        };
        let begun = self.begun.map(TimeNote::to_bytes);
        let bytes: Vec<u8> = begun.into_iter().chain([note.to_bytes()]).flatten().collect();
        self.has_gap = write(dir, &bytes).is_err();
        if !self.has_gap {
            self.begun = None;
        }
    }
}

fn write(dir: &InstanceDir, notes: &[u8]) -> io::Result<()> {
    let mut file = dir.open_append(NAME)?;
    let size = file.metadata()?.len();
    let torn = size % NOTE as u64;
    if torn != 0 {
        file.set_len(size - torn)?;
    }
    if size >= FILE_MAX {
        dir.rename(NAME, OLDER)?;
        file = dir.open_append(NAME)?;
    }
    file.write_all(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::LogSpec;
    use crate::store::testing::instance;

    fn notes(dir: &InstanceDir) -> Vec<TimeNote> {
        let bytes = std::fs::read(dir.path().join(NAME)).unwrap();
        bytes.chunks_exact(NOTE).map(TimeNote::parse).collect()
    }

    #[test]
    fn notes_survive_their_bytes() {
        for kind in [
            NoteKind::Coarse,
            NoteKind::Line,
            NoteKind::Launched,
            NoteKind::Ended(None),
            NoteKind::Ended(Some(Ending::Code(0))),
            NoteKind::Ended(Some(Ending::Code(255))),
            NoteKind::Ended(Some(Ending::Signal(64, false))),
        ] {
            for has_gap in [false, true] {
                let note = TimeNote {
                    kind,
                    has_gap,
                    wall_ms: 1_796_030_000_123,
                    place: LogPosition {
                        inode: u64::MAX,
                        offset: 7,
                    },
                };
                assert_eq!(TimeNote::parse(&note.to_bytes()), note);
            }
        }
    }

    #[test]
    fn the_first_line_of_a_second_is_noted() {
        let (_tmp, dir) = instance();
        let mut log = ConsoleLog::open(&dir, LogSpec::default(), 0);
        let mut times = Times::default();
        for (wall_ms, text) in [
            (1_000, "one\n"),
            (1_999, "two\nthr"),
            (2_000, "ee"),
            (3_000, "3\n"),
            (3_100, "four\n"),
            (4_000, "five"),
            (5_000, "5\nsix\nse"),
            (5_999, "ven\n"),
        ] {
            times.append(&mut log, &dir, text.as_bytes(), 0, wall_ms);
        }
        let seen: Vec<(u64, u64)> = notes(&dir)
            .iter()
            .map(|note| (note.wall_ms, note.place.offset))
            .collect();
        assert_eq!(seen, [(1_000, 0), (3_100, 15), (4_000, 20), (5_000, 26)]);
        let text = std::fs::read_to_string(dir.path().join("console.log")).unwrap();
        assert_eq!(text, "one\ntwo\nthree3\nfour\nfive5\nsix\nseven\n");
    }

    #[test]
    fn the_begin_of_a_launch_is_noted_with_its_first_line_or_its_end() {
        let (_tmp, dir) = instance();
        let mut log = ConsoleLog::open(&dir, LogSpec::default(), 0);
        let launch = crate::store::launch::tests::sample();
        for prints in [true, false] {
            let mut times = Times::default();
            times.launched(&launch);
            assert_eq!(dir.path().join(NAME).exists(), !prints);
            if prints {
                times.append(&mut log, &dir, b"one\n", 0, 1_000);
            }
            times.ended(&dir, &log, None, 2_000);
        }
        let kinds: Vec<NoteKind> = notes(&dir).iter().map(|note| note.kind).collect();
        let (begun, ended) = (NoteKind::Launched, NoteKind::Ended(None));
        assert_eq!(kinds, [begun, NoteKind::Line, ended, begun, ended]);
    }

    #[test]
    fn a_torn_note_is_cut_off_and_a_full_index_rotated() {
        let (_tmp, dir) = instance();
        let size = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().len();
        std::fs::write(dir.path().join(NAME), [0; NOTE + 3]).unwrap();
        write(&dir, &[2; NOTE]).unwrap();
        assert_eq!(size(NAME), 2 * NOTE as u64);
        std::fs::write(dir.path().join(NAME), vec![0; FILE_MAX as usize]).unwrap();
        write(&dir, &[3; NOTE]).unwrap();
        assert_eq!((size(NAME), size(OLDER)), (NOTE as u64, FILE_MAX));
    }

    #[test]
    fn a_note_that_could_not_be_written_is_missed_in_the_next() {
        let (_tmp, dir) = instance();
        let mut log = ConsoleLog::open(&dir, LogSpec::default(), 0);
        let mut times = Times::default();
        times.append(&mut log, &dir, b"one\n", 0, 1_000);
        std::fs::rename(dir.path().join(NAME), dir.path().join("aside")).unwrap();
        std::fs::create_dir(dir.path().join(NAME)).unwrap();
        times.append(&mut log, &dir, b"two\n", 0, 2_000);
        std::fs::remove_dir(dir.path().join(NAME)).unwrap();
        std::fs::rename(dir.path().join("aside"), dir.path().join(NAME)).unwrap();
        times.append(&mut log, &dir, b"three\n", 0, 3_000);
        times.append(&mut log, &dir, b"four\n", 0, 4_000);
        let gaps: Vec<bool> = notes(&dir).iter().map(|note| note.has_gap).collect();
        assert_eq!(gaps, [false, true, false]);
    }
}
