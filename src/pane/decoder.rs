//! The keys in the bytes of a terminal. See the "xterm control sequences" document.

use anstyle_parse::{DefaultCharAccumulator, Params, Parser, Perform};

use super::press::PressedKey;

/// The longest sequence that is waited for to its end.
const SEQUENCE_MAX: usize = 4096;

const ESCAPE: u8 = 0x1b;

/// Turns bytes into keys. A sequence may come in several pieces; what is no key is passed over.
#[derive(Default)]
pub struct KeyDecoder {
    parser: Parser<DefaultCharAccumulator>,
    found: Found,
    /// The number of bytes since the begin of a sequence that has not ended.
    open: usize,
}

impl KeyDecoder {
    pub fn feed(&mut self, typed: &[u8]) -> Vec<PressedKey> {
        for byte in typed {
            if *byte == ESCAPE {
                self.open = 0;
            }
            self.found.has_ended = false;
            self.parser.advance(&mut self.found, *byte);
            if *byte == ESCAPE || (self.open > 0 && !self.found.has_ended) {
                self.open += 1;
            } else {
                self.open = 0;
            }
            if self.open > SEQUENCE_MAX {
                self.forget();
            }
        }
        std::mem::take(&mut self.found.keys)
    }

    /// Returns true while a sequence is open: an escape character that stands alone is a key,
    /// and only time tells that nothing follows it.
    pub fn is_open(&self) -> bool {
        self.open > 0
    }

    /// Ends an open sequence, after which nothing has come for a while.
    pub fn end(&mut self) -> Option<PressedKey> {
        let key = (self.open == 1).then_some(PressedKey::Escape);
        self.forget();
        key
    }

    fn forget(&mut self) {
        self.parser = Parser::default();
        self.found = Found {
            keys: std::mem::take(&mut self.found.keys),
            ..Found::default()
        };
        self.open = 0;
    }
}

#[derive(Default)]
struct Found {
    keys: Vec<PressedKey>,
    /// True if a sequence, or a character, has ended with the last byte.
    has_ended: bool,
    /// True after `ESC O`, behind which stands the letter of a key.
    is_shifted: bool,
    /// True within a text that is pasted.
    is_pasting: bool,
}

impl Found {
    fn add(&mut self, key: Option<PressedKey>) {
        self.has_ended = true;
        self.keys.extend(match key {
            Some(PressedKey::Char(c)) if self.is_pasting => Some(PressedKey::Pasted(c)),
            _ if self.is_pasting => None,
            key => key,
        });
    }
}

fn of_letter(letter: char) -> Option<PressedKey> {
    Some(match letter {
        'A' => PressedKey::Up,
        'B' => PressedKey::Down,
        'H' => PressedKey::Home,
        'F' => PressedKey::End,
        'M' => PressedKey::Enter,
        _ => return None,
    })
}

fn of_number(number: u16) -> Option<PressedKey> {
    Some(match number {
        1 | 7 => PressedKey::Home,
        4 | 8 => PressedKey::End,
        5 => PressedKey::PageUp,
        6 => PressedKey::PageDown,
        _ => return None,
    })
}

impl Perform for Found {
    fn print(&mut self, c: char) {
        let key = match c {
            _ if std::mem::take(&mut self.is_shifted) => of_letter(c),
            '\u{7f}' => Some(PressedKey::Backspace),
            char::REPLACEMENT_CHARACTER => None,
            c if c.is_control() => None,
            c => Some(PressedKey::Char(c)),
        };
        self.add(key);
    }

    fn execute(&mut self, byte: u8) {
        self.is_shifted = false;
        let key = match byte {
            b'\r' | b'\n' => Some(PressedKey::Enter),
            0x02 => Some(PressedKey::PageUp),
            0x06 => Some(PressedKey::PageDown),
            0x08 => Some(PressedKey::Backspace),
            0x15 => Some(PressedKey::EraseLine),
            _ => None,
        };
        self.add(key);
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: u8) {
        let mut numbers = params.iter().map(|part| part.first().copied().unwrap_or(0));
        let (number, modifiers) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        // With Ctrl, Alt or Shift it is another key.
        let is_plain = intermediates.is_empty() && !ignore && modifiers <= 1;
        let key = match action {
            _ if !is_plain => None,
            b'~' if matches!(number, 200 | 201) => {
                self.is_pasting = number == 200;
                None
            }
            b'~' => of_number(number),
            // A key of the keypad has no such sequence.
            b'M' => None,
            letter => of_letter(char::from(letter)),
        };
        self.add(key);
    }

    fn esc_dispatch(&mut self, _intermediates: &[u8], _ignore: bool, byte: u8) {
        self.is_shifted = byte == b'O';
        self.has_ended = !self.is_shifted;
    }

    fn osc_dispatch(&mut self, _params: &[&[u8]], _bell_terminated: bool) {
        self.has_ended = true;
    }

    fn unhook(&mut self) {
        self.has_ended = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::PressedKey::{Backspace, Char, Down, End, Enter, EraseLine, Escape, Home, PageDown, PageUp, Pasted, Up};
    use super::*;

    #[test]
    fn keys_of_terminals() {
        for (typed, wanted) in [
            (&b"q"[..], &[Char('q')][..]),
            (b"jG", &[Char('j'), Char('G')]),
            ("/é日".as_bytes(), &[Char('/'), Char('é'), Char('日')]),
            (b"\x1b[A\x1bOB\x1b[1;1A", &[Up, Down, Up]),
            (
                b"\x1b[H\x1bOF\x1b[1~\x1b[4~\x1b[7~\x1b[8~",
                &[Home, End, Home, End, Home, End],
            ),
            (b"\x1b[5~\x1b[6~\x02\x06", &[PageUp, PageDown, PageUp, PageDown]),
            (b"\r\n\x1bOM", &[Enter, Enter, Enter]),
            (b"\x7f\x08\x15", &[Backspace, Backspace, EraseLine]),
            // Keys that are none of these: F5, Alt-x, Ctrl-Up, a click, Delete.
            (b"\x1b[15~\x1bx\x1b[1;5A\x1b[<0;1;1M\x1b[3~q", &[Char('q')]),
            // What terminals answer: colours, their name, a status string.
            (
                b"\x1b]11;rgb:00/00/00\x07\x1b]11;x\x1b\\\x1b[?64;1c\x1bP1$r0m\x1b\\q",
                &[Char('q')],
            ),
            // A text that is pasted, with the end of a line and an arrow in it.
            (b"\x1b[200~x\ry\x1b[A\x1b[201~q", &[Pasted('x'), Pasted('y'), Char('q')]),
            // No text.
            (b"\xff\xfe\xc3\x00q", &[Char('q')]),
        ] {
            let mut decoder = KeyDecoder::default();
            assert_eq!(decoder.feed(typed), wanted, "{}", typed.escape_ascii());
            assert!(!decoder.is_open(), "{}", typed.escape_ascii());
            // Byte by byte, as over a slow line.
            let one_by_one: Vec<_> = typed.iter().flat_map(|byte| decoder.feed(&[*byte])).collect();
            assert_eq!(one_by_one, wanted, "{}", typed.escape_ascii());
        }
    }

    #[test]
    fn an_escape_character_alone_is_a_key_once_nothing_follows() {
        for (typed, wanted) in [
            (&b"\x1b"[..], Some(Escape)),
            (b"\x1b\x1b", Some(Escape)),
            // The begin of a sequence is none.
            (b"\x1b[", None),
            (b"\x1bO", None),
            (b"\x1b]11;", None),
        ] {
            let mut decoder = KeyDecoder::default();
            assert_eq!(decoder.feed(typed), []);
            assert!(decoder.is_open(), "{}", typed.escape_ascii());
            assert_eq!(decoder.end(), wanted, "{}", typed.escape_ascii());
            assert!(!decoder.is_open());
            assert_eq!(decoder.feed(b"Aq"), [Char('A'), Char('q')], "{}", typed.escape_ascii());
        }
    }

    #[test]
    fn a_pasted_text_without_an_end_is_given_up() {
        let mut decoder = KeyDecoder::default();
        assert_eq!(decoder.feed(b"\x1b[200~x\x1b"), [Pasted('x')]);
        decoder.end();
        assert_eq!(decoder.feed(b"q"), [Char('q')]);
    }

    #[test]
    fn a_sequence_without_an_end_is_given_up() {
        let mut decoder = KeyDecoder::default();
        decoder.feed(b"\x1b]");
        decoder.feed(&vec![b'x'; 2 * SEQUENCE_MAX]);
        assert!(!decoder.is_open());
        assert_eq!(decoder.feed(b"q"), [Char('q')]);
    }

    proptest! {
        /// Any bytes, cut anywhere: nothing panics, and a key that comes later is one.
        #[test]
        fn any_bytes_leave_it_usable(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let mut decoder = KeyDecoder::default();
            for piece in pieces {
                decoder.feed(&piece);
            }
            decoder.feed(b"\x1b");
            decoder.end();
            prop_assert_eq!(decoder.feed(b"q"), [Char('q')]);
        }
    }
}
