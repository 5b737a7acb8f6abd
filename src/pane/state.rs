//! The state of the pane, and the meaning of each key in it.

use super::order::{PaneRow, SortBy, arranged};
use super::press::PressedKey;

/// The longest text of a filter, in characters.
const FILTER_MAX: usize = 64;

/// The meaning that keys have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PaneMode {
    #[default]
    Board,
    /// The text of the filter is typed.
    Filter,
    /// The keys are shown.
    Help,
    /// The end is asked for, and to be confirmed.
    Leaving,
}

/// An input of [`Pane::step`].
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
}

/// An effect that a step asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaneEffect {
    Quit,
}

/// The state; its `Default` is that of a board at its begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pane {
    mode: PaneMode,
    selected: Option<String>,
    /// The place among the seen rows where the selection is, or was at last.
    place: usize,
    filter: String,
    sort: SortBy,
    /// The rows that are seen, in their order: the place of each in the inventory, and its id.
    seen: Vec<(usize, String)>,
    /// The number of all rows.
    count: usize,
    page: usize,
    /// True if the rows are to be arranged before another key is understood.
    is_stale: bool,
    /// The question before it ends; `None` where none is needed.
    quit_question: Option<String>,
}

impl Pane {
    /// Has it ask this before it ends.
    #[must_use]
    pub fn asking_before_quit(self, question: &str) -> Self {
        Self {
            quit_question: Some(question.to_owned()),
            ..self
        }
    }

    pub fn mode(&self) -> &PaneMode {
        &self.mode
    }

    pub fn filter(&self) -> &str {
        &self.filter
    }

    pub fn sort(&self) -> SortBy {
        self.sort
    }

    /// Returns the number of all rows, those that are not seen too.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the rows that are seen, in their order, each as its place among all.
    pub fn seen(&self) -> impl ExactSizeIterator<Item = usize> {
        self.seen.iter().map(|(at, _)| *at)
    }

    /// Returns the id of the selected row.
    pub fn selected(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    /// Returns the place of the selected row among those that are seen.
    pub fn selected_place(&self) -> Option<usize> {
        self.selected.as_ref().map(|_| self.place)
    }

    /// Returns true if the rows are to be told before another key: since then it was changed
    /// which of them are seen.
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// Returns the question to which the next key is the answer.
    pub fn question(&self) -> Option<&str> {
        match self.mode {
            PaneMode::Leaving => self.quit_question.as_deref(),
            _ => None,
        }
    }

    /// Takes an input in, and returns what is to be done.
    pub fn step(&mut self, input: PaneInput<'_>) -> Option<PaneEffect> {
        match input {
            PaneInput::Key(key) => self.key(key),
            PaneInput::Rows { rows, room } => {
                self.arrange(rows, room);
                None
            }
            PaneInput::Page(page) => {
                self.page = page;
                None
            }
        }
    }

    fn arrange(&mut self, rows: &[PaneRow<'_>], room: usize) {
        let places = arranged(rows, &self.filter, self.sort, room);
        self.seen = places.into_iter().map(|at| (at, rows[at].id.to_owned())).collect();
        self.count = rows.len();
        self.is_stale = false;
        let place = |selected: &String| self.seen.iter().position(|(_, id)| id == selected);
        match self.selected.as_ref().map(place) {
            Some(Some(place)) => self.place = place,
            Some(None) => self.selected = None,
            None => {}
        }
    }

    fn key(&mut self, key: PressedKey) -> Option<PaneEffect> {
        match self.mode {
            PaneMode::Board => return self.at_the_board(key),
            PaneMode::Filter => self.in_the_filter(key),
            PaneMode::Help => self.mode = PaneMode::Board,
            PaneMode::Leaving => {
                self.mode = PaneMode::Board;
                return matches!(key, PressedKey::Char('y' | 'Y')).then_some(PaneEffect::Quit);
            }
        }
        None
    }

    fn in_the_filter(&mut self, key: PressedKey) {
        let mut text = self.filter.clone();
        match key {
            PressedKey::Enter => {
                self.mode = PaneMode::Board;
                // The first one is meant, unless another is.
                if self.selected.is_none() && !text.is_empty() {
                    self.select(0);
                }
            }
            PressedKey::Escape => {
                text.clear();
                self.mode = PaneMode::Board;
            }
            PressedKey::Backspace if text.is_empty() => self.mode = PaneMode::Board,
            PressedKey::Backspace => drop(text.pop()),
            PressedKey::EraseLine => text.clear(),
            PressedKey::Char(c) | PressedKey::Pasted(c) if text.chars().count() < FILTER_MAX => text.push(c),
            PressedKey::Up => self.move_by(-1),
            PressedKey::Down => self.move_by(1),
            _ => {}
        }
        self.set_filter(text);
    }

    fn set_filter(&mut self, text: String) {
        self.is_stale |= text != self.filter;
        self.filter = text;
    }

    fn at_the_board(&mut self, key: PressedKey) -> Option<PaneEffect> {
        let page = isize::try_from(self.page.max(1)).unwrap_or(1);
        match key {
            PressedKey::Up | PressedKey::Char('k') => self.move_by(-1),
            PressedKey::Down | PressedKey::Char('j') => self.move_by(1),
            PressedKey::PageUp | PressedKey::Char('b') => self.move_by(-page),
            PressedKey::PageDown | PressedKey::Char(' ') => self.move_by(page),
            PressedKey::Home | PressedKey::Char('g') => self.select(0),
            PressedKey::End | PressedKey::Char('G') => self.select(usize::MAX),
            PressedKey::Char('/') => self.mode = PaneMode::Filter,
            PressedKey::Char('o') => {
                self.sort = self.sort.next();
                self.is_stale = true;
            }
            PressedKey::Char('?') => self.mode = PaneMode::Help,
            PressedKey::Escape if self.filter.is_empty() => self.selected = None,
            PressedKey::Escape => self.set_filter(String::new()),
            PressedKey::Char('q' | 'Q') if self.quit_question.is_some() => self.mode = PaneMode::Leaving,
            PressedKey::Char('q' | 'Q') => return Some(PaneEffect::Quit),
            _ => {}
        }
        None
    }

    /// Selects the row at a place, or the last one.
    fn select(&mut self, place: usize) {
        let Some(last) = self.seen.len().checked_sub(1) else {
            return;
        };
        self.place = place.min(last);
        self.selected = self.seen.get(self.place).map(|(_, id)| id.clone());
    }

    /// Selects a row further down, or up if negative. Where none is selected, it begins at the
    /// place of the last one that was.
    fn move_by(&mut self, rows: isize) {
        match self.selected {
            Some(_) => self.select(self.place.saturating_add_signed(rows)),
            None => self.select(self.place),
        }
    }
}
