//! The console log, as it is read: across rotated files, from the end or from
//! a remembered place, and on and on while it grows.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use super::console::file_name;
use super::folder::InstanceDir;
use super::launch::LogPosition;

/// The most rotated files that are looked for.
const FILES_MAX: u32 = 1_001;

/// The bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// The number of last lines that are shown of a game that ended early.
pub const LAST_LINES: u64 = 20;

/// The most bytes that [`last_lines`] returns.
const LAST_BYTES: usize = 4096;

/// A place in a console log from which it is read on.
#[derive(Debug)]
pub struct Tail {
    /// The files still to be read, oldest first; the last is the one that
    /// grows, as far as we know.
    files: VecDeque<File>,
    offset: u64,
    /// The place at which it ends, although more may follow.
    until: Option<LogPosition>,
}

/// Opens all files of the log, oldest first. A rotation meanwhile can give a file
/// another name; by its inode it is not taken twice.
pub(super) fn files(dir: &InstanceDir) -> io::Result<VecDeque<File>> {
    let mut files: VecDeque<File> = VecDeque::new();
    for n in 0..FILES_MAX {
        let Some(file) = dir.open_read(&file_name(n))? else {
            // The current file may be missing for a moment while it is rotated.
            if n == 0 {
                continue;
            }
            break;
        };
        if index_of(&files, file.metadata()?.ino()).is_none() {
            files.push_front(file);
        }
    }
    Ok(files)
}

fn index_of(files: &VecDeque<File>, inode: u64) -> Option<usize> {
    let mut files = files.iter();
    files.position(|file| file.metadata().is_ok_and(|meta| meta.ino() == inode))
}

impl Tail {
    /// Begins at the first byte that is still there.
    pub fn from_start(dir: &InstanceDir) -> io::Result<Self> {
        Ok(Self::at(files(dir)?, 0))
    }

    fn at(files: VecDeque<File>, offset: u64) -> Self {
        Self {
            files,
            offset,
            until: None,
        }
    }

    /// Begins at a remembered place or, where its file has been rotated away, at the
    /// first byte that is still there.
    pub fn from_position(dir: &InstanceDir, position: LogPosition) -> io::Result<Self> {
        let mut files = files(dir)?;
        let Some(at) = index_of(&files, position.inode) else {
            return Ok(Self::at(files, 0));
        };
        files.drain(..at);
        Ok(Self::at(files, position.offset))
    }

    /// Begins at the start of the `lines`th last line.
    pub fn from_last_lines(dir: &InstanceDir, lines: u64) -> io::Result<Self> {
        Self::last_lines_of(files(dir)?, lines, None)
    }

    /// Begins at the start of the `lines`th last line before a place, or at the first line
    /// with `None`, and ends at that place. It is empty where that is in no file any more.
    pub fn until(dir: &InstanceDir, place: LogPosition, lines: Option<u64>) -> io::Result<Self> {
        let mut files = files(dir)?;
        let last = index_of(&files, place.inode);
        files.truncate(last.map_or(0, |last| last + 1));
        let mut tail = match lines {
            Some(lines) => Self::last_lines_of(files, lines, Some(place.offset))?,
            None => Self::at(files, 0),
        };
        tail.until = Some(place);
        Ok(tail)
    }

    /// Begins at the start of the `lines`th last line of files, the last of which ends at
    /// `end`.
    fn last_lines_of(mut files: VecDeque<File>, lines: u64, end: Option<u64>) -> io::Result<Self> {
        // One line end more than lines: the one that ends the line before. The
        // end of the last line itself does not count.
        let mut wanted = lines;
        let mut first = true;
        let mut buffer = vec![0; CHUNK];
        let mut keep = 0;
        for (index, file) in files.iter().enumerate().rev() {
            keep = index;
            let size = file.metadata()?.len();
            let mut end = end
                .filter(|_| index + 1 == files.len())
                .map_or(size, |end| end.min(size));
            while end > 0 {
                let start = end.saturating_sub(CHUNK as u64);
                let chunk = buffer.get_mut(..(end - start) as usize).unwrap_or_default();
                file.read_exact_at(chunk, start)?;
                for (at, byte) in chunk.iter().enumerate().rev() {
                    let last_byte = std::mem::take(&mut first);
                    if *byte != b'\n' || (last_byte && wanted > 0) {
                        continue;
                    }
                    if wanted <= 1 {
                        let offset = if wanted == 0 { end } else { start + at as u64 + 1 };
                        files.drain(..keep);
                        return Ok(Self::at(files, offset));
                    }
                    wanted -= 1;
                }
                end = start;
            }
        }
        files.drain(..keep);
        Ok(Self::at(files, 0))
    }

    /// Returns the place at which it ends although more may follow.
    pub(super) fn end(&self) -> Option<LogPosition> {
        self.until
    }

    /// Skips what stands before a remembered place.
    #[must_use]
    pub fn not_before(mut self, position: LogPosition) -> Self {
        match index_of(&self.files, position.inode) {
            Some(0) => self.offset = self.offset.max(position.offset),
            Some(at) => {
                self.files.drain(..at);
                self.offset = position.offset;
            }
            None => {}
        }
        self
    }

    /// Begins behind the last byte.
    pub fn from_end(dir: &InstanceDir) -> io::Result<Self> {
        let mut files = files(dir)?;
        let last = files.len().saturating_sub(1);
        files.drain(..last);
        let offset = files
            .front()
            .map_or(Ok(0), |file| file.metadata().map(|meta| meta.len()))?;
        Ok(Self::at(files, offset))
    }

    /// Reads on, into `buffer`; 0 when there is nothing more for now. Follows
    /// the log through rotation, removal and truncation.
    pub fn read(&mut self, dir: &InstanceDir, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_placed(dir, buffer).map(|(n, _)| n)
    }

    /// Reads on as [`Tail::read`] does. Returns also the place of what was read.
    pub(super) fn read_placed(&mut self, dir: &InstanceDir, buffer: &mut [u8]) -> io::Result<(usize, LogPosition)> {
        loop {
            let Some(file) = self.files.front() else {
                if self.until.is_some() {
                    return Ok((0, LogPosition::default()));
                }
                self.files = files(dir)?;
                self.offset = 0;
                if self.files.is_empty() {
                    return Ok((0, LogPosition::default()));
                }
                continue;
            };
            let place = LogPosition {
                inode: file.metadata()?.ino(),
                offset: self.offset,
            };
            let limit = match self.until {
                Some(until) if until.inode == place.inode => until.offset.saturating_sub(place.offset),
                _ => u64::MAX,
            };
            let room = buffer.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
            if room == 0 {
                return Ok((0, place));
            }
            match file.read_at(buffer.get_mut(..room).unwrap_or_default(), self.offset) {
                Ok(0) => {}
                Ok(n) => {
                    self.offset += n as u64;
                    return Ok((n, place));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            if file.metadata()?.len() < self.offset {
                // It was truncated; what has been written since stands at its new
                // beginning.
                self.offset = 0;
                continue;
            }
            if self.files.len() > 1 {
                self.files.pop_front();
                self.offset = 0;
                continue;
            }
            if self.until.is_some() || !self.follow(dir)? {
                return Ok((0, place));
            }
        }
    }

    /// Finds what came after the file that was read to its end. Returns
    /// whether there is anything.
    fn follow(&mut self, dir: &InstanceDir) -> io::Result<bool> {
        let Some(current) = self.files.front() else {
            return Ok(false);
        };
        if dir.is_still(&file_name(0), current) {
            return Ok(false);
        }
        let inode = current.metadata()?.ino();
        let mut newer = files(dir)?;
        match index_of(&newer, inode) {
            // Between a rotation's two renames there is no newer file yet.
            Some(at) if at + 1 == newer.len() => return Ok(false),
            // Once more through the old one: it may have grown between our
            // last read and the rotation.
            Some(at) => {
                newer.drain(..at);
                self.files = newer;
            }
            None if newer.is_empty() => return Ok(false),
            None => {
                self.files = newer;
                self.offset = 0;
            }
        }
        Ok(true)
    }
}

/// Returns the last lines that a game printed, since `began` if that is known.
pub fn last_lines(dir: &InstanceDir, lines: u64, began: Option<LogPosition>) -> String {
    let mut text = Vec::new();
    let Ok(tail) = Tail::from_last_lines(dir, lines) else {
        return String::new();
    };
    let mut tail = match began {
        Some(began) => tail.not_before(began),
        None => tail,
    };
    let mut buffer = vec![0; LAST_BYTES];
    while let Ok(n) = tail.read(dir, &mut buffer) {
        if n == 0 {
            break;
        }
        text.extend_from_slice(buffer.get(..n).unwrap_or_default());
    }
    let from = text.len().saturating_sub(LAST_BYTES);
    String::from_utf8_lossy(text.get(from..).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::LogSpec;
    use crate::store::console::{ConsoleLog, NAME};
    use crate::store::testing::instance;
    use proptest::prelude::*;

    fn drain(tail: &mut Tail, dir: &InstanceDir) -> Vec<u8> {
        let mut out = Vec::new();
        let mut buffer = [0; 7];
        loop {
            match tail.read(dir, &mut buffer).unwrap() {
                0 => return out,
                n => out.extend_from_slice(&buffer[..n]),
            }
        }
    }

    #[test]
    fn the_last_lines_across_files() {
        let (_tmp, dir) = instance();
        let mut log = ConsoleLog::open(&dir, LogSpec { max_size: 8, keep: 9 }, 0);
        assert_eq!(drain(&mut Tail::from_last_lines(&dir, 3).unwrap(), &dir), b"");
        for n in 1..=9 {
            log.append(&dir, format!("l{n}\n").as_bytes(), 0);
        }
        for lines in 0..=9 {
            let expected: String = (10 - lines..=9).map(|n| format!("l{n}\n")).collect();
            let got = drain(&mut Tail::from_last_lines(&dir, lines).unwrap(), &dir);
            assert_eq!(String::from_utf8(got).unwrap(), expected, "{lines} lines");
        }
        assert_eq!(drain(&mut Tail::from_last_lines(&dir, 1000).unwrap(), &dir).len(), 27);
        log.append(&dir, b"half", 0);
        assert_eq!(drain(&mut Tail::from_last_lines(&dir, 2).unwrap(), &dir), b"l9\nhalf");
        assert_eq!(drain(&mut Tail::from_last_lines(&dir, 0).unwrap(), &dir), b"");
    }

    #[test]
    fn a_remembered_place_survives_rotation() {
        let (_tmp, dir) = instance();
        let mut log = ConsoleLog::open(&dir, LogSpec { max_size: 8, keep: 9 }, 0);
        log.append(&dir, b"old\n", 0);
        let position = log.position();
        log.append(&dir, b"one\ntwo\nthree\nfour\n", 0);
        let mut tail = Tail::from_position(&dir, position).unwrap();
        assert_eq!(drain(&mut tail, &dir), b"one\ntwo\nthree\nfour\n");
        let gone = LogPosition { inode: 1, offset: 5 };
        let mut tail = Tail::from_position(&dir, gone).unwrap();
        assert_eq!(drain(&mut tail, &dir), b"old\none\ntwo\nthree\nfour\n");
    }

    #[test]
    fn a_log_that_is_removed_or_cut_is_followed() {
        let (_tmp, dir) = instance();
        let mut tail = Tail::from_end(&dir).unwrap();
        assert_eq!(drain(&mut tail, &dir), b"");
        let path = dir.path().join(NAME);
        std::fs::write(&path, "one\n").unwrap();
        assert_eq!(drain(&mut tail, &dir), b"one\n");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(drain(&mut tail, &dir), b"");
        std::fs::write(&path, "two, longer than before\n").unwrap();
        assert_eq!(drain(&mut tail, &dir), b"two, longer than before\n");
        std::fs::OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(&path)
            .unwrap();
        assert_eq!(drain(&mut tail, &dir), b"");
        std::fs::write(&path, "three\n").unwrap();
        assert_eq!(drain(&mut tail, &dir), b"three\n");
    }

    proptest! {
        /// Reading along while it is written and rotated gives every byte once,
        /// as long as no more is rotated away than is kept.
        #[test]
        fn reading_along_misses_nothing(
            chunks in proptest::collection::vec(proptest::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(b'\n')], 0..30), 1..30),
            max_size in 1_u64..60,
        ) {
            let (_tmp, dir) = instance();
            let mut log = ConsoleLog::open(&dir, LogSpec { max_size, keep: 90 }, 0);
            let mut tail = Tail::from_end(&dir).unwrap();
            let (mut expected, mut got) = (Vec::new(), Vec::new());
            for chunk in &chunks {
                log.append(&dir, chunk, 0);
                expected.extend_from_slice(chunk);
                got.extend(drain(&mut tail, &dir));
            }
            prop_assert_eq!(got, expected);
        }
    }
}
