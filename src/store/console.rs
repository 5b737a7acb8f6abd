//! The console log, as it is written: the game's bytes as they came, rotated
//! by size at the end of a line. A write that fails loses bytes, never the
//! game: they are counted, and a line in the log says so where they would have
//! stood.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;

use super::folder::{InstanceDir, temporary};
use super::launch::LogPosition;
use crate::inventory::LogSpec;

/// The current file of a console log.
pub const NAME: &str = "console.log";

/// The pause before a log that failed is tried again, in milliseconds: a full disk
/// must not cost a system call per line.
const RETRY_MS: u64 = 1_000;

/// The time between two checks whether the file was removed or truncated, in
/// milliseconds.
const CHECK_MS: u64 = 1_000;

/// The bytes over the limit at which the rotation breaks a line.
const LINE_SLACK: u64 = 1 << 20;

/// Returns the name of the nth rotated file; the 0th is the current one.
pub fn file_name(n: u32) -> String {
    if n == 0 { NAME.to_owned() } else { format!("{NAME}.{n}") }
}

/// The writer of a console log.
#[derive(Debug)]
pub struct ConsoleLog {
    file: Option<File>,
    spec: LogSpec,
    size: u64,
    at_line_start: bool,
    lost_pending: u64,
    lost_total: u64,
    why: String,
    retry_at: u64,
    check_at: u64,
    rotate_at: u64,
}

impl ConsoleLog {
    /// Opens the log for appending. One that cannot be opened is tried again later,
    /// and the output until then is counted as lost.
    pub fn open(dir: &InstanceDir, spec: LogSpec, now: u64) -> Self {
        let mut log = Self {
            file: None,
            spec,
            size: 0,
            at_line_start: true,
            lost_pending: 0,
            lost_total: 0,
            why: String::new(),
            retry_at: 0,
            check_at: now + CHECK_MS,
            rotate_at: spec.max_size,
        };
        log.reopen(dir, now);
        log
    }

    fn reopen(&mut self, dir: &InstanceDir, now: u64) {
        match dir.open_append(NAME) {
            Ok(file) => {
                self.size = file.metadata().map_or(0, |meta| meta.len());
                self.rotate_at = self.spec.max_size;
                self.at_line_start = self.size == 0 || ends_line(&file, self.size);
                self.file = Some(file);
            }
            Err(error) => {
                self.file = None;
                self.why = error.to_string();
                self.retry_at = now + RETRY_MS;
            }
        }
    }

    /// Returns the place of the next byte.
    pub fn position(&self) -> LogPosition {
        let inode = self
            .file
            .as_ref()
            .and_then(|file| file.metadata().ok())
            .map_or(0, |meta| meta.ino());
        LogPosition {
            inode,
            offset: self.size,
        }
    }

    pub fn is_at_line_start(&self) -> bool {
        self.at_line_start
    }

    /// Returns the bytes of output that were lost, and how many of them no line of the
    /// log tells of yet.
    pub fn lost(&self) -> (u64, u64) {
        (self.lost_total, self.lost_pending)
    }

    /// Takes over what another writer has lost before this one.
    pub fn has_lost(&mut self, (total, pending): (u64, u64)) {
        (self.lost_total, self.lost_pending) = (total, pending);
        "before its shim was killed".clone_into(&mut self.why);
    }

    /// Begins a launch on a line of its own, behind a line about output of an earlier
    /// launch of which no line tells yet.
    pub fn begin_launch(&mut self, unmarked: u64, now: u64) {
        if unmarked > 0 {
            self.lost_pending = unmarked;
            "at the end of an earlier launch".clone_into(&mut self.why);
            self.mark_loss(now);
        } else if !self.at_line_start {
            self.write(b"\n", now);
            // An end of a line is no output of the game.
            (self.lost_total, self.lost_pending) = (0, 0);
        }
    }

    /// Appends output. Never fails: what cannot be written is counted.
    pub fn append(&mut self, dir: &InstanceDir, bytes: &[u8], now: u64) {
        if now >= self.check_at {
            self.check_at = now + CHECK_MS;
            self.look_after(dir, now);
        }
        if self.file.is_none() || self.lost_pending > 0 {
            if now < self.retry_at {
                self.lose(bytes.len());
                return;
            }
            if self.file.is_none() {
                self.reopen(dir, now);
            }
            if !self.mark_loss(now) {
                self.lose(bytes.len());
                return;
            }
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let cut = self.next_cut(rest);
            let (head, tail) = rest.split_at(cut);
            if !self.write(head, now) {
                self.lose(tail.len());
                return;
            }
            rest = tail;
            let full = self.size >= self.rotate_at || !rest.is_empty();
            if (full && self.at_line_start) || self.size >= self.rotate_at.saturating_add(LINE_SLACK) {
                self.rotate(dir, now);
            }
        }
    }

    /// Returns the number of bytes for the current file: all, or up to the last line
    /// end that still fits, or, where none fits, up to the first.
    fn next_cut(&self, bytes: &[u8]) -> usize {
        let room = usize::try_from(self.rotate_at.saturating_sub(self.size)).unwrap_or(usize::MAX);
        if bytes.len() <= room {
            return bytes.len();
        }
        let fits = bytes[..room].iter().rposition(|b| *b == b'\n').map(|at| at + 1);
        // At a line's start and with something in the file already, nothing
        // needs to go into it any more.
        let none = (self.at_line_start && self.size > 0).then_some(0);
        let slack = usize::try_from(self.rotate_at.saturating_add(LINE_SLACK) - self.size).unwrap_or(usize::MAX);
        let through = bytes.iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| at + 1);
        fits.or(none).unwrap_or(through.min(slack))
    }

    fn write(&mut self, bytes: &[u8], now: u64) -> bool {
        let Some(file) = &mut self.file else { return false };
        let mut rest = bytes;
        while !rest.is_empty() {
            match file.write(rest) {
                Ok(n) if n > 0 => {
                    self.size += n as u64;
                    self.at_line_start = rest.get(n - 1) == Some(&b'\n');
                    rest = &rest[n..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => {
                    self.why = match other {
                        Err(error) => error.to_string(),
                        Ok(_) => "nothing was written".to_owned(),
                    };
                    self.retry_at = now + RETRY_MS;
                    self.lose(rest.len());
                    return false;
                }
            }
        }
        true
    }

    fn lose(&mut self, bytes: usize) {
        self.lost_pending += bytes as u64;
        self.lost_total += bytes as u64;
    }

    /// Writes the line that stands for what was lost. Returns true if the log can be
    /// written to.
    fn mark_loss(&mut self, now: u64) -> bool {
        if self.lost_pending == 0 {
            return self.file.is_some();
        }
        let newline = if self.at_line_start { "" } else { "\n" };
        let line = format!(
            "{newline}[gamectl: {} bytes of output were lost here: {}]\n",
            self.lost_pending, self.why
        );
        let lost = (self.lost_pending, self.lost_total);
        let size = self.size;
        if self.write(line.as_bytes(), now) {
            self.lost_pending = 0;
            return true;
        }
        // Half a line is taken back, and the line itself is no lost output.
        if let Some(file) = &self.file
            && self.size > size
            && file.set_len(size).is_ok()
        {
            self.size = size;
        }
        (self.lost_pending, self.lost_total) = lost;
        false
    }

    /// Marks what is still unmarked, at the end of a launch.
    pub fn finish(&mut self, dir: &InstanceDir, now: u64) {
        if self.file.is_none() {
            self.reopen(dir, now);
        }
        self.mark_loss(now);
    }

    /// Notices a file that was removed, renamed or truncated by another program.
    fn look_after(&mut self, dir: &InstanceDir, now: u64) {
        let Some(file) = &self.file else { return };
        if !dir.is_still(NAME, file) {
            self.reopen(dir, now);
            return;
        }
        if let Ok(meta) = file.metadata() {
            self.size = meta.len();
        }
    }

    fn rotate(&mut self, dir: &InstanceDir, now: u64) {
        match self.try_rotate(dir) {
            Ok(()) => self.reopen(dir, now),
            // The log goes on in the same file, and the next try comes when it
            // has grown by as much again.
            Err(error) => {
                tracing::debug!(%error, "the console log cannot be rotated");
                self.rotate_at = self.size.saturating_add(self.spec.max_size);
            }
        }
    }

    fn try_rotate(&self, dir: &InstanceDir) -> io::Result<()> {
        // Of a time when more were kept.
        for name in (self.spec.keep + 1..).map(file_name) {
            if !matches!(dir.open_read(&name), Ok(Some(_))) || dir.remove(&name).is_err() {
                break;
            }
        }
        // Before the current file loses its name: where no new one can be made, it
        // still takes what comes.
        let new = temporary(NAME);
        match dir.create_file(&new) {
            Err(error) if is_full(&error) => {
                // The oldest is about to go in any case.
                dir.remove(&file_name(self.spec.keep.max(1)))?;
                dir.create_file(&new)?
            }
            made => made?,
        };
        let shift = |from: u32| match dir.rename(&file_name(from), &file_name(from + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        let shifted = (0..self.spec.keep).rev().try_for_each(shift);
        let done = shifted.and_then(|()| dir.rename(&new, NAME));
        if done.is_err() {
            let _ = dir.remove(&new);
        }
        done
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSPC | libc::EDQUOT))
}

fn ends_line(file: &File, size: u64) -> bool {
    use std::os::unix::fs::FileExt;
    let mut last = [0];
    file.read_exact_at(&mut last, size - 1).is_ok() && last == *b"\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;
    use proptest::prelude::*;

    struct Rig {
        _tmp: tempfile::TempDir,
        dir: InstanceDir,
    }

    fn rig() -> Rig {
        let (_tmp, dir) = instance();
        Rig { _tmp, dir }
    }

    impl Rig {
        fn file(&self, n: u32) -> Option<Vec<u8>> {
            std::fs::read(self.dir.path().join(file_name(n))).ok()
        }

        fn all(&self) -> Vec<Vec<u8>> {
            (0..100).map_while(|n| self.file(n)).collect()
        }
    }

    #[test]
    fn rotation_is_at_line_ends_and_keeps_so_many() {
        let rig = rig();
        let spec = LogSpec { max_size: 10, keep: 2 };
        let mut log = ConsoleLog::open(&rig.dir, spec, 0);
        for line in [
            "one\n",
            "two\n",
            "three\n",
            "four\n",
            "a very long line indeed\n",
            "six\n",
            "seven\n",
        ] {
            log.append(&rig.dir, line.as_bytes(), 0);
        }
        let files: Vec<String> = rig
            .all()
            .into_iter()
            .map(|file| String::from_utf8(file).unwrap())
            .collect();
        assert_eq!(files, ["", "six\nseven\n", "a very long line indeed\n"]);
        assert_eq!(log.lost(), (0, 0));
    }

    #[test]
    fn a_lowered_number_of_kept_files_holds_from_the_next_rotation_on() {
        for keep in [0, 1, 2] {
            let rig = rig();
            let append = |keep, lines: &[u8]| {
                let mut log = ConsoleLog::open(&rig.dir, LogSpec { max_size: 2, keep }, 0);
                log.append(&rig.dir, lines, 0);
            };
            append(5, b"1\n2\n3\n4\n5\n6\n");
            assert_eq!(rig.all().len(), 6);
            append(keep, b"7\n");
            let kept = usize::try_from(keep).unwrap();
            let wanted: Vec<Vec<u8>> = [&b""[..], b"7\n", b"6\n"].iter().map(|file| file.to_vec()).collect();
            assert_eq!((1..9).filter_map(|n| rig.file(n)).collect::<Vec<_>>(), wanted[1..=kept]);
        }
    }

    #[test]
    fn a_log_without_kept_files_begins_anew() {
        let rig = rig();
        let mut log = ConsoleLog::open(&rig.dir, LogSpec { max_size: 4, keep: 0 }, 0);
        log.append(&rig.dir, b"abc\nde", 0);
        assert_eq!(rig.all(), [b"de".to_vec()]);
    }

    #[test]
    fn a_removed_log_is_made_again_and_a_cut_one_goes_on() {
        let rig = rig();
        let mut log = ConsoleLog::open(&rig.dir, LogSpec::default(), 0);
        log.append(&rig.dir, b"one\n", 0);
        std::fs::remove_file(rig.dir.path().join(NAME)).unwrap();
        log.append(&rig.dir, b"two\n", CHECK_MS);
        assert_eq!(rig.file(0).unwrap(), b"two\n");
        std::fs::write(rig.dir.path().join(NAME), "").unwrap();
        log.append(&rig.dir, b"three\n", 2 * CHECK_MS);
        assert_eq!(rig.file(0).unwrap(), b"three\n", "no hole where the cut bytes stood");
    }

    #[test]
    fn what_is_lost_is_counted_and_marked_where_it_would_have_stood() {
        let rig = rig();
        let mut log = ConsoleLog::open(&rig.dir, LogSpec::default(), 0);
        log.append(&rig.dir, b"before", 0);
        let real = log.file.take();
        log.file = Some(File::options().write(true).open("/dev/full").unwrap());
        log.append(&rig.dir, b"12345", 1);
        log.append(&rig.dir, b"678", 2);
        assert_eq!(log.lost(), (8, 8));
        log.file = real;
        log.append(&rig.dir, b"9\n", 3);
        assert_eq!(log.lost(), (10, 10), "too soon for another try");
        log.append(&rig.dir, b"after\n", 1 + RETRY_MS);
        let text = String::from_utf8(rig.file(0).unwrap()).unwrap();
        assert_eq!(
            text,
            "before\n[gamectl: 10 bytes of output were lost here: No space left on device (os error 28)]\nafter\n"
        );
        assert_eq!(log.lost(), (10, 0));
    }

    proptest! {
        /// However output is cut into writes, every byte is in the files, in
        /// order, and no file is far too large.
        #[test]
        fn nothing_is_lost_or_doubled(
            chunks in proptest::collection::vec(proptest::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(b'\n')], 0..60), 0..40),
            max_size in 1_u64..100,
        ) {
            let rig = rig();
            let mut log = ConsoleLog::open(&rig.dir, LogSpec { max_size, keep: 90 }, 0);
            let mut expected = Vec::new();
            for chunk in &chunks {
                log.append(&rig.dir, chunk, 0);
                expected.extend_from_slice(chunk);
            }
            let files = rig.all();
            if files.len() < 90 {
                let written: Vec<u8> = files.iter().rev().flatten().copied().collect();
                prop_assert_eq!(written, expected);
            }
            for file in files.iter().skip(1) {
                prop_assert!(file.last() == Some(&b'\n'), "rotated at the end of a line");
            }
            prop_assert_eq!(log.lost(), (0, 0));
        }
    }
}
