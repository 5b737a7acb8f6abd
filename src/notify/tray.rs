//! The notices that a target is still to be told: the newest notice of each instance, once a minute at
//! most. Pure: the time is passed in.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use super::notice::{Notice, Notification};
use crate::event::EventKind;

/// The time between two messages about one instance.
pub(super) const PAUSE: Duration = Duration::from_secs(60);

/// One instance, as a target was told of it.
#[derive(Debug, Default)]
struct Slot {
    sent: Option<Instant>,
    /// The newest notice, with the time of the first one that waits.
    waiting: Option<(Instant, Notice)>,
    held_back: BTreeMap<EventKind, u64>,
}

impl Slot {
    /// Returns when its notice may be sent; `None` where there is none.
    fn due(&self) -> Option<Instant> {
        let (since, _) = self.waiting.as_ref()?;
        Some(self.sent.map_or(*since, |sent| (sent + PAUSE).max(*since)))
    }
}

#[derive(Debug, Default)]
pub(super) struct Tray {
    slots: HashMap<String, Slot>,
    lost: u64,
    /// True once nothing waits for its minute any more.
    is_ending: bool,
}

impl Tray {
    pub(super) fn add(&mut self, notice: Notice, now: Instant) {
        let slot = self.slots.entry(notice.id.clone()).or_default();
        let since = match slot.waiting.take() {
            Some((since, older)) => {
                *slot.held_back.entry(older.kind).or_default() += 1;
                since
            }
            None => now,
        };
        slot.waiting = Some((since, notice));
    }

    /// Takes out the message that is due for the longest time.
    pub(super) fn next(&mut self, now: Instant) -> Option<Notification> {
        let is_over = |slot: &Slot| slot.waiting.is_none() && slot.sent.is_none_or(|sent| sent + PAUSE <= now);
        self.slots.retain(|_, slot| !is_over(slot));
        let is_ending = self.is_ending;
        let due = self.slots.iter_mut().filter_map(|(_, slot)| Some((slot.due()?, slot)));
        let (_, slot) = due
            .filter(|(due, _)| is_ending || *due <= now)
            .min_by_key(|(due, _)| *due)?;
        let (_, notice) = slot.waiting.take()?;
        slot.sent = Some(now);
        Some(Notification {
            notice,
            held_back: std::mem::take(&mut slot.held_back),
            lost: self.lost,
        })
    }

    /// Returns when the next message is due; `None` where nothing waits.
    pub(super) fn due(&self) -> Option<Instant> {
        self.slots.values().filter_map(Slot::due).min()
    }

    /// Takes in that a message was taken. Returns how many were not since the last one.
    pub(super) fn delivered(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// Takes in that a message was given up. Returns true for the first one.
    pub(super) fn gave_up(&mut self) -> bool {
        self.lost += 1;
        self.lost == 1
    }

    /// Makes all that waits due.
    pub(super) fn end(&mut self) {
        self.is_ending = true;
    }

    /// Returns how many messages wait.
    pub(super) fn len(&self) -> usize {
        self.slots.values().filter(|slot| slot.waiting.is_some()).count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::notice::tests::notice;
    use super::*;

    const KINDS: [EventKind; 3] = [EventKind::Crashed, EventKind::Restarted, EventKind::GaveUp];

    /// Returns what is sent, as `ID:TEXT KIND=HELD`.
    fn sent(tray: &mut Tray, now: Instant) -> String {
        let one = |sent: Notification| {
            let held = sent.held_back.iter();
            let held: String = held
                .map(|(kind, count)| format!(" {}={count}", kind.as_str()))
                .collect();
            format!("{}:{}{held}", sent.notice.id, sent.notice.text)
        };
        tray.next(now).map_or_else(String::new, one)
    }

    #[test]
    fn the_first_is_sent_at_once_and_others_wait_for_the_minute() {
        let begin = Instant::now();
        let mut tray = Tray::default();
        tray.add(notice("a", EventKind::Crashed, "1"), begin);
        assert_eq!(sent(&mut tray, begin), "a:1");
        for (text, kind) in [("2", KINDS[1]), ("3", KINDS[0]), ("4", KINDS[0]), ("5", KINDS[2])] {
            tray.add(notice("a", kind, text), begin + PAUSE / 2);
        }
        tray.add(notice("b", EventKind::Crashed, "1"), begin + PAUSE / 2);
        // Another instance does not wait for it.
        assert_eq!(sent(&mut tray, begin + PAUSE / 2), "b:1");
        assert_eq!(sent(&mut tray, begin + PAUSE - Duration::from_millis(1)), "");
        assert_eq!(tray.due(), Some(begin + PAUSE));
        assert_eq!(sent(&mut tray, begin + PAUSE), "a:5 crashed=2 restarted=1");
        assert!(tray.len() == 0 && tray.due().is_none());
    }

    #[test]
    fn at_the_end_nothing_waits_for_its_minute() {
        let begin = Instant::now();
        let mut tray = Tray::default();
        for text in ["1", "2"] {
            tray.add(notice("a", EventKind::Crashed, text), begin);
            assert_eq!(sent(&mut tray, begin), if text == "1" { "a:1" } else { "" });
        }
        tray.end();
        assert_eq!(sent(&mut tray, begin), "a:2");
    }

    #[test]
    fn what_was_not_taken_is_told_until_one_is() {
        let now = Instant::now();
        let mut tray = Tray::default();
        assert!(tray.gave_up());
        assert!(!tray.gave_up());
        tray.add(notice("a", EventKind::Crashed, "1"), now);
        assert_eq!(tray.next(now).unwrap().lost, 2);
        assert_eq!((tray.delivered(), tray.delivered()), (2, 0));
        assert!(tray.gave_up());
    }

    proptest! {
        /// Each notice is sent, or counted in one that is; no instance is told of twice
        /// within a minute; and what waits is bounded by the instances.
        #[test]
        fn nothing_is_lost_uncounted_or_sent_too_often(
            steps in proptest::collection::vec((0..3_usize, 0..3_usize, 0..40_u64, any::<bool>()), 0..200),
        ) {
            let mut now = Instant::now();
            let mut tray = Tray::default();
            let (mut added, mut told) = (0_u64, 0_u64);
            let mut last: [Option<Instant>; 3] = [None; 3];
            let mut take = |tray: &mut Tray, now: Instant| {
                while let Some(sent) = tray.next(now) {
                    let at = usize::from(sent.notice.id.as_bytes()[0] - b'a');
                    if let Some(last) = last[at].replace(now) {
                        assert!(now - last >= PAUSE);
                    }
                    told += 1 + sent.held_back.values().sum::<u64>();
                }
            };
            for (id, kind, seconds, takes) in steps {
                now += Duration::from_secs(seconds);
                tray.add(notice(["a", "b", "c"][id], KINDS[kind], "x"), now);
                added += 1;
                if takes {
                    take(&mut tray, now);
                }
                prop_assert!(tray.slots.len() <= 3);
            }
            take(&mut tray, now + PAUSE);
            prop_assert_eq!(tray.len(), 0);
            prop_assert_eq!(added, told);
        }
    }
}
