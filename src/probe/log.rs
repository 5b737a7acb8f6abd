//! A line in the console log of this launch.

use std::sync::Arc;

use regex::bytes::Regex;

use super::context::ProbeContext;
use crate::failure::Failure;
use crate::store::InstanceDir;
use crate::store::tail::Tail;

/// A line longer than this is matched in pieces of this size.
const LINE_MAX: usize = 64 * 1024;

/// Bytes looked at in one go, so that a game that floods its log does not keep
/// us from everything else.
const ONCE_MAX: usize = 16 << 20;

/// Matches lines that this launch wrote.
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
        !self.line.is_empty() && self.pattern.is_match(trimmed(&self.line))
    }

    fn matches(&mut self, bytes: &[u8]) -> bool {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            self.line.extend_from_slice(piece);
            let whole = pieces.peek().is_some();
            if whole || self.line.len() >= LINE_MAX {
                if self.pattern.is_match(trimmed(&self.line)) {
                    return true;
                }
                self.line.clear();
            }
        }
        false
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
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
}
