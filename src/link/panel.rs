//! The rows of all nodes, as far as they were heard of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::remote_row;
use crate::event::{PlayerCount, ResidentEvent, WatchedRow};
use crate::inventory::{is_subject_token, is_valid_id};

/// The intervals of heartbeats after which an instance is not known any more...
const MISSED: u32 = 3;

/// ...and the time beside them, for clocks that differ and messages that are late.
const GRACE: Duration = Duration::from_secs(5);

/// The interval of a heartbeat that tells none, and the longest that is believed.
const USUAL: Duration = Duration::from_secs(15);
const LONGEST: Duration = Duration::from_secs(86400);

/// The instances that are kept at most.
const INSTANCES_MAX: usize = 100_000;

/// An instance of another node.
#[derive(Debug)]
struct Known {
    /// The last row that it has told itself.
    row: Arc<WatchedRow>,
    /// The time of its last heartbeat.
    at: SystemTime,
    /// The time of the newest word about its state.
    told: SystemTime,
    every: Duration,
    is_silent: bool,
}

/// The instances of all nodes by `NODE/ID`.
#[derive(Debug, Default)]
pub(super) struct Panel {
    known: BTreeMap<String, Known>,
}

impl Panel {
    /// Takes a message in: `subject` is what follows the prefix. One that was kept by the
    /// server is as old as it says; any other is from now.
    pub(super) fn take(&mut self, subject: &str, body: &Value, is_kept: bool, now: SystemTime) -> Vec<ResidentEvent> {
        let words: Vec<&str> = subject.split('.').collect();
        let &[node, id, kind] = words.as_slice() else {
            return Vec::new();
        };
        if !is_subject_token(node) || !is_valid_id(id) {
            return Vec::new();
        }
        let name = format!("{node}/{id}");
        let told = remote_row::time(&body["at"]).unwrap_or(now);
        let at = if is_kept { told } else { now };
        match kind {
            "heartbeat" => self.heartbeat(name, body, at, told),
            "status" => self.status(&name, body, told),
            _ => Vec::new(),
        }
    }

    fn heartbeat(&mut self, name: String, body: &Value, at: SystemTime, told: SystemTime) -> Vec<ResidentEvent> {
        let Some((row, players)) = remote_row::of_heartbeat(&name, body) else {
            return Vec::new();
        };
        let is_old = self.known.get(&name).is_some_and(|known| known.told > told);
        if is_old || (self.known.len() >= INSTANCES_MAX && !self.known.contains_key(&name)) {
            return Vec::new();
        }
        let row = Arc::new(row);
        let every = body["interval_seconds"]
            .as_f64()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let known = Known {
            row: Arc::clone(&row),
            at,
            told,
            every: every.unwrap_or(USUAL).min(LONGEST),
            is_silent: false,
        };
        self.known.insert(name.clone(), known);
        vec![
            ResidentEvent::Row(row),
            ResidentEvent::Players(name.clone(), players),
            ResidentEvent::Usage(name, remote_row::usage(body)),
        ]
    }

    fn status(&mut self, name: &str, body: &Value, told: SystemTime) -> Vec<ResidentEvent> {
        let Some(known) = self.known.get_mut(name).filter(|known| known.told <= told) else {
            return Vec::new();
        };
        if body["event"] == "gone" {
            self.known.remove(name);
            return vec![ResidentEvent::Gone(name.to_owned())];
        }
        known.told = told;
        known.row = Arc::new(remote_row::of_status(&known.row, body));
        let row = ResidentEvent::Row(Arc::clone(&known.row));
        let players = ResidentEvent::Players(name.to_owned(), PlayerCount::NotAsked);
        let usage = ResidentEvent::Usage(name.to_owned(), None);
        match remote_row::state(body).is_some_and(|state| state.as_label() == "running") {
            true => vec![row],
            false => vec![row, players, usage],
        }
    }

    /// Returns the rows of those that have missed their heartbeats, each once.
    pub(super) fn silent(&mut self, now: SystemTime) -> Vec<ResidentEvent> {
        let mut silent = Vec::new();
        for known in self.known.values_mut().filter(|known| !known.is_silent) {
            let since = now.duration_since(known.at).unwrap_or_default();
            if since > known.every.saturating_mul(MISSED).saturating_add(GRACE) {
                known.is_silent = true;
                silent.push(ResidentEvent::Row(Arc::new(remote_row::of_silence(&known.row, since))));
            }
        }
        silent
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::report::Feed;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    fn written(seconds: u64) -> String {
        humantime::format_rfc3339_millis(at(seconds)).to_string()
    }

    fn beat(state: &str, seconds: u64) -> Value {
        json!({
            "event": "heartbeat", "plane": "process", "host": null, "state": state, "uptime_seconds": 9, "pid": 7,
            "restarts": 2, "intent": "running", "interval_seconds": 10.0, "at": written(seconds),
            "details": { "players": { "online": 1, "max": 8 } },
        })
    }

    fn status(state: &str, seconds: u64) -> Value {
        json!({ "event": "status", "state": state, "at": written(seconds) })
    }

    /// Returns the rows as `NAME STATE`.
    fn rows(feed: &Feed) -> String {
        let rows = feed.seen().into_iter();
        let rows: Vec<String> = rows
            .map(|(row, _)| format!("{} {}", row.row.id, row.row.label()))
            .collect();
        rows.join(", ")
    }

    #[test]
    fn the_newest_word_counts_whatever_comes_first() {
        let (mut panel, mut feed) = (Panel::default(), Feed::default());
        for (subject, body, now, wanted) in [
            ("box1.a.status", status("crashed", 0), 0, ""),
            ("box1.a.heartbeat", beat("running", 1), 1, "box1/a running"),
            ("box1.a.status", status("crashed", 2), 2, "box1/a crashed"),
            // Made before that, and come after it.
            ("box1.a.heartbeat", beat("running", 1), 3, "box1/a crashed"),
            ("box1.a.status", status("running", 1), 3, "box1/a crashed"),
            (
                "box2.a.heartbeat",
                beat("stopped", 3),
                3,
                "box1/a crashed, box2/a stopped",
            ),
            (
                "box1.a.heartbeat",
                beat("running", 4),
                4,
                "box1/a running, box2/a stopped",
            ),
            ("box1.a.events", json!({}), 4, "box1/a running, box2/a stopped"),
            (
                "box1.A.heartbeat",
                beat("running", 4),
                4,
                "box1/a running, box2/a stopped",
            ),
            (
                "box1.heartbeat",
                beat("running", 4),
                4,
                "box1/a running, box2/a stopped",
            ),
            (
                "box1.b.heartbeat",
                json!("nonsense"),
                4,
                "box1/a running, box2/a stopped",
            ),
            (
                "box2.a.status",
                json!({ "event": "gone", "at": written(5) }),
                5,
                "box1/a running",
            ),
        ] {
            for event in panel.take(subject, &body, false, at(now)) {
                feed.take(event);
            }
            assert_eq!(rows(&feed), wanted, "{subject} {body}");
        }
        assert!(matches!(feed.gauges("box1/a").players, PlayerCount::Counted(players) if players.max == Some(8)));
    }

    #[test]
    fn who_is_silent_is_unknown_until_he_is_heard_again() {
        let (mut panel, mut feed) = (Panel::default(), Feed::default());
        let mut events = panel.take("box1.a.heartbeat", &beat("running", 0), false, at(0));
        // The server has kept this one from a node that is dead.
        events.extend(panel.take("box2.a.heartbeat", &beat("running", 0), true, at(100)));
        events.extend(panel.silent(at(35)));
        events.into_iter().for_each(|event| drop(feed.take(event)));
        assert_eq!(rows(&feed), "box1/a running, box2/a running");
        let silent = panel.silent(at(36));
        assert_eq!(silent.len(), 2);
        silent.into_iter().for_each(|event| drop(feed.take(event)));
        assert_eq!(rows(&feed), "box1/a unknown, box2/a unknown");
        assert_eq!(panel.silent(at(99)).len(), 0, "once");
        for event in panel.take("box1.a.heartbeat", &beat("running", 100), false, at(100)) {
            feed.take(event);
        }
        assert_eq!(rows(&feed), "box1/a running, box2/a unknown");
    }

    proptest! {
        #[test]
        fn no_message_is_too_much_for_it(subject in "[a-z.*>]{0,12}", text in ".{0,80}", number in any::<f64>()) {
            let mut panel = Panel::default();
            for kind in ["heartbeat", "status"] {
                let body = serde_json::from_str(&text).unwrap_or_else(|_| json!({
                    "plane": text, "state": "running", "interval_seconds": number, "at": text, "details": [text],
                    "last_exit": {}, "note": text,
                }));
                panel.take(&subject, &body, true, at(0));
                panel.take(&format!("box1.a.{kind}"), &body, false, at(0));
                panel.silent(at(1_000_000));
            }
        }
    }
}
