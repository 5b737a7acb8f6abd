//! A reply as it comes together.

use super::exchange::Reply;

/// The longest reply, in bytes; a longer one is cut.
pub(super) const REPLY_MAX: usize = 1 << 20;

/// The part of a reply that has come so far.
#[derive(Debug)]
pub(super) struct Gathered<'a> {
    bytes: Vec<u8>,
    /// The end of what was heard, in which the expected text may begin.
    recent: Vec<u8>,
    expect: Option<&'a str>,
    confirmed: bool,
    cut: bool,
    any: bool,
}

impl<'a> Gathered<'a> {
    pub(super) fn new(expect: Option<&'a str>) -> Self {
        Self {
            bytes: Vec::new(),
            recent: Vec::new(),
            expect,
            confirmed: false,
            cut: false,
            any: false,
        }
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        self.any = true;
        let room = REPLY_MAX - self.bytes.len();
        self.cut |= piece.len() > room;
        self.bytes.extend_from_slice(piece.get(..room).unwrap_or(piece));
        self.look(piece);
    }

    /// Looks for the expected text in something that is not part of the reply.
    pub(super) fn overhear(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        self.confirmed |= self.expect.is_some_and(|expect| text.contains(expect));
    }

    fn look(&mut self, piece: &[u8]) {
        let Some(expect) = self.expect.map(str::as_bytes).filter(|_| !self.confirmed) else {
            return;
        };
        self.recent.extend_from_slice(piece);
        self.confirmed = expect.is_empty() || self.recent.windows(expect.len()).any(|window| window == expect);
        let kept = self.recent.len().saturating_sub(expect.len());
        self.recent.drain(..kept);
    }

    /// Returns what has come so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns true if anything came, even an empty piece.
    pub(super) fn any(&self) -> bool {
        self.any
    }

    /// Notes that a part of the reply is missing.
    pub(super) fn cut(&mut self) {
        self.cut = true;
    }

    /// Returns true if the expected text has come.
    pub(super) fn confirmed(&self) -> bool {
        self.confirmed
    }

    /// Returns true if no more is read: what is expected is waited for in a flood too.
    pub(super) fn is_full(&self) -> bool {
        self.cut && !self.expects_more()
    }

    /// Returns true if the expected text has not come yet.
    pub(super) fn expects_more(&self) -> bool {
        self.expect.is_some() && !self.confirmed
    }

    pub(super) fn finish(self, closed: bool) -> Reply {
        let text = String::from_utf8_lossy(&self.bytes);
        Reply {
            text: text
                .trim_end_matches(|c: char| c.is_whitespace() || c == '\0')
                .to_owned(),
            confirmed: self.expect.map(|_| self.confirmed),
            closed,
            cut: self.cut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "[ab]{0,40}", expect in "[ab]{1,4}", cuts in proptest::collection::vec(0_usize..40, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let mut gathered = Gathered::new(Some(&expect));
            let mut at = 0;
            for cut in cuts.into_iter().chain([text.len()]) {
                gathered.push(&text.as_bytes()[at..cut]);
                at = cut;
            }
            prop_assert_eq!(gathered.expects_more(), !text.contains(&expect));
            let reply = gathered.finish(false);
            prop_assert_eq!(reply.confirmed, Some(text.contains(&expect)));
            prop_assert_eq!(reply.text, text);
        }
    }

    #[test]
    fn a_flood_is_cut() {
        let mut gathered = Gathered::new(None);
        gathered.push(&vec![b'x'; REPLY_MAX - 1]);
        assert!(!gathered.is_full());
        gathered.push(b"yyy");
        assert!(gathered.is_full());
        gathered.push(b"z");
        let reply = gathered.finish(false);
        assert_eq!((reply.text.len(), reply.cut), (REPLY_MAX, true));
        let mut gathered = Gathered::new(Some("Saved"));
        gathered.push(&vec![b'x'; REPLY_MAX + 1]);
        assert!(!gathered.is_full(), "what is expected may still come");
        gathered.push(b"Sa");
        gathered.push(b"ved");
        assert!(gathered.is_full() && !gathered.expects_more());
    }
}
