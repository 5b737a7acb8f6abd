//! The beginnings of the lines of a text.

use std::cell::OnceCell;

/// Between two noted characters.
const STRIDE: usize = 64;

/// The beginnings of lines.
pub(crate) struct LineIndex<'a> {
    text: &'a str,
    every_break: bool,
    /// Then a character is a byte.
    ascii: bool,
    /// In bytes.
    starts: OnceCell<Vec<usize>>,
    /// The byte of every [`STRIDE`]th character: a file may be one long line.
    chars: OnceCell<Vec<usize>>,
}

impl<'a> LineIndex<'a> {
    /// LineIndex as people and editors count them.
    pub(crate) fn of_people(text: &'a str) -> Self {
        Self::new(text, false)
    }

    /// LineIndex as YAML 1.1 counts them: a lone CR and three Unicode characters
    /// end a line as well.
    pub(crate) fn of_parser(text: &'a str) -> Self {
        Self::new(text, true)
    }

    fn new(text: &'a str, every_break: bool) -> Self {
        Self {
            text,
            every_break,
            ascii: text.is_ascii(),
            starts: OnceCell::new(),
            chars: OnceCell::new(),
        }
    }

    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| {
            let mut starts = vec![0];
            let bytes = self.text.as_bytes();
            if self.ascii && !self.text.contains('\r') {
                let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
                starts.extend(breaks.map(|(i, _)| i + 1));
                return starts;
            }
            for (i, byte) in bytes.iter().enumerate() {
                let next = bytes.get(i + 1).copied();
                match byte {
                    b'\n' => starts.push(i + 1),
                    b'\r' if self.every_break && next != Some(b'\n') => starts.push(i + 1),
                    0xC2 if self.every_break && next == Some(0x85) => starts.push(i + 2),
                    0xE2 if self.every_break && next == Some(0x80) => {
                        if matches!(bytes.get(i + 2), Some(0xA8 | 0xA9)) {
                            starts.push(i + 3);
                        }
                    }
                    _ => {}
                }
            }
            starts
        })
    }

    fn chars(&self) -> &[usize] {
        self.chars
            .get_or_init(|| self.text.char_indices().step_by(STRIDE).map(|(i, _)| i).collect())
    }

    /// The number of the character that begins at a byte.
    fn char_at(&self, offset: usize) -> usize {
        if self.ascii {
            return offset;
        }
        let marks = self.chars();
        let mark = marks.partition_point(|start| *start <= offset).saturating_sub(1);
        let from = marks.get(mark).copied().unwrap_or(0);
        mark * STRIDE + self.text.get(from..offset).map_or(0, |part| part.chars().count())
    }

    /// The byte at a line and column, both from 1, the column in characters.
    /// What lies beyond the end is the end.
    pub(crate) fn offset(&self, line: usize, column: usize) -> usize {
        let Some(start) = self.starts().get(line.saturating_sub(1)) else {
            return self.text.len();
        };
        if self.ascii {
            return self.text.len().min(start + column.saturating_sub(1));
        }
        let char = self.char_at(*start) + column.saturating_sub(1);
        let Some(from) = self.chars().get(char / STRIDE) else {
            return self.text.len();
        };
        let rest = self.text.get(*from..).unwrap_or("");
        rest.char_indices()
            .nth(char % STRIDE)
            .map_or(self.text.len(), |(i, _)| from + i)
    }

    /// Returns the line and column of a byte, both from 1, the column in characters.
    pub(crate) fn place(&self, offset: usize) -> (usize, usize) {
        let (line, start) = self.line(offset);
        (line, self.char_at(offset) - self.char_at(start) + 1)
    }

    /// Returns the line, from 1, of a byte, and where it begins.
    pub(crate) fn line(&self, offset: usize) -> (usize, usize) {
        let starts = self.starts();
        let line = starts.partition_point(|start| *start <= offset);
        (line, starts.get(line.saturating_sub(1)).copied().unwrap_or(0))
    }

    /// Returns where a line, from 1, begins.
    pub(crate) fn start(&self, line: usize) -> Option<usize> {
        self.starts().get(line.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let text = format!("a\r\nb\u{85}é{}x\ny", "ü".repeat(200));
        for lines in [LineIndex::of_people(&text), LineIndex::of_parser(&text)] {
            for (i, _) in text.char_indices() {
                let (line, column) = lines.place(i);
                assert_eq!(lines.offset(line, column), i);
            }
        }
        assert_eq!(LineIndex::of_parser(&text).line(text.len()).0, 4);
        assert_eq!(LineIndex::of_people(&text).line(text.len()).0, 3);
        assert_eq!(LineIndex::of_people("ab\ncd").place(4), (2, 2));
        assert_eq!(LineIndex::of_people("").place(0), (1, 1));
        assert_eq!(LineIndex::of_people("ab").offset(7, 1), 2);
    }
}
