//! The state that `watch --until` waits for.

use std::collections::BTreeMap;

use crate::event::ResidentEvent;
use crate::failure::{Failure, FailureKind};
use crate::supervisor::Observation;

/// A state that all of the watched instances are to reach.
#[derive(Debug)]
pub struct Goal {
    wanted: String,
    /// The state of each as a word, once it is known.
    states: BTreeMap<String, &'static str>,
    settled: bool,
}

impl Goal {
    /// Makes a goal for these ids; the flag is true for an unmanaged instance,
    /// which never changes its state and is left out.
    pub fn new(wanted: &str, ids: &[(String, bool)]) -> Result<Self, Failure> {
        let states: BTreeMap<_, _> = ids
            .iter()
            .filter(|(_, unmanaged)| !unmanaged || wanted == "unmanaged")
            .map(|(id, _)| (id.clone(), "not seen yet"))
            .collect();
        if states.is_empty() && !ids.is_empty() {
            let message = format!("nothing that was selected is managed, so none of it will be {wanted}");
            return Err(Failure::new(FailureKind::Unsupported, message));
        }
        Ok(Self {
            wanted: wanted.to_owned(),
            states,
            settled: false,
        })
    }

    /// Takes an event in. Returns true when the goal is reached.
    pub fn is_reached_by(&mut self, told: &ResidentEvent) -> bool {
        match told {
            ResidentEvent::Settled => self.settled = true,
            ResidentEvent::Row(watched) => {
                if let Some(state) = self.states.get_mut(&watched.row.id) {
                    *state = match &watched.row.observation {
                        Observation::Known(facts) => facts.state.as_label(),
                        Observation::Unknown { .. } => "unknown",
                    };
                }
            }
            ResidentEvent::Gone(_)
            | ResidentEvent::Players(..)
            | ResidentEvent::Usage(..)
            | ResidentEvent::NextFiring(..)
            | ResidentEvent::Link(_)
            | ResidentEvent::Happened(_) => {}
        }
        self.settled && self.states.values().all(|state| *state == self.wanted)
    }

    /// Returns a sentence about the instances that are in another state.
    pub fn missing(&self) -> String {
        const MOST: usize = 5;
        let mut others: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, state) in self.states.iter().filter(|(_, state)| **state != self.wanted) {
            others.entry(state).or_default().push(id);
        }
        let group = |(state, ids): (&&str, &Vec<&str>)| {
            let more = match ids.len().saturating_sub(MOST) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let shown: Vec<&str> = ids.iter().take(MOST).copied().collect();
            format!("{}{more} ({state})", shown.join(", "))
        };
        let groups: Vec<String> = others.iter().map(group).collect();
        format!("not {}: {}", self.wanted, groups.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::{PlayerCount, Row, WatchedRow};
    use crate::supervisor::{Facts, InstanceState};

    fn row(id: &str, state: Option<InstanceState>) -> ResidentEvent {
        let observation = match state {
            Some(state) => Observation::Known(Box::new(Facts::bare(state, None))),
            None => Observation::Unknown { reason: "x".into() },
        };
        ResidentEvent::Row(Arc::new(WatchedRow {
            row: Row {
                id: id.into(),
                plane: "process",
                host: None,
                observation,
                intent: None,
                player_count: PlayerCount::NotAsked,
                usage: None,
            },
            place: 0,
            seen: std::time::Instant::now(),
            awaits: None,
        }))
    }

    #[test]
    fn all_must_be_in_it_and_be_seen_so() {
        let ids = ["a", "b", "u"].map(|id| (id.to_owned(), id == "u"));
        let mut goal = Goal::new("running", &ids).unwrap();
        assert!(!goal.is_reached_by(&row("a", Some(InstanceState::Running))));
        assert!(!goal.is_reached_by(&row("b", None)));
        assert!(!goal.is_reached_by(&ResidentEvent::Settled));
        assert_eq!(goal.missing(), "not running: b (unknown)");
        assert!(goal.is_reached_by(&row("b", Some(InstanceState::Running))));
        assert!(!goal.is_reached_by(&row("a", Some(InstanceState::Crashed { exit_code: None }))));
        assert_eq!(goal.missing(), "not running: a (crashed)");
    }

    #[test]
    fn nothing_selected_is_reached_at_once_and_what_is_unmanaged_never() {
        assert!(
            Goal::new("running", &[])
                .unwrap()
                .is_reached_by(&ResidentEvent::Settled)
        );
        let ids = [("u".to_owned(), true)];
        let refused = Goal::new("running", &ids).unwrap_err();
        assert_eq!(refused.kind, FailureKind::Unsupported);
        assert!(Goal::new("unmanaged", &ids).is_ok());
    }

    #[test]
    fn many_that_are_missing_are_counted() {
        let ids: Vec<_> = (0..8).map(|number| (format!("g{number}"), false)).collect();
        let mut goal = Goal::new("stopped", &ids).unwrap();
        goal.is_reached_by(&row("g3", Some(InstanceState::Running)));
        assert_eq!(
            goal.missing(),
            "not stopped: g0, g1, g2, g4, g5 and 2 more (not seen yet), g3 (running)"
        );
    }
}
