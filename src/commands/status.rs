//! `gamectl status`.

use super::context::{Context, Ended};
use super::selection;
use crate::cli::Status;
use crate::event::Row;
use crate::failure::worst;
use crate::fleet::{Ground, Member};
use crate::store::{StateDir, intent};
use crate::supervisor::{Facts, InstanceState, Sight};

const UNLISTED: &str = "not in the inventory";

pub(super) async fn run(context: &Context<'_>, status: &Status) -> Result<u8, Ended> {
    let inventory = context.inventory()?;
    let state = context.state_to_look()?;
    let ground = Ground::for_a_look(state.clone());
    let mut members = ground.members(&inventory);
    let selectors = &status.selection.selectors;
    if selectors.is_empty() {
        members.extend(ground.strays(&inventory).await?);
    } else {
        for id in selectors {
            if crate::inventory::is_valid_id(id) && inventory.get(id).is_none() {
                members.extend(ground.unlisted(id)?);
            }
        }
        let chosen = selection::select(&members, selectors)?;
        members = chosen
            .iter()
            .filter_map(|one| members.get(one.index).cloned())
            .collect();
    }
    let mut rows = Vec::with_capacity(members.len());
    for member in &members {
        rows.push(row(member, state.as_deref()).await);
    }
    context.screen.status(&rows);
    Ok(if status.any { any(&rows) } else { verdict(&rows) })
}

async fn row(member: &Member, state: Option<&StateDir>) -> Row {
    let mut sight = member.supervisor.look().await;
    if !member.listed
        && let Sight::Known(facts) = &mut sight
    {
        facts.note = Some(match facts.note.take() {
            Some(note) => format!("{UNLISTED}; {note}"),
            None => UNLISTED.to_owned(),
        });
    }
    let intent = match state.map(|state| intent::peek(state, member.id())) {
        None => None,
        Some(Ok(intent)) => intent.map(|intent| intent.want),
        Some(Err(error)) => {
            // What runs is known all the same.
            if let Sight::Known(facts) = &mut sight {
                add_note(facts, error.to_string());
            }
            None
        }
    };
    Row {
        id: member.id().to_owned(),
        plane: member.supervisor.plane(),
        sight,
        intent,
    }
}

fn add_note(facts: &mut Facts, more: String) {
    facts.note = Some(match facts.note.take() {
        Some(note) => format!("{note}; {more}"),
        None => more,
    });
}

/// 0: all run; 1: one has crashed; 4: one is not known; 3: one does not run.
fn verdict(rows: &[Row]) -> u8 {
    let code = |row: &Row| match &row.sight {
        Sight::Unknown { .. } => 4,
        Sight::Known(facts) => match facts.state {
            InstanceState::Running | InstanceState::Unmanaged => 0,
            InstanceState::Crashed { .. } => 1,
            InstanceState::Stopped | InstanceState::Starting | InstanceState::Stopping => 3,
        },
    };
    worst(rows.iter().map(code))
}

fn any(rows: &[Row]) -> u8 {
    let runs = |row: &Row| matches!(&row.sight, Sight::Known(facts) if facts.state == InstanceState::Running);
    if rows.iter().any(runs) { 0 } else { 3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(states: &[Option<InstanceState>]) -> Vec<Row> {
        let row = |state: &Option<InstanceState>| Row {
            id: "a".into(),
            plane: "process",
            sight: match state {
                Some(state) => Sight::Known(Box::new(Facts::bare(state.clone(), None))),
                None => Sight::Unknown { reason: "x".into() },
            },
            intent: None,
        };
        states.iter().map(row).collect()
    }

    #[test]
    fn verdicts() {
        use InstanceState::{Crashed, Running, Starting, Stopped, Unmanaged};
        let crashed = Crashed { exit_code: None };
        for (states, verdict_is, any_is) in [
            (&[][..], 0, 3),
            (&[Some(Running), Some(Unmanaged)][..], 0, 0),
            (&[Some(Unmanaged)][..], 0, 3),
            (&[Some(Running), Some(Stopped)][..], 3, 0),
            (&[Some(Starting)][..], 3, 3),
            (&[Some(Stopped), None][..], 4, 3),
            (&[None, Some(crashed), Some(Running)][..], 1, 0),
        ] {
            let rows = rows(states);
            assert_eq!((verdict(&rows), any(&rows)), (verdict_is, any_is), "{states:?}");
        }
    }
}
