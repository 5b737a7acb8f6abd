//! The exit code that stands for many answers.

use crate::event::{Row, VerbResult};
use crate::failure::{FailureKind, worst};
use crate::finding::{Finding, Severity};
use crate::supervisor::{InstanceState, Observation};

/// Returns the exit code of `status`. 0: all run; 1: one has crashed; 4: one
/// is not known; 3: one does not run.
pub fn of_rows(rows: &[Row]) -> u8 {
    let code = |row: &Row| match &row.observation {
        Observation::Unknown { .. } => 4,
        Observation::Known(facts) => match facts.state {
            InstanceState::Running | InstanceState::Unmanaged => 0,
            InstanceState::Crashed { .. } => 1,
            InstanceState::Stopped | InstanceState::Starting | InstanceState::Stopping => 3,
        },
    };
    worst(rows.iter().map(code))
}

pub fn runs_any(rows: &[Row]) -> bool {
    let runs =
        |row: &Row| matches!(&row.observation, Observation::Known(facts) if facts.state == InstanceState::Running);
    rows.iter().any(runs)
}

pub fn of_results(results: &[VerbResult]) -> u8 {
    let code = |result: &VerbResult| result.error.as_ref().map_or(0, |failure| failure.kind.exit_code());
    worst(results.iter().map(code))
}

/// Returns the exit code of `check`. Warnings are no failure; a compose file
/// that compose refuses counts like a mistake in the inventory.
pub fn of_findings(findings: &[Finding]) -> u8 {
    let mut errors = findings.iter().filter(|finding| finding.level == Severity::Error);
    if errors.clone().any(|finding| finding.about == Finding::COMPOSE_FILE) {
        return FailureKind::Inventory.exit_code();
    }
    u8::from(errors.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PlayerCount;
    use crate::supervisor::Facts;

    fn rows(states: &[Option<InstanceState>]) -> Vec<Row> {
        let row = |state: &Option<InstanceState>| Row {
            id: "a".into(),
            plane: "process",
            host: None,
            observation: match state {
                Some(state) => Observation::Known(Box::new(Facts::bare(state.clone(), None))),
                None => Observation::Unknown { reason: "x".into() },
            },
            intent: None,
            player_count: PlayerCount::NotAsked,
            usage: None,
        };
        states.iter().map(row).collect()
    }

    #[test]
    fn verdicts() {
        use InstanceState::{Crashed, Running, Starting, Stopped, Unmanaged};
        let crashed = Crashed { exit_code: None };
        for (states, verdict_is, any_is) in [
            (&[][..], 0, false),
            (&[Some(Running), Some(Unmanaged)][..], 0, true),
            (&[Some(Unmanaged)][..], 0, false),
            (&[Some(Running), Some(Stopped)][..], 3, true),
            (&[Some(Starting)][..], 3, false),
            (&[Some(Stopped), None][..], 4, false),
            (&[None, Some(crashed), Some(Running)][..], 1, true),
        ] {
            let rows = rows(states);
            assert_eq!((of_rows(&rows), runs_any(&rows)), (verdict_is, any_is), "{states:?}");
        }
    }
}
