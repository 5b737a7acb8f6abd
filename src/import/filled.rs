//! A text in which each variable has got its value, with where that came from.

use std::collections::BTreeSet;

use crate::inventory::within_quotes;

/// The text that stands in for a value that somebody has to choose.
pub(super) const TO_BE_SET: &str = "SET-ME";

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A variable of the inventory, for what is not known or not to be copied.
    Asked(String),
}

/// A text for the inventory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filled {
    pieces: Vec<Piece>,
    /// The places that its values come from, besides its own.
    from: BTreeSet<String>,
}

impl Filled {
    pub(super) fn text(text: impl Into<String>) -> Self {
        let mut filled = Self::default();
        filled.push(&text.into());
        filled
    }

    /// Makes it of a variable of the inventory, which a person has to set.
    pub(super) fn asked(name: &str) -> Self {
        Self {
            pieces: vec![Piece::Asked(name.to_owned())],
            from: BTreeSet::new(),
        }
    }

    pub(super) fn from(mut self, place: impl Into<String>) -> Self {
        self.from.insert(place.into());
        self
    }

    pub(super) fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        for piece in other.pieces {
            match piece {
                Piece::Text(text) => self.push(&text),
                asked @ Piece::Asked(_) => self.pieces.push(asked),
            }
        }
        self.from.extend(other.from);
    }

    /// Returns its length, in bytes.
    pub(super) fn len(&self) -> usize {
        let length = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Asked(text) => text.len(),
        };
        self.pieces.iter().map(length).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Returns the text, if nothing in it has to be set.
    pub(super) fn known(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Returns the text as a game would get it with nothing set.
    pub(super) fn plain(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Asked(_) => TO_BE_SET.to_owned(),
        };
        self.pieces.iter().map(piece).collect()
    }

    /// Returns it as a quoted text of YAML.
    pub(super) fn yaml(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => within_quotes(text),
            Piece::Asked(name) => format!("${{{name}:-{TO_BE_SET}}}"),
        };
        let inside: String = self.pieces.iter().map(piece).collect();
        format!("\"{inside}\"")
    }

    /// Returns the places that its values come from, in one line.
    pub(super) fn places(&self) -> String {
        self.from.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// Replaces its text where all of it is known; what has to be set stays as it is.
    pub(super) fn map_text(mut self, change: impl Fn(&str) -> String) -> Self {
        for piece in &mut self.pieces {
            if let Piece::Text(text) = piece {
                *text = change(text);
            }
        }
        self.pieces
            .retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        self
    }

    /// Splits it at spaces, as a shell does with a value outside of quotes.
    pub(super) fn split(self) -> (Vec<Self>, bool, bool) {
        let begins = matches!(self.pieces.first(), Some(Piece::Text(text)) if text.starts_with(char::is_whitespace));
        let ends = matches!(self.pieces.last(), Some(Piece::Text(text)) if text.ends_with(char::is_whitespace));
        let mut words = vec![Self::default()];
        for piece in self.pieces {
            let text = match piece {
                Piece::Text(text) => text,
                asked @ Piece::Asked(_) => {
                    if let Some(last) = words.last_mut() {
                        last.pieces.push(asked);
                    }
                    continue;
                }
            };
            for (at, part) in text.split(char::is_whitespace).enumerate() {
                if at > 0 {
                    words.push(Self::default());
                }
                if let Some(last) = words.last_mut() {
                    last.push(part);
                }
            }
        }
        words.retain(|word| !word.is_empty());
        for word in &mut words {
            word.from.clone_from(&self.from);
        }
        (words, begins, ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_to_be_set_is_a_variable_and_all_else_is_literal() {
        let mut text = Filled::text("$HOME \"x\" ");
        text.append(Filled::asked("RUST_PORT").from("startup"));
        text.push("!");
        assert_eq!(text.yaml(), "\"$$HOME \\\"x\\\" ${RUST_PORT:-SET-ME}!\"");
        assert_eq!(text.plain(), "$HOME \"x\" SET-ME!");
        assert_eq!((text.known(), text.places().as_str()), (None, "startup"));
        let (words, begins, ends) = text.split();
        let words: Vec<String> = words.iter().map(Filled::yaml).collect();
        assert_eq!(words, ["\"$$HOME\"", "\"\\\"x\\\"\"", "\"${RUST_PORT:-SET-ME}!\""]);
        assert!(!begins && !ends);
        assert_eq!(Filled::text("a").map_text(|_| String::new()).known(), Some(""));
    }
}
