//! A line in the console log of this launch.

use std::sync::Arc;

use super::context::ProbeContext;
use super::line_matcher::LineMatcher;
use super::log_lines::LINE_MAX;
use crate::failure::Failure;
use crate::store::InstanceDir;
use crate::store::tail::Tail;

/// Bytes looked at in one go, so that a game that floods its log does not keep
/// us from everything else.
const ONCE_MAX: usize = 16 << 20;

/// Matches lines that this launch wrote.
#[derive(Debug)]
pub(super) struct LogProbe {
    lines: LineMatcher,
    dir: Arc<InstanceDir>,
    tail: Option<Tail>,
    from: crate::store::launch::LogPosition,
}

impl LogProbe {
    pub(super) fn new(pattern: &str, context: &ProbeContext) -> Result<Self, Failure> {
        Ok(Self {
            lines: LineMatcher::new(pattern)?,
            dir: context
                .dir
                .clone()
                .ok_or_else(|| Failure::failed("there is no console log to look at"))?,
            tail: None,
            from: context.log_from,
        })
    }

    /// Reads what was written since the last look. A log that cannot be read
    /// has not shown the line.
    pub(super) fn holds(&mut self) -> bool {
        if self.tail.is_none() {
            self.tail = Tail::from_position(&self.dir, self.from).ok();
        }
        let mut buffer = vec![0; LINE_MAX];
        let mut seen = 0;
        while seen < ONCE_MAX {
            let Some(tail) = &mut self.tail else { return false };
            match tail.read(&self.dir, &mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(n) => {
                    seen += n;
                    if self.lines.matches(buffer.get(..n).unwrap_or_default()) {
                        return true;
                    }
                }
            }
        }
        // A game that prints a prompt ends no line for a long time.
        seen > 0 && self.lines.unfinished_matches()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::launch::LogPosition;
    use crate::store::{StateDir, console};
    use std::io::Write;

    fn context(state: &StateDir) -> ProbeContext {
        let dir = state.create_instance("a").unwrap();
        ProbeContext {
            dir: Some(Arc::new(dir)),
            log_from: LogPosition { inode: 0, offset: 0 },
            launched_boot_ms: 0,
            owner: None,
            cwd: "/".into(),
            env: Vec::new(),
            file_from: None,
        }
    }

    #[test]
    fn a_line_split_over_reads_and_bad_text() {
        let temporary = tempfile::tempdir().unwrap();
        let state = StateDir::create(&temporary.path().join("state")).unwrap();
        let context = context(&state);
        let mut probe = LogProbe::new("^Server (ready|up)$", &context).unwrap();
        let mut log = context.dir.as_ref().unwrap().open_append(console::NAME).unwrap();
        assert!(!probe.holds());
        log.write_all(b"not Server ready\n\xff\xfe\nSer").unwrap();
        assert!(!probe.holds());
        log.write_all(b"ver rea").unwrap();
        assert!(!probe.holds());
        log.write_all(b"dy\r\nmore\n").unwrap();
        assert!(probe.holds());
    }

    #[test]
    fn a_line_split_by_a_rotation_and_one_far_behind_it() {
        let temporary = tempfile::tempdir().unwrap();
        let state = StateDir::create(&temporary.path().join("state")).unwrap();
        let context = context(&state);
        let dir = context.dir.as_ref().unwrap();
        let mut probe = LogProbe::new("^(ready|up)$", &context).unwrap();
        let mut log = dir.open_append(console::NAME).unwrap();
        let rotate = || {
            let name = |n| dir.path().join(console::file_name(n));
            std::fs::rename(name(0), name(1)).unwrap();
        };
        log.write_all(b"a line\nrea").unwrap();
        assert!(!probe.holds());
        rotate();
        let mut log = dir.open_append(console::NAME).unwrap();
        log.write_all(b"lly not\n").unwrap();
        assert!(!probe.holds());
        // Written, and rotated away, before anybody looked.
        log.write_all(b"up\n").unwrap();
        rotate();
        dir.open_append(console::NAME).unwrap().write_all(b"more\n").unwrap();
        assert!(probe.holds());
    }

    #[test]
    fn only_what_this_launch_wrote() {
        use std::os::unix::fs::MetadataExt;
        let temporary = tempfile::tempdir().unwrap();
        let state = StateDir::create(&temporary.path().join("state")).unwrap();
        let mut context = context(&state);
        let mut log = context.dir.as_ref().unwrap().open_append(console::NAME).unwrap();
        log.write_all(b"ready\n").unwrap();
        let meta = log.metadata().unwrap();
        context.log_from = LogPosition {
            inode: meta.ino(),
            offset: meta.len(),
        };
        let mut probe = LogProbe::new("^ready$", &context).unwrap();
        assert!(!probe.holds());
        log.write_all(b"ready\n").unwrap();
        assert!(probe.holds());
    }

    /// The rest of a line that is being written may be anything.
    #[test]
    fn half_a_line_is_no_line() {
        for (pattern, half, rest, early) in [
            ("^Server up$", &b"Server up"[..], &b" to date? No.\n"[..], false),
            ("Server (up$|ready)", b"Server up", b"grade\n", false),
            (r"Server up\b", b"Server up", b"grade\n", false),
            (r"Server up\B", b"Server up", b"\n", false),
            (r"Server up\z", b"Server up", b"grade\n", false),
            ("Server fünf", "Server fü".as_bytes(), "r 8\n".as_bytes(), false),
            ("Server fü$", &"Server fü".as_bytes()[..9], "ü\n".as_bytes(), false),
            ("^Server up$", b"\x1b[32mServer up\x1b[", b"0m to date\n", false),
            // What matches now matches however it goes on, and so does a line that a
            // carriage return has ended.
            ("^Server up", b"Server up", b" to date\n", true),
            ("(?m)^Server \\w+", b"Server u", b"p\n", true),
            ("^Server up$", b"10%\rServer up\r", b"20%\n", true),
            ("^> ", b"> ", b"\n", true),
        ] {
            let temporary = tempfile::tempdir().unwrap();
            let state = StateDir::create(&temporary.path().join("state")).unwrap();
            let context = context(&state);
            let mut log = context.dir.as_ref().unwrap().open_append(console::NAME).unwrap();
            let mut probe = LogProbe::new(pattern, &context).unwrap();
            log.write_all(half).unwrap();
            assert_eq!(probe.holds(), early, "{pattern}: {half:?}");
            if !early {
                log.write_all(rest).unwrap();
                assert!(!probe.holds(), "{pattern}: {half:?} {rest:?}");
                log.write_all(&[half, b"\n"].concat()).unwrap();
                assert_eq!(
                    probe.holds(),
                    !pattern.contains("\\B") && !pattern.contains("fü"),
                    "{pattern}"
                );
            }
        }
    }

    #[test]
    fn a_line_as_it_is_shown_as_it_is_and_in_utf_16() {
        let units = |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let little = |text: &str| units(text, u16::to_le_bytes);
        let big = |text: &str| units(text, u16::to_be_bytes);
        let cases: &[(&str, Vec<u8>)] = &[
            (
                "^Server up on \\d+$",
                b"\x1b[32mServer \x1b[1mup\x1b[0m on 7777\r\n".to_vec(),
            ),
            ("^Server up$", b"\x1b]0;1/8 players\x07Server up\n\x1b[2K: ".to_vec()),
            ("^Server up$", b"\x1b[2K\x1b[1GServer up\n".to_vec()),
            ("^Server up$", b"10%\r20%\rServer up\r100%".to_vec()),
            ("^Server up$", b"Server up\r".to_vec()),
            ("\\x1b\\[32mup", b"\x1b[32mup\x1b[0m\n".to_vec()),
            ("^Server up$", b"S\0e\0rver up\n".to_vec()),
            ("^Welt für 日本$", little("\u{feff}Laden\r\nWelt für 日本\r\nmehr\r\n")),
            ("^Server up$", little("\u{feff}Server up\r\n")),
            ("^Server up$", little("Loading\nServer up\n")),
            ("^Server up$", b"\xef\xbb\xbfServer up\r\n".to_vec()),
            ("^Server up$", b"\n\xef\xbb\xbfServer up\n".to_vec()),
            ("^Server up$", little("Loading\r\nServer up\r\n")),
            ("^Server up$", big("Loading\r\nServer up\r\n")),
            ("^Server up$", little("\u{feff}10%\rServer up\r100%")),
            ("^Server up$", big("10%\rServer up\r100%")),
            ("^服务器上线$", little("\u{feff}服务器\r\n服务器上线\r\n")),
            ("^服务器上线$", big("\u{feff}服务器\r\n服务器上线\r\n")),
            ("^\u{1f3ae} up$", little("\u{feff}服务器\n\u{1f3ae} up\n")),
            ("^Welt für 日本$", big("\u{feff}Laden\r\nWelt für 日本\r\nmehr\r\n")),
            ("^Server up$", big("\u{feff}Server up\r\n")),
        ];
        for (pattern, printed) in cases {
            let temporary = tempfile::tempdir().unwrap();
            let state = StateDir::create(&temporary.path().join("state")).unwrap();
            let context = context(&state);
            let mut log = context.dir.as_ref().unwrap().open_append(console::NAME).unwrap();
            let mut probe = LogProbe::new(pattern, &context).unwrap();
            // However it is cut into reads.
            let (first, last) = printed.split_at(printed.len() / 2);
            log.write_all(first).unwrap();
            let early = probe.holds();
            log.write_all(last).unwrap();
            assert!(early || probe.holds(), "{pattern}: {printed:?}");
            let mut by_byte = LogProbe::new(pattern, &context).unwrap();
            let held = printed.chunks(1).any(|byte| by_byte.lines.matches(byte));
            assert!(held || by_byte.lines.unfinished_matches(), "{pattern}: {printed:?}");
            let mut probe = LogProbe::new("^erver|^elt", &context).unwrap();
            assert!(!probe.holds(), "{printed:?}");
        }
    }
}
