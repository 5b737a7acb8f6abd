//! The supervisor of one process instance.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use super::game::{ManagedGame, PLANE};
use super::launcher::Launcher;
use super::observer::{Observer, awaits_ready};
use super::probing;
use super::shim::spawner::Spawner;
use super::snapshot::Snapshot;
use super::{starting, stopping, survey, watching};
use crate::failure::{Failure, FailureKind};
use crate::finding::Finding;
use crate::inventory::{Instance, ProcessSpec};
use crate::store::StateDir;
use crate::store::changes::Changes;
use crate::supervisor::{
    Activity, AdminChannel, ConsoleAccess, HealthCheck, InstanceState, LOOK_EVERY, Observation, Outcome, PlayerQuery,
    StartOptions, StopOptions, Supervisor, Survey, UsageMeter, VerbPlan,
};

/// The limit for `status` to judge if an instance is ready.
const JUDGE: Duration = Duration::from_secs(3);

/// Supervises one game that is a process of this host.
#[derive(Debug)]
pub struct ProcessSupervisor {
    game: Arc<ManagedGame>,
    observer: Observer,
    spawner: Arc<Spawner>,
    changes: Option<Arc<Changes>>,
    takes_over: bool,
}

impl ProcessSupervisor {
    /// Returns the supervisor of an instance of the inventory. Without a state
    /// directory nothing was ever started, and it can only look. With a
    /// `snapshot` it observes that first.
    pub fn new(
        instance: &Instance,
        spec: &ProcessSpec,
        state_dir: Option<Arc<StateDir>>,
        snapshot: Option<Arc<Snapshot>>,
    ) -> Self {
        Self::of(ManagedGame::listed(instance, spec, state_dir), snapshot)
    }

    /// Returns the supervisor of what runs, or ran, and is not in the inventory:
    /// it can look, and stop by the plan that the game was started with.
    ///
    /// # Errors
    /// When that plan cannot be read.
    pub fn unlisted(id: &str, state_dir: Arc<StateDir>, snapshot: Option<Arc<Snapshot>>) -> Result<Self, Failure> {
        Ok(Self::of(ManagedGame::unlisted(id, state_dir)?, snapshot))
    }

    fn of(game: ManagedGame, snapshot: Option<Arc<Snapshot>>) -> Self {
        let game = Arc::new(game);
        Self {
            observer: Observer::new(Arc::clone(&game), snapshot),
            game,
            spawner: Arc::default(),
            changes: None,
            takes_over: true,
        }
    }

    /// Has its shims made by a spawner that others of the same command use, follows
    /// the changes of its folder instead of looking at intervals, and without
    /// `takes_over` leaves a game that has lost its shim as it is.
    #[must_use]
    pub fn equipped(mut self, spawner: Arc<Spawner>, changes: Option<Arc<Changes>>, takes_over: bool) -> Self {
        self.spawner = spawner;
        self.changes = changes;
        self.takes_over = takes_over;
        self
    }

    fn launcher(&self) -> Launcher<'_> {
        Launcher {
            game: &self.game,
            spawner: &self.spawner,
        }
    }

    /// Returns the game, and the snapshot in which its shim may have reported.
    pub(super) fn measured(&self) -> (&ManagedGame, Option<&Snapshot>) {
        (&self.game, self.observer.snapshot())
    }

    /// Returns true if no verb and no watch judges its readiness, so that the
    /// look does.
    fn wants_judging(&self, observation: &Observation) -> bool {
        self.observer.has_snapshot() && awaits_ready(observation)
    }

    /// Publishes how a verb ended.
    fn settle(&self, outcome: Result<Outcome, Failure>) -> Result<Outcome> {
        match &outcome {
            Ok(outcome) => self.game.live.state.set(outcome.state.clone()),
            Err(failure) if failure.kind == FailureKind::Timeout => {}
            Err(_) => {
                if let Observation::Known(facts) = self.observer.observe_anew() {
                    self.game.live.state.set(facts.state);
                }
            }
        }
        match &outcome {
            // A watch may have begun to wait for it meanwhile, and says so once.
            Ok(outcome) if outcome.state == InstanceState::Starting => self.game.live.awaits_only(watching::READY),
            _ => self.game.live.activity.set(Activity::default()),
        }
        Ok(outcome?)
    }
}

#[async_trait::async_trait]
impl Supervisor for ProcessSupervisor {
    fn instance_id(&self) -> &str {
        &self.game.id
    }

    fn state(&self) -> InstanceState {
        self.game.live.state.get()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.game.live.state.follow()
    }

    async fn uptime_seconds(&self) -> u64 {
        match self.state() {
            InstanceState::Running => self.observer.uptime_seconds(),
            _ => 0,
        }
    }

    fn plane(&self) -> &'static str {
        PLANE
    }

    fn snapshot(&self) -> Option<Observation> {
        let observation = self.observer.observe();
        (!self.wants_judging(&observation)).then_some(observation)
    }

    async fn look(&self) -> Observation {
        let mut observation = self.observer.observe();
        if self.wants_judging(&observation)
            && let Ok(Some(())) = tokio::time::timeout(JUDGE, probing::judge(&self.game)).await
        {
            observation = self.observer.observe_anew();
        }
        if let Observation::Known(facts) = &observation {
            self.game.live.state.set(facts.state.clone());
        }
        observation
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        if let Some(changes) = &self.changes {
            let changed = changes.subscribe(&self.game.id);
            return watching::watch(self.launcher(), &self.observer, self.takes_over, &seen, changed).await;
        }
        while !seen.is_closed() {
            seen.send_replace(Some(self.look().await));
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn start_with(self: Arc<Self>, options: StartOptions) -> Result<Outcome> {
        self.settle(starting::start(self.launcher(), &options).await)
    }

    async fn stop_with(self: Arc<Self>, options: StopOptions) -> Result<Outcome> {
        self.settle(stopping::stop(self.launcher(), &options).await)
    }

    fn activity(&self) -> Option<watch::Receiver<Activity>> {
        Some(self.game.live.activity.follow())
    }

    fn console(&self) -> Option<&dyn ConsoleAccess> {
        Some(self.game.as_ref())
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        Some(self.game.as_ref())
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        self.game.players.as_ref().map(|rule| rule as &dyn PlayerQuery)
    }

    fn usage(&self) -> Option<&dyn UsageMeter> {
        Some(self)
    }

    fn health(&self) -> Option<&dyn HealthCheck> {
        Some(self.game.as_ref())
    }

    fn plan(&self) -> Option<&dyn VerbPlan> {
        Some(self.game.as_ref())
    }

    fn survey(&self) -> Option<&dyn Survey> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl Survey for ProcessSupervisor {
    async fn findings(&self) -> Vec<Finding> {
        let Some(spec) = &self.game.spec else {
            return Vec::new();
        };
        let mut findings = survey::of_spec(spec).await;
        let remark = self.observer.remark().map(|remark| Finding::warning("main", remark));
        findings.extend(remark.map(|finding| {
            finding
                .hint("compare it with the path of the game, `ps -eo pid,args`, or leave it out if nothing is launched")
        }));
        findings
    }
}
