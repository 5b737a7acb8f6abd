//! A line in the console log of this launch.

use std::sync::Arc;

use regex::bytes::Regex;

use super::context::ProbeContext;
use crate::failure::Failure;
use crate::store::InstanceDir;
use crate::store::tail::Tail;
use crate::text;

/// A line longer than this is matched in pieces of this size.
const LINE_MAX: usize = 64 * 1024;

/// Bytes looked at in one go, so that a game that floods its log does not keep
/// us from everything else.
const ONCE_MAX: usize = 16 << 20;

/// Matches lines that this launch wrote: as `logs` shows them, then as they are, and
/// then as UTF-16, which programs for Windows print.
#[derive(Debug)]
pub(super) struct LogProbe {
    pattern: Regex,
    dir: Arc<InstanceDir>,
    tail: Option<Tail>,
    from: crate::store::launch::LogPosition,
    line: Vec<u8>,
}

impl LogProbe {
    pub(super) fn new(pattern: &str, context: &ProbeContext) -> Result<Self, Failure> {
        let pattern = Regex::new(pattern).map_err(|error| Failure::failed(format!("ready.log: {error}")))?;
        Ok(Self {
            pattern,
            dir: context
                .dir
                .clone()
                .ok_or_else(|| Failure::failed("there is no console log to look at"))?,
            tail: None,
            from: context.log_from,
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
        seen > 0 && !self.line.is_empty() && is_match(&self.pattern, &self.line)
    }

    fn matches(&mut self, bytes: &[u8]) -> bool {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            self.line.extend_from_slice(piece);
            let whole = pieces.peek().is_some();
            if whole || self.line.len() >= LINE_MAX {
                if is_match(&self.pattern, &self.line) {
                    return true;
                }
                self.line.clear();
            }
        }
        false
    }
}

/// Returns true if the pattern matches a line. A carriage return ends a line for
/// `logs`, so that one may be several.
fn is_match(pattern: &Regex, line: &[u8]) -> bool {
    let raw = line.strip_suffix(b"\r").unwrap_or(line);
    let shown = |text: &[u8]| {
        let shown = text::clean_bytes(text);
        shown.split('\n').any(|line| pattern.is_match(line.as_bytes()))
    };
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
    if raw.iter().all(is_plain) {
        return pattern.is_match(raw);
    }
    shown(line) || pattern.is_match(raw) || from_utf16(line).any(|text| shown(text.as_bytes()))
}

/// Reads a line of UTF-16, whose line end was a byte, in either order. Nothing is
/// returned where too few bytes are NUL for that.
///
/// One half of a line end stays with its own line or the next. So both orders look
/// alike, except for what is not ASCII, and both are tried.
fn from_utf16(line: &[u8]) -> impl Iterator<Item = String> {
    let decode = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text: String = char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        text.trim_start_matches('\u{feff}').to_owned()
    };
    let nuls = line.iter().filter(|byte| **byte == 0).count();
    let is_wide = line.starts_with(&[0xff, 0xfe]) || line.starts_with(&[0xfe, 0xff]) || nuls * 4 >= line.len();
    let orders = is_wide.then(|| {
        let little = line.strip_prefix(b"\0").unwrap_or(line);
        [decode(little, u16::from_le_bytes), decode(line, u16::from_be_bytes)]
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
        log.write_all(b"ready").unwrap();
        assert!(probe.holds(), "also before its line has ended");
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
            ("^Server up$", b"\x1b[2K\x1b[1GServer up".to_vec()),
            ("^Server up$", b"10%\r20%\rServer up\r100%".to_vec()),
            ("^Server up$", b"Server up\r".to_vec()),
            ("\\x1b\\[32mup", b"\x1b[32mup\x1b[0m\n".to_vec()),
            ("^Server up$", b"S\0e\0rver up\n".to_vec()),
            ("^Welt für 日本$", little("\u{feff}Laden\r\nWelt für 日本\r\nmehr\r\n")),
            ("^Server up$", little("\u{feff}Server up\r\n")),
            ("^Server up$", little("Loading\nServer up")),
            ("^Welt für 日本$", big("\u{feff}Laden\r\nWelt für 日本\r\nmehr\r\n")),
            ("^Server up$", big("\u{feff}Server up\r\n")),
        ];
        for (pattern, printed) in cases {
            let temporary = tempfile::tempdir().unwrap();
            let state = StateDir::create(&temporary.path().join("state")).unwrap();
            let context = context(&state);
            let mut log = context.dir.as_ref().unwrap().open_append(console::NAME).unwrap();
            let mut probe = LogProbe::new(pattern, &context).unwrap();
            let (first, last) = printed.split_at(printed.len() / 2);
            log.write_all(first).unwrap();
            let early = probe.holds();
            log.write_all(last).unwrap();
            assert!(early || probe.holds(), "{pattern}: {printed:?}");
            let mut probe = LogProbe::new("^erver|^elt", &context).unwrap();
            assert!(!probe.holds(), "{printed:?}");
        }
    }
}
