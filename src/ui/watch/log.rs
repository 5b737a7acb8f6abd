//! The log of one instance in the place of the table.

use std::collections::VecDeque;

use crate::text::{Cleaner, clean_line};
use crate::ui::wrap::filled;

/// The most lines that are kept.
const LINES_MAX: usize = 1000;

/// The most bytes of a line that are kept.
const LINE_MAX: usize = 4096;

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

    /// Renders all of it, in lines of at most so many columns.
    pub(super) fn render(&self, columns: usize) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let rest = clean_line(&self.rest);
        for line in self.lines.iter().map(String::as_str).chain([&*rest]) {
            match filled(line, columns) {
                empty if empty.is_empty() => all.push(String::new()),
                some => all.extend(some),
            }
        }
        if self.rest.is_empty() {
            all.pop();
        }
        if all.is_empty() && self.trouble.is_none() {
            all.extend(filled(&format!("{} has printed nothing", self.id), columns));
        }
        all.extend(self.trouble.iter().flat_map(|why| filled(why, columns)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_in_pieces_and_are_wrapped() {
        let mut log = LogLines::of("a");
        assert_eq!(log.render(40), ["a has printed nothing"]);
        for piece in ["one\n\ntw", "o\tand three \x1b[31mfour", " five\nsi"] {
            log.push(Ok(piece.as_bytes()));
        }
        assert_eq!(log.render(12), ["one", "", "two and", "three four", "five", "si"]);
        log.push(Err("it is away"));
        assert_eq!(log.render(12).last().unwrap(), "it is away");
    }

    #[test]
    fn a_log_without_end_takes_no_memory_without_end() {
        let mut log = LogLines::of("a");
        for number in 0..3000 {
            log.push(Ok(format!("line {number}\n").as_bytes()));
        }
        log.push(Ok(&[b'x'; 100_000]));
        assert!(log.lines.len() <= LINES_MAX + 1 && log.rest.len() <= LINE_MAX);
        assert!(log.render(200_000).last().unwrap().ends_with('x'));
    }
}
