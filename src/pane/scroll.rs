//! The place in a text that is longer than the screen.

use super::press::PressedKey;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Scroll {
    /// The first line that is shown, and the last one that may be.
    top: usize,
    last_top: usize,
    page: usize,
    /// True while the end is shown as it grows.
    follows: bool,
}

impl Scroll {
    /// Begins at the begin of a text, or at its end, which is then followed.
    pub(super) fn at(follows: bool) -> Self {
        Self {
            follows,
            ..Self::default()
        }
    }

    pub(super) fn top(&self) -> usize {
        self.top
    }

    pub(super) fn follows(&self) -> bool {
        self.follows
    }

    /// Is told how many lines the text has, and how many there are for it.
    pub(super) fn fit(&mut self, lines: usize, room: usize) {
        self.page = room;
        self.last_top = lines.saturating_sub(room);
        self.top = match self.follows {
            true => self.last_top,
            false => self.top.min(self.last_top),
        };
    }

    /// Moves as a key of a pager says.
    pub(super) fn press(&mut self, key: PressedKey) {
        let page = self.page.max(1);
        self.go(match key {
            PressedKey::Up | PressedKey::Char('k') => self.top.saturating_sub(1),
            PressedKey::Down | PressedKey::Char('j') => self.top + 1,
            PressedKey::PageUp | PressedKey::Char('b') => self.top.saturating_sub(page),
            PressedKey::PageDown | PressedKey::Char(' ') => self.top + page,
            PressedKey::Home | PressedKey::Char('g') => 0,
            PressedKey::End | PressedKey::Char('G') => self.last_top,
            _ => self.top,
        });
    }

    /// Shows this line, as the first one where that can be.
    pub(super) fn go(&mut self, line: usize) {
        self.top = line.min(self.last_top);
    }

    /// Follows the end no more.
    pub(super) fn stay(&mut self) {
        self.follows = false;
    }

    /// Follows the end, if that is shown.
    pub(super) fn follow_at_the_end(&mut self) {
        self.follows = self.top == self.last_top;
    }
}
