//! Makes the rows of `status`, `watch` and `run`.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use crate::event::{Awaits, PlayerCount, Row, Want, WatchedRow};
use crate::supervisor::{Activity, InstanceState, Observation, Supervisor, join_notes};

/// Returns the row of an instance, with the trouble that is on record. An intent
/// that cannot be read becomes a note, and hides no state.
pub fn row(
    supervisor: &dyn Supervisor,
    listed: bool,
    mut observation: Observation,
    intent: Result<Option<Want>, impl Display>,
    trouble: Option<String>,
) -> Row {
    if let Observation::Known(facts) = &mut observation {
        if let Some(why) = trouble {
            facts.add_trouble(why);
        }
        let unlisted = (!listed).then(|| "not in the inventory".to_owned());
        let unreadable = intent.as_ref().err().map(ToString::to_string);
        facts.note = join_notes([unlisted, facts.note.take(), unreadable]);
    }
    Row {
        id: supervisor.instance_id().to_owned(),
        plane: supervisor.plane(),
        host: supervisor.host().map(str::to_owned),
        observation,
        // An engine elsewhere has it on record, and not we.
        intent: match supervisor.engine() {
            Some(engine) => engine.intent(),
            None => intent.ok().flatten(),
        },
        player_count: PlayerCount::NotAsked,
        usage: None,
    }
}

/// The row of one watched instance as it was last sent.
#[derive(Debug)]
pub struct RowView {
    place: usize,
    /// The time of the observation that the row is made of.
    seen: Instant,
    activity: Option<watch::Receiver<Activity>>,
    /// The thing that a verb or a probe waits for, and since when.
    open: Option<(String, Instant)>,
    /// The state during that.
    state: Option<InstanceState>,
    sent: Option<Arc<WatchedRow>>,
}

impl RowView {
    pub fn new(place: usize, supervisor: &dyn Supervisor) -> Self {
        Self {
            place,
            seen: Instant::now(),
            activity: supervisor.activity(),
            open: None,
            state: None,
            sent: None,
        }
    }

    /// Takes in that the instance was looked at: its uptime counts from then, however
    /// often its row is made anew for another reason.
    pub fn looked_at(&mut self, at: Instant) {
        self.seen = at;
    }

    pub fn move_to(&mut self, place: usize) {
        self.place = place;
    }

    /// Follows the activity of another supervisor of the instance.
    pub fn follow(&mut self, supervisor: &dyn Supervisor) {
        self.activity = supervisor.activity();
    }

    pub fn is_sent(&self) -> bool {
        self.sent.is_some()
    }

    /// Waits until something else is awaited. The row has to be updated then.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn activity_changed(&mut self) {
        if let Some(activity) = &mut self.activity
            && activity.changed().await.is_ok()
        {
            let awaiting = activity.borrow_and_update().awaiting.clone();
            if awaiting.is_empty() {
                self.open = None;
            } else if self.open.as_ref().is_none_or(|(known, _)| *known != awaiting) {
                self.open = Some((awaiting, Instant::now()));
            }
            return;
        }
        self.activity = None;
        std::future::pending::<()>().await;
    }

    /// Forgets what was awaited in another state. For a supervisor that acts itself:
    /// what another process awaits may be known before the state is. So is what ends
    /// a start or a stop that has just begun.
    pub fn enter(&mut self, state: &InstanceState) {
        if self.state.as_ref() != Some(state) {
            let begins = matches!(state, InstanceState::Starting | InstanceState::Stopping);
            if self.state.is_some() && !begins {
                self.open = None;
            }
            self.state = Some(state.clone());
        }
    }

    /// Returns the row if it is not the one that was sent last. `awaits` goes
    /// before what the supervisor waits for.
    pub fn update(&mut self, row: Row, awaits: Option<Awaits>) -> Option<Arc<WatchedRow>> {
        let is_alive = matches!(&row.observation, Observation::Known(facts) if facts.state.is_alive());
        let open = self.open.as_ref().filter(|_| is_alive);
        let awaits = awaits.or_else(|| {
            open.map(|(what, since)| Awaits::Open {
                what: what.clone(),
                since: *since,
            })
        });
        let new = WatchedRow {
            row,
            place: self.place,
            seen: self.seen,
            awaits,
        };
        let is_same =
            |sent: &Arc<WatchedRow>| (&sent.row, sent.place, &sent.awaits) == (&new.row, new.place, &new.awaits);
        if self.sent.as_ref().is_some_and(is_same) {
            return None;
        }
        self.sent = Some(Arc::new(new));
        self.sent.clone()
    }
}
