//! The supervisor of one unit: the contract, carried out by the other files.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;

use super::PLANE;
use super::managed::{ManagedUnit, UnitPlan};
use super::origin;
use super::starting::start;
use super::stopping::stop;
use super::watching::watch;
use crate::containers::GroupRecords;
use crate::inventory::{Instance, UnitSpec};
use crate::store::StateDir;
use crate::store::origin::Origin;
use crate::supervisor::{
    Activity, AdminChannel, HealthCheck, InstanceState, Observation, Outcome, OutputSource, PlayerQuery, StartOptions,
    StateCell, StopOptions, Supervisor, Survey, UsageMeter, VerbPlan,
};
use crate::systemd::UnitManagers;

pub struct SystemdUnitSupervisor {
    unit: ManagedUnit,
    activity: StateCell<Activity>,
}

impl SystemdUnitSupervisor {
    pub fn new(instance: &Instance, spec: &UnitSpec, place: Option<Arc<StateDir>>, managers: &UnitManagers) -> Self {
        let records = GroupRecords::new(instance.id.clone(), place);
        Self::of(spec.clone(), UnitPlan::of(instance), records, managers)
    }

    /// Returns the supervisor of a unit that is not in the inventory, by the record of its
    /// last start; `None` if that does not name the unit.
    pub fn recorded(id: &str, origin: &Origin, place: Option<Arc<StateDir>>, managers: &UnitManagers) -> Option<Self> {
        let records = GroupRecords::new(id.to_owned(), place);
        let spec = origin::to_spec(origin)?;
        Some(Self::of(spec, UnitPlan::unlisted(), records, managers))
    }

    fn of(spec: UnitSpec, plan: UnitPlan, records: GroupRecords, managers: &UnitManagers) -> Self {
        let manager = managers.of(&spec.scope);
        Self {
            unit: ManagedUnit::new(spec, plan, records, manager),
            activity: StateCell::default(),
        }
    }
}

#[async_trait::async_trait]
impl Supervisor for SystemdUnitSupervisor {
    fn instance_id(&self) -> &str {
        self.unit.records().id()
    }

    fn state(&self) -> InstanceState {
        self.unit.state()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.unit.follow_state()
    }

    async fn uptime_seconds(&self) -> u64 {
        self.unit.uptime_seconds()
    }

    fn plane(&self) -> &'static str {
        PLANE
    }

    async fn look(&self) -> Observation {
        self.unit.look().await
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        watch(&self.unit, &seen).await;
    }

    async fn start_with(self: Arc<Self>, options: StartOptions) -> Result<Outcome> {
        let outcome = start(&self.unit, &self.activity, &options).await;
        self.activity.set(Activity::default());
        Ok(outcome?)
    }

    async fn stop_with(self: Arc<Self>, options: StopOptions) -> Result<Outcome> {
        let outcome = stop(&self.unit, &self.activity, &options).await;
        self.activity.set(Activity::default());
        Ok(outcome?)
    }

    fn activity(&self) -> Option<watch::Receiver<Activity>> {
        Some(self.activity.follow())
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        Some(&self.unit)
    }

    fn usage(&self) -> Option<&dyn UsageMeter> {
        Some(&self.unit)
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        let plan = self.unit.plan();
        plan.players.as_ref().map(|rule| rule as &dyn PlayerQuery)
    }

    fn health(&self) -> Option<&dyn HealthCheck> {
        Some(&self.unit)
    }

    fn plan(&self) -> Option<&dyn VerbPlan> {
        Some(&self.unit)
    }

    fn survey(&self) -> Option<&dyn Survey> {
        Some(&self.unit)
    }

    fn output(&self) -> Option<&dyn OutputSource> {
        Some(&self.unit)
    }
}
