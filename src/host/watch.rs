//! Watches the selected instances without acting: `watch`.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::{Host, Scope};
use crate::event::{Level, LogEntry, ResidentEvent};
use crate::failure::{Failure, FailureKind};
use crate::fleet::Fleet;
use crate::inventory::{is_valid_id, nearest};
use crate::invocation::{command, command_for};
use crate::players::PlayerCounts;
use crate::report::Goal;
use crate::store::changes::Changes;
use crate::store::inventories;
use crate::usages::{UsageDemand, UsageReadings};
use crate::watcher::Watcher;

/// A watch that sends events for as long as it is held.
pub struct WatchHandle<'a> {
    host: &'a Host,
    scope: Scope<'a>,
    events: UnboundedSender<ResidentEvent>,
    with_players: bool,
    usage: UsageDemand,
    parts: Parts,
}

/// One watch over the instances as the state directory had them.
struct Parts {
    /// Each id, and true for an unmanaged instance.
    ids: Vec<(String, bool)>,
    has_state: bool,
    _changes: JoinSet<()>,
    _watcher: Watcher,
    _player_counts: Option<PlayerCounts>,
    _usage_readings: UsageReadings,
}

impl Host {
    /// Begins to watch the selected instances, and to count their players
    /// where a screen shows them. What they use is measured while that is wanted.
    pub fn watch<'a>(
        &'a self,
        scope: Scope<'a>,
        events: UnboundedSender<ResidentEvent>,
        with_players: bool,
        usage: UsageDemand,
    ) -> Result<WatchHandle<'a>, Failure> {
        Ok(WatchHandle {
            parts: Parts::new(self, scope, &events, with_players, &usage)?,
            host: self,
            scope,
            events,
            with_players,
            usage,
        })
    }
}

impl Host {
    /// Refuses a scope that names what is not in the inventory and does not run: nobody
    /// starts that from here.
    fn refuse_absent(&self, scope: Scope<'_>) -> Result<(), Failure> {
        let (Scope::Matching(selectors), Some(state)) = (scope, self.state()?) else {
            return Ok(());
        };
        let running = Fleet::for_a_look(Some(Arc::clone(&state))).running_unlisted(&self.inventory)?;
        let may_run = |id: &str| running.iter().any(|member| member.id() == id);
        let is_known = |id: &str| self.is_listed(id) || may_run(id);
        let Some(id) = selectors.iter().find(|id| is_valid_id(id) && !is_known(id)) else {
            return Ok(());
        };
        let message = format!("`{id}` is not in the inventory, and does not run");
        let listed = self.inventory.instances.iter().map(|instance| instance.id.as_str());
        let hint = match (inventories::starter_of(&state, id), nearest(id, listed)) {
            (Some(file), _) if Some(&file) != self.file().as_ref() => {
                let watch = command_for(&file, format_args!("watch {id}"));
                format!("{} has started it last: {watch}", file.display())
            }
            (_, Some(near)) => format!("did you mean `{near}`?"),
            _ => format!("{} shows all there are", command("status")),
        };
        Err(Failure::new(FailureKind::Unknown, message).hint(hint))
    }
}

impl WatchHandle<'_> {
    /// Returns the goal that all of the instances reach a state.
    ///
    /// # Errors
    /// When none of them can ever reach it.
    pub fn goal(&self, state: &str) -> Result<Goal, Failure> {
        if !matches!(state, "stopped" | "crashed") {
            self.host.refuse_absent(self.scope)?;
        }
        Goal::new(state, &self.parts.ids)
    }

    /// Returns true while there is no state directory, so that
    /// [`WatchHandle::refresh`] is to be called now and then.
    pub fn is_before_the_first_start(&self) -> bool {
        !self.parts.has_state
    }

    /// Begins anew once there is a state directory. While there is none, nothing was
    /// ever started, and nothing can change.
    pub fn refresh(&mut self) -> Result<(), Failure> {
        if !self.parts.has_state && self.host.state()?.is_some() {
            self.parts = Parts::new(self.host, self.scope, &self.events, self.with_players, &self.usage)?;
        }
        Ok(())
    }
}

impl Parts {
    fn new(
        host: &Host,
        scope: Scope<'_>,
        events: &UnboundedSender<ResidentEvent>,
        with_players: bool,
        usage: &UsageDemand,
    ) -> Result<Self, Failure> {
        let state = host.state()?;
        let look = Fleet::for_a_look(state.clone());
        let unlisted = host.unlisted_ids(&look, scope)?;
        let mut following = JoinSet::new();
        let fleet = match state.clone() {
            None => Fleet::for_watching_others(),
            Some(state) => {
                let changes = Arc::new(Changes::of(&state));
                following.spawn(follow(Arc::clone(&changes), events.clone()));
                Fleet::for_watching(state, changes)
            }
        };
        let members = host.choose(&fleet, scope, &unlisted)?;
        let supervisors = || members.iter().map(|member| &member.supervisor);
        Ok(Self {
            ids: members
                .iter()
                .map(|member| (member.id().to_owned(), member.is_unmanaged()))
                .collect(),
            has_state: state.is_some(),
            _changes: following,
            _watcher: Watcher::over(&members, state.as_ref(), events),
            _player_counts: with_players.then(|| PlayerCounts::of(supervisors(), events)),
            _usage_readings: UsageReadings::of(supervisors(), usage, events),
        })
    }
}

/// Passes the changes of the folders on, for as long as it is polled.
pub(super) async fn follow(changes: Arc<Changes>, events: UnboundedSender<ResidentEvent>) {
    let say = |text| {
        let _ = events.send(ResidentEvent::Happened(LogEntry::now(Level::Warning, None, text)));
    };
    changes.follow(say).await;
}
