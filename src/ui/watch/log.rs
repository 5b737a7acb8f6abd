//! The log of one instance in the place of the table.

use std::collections::VecDeque;

use crate::pane::PaneLog;
use crate::text::{Cleaner, clean_line};
use crate::ui::paint::Look;
use crate::ui::width::cut;
use crate::ui::wrap::filled;

/// The most lines that are kept.
const LINES_MAX: usize = 1000;

/// The most bytes of a line that are kept.
const LINE_MAX: usize = 4096;

/// The mark before a line that has what is looked for, where that is not coloured.
const MARK: &str = "> ";

/// A log as it is shown.
#[derive(Debug, Default)]
pub(super) struct RenderedLog {
    pub(super) lines: Vec<String>,
    /// The lines that have what is looked for.
    pub(super) hits: Vec<usize>,
}

impl RenderedLog {
    /// Adds a line of the log as its rows. Where a text that is looked for stands on two rows, it
    /// is found on the first one of the line.
    fn add(&mut self, rows: Vec<String>, line: &str, needle: &str) {
        let first = self.lines.len();
        if has(line, needle) {
            let hits = (first..).zip(&rows).filter(|(_, row)| has(row, needle));
            let known = self.hits.len();
            self.hits.extend(hits.map(|(at, _)| at));
            if self.hits.len() == known {
                self.hits.push(first);
            }
        }
        self.lines.extend(rows);
    }

    fn mark(&mut self) {
        for (at, line) in self.lines.iter_mut().enumerate() {
            let is_hit = self.hits.binary_search(&at).is_ok();
            let mark = if is_hit { MARK } else { "  " };
            line.insert_str(0, mark);
        }
    }
}

fn has(line: &str, needle: &str) -> bool {
    !needle.is_empty() && line.to_lowercase().contains(needle)
}

/// Returns a line in which each place of a text stands out, in capitals or not.
pub(super) fn highlighted(line: &str, text: &str) -> String {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        match begins_with(rest, &text) {
            Some(length) => {
                out.push_str("\x1b[7m");
                out.push_str(&rest[..length]);
                out.push_str("\x1b[27m");
                rest = &rest[length..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

/// Returns the length in bytes of the begin of a line that is this text, in small letters.
fn begins_with(line: &str, text: &[char]) -> Option<usize> {
    let mut wanted = text.iter();
    for (at, c) in line.char_indices() {
        if wanted.as_slice().is_empty() {
            return (at > 0).then_some(at);
        }
        for small in c.to_lowercase() {
            if wanted.next() != Some(&small) {
                return None;
            }
        }
    }
    (wanted.as_slice().is_empty() && !text.is_empty()).then_some(line.len())
}

/// The last lines of a log, as they come.
#[derive(Debug)]
pub(super) struct LogLines {
    id: String,
    lines: VecDeque<String>,
    /// The line that has not ended.
    rest: String,
    cleaner: Cleaner,
    /// The reason why there are no more.
    trouble: Option<String>,
}

impl LogLines {
    pub(super) fn of(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            lines: VecDeque::new(),
            rest: String::new(),
            cleaner: Cleaner::default(),
            trouble: None,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Takes the next bytes, or the reason why there are no more.
    pub(super) fn push(&mut self, piece: Result<&[u8], &str>) {
        match piece {
            Ok(bytes) => self.cleaner.push(bytes, &mut self.rest),
            Err(why) => self.trouble = Some(clean_line(why).into_owned()),
        }
        while let Some(end) = self.rest.find('\n') {
            let line: String = self.rest.drain(..=end).collect();
            self.lines.push_back(clean_line(&line).into_owned());
            if self.lines.len() > LINES_MAX {
                self.lines.pop_front();
            }
        }
        if self.rest.len() > LINE_MAX {
            // It is more than a screen holds, and may never end.
            self.lines
                .push_back(clean_line(&std::mem::take(&mut self.rest)).into_owned());
        }
    }

    /// Returns all of it as a text.
    pub(super) fn text(&self) -> String {
        let rest = clean_line(&self.rest);
        let rest = (!rest.is_empty()).then_some(&*rest);
        let lines = self.lines.iter().map(String::as_str).chain(rest);
        lines.flat_map(|line| [line, "\n"]).collect()
    }

    /// Renders all of it, in lines of at most so many columns, and finds what is looked for.
    pub(super) fn render(&self, columns: usize, reader: &PaneLog, look: Look) -> RenderedLog {
        let mut all = RenderedLog::default();
        let needle = reader.search().to_lowercase();
        let gutter = if needle.is_empty() || look.color { 0 } else { MARK.len() };
        let room = columns.saturating_sub(gutter);
        let rest = clean_line(&self.rest);
        let rest = (!rest.is_empty()).then_some(&*rest);
        for line in self.lines.iter().map(String::as_str).chain(rest) {
            let mut rows = match reader.is_cut() {
                true => vec![cut(line, room, look.ellipsis()).into_owned()],
                false => filled(line, room),
            };
            if rows.is_empty() {
                rows.push(String::new());
            }
            all.add(rows, line, &needle);
        }
        if gutter > 0 {
            all.mark();
        }
        if all.lines.is_empty() && self.trouble.is_none() {
            all.lines
                .extend(filled(&format!("{} has printed nothing", self.id), columns));
        }
        all.lines
            .extend(self.trouble.iter().flat_map(|why| filled(why, columns)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(log: &LogLines, columns: usize) -> Vec<String> {
        let look = Look {
            color: false,
            symbols: true,
            columns: Some(columns),
        };
        log.render(columns, &PaneLog::default(), look).lines
    }

    #[test]
    fn lines_come_in_pieces_and_are_wrapped() {
        let mut log = LogLines::of("a");
        assert_eq!(rendered(&log, 40), ["a has printed nothing"]);
        for piece in ["one\n\ntw", "o\tand three \x1b[31mfour", " five\nsi"] {
            log.push(Ok(piece.as_bytes()));
        }
        assert_eq!(rendered(&log, 12), ["one", "", "two and", "three four", "five", "si"]);
        assert_eq!(log.text(), "one\n\ntwo and three four five\nsi\n");
        log.push(Err("it is away"));
        assert_eq!(rendered(&log, 12).last().unwrap(), "it is away");
    }

    #[test]
    fn a_log_without_end_takes_no_memory_without_end() {
        let mut log = LogLines::of("a");
        for number in 0..3000 {
            log.push(Ok(format!("line {number}\n").as_bytes()));
        }
        log.push(Ok(&[b'x'; 100_000]));
        assert!(log.lines.len() <= LINES_MAX + 1 && log.rest.len() <= LINE_MAX);
        assert!(rendered(&log, 200_000).last().unwrap().ends_with('x'));
    }

    #[test]
    fn what_is_looked_for_stands_out() {
        for (line, text, wanted) in [
            ("one two one", "ONE", "[one] two [one]"),
            ("aaa", "aa", "[aa]a"),
            ("none", "x", "none"),
            ("any", "", "any"),
            ("Ünder ü", "ü", "[Ü]nder [ü]"),
            // One character that is two small ones.
            ("\u{130}x", "x", "\u{130}[x]"),
            ("the end", "end", "the [end]"),
            ("endles", "endless", "endles"),
        ] {
            let seen = highlighted(line, text);
            let seen = seen.replace("\x1b[7m", "[").replace("\x1b[27m", "]");
            assert_eq!(seen, wanted, "{text}");
        }
    }

    #[test]
    fn a_text_on_two_rows_is_found() {
        let mut log = RenderedLog::default();
        log.add(vec!["one".into(), "two".into()], "one two", "two");
        log.add(
            vec!["the joined".into(), "words".into()],
            "the joined words",
            "joined words",
        );
        log.add(vec!["none".into()], "none", "two");
        assert_eq!(log.hits, [1, 2]);
        log.mark();
        assert_eq!(log.lines, ["  one", "> two", "> the joined", "  words", "  none"]);
    }
}
