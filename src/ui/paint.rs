//! Colours and symbols: the few that are used, each for one meaning.

use comfy_table::{Attribute, Cell, Color};

use super::wrap::wrapped;

/// How a stream is to be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether it is a terminal.
    pub(super) tty: bool,
    /// Whether it is coloured.
    pub(super) color: bool,
    /// Whether symbols stand before the words. Off a terminal they do not:
    /// a script that splits a row into words must find the same words under
    /// every locale.
    pub(super) symbols: bool,
    /// The columns that a line must fit into; none off a terminal.
    pub(super) columns: Option<usize>,
}

impl Look {
    /// Paints `text`, where this stream is coloured.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        match (self.color, tone.sgr()) {
            (true, Some(sgr)) => format!("\x1b[{sgr}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }

    /// A mark and the space after it, or nothing where symbols are not shown.
    pub(super) fn mark(self, tone: Tone, symbol: &str) -> String {
        if self.symbols {
            self.paint(tone, symbol) + " "
        } else {
            String::new()
        }
    }

    /// A line, or several, in the columns that there are. What does not fit goes
    /// on behind `hang` blanks.
    pub(super) fn wrap(self, text: &str, hang: usize) -> String {
        wrapped(text, hang, self.columns)
    }

    /// What stands for text that was cut off.
    pub(super) fn ellipsis(self) -> &'static str {
        if self.symbols { "…" } else { "..." }
    }
}

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing in particular.
    Plain,
    /// As wanted.
    Good,
    /// On its way.
    Busy,
    /// Failed.
    Bad,
    /// Not known.
    Odd,
    /// Of less interest.
    Dim,
    /// A heading.
    Strong,
    /// `error:`
    Error,
    /// `warning:`, and a kill.
    Loud,
    /// `hint:`
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

    /// A table cell in this tone.
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
