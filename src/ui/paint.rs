//! Colours and symbols: the few that are used, each for one meaning.

use comfy_table::{Attribute, Cell, Color};

use super::wrap::wrapped;

/// The form in which a stream is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) color: bool,
    /// True when symbols stand before the words. Off a terminal they do not:
    /// a script that splits a row into words must find the same words under
    /// every locale.
    pub(super) symbols: bool,
    /// The columns that a line must fit into, or `None` off a terminal.
    pub(super) columns: Option<usize>,
}

impl Look {
    /// Returns `text` in the colour of `tone`, if this stream is coloured.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        match (self.color, tone.sgr()) {
            (true, Some(sgr)) => format!("\x1b[{sgr}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }

    /// Returns a symbol and the space after it, or nothing if symbols are not shown.
    pub(super) fn mark(self, tone: Tone, symbol: &str) -> String {
        if self.symbols {
            self.paint(tone, symbol) + " "
        } else {
            String::new()
        }
    }

    /// Breaks text into lines that fit. Continued lines begin with `hang` blanks.
    pub(super) fn wrap(self, text: &str, hang: usize) -> String {
        wrapped(text, hang, self.columns)
    }

    pub(super) fn ellipsis(self) -> &'static str {
        if self.symbols { "…" } else { "..." }
    }
}

/// The meaning of a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    /// A state that is wanted.
    Good,
    /// A state that will pass.
    Busy,
    /// A failure.
    Bad,
    /// A state that is not known.
    Odd,
    /// Text of less interest.
    Dim,
    /// A heading.
    Strong,
    Error,
    /// The label `warning:`, and a kill.
    Loud,
    Hint,
    /// The instance at this position, to tell it from its neighbours.
    Position(usize),
}

/// The colours that tell instances apart, the most different ones first.
const POSITIONS: [&str; 10] = ["36", "33", "32", "35", "34", "96", "93", "92", "95", "94"];

impl Tone {
    fn sgr(self) -> Option<&'static str> {
        Some(match self {
            Self::Plain => return None,
            Self::Good => "32",
            Self::Busy => "33",
            Self::Bad => "31",
            Self::Odd => "35",
            Self::Dim => "2",
            Self::Strong => "1",
            Self::Error => "1;31",
            Self::Loud => "1;33",
            Self::Hint => "36",
            Self::Position(at) => POSITIONS[at % POSITIONS.len()],
        })
    }

    pub(super) fn cell(self, text: &str) -> Cell {
        let cell = Cell::new(text);
        match self {
            Self::Good => cell.fg(Color::DarkGreen),
            Self::Busy => cell.fg(Color::DarkYellow),
            Self::Bad | Self::Error => cell.fg(Color::DarkRed),
            Self::Odd => cell.fg(Color::DarkMagenta),
            Self::Dim => cell.add_attribute(Attribute::Dim),
            Self::Strong => cell.add_attribute(Attribute::Bold),
            Self::Plain | Self::Loud | Self::Hint | Self::Position(_) => cell,
        }
    }
}
