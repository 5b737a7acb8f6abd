//! The last lines that a program printed.

use std::collections::VecDeque;

use crate::text::Cleaner;

/// The most lines that are kept.
const LINES_MAX: usize = 10;

/// The most bytes of a line that are kept.
const LINE_MAX: usize = 400;

/// The last lines of a stream, without anything that a terminal could obey. A carriage
/// return ends a line, so that progress that is drawn over itself shows.
#[derive(Debug, Default)]
pub(super) struct LastLines {
    lines: VecDeque<String>,
    /// The line that has not ended.
    rest: String,
    cleaner: Cleaner,
}

impl LastLines {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.cleaner.push(bytes, &mut self.rest);
        self.split();
    }

    /// Takes the end of the stream.
    pub(super) fn finish(&mut self) {
        self.cleaner.finish(&mut self.rest);
        self.rest.push('\n');
        self.split();
    }

    /// Returns the last line that says something.
    pub(super) fn latest(&self) -> &str {
        self.lines.back().map_or("", String::as_str)
    }

    /// Returns the lines, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    fn split(&mut self) {
        while let Some(end) = self.rest.find('\n') {
            let line: String = self.rest.drain(..=end).collect();
            self.add(line.trim_end());
        }
        // A line without end is kept as far as it is shown.
        cut(&mut self.rest);
    }

    fn add(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        let mut line = line.to_owned();
        cut(&mut line);
        self.lines.push_back(line);
        if self.lines.len() > LINES_MAX {
            self.lines.pop_front();
        }
    }
}

fn cut(line: &mut String) {
    if line.len() > LINE_MAX {
        let end = (0..=LINE_MAX).rev().find(|at| line.is_char_boundary(*at));
        line.truncate(end.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_cleaned() {
        let mut lines = LastLines::default();
        for number in 0..30 {
            lines.push(format!("line {number}\r\n\n").as_bytes());
        }
        lines.push(b"\x1b[31m50 %\rdone");
        assert_eq!(lines.latest(), "50 %");
        lines.finish();
        let all: Vec<&str> = lines.iter().collect();
        assert_eq!(all.len(), LINES_MAX);
        assert_eq!(all.first(), Some(&"line 22"));
        assert_eq!(all.last(), Some(&"done"));
    }

    #[test]
    fn a_line_without_end_takes_no_memory_without_end() {
        let mut lines = LastLines::default();
        for _ in 0..1000 {
            lines.push("ä".repeat(1000).as_bytes());
        }
        assert!(lines.rest.len() <= LINE_MAX);
        lines.finish();
        assert!(lines.latest().len() <= LINE_MAX && lines.latest().ends_with('ä'));
    }
}
