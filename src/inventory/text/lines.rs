//! The beginnings of the lines of a text.

pub(crate) struct LineIndex<'a> {
    text: &'a str,
    /// In bytes.
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        Self { text, starts }
    }

    /// Returns the line and column of a byte, both from 1, the column in characters.
    pub(crate) fn place(&self, offset: usize) -> (usize, usize) {
        let (line, start) = self.line(offset);
        let before = self.text.get(start..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// Returns the line, from 1, of a byte, and where it begins.
    pub(crate) fn line(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        (line, self.start(line).unwrap_or(0))
    }

    /// Returns where a line, from 1, begins.
    pub(crate) fn start(&self, line: usize) -> Option<usize> {
        self.starts.get(line.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_characters() {
        let text = format!("a\r\nb\u{85}é{}x\ny", "ü".repeat(200));
        let lines = LineIndex::new(&text);
        assert_eq!(lines.place(text.find('x').unwrap()), (2, 204));
        assert_eq!(lines.line(text.len()).0, 3);
        assert_eq!(LineIndex::new("ab\ncd").place(4), (2, 2));
        assert_eq!(LineIndex::new("").place(0), (1, 1));
    }
}
