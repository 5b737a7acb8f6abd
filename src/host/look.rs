//! One look at the selected instances: the rows of `status`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Host, Scope};
use crate::event::{PlayerCount, Row};
use crate::failure::Failure;
use crate::fleet::{Fleet, Member};
use crate::instancecmd::{Elsewhere, ElsewhereById};
use crate::players;
use crate::report;
use crate::store::{StateDir, countdown, history, intent};
use crate::supervisor::{InstanceState, Observation, Players, Supervisor, Usage, join_notes};

/// The optional parts of a row.
#[derive(Debug, Clone, Copy)]
pub struct RowParts {
    pub intent: bool,
    pub players: bool,
    pub usage: bool,
}

/// The time in which it is to be found out what an instance uses: an engine of containers
/// looks twice, with a second between.
const MEASURED_WITHIN: Duration = Duration::from_secs(4);

/// A look that may have to wait for some of the instances.
pub struct StatusLook {
    members: Vec<Looked>,
    state: Option<Arc<StateDir>>,
    /// True if intents are wanted.
    with_intents: bool,
    /// True if what left the inventory is shown only while it runs.
    unlisted_must_run: bool,
    elsewhere: ElsewhereById,
}

struct Looked {
    member: Member,
    observation: Option<Observation>,
    /// True when the game is asked how many play, should it run.
    asks: bool,
    player_count: Option<PlayerCount>,
    /// True when what it uses is measured, should it be alive.
    measures: bool,
    usage: Option<Usage>,
}

impl Host {
    /// Looks at the selected instances, as far as that needs no waiting.
    pub fn look(&self, scope: Scope<'_>, wanted: RowParts) -> Result<StatusLook, Failure> {
        let state = self.state()?;
        let fleet = Fleet::for_a_look(state.clone());
        let looked = |member: Member| Looked {
            observation: member.supervisor.snapshot(),
            asks: wanted.players && member.supervisor.players().is_some(),
            player_count: None,
            measures: wanted.usage,
            usage: None,
            member,
        };
        let members = self.members(&fleet, scope)?;
        let ids = members.iter().map(Member::id);
        let elsewhere = state.as_deref().map(|state| self.elsewhere(state, ids));
        Ok(StatusLook {
            elsewhere: elsewhere.unwrap_or_default(),
            members: members.into_iter().map(looked).collect(),
            state,
            with_intents: wanted.intent,
            unlisted_must_run: !matches!(scope, Scope::Matching(_)),
        })
    }
}

impl Host {
    /// Asks the games of these instances, which run, how many play, and tells of each that
    /// answers. Those that can be asked nothing are passed over.
    ///
    /// # Errors
    /// When an instance is not in the inventory.
    pub(super) async fn count_players(
        &self,
        ids: &[String],
        mut tell: impl AsyncFnMut(&str, Players),
    ) -> Result<(), Failure> {
        let fleet = Fleet::for_a_look(self.state()?);
        let members = self.members(&fleet, Scope::Matching(ids))?;
        let turns = Arc::new(Semaphore::new(players::AT_ONCE));
        let mut asked = JoinSet::new();
        for member in members {
            let turns = Arc::clone(&turns);
            asked.spawn(async move {
                let count = players::ask(member.supervisor.as_ref(), &turns).await;
                (member.id().to_owned(), count)
            });
        }
        while let Some(over) = asked.join_next().await {
            if let Ok((id, PlayerCount::Counted(players))) = over {
                tell(&id, players).await;
            }
        }
        Ok(())
    }
}

impl StatusLook {
    /// Returns true when nothing is left to wait for.
    pub fn is_complete(&self) -> bool {
        !self.members.iter().any(Looked::waits)
    }

    /// Waits for the instances that could not be looked at at once, all at the
    /// same time, and for the games that are asked how many play.
    ///
    /// # Cancel safety
    /// The answers that have come are kept.
    pub async fn complete(&mut self) {
        let turns = Arc::new(Semaphore::new(players::AT_ONCE));
        let mut waits = JoinSet::new();
        for (index, looked) in self.members.iter().enumerate().filter(|(_, looked)| looked.waits()) {
            let supervisor = Arc::clone(&looked.member.supervisor);
            let (observation, asks, measures) = (looked.observation.clone(), looked.asks, looked.measures);
            let turns = Arc::clone(&turns);
            waits.spawn(async move {
                let observation = match observation {
                    Some(observation) => observation,
                    None => supervisor.look().await,
                };
                let asks = asks && is_running(&observation);
                let counted = async {
                    match asks {
                        true => Some(players::ask(supervisor.as_ref(), &turns).await),
                        false => None,
                    }
                };
                let measures = measures && is_alive(&observation);
                let (player_count, usage) = tokio::join!(counted, measured(supervisor.as_ref(), measures));
                (index, observation, player_count, usage)
            });
        }
        while let Some(over) = waits.join_next().await {
            if let Ok((index, observation, player_count, usage)) = over
                && let Some(looked) = self.members.get_mut(index)
            {
                looked.observation = Some(observation);
                looked.player_count = player_count;
                looked.usage = usage;
            }
        }
    }

    /// Returns the rows. What was not waited for is unknown.
    pub fn into_rows(self) -> Vec<Row> {
        let (state, with_intents) = (self.state, self.with_intents);
        let is_shown = |looked: &Looked| !self.unlisted_must_run || looked.member.listed || looked.may_run();
        let row = |looked: Looked| {
            let other = self.elsewhere.get(looked.member.id()).filter(|other| other.is_listed);
            let note = other.map(Elsewhere::note).filter(|_| looked.may_run());
            looked.into_row(state.as_deref(), with_intents, note)
        };
        self.members.into_iter().filter(is_shown).map(row).collect()
    }
}

impl Looked {
    fn may_run(&self) -> bool {
        !matches!(&self.observation, Some(Observation::Known(facts)) if !facts.state.is_alive())
    }

    fn waits(&self) -> bool {
        let asks = |observation| self.asks && self.player_count.is_none() && is_running(observation);
        let measures = |observation| self.measures && self.usage.is_none() && is_alive(observation);
        let observation = self.observation.as_ref();
        observation.is_none_or(|observation| asks(observation) || measures(observation))
    }

    /// Returns the row, with a note of where the instance was started.
    fn into_row(self, state: Option<&StateDir>, with_intent: bool, started: Option<String>) -> Row {
        let mut observation = self.observation.unwrap_or_else(|| Observation::Unknown {
            reason: "it could not be looked at".to_owned(),
        });
        if let (Observation::Known(facts), Some(started)) = (&mut observation, started) {
            facts.note = join_notes([facts.note.take(), Some(started)]);
        }
        // What runs has no trouble, and many are looked at.
        let may_be_troubled = !is_running(&observation);
        let of_intents = state.filter(|_| with_intent || may_be_troubled);
        let intent = of_intents.map_or(Ok(None), |state| intent::peek(state, self.member.id()));
        let trouble = of_intents.filter(|_| may_be_troubled).zip(intent.as_ref().ok());
        let trouble = trouble.and_then(|(state, intent)| history::trouble(state, self.member.id(), *intent));
        let want = match with_intent {
            true => intent.map(|intent| intent.map(|intent| intent.want)),
            false => Ok(None),
        };
        if let Observation::Known(facts) = &mut observation
            && facts.state.is_alive()
            && let Some(note) = state.and_then(|state| countdown::peek(state, self.member.id()))
        {
            facts.note = join_notes([facts.note.take(), Some(note.in_words())]);
        }
        let player_count = match self.player_count {
            Some(count) => count,
            None if self.asks => PlayerCount::Unanswered,
            None => PlayerCount::NotAsked,
        };
        Row {
            player_count,
            // What is down uses nothing that could be measured.
            usage: self.measures.then(|| self.usage.unwrap_or_default()),
            ..report::row(
                self.member.supervisor.as_ref(),
                self.member.listed,
                observation,
                want,
                trouble,
            )
        }
    }
}

/// Measures what an instance uses, if that is wanted; what its plane cannot tell is unknown.
async fn measured(supervisor: &dyn Supervisor, is_wanted: bool) -> Option<Usage> {
    if !is_wanted {
        return None;
    }
    let usage = match supervisor.usage() {
        Some(meter) => meter.usage(MEASURED_WITHIN).await,
        None => None,
    };
    Some(usage.unwrap_or_default())
}

fn is_alive(observation: &Observation) -> bool {
    matches!(observation, Observation::Known(facts) if facts.state.is_alive())
}

fn is_running(observation: &Observation) -> bool {
    matches!(observation, Observation::Known(facts) if facts.state == InstanceState::Running)
}
