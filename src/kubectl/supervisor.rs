//! The supervisor of one object: the contract, carried out by the other files.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use super::PLANE;
use super::managed::ManagedObject;
use super::origin;
use super::plan::KubectlPlan;
use super::share::KubectlShare;
use super::starting::start;
use super::stopping::stop;
use super::watching::watch_object;
use crate::containers::{GroupRecords, keep_watch};
use crate::inventory::{Instance, KubectlSpec};
use crate::store::StateDir;
use crate::store::origin::Origin;
use crate::supervisor::{
    Activity, AdminChannel, ConsoleAccess, HealthCheck, InstanceState, Observation, Outcome, OutputSource, PlayerQuery,
    StartOptions, StateCell, StopOptions, Supervisor, Survey, UsageMeter, VerbPlan,
};

pub struct KubectlSupervisor {
    object: ManagedObject,
    activity: StateCell<Activity>,
}

impl KubectlSupervisor {
    pub fn new(instance: &Instance, spec: &KubectlSpec, place: Option<Arc<StateDir>>, share: KubectlShare) -> Self {
        let records = GroupRecords::new(instance.id.clone(), place);
        Self::of(ManagedObject::new(
            spec.clone(),
            KubectlPlan::of(instance),
            records,
            share,
        ))
    }

    /// Returns the supervisor of an object that is not in the inventory, by the record of
    /// its last start; `None` if that does not name the object.
    pub fn recorded(id: &str, origin: &Origin, place: Option<Arc<StateDir>>, share: KubectlShare) -> Option<Self> {
        let records = GroupRecords::new(id.to_owned(), place);
        let spec = origin::to_spec(origin)?;
        Some(Self::of(ManagedObject::new(
            spec,
            KubectlPlan::unlisted(),
            records,
            share,
        )))
    }

    fn of(object: ManagedObject) -> Self {
        Self {
            object,
            activity: StateCell::default(),
        }
    }
}

#[async_trait::async_trait]
impl Supervisor for KubectlSupervisor {
    fn instance_id(&self) -> &str {
        self.object.records().id()
    }

    fn state(&self) -> InstanceState {
        self.object.state()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.object.follow_state()
    }

    async fn uptime_seconds(&self) -> u64 {
        self.object.uptime_seconds()
    }

    fn plane(&self) -> &'static str {
        PLANE
    }

    async fn look(&self) -> Observation {
        self.object.look().await
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        match self.object.changes() {
            Some(changes) => watch_object(&self.object, changes, &seen).await,
            None => keep_watch(|| self.object.look(), None, Duration::ZERO, &seen).await,
        }
    }

    async fn start_with(self: Arc<Self>, options: StartOptions) -> Result<Outcome> {
        let outcome = start(&self.object, &self.activity, &options).await;
        self.activity.set(Activity::default());
        Ok(outcome?)
    }

    async fn stop_with(self: Arc<Self>, options: StopOptions) -> Result<Outcome> {
        let outcome = stop(&self.object, &self.activity, options.now).await;
        self.activity.set(Activity::default());
        Ok(outcome?)
    }

    fn activity(&self) -> Option<watch::Receiver<Activity>> {
        Some(self.activity.follow())
    }

    fn console(&self) -> Option<&dyn ConsoleAccess> {
        Some(&self.object)
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        Some(&self.object)
    }

    fn usage(&self) -> Option<&dyn UsageMeter> {
        Some(&self.object)
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        self.object.plan().players.is_some().then_some(&self.object)
    }

    fn health(&self) -> Option<&dyn HealthCheck> {
        Some(&self.object)
    }

    fn plan(&self) -> Option<&dyn VerbPlan> {
        Some(&self.object)
    }

    fn survey(&self) -> Option<&dyn Survey> {
        Some(&self.object)
    }

    fn output(&self) -> Option<&dyn OutputSource> {
        Some(&self.object)
    }
}
