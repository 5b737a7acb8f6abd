//! The index of a console log by time, as it is read: the second of each line, the place
//! of a time, and the launches.
//!
//! Notes are in the order in which they were written. A file of the log is known by its
//! inode, which another file may get once it is gone; so the notes of the files that are
//! there are found from the newest backwards.

use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

use super::folder::InstanceDir;
use super::launch::LogPosition;
use super::tail::{self, Tail};
use super::times::{FILE_MAX, NAME, NOTE, NoteKind, OLDER, TimeNote};

/// The seconds by which a file may have been written after its last note all the same:
/// its time is taken right before it is written.
const SLACK_S: u64 = 1;

/// The notes on the files of a log.
#[derive(Debug, Default)]
pub struct TimeIndex {
    notes: Vec<TimeNote>,
    files: Vec<NotedFile>,
    /// The second in which the log was last written.
    written_s: u64,
    /// The size and the inode of the newer file of the index.
    seen: (u64, u64),
}

/// A file of the log, with its notes.
#[derive(Debug)]
struct NotedFile {
    inode: u64,
    notes: Range<usize>,
}

/// The place in a log at which a time begins.
#[derive(Debug, PartialEq, Eq)]
enum Since {
    Start,
    Place(LogPosition),
    /// Nothing is so late.
    End,
}

/// The output of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaunchRange {
    /// Its begin; `None` where that is not in the log any more.
    pub begin: Option<LogPosition>,
    pub end: LogPosition,
}

impl TimeIndex {
    pub fn read(dir: &InstanceDir) -> io::Result<Self> {
        let mut index = Self::default();
        index.refresh(dir)?;
        Ok(index)
    }

    /// Takes in what was noted since it was read.
    pub fn refresh(&mut self, dir: &InstanceDir) -> io::Result<()> {
        let files = tail::files(dir)?;
        let mut inodes = Vec::new();
        for file in &files {
            let meta = file.metadata()?;
            inodes.push(meta.ino());
            self.written_s = u64::try_from(meta.mtime()).unwrap_or(0);
        }
        let newer = dir.open_read(NAME)?;
        let seen = match &newer {
            Some(file) => file.metadata().map(|meta| (meta.len(), meta.ino()))?,
            None => (0, 0),
        };
        if self.seen != seen || !self.files.iter().map(|file| file.inode).eq(inodes.iter().copied()) {
            let mut notes = Vec::new();
            for file in [dir.open_read(OLDER)?, newer].into_iter().flatten() {
                let mut bytes = Vec::new();
                file.take(2 * FILE_MAX).read_to_end(&mut bytes)?;
                notes.extend(bytes.chunks_exact(NOTE).map(TimeNote::parse));
            }
            (self.files, self.notes, self.seen) = (noted(&notes, &inodes), notes, seen);
        }
        Ok(())
    }

    /// Returns the number of the note that covers a line which begins at this place: the
    /// last before it; `None` if there is none.
    fn covering(&self, place: LogPosition) -> Option<usize> {
        let at = self.files.iter().position(|file| file.inode == place.inode)?;
        let file = self.files.get(at)?;
        let own = self.notes.get(file.notes.clone()).unwrap_or_default();
        let before = own.partition_point(|note| note.place.offset <= place.offset);
        let next = match own.is_empty() {
            false => file.notes.start + before,
            // Nothing was noted in it: its lines belong to what was noted before.
            true => {
                let later = self.files.get(at + 1..).unwrap_or_default();
                let later = later.iter().find(|file| !file.notes.is_empty());
                later.map_or(self.notes.len(), |file| file.notes.start)
            }
        };
        next.checked_sub(1)
    }

    /// Returns the second in which a line was printed, by the place at which it begins;
    /// `None` if it is not known.
    pub fn second(&self, place: LogPosition) -> Option<u64> {
        let at = self.covering(place)?;
        let note = self.notes.get(at)?;
        self.is_exact(at).then(|| note.second())
    }

    /// Returns whether all that is between this note and the next is of its second.
    fn is_exact(&self, at: usize) -> bool {
        let Some(note) = self.notes.get(at) else { return false };
        // Output before the first line that is noted is of the second of the launch at
        // the earliest, and a line that follows an end was printed under another version.
        note.kind == NoteKind::Line
            && match self.notes.get(at + 1) {
                // Without its end, a launch may have printed what could not be noted.
                Some(next) => !next.has_gap && next.kind != NoteKind::Launched,
                None => self.written_s <= note.second() + SLACK_S,
            }
    }

    /// Returns whether a line that has just been written may have a note that has not.
    pub fn may_lag(&self) -> bool {
        self.notes.last().is_none_or(|note| note.second() < self.written_s)
    }

    /// Returns the log from the first line on that was printed in the second of this time
    /// or later. What has no time is shown if it may be as late.
    pub fn tail_since(dir: &InstanceDir, at: SystemTime) -> io::Result<Tail> {
        let at = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        match Self::read(dir)?.since(at) {
            Since::Start => Tail::from_start(dir),
            Since::Place(place) => Tail::from_position(dir, place),
            Since::End => Tail::from_end(dir),
        }
    }

    fn since(&self, at_s: u64) -> Since {
        if self.written_s < at_s {
            return Since::End;
        }
        let numbers = self.files.iter().flat_map(|file| file.notes.clone());
        let numbers: Vec<usize> = numbers.collect();
        let Some(first) = numbers.first().and_then(|first| self.notes.get(*first)) else {
            return match self.notes.last() {
                Some(last) if last.second() < at_s && self.is_exact(self.notes.len() - 1) => Since::End,
                _ => Since::Start,
            };
        };
        if first.second() >= at_s {
            return Since::Start;
        }
        for number in numbers {
            let Some(note) = self.notes.get(number) else { continue };
            // What is between an end and what is noted next was printed by then.
            let next = self.notes.get(number + 1).map_or(self.written_s, TimeNote::second);
            let latest = if self.is_exact(number) { note.second() } else { next };
            if latest.max(note.second()) >= at_s {
                return Since::Place(note.place);
            }
        }
        Since::End
    }

    /// Returns the range of the launch before the last, which began at `last`; `None`
    /// where its begin was not noted, or nothing of it is left.
    pub fn previous_launch(&self, last: LogPosition) -> Option<LaunchRange> {
        let launches: Vec<LogPosition> = self
            .notes
            .iter()
            .filter(|note| note.kind == NoteKind::Launched)
            .map(|note| note.place)
            .collect();
        let at = launches.iter().rposition(|place| *place == last);
        let before = at.map_or(launches.as_slice(), |at| launches.get(..at).unwrap_or_default());
        let begin = *before.last()?;
        let is_there = |place: LogPosition| self.files.iter().any(|file| file.inode == place.inode);
        is_there(last).then_some(LaunchRange {
            begin: Some(begin).filter(|begin| is_there(*begin)),
            end: last,
        })
    }

    /// Returns the number of the first note that is told of before a line at this place:
    /// that of a launch which begins there.
    pub(super) fn first_at(&self, place: LogPosition) -> usize {
        let behind = self.behind(place);
        let there = self
            .notes(0..behind)
            .iter()
            .rev()
            .take_while(|note| note.place == place);
        let back = there.zip(1..).find(|(note, _)| note.kind == NoteKind::Launched);
        back.map_or(behind, |(_, back)| behind - back)
    }

    /// Returns the number of the note of the launch that began at this place.
    pub(super) fn launch_at(&self, place: LogPosition) -> Option<usize> {
        let is_it = |note: &TimeNote| note.kind == NoteKind::Launched && note.place == place;
        self.notes.iter().rposition(is_it)
    }

    /// Returns the number behind the last note at this place or before it.
    pub(super) fn behind(&self, place: LogPosition) -> usize {
        self.covering(place).map_or(0, |at| at + 1)
    }

    pub(super) fn len(&self) -> usize {
        self.notes.len()
    }

    pub(super) fn notes(&self, range: Range<usize>) -> &[TimeNote] {
        self.notes.get(range).unwrap_or_default()
    }
}

/// Finds the notes of the files of a log, which are the oldest first.
fn noted(notes: &[TimeNote], inodes: &[u64]) -> Vec<NotedFile> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, note) in notes.iter().enumerate() {
        let follows = at
            .checked_sub(1)
            .and_then(|before| notes.get(before))
            .is_some_and(|before| {
                // In a file that was cut the offsets begin anew.
                before.place.inode == note.place.inode && before.place.offset <= note.place.offset
            });
        match runs.last_mut() {
            Some(run) if follows => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    let mut left = runs.len();
    let mut files: Vec<NotedFile> = inodes
        .iter()
        .rev()
        .map(|inode| {
            let is_its = |run: &Range<usize>| notes.get(run.start).is_some_and(|note| note.place.inode == *inode);
            let found = runs.get(..left).unwrap_or_default().iter().rposition(is_its);
            let own = found.and_then(|found| {
                left = found;
                runs.get(found).cloned()
            });
            NotedFile {
                inode: *inode,
                notes: own.unwrap_or(0..0),
            }
        })
        .collect();
    files.reverse();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(kind: NoteKind, second: u64, inode: u64, offset: u64) -> TimeNote {
        TimeNote {
            kind,
            has_gap: false,
            wall_ms: second * 1000,
            place: LogPosition { inode, offset },
        }
    }

    fn index(notes: Vec<TimeNote>, inodes: &[u64], written_s: u64) -> TimeIndex {
        TimeIndex {
            files: noted(&notes, inodes),
            notes,
            written_s,
            seen: (0, 0),
        }
    }

    #[test]
    fn never_later_than_asked() {
        let place = |offset| Since::Place(LogPosition { inode: 1, offset });
        // The clock was set back between the second and the third note.
        let seconds = [(10, 0), (20, 5), (15, 7), (30, 9)];
        let of_kind = |kind| {
            let notes = seconds.iter().map(|(second, offset)| note(kind, *second, 1, *offset));
            index(notes.collect(), &[1], 30)
        };
        let exact = of_kind(NoteKind::Line);
        for (at, wanted) in [
            (5, Since::Start),
            (10, Since::Start),
            (11, place(5)),
            (20, place(5)),
            (21, place(9)),
            (30, place(9)),
            (31, Since::End),
        ] {
            assert_eq!(exact.since(at), wanted, "{at}");
        }
        // What is noted every ten seconds only may be as late as the next note.
        let coarse = of_kind(NoteKind::Coarse);
        for (at, wanted) in [
            (10, Since::Start),
            (11, place(0)),
            (20, place(0)),
            (21, place(7)),
            (30, place(7)),
            (31, Since::End),
        ] {
            assert_eq!(coarse.since(at), wanted, "{at}");
        }
        assert_eq!(index(Vec::new(), &[1], 9).since(5), Since::Start);
        assert_eq!(index(Vec::new(), &[1], 4).since(5), Since::End);
    }

    #[test]
    fn a_launch_whose_end_was_not_noted_may_have_printed_more() {
        let notes = vec![
            note(NoteKind::Launched, 10, 1, 0),
            note(NoteKind::Line, 10, 1, 0),
            note(NoteKind::Launched, 20, 1, 9),
            note(NoteKind::Line, 20, 1, 9),
        ];
        let index = index(notes, &[1], 20);
        let second = |offset| index.second(LogPosition { inode: 1, offset });
        assert_eq!(
            (second(0), second(4), second(9), second(12)),
            (None, None, Some(20), Some(20))
        );
    }

    #[test]
    fn a_file_that_was_cut_begins_anew() {
        let line = |second, inode, offset| note(NoteKind::Line, second, inode, offset);
        let index = index(
            vec![
                line(1, 1, 0),
                line(2, 1, 50),
                line(3, 2, 0),
                line(4, 2, 9),
                line(5, 2, 0),
            ],
            &[1, 2],
            5,
        );
        let second = |inode, offset| index.second(LogPosition { inode, offset });
        assert_eq!(
            (second(1, 10), second(1, 60), second(2, 0), second(2, 99)),
            (Some(1), Some(2), Some(5), Some(5))
        );
        assert_eq!(second(3, 0), None);
    }
}
