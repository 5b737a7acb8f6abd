//! The instances that a verb is carried out on.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::elsewhere::started_elsewhere;
use super::needs::InOrder;
use super::{Events, Host, NeedsRule, Scope, VerbRequest};
use crate::event::{Verb, VerbResult};
use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::instancecmd::{self, Courtesy, CourtesyAsk, Dispatch};
use crate::store::changes::Changes;
use crate::store::lock::RunLock;
use crate::store::{StateDir, countdown};
use crate::supervisor::{Observation, Supervisor};

/// Instances that were selected for a verb, and their state directory.
pub struct Targets {
    over: Dispatch,
    state: Arc<StateDir>,
    /// The changes that nobody else follows.
    own_changes: Option<Arc<Changes>>,
    /// The lock of the `run` that stops its instances as it ends.
    _run_lock: Option<RunLock>,
}

impl Targets {
    /// Returns those for a verb that is typed into the inventory `own`, or into the `run`
    /// whose lock this is.
    pub(super) fn new(order: InOrder, own: Option<&Path>, state: Arc<StateDir>, run_lock: Option<RunLock>) -> Self {
        let ids = order.targets.iter().map(|target| target.instance_id());
        let elsewhere = Arc::new(started_elsewhere(own, &state, ids));
        let over = Dispatch {
            targets: order.targets,
            elsewhere,
            needs: order.needs.into_map(),
            only_started: order.only_started,
            refused: order.refused,
            ..Dispatch::default()
        };
        Self {
            over,
            state,
            own_changes: None,
            _run_lock: run_lock,
        }
    }

    /// Has their players spared, each as its instance in the inventory has it.
    #[must_use]
    pub fn courteous(mut self, host: &Host, ask: &CourtesyAsk) -> Self {
        if !ask.is_none() {
            let ids = self.over.targets.iter().map(|target| target.instance_id());
            self.over.courtesies = ids.map(|id| (id.to_owned(), host.courtesy(id, ask))).collect();
        }
        self
    }

    /// Has them asked for by somebody else than a command that was typed, who shares these
    /// slots with others.
    #[must_use]
    pub(super) fn asked_by(mut self, whom: &str, slots: &Arc<Semaphore>) -> Self {
        for courtesy in self.over.courtesies.values_mut() {
            courtesy.by = Some(whom.to_owned());
        }
        self.over.slots = Some(Arc::clone(slots));
        self
    }

    /// Returns true if the players of all of them can be counted.
    pub fn count_players(&self) -> bool {
        self.over.targets.iter().all(|target| target.players().is_some())
    }

    /// Cancels the countdowns that are under way. Returns true if there are any: their
    /// players are told.
    pub fn cancel_countdowns(&self) -> bool {
        self.over.countdowns.cancel()
    }

    /// Waits until no countdown is under way, and something else still is.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn countdowns_over(&self) {
        self.over.countdowns.over().await;
    }

    /// Returns the ids, in the order of the results.
    pub fn ids(&self) -> Vec<&str> {
        self.over.targets.iter().map(|target| target.instance_id()).collect()
    }

    /// Leaves out the instances that are known not to run.
    pub async fn leave_out_stopped(&mut self) {
        let mut alive = Vec::new();
        for target in self.over.targets.drain(..) {
            if !matches!(target.look().await, Observation::Known(facts) if !facts.state.is_alive()) {
                alive.push(target);
            }
        }
        self.over.targets = alive;
    }

    /// Leaves out what another inventory has started and lists. Returns the ids, each with
    /// a note on where it was started.
    pub fn leave_out_others(&mut self) -> Vec<(String, String)> {
        let mut left = Vec::new();
        let elsewhere = Arc::clone(&self.over.elsewhere);
        self.over.targets.retain(|target| {
            let id = target.instance_id();
            let other = elsewhere.get(id).filter(|other| other.is_listed);
            left.extend(other.map(|other| (id.to_owned(), other.note())));
            other.is_none()
        });
        left
    }

    /// Carries the request out on all of them, many at the same time.
    ///
    /// # Cancel safety
    /// As [`instancecmd::dispatch`].
    pub async fn dispatch(&self, request: &VerbRequest, events: Events) -> Vec<VerbResult> {
        let work = instancecmd::dispatch(request, &self.over, &self.state, events);
        tokio::pin!(work);
        tokio::select! {
            biased;
            results = &mut work => results,
            () = self.follow_changes() => work.await,
        }
    }

    /// Follows the changes for as long as there may be a countdown.
    async fn follow_changes(&self) {
        let may_count = self.over.courtesies.values().any(|courtesy| !courtesy.is_none());
        if let Some(changes) = self.own_changes.as_ref().filter(|_| may_count) {
            // Where nothing is reported, it is looked once a second, as it is in `run`.
            changes.follow(drop).await;
        }
        std::future::pending::<()>().await;
    }
}

impl Host {
    /// Returns the courtesy towards the players of an instance.
    pub(super) fn courtesy(&self, id: &str, ask: &CourtesyAsk) -> Courtesy {
        match self.inventory.get(id) {
            Some(instance) => Courtesy::of(instance, ask),
            None => Courtesy::of_unlisted(ask),
        }
    }

    /// Cancels the countdown of the one instance that a selector matches. Returns its id,
    /// and what it was, in words; `None` where none is under way.
    ///
    /// # Errors
    /// When the selector matches none or several, or the record cannot be changed.
    pub fn cancel_countdown(&self, selector: &str) -> Result<(String, Option<String>), Failure> {
        let member = self.the_one(selector, "one countdown is cancelled at a time")?;
        let id = member.id().to_owned();
        let cannot =
            |error: std::io::Error| Failure::failed(format!("its countdown cannot be cancelled: {error}")).of(&id);
        let dir = match self.state()? {
            Some(state) => state.instance(&id).map_err(cannot)?,
            None => None,
        };
        let cancelled = match dir {
            Some(dir) => countdown::cancel(&dir).map_err(cannot)?,
            None => None,
        };
        Ok((id, cancelled.map(|note| note.in_words())))
    }

    /// Selects the instances for a verb, and those that it takes along. The state
    /// directory is made where there is none, once the scope is known to be valid.
    pub async fn targets(&self, verb: Verb, scope: Scope<'_>, rule: NeedsRule) -> Result<Targets, Failure> {
        self.targets_told_by(None, verb, scope, rule).await
    }

    /// Selects as [`Host::targets`], with the changes that are followed already, if there are
    /// any.
    pub(super) async fn targets_told_by(
        &self,
        followed: Option<&Arc<Changes>>,
        verb: Verb,
        scope: Scope<'_>,
        rule: NeedsRule,
    ) -> Result<Targets, Failure> {
        if self.state()?.is_none() {
            self.targets_of(&Fleet::for_a_look(None), verb, scope)?;
        }
        let state = self.create_state()?;
        let changes = match followed {
            Some(changes) => Arc::clone(changes),
            None => Arc::new(Changes::of(&state)),
        };
        let fleet = Fleet::for_verbs(Some(Arc::clone(&state))).told_by(Arc::clone(&changes));
        let selected = self.targets_of(&fleet, verb, scope)?;
        let order = self.in_order(&fleet, verb, selected, rule).await?;
        let mut targets = Targets::new(order, self.file().as_deref(), state, None);
        targets.own_changes = followed.is_none().then(|| Arc::clone(&changes));
        targets.over.changes = Some(changes);
        Ok(targets)
    }

    /// Returns the supervisors that a verb applies to. What has left the
    /// inventory can be stopped, and not started. An unmanaged instance is left
    /// out unless it was named: the verb on it fails.
    pub(super) fn targets_of(
        &self,
        fleet: &Fleet,
        verb: Verb,
        scope: Scope<'_>,
    ) -> Result<Vec<Arc<dyn Supervisor>>, Failure> {
        let unlisted = match verb {
            Verb::Stop => self.unlisted_ids(fleet, scope)?,
            Verb::Start | Verb::Restart => Vec::new(),
        };
        let chosen = self.choose(fleet, scope, &unlisted)?.into_iter();
        let wanted = chosen.filter(|one| scope.names(one.id()) || !one.is_unmanaged());
        Ok(wanted.map(|one| one.supervisor).collect())
    }
}
