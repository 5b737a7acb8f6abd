//! The part of a long table that is shown, and the keys that move it.

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

#[derive(Debug, Default)]
pub(super) struct Window {
    top: usize,
    /// The number of rows when it was last drawn.
    room: usize,
}

impl Window {
    /// Moves the window over so many rows.
    pub(super) fn scroll(&mut self, key: WatchKey, count: usize) {
        let last = count.saturating_sub(self.room);
        let page = isize::try_from(self.room).unwrap_or(1);
        self.top = match key {
            WatchKey::Quit => self.top,
            WatchKey::Move(by) => self.top.saturating_add_signed(by).min(last),
            WatchKey::Page(by) => self.top.saturating_add_signed(by.saturating_mul(page)).min(last),
            WatchKey::Top => 0,
            WatchKey::Bottom => last,
        };
    }

    /// Returns the positions of the rows that fit into so many lines, and if
    /// these are not all rows, a line that names the part. The last page is full.
    pub(super) fn cut_out(&mut self, count: usize, lines: usize) -> (Vec<usize>, Option<String>) {
        self.room = match count <= lines {
            true => count,
            false => lines.saturating_sub(1).max(1),
        };
        self.top = self.top.min(count - self.room);
        let end = self.top + self.room;
        let part = (self.room < count).then(|| format!("{} to {end} of {count}; arrows move", self.top + 1));
        ((self.top..end).collect(), part)
    }
}
