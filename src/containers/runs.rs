//! The number of the present run of a group, as looks find it: an engine can start a
//! container again between two of them.

use std::collections::HashMap;
use std::time::SystemTime;

use super::container::Container;
use crate::store::stack::Stack;

/// Counts the runs. Pure: it takes what each look has found.
#[derive(Debug, Default)]
pub(super) struct RunCount {
    number: u64,
    /// The containers that were up at the last look, with the times of their starts and
    /// their first processes.
    up: HashMap<String, (Option<SystemTime>, i32)>,
    /// The last start that a verb was typed for.
    typed_start_ms: u64,
}

impl RunCount {
    /// Takes in a look, and returns the number of the run. It grows where a container
    /// has ended and was started again since the last look, unless somebody typed a
    /// start: what was before that is not known.
    pub(super) fn look(&mut self, containers: &[Container], stack: Option<&Stack>) -> u64 {
        let typed = stack.filter(|stack| stack.restarts == 0);
        let typed_start_ms = typed.map_or(self.typed_start_ms, |stack| stack.started_wall_ms);
        let is_up = |one: &&Container| one.is_running() && !one.member.oneoff;
        let up = containers.iter().filter(is_up);
        let up: HashMap<String, _> = up.map(|one| (one.id.clone(), (one.started, one.pid))).collect();
        // Two starts may be told to be at the same time.
        let is_later =
            |(before, old): (_, i32), (started, pid): (_, i32)| before < started || before == started && old != pid;
        let was_restarted = up.iter().any(|(id, now)| {
            let before = self.up.get(id);
            before.is_some_and(|before| is_later(*before, *now))
        });
        if was_restarted && typed_start_ms == self.typed_start_ms {
            self.number += 1;
        }
        (self.up, self.typed_start_ms) = (up, typed_start_ms);
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::containers::{GroupMember, Grouping, Labels, parse};
    use serde_json::json;

    const ALONE: Grouping = Grouping { label: "group", member };

    fn member(labels: &Labels) -> Option<GroupMember> {
        Some(GroupMember {
            group: "p".to_owned(),
            service: labels.get("group")?.clone(),
            oneoff: false,
            depends_on: None,
        })
    }

    /// A container by its id, its status and the second of its start.
    fn container((id, status, started): (&str, &str, u32)) -> Container {
        let text = json!([{
            "Id": id,
            "State": { "Status": status, "StartedAt": format!("2026-01-01T00:00:{started:02}Z") },
            "Config": { "Labels": { "group": id } },
        }]);
        parse(text.to_string().as_bytes(), &ALONE).unwrap().remove(0)
    }

    #[test]
    fn what_was_up_and_was_started_again_is_another_run() {
        let start = |started_wall_ms, restarts| Stack {
            started_wall_ms,
            restarts,
            ..Stack::default()
        };
        let mut count = RunCount::default();
        for (why, found, stack, number) in [
            ("it is up", &[("a", "running", 1)][..], start(1, 0), 0),
            ("nothing has changed", &[("a", "running", 1)], start(1, 0), 0),
            ("one more", &[("a", "running", 1), ("b", "running", 2)], start(1, 0), 0),
            (
                "one was restarted",
                &[("a", "running", 3), ("b", "running", 2)],
                start(1, 0),
                1,
            ),
            (
                "it is seen to be down",
                &[("a", "exited", 3), ("b", "running", 2)],
                start(1, 0),
                1,
            ),
            (
                "it is up again",
                &[("a", "running", 4), ("b", "running", 2)],
                start(1, 0),
                1,
            ),
            (
                "all by `run`",
                &[("a", "running", 5), ("b", "running", 5)],
                start(9, 1),
                2,
            ),
            (
                "somebody has started it",
                &[("a", "running", 6), ("b", "running", 6)],
                start(20, 0),
                2,
            ),
            ("it was made anew", &[("c", "running", 7)], start(20, 0), 2),
            ("and was restarted", &[("c", "running", 8)], start(20, 0), 3),
        ] {
            let found: Vec<Container> = found.iter().copied().map(container).collect();
            assert_eq!(count.look(&found, Some(&stack)), number, "{why}");
        }
    }
}
