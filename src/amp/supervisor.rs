//! The supervisor of one instance: the contract, carried out by the other files.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;

use super::PLANE;
use super::desk::AmpShare;
use super::game::AmpGame;
use super::origin;
use super::starting::start;
use super::stopping::stop;
use super::watching::watch;
use crate::containers::GroupRecords;
use crate::inventory::{AmpSpec, Instance, Ready};
use crate::store::StateDir;
use crate::store::origin::Origin;
use crate::supervisor::{
    Activity, AdminChannel, ConsoleAccess, HealthCheck, InstanceState, Observation, Outcome, OutputSource, PlayerQuery,
    StartOptions, StateCell, StopOptions, Supervisor, Survey, UsageMeter, VerbPlan,
};

pub struct AmpSupervisor {
    game: AmpGame,
    activity: StateCell<Activity>,
}

impl AmpSupervisor {
    pub fn new(instance: &Instance, spec: &AmpSpec, place: Option<Arc<StateDir>>, share: &AmpShare) -> Self {
        let records = GroupRecords::new(instance.id.clone(), place);
        let game = AmpGame::new(spec.clone(), instance.ready.clone(), records, share);
        Self::of(game.kept_as(instance))
    }

    /// Returns the supervisor of what is not in the inventory, by the record of its last
    /// start.
    ///
    /// # Errors
    /// When that is not enough; the text ends a sentence about the record.
    pub fn recorded(
        id: &str,
        origin: &Origin,
        place: Option<Arc<StateDir>>,
        share: &AmpShare,
    ) -> Result<Self, &'static str> {
        let records = GroupRecords::new(id.to_owned(), place);
        let spec = origin::to_spec(origin)?;
        Ok(Self::of(AmpGame::new(spec, Ready::default(), records, share)))
    }

    fn of(game: AmpGame) -> Self {
        Self {
            game,
            activity: StateCell::default(),
        }
    }
}

#[async_trait::async_trait]
impl Supervisor for AmpSupervisor {
    fn instance_id(&self) -> &str {
        self.game.records().id()
    }

    fn state(&self) -> InstanceState {
        self.game.state()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.game.follow_state()
    }

    async fn uptime_seconds(&self) -> u64 {
        self.game.uptime_seconds()
    }

    fn plane(&self) -> &'static str {
        PLANE
    }

    async fn look(&self) -> Observation {
        self.game.look().await
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        watch(&self.game, &seen).await;
    }

    async fn start_with(self: Arc<Self>, options: StartOptions) -> Result<Outcome> {
        let outcome = start(&self.game, &self.activity, &options).await;
        self.activity.set(Activity::default());
        Ok(outcome?)
    }

    async fn stop_with(self: Arc<Self>, options: StopOptions) -> Result<Outcome> {
        let outcome = stop(&self.game, &self.activity, options.now).await;
        self.activity.set(Activity::default());
        Ok(outcome?)
    }

    fn activity(&self) -> Option<watch::Receiver<Activity>> {
        Some(self.activity.follow())
    }

    fn console(&self) -> Option<&dyn ConsoleAccess> {
        Some(&self.game)
    }

    fn health(&self) -> Option<&dyn HealthCheck> {
        Some(&self.game)
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        Some(&self.game)
    }

    fn usage(&self) -> Option<&dyn UsageMeter> {
        Some(&self.game)
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        Some(&self.game)
    }

    fn plan(&self) -> Option<&dyn VerbPlan> {
        Some(&self.game)
    }

    fn survey(&self) -> Option<&dyn Survey> {
        Some(&self.game)
    }

    fn output(&self) -> Option<&dyn OutputSource> {
        Some(&self.game)
    }
}
