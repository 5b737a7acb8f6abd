//! Lines that come together from pieces, and the patterns that match them.

use regex::bytes::Regex;
use regex_syntax::hir::Look;

use crate::failure::Failure;
use crate::text::Cleaner;

/// A line longer than this is matched in pieces of about this size, in bytes.
pub(super) const LINE_MAX: usize = 64 * 1024;

const MARK: char = '\u{feff}';

/// A regular expression for lines.
#[derive(Debug)]
pub(super) struct LinePattern {
    regex: Regex,
    /// False if it looks beyond what it matches, as `$` and `\b` do: the end of what is
    /// here is not that of a line.
    suits_beginnings: bool,
}

impl LinePattern {
    pub(super) fn new(pattern: &str) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::failed(format!("ready.log: {error}"));
        let regex = Regex::new(pattern).map_err(|error| failed(&error))?;
        let parsed = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern);
        let looks = parsed.map_err(|error| failed(&error))?.properties().look_set();
        Ok(Self {
            regex,
            suits_beginnings: looks.iter().all(|look| matches!(look, Look::Start | Look::StartLF)),
        })
    }

    /// Returns true if it matches a line.
    pub(super) fn matches(&self, line: &[u8]) -> bool {
        self.regex.is_match(line)
    }

    /// Returns true if it matches a line, whatever follows this beginning of it.
    pub(super) fn matches_beginning(&self, line: &[u8]) -> bool {
        self.suits_beginnings && self.matches(line)
    }

    fn matches_shown(&self, line: &str, has_ended: bool) -> bool {
        let matches = |line: &str| match has_ended {
            true => self.matches(line.as_bytes()),
            false => self.matches_beginning(line.as_bytes()),
        };
        // A byte order mark is seen by nobody.
        matches(line) || line.strip_prefix(MARK).is_some_and(matches)
    }
}

/// Lines as `logs` shows them.
#[derive(Debug, Default)]
pub(super) struct ShownLines {
    cleaner: Cleaner,
    /// The beginning of a line.
    line: String,
}

impl ShownLines {
    /// Adds a piece. Returns true if a line that ends within it matches.
    pub(super) fn push(&mut self, bytes: &[u8], pattern: &LinePattern) -> bool {
        self.cleaner.push(bytes, &mut self.line);
        let mut matched = false;
        if let Some((ended, rest)) = self.line.rsplit_once('\n') {
            matched = ended.split('\n').any(|line| pattern.matches_shown(line, true));
            self.line = rest.to_owned();
        }
        if self.line.len() >= LINE_MAX {
            matched |= pattern.matches_shown(&self.line, false);
            self.line.clear();
        }
        matched
    }

    /// Returns true if the line that has not ended matches, whatever follows.
    pub(super) fn unfinished_matches(&self, pattern: &LinePattern) -> bool {
        let has_ended = self.cleaner.has_returned();
        (has_ended || !self.line.is_empty()) && pattern.matches_shown(&self.line, has_ended)
    }
}

/// UTF-16, as it comes in bytes.
#[derive(Debug)]
pub(super) struct WideText {
    is_little: bool,
    /// The first byte of a unit.
    half_unit: Option<u8>,
    /// The first unit of a pair.
    half_pair: Option<u16>,
}

impl WideText {
    /// Returns text that begins with this mark of its byte order; `None` if that is none.
    pub(super) fn with_mark(mark: &[u8]) -> Option<Self> {
        match mark {
            [0xff, 0xfe, ..] => Some(Self::new(true)),
            [0xfe, 0xff, ..] => Some(Self::new(false)),
            _ => None,
        }
    }

    pub(super) fn new(is_little: bool) -> Self {
        Self {
            is_little,
            half_unit: None,
            half_pair: None,
        }
    }

    /// Returns the text of the next bytes.
    pub(super) fn read(&mut self, bytes: &[u8]) -> String {
        let mut units: Vec<u16> = self.half_pair.take().into_iter().collect();
        for byte in bytes {
            match self.half_unit.take() {
                None => self.half_unit = Some(*byte),
                Some(first) if self.is_little => units.push(u16::from_le_bytes([first, *byte])),
                Some(first) => units.push(u16::from_be_bytes([first, *byte])),
            }
        }
        if units.last().is_some_and(|last| matches!(last, 0xd800..=0xdbff)) {
            self.half_pair = units.pop();
        }
        String::from_utf16_lossy(&units)
    }
}
