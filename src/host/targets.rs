//! The instances that a verb is carried out on.

use std::path::Path;
use std::sync::Arc;

use super::elsewhere::started_elsewhere;
use super::needs::InOrder;
use super::{Events, Host, NeedsRule, Scope, VerbRequest};
use crate::event::{Verb, VerbResult};
use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::instancecmd::{self, Dispatch};
use crate::store::StateDir;
use crate::store::lock::RunLock;
use crate::supervisor::{Observation, Supervisor};

/// Instances that were selected for a verb, and their state directory.
pub struct Targets {
    over: Dispatch,
    state: Arc<StateDir>,
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
        };
        Self {
            over,
            state,
            _run_lock: run_lock,
        }
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
        instancecmd::dispatch(request, &self.over, &self.state, events).await
    }
}

impl Host {
    /// Selects the instances for a verb, and those that it takes along. The state
    /// directory is made where there is none, once the scope is known to be valid.
    pub async fn targets(&self, verb: Verb, scope: Scope<'_>, rule: NeedsRule) -> Result<Targets, Failure> {
        if self.state()?.is_none() {
            self.targets_of(&Fleet::for_a_look(None), verb, scope)?;
        }
        let state = self.create_state()?;
        let fleet = Fleet::for_verbs(Some(Arc::clone(&state)));
        let selected = self.targets_of(&fleet, verb, scope)?;
        let order = self.in_order(&fleet, verb, selected, rule).await?;
        Ok(Targets::new(order, self.file().as_deref(), state, None))
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
