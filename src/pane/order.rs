//! The rows that are seen, and their order.

use std::cmp::Reverse;

/// A row, as far as its place depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaneRow<'a> {
    pub id: &'a str,
    pub host: Option<&'a str>,
    /// The state as one word.
    pub state: &'static str,
    /// The smaller, the more it needs attention.
    pub urgency: u8,
    pub players: Option<u32>,
    /// In bytes.
    pub memory: Option<u64>,
    /// The number of lines that it takes.
    pub height: usize,
}

/// The order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// The order of the inventory; trouble first where not all of them fit.
    #[default]
    Inventory,
    Trouble,
    Name,
    Players,
    Memory,
}

impl SortBy {
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Inventory => Self::Trouble,
            Self::Trouble => Self::Name,
            Self::Name => Self::Players,
            Self::Players => Self::Memory,
            Self::Memory => Self::Inventory,
        }
    }

    /// Returns the order in words; `None` for the usual one.
    pub fn in_words(self) -> Option<&'static str> {
        match self {
            Self::Inventory => None,
            Self::Trouble => Some("trouble first"),
            Self::Name => Some("by name"),
            Self::Players => Some("by players"),
            Self::Memory => Some("by memory"),
        }
    }
}

/// Returns true if the id, the host or the state of a row has this in it, in capitals or not.
fn matches(row: &PaneRow<'_>, filter: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(filter);
    filter.is_empty() || has(row.id) || row.host.is_some_and(has) || row.state.contains(filter)
}

/// Returns the places of the rows that are seen, in their order. `room` is the number of lines
/// that there are for them.
pub(super) fn arranged(rows: &[PaneRow<'_>], filter: &str, sort: SortBy, room: usize) -> Vec<usize> {
    let filter = filter.to_lowercase();
    let mut places: Vec<usize> = (0..rows.len()).filter(|at| matches(&rows[*at], &filter)).collect();
    // Each order is stable: those that are alike stay as the inventory has them.
    match sort {
        SortBy::Inventory => {
            let height: usize = places.iter().map(|at| rows[*at].height).sum();
            if height > room {
                places.sort_by_key(|at| rows[*at].urgency);
            }
        }
        SortBy::Trouble => places.sort_by_key(|at| rows[*at].urgency),
        SortBy::Name => places.sort_by_key(|at| rows[*at].id),
        SortBy::Players => places.sort_by_key(|at| Reverse(rows[*at].players)),
        SortBy::Memory => places.sort_by_key(|at| Reverse(rows[*at].memory)),
    }
    places
}
