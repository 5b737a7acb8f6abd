//! The supervisor of one stack: the contract, carried out by the other files.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use super::PLANE;
use super::origin;
use super::stack::ComposeStack;
use super::starting::start;
use super::stopping::stop;
use crate::containers::{EngineEvents, EngineSnapshots, GroupRecords, SeenGroup, keep_watch};
use crate::inventory::{ComposeSpec, Instance, PlayersRule, Ready};
use crate::store::StateDir;
use crate::store::origin::Origin;
use crate::supervisor::{
    Activity, AdminChannel, InstanceState, Observation, Outcome, OutputSource, PlayerQuery, StartOptions, StateCell,
    StopOptions, Supervisor, Survey, UsageMeter, VerbPlan,
};

/// The time within which changes lead to one look.
const TOGETHER: Duration = Duration::from_millis(50);

pub struct DockerComposeSupervisor {
    stack: ComposeStack,
    players: Option<PlayersRule>,
    events: Option<Arc<EngineEvents>>,
    activity: StateCell<Activity>,
}

impl DockerComposeSupervisor {
    pub fn new(
        instance: &Instance,
        spec: &ComposeSpec,
        place: Option<Arc<StateDir>>,
        snapshots: Option<Arc<EngineSnapshots>>,
    ) -> Self {
        let records = GroupRecords::new(instance.id.clone(), place);
        let stack = ComposeStack::new(spec.clone(), instance.ready.clone(), records, snapshots);
        Self::of(stack.kept_as(instance), instance.counted_by())
    }

    /// Returns the supervisor of a stack that is not in the inventory, by the
    /// record of its last start; `None` if that does not name the project.
    pub fn recorded(
        id: &str,
        origin: &Origin,
        place: Option<Arc<StateDir>>,
        snapshots: Option<Arc<EngineSnapshots>>,
    ) -> Option<Self> {
        let records = GroupRecords::new(id.to_owned(), place);
        let stack = ComposeStack::new(origin::to_spec(origin)?, Ready::default(), records, snapshots);
        Some(Self::of(stack, None))
    }

    fn of(stack: ComposeStack, players: Option<PlayersRule>) -> Self {
        Self {
            stack,
            players,
            events: None,
            activity: StateCell::default(),
        }
    }

    /// Makes it follow the events of its engine, so that a watch need not look
    /// again and again.
    #[must_use]
    pub fn following(mut self, events: Option<Arc<EngineEvents>>) -> Self {
        self.events = events;
        self
    }
}

#[async_trait::async_trait]
impl Supervisor for DockerComposeSupervisor {
    fn instance_id(&self) -> &str {
        self.stack.records().id()
    }

    fn state(&self) -> InstanceState {
        self.stack.group().state()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.stack.group().follow_state()
    }

    async fn uptime_seconds(&self) -> u64 {
        self.stack.group().uptime_seconds()
    }

    fn plane(&self) -> &'static str {
        PLANE
    }

    async fn look(&self) -> Observation {
        self.stack.look().await
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        let changes = self.events.as_deref().map(|events| self.stack.changes(events));
        keep_watch(|| self.stack.look(), changes, TOGETHER, &seen).await;
    }

    async fn start_with(self: Arc<Self>, options: StartOptions) -> Result<Outcome> {
        let outcome = start(&self.stack, &self.activity, &options).await;
        self.activity.set(Activity::default());
        Ok(outcome?)
    }

    async fn stop_with(self: Arc<Self>, options: StopOptions) -> Result<Outcome> {
        let outcome = stop(&self.stack, &self.activity, options.now).await;
        self.activity.set(Activity::default());
        Ok(outcome?)
    }

    fn activity(&self) -> Option<watch::Receiver<Activity>> {
        Some(self.activity.follow())
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        Some(&self.stack)
    }

    fn usage(&self) -> Option<&dyn UsageMeter> {
        Some(&self.stack)
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        self.players.as_ref().map(|rule| rule as &dyn PlayerQuery)
    }

    fn plan(&self) -> Option<&dyn VerbPlan> {
        Some(&self.stack)
    }

    fn survey(&self) -> Option<&dyn Survey> {
        Some(&self.stack)
    }

    fn output(&self) -> Option<&dyn OutputSource> {
        Some(&self.stack)
    }
}
