//! A coarse index of the console log by time, so that a log of bytes without any
//! times can be read from a time on.
//!
//! A place is noted when output comes and the last note is [`EVERY_MS`] old. The
//! index is two files of a fixed size at most, the older one dropped when the newer
//! is full; what is older than both reads as the beginning of the log. It may be
//! lost or torn without harm: then more is shown, never less.

use std::io::{self, Read, Write};
use std::time::SystemTime;

use super::console::ConsoleLog;
use super::folder::InstanceDir;
use super::launch::LogPosition;
use super::tail::Tail;
use crate::sys::clock;

const NAME: &str = "console.times";
const OLDER: &str = "console.times.1";

/// The time between two notes in milliseconds.
pub const EVERY_MS: u64 = 10_000;

/// The bytes of a note: a wall-clock time in milliseconds, an inode, an offset.
const NOTE: usize = 24;

/// The bytes of one file: half a day of notes.
const FILE_MAX: u64 = 4_320 * NOTE as u64;

/// Notes where a log is, now and then.
#[derive(Debug, Default)]
pub struct Times {
    due_ms: u64,
}

/// A note to be written.
#[derive(Debug)]
pub struct Note([u8; NOTE]);

impl Times {
    /// Returns a note of the next byte, if one is due by the monotonic clock and a
    /// line begins there.
    pub fn due(&mut self, log: &ConsoleLog, now_ms: u64) -> Option<Note> {
        if now_ms < self.due_ms || !log.is_at_line_start() {
            return None;
        }
        self.due_ms = now_ms + EVERY_MS;
        let place = log.position();
        let mut note = [0; NOTE];
        let numbers = [clock::wall_ms(), place.inode, place.offset];
        for (field, number) in note.chunks_exact_mut(8).zip(numbers) {
            field.copy_from_slice(&number.to_le_bytes());
        }
        Some(Note(note))
    }
}

impl Note {
    /// Writes it, after the output: the last space on a disk is the log's. A note
    /// that cannot be written is left out.
    pub fn write(&self, dir: &InstanceDir) {
        let _ = write(dir, &self.0);
    }
}

fn write(dir: &InstanceDir, note: &[u8]) -> io::Result<()> {
    let mut file = dir.open_append(NAME)?;
    let size = file.metadata()?.len();
    if size >= FILE_MAX || !size.is_multiple_of(NOTE as u64) {
        dir.rename(NAME, OLDER)?;
        file = dir.open_append(NAME)?;
    }
    file.write_all(note)
}

/// Returns the log from a time on, or from at most [`EVERY_MS`] of output before.
pub fn tail_since(dir: &InstanceDir, at: SystemTime) -> io::Result<Tail> {
    let written = dir
        .open_read(super::console::NAME)?
        .map(|file| file.metadata()?.modified());
    if written.transpose()?.is_some_and(|written| written < at) {
        return Tail::from_end(dir);
    }
    match place_at(dir, at)? {
        Some(place) => Tail::from_position(dir, place),
        None => Tail::from_start(dir),
    }
}

/// Finds the place of the log at a time, or somewhat before; `None` where it is not
/// in the index any more.
fn place_at(dir: &InstanceDir, at: SystemTime) -> io::Result<Option<LogPosition>> {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let wall_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let mut notes = Vec::new();
    for name in [OLDER, NAME] {
        if let Some(file) = dir.open_read(name)? {
            let mut bytes = Vec::new();
            file.take(2 * FILE_MAX).read_to_end(&mut bytes)?;
            notes.extend(bytes.chunks_exact(NOTE).map(parse));
        }
    }
    Ok(last_before(&notes, wall_ms))
}

fn parse(note: &[u8]) -> (u64, LogPosition) {
    let (numbers, _) = note.as_chunks::<8>();
    let number = |at: usize| numbers.get(at).map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (inode, offset) = (number(1), number(2));
    (number(0), LogPosition { inode, offset })
}

/// Returns the note before the first that is later. A clock that was set back makes
/// it an earlier one than it need be.
fn last_before(notes: &[(u64, LogPosition)], wall_ms: u64) -> Option<LogPosition> {
    let before = notes.iter().take_while(|(at, _)| *at <= wall_ms);
    before.last().map(|(_, place)| *place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::LogSpec;
    use crate::store::testing::instance;

    fn late() -> SystemTime {
        SystemTime::now() + std::time::Duration::from_secs(5)
    }

    fn place(offset: u64) -> LogPosition {
        LogPosition { inode: 1, offset }
    }

    #[test]
    fn never_later_than_asked() {
        let notes = [(10, place(0)), (20, place(5)), (15, place(7)), (30, place(9))];
        for (at, wanted) in [
            (5, None),
            (10, Some(place(0))),
            (19, Some(place(0))),
            (20, Some(place(7))),
            (29, Some(place(7))),
            (99, Some(place(9))),
        ] {
            assert_eq!(last_before(&notes, at), wanted, "{at}");
        }
        assert_eq!(last_before(&[], 5), None);
    }

    #[test]
    fn noted_now_and_then_and_found_again() {
        let (_tmp, dir) = instance();
        assert_eq!(place_at(&dir, late()).unwrap(), None);
        let spec = LogSpec {
            max_size: 1 << 20,
            keep: 1,
        };
        let mut log = ConsoleLog::open(&dir, spec, 0);
        let mut times = Times::default();
        for (now_ms, text) in [
            (0, "one\n"),
            (5_000, "two\n"),
            (10_000, "thr"),
            (20_000, "ee\n"),
            (20_001, "four\n"),
        ] {
            let due = times.due(&log, now_ms);
            log.append(&dir, text.as_bytes(), now_ms);
            due.iter().for_each(|note| note.write(&dir));
        }
        // At 0 and 10 s; in the middle of a line nothing is noted, and then as
        // soon as one begins.
        let size = std::fs::metadata(dir.path().join(NAME)).unwrap().len();
        assert_eq!(size, 3 * NOTE as u64);
        assert_eq!(place_at(&dir, late()).unwrap().unwrap().offset, 14);
        assert_eq!(place_at(&dir, SystemTime::UNIX_EPOCH).unwrap(), None);
        // Torn, full or gone: what can be read is used.
        std::fs::write(dir.path().join(NAME), [0; NOTE + 3]).unwrap();
        assert!(place_at(&dir, late()).unwrap().is_some());
        write(&dir, &[2; NOTE]).unwrap();
        assert_eq!(std::fs::metadata(dir.path().join(NAME)).unwrap().len(), NOTE as u64);
        std::fs::write(dir.path().join(NAME), vec![0; FILE_MAX as usize]).unwrap();
        write(&dir, &[3; NOTE]).unwrap();
        assert_eq!(std::fs::metadata(dir.path().join(NAME)).unwrap().len(), NOTE as u64);
        assert_eq!(std::fs::metadata(dir.path().join(OLDER)).unwrap().len(), FILE_MAX);
    }
}
