//! The console log with the time before each line, and with a line wherever a launch began
//! or ended.

use std::io;
use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::folder::InstanceDir;
use super::launch::LogPosition;
use super::tail::Tail;
use super::time_index::TimeIndex;
use super::times::{NoteKind, TimeNote};
use crate::sys::reaper::{Ending, signal_name};

/// The word in place of a time that is not known.
const NO_TIME: &str = "-";

/// A reader of a log that puts the time before each line.
#[derive(Debug)]
pub struct StampedTail {
    tail: Tail,
    index: TimeIndex,
    at_line_start: bool,
    /// True if a line was ended here that goes on with its end in the log.
    broke_line: bool,
    /// The number of the next note whose launch is to be told of; `None` before the
    /// first line.
    next_note: Option<usize>,
    /// Output that is held back once, until its note is there.
    held: Option<(Vec<u8>, LogPosition)>,
    /// True while the log is followed.
    follows: bool,
}

impl StampedTail {
    pub fn new(tail: Tail, follows: bool) -> Self {
        Self {
            tail,
            index: TimeIndex::default(),
            at_line_start: true,
            broke_line: false,
            next_note: None,
            held: None,
            follows,
        }
    }

    /// Reads on, `count` bytes of the log at most; empty when there is nothing more for
    /// now.
    pub fn read(&mut self, dir: &InstanceDir, count: usize) -> io::Result<Vec<u8>> {
        if let Some((bytes, place)) = self.held.take() {
            self.index.refresh(dir)?;
            return Ok(self.stamp(&bytes, place));
        }
        // Before the log: all that is noted until now is in what is read then.
        let before = self.index.len();
        self.index.refresh(dir)?;
        let known = self.index.len();
        if known < before {
            // The older part was dropped.
            self.next_note = None;
        }
        let mut bytes = vec![0; count];
        let (n, place) = self.tail.read_placed(dir, &mut bytes)?;
        if n == 0 {
            return Ok(self.rest(known));
        }
        bytes.truncate(n);
        self.index.refresh(dir)?;
        if self.follows && self.index.may_lag() {
            self.held = Some((bytes, place));
            return Ok(Vec::new());
        }
        Ok(self.stamp(&bytes, place))
    }

    /// Stamps a piece of the log that begins at this place.
    fn stamp(&mut self, bytes: &[u8], mut place: LogPosition) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() * 2);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let rest_of_broken = std::mem::take(&mut self.broke_line) && line == b"\n";
            if self.at_line_start && !rest_of_broken {
                self.tell_until(place, &mut out);
                push_second(self.index.second(place), &mut out);
            }
            if !rest_of_broken {
                out.extend_from_slice(line);
                self.at_line_start = line.ends_with(b"\n");
            }
            place.offset += line.len() as u64;
        }
        out
    }

    /// Tells of the launches that began or ended before the line at this place.
    fn tell_until(&mut self, place: LogPosition, out: &mut Vec<u8>) {
        let first = self.next_note.unwrap_or_else(|| self.index.first_at(place));
        let behind = self.index.behind(place).max(first);
        self.next_note = Some(behind);
        self.tell(first..behind, out);
    }

    /// Tells of the launches that began or ended behind the last line.
    fn rest(&mut self, known: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let known = match self.tail.end() {
            Some(end) => self.index.launch_at(end).unwrap_or(0),
            None => known,
        };
        if let Some(first) = self.next_note.filter(|first| *first < known) {
            self.next_note = Some(known);
            self.tell(first..known, &mut out);
            if !self.at_line_start && !out.is_empty() {
                out.insert(0, b'\n');
                (self.at_line_start, self.broke_line) = (true, true);
            }
        }
        out
    }

    fn tell(&self, notes: Range<usize>, out: &mut Vec<u8>) {
        for note in self.index.notes(notes) {
            if let Some(what) = told(note) {
                push_second(Some(note.second()), out);
                out.extend_from_slice(format!("[gamectl: {what}]\n").as_bytes());
            }
        }
    }
}

fn told(note: &TimeNote) -> Option<String> {
    Some(match note.kind {
        NoteKind::Coarse | NoteKind::Line => return None,
        NoteKind::Launched => "launched".to_owned(),
        NoteKind::Ended(None) => "ended".to_owned(),
        NoteKind::Ended(Some(Ending::Code(code))) => format!("ended with exit code {code}"),
        NoteKind::Ended(Some(Ending::Signal(signal, _))) => format!("killed by {}", signal_name(signal)),
    })
}

fn push_second(second: Option<u64>, out: &mut Vec<u8>) {
    let at = second.and_then(|second| UNIX_EPOCH.checked_add(Duration::from_secs(second)));
    push_time(at, out);
}

/// Appends the time of a line, and a blank; `-` for one that is not known.
pub fn push_time(at: Option<SystemTime>, out: &mut Vec<u8>) {
    let text = at.map_or_else(
        || NO_TIME.to_owned(),
        |at| humantime::format_rfc3339_seconds(at).to_string(),
    );
    out.extend_from_slice(text.as_bytes());
    out.push(b' ');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::LogSpec;
    use crate::store::console::ConsoleLog;
    use crate::store::launch;
    use crate::store::testing::instance;
    use crate::store::times::Times;

    /// A log that is written at given seconds, each of which is now.
    struct Rig {
        _tmp: tempfile::TempDir,
        dir: InstanceDir,
        spec: LogSpec,
    }

    fn rig(max_size: u64) -> Rig {
        let (_tmp, dir) = instance();
        let spec = LogSpec { max_size, keep: 3 };
        Rig { _tmp, dir, spec }
    }

    impl Rig {
        /// Prints as a launch does, and ends; `None` kills its shim instead.
        fn launch(&self, said: &[(u64, &str)], ending: Option<Ending>) -> LogPosition {
            let mut log = ConsoleLog::open(&self.dir, self.spec, 0);
            let mut times = Times::default();
            log.begin_launch(0, 0);
            let mut record = launch::tests::sample();
            record.log = log.position();
            record.launched_wall_ms = said[0].0 * 1000;
            times.launched(&record);
            let mut last = 0;
            for (second, text) in said {
                times.append(&mut log, &self.dir, text.as_bytes(), 0, second * 1000);
                last = *second;
            }
            if ending.is_some() {
                times.ended(&self.dir, &log, ending, last * 1000);
            }
            self.written_at(last);
            record.log
        }

        fn written_at(&self, second: u64) {
            let file = std::fs::File::options()
                .write(true)
                .open(self.dir.path().join("console.log"));
            file.unwrap()
                .set_modified(UNIX_EPOCH + Duration::from_secs(second))
                .unwrap();
        }

        fn shown(&self, tail: Tail) -> Vec<String> {
            let mut stamped = StampedTail::new(tail, false);
            let mut text = Vec::new();
            loop {
                let piece = stamped.read(&self.dir, 5).unwrap();
                if piece.is_empty() {
                    break;
                }
                text.extend(piece);
            }
            let text = String::from_utf8(text).unwrap();
            let short = |line: &str| line.replace("1970-01-01T00:", "").replace('Z', "");
            text.lines().map(short).collect()
        }

        fn all(&self) -> Vec<String> {
            self.shown(Tail::from_start(&self.dir).unwrap())
        }

        fn since(&self, second: u64) -> Vec<String> {
            let at: SystemTime = UNIX_EPOCH + Duration::from_millis(second * 1000 + 999);
            self.shown(TimeIndex::tail_since(&self.dir, at).unwrap())
        }
    }

    const SAID: &[(u64, &str)] = &[(60, "one\ntwo\n"), (61, "three\nfo"), (63, "ur\nfive\n")];

    #[test]
    fn each_line_has_its_second_and_each_launch_its_lines() {
        let rig = rig(1 << 20);
        rig.launch(SAID, Some(Ending::Code(3)));
        rig.launch(&[(70, "again"), (71, "!\nmore")], Some(Ending::Signal(9, false)));
        let wanted = [
            "01:00 [gamectl: launched]",
            "01:00 one",
            "01:00 two",
            "01:01 three",
            "01:01 four",
            "01:03 five",
            "01:03 [gamectl: ended with exit code 3]",
            "01:10 [gamectl: launched]",
            "01:10 again!",
            "01:11 more",
            "01:11 [gamectl: killed by SIGKILL]",
        ];
        assert_eq!(rig.all(), wanted);
        assert_eq!(rig.since(60), wanted);
        assert_eq!(rig.since(61), wanted[3..]);
        assert_eq!(rig.since(62), wanted[5..]);
        assert_eq!(rig.since(63), wanted[5..]);
        assert_eq!(rig.since(64), wanted[7..]);
        assert_eq!(rig.since(72), [""; 0]);
        let last = Tail::from_last_lines(&rig.dir, 2).unwrap();
        assert_eq!(rig.shown(last), wanted[7..]);
    }

    #[test]
    fn it_is_so_over_a_rotation_and_with_inodes_that_come_again() {
        let rig = rig(12);
        for round in 0..5 {
            let at = 60 + round * 60;
            let said: Vec<(u64, String)> = (0..9).map(|n| (at + n, format!("line {n}\n"))).collect();
            let said: Vec<(u64, &str)> = said.iter().map(|(at, text)| (*at, text.as_str())).collect();
            rig.launch(&said, Some(Ending::Code(0)));
            let shown = rig.all();
            let lines: Vec<&String> = shown.iter().filter(|line| line.contains("line")).collect();
            assert!(lines.len() >= 3, "{shown:?}");
            for line in lines {
                let (second, n) = (line.get(4..5), line.get(11..));
                assert_eq!(second, n, "{shown:?}");
                assert!(line.starts_with(&format!("{:02}:0", round + 1)), "{shown:?}");
            }
        }
    }

    #[test]
    fn what_was_not_noted_has_no_time() {
        let rig = rig(1 << 20);
        rig.launch(SAID, Some(Ending::Code(0)));
        // As an older version does it.
        let mut log = ConsoleLog::open(&rig.dir, rig.spec, 0);
        log.append(&rig.dir, b"of old\n", 0);
        rig.written_at(70);
        assert_eq!(rig.all().last().unwrap(), "- of old");
        assert_eq!(rig.since(69).last().unwrap(), "- of old", "it may be as late");
        assert_eq!(rig.since(71), [""; 0]);
        rig.launch(&[(80, "new\n")], None);
        let shown = rig.all();
        assert_eq!(
            shown[shown.len() - 3..],
            ["- of old", "01:20 [gamectl: launched]", "01:20 new"]
        );
        // A note that is missing at the end.
        log.append(&rig.dir, b"later\n", 0);
        rig.written_at(90);
        assert_eq!(rig.all().last().unwrap(), "- later");
        std::fs::remove_file(rig.dir.path().join("console.times")).unwrap();
        assert!(rig.all().iter().all(|line| line.starts_with("- ")));
    }

    #[test]
    fn the_launch_before_the_last() {
        let rig = rig(1 << 20);
        let first = rig.launch(SAID, Some(Ending::Code(0)));
        let previous = |last| TimeIndex::read(&rig.dir).unwrap().previous_launch(last);
        assert_eq!(previous(first), None);
        let second = rig.launch(&[(70, "a\nb\n")], Some(Ending::Code(1)));
        let last = rig.launch(&[(80, "c\n")], None);
        let range = previous(last).unwrap();
        assert_eq!((range.begin, range.end), (Some(second), last));
        let wanted = [
            "01:10 [gamectl: launched]",
            "01:10 a",
            "01:10 b",
            "01:10 [gamectl: ended with exit code 1]",
        ];
        for lines in [None, Some(50)] {
            let own = Tail::until(&rig.dir, range.end, lines).unwrap().not_before(second);
            assert_eq!(rig.shown(own), wanted);
        }
        let one = Tail::until(&rig.dir, range.end, Some(1)).unwrap();
        assert_eq!(rig.shown(one), wanted[2..]);
        let gone = LogPosition { inode: 1, offset: 0 };
        assert_eq!(previous(gone), None);
        assert_eq!(rig.shown(Tail::until(&rig.dir, gone, None).unwrap()), [""; 0]);
    }

    #[test]
    fn a_followed_line_waits_for_its_note() {
        let rig = rig(1 << 20);
        let mut log = ConsoleLog::open(&rig.dir, rig.spec, 0);
        let mut times = Times::default();
        times.append(&mut log, &rig.dir, b"one\n", 0, 60_000);
        rig.written_at(60);
        let mut stamped = StampedTail::new(Tail::from_start(&rig.dir).unwrap(), true);
        let mut read = || String::from_utf8(stamped.read(&rig.dir, 100).unwrap()).unwrap();
        assert_eq!(read(), "1970-01-01T00:01:00Z one\n");
        assert_eq!(read(), "");
        // Written, and its note is still to come.
        log.append(&rig.dir, b"two\n", 0);
        rig.written_at(65);
        assert_eq!(read(), "", "it is held back");
        let place = LogPosition {
            offset: 4,
            ..log.position()
        };
        let note = TimeNote {
            kind: NoteKind::Line,
            has_gap: false,
            wall_ms: 65_000,
            place,
        };
        let file = std::fs::File::options()
            .append(true)
            .open(rig.dir.path().join("console.times"));
        std::io::Write::write_all(&mut file.unwrap(), &note.to_bytes()).unwrap();
        assert_eq!(read(), "1970-01-01T00:01:05Z two\n");
    }
}
