//! `gamectl status`.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::context::{Context, Ended};
use super::selection;
use crate::cli::Status;
use crate::event::{PlayerCount, Row};
use crate::failure::{Failure, worst};
use crate::fleet::{Ground, Member};
use crate::inventory::{Inventory, Unchecked};
use crate::players;
use crate::store::{StateDir, intent};
use crate::supervisor::{Facts, InstanceState, Observation, Supervisor};

const UNLISTED: &str = "not in the inventory";

/// An inventory of this size, in bytes, is worth a second thread.
const LARGE: usize = 16 * 1024;

pub(super) fn run(context: &Context<'_>, status: &Status) -> Result<u8, Ended> {
    let unchecked = context.unchecked()?;
    let state = context.state_to_look()?;
    let (inventory, ground) = read_and_look(&unchecked, state.clone())?;
    let members = members(&ground, &inventory, &status.selection.selectors)?;
    let counts = context.common.json || !context.common.quiet;
    let rows = rows(&members, state.as_deref(), context.common.json, counts)?;
    context.screen.status(&rows);
    let code = if status.any { any(&rows) } else { verdict(&rows) };
    // The process ends now; freeing a thousand rows one by one only costs time.
    std::mem::forget((inventory, members, rows));
    Ok(code)
}

/// Checks the inventory, and looks at what the shims say: neither depends on
/// the other.
fn read_and_look(unchecked: &Unchecked, state: Option<Arc<StateDir>>) -> Result<(Inventory, Ground), Ended> {
    if unchecked.size() < LARGE {
        let inventory = unchecked.check().map_err(Ended::Problems)?;
        return Ok((inventory, Ground::for_a_look(state)));
    }
    let looking = std::thread::spawn(move || Ground::for_a_look(state));
    let inventory = unchecked.check().map_err(Ended::Problems)?;
    let broken = |_| Failure::failed("gamectl failed inside; please report this");
    Ok((inventory, looking.join().map_err(broken)?))
}

fn members(ground: &Ground, inventory: &Inventory, selectors: &[String]) -> Result<Vec<Member>, Failure> {
    let mut members = ground.members(inventory);
    if selectors.is_empty() {
        members.extend(ground.strays(inventory)?);
        return Ok(members);
    }
    members.extend(ground.named_strays(inventory, selectors)?);
    let chosen = selection::select(&members, selectors)?;
    Ok(chosen
        .iter()
        .filter_map(|one| members.get(one.index).cloned())
        .collect())
}

/// Looks at all of them: at most of them at once, and together at those for
/// which something must be waited. Counts their players too, where that is
/// wanted.
fn rows(members: &[Member], state: Option<&StateDir>, with_intent: bool, counts: bool) -> Result<Vec<Row>, Ended> {
    let mut observations: Vec<Option<Observation>> =
        members.iter().map(|member| member.supervisor.snapshot()).collect();
    let mut waits = Vec::new();
    for (index, (member, observation)) in members.iter().zip(&observations).enumerate() {
        let asks = counts && member.supervisor.players().is_some();
        if observation.is_none() || (asks && observation.as_ref().is_some_and(is_running)) {
            waits.push(Wait {
                index,
                supervisor: Arc::clone(&member.supervisor),
                observation: observation.clone(),
                asks,
            });
        }
    }
    let answers = if waits.is_empty() {
        HashMap::new()
    } else {
        wait_for_all(waits, &mut observations)?
    };
    let row = |(index, (member, observation)): (usize, (&Member, Option<Observation>))| {
        let observation = observation.unwrap_or_else(|| Observation::Unknown {
            reason: "nobody could look".to_owned(),
        });
        let player_count = match answers.get(&index) {
            Some(player_count) => *player_count,
            None if counts && member.supervisor.players().is_some() => PlayerCount::Unanswered,
            None => PlayerCount::NotAsked,
        };
        row(member, observation, player_count, state.filter(|_| with_intent))
    };
    Ok(members.iter().zip(observations).enumerate().map(row).collect())
}

fn is_running(observation: &Observation) -> bool {
    matches!(observation, Observation::Known(facts) if facts.state == InstanceState::Running)
}

/// An instance for which something must be waited.
struct Wait {
    index: usize,
    supervisor: Arc<dyn Supervisor>,
    /// What a glance has shown already.
    observation: Option<Observation>,
    /// Whether it is asked how many play.
    asks: bool,
}

impl Wait {
    async fn over(self, turns: Arc<Semaphore>) -> (usize, Observation, Option<PlayerCount>) {
        let observation = match self.observation {
            Some(observation) => observation,
            None => self.supervisor.look().await,
        };
        if !self.asks || !is_running(&observation) {
            return (self.index, observation, None);
        }
        let player_count = players::ask(self.supervisor.as_ref(), &turns).await;
        (self.index, observation, Some(player_count))
    }
}

fn wait_for_all(
    waits: Vec<Wait>,
    observations: &mut [Option<Observation>],
) -> Result<HashMap<usize, PlayerCount>, Ended> {
    let runtime = super::runtime()?;
    Ok(runtime.block_on(all_over(waits, observations)))
}

async fn all_over(waits: Vec<Wait>, observations: &mut [Option<Observation>]) -> HashMap<usize, PlayerCount> {
    let mut answers = HashMap::new();
    let turns = Arc::new(Semaphore::new(players::AT_ONCE));
    let mut waits: JoinSet<_> = waits.into_iter().map(|wait| wait.over(Arc::clone(&turns))).collect();
    while let Some(over) = waits.join_next().await {
        let Ok((index, observation, player_count)) = over else {
            continue;
        };
        if let Some(place) = observations.get_mut(index) {
            *place = Some(observation);
        }
        answers.extend(player_count.map(|player_count| (index, player_count)));
    }
    answers
}

fn row(member: &Member, mut observation: Observation, player_count: PlayerCount, state: Option<&StateDir>) -> Row {
    if !member.listed
        && let Observation::Known(facts) = &mut observation
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
            if let Observation::Known(facts) = &mut observation {
                add_note(facts, &error.to_string());
            }
            None
        }
    };
    Row {
        id: member.id().to_owned(),
        plane: member.supervisor.plane(),
        observation,
        intent,
        player_count,
    }
}

fn add_note(facts: &mut Facts, more: &str) {
    facts.note = Some(match facts.note.take() {
        Some(note) => format!("{note}; {more}"),
        None => more.to_owned(),
    });
}

/// 0: all run; 1: one has crashed; 4: one is not known; 3: one does not run.
fn verdict(rows: &[Row]) -> u8 {
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

fn any(rows: &[Row]) -> u8 {
    let runs =
        |row: &Row| matches!(&row.observation, Observation::Known(facts) if facts.state == InstanceState::Running);
    if rows.iter().any(runs) { 0 } else { 3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(states: &[Option<InstanceState>]) -> Vec<Row> {
        let row = |state: &Option<InstanceState>| Row {
            id: "a".into(),
            plane: "process",
            observation: match state {
                Some(state) => Observation::Known(Box::new(Facts::bare(state.clone(), None))),
                None => Observation::Unknown { reason: "x".into() },
            },
            intent: None,
            player_count: PlayerCount::NotAsked,
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
