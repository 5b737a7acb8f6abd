//! The instances that a verb is carried out on.

use std::path::Path;
use std::sync::Arc;

use super::elsewhere::started_elsewhere;
use super::{Events, Host, Scope, VerbRequest};
use crate::event::{Verb, VerbResult};
use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::instancecmd::{self, ElsewhereById};
use crate::store::StateDir;
use crate::store::lock::RunLock;
use crate::supervisor::{Observation, Supervisor};

/// Instances that were selected for a verb, and their state directory.
pub struct Targets {
    supervisors: Vec<Arc<dyn Supervisor>>,
    state: Arc<StateDir>,
    elsewhere: Arc<ElsewhereById>,
    /// The lock of the `run` that stops its instances as it ends.
    _run_lock: Option<RunLock>,
}

impl Targets {
    /// Returns those for a verb that is typed into the inventory `own`, or into the `run`
    /// whose lock this is.
    pub(super) fn new(
        supervisors: Vec<Arc<dyn Supervisor>>,
        own: Option<&Path>,
        state: Arc<StateDir>,
        run_lock: Option<RunLock>,
    ) -> Self {
        let ids = supervisors.iter().map(|target| target.instance_id());
        let elsewhere = Arc::new(started_elsewhere(own, &state, ids));
        Self {
            supervisors,
            state,
            elsewhere,
            _run_lock: run_lock,
        }
    }

    /// Returns the ids, in the order of the results.
    pub fn ids(&self) -> Vec<&str> {
        self.supervisors.iter().map(|target| target.instance_id()).collect()
    }

    /// Leaves out the instances that are known not to run.
    pub async fn leave_out_stopped(&mut self) {
        let mut alive = Vec::new();
        for target in self.supervisors.drain(..) {
            if !matches!(target.look().await, Observation::Known(facts) if !facts.state.is_alive()) {
                alive.push(target);
            }
        }
        self.supervisors = alive;
    }

    /// Leaves out what another inventory has started and lists. Returns the ids, each with
    /// a note on where it was started.
    pub fn leave_out_others(&mut self) -> Vec<(String, String)> {
        let mut left = Vec::new();
        self.supervisors.retain(|target| {
            let id = target.instance_id();
            let other = self.elsewhere.get(id).filter(|other| other.is_listed);
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
        instancecmd::dispatch(request, &self.supervisors, &self.elsewhere, &self.state, events).await
    }
}

impl Host {
    /// Selects the instances for a verb. The state directory is made where
    /// there is none, once the scope is known to be valid.
    pub fn targets(&self, verb: Verb, scope: Scope<'_>) -> Result<Targets, Failure> {
        if self.state()?.is_none() {
            self.targets_of(&Fleet::for_a_look(None), verb, scope)?;
        }
        let state = self.create_state()?;
        let fleet = Fleet::for_verbs(Some(Arc::clone(&state)));
        let supervisors = self.targets_of(&fleet, verb, scope)?;
        Ok(Targets::new(supervisors, self.file().as_deref(), state, None))
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
