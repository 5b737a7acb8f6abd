//! The supervisor of one container or pod: the contract, carried out by the other files.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use super::PLANE;
use super::game::PodmanGame;
use super::origin;
use super::share::PodmanShare;
use super::starting::start;
use super::stopping::stop;
use crate::containers::{GroupRecords, SeenGroup, keep_watch};
use crate::inventory::{Instance, PlayersRule, PodmanSpec, Ready};
use crate::store::StateDir;
use crate::store::origin::Origin;
use crate::supervisor::{
    Activity, AdminChannel, ConsoleAccess, InstanceState, Observation, Outcome, OutputSource, PlayerQuery,
    StartOptions, StateCell, StopOptions, Supervisor, Survey, UsageMeter, VerbPlan,
};

pub struct PodmanSupervisor {
    game: PodmanGame,
    players: Option<PlayersRule>,
    activity: StateCell<Activity>,
}

impl PodmanSupervisor {
    pub fn new(instance: &Instance, spec: &PodmanSpec, place: Option<Arc<StateDir>>, share: &PodmanShare) -> Self {
        let records = GroupRecords::new(instance.id.clone(), place);
        let game = PodmanGame::new(spec.clone(), instance.ready.clone(), records, share);
        Self::of(game.kept_as(instance), instance.counted_by())
    }

    /// Returns the supervisor of what is not in the inventory, by the record of its last
    /// start; `None` if that names no container.
    pub fn recorded(id: &str, origin: &Origin, place: Option<Arc<StateDir>>, share: &PodmanShare) -> Option<Self> {
        let records = GroupRecords::new(id.to_owned(), place);
        let spec = origin::to_spec(origin)?;
        let game = PodmanGame::new(spec, Ready::default(), records, share);
        Some(Self::of(game, None))
    }

    fn of(game: PodmanGame, players: Option<PlayersRule>) -> Self {
        Self {
            game,
            players,
            activity: StateCell::default(),
        }
    }
}

#[async_trait::async_trait]
impl Supervisor for PodmanSupervisor {
    fn instance_id(&self) -> &str {
        self.game.records().id()
    }

    fn state(&self) -> InstanceState {
        self.game.group().state()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.game.group().follow_state()
    }

    async fn uptime_seconds(&self) -> u64 {
        self.game.group().uptime_seconds()
    }

    fn plane(&self) -> &'static str {
        PLANE
    }

    async fn look(&self) -> Observation {
        self.game.look().await
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        // Changes that come together make one list already.
        keep_watch(|| self.game.look(), self.game.changes(), Duration::ZERO, &seen).await;
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

    fn admin(&self) -> Option<&dyn AdminChannel> {
        Some(&self.game)
    }

    fn usage(&self) -> Option<&dyn UsageMeter> {
        Some(&self.game)
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        self.players.as_ref().map(|rule| rule as &dyn PlayerQuery)
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
