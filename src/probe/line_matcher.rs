//! A pattern, and the text in which it looks for its line.

use super::log_lines::{LINE_MAX, LinePattern, ShownLines, WideText};
use crate::failure::Failure;

/// A search in what a game writes: for a line as `logs` shows it, then as it is, and
/// then as UTF-16, which programs for Windows print.
#[derive(Debug)]
pub(super) struct LineMatcher {
    pattern: LinePattern,
    shown: ShownLines,
    /// The text behind a mark of UTF-16, and its lines.
    wide: Option<(WideText, ShownLines)>,
    /// The beginning of a line as it is.
    line: Vec<u8>,
}

impl LineMatcher {
    pub(super) fn new(pattern: &str) -> Result<Self, Failure> {
        Ok(Self {
            pattern: LinePattern::new(pattern)?,
            shown: ShownLines::default(),
            wide: None,
            line: Vec::new(),
        })
    }

    /// Forgets what it was given: what comes next begins another file.
    pub(super) fn begin_anew(&mut self) {
        self.shown = ShownLines::default();
        self.wide = None;
        self.line.clear();
    }

    /// Adds a piece. Returns true if a line that ends within it matches.
    pub(super) fn matches(&mut self, bytes: &[u8]) -> bool {
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

    /// Returns true if the line that has not ended matches, whatever follows.
    pub(super) fn unfinished_matches(&self) -> bool {
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
