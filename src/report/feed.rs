//! The rows as they are now, and the news in each event.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use crate::event::{Level, LogEntry, PlayerCount, ResidentEvent, Row, WatchedRow};
use crate::supervisor::{InstanceState, Observation};

#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Every instance has been seen once: all rows, in their order.
    Snapshot(Vec<Row>),
    /// An instance has come to another state than it was last seen in.
    Transition {
        row: Box<Row>,
        /// True when it was seen for the first time.
        first: bool,
    },
    Log(LogEntry),
}

/// Follows the events of watched instances.
#[derive(Debug, Default)]
pub struct Feed {
    /// By place and id, so that they stay in their order.
    rows: BTreeMap<(usize, String), Arc<WatchedRow>>,
    players: HashMap<String, PlayerCount>,
    settled: bool,
}

impl Feed {
    /// Takes an event in and returns the news in it.
    pub fn take(&mut self, event: ResidentEvent) -> Option<News> {
        match event {
            ResidentEvent::Row(watched) => self.row(watched),
            ResidentEvent::Gone(id) => {
                self.rows.retain(|(_, known), _| *known != id);
                None
            }
            ResidentEvent::Players(id, count) => {
                self.players.insert(id, count);
                None
            }
            ResidentEvent::Settled if self.settled => None,
            ResidentEvent::Settled => {
                self.settled = true;
                let rows = self.rows.values().map(|watched| watched.row.clone());
                Some(News::Snapshot(rows.collect()))
            }
            ResidentEvent::Happened(entry) => Some(News::Log(entry)),
        }
    }

    fn row(&mut self, watched: Arc<WatchedRow>) -> Option<News> {
        let id = watched.row.id.clone();
        let key = self.rows.keys().find(|(_, known)| *known == id).cloned();
        let before = key.and_then(|key| self.rows.remove(&key));
        let label = before.as_ref().map(|before| before.row.label());
        let report = (label != Some(watched.row.label())).then(|| News::Transition {
            row: Box::new(watched.row.clone()),
            first: before.is_none(),
        });
        self.rows.insert((watched.place, id), watched);
        report
    }

    /// Returns the rows as they were last seen, in their order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &WatchedRow> + Clone {
        self.rows.values().map(AsRef::as_ref)
    }

    pub fn players(&self, id: &str) -> PlayerCount {
        self.players.get(id).copied().unwrap_or_default()
    }

    /// Returns each row with its uptime in seconds at `now`, for a heartbeat;
    /// nothing before the snapshot.
    pub fn heartbeats(&self, now: Instant) -> impl Iterator<Item = (&Row, u64)> {
        let rows = self.rows.values().filter(|_| self.settled);
        rows.map(move |watched| (&watched.row, uptime(watched, now)))
    }
}

/// Returns the seconds since an instance became ready, at `now`.
pub fn uptime(watched: &WatchedRow, now: Instant) -> u64 {
    match &watched.row.observation {
        Observation::Known(facts) if facts.state == InstanceState::Running => {
            facts.uptime_seconds + now.saturating_duration_since(watched.seen).as_secs()
        }
        _ => 0,
    }
}

pub fn in_words(row: &Row, at: String) -> LogEntry {
    let (level, note) = match &row.observation {
        Observation::Unknown { reason } => (Level::Warning, Some(reason)),
        Observation::Known(facts) => match facts.state {
            InstanceState::Crashed { .. } => (Level::Error, facts.note.as_ref()),
            _ => (Level::Info, facts.note.as_ref()),
        },
    };
    let note = note.map(|note| format!(": {note}")).unwrap_or_default();
    LogEntry {
        at,
        level,
        id: Some(row.id.clone()),
        text: format!("{}{note}", row.label()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::Facts;

    fn watched(id: &str, place: usize, state: InstanceState) -> ResidentEvent {
        ResidentEvent::Row(Arc::new(WatchedRow {
            row: Row {
                id: id.into(),
                plane: "process",
                observation: Observation::Known(Box::new(Facts::bare(state, None))),
                intent: None,
                player_count: PlayerCount::NotAsked,
            },
            place,
            seen: Instant::now(),
            awaits: None,
        }))
    }

    fn news(feed: &mut Feed, event: ResidentEvent) -> String {
        match feed.take(event) {
            None => "nothing".into(),
            Some(News::Snapshot(rows)) => rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(" "),
            Some(News::Transition { row, first }) => format!("{} {} {first}", row.id, row.label()),
            Some(News::Log(entry)) => entry.text,
        }
    }

    #[test]
    fn only_another_state_is_a_transition() {
        let mut feed = Feed::default();
        for (event, wanted) in [
            (watched("b", 1, InstanceState::Stopped), "b stopped true"),
            (watched("a", 0, InstanceState::Starting), "a starting true"),
            (ResidentEvent::Settled, "a b"),
            (ResidentEvent::Settled, "nothing"),
            // Another place is not another state.
            (watched("b", 2, InstanceState::Stopped), "nothing"),
            (watched("b", 2, InstanceState::Running), "b running false"),
            (ResidentEvent::Gone("b".into()), "nothing"),
            (watched("b", 1, InstanceState::Running), "b running true"),
        ] {
            assert_eq!(news(&mut feed, event), wanted);
        }
        assert_eq!(feed.rows().len(), 2);
    }

    #[test]
    fn hearts_beat_once_all_have_been_seen() {
        let mut feed = Feed::default();
        feed.take(watched("a", 0, InstanceState::Running));
        assert_eq!(feed.heartbeats(Instant::now()).count(), 0);
        feed.take(ResidentEvent::Settled);
        let later = Instant::now() + std::time::Duration::from_secs(5);
        let beats: Vec<u64> = feed.heartbeats(later).map(|(_, uptime)| uptime).collect();
        assert!((5..=6).contains(&beats[0]), "{beats:?}");
    }
}
