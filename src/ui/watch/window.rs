//! The part of a long table that is shown, and the keys that move it.

use super::{Part, Watch};

/// What somebody who looks on wants by a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// To leave.
    Quit,
    /// To see what is so many rows further down, or up.
    Move(isize),
    /// To see so many pages further down, or up.
    Page(isize),
    /// To see the first row.
    Top,
    /// To see the last row.
    Bottom,
}

/// The keys in what a terminal sends: as pagers have them. What is not known is
/// passed over. See the "xterm control sequences" document for the sequences.
pub fn keys(typed: &[u8]) -> Vec<Key> {
    const SEQUENCES: [(&[u8], Key); 12] = [
        (b"\x1b[A", Key::Move(-1)),
        (b"\x1bOA", Key::Move(-1)),
        (b"\x1b[B", Key::Move(1)),
        (b"\x1bOB", Key::Move(1)),
        (b"\x1b[5~", Key::Page(-1)),
        (b"\x1b[6~", Key::Page(1)),
        (b"\x1b[H", Key::Top),
        (b"\x1bOH", Key::Top),
        (b"\x1b[1~", Key::Top),
        (b"\x1b[F", Key::Bottom),
        (b"\x1bOF", Key::Bottom),
        (b"\x1b[4~", Key::Bottom),
    ];
    let mut keys = Vec::new();
    let mut rest = typed;
    while let Some((first, after)) = rest.split_first() {
        if let Some((sequence, key)) = SEQUENCES.iter().find(|(sequence, _)| rest.starts_with(sequence)) {
            keys.push(*key);
            rest = rest.get(sequence.len()..).unwrap_or_default();
            continue;
        }
        keys.extend(match first {
            b'q' | b'Q' => Some(Key::Quit),
            b'k' => Some(Key::Move(-1)),
            b'j' => Some(Key::Move(1)),
            b'b' => Some(Key::Page(-1)),
            b' ' => Some(Key::Page(1)),
            b'g' => Some(Key::Top),
            b'G' => Some(Key::Bottom),
            _ => None,
        });
        rest = match first {
            // The rest of a sequence that is not known is no key.
            0x1b => after
                .iter()
                .position(u8::is_ascii_alphabetic)
                .map_or(&[][..], |end| &after[end + 1..]),
            _ => after,
        };
    }
    keys
}

/// The part of a table that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ui) struct Window {
    /// Its first row.
    top: usize,
    /// How many rows it had when it was last drawn.
    room: usize,
}

impl Watch {
    /// Moves the window, where there is one.
    pub fn scroll(&mut self, key: Key) {
        let count = self.feed.rows().len();
        if let Part::Onlooker(window) = &mut self.part {
            let last = count.saturating_sub(window.room);
            let page = isize::try_from(window.room).unwrap_or(1);
            window.top = match key {
                Key::Quit => window.top,
                Key::Move(by) => window.top.saturating_add_signed(by).min(last),
                Key::Page(by) => window.top.saturating_add_signed(by.saturating_mul(page)).min(last),
                Key::Top => 0,
                Key::Bottom => last,
            };
        }
    }

    /// What is shown of the table where there is room for so many lines, and in
    /// words what part that is, where it is not all. The last page is full.
    pub(super) fn cut_out(&mut self, room: usize) -> (Vec<usize>, Option<String>) {
        let all = self.feed.rows().len();
        let Part::Onlooker(window) = &mut self.part else {
            return (Vec::new(), None);
        };
        window.room = if all <= room {
            all
        } else {
            room.saturating_sub(1).max(1)
        };
        window.top = window.top.min(all - window.room);
        let Window { top, room } = *window;
        let more = (room < all).then(|| format!("{} to {} of {all}; arrows move", top + 1, top + room));
        ((top..top + room).collect(), more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_sends() {
        for (typed, wanted) in [
            (&b"q"[..], &[Key::Quit][..]),
            (b"\x1b[B\x1b[Bk", &[Key::Move(1), Key::Move(1), Key::Move(-1)]),
            (b"gG\x1b[H\x1bOF", &[Key::Top, Key::Bottom, Key::Top, Key::Bottom]),
            // Unknown: a key of an unknown sequence does not quit.
            (b"\x1b[1;5q", &[]),
            (b"\x1b[1;5Cq", &[Key::Quit]),
            (b"\x1b", &[]),
            (b"xyz\xff\x00", &[]),
            (b"", &[]),
        ] {
            assert_eq!(keys(typed), wanted, "{typed:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn anything_may_be_typed(typed in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40)) {
            let _ = keys(&typed);
        }
    }
}
