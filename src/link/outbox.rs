//! The messages that are to be published, bounded: a server that is away or slow costs no more memory
//! than the instances are many.

use std::collections::VecDeque;

use serde_json::Value;

/// The transitions that wait while a server listens. With more, only the newest of each
/// instance is kept, as while none does.
const STATUSES_MAX: usize = 1024;

/// The events that wait at most.
const EVENTS_MAX: usize = 256;

/// A message that waits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Letter {
    /// The instance; `None` for an event of the node.
    pub(super) id: Option<String>,
    body: Value,
    /// The number of those of the same kind that were left out before it.
    dropped: u64,
}

impl Letter {
    /// Returns the body as it is sent.
    pub(super) fn text(&self) -> String {
        match self.dropped {
            0 => self.body.to_string(),
            dropped => {
                let mut body = self.body.clone();
                body["dropped"] = dropped.into();
                body.to_string()
            }
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    letters: VecDeque<Letter>,
    statuses: usize,
    is_heard: bool,
}

impl Outbox {
    /// Takes in whether a server listens.
    pub(super) fn set_heard(&mut self, is_heard: bool) {
        self.is_heard = is_heard;
        if !is_heard {
            let letters = std::mem::take(&mut self.letters);
            self.statuses = 0;
            letters.into_iter().for_each(|letter| self.add(letter));
        }
    }

    /// Adds a transition of an instance.
    pub(super) fn status(&mut self, id: &str, body: Value) {
        self.add(Letter {
            id: Some(id.to_owned()),
            body,
            dropped: 0,
        });
    }

    /// Adds an event of the node.
    pub(super) fn event(&mut self, body: Value) {
        self.add(Letter {
            id: None,
            body,
            dropped: 0,
        });
    }

    fn add(&mut self, mut letter: Letter) {
        let replaces = match &letter.id {
            Some(id) if !self.is_heard || self.statuses >= STATUSES_MAX => {
                self.letters.iter().position(|old| old.id.as_ref() == Some(id))
            }
            Some(_) => None,
            None if self.letters.len() - self.statuses >= EVENTS_MAX => {
                self.letters.iter().position(|old| old.id.is_none())
            }
            None => None,
        };
        if let Some(old) = replaces.and_then(|at| self.letters.remove(at)) {
            self.statuses -= usize::from(old.id.is_some());
            let left_out = old.dropped + 1;
            // The next event that is sent tells of it.
            match self
                .letters
                .iter_mut()
                .find(|next| letter.id.is_none() && next.id.is_none())
            {
                Some(next) => next.dropped += left_out,
                None => letter.dropped += left_out,
            }
        }
        self.statuses += usize::from(letter.id.is_some());
        self.letters.push_back(letter);
    }

    /// Takes out so many at most, in their order.
    pub(super) fn take(&mut self, most: usize) -> Vec<Letter> {
        let taken: Vec<Letter> = self.letters.drain(..most.min(self.letters.len())).collect();
        self.statuses -= taken.iter().filter(|letter| letter.id.is_some()).count();
        taken
    }

    /// Puts back what may not have been delivered, before what has come since.
    pub(super) fn give_back(&mut self, letters: Vec<Letter>) {
        let since = std::mem::take(&mut self.letters);
        self.statuses = 0;
        letters.into_iter().chain(since).for_each(|letter| self.add(letter));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Returns what is sent, as `ID:BODY`, with `+N` where N were left out.
    fn sent(letters: &[Letter]) -> String {
        let one = |letter: &Letter| {
            let value: Value = serde_json::from_str(&letter.text()).unwrap();
            let dropped = value["dropped"].as_u64().map(|count| format!("+{count}"));
            let id = letter.id.as_deref().unwrap_or("node");
            format!("{id}:{}{}", value["n"], dropped.unwrap_or_default())
        };
        letters.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn add(outbox: &mut Outbox, what: &str) {
        let (id, n) = what.split_once(':').unwrap();
        let body = json!({ "n": n.parse::<u32>().unwrap() });
        match id {
            "node" => outbox.event(body),
            id => outbox.status(id, body),
        }
    }

    fn outbox(is_heard: bool, what: &str) -> Outbox {
        let mut outbox = Outbox::default();
        outbox.set_heard(is_heard);
        what.split_whitespace().for_each(|one| add(&mut outbox, one));
        outbox
    }

    #[test]
    fn all_are_sent_in_order_while_a_server_listens() {
        let mut outbox = outbox(true, "a:1 b:1 a:2 node:1 a:3");
        assert_eq!(sent(&outbox.take(2)), "a:1 b:1");
        assert_eq!(sent(&outbox.take(9)), "a:2 node:1 a:3");
        assert!(outbox.is_empty());
    }

    #[test]
    fn the_newest_of_each_is_kept_while_none_does() {
        let mut outbox = outbox(false, "a:1 b:1 a:2 node:1 node:2 a:3");
        outbox.set_heard(true);
        add(&mut outbox, "a:4");
        assert_eq!(sent(&outbox.take(9)), "b:1 node:1 node:2 a:3+2 a:4");
    }

    #[test]
    fn what_waits_when_it_is_lost_is_thinned_out() {
        let mut outbox = outbox(true, "a:1 b:1 a:2");
        outbox.set_heard(false);
        assert_eq!(sent(&outbox.take(9)), "b:1 a:2+1");
    }

    #[test]
    fn what_may_be_lost_goes_before_what_came_since() {
        let mut outbox = outbox(true, "a:1 b:1 node:1");
        let unproven = outbox.take(9);
        outbox.set_heard(false);
        add(&mut outbox, "a:2");
        add(&mut outbox, "node:2");
        outbox.give_back(unproven);
        assert_eq!(sent(&outbox.take(9)), "b:1 node:1 a:2+1 node:2");
    }

    #[test]
    fn of_too_many_events_the_oldest_go_and_are_counted() {
        let mut outbox = outbox(false, "");
        for n in 0..EVENTS_MAX + 3 {
            add(&mut outbox, &format!("node:{n}"));
        }
        let all = outbox.take(EVENTS_MAX * 2);
        assert_eq!((all.len(), sent(&all[..2])), (EVENTS_MAX, "node:3+3 node:4".to_owned()));
    }

    proptest! {
        /// Whatever comes, the newest of each instance is sent last, nothing is lost
        /// uncounted, and there is a bound.
        #[test]
        fn nothing_is_lost_uncounted(
            steps in prop::collection::vec((0..5_u8, any::<bool>(), 0..4_u8), 0..400),
        ) {
            let mut outbox = Outbox::default();
            let (mut added, mut newest) = ([0_u64; 4], [0_u32; 4]);
            let (mut told, mut last) = ([0_u64; 4], [0_u32; 4]);
            let mut n = 0;
            let mut take = |outbox: &mut Outbox, most| {
                for letter in outbox.take(most) {
                    let at = letter.id.as_deref().map_or(3, |id| usize::from(id.as_bytes()[0] - b'a'));
                    told[at] += 1 + letter.dropped;
                    last[at] = letter.body["n"].as_u64().unwrap_or_default() as u32;
                }
            };
            for (id, is_heard, most) in steps {
                outbox.set_heard(is_heard);
                n += 1;
                if id < 4 {
                    let at = usize::from(id);
                    added[at] += 1;
                    newest[at] = n;
                    let body = json!({ "n": n });
                    match id {
                        3 => outbox.event(body),
                        id => outbox.status(["a", "b", "c"][usize::from(id)], body),
                    }
                }
                prop_assert!(outbox.letters.len() <= STATUSES_MAX + EVENTS_MAX);
                take(&mut outbox, usize::from(most));
            }
            take(&mut outbox, usize::MAX);
            prop_assert_eq!(outbox.statuses, 0);
            prop_assert_eq!(added, told);
            prop_assert_eq!(newest, last);
        }
    }
}
