//! The inputs and effects of the pane, and the meaning that keys have in it.

use super::deed::PaneDeed;
use super::order::PaneRow;
use super::press::PressedKey;

/// The meaning that keys have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PaneMode {
    #[default]
    Board,
    /// The text of the filter is typed.
    Filter,
    /// The keys are shown.
    Help,
    /// One instance is shown in detail.
    Detail { id: String },
    /// The log of one instance is shown, as it grows.
    Log { id: String },
    /// A deed is asked for, and to be confirmed.
    Asking { id: String, deed: PaneDeed },
    /// The end is asked for, and to be confirmed.
    Leaving,
}

/// An input of a step of the [`Pane`](super::Pane).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaneInput<'a> {
    Key(PressedKey),
    /// The rows as they are now, in the order of the inventory.
    Rows {
        rows: &'a [PaneRow<'a>],
        /// The lines that there are for them.
        room: usize,
    },
    /// The number of rows that were shown at last.
    Page(usize),
    /// The lines of the text that is shown in place of the rows, and those that there are for it.
    Text {
        lines: usize,
        room: usize,
        /// The lines that have what is looked for in a log.
        hits: &'a [usize],
    },
    /// There is such a file as a log was to be saved to.
    Exists {
        path: &'a str,
    },
    /// An answer to the last key that took its time; `None` if there is nothing to say.
    Notice(Option<&'a str>),
    /// A deed has ended, as was wanted or not.
    Over {
        id: &'a str,
        deed: PaneDeed,
    },
}

/// An effect that a step asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaneEffect {
    Quit,
    Act {
        id: String,
        deed: PaneDeed,
    },
    /// Look at one instance in detail.
    Look {
        id: String,
    },
    /// Save the log that is shown.
    SaveLog {
        path: String,
        /// True if a file of this name may be written over.
        replaces: bool,
    },
    /// Give the terminal to the console of an instance.
    OpenConsole {
        id: String,
    },
}
