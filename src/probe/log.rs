//! A line in the console log of this launch.

use std::sync::Arc;

use super::context::ProbeContext;
use super::log_lines::{LINE_MAX, LinePattern, ShownLines, WideText};
use crate::failure::Failure;
use crate::store::InstanceDir;
use crate::store::tail::Tail;

/// Bytes looked at in one go, so that a game that floods its log does not keep
/// us from everything else.
const ONCE_MAX: usize = 16 << 20;

/// Matches lines that this launch wrote: as `logs` shows them, then as they are, and
/// then as UTF-16, which programs for Windows print.
#[derive(Debug)]
pub(super) struct LogProbe {
    pattern: LinePattern,
    dir: Arc<InstanceDir>,
    tail: Option<Tail>,
    from: crate::store::launch::LogPosition,
    shown: ShownLines,
    /// The text behind a mark of UTF-16, and its lines.
    wide: Option<(WideText, ShownLines)>,
    /// The beginning of a line as it is.
    line: Vec<u8>,
}

impl LogProbe {
    pub(super) fn new(pattern: &str, context: &ProbeContext) -> Result<Self, Failure> {
        Ok(Self {
            pattern: LinePattern::new(pattern)?,
            dir: context
                .dir
                .clone()
                .ok_or_else(|| Failure::failed("there is no console log to look at"))?,
            tail: None,
            from: context.log_from,
            shown: ShownLines::default(),
            wide: None,
            line: Vec::new(),
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
                    if self.matches(buffer.get(..n).unwrap_or_default()) {
                        return true;
                    }
                }
            }
        }
        // A game that prints a prompt ends no line for a long time.
        seen > 0 && self.unfinished_matches()
    }

    fn matches(&mut self, bytes: &[u8]) -> bool {
        if self.shown.push(bytes, &self.pattern) {
            return true;
        }
        bytes
            .split_inclusive(|byte| *byte == b'\n')
            .any(|piece| self.raw_matches(piece))
    }

    /// Adds a piece of a line as it is. Returns true if the line ends there and matches.
    fn raw_matches(&mut self, piece: &[u8]) -> bool {
        let is_marked = self.wide.is_some();
        self.line.extend_from_slice(piece);
        if !is_marked {
            self.wide = WideText::with_mark(&self.line).map(|text| (text, ShownLines::default()));
        }
        if let Some((text, lines)) = &mut self.wide {
            let new = if is_marked { piece } else { &self.line };
            if lines.push(text.read(new).as_bytes(), &self.pattern) {
                return true;
            }
        }
        let has_ended = piece.ends_with(b"\n");
        if !has_ended && self.line.len() < LINE_MAX {
            return false;
        }
        let matched = line_matches(&self.pattern, &self.line, has_ended);
        self.line.clear();
        matched
    }

    fn unfinished_matches(&self) -> bool {
        let wide = self.wide.as_ref().map(|(_, lines)| lines);
        let mut views = std::iter::once(&self.shown).chain(wide);
        views.any(|lines| lines.unfinished_matches(&self.pattern))
            || (!self.line.is_empty() && line_matches(&self.pattern, &self.line, false))
    }
}

/// Returns true if the pattern matches a line, or the beginning of one, as it is or as
/// UTF-16.
fn line_matches(pattern: &LinePattern, line: &[u8], has_ended: bool) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let raw = line.strip_suffix(b"\r").unwrap_or(line);
    // It has been matched as it is shown.
    if raw.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return false;
    }
    let is_match = match has_ended {
        true => pattern.matches(raw),
        false => pattern.matches_beginning(raw),
    };
    is_match || from_utf16(line).any(|text| text_matches(pattern, &text, has_ended))
}

fn text_matches(pattern: &LinePattern, text: &str, has_ended: bool) -> bool {
    let mut lines = ShownLines::default();
    let end: &[u8] = if has_ended { b"\n" } else { b"" };
    lines.push(text.as_bytes(), pattern) || lines.push(end, pattern) || lines.unfinished_matches(pattern)
}

/// Reads a line of UTF-16 without a mark, whose line end was a byte, in either order.
/// Nothing is returned where too few bytes are NUL for that.
///
/// One half of a line end stays with its own line or the next. So both orders look
/// alike, except for what is not ASCII, and both are tried.
fn from_utf16(line: &[u8]) -> impl Iterator<Item = String> {
    let nuls = line.iter().filter(|byte| **byte == 0).count();
    let is_wide = nuls * 4 >= line.len();
    let orders = is_wide.then(|| {
        let little = line.strip_prefix(b"\0").unwrap_or(line);
        [WideText::new(true).read(little), WideText::new(false).read(line)]
    });
    orders.into_iter().flatten()
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
            let held = printed.chunks(1).any(|byte| by_byte.matches(byte));
            assert!(held || by_byte.unfinished_matches(), "{pattern}: {printed:?}");
            let mut probe = LogProbe::new("^erver|^elt", &context).unwrap();
            assert!(!probe.holds(), "{printed:?}");
        }
    }
}
