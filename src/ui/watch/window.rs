//! The part of a long table that is shown, and the keys that move it.

use std::ops::Range;

/// A request made with one key at a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchKey {
    Quit,
    /// Rows further down; up if negative.
    Move(isize),
    /// Pages further down; up if negative.
    Page(isize),
    Top,
    Bottom,
}

const SEQUENCES: [(&[u8], WatchKey); 20] = [
    (b"\x1b[A", WatchKey::Move(-1)),
    (b"\x1bOA", WatchKey::Move(-1)),
    (b"\x1b[B", WatchKey::Move(1)),
    (b"\x1bOB", WatchKey::Move(1)),
    (b"\x1b[5~", WatchKey::Page(-1)),
    (b"\x1b[6~", WatchKey::Page(1)),
    (b"\x1b[H", WatchKey::Top),
    (b"\x1bOH", WatchKey::Top),
    (b"\x1b[1~", WatchKey::Top),
    (b"\x1b[F", WatchKey::Bottom),
    (b"\x1bOF", WatchKey::Bottom),
    (b"\x1b[4~", WatchKey::Bottom),
    (b"q", WatchKey::Quit),
    (b"Q", WatchKey::Quit),
    (b"k", WatchKey::Move(-1)),
    (b"j", WatchKey::Move(1)),
    (b"b", WatchKey::Page(-1)),
    (b" ", WatchKey::Page(1)),
    (b"g", WatchKey::Top),
    (b"G", WatchKey::Bottom),
];

/// Returns the keys in bytes from a terminal: those of pagers. Unknown keys are
/// skipped. See the "xterm control sequences" document for the sequences.
pub fn keys(typed: &[u8]) -> Vec<WatchKey> {
    let mut keys = Vec::new();
    let mut rest = typed;
    while let Some((first, after)) = rest.split_first() {
        if let Some((sequence, key)) = SEQUENCES.iter().find(|(sequence, _)| rest.starts_with(sequence)) {
            keys.push(*key);
            rest = rest.get(sequence.len()..).unwrap_or_default();
            continue;
        }
        rest = match first {
            // The end of an unknown sequence is no key.
            0x1b => after
                .iter()
                .position(u8::is_ascii_alphabetic)
                .map_or(&[][..], |end| &after[end + 1..]),
            _ => after,
        };
    }
    keys
}

/// A window over rows, some of which are higher than others.
#[derive(Debug, Default)]
pub(super) struct Window {
    top: usize,
    /// The number of rows in it when it was last drawn.
    page: usize,
    /// The lowest place that it had then.
    last: usize,
}

impl Window {
    pub(super) fn scroll(&mut self, key: WatchKey) {
        let page = isize::try_from(self.page).unwrap_or(1);
        self.top = match key {
            WatchKey::Quit => self.top,
            WatchKey::Move(by) => self.top.saturating_add_signed(by).min(self.last),
            WatchKey::Page(by) => self.top.saturating_add_signed(by.saturating_mul(page)).min(self.last),
            WatchKey::Top => 0,
            WatchKey::Bottom => self.last,
        };
    }

    /// Returns the rows of these heights that fit into so many lines. The last page
    /// is as full as can be.
    pub(super) fn cut_out(&mut self, heights: &[usize], lines: usize) -> Range<usize> {
        self.last = heights.len() - fitting(heights.iter().rev(), lines);
        self.top = self.top.min(self.last);
        self.page = fitting(heights.iter().skip(self.top), lines);
        self.top..self.top + self.page
    }
}

/// Returns how many of these rows fit into so many lines: one at least, if there is one.
fn fitting<'a>(heights: impl Iterator<Item = &'a usize>, lines: usize) -> usize {
    let mut used = 0;
    let fits = |(at, height): &(usize, &usize)| {
        used += **height;
        *at == 0 || used <= lines
    };
    heights.enumerate().take_while(fits).count()
}
