//! An instance before whose start a command must succeed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tokio::time::Instant;

use super::preparation::Preparation;
use super::slots::PreparationSlots;
use crate::failure::Failure;
use crate::inventory::BeforeStart;
use crate::store::StateDir;
use crate::supervisor::{
    Activity, AdminChannel, ConsoleAccess, HealthCheck, HostEngine, InstanceState, Observation, Outcome, OutputSource,
    PlannedStep, PlayerQuery, StartOptions, StateCell, StopOptions, Supervisor, Survey, UsageMeter, VerbPlan,
};

/// Supervises an instance as its plane does, and starts it only after a command has
/// succeeded.
pub struct PreparedSupervisor {
    inner: Arc<dyn Supervisor>,
    rule: BeforeStart,
    /// `None` for who only looks.
    state_dir: Option<Arc<StateDir>>,
    slots: PreparationSlots,
    activity: StateCell<Activity>,
}

impl PreparedSupervisor {
    pub fn new(
        inner: Arc<dyn Supervisor>,
        rule: BeforeStart,
        state_dir: Option<Arc<StateDir>>,
        slots: PreparationSlots,
    ) -> Self {
        Self {
            inner,
            rule,
            state_dir,
            slots,
            activity: StateCell::default(),
        }
    }

    async fn prepare(&self, options: &StartOptions, begun: Instant) -> Result<(), Failure> {
        let id = self.inner.instance_id();
        let left = |limit: Duration| (begun + limit.saturating_sub(options.spent), limit);
        let until = options.timeout.map(left);
        let Some(state_dir) = &self.state_dir else {
            return Err(Failure::failed("there is no state directory"));
        };
        let dir = state_dir.create_instance(id)?;
        let preparation = Preparation {
            rule: &self.rule,
            id,
            dir: &dir,
            activity: &self.activity,
            until,
            slots: &self.slots,
        };
        preparation.carry_out().await
    }

    /// Does the work of the plane, and repeats what that waits for.
    async fn repeat<T>(&self, work: impl Future<Output = T>) -> T {
        let Some(mut theirs) = self.inner.activity() else {
            return work.await;
        };
        let repeat = async {
            while theirs.changed().await.is_ok() {
                self.activity.set(theirs.borrow_and_update().clone());
            }
            std::future::pending::<Infallible>().await
        };
        tokio::select! {
            biased;
            done = work => done,
            never = repeat => match never {},
        }
    }
}

#[async_trait::async_trait]
impl Supervisor for PreparedSupervisor {
    fn instance_id(&self) -> &str {
        self.inner.instance_id()
    }

    fn state(&self) -> InstanceState {
        self.inner.state()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.inner.watch_state()
    }

    async fn uptime_seconds(&self) -> u64 {
        self.inner.uptime_seconds().await
    }

    fn plane(&self) -> &'static str {
        self.inner.plane()
    }

    async fn look(&self) -> Observation {
        self.inner.look().await
    }

    fn snapshot(&self) -> Option<Observation> {
        self.inner.snapshot()
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        Arc::clone(&self.inner).keep_watch(seen).await;
    }

    async fn start_with(self: Arc<Self>, options: StartOptions) -> Result<Outcome> {
        let begun = Instant::now();
        let is_down = match self.inner.look().await {
            Observation::Known(facts) => !facts.state.is_alive(),
            Observation::Unknown { reason } => return Err(Failure::unknown(reason).into()),
        };
        let mut options = options;
        if is_down {
            let prepared = self.prepare(&options, begun).await;
            if let Err(failure) = prepared {
                self.activity.set(Activity::default());
                return Err(failure.into());
            }
            // The time that the instance has to become ready begins now.
            if options.timeout.is_some() {
                options.spent += begun.elapsed();
            }
        }
        let started = self.repeat(Arc::clone(&self.inner).start_with(options)).await;
        self.activity.set(Activity::default());
        started
    }

    async fn stop_with(self: Arc<Self>, options: StopOptions) -> Result<Outcome> {
        let stopped = self.repeat(Arc::clone(&self.inner).stop_with(options)).await;
        self.activity.set(Activity::default());
        stopped
    }

    fn activity(&self) -> Option<watch::Receiver<Activity>> {
        Some(self.activity.follow())
    }

    fn console(&self) -> Option<&dyn ConsoleAccess> {
        self.inner.console()
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        self.inner.admin()
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        self.inner.players()
    }

    fn usage(&self) -> Option<&dyn UsageMeter> {
        self.inner.usage()
    }

    fn health(&self) -> Option<&dyn HealthCheck> {
        self.inner.health()
    }

    fn plan(&self) -> Option<&dyn VerbPlan> {
        self.inner.plan().map(|_| self as &dyn VerbPlan)
    }

    fn survey(&self) -> Option<&dyn Survey> {
        self.inner.survey()
    }

    fn output(&self) -> Option<&dyn OutputSource> {
        self.inner.output()
    }

    fn host(&self) -> Option<&str> {
        self.inner.host()
    }

    fn engine(&self) -> Option<&dyn HostEngine> {
        self.inner.engine()
    }
}

impl VerbPlan for PreparedSupervisor {
    fn start_steps(&self, options: &StartOptions) -> Vec<PlannedStep> {
        let program = self.rule.command.first().cloned().unwrap_or_default();
        let limit = humantime::format_duration(self.rule.timeout);
        let does = format!(
            "run {}, for up to {limit}; if it fails, start nothing",
            program.display()
        );
        let own = PlannedStep::new(does, "before_start");
        let theirs = self.inner.plan().map(|plan| plan.start_steps(options));
        [own].into_iter().chain(theirs.unwrap_or_default()).collect()
    }

    fn stop_steps(&self, options: &StopOptions) -> Vec<PlannedStep> {
        self.inner
            .plan()
            .map(|plan| plan.stop_steps(options))
            .unwrap_or_default()
    }
}
