//! The record of a countdown: a verb that is to end an instance, and warns its players or
//! waits for them to leave. The lock of the instance is free meanwhile.
//!
//! The record counts for as long as its writer holds one byte of it, which is the
//! kernel's lock: what a killed process has left counts for nothing. Another byte is taken
//! for the moment in which it is decided whether the countdown is cancelled or is over, so
//! that one of the two comes first.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::dir::StateDir;
use super::folder::{InstanceDir, open_read};
use super::format::{Checksum, Document};
use crate::sys::clock;
use crate::sys::lock::{self, Part};

const NAME: &str = "countdown";
const KIND: &str = "countdown";
const VERSION: u32 = 1;

/// The byte that is locked while it counts.
const UNDER_WAY: Part = Part::Byte(0);

/// The byte that is locked while it is decided about.
const DECISION_AT: i64 = 1;
const DECISION: Part = Part::Byte(DECISION_AT);

/// The bytes of the note, which has a fixed length: it is replaced in place.
const LENGTH: usize = 1024;

/// The longest description of who counts, in characters.
const BY_MAX: usize = 120;

/// The record of a countdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountdownNote {
    /// `restart` or `stop`.
    pub verb: String,
    /// The name of whoever asked for it, as `gamectl restart (pid 123)`.
    pub by: String,
    /// The time of its begin, in milliseconds since 1970.
    pub begun_wall_ms: u64,
    /// The time at which the verb is due; `None` while it waits for nobody to play.
    pub due_wall_ms: Option<u64>,
    /// The end of that wait, where it has one.
    pub waits_until_wall_ms: Option<u64>,
}

impl CountdownNote {
    /// Makes the note of one that begins now.
    pub fn now(verb: &str, by: String) -> Self {
        Self {
            verb: verb.to_owned(),
            by,
            begun_wall_ms: clock::wall_ms(),
            due_wall_ms: None,
            waits_until_wall_ms: None,
        }
    }

    /// Returns it with the time at which its verb is due, from now on.
    #[must_use]
    pub fn due_in(self, time: Duration) -> Self {
        Self {
            due_wall_ms: Some(wall_ms_in(time)),
            ..self
        }
    }

    /// Returns it with the longest wait for nobody to play, from now on.
    #[must_use]
    pub fn waits_for(self, time: Duration) -> Self {
        Self {
            waits_until_wall_ms: Some(wall_ms_in(time)),
            ..self
        }
    }

    /// Returns what is to come, for a person: `restart due at 2026-01-31T05:00:00Z, by
    /// gamectl restart (pid 123)`.
    pub fn in_words(&self) -> String {
        let at = |ms: u64| {
            let time = UNIX_EPOCH
                .checked_add(Duration::from_millis(ms))
                .unwrap_or(SystemTime::UNIX_EPOCH);
            humantime::format_rfc3339_seconds(time).to_string()
        };
        let Self { verb, by, .. } = self;
        match (self.due_wall_ms, self.waits_until_wall_ms) {
            (Some(due), _) => format!("{verb} due at {}, by {by}", at(due)),
            (None, Some(until)) => format!("{verb} once nobody plays, or at {}, by {by}", at(until)),
            (None, None) => format!("{verb} once nobody plays, by {by}"),
        }
    }

    fn to_bytes(&self, is_cancelled: bool) -> Vec<u8> {
        let by: String = self.by.chars().take(BY_MAX).collect();
        let mut document = Document::default()
            .with("verb", &self.verb)
            .with("by", by)
            .with("begun_wall_ms", self.begun_wall_ms)
            .with("cancelled", is_cancelled);
        document.push_some("due_wall_ms", self.due_wall_ms);
        document.push_some("waits_until_wall_ms", self.waits_until_wall_ms);
        let mut bytes = document.to_text(KIND, VERSION, Checksum::Crc32).into_bytes();
        bytes.resize(LENGTH, b'\n');
        bytes
    }
}

fn wall_ms_in(time: Duration) -> u64 {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    clock::wall_ms().saturating_add(ms)
}

/// A countdown under way, until it is dropped.
#[derive(Debug)]
pub struct CountdownHold {
    file: File,
}

impl Drop for CountdownHold {
    fn drop(&mut self) {
        // Before the file is closed, which others are told of.
        let _ = lock::release(&self.file, UNDER_WAY);
    }
}

/// Begins a countdown. The inner error is that of another one that is under way; its note
/// may be unreadable.
///
/// # Errors
/// When it cannot be put on record.
pub fn begin(dir: &InstanceDir, note: &CountdownNote) -> io::Result<Result<CountdownHold, Option<CountdownNote>>> {
    loop {
        let file = dir.open_in_place(NAME)?;
        if !lock::try_exclusive(&file, UNDER_WAY)? {
            return Ok(Err(read(&file).map(|(note, _)| note)));
        }
        if !dir.is_still(NAME, &file) {
            continue;
        }
        let hold = CountdownHold { file };
        hold.write(dir, note)?;
        return Ok(Ok(hold));
    }
}

impl CountdownHold {
    /// Replaces the note.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, dir: &InstanceDir, note: &CountdownNote) -> io::Result<()> {
        lock::wait_byte(&self.file, DECISION_AT)?;
        let was_cancelled = read(&self.file).is_some_and(|(known, is_cancelled)| is_cancelled && known.is_of(note));
        // Another descriptor, whose end tells those who watch the folder.
        let written = dir
            .open_in_place(NAME)
            .and_then(|file| file.write_all_at(&note.to_bytes(was_cancelled), 0));
        lock::release(&self.file, DECISION)?;
        written
    }

    /// Returns true once somebody has cancelled it.
    pub fn is_cancelled(&self) -> bool {
        read(&self.file).is_some_and(|(_, is_cancelled)| is_cancelled)
    }

    /// Ends the countdown. Returns false if somebody has cancelled it; afterwards nobody can.
    pub fn finish(self) -> bool {
        // Whoever cancels holds it for a moment only.
        let _ = lock::wait_byte(&self.file, DECISION_AT);
        let is_over = !self.is_cancelled();
        let _ = lock::release(&self.file, UNDER_WAY);
        let _ = lock::release(&self.file, DECISION);
        is_over
    }
}

impl CountdownNote {
    /// Returns true for another state of the same countdown.
    fn is_of(&self, other: &Self) -> bool {
        (&self.by, self.begun_wall_ms) == (&other.by, other.begun_wall_ms)
    }
}

/// Returns the countdown of an instance that is under way.
pub fn peek(state: &StateDir, id: &str) -> Option<CountdownNote> {
    // Many are looked at and few count, so no folder is opened for it.
    let file = open_read(state, &format!("instances/{id}/{NAME}"));
    under_way(&file.ok().flatten()?)
}

fn under_way(file: &File) -> Option<CountdownNote> {
    if !lock::is_held(file, UNDER_WAY).ok()? {
        return None;
    }
    let (note, is_cancelled) = read(file)?;
    (!is_cancelled).then_some(note)
}

/// Cancels the countdown of an instance, and returns what it was; `None` where none is
/// under way. Whoever counts tells the players within a second.
///
/// # Errors
/// When its record cannot be changed.
pub fn cancel(dir: &InstanceDir) -> io::Result<Option<CountdownNote>> {
    if dir.open_read(NAME)?.is_none() {
        return Ok(None);
    }
    let file = dir.open_in_place(NAME)?;
    if !lock::is_held(&file, UNDER_WAY)? {
        return Ok(None);
    }
    lock::wait_byte(&file, DECISION_AT)?;
    // Only now nothing else comes in between.
    let cancelled = match under_way(&file) {
        Some(note) => {
            file.write_all_at(&note.to_bytes(true), 0)?;
            Some(note)
        }
        None => None,
    };
    lock::release(&file, DECISION)?;
    Ok(cancelled)
}

fn read(file: &File) -> Option<(CountdownNote, bool)> {
    let mut bytes = vec![0; LENGTH];
    let mut place = 0;
    while place < LENGTH {
        match file.read_at(bytes.get_mut(place..)?, place as u64) {
            Ok(0) | Err(_) => break,
            Ok(n) => place += n,
        }
    }
    let used = bytes.get(..place)?.trim_ascii_end().len();
    let document = Document::from_text(bytes.get(..=used)?, KIND, VERSION, Checksum::Crc32).ok()?;
    let note = CountdownNote {
        verb: document.require("verb").ok()?,
        by: document.require("by").ok()?,
        begun_wall_ms: document.require("begun_wall_ms").ok()?,
        due_wall_ms: document.parse("due_wall_ms"),
        waits_until_wall_ms: document.parse("waits_until_wall_ms"),
    };
    Some((note, document.parse("cancelled").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::state;

    fn note(by: &str) -> CountdownNote {
        CountdownNote {
            verb: "restart".to_owned(),
            by: by.to_owned(),
            begun_wall_ms: 1_769_835_600_000,
            due_wall_ms: None,
            waits_until_wall_ms: None,
        }
    }

    #[test]
    fn one_counts_at_a_time_and_is_seen() {
        let (_tmp, state) = state();
        let dir = state.create_instance("a").unwrap();
        assert_eq!(peek(&state, "a"), None);
        let hold = begin(&dir, &note("one")).unwrap().unwrap();
        assert_eq!(peek(&state, "a"), Some(note("one")));
        assert_eq!(begin(&dir, &note("two")).unwrap().unwrap_err(), Some(note("one")));
        let due = CountdownNote {
            due_wall_ms: Some(1_769_836_500_000),
            ..note("one")
        };
        hold.write(&dir, &due).unwrap();
        assert_eq!(
            peek(&state, "a").unwrap().in_words(),
            "restart due at 2026-01-31T05:15:00Z, by one"
        );
        assert!(!hold.is_cancelled() && hold.finish());
        assert_eq!(peek(&state, "a"), None);
        assert_eq!(cancel(&dir).unwrap(), None, "it is over");
        begin(&dir, &note("two")).unwrap().unwrap();
    }

    #[test]
    fn a_cancelled_one_stays_so() {
        let (_tmp, state) = state();
        let dir = state.create_instance("a").unwrap();
        assert_eq!(cancel(&dir).unwrap(), None, "there never was one");
        let hold = begin(&dir, &note("one")).unwrap().unwrap();
        assert_eq!(cancel(&dir).unwrap(), Some(note("one")));
        assert_eq!(cancel(&dir).unwrap(), None, "once is enough");
        hold.write(&dir, &note("one")).unwrap();
        assert!(hold.is_cancelled() && !hold.finish());
        let next = begin(&dir, &note("two")).unwrap().unwrap();
        assert!(!next.is_cancelled() && next.finish());
    }

    #[test]
    fn what_the_dead_have_left_counts_for_nothing() {
        let (_tmp, state) = state();
        let dir = state.create_instance("a").unwrap();
        drop(begin(&dir, &note("one")).unwrap().unwrap());
        assert_eq!((peek(&state, "a"), cancel(&dir).unwrap()), (None, None));
        std::fs::write(dir.path().join(NAME), "noise").unwrap();
        let hold = begin(&dir, &note("two")).unwrap().unwrap();
        assert!(!hold.is_cancelled() && hold.finish());
    }
}
