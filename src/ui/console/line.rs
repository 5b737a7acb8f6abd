//! A line that is being typed, and the lines typed before. It takes keys and
//! returns the text to show; it reads and writes nothing.

use crate::ui::width;

const HISTORY: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pressed {
    Nothing,
    Changed,
    /// The line is complete.
    Enter(String),
    /// The person leaves: Ctrl-D, Ctrl-], Ctrl-C.
    Detach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Sequence {
    #[default]
    None,
    Escape,
    Bracket,
}

#[derive(Debug, Default)]
pub(super) struct Line {
    text: Vec<char>,
    cursor: usize,
    history: Vec<String>,
    /// The position in the history; its length for the new line.
    at: usize,
    /// The new line, while an old one is shown.
    draft: Vec<char>,
    sequence: Sequence,
    parameter: u8,
    /// The first bytes of a character.
    partial: Vec<u8>,
}

impl Line {
    pub(super) fn press(&mut self, byte: u8) -> Pressed {
        match std::mem::take(&mut self.sequence) {
            Sequence::None => self.plain(byte),
            Sequence::Escape => {
                if matches!(byte, b'[' | b'O') {
                    (self.sequence, self.parameter) = (Sequence::Bracket, 0);
                }
                Pressed::Nothing
            }
            Sequence::Bracket => match byte {
                0x40..=0x7e => self.finish_sequence(byte),
                _ => {
                    (self.sequence, self.parameter) = (Sequence::Bracket, byte);
                    Pressed::Nothing
                }
            },
        }
    }

    fn plain(&mut self, byte: u8) -> Pressed {
        match byte {
            0x03 | 0x04 | 0x1d => return Pressed::Detach,
            b'\r' | b'\n' => return Pressed::Enter(self.enter()),
            0x1b => self.sequence = Sequence::Escape,
            0x01 => return self.go_to(0),
            0x05 => return self.go_to(self.text.len()),
            0x08 | 0x7f => {
                if self.cursor == 0 {
                    return Pressed::Nothing;
                }
                self.cursor -= 1;
                self.text.remove(self.cursor);
                return Pressed::Changed;
            }
            0x0b => self.text.truncate(self.cursor),
            0x15 => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            0x17 => self.erase_word(),
            0x10 => return self.recall(self.at.saturating_sub(1)),
            0x0e => return self.recall(self.at + 1),
            // Other controls would do something at the game's console.
            0..=0x1f => return Pressed::Nothing,
            _ => return self.insert(byte),
        }
        Pressed::Changed
    }

    fn finish_sequence(&mut self, last: u8) -> Pressed {
        match (last, self.parameter) {
            (b'A', _) => self.recall(self.at.saturating_sub(1)),
            (b'B', _) => self.recall(self.at + 1),
            (b'C', _) => self.go_to((self.cursor + 1).min(self.text.len())),
            (b'D', _) => self.go_to(self.cursor.saturating_sub(1)),
            (b'H', _) | (b'~', b'1' | b'7') => self.go_to(0),
            (b'F', _) | (b'~', b'4' | b'8') => self.go_to(self.text.len()),
            (b'~', b'3') if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
                Pressed::Changed
            }
            _ => Pressed::Nothing,
        }
    }

    fn go_to(&mut self, place: usize) -> Pressed {
        self.cursor = place;
        Pressed::Changed
    }

    fn insert(&mut self, byte: u8) -> Pressed {
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(text) => {
                let typed: Vec<char> = text.chars().filter(|c| !c.is_control()).collect();
                self.text.splice(self.cursor..self.cursor, typed.iter().copied());
                self.cursor += typed.len();
                self.partial.clear();
                Pressed::Changed
            }
            Err(error) if error.error_len().is_none() => Pressed::Nothing,
            Err(_) => {
                self.partial.clear();
                Pressed::Nothing
            }
        }
    }

    fn erase_word(&mut self) {
        let before = &self.text[..self.cursor];
        let end = before.iter().rposition(|c| *c != ' ').map_or(0, |at| at + 1);
        let start = before[..end].iter().rposition(|c| *c == ' ').map_or(0, |at| at + 1);
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }

    fn recall(&mut self, place: usize) -> Pressed {
        if place == self.at || place > self.history.len() {
            return Pressed::Nothing;
        }
        if self.at == self.history.len() {
            self.draft = std::mem::take(&mut self.text);
        }
        self.text = match self.history.get(place) {
            Some(old) => old.chars().collect(),
            None => std::mem::take(&mut self.draft),
        };
        (self.at, self.cursor) = (place, self.text.len());
        Pressed::Changed
    }

    fn enter(&mut self) -> String {
        let line: String = self.text.drain(..).collect();
        if !line.is_empty() && self.history.last() != Some(&line) {
            self.history.push(line.clone());
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
        }
        (self.cursor, self.at) = (0, self.history.len());
        self.draft.clear();
        line
    }

    /// Returns the part around the cursor that fits into so many columns, and a
    /// sequence that puts the cursor into its place.
    pub(super) fn shown(&self, columns: usize) -> String {
        let room = columns.saturating_sub(1).max(1);
        let wide = |part: &[char]| width::width(&part.iter().collect::<String>());
        let mut start = 0;
        while start < self.cursor && wide(&self.text[start..self.cursor]) > room {
            start += 1;
        }
        let mut end = self.text.len();
        while end > self.cursor && wide(&self.text[start..end]) > room {
            end -= 1;
        }
        let mut shown: String = self.text[start..end].iter().collect();
        let back = wide(&self.text[self.cursor..end]);
        if back > 0 {
            shown.push_str(&format!("\x1b[{back}D"));
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(line: &mut Line, keys: &str) -> Pressed {
        let pressed = keys.bytes().map(|byte| line.press(byte)).last();
        pressed.unwrap_or(Pressed::Nothing)
    }

    #[test]
    fn keys() {
        const UP: &str = "\x1b[A";
        for (keys, sent) in [
            ("say hi\r", "say hi"),
            ("sax\x7fy\r", "say"),
            ("\x7f\r", ""),
            ("ab\x1b[Dx\r", "axb"),
            ("b\x01a\x05c\r", "abc"),
            ("b\x1b[Ha\x1b[Fc\r", "abc"),
            ("ab\x1b[D\x1b[3~\r", "a"),
            ("say hello you \x17\x17\r", "say "),
            ("junk\x15ok\r", "ok"),
            ("ok junk\x1b[D\x1b[D\x1b[D\x1b[D\x0b\r", "ok "),
            ("gr\u{fc}\u{df}e\x1b[D\x7f\r", "gr\u{fc}e"),
            ("a\x1b[1;5Zb\x00\r", "ab"),
            (&format!("one\rtwo\r{UP}{UP}\r"), "one"),
            (&format!("one\rtwo\rdraft{UP}{UP}\x1b[B\x1b[B!\r"), "draft!"),
            (&format!("one\rone\rtwo\r{UP}{UP}{UP}{UP}\r"), "one"),
        ] {
            let mut line = Line::default();
            assert_eq!(typed(&mut line, keys), Pressed::Enter(sent.to_owned()), "{keys:?}");
        }
        for keys in ["\x04", "ab\x1d", "ab\x03"] {
            assert_eq!(typed(&mut Line::default(), keys), Pressed::Detach);
        }
    }

    #[test]
    fn a_long_line_is_shown_around_its_cursor() {
        let mut line = Line::default();
        typed(&mut line, "0123456789");
        assert_eq!(line.shown(80), "0123456789");
        assert_eq!(line.shown(5), "6789");
        typed(&mut line, "\x01");
        assert_eq!(line.shown(5), "0123\x1b[4D");
    }

    proptest! {
        #[test]
        fn any_keys_are_taken(keys in proptest::collection::vec(any::<u8>(), 0..200), columns in 0_usize..20) {
            let mut line = Line::default();
            for key in keys {
                if let Pressed::Enter(sent) = line.press(key) {
                    prop_assert!(!sent.contains(char::is_control));
                }
                prop_assert!(line.cursor <= line.text.len() && line.at <= line.history.len());
                let _ = line.shown(columns);
            }
        }
    }
}
