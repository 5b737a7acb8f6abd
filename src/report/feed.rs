//! The rows as they are now, and the news in each event.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use crate::event::{Gauges, Level, LogEntry, ResidentEvent, Row, WatchedRow};
use crate::supervisor::{Facts, InstanceState, Observation};

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
    gauges: HashMap<String, Gauges>,
    settled: bool,
}

impl Feed {
    /// Takes an event in and returns the news in it.
    pub fn take(&mut self, event: ResidentEvent) -> Vec<News> {
        match event {
            ResidentEvent::Row(watched) => self.row(watched),
            ResidentEvent::Gone(id) => {
                if let Some(gauges) = self.gauges.get_mut(&id) {
                    gauges.usage = None;
                }
                self.rows.retain(|(_, known), _| *known != id);
                Vec::new()
            }
            ResidentEvent::Players(id, count) => {
                self.gauges.entry(id).or_default().players = count;
                Vec::new()
            }
            ResidentEvent::Usage(id, usage) => {
                self.gauges.entry(id).or_default().usage = usage;
                Vec::new()
            }
            ResidentEvent::NextFiring(id, at) => {
                self.gauges.entry(id).or_default().next_firing = at;
                Vec::new()
            }
            ResidentEvent::Settled if self.settled => Vec::new(),
            ResidentEvent::Link(_) => Vec::new(),
            ResidentEvent::Settled => {
                self.settled = true;
                let rows = self.rows.values().map(|watched| watched.row.clone());
                vec![News::Snapshot(rows.collect())]
            }
            ResidentEvent::Happened(entry) => vec![News::Log(entry)],
        }
    }

    fn row(&mut self, watched: Arc<WatchedRow>) -> Vec<News> {
        let id = watched.row.id.clone();
        let key = self.rows.keys().find(|(_, known)| *known == id).cloned();
        let before = key.and_then(|key| self.rows.remove(&key));
        let mut rows = before
            .as_ref()
            .map_or_else(Vec::new, |before| passed_over(&before.row, &watched.row));
        rows.push(watched.row.clone());
        let mut label = before.as_ref().map(|before| before.row.label());
        rows.retain(|row| label.replace(row.label()) != Some(row.label()));
        let first = before.is_none();
        self.rows.insert((watched.place, id), watched);
        let transition = |row| News::Transition {
            row: Box::new(row),
            first,
        };
        rows.into_iter().map(transition).collect()
    }

    /// Returns the rows as they were last seen, in their order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &WatchedRow> + Clone {
        self.rows.values().map(AsRef::as_ref)
    }

    /// Returns the rows as they were last seen, in their order, with what is known of
    /// their players and of what they use.
    pub fn seen(&self) -> Vec<(Arc<WatchedRow>, Gauges)> {
        let rows = self.rows.values();
        rows.map(|watched| (Arc::clone(watched), self.gauges(&watched.row.id)))
            .collect()
    }

    /// Counts the instances that run, or begin or end; `None` while it is not known of
    /// all of them.
    pub fn count_alive(&self) -> Option<usize> {
        let is_alive = |row: &WatchedRow| match &row.row.observation {
            Observation::Known(facts) => Some(facts.state.is_alive()),
            Observation::Unknown { .. } => None,
        };
        let known: Option<Vec<bool>> = self.rows().map(is_alive).collect();
        let known = known.filter(|_| self.settled)?;
        Some(known.into_iter().filter(|alive| *alive).count())
    }

    pub fn gauges(&self, id: &str) -> Gauges {
        self.gauges.get(id).copied().unwrap_or_default()
    }

    /// Returns true once every instance has been seen.
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// Returns each row with its uptime in seconds at `now`, for a heartbeat;
    /// nothing before the snapshot.
    pub fn heartbeats(&self, now: Instant) -> impl Iterator<Item = (&Row, u64)> {
        let rows = self.rows.values().filter(|_| self.settled);
        rows.map(move |watched| (&watched.row, uptime(watched, now)))
    }
}

/// Returns what an instance went through between two looks at it, if it was
/// started meanwhile: its end, and its start. A restart can be quicker than a look.
fn passed_over(before: &Row, after: &Row) -> Vec<Row> {
    let (Observation::Known(old), Observation::Known(new)) = (&before.observation, &after.observation) else {
        return Vec::new();
    };
    let Some(run) = new.run.filter(|run| old.run != Some(*run)) else {
        return Vec::new();
    };
    let mut passed = Vec::new();
    let was_alive = old.state.is_alive() && old.run.is_some_and(|old| old < run);
    // After the end of the later launch, how the earlier one ended is not known.
    let exit = new.last_exit.as_ref().filter(|_| new.state.is_alive());
    match exit {
        Some(exit) if was_alive && exit.requested => passed.push((InstanceState::Stopped, None)),
        Some(exit) if was_alive => {
            let exit_code = exit.code;
            passed.push((InstanceState::Crashed { exit_code }, Some(exit.to_string())));
        }
        None if was_alive => passed.push((InstanceState::Crashed { exit_code: None }, None)),
        _ => {}
    }
    passed.push((InstanceState::Starting, None));
    let row = |(state, note)| Row {
        observation: Observation::Known(Box::new(Facts::bare(state, note))),
        ..after.clone()
    };
    passed.into_iter().map(row).collect()
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
        host: row.host.clone(),
        kind: None,
        text: format!("{}{note}", row.label()),
        schedule: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PlayerCount;
    use crate::supervisor::LastExit;

    fn watched(id: &str, place: usize, state: InstanceState) -> ResidentEvent {
        of_facts(id, place, Facts::bare(state, None))
    }

    fn of_facts(id: &str, place: usize, facts: Facts) -> ResidentEvent {
        ResidentEvent::Row(Arc::new(WatchedRow {
            row: Row {
                id: id.into(),
                plane: "process",
                host: None,
                observation: Observation::Known(Box::new(facts)),
                intent: None,
                player_count: PlayerCount::NotAsked,
                usage: None,
            },
            place,
            seen: Instant::now(),
            awaits: None,
        }))
    }

    fn news(feed: &mut Feed, event: ResidentEvent) -> String {
        let news = |news| match news {
            News::Snapshot(rows) => rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(" "),
            News::Transition { row, first } => format!("{} {} {first}", row.id, row.label()),
            News::Log(entry) => entry.text,
        };
        let all: Vec<String> = feed.take(event).into_iter().map(news).collect();
        if all.is_empty() {
            "nothing".into()
        } else {
            all.join(", ")
        }
    }

    /// Returns the transitions from one state of a launch to another.
    fn between(before: (InstanceState, Option<u64>), after: (InstanceState, u64), requested: bool) -> Vec<String> {
        let facts = |state: InstanceState, launch: Option<u64>| {
            let mut facts = Facts::bare(state, None);
            facts.run = launch;
            facts.last_exit = Some(LastExit {
                code: Some(3),
                signal: None,
                at: None,
                requested,
                oom_killed: false,
            });
            facts
        };
        let mut feed = Feed::default();
        feed.take(of_facts("a", 0, facts(before.0, before.1)));
        let news = feed.take(of_facts("a", 0, facts(after.0, Some(after.1)))).into_iter();
        news.map(|news| match news {
            News::Transition { row, .. } => match row.observation {
                Observation::Known(facts) => facts.state.to_string(),
                Observation::Unknown { .. } => "unknown".to_owned(),
            },
            other => panic!("{other:?}"),
        })
        .collect()
    }

    #[test]
    fn what_a_quick_restart_passed_over_is_told() {
        use InstanceState::{Running, Starting, Stopped, Stopping};
        let crashed = || InstanceState::Crashed { exit_code: Some(3) };
        for (before, after, requested, wanted) in [
            (
                (Running, Some(1)),
                (Running, 2),
                false,
                &["crashed", "starting", "running"][..],
            ),
            ((Running, Some(1)), (Starting, 2), false, &["crashed", "starting"]),
            ((Starting, Some(1)), (Starting, 2), false, &["crashed", "starting"]),
            (
                (Running, Some(1)),
                (Running, 2),
                true,
                &["stopped", "starting", "running"],
            ),
            (
                (Stopping, Some(1)),
                (Running, 2),
                true,
                &["stopped", "starting", "running"],
            ),
            ((crashed(), Some(1)), (crashed(), 2), false, &["starting", "crashed"]),
            ((crashed(), Some(1)), (Running, 2), false, &["starting", "running"]),
            (
                (Running, Some(1)),
                (crashed(), 2),
                false,
                &["crashed", "starting", "crashed"],
            ),
            ((Stopped, None), (Running, 1), false, &["starting", "running"]),
            // Being launched, it has no number yet.
            ((Starting, None), (Running, 1), false, &["running"]),
            ((Running, Some(1)), (Stopping, 1), true, &["stopping"]),
            ((Running, Some(1)), (Running, 1), false, &[]),
        ] {
            let told = between(before.clone(), after.clone(), requested);
            assert_eq!(told, wanted, "{before:?} {after:?}");
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
    fn those_that_are_alive_are_counted_once_all_are_known() {
        let mut feed = Feed::default();
        feed.take(watched("a", 0, InstanceState::Running));
        assert_eq!(feed.count_alive(), None, "not all were looked at");
        feed.take(ResidentEvent::Settled);
        feed.take(watched("b", 1, InstanceState::Stopping));
        feed.take(watched("c", 2, InstanceState::Crashed { exit_code: None }));
        assert_eq!(feed.count_alive(), Some(2));
        let mut unknown = match watched("c", 2, InstanceState::Stopped) {
            ResidentEvent::Row(row) => WatchedRow::clone(&row),
            other => panic!("{other:?}"),
        };
        unknown.row.observation = Observation::Unknown { reason: "x".into() };
        feed.take(ResidentEvent::Row(Arc::new(unknown)));
        assert_eq!(feed.count_alive(), None);
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
