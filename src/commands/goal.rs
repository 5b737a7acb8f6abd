//! What is awaited of instances that are looked at.

use std::collections::BTreeMap;

use crate::event::Told;
use crate::failure::{Failure, FailureKind};
use crate::supervisor::Sight;

/// A state that all of them are to be in.
#[derive(Debug)]
pub(super) struct Goal {
    wanted: &'static str,
    /// The state of each as a word, once it is known.
    states: BTreeMap<String, &'static str>,
    settled: bool,
}

impl Goal {
    /// All of these in a state. Which nothing manages, told by the flag, never
    /// are in another, and are left out.
    ///
    /// # Errors
    /// When that leaves nothing out of something.
    pub(super) fn new(wanted: &'static str, ids: &[(String, bool)]) -> Result<Self, Failure> {
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
            wanted,
            states,
            settled: false,
        })
    }

    /// Takes in what was told. Whether all are as they were to be.
    pub(super) fn is_reached_by(&mut self, told: &Told) -> bool {
        match told {
            Told::Settled => self.settled = true,
            Told::Row(watched) => {
                if let Some(state) = self.states.get_mut(&watched.row.id) {
                    *state = match &watched.row.sight {
                        Sight::Known(facts) => facts.state.as_label(),
                        Sight::Unknown { .. } => "unknown",
                    };
                }
            }
            Told::Gone(_) | Told::Players(..) | Told::Happened(_) => {}
        }
        self.settled && self.states.values().all(|state| *state == self.wanted)
    }

    /// In words, what is not as it was to be.
    pub(super) fn missing(&self) -> String {
        const MOST: usize = 5;
        let others: Vec<String> = self
            .states
            .iter()
            .filter(|(_, state)| **state != self.wanted)
            .map(|(id, state)| format!("{id} is {state}"))
            .collect();
        let more = match others.len().saturating_sub(MOST) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let shown: Vec<&str> = others.iter().take(MOST).map(String::as_str).collect();
        format!("{}{more}, and not {}", shown.join(", "), self.wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Headcount, Row, Watched};
    use crate::supervisor::{Facts, InstanceState};

    fn row(id: &str, state: Option<InstanceState>) -> Told {
        let sight = match state {
            Some(state) => Sight::Known(Box::new(Facts::bare(state, None))),
            None => Sight::Unknown { reason: "x".into() },
        };
        Told::Row(Box::new(Watched {
            row: Row {
                id: id.into(),
                plane: "process",
                sight,
                intent: None,
                headcount: Headcount::NotAsked,
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
        assert!(!goal.is_reached_by(&Told::Settled));
        assert_eq!(goal.missing(), "b is unknown, and not running");
        assert!(goal.is_reached_by(&row("b", Some(InstanceState::Running))));
        assert!(!goal.is_reached_by(&row("a", Some(InstanceState::Crashed { exit_code: None }))));
        assert_eq!(goal.missing(), "a is crashed, and not running");
    }

    #[test]
    fn nothing_selected_is_reached_at_once_and_what_is_unmanaged_never() {
        assert!(Goal::new("running", &[]).unwrap().is_reached_by(&Told::Settled));
        let ids = [("u".to_owned(), true)];
        let refused = Goal::new("running", &ids).unwrap_err();
        assert_eq!(refused.kind, FailureKind::Unsupported);
        assert!(Goal::new("unmanaged", &ids).is_ok());
    }

    #[test]
    fn many_that_are_missing_are_counted() {
        let ids: Vec<_> = (0..8).map(|number| (format!("g{number}"), false)).collect();
        let missing = Goal::new("stopped", &ids).unwrap().missing();
        assert!(
            missing.ends_with("g4 is not seen yet, and 3 more, and not stopped"),
            "{missing}"
        );
    }
}
