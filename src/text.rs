//! Making text from elsewhere harmless for a terminal.
//!
//! Game servers print whatever their players type. A terminal obeys escape
//! sequences in it: they move the cursor, rename the window, and on some
//! terminals type into the shell. Everything a game or its plane said passes
//! through here before it is shown.
//!
//! Control characters of both sets, escape sequences as a whole (colours too) and
//! the controls that reorder text for display are taken out. Everything
//! printable, `\n` and `\t` stay. Bytes that are not UTF-8 become
//! U+FFFD. A carriage return ends a line, alone or before a line feed.

use std::borrow::Cow;

/// Returns true when a terminal could obey this character instead of showing it;
/// false for `\n` and `\t`.
pub fn is_harmful(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        // Embeddings, overrides and isolates: they show text in another order
        // than it has. The plain direction marks stay; honest text needs them.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => false,
    }
}

/// Returns `text` without anything that a terminal could obey; `\n` and `\t` stay.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(clean_bytes(text.as_bytes()))
}

/// Cleans bytes of any kind as [`clean`] does.
pub fn clean_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut cleaner = Cleaner::default();
    cleaner.push(bytes, &mut out);
    cleaner.finish(&mut out);
    out
}

/// Cleans text as [`clean`] does, and puts it in one line: for a row of a table.
pub fn clean_line(text: &str) -> Cow<'_, str> {
    let breaks = |c: char| matches!(c, '\n' | '\t' | '\u{2028}' | '\u{2029}');
    match clean(text) {
        Cow::Borrowed(same) if !same.contains(breaks) => Cow::Borrowed(same),
        cleaned => Cow::Owned(cleaned.trim_end().replace(breaks, " ")),
    }
}

/// Cleans bytes that come in pieces. They may be cut anywhere, even within a
/// character or a sequence: the output is the same.
#[derive(Debug, Clone, Default)]
pub struct Cleaner {
    /// The first bytes of a character.
    partial: Vec<u8>,
    place: Place,
    /// True after a carriage return: the next character decides if it was the
    /// first half of a line end or a line end of its own.
    returned: bool,
}

/// The position in a stream of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Text,
    /// An escape character, and perhaps its intermediates, came before.
    Escape { intermediates: bool },
    /// A control sequence goes on up to its final character.
    Control,
    /// A string that BEL ends too: a window title, a link.
    Title,
    /// A string that only its terminator ends: a picture, a message.
    Data,
}

const BELL: char = '\u{7}';
const CANCEL: char = '\u{18}';
const SUBSTITUTE: char = '\u{1a}';
const ESCAPE: char = '\u{1b}';

impl Cleaner {
    /// Cleans the next piece onto the end of `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut String) {
        let joined;
        let mut left = if self.partial.is_empty() {
            bytes
        } else {
            joined = [std::mem::take(&mut self.partial).as_slice(), bytes].concat();
            &joined
        };
        loop {
            let error = match std::str::from_utf8(left) {
                Ok(text) => return self.feed(text, out),
                Err(error) => error,
            };
            let (valid, rest) = left.split_at(error.valid_up_to());
            self.feed(&String::from_utf8_lossy(valid), out);
            match error.error_len() {
                Some(bad) => {
                    self.feed("\u{fffd}", out);
                    left = &rest[bad..];
                }
                None => {
                    self.partial = rest.to_vec();
                    return;
                }
            }
        }
    }

    /// Returns true if the last line has ended with a carriage return: nothing of that
    /// has come out yet.
    pub fn has_returned(&self) -> bool {
        self.returned
    }

    /// Ends the stream, and a character that is not complete.
    pub fn finish(&mut self, out: &mut String) {
        if !std::mem::take(&mut self.partial).is_empty() {
            self.feed("\u{fffd}", out);
        }
        if self.returned {
            out.push('\n');
        }
        *self = Self::default();
    }

    fn feed(&mut self, mut text: &str, out: &mut String) {
        while !text.is_empty() {
            // Most text is harmless and long: it is taken over in runs.
            let run = match self.place {
                Place::Text => text.find(|c| c == '\n' || is_harmful(c)).unwrap_or(text.len()),
                _ => 0,
            };
            if run > 0 {
                self.end_line_if_returned(out);
                out.push_str(&text[..run]);
            }
            let mut rest = text[run..].chars();
            if let Some(c) = rest.next() {
                self.step(c, out);
            }
            text = rest.as_str();
        }
    }

    fn end_line_if_returned(&mut self, out: &mut String) {
        if std::mem::take(&mut self.returned) {
            out.push('\n');
        }
    }

    /// Takes one character that may be part of a sequence, or begin one.
    fn step(&mut self, c: char, out: &mut String) {
        match c {
            // A line end also ends a sequence: one that was never finished
            // must not swallow the rest of a log.
            '\n' => {
                self.place = Place::Text;
                self.returned = false;
                out.push('\n');
            }
            // Several in a row before a line feed are still one line end:
            // a terminal shows no more.
            '\r' => {
                self.place = Place::Text;
                self.returned = true;
            }
            CANCEL | SUBSTITUTE => self.place = Place::Text,
            ESCAPE => self.place = Place::Escape { intermediates: false },
            '\u{80}'..='\u{9f}' => self.place = after_c1(c),
            _ => match after(self.place, c) {
                Some(place) => self.place = place,
                None => {
                    self.place = Place::Text;
                    if !is_harmful(c) {
                        self.end_line_if_returned(out);
                        out.push(c);
                    }
                }
            },
        }
    }
}

/// Returns the place after an upper control character: each is a shorter way to
/// write an escape and a letter.
fn after_c1(c: char) -> Place {
    match c {
        '\u{9b}' => Place::Control,
        '\u{9d}' => Place::Title,
        '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => Place::Data,
        _ => Place::Text,
    }
}

/// Returns the place after `c` in a sequence, or `None` when `c` is text.
fn after(place: Place, c: char) -> Option<Place> {
    match (place, c) {
        (Place::Text, _) => None,
        (Place::Title, BELL) => Some(Place::Text),
        (Place::Title | Place::Data, _) => Some(place),
        (_, '\0'..='\u{1f}' | '\u{7f}') => Some(place),
        (Place::Escape { .. }, ' '..='/') => Some(Place::Escape { intermediates: true }),
        (Place::Escape { intermediates: false }, '[') => Some(Place::Control),
        (Place::Escape { intermediates: false }, ']') => Some(Place::Title),
        (Place::Escape { intermediates: false }, 'P' | 'X' | '^' | '_') => Some(Place::Data),
        (Place::Control, ' '..='?') => Some(Place::Control),
        (Place::Escape { .. } | Place::Control, '0'..='~') => Some(Place::Text),
        // Nothing beyond ASCII is part of a sequence: it was cut short.
        (Place::Escape { .. } | Place::Control, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_taken_out() {
        for (text, wanted) in [
            ("plain ü 日本 🎮\n\ttext", "plain ü 日本 🎮\n\ttext"),
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b[38;2;1;2;3mred\x1b[m", "red"),
            ("a\x1b[2J\x1b[Hb", "ab"),
            ("a\x1b]0;title\x07b", "ab"),
            ("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
            ("a\x1bP1;2|data\x1b\\b", "ab"),
            ("a\x1b_message\x1b\\b\x1b^private\x1b\\c\x1bXstart\x1b\\d", "abcd"),
            ("a\u{9b}31mb\u{9d}title\u{9c}c\u{90}data\u{9c}d", "abcd"),
            ("a\x1b(Bb\x1b#8c\x1b7d", "abcd"),
            ("a\x07\x08\x00\x0b\x0c\x7fb\u{85}c", "abc"),
            ("a\u{202e}b\u{2066}c\u{2069}d\u{200e}e", "abcd\u{200e}e"),
            ("a\x1b[31", "a"),
            ("a\x1b", "a"),
            ("a\x1b[3\x181b", "a1b"),
            ("a\x1b[3ü", "aü"),
            ("a\x1b[3\x1b[31mb", "ab"),
            // A sequence that never ends costs its own line, not the log.
            ("a\x1b]0;never ends\nb", "a\nb"),
            ("a\x1bPnever ends\r\nb", "a\nb"),
        ] {
            assert_eq!(clean(text), wanted, "{text:?}");
            assert_eq!(clean_bytes(text.as_bytes()), wanted, "{text:?}");
        }
    }

    #[test]
    fn carriage_returns() {
        for (text, wanted) in [
            ("a\r\nb", "a\nb"),
            ("a\rb", "a\nb"),
            ("a\r", "a\n"),
            ("a\r\r\nb", "a\nb"),
            ("a\r\n\r\nb", "a\n\nb"),
            ("10%\r\x1b[K20%\r\x1b[K\n", "10%\n20%\n"),
        ] {
            assert_eq!(clean(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_text() {
        for (bytes, wanted) in [
            (&b"a\xffb"[..], "a\u{fffd}b"),
            (b"a\xe2\x82", "a\u{fffd}"),
            (b"a\xe2\x82b", "a\u{fffd}b"),
            (b"a\x9b31mb", "a\u{fffd}31mb"),
            (b"\xc0\xaf", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(clean_bytes(bytes), wanted, "{bytes:?}");
        }
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(clean_line("one\r\ntwo\tthree\n"), "one two three");
        assert_eq!(clean_line("a\u{2028}b"), "a b");
        assert!(matches!(clean_line("as it is"), Cow::Borrowed("as it is")));
        assert!(matches!(clean("as\nit\tis"), Cow::Borrowed(_)));
    }

    /// Bytes with far more sequences, cut characters and line ends in them
    /// than chance would bring.
    fn nasty() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            "[ -~]{0,4}".prop_map(String::into_bytes),
            any::<char>().prop_map(|c| c.to_string().into_bytes()),
            prop::sample::select(vec![
                &b"\x1b"[..],
                b"\x1b[",
                b"\x1b]",
                b"\x1bP",
                b"\x1b\\",
                b"\x1b[1;31m",
                b"\x07",
                b"\r",
                b"\n",
                b"\x18",
                b"\xc2\x9b",
                b"\xc2\x9d",
                b"\xc2\x9c",
                b"\xe2\x80\xae",
                b"\xe2\x80",
                b"\xf0\x9f\x8e",
                b"\xc2",
            ])
            .prop_map(<[u8]>::to_vec),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_harmful_comes_out(bytes in nasty()) {
            let cleaned = clean_bytes(&bytes);
            prop_assert!(!cleaned.contains(is_harmful), "{cleaned:?}");
            prop_assert!(!cleaned.contains('\r'));
            let line = clean_line(&String::from_utf8_lossy(&bytes)).into_owned();
            prop_assert!(!line.contains(|c| is_harmful(c) || c == '\n' || c == '\t'), "{line:?}");
        }

        #[test]
        fn cleaning_twice_changes_nothing(bytes in nasty()) {
            let once = clean_bytes(&bytes);
            prop_assert_eq!(clean(&once), once.as_str());
            prop_assert_eq!(clean_bytes(once.as_bytes()), once);
        }

        #[test]
        fn text_and_bytes_agree(bytes in nasty()) {
            let text = String::from_utf8_lossy(&bytes);
            prop_assert_eq!(clean(&text), clean_bytes(&bytes));
        }

        #[test]
        fn where_it_is_cut_makes_no_difference(bytes in nasty(), sizes in prop::collection::vec(1_usize..5, 1..8)) {
            let mut cleaner = Cleaner::default();
            let mut out = String::new();
            let mut left = bytes.as_slice();
            for size in sizes.iter().cycle() {
                if left.is_empty() {
                    break;
                }
                let (piece, rest) = left.split_at((*size).min(left.len()));
                cleaner.push(piece, &mut out);
                left = rest;
            }
            cleaner.finish(&mut out);
            prop_assert_eq!(out, clean_bytes(&bytes));
        }

        #[test]
        fn what_is_printable_stays(text in "[ -~äöü日本\n\t]{0,64}") {
            prop_assert_eq!(clean(&text), text.as_str());
            prop_assert_eq!(clean_bytes(text.as_bytes()), text);
        }
    }
}
