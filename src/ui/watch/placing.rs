//! The rows as far as their place depends on them.

use crate::event::{PlayerCount, Row};
use crate::pane::PaneRow;
use crate::supervisor::{InstanceState, Observation};

/// Returns a smaller number for rows that are not as they should be.
fn urgency(row: &Row) -> u8 {
    let Observation::Known(facts) = &row.observation else {
        return 0;
    };
    match facts.state {
        InstanceState::Crashed { .. } => 0,
        InstanceState::Starting | InstanceState::Stopping => 1,
        InstanceState::Running | InstanceState::Stopped if facts.note.is_some() => 1,
        InstanceState::Running => 2,
        InstanceState::Stopped => 3,
        InstanceState::Unmanaged => 4,
    }
}

pub(super) fn placed(row: &Row, height: usize) -> PaneRow<'_> {
    PaneRow {
        id: &row.id,
        host: row.host.as_deref(),
        state: row.label(),
        urgency: urgency(row),
        players: match row.player_count {
            PlayerCount::Counted(players) => Some(players.online),
            PlayerCount::NotAsked | PlayerCount::Unanswered => None,
        },
        memory: row.usage.and_then(|usage| usage.memory_bytes),
        height,
    }
}
