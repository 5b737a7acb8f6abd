//! The supervisor of one process instance.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use super::derive;
use super::evidence;
use super::glance::Glance;
use super::shim::spawner::Spawner;
use super::survey;
use crate::failure::{Failure, FailureKind};
use crate::finding::Finding;
use crate::inventory::{Channels, Healthy, Instance, ProcessSpec, Ready, RestartPolicy};
use crate::probe;
use crate::store::changes::Changes;
use crate::store::plan::Plan;
use crate::store::{InstanceDir, ReadError, StateDir, plan};
use crate::supervisor::{
    Activity, AdminChannel, ConsoleAccess, HealthCheck, InstanceState, LOOK_EVERY, Observation, Outcome, PlayerQuery,
    StartOptions, StateCell, StopOptions, Supervisor, Survey, VerbPlan,
};
use crate::sys::clock;

/// The name of this plane in the inventory.
pub const PLANE: &str = "process";

/// The state directory, and an instance's folder in it.
pub(super) type Place = (Arc<StateDir>, Arc<InstanceDir>);

/// How long `status` may take to judge whether an instance has become ready.
const JUDGE: Duration = Duration::from_secs(3);

/// Supervises one game that is a process of this host.
#[derive(Debug)]
pub struct ProcessSupervisor {
    pub(super) id: String,
    /// What to launch; `None` for what is no longer in the inventory.
    pub(super) spec: Option<Box<ProcessSpec>>,
    pub(super) ready: Ready,
    pub(super) plan: Plan,
    pub(super) channels: Channels,
    pub(super) healthy: Option<Healthy>,
    pub(super) policy: RestartPolicy,
    pub(super) state_dir: Option<Arc<StateDir>>,
    pub(super) glance: Option<Arc<Glance>>,
    pub(super) changes: Option<Arc<Changes>>,
    pub(super) spawner: Arc<Spawner>,
    /// Whether a game that has lost its shim is taken over by who watches it.
    pub(super) takes_over: bool,
    state: StateCell<InstanceState>,
    pub(super) running_since_boot_ms: Mutex<Option<u64>>,
    pub(super) activity: StateCell<Activity>,
    /// Whether it is being launched by us.
    pub(super) launching: AtomicBool,
}

impl ProcessSupervisor {
    /// The supervisor of an instance of the inventory. `state_dir` is `None`
    /// where there is none, and so nothing was ever started; such a supervisor
    /// can only look. With a `glance` the first thing it says of a living
    /// instance is what was seen then.
    pub fn new(
        instance: &Instance,
        spec: &ProcessSpec,
        state_dir: Option<Arc<StateDir>>,
        glance: Option<Arc<Glance>>,
    ) -> Self {
        let plan = Plan {
            stop: instance.stop.clone(),
            log: spec.log,
            tty: spec.tty,
            main: spec.main.clone(),
        };
        let spec = Some(Box::new(spec.clone()));
        let (ready, policy) = (instance.ready.clone(), instance.restart.clone());
        Self {
            channels: instance.channels.clone(),
            healthy: instance.healthy.clone(),
            ..Self::with(instance.id.clone(), spec, ready, policy, plan, state_dir, glance)
        }
    }

    /// The supervisor of what runs, or ran, but is not in the inventory: it
    /// can be looked at and stopped, by the plan it was started with.
    ///
    /// # Errors
    /// When that plan cannot be read.
    pub fn unlisted(id: &str, state_dir: Arc<StateDir>, glance: Option<Arc<Glance>>) -> Result<Self, Failure> {
        let dir = state_dir
            .instance(id)
            .map_err(|error| Failure::unknown(format!("{id}: {error}")))?;
        let plan = match dir.as_ref().map(plan::read) {
            Some(Ok(Some(plan))) => plan,
            None | Some(Ok(None)) => Plan::default(),
            // As a power cut may leave it.
            Some(Err(ReadError::Damaged(..))) if dir.as_ref().is_some_and(evidence::nothing_of_this_boot) => {
                Plan::default()
            }
            Some(Err(error)) => return Err(Failure::failed(error.to_string())),
        };
        let (ready, policy) = (Ready::default(), RestartPolicy::default());
        Ok(Self::with(
            id.to_owned(),
            None,
            ready,
            policy,
            plan,
            Some(state_dir),
            glance,
        ))
    }

    fn with(
        id: String,
        spec: Option<Box<ProcessSpec>>,
        ready: Ready,
        policy: RestartPolicy,
        plan: Plan,
        state_dir: Option<Arc<StateDir>>,
        glance: Option<Arc<Glance>>,
    ) -> Self {
        Self {
            id,
            spec,
            ready,
            plan,
            channels: Channels::default(),
            healthy: None,
            policy,
            state_dir,
            glance,
            changes: None,
            spawner: Arc::default(),
            takes_over: true,
            state: StateCell::new(InstanceState::Stopped),
            running_since_boot_ms: Mutex::new(None),
            activity: StateCell::default(),
            launching: AtomicBool::new(false),
        }
    }

    /// Has its shims made by this spawner, which others of the same command use.
    #[must_use]
    pub fn spawned_by(mut self, spawner: Arc<Spawner>) -> Self {
        self.spawner = spawner;
        self
    }

    /// Watches its folder by `changes` instead of looking again and again.
    #[must_use]
    pub fn told_by(mut self, changes: Option<Arc<Changes>>) -> Self {
        self.changes = changes;
        self
    }

    /// The same, for somebody who only looks on: a game that has lost its shim
    /// is left as it is.
    #[must_use]
    pub fn only_looking(mut self, only: bool) -> Self {
        self.takes_over = !only;
        self
    }

    /// The state directory and the instance's folder in it.
    pub(super) fn place(&self) -> Result<(Arc<StateDir>, Arc<InstanceDir>), Failure> {
        let state = self
            .state_dir
            .clone()
            .ok_or_else(|| Failure::failed("there is no state directory"))?;
        let dir = state.create_instance(&self.id)?;
        Ok((state, Arc::new(dir)))
    }

    /// The same, where anything was ever started; nothing is made.
    pub(super) fn known_place(&self) -> Result<Option<Place>, Failure> {
        let Some(state) = self.state_dir.clone() else {
            return Ok(None);
        };
        let dir = state
            .instance(&self.id)
            .map_err(|error| Failure::unknown(format!("its folder in {}: {error}", state.path().display())))?;
        Ok(dir.map(|dir| (state, Arc::new(dir))))
    }

    /// What is awaited now.
    pub(super) fn awaits(&self, awaiting: impl Into<String>, limit: Option<Duration>) {
        self.activity.set(Activity::awaiting(awaiting, limit));
    }

    /// Nothing is awaited any more, where that which was begins so.
    pub(super) fn awaits_no_more(&self, start: &str) {
        self.activity.change(|old| {
            let over = old.awaiting.starts_with(start);
            if over {
                *old = Activity::default();
            }
            over
        });
    }

    pub(super) fn publish(&self, state: InstanceState) {
        self.state.set(state);
    }
}

#[async_trait::async_trait]
impl Supervisor for ProcessSupervisor {
    fn instance_id(&self) -> &str {
        &self.id
    }

    fn state(&self) -> InstanceState {
        self.state.get()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.state.follow()
    }

    async fn uptime_seconds(&self) -> u64 {
        let since = *self
            .running_since_boot_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match (self.state(), since) {
            (InstanceState::Running, Some(since)) => clock::boot_ms().saturating_sub(since) / 1000,
            _ => 0,
        }
    }

    fn plane(&self) -> &'static str {
        PLANE
    }

    fn snapshot(&self) -> Option<Observation> {
        let observation = self.see();
        (!self.wants_judging(&observation)).then_some(observation)
    }

    async fn look(&self) -> Observation {
        let mut observation = self.see();
        if self.wants_judging(&observation)
            && let Ok(Some(())) = tokio::time::timeout(JUDGE, self.judge()).await
            && let Ok(evidence) = self.gather()
        {
            observation = derive::observation(&evidence, &self.policy);
        }
        if let Observation::Known(facts) = &observation {
            self.publish(facts.state.clone());
        }
        observation
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        if let Some(changes) = &self.changes {
            return self.watch(&seen, changes.subscribe(&self.id)).await;
        }
        while !seen.is_closed() {
            seen.send_replace(Some(self.look().await));
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn start_with(self: Arc<Self>, options: StartOptions) -> Result<Outcome> {
        let outcome = self.carry_out_start(&options).await;
        self.settle(&outcome);
        Ok(outcome?)
    }

    async fn stop_with(self: Arc<Self>, options: StopOptions) -> Result<Outcome> {
        let outcome = self.carry_out_stop(&options).await;
        self.settle(&outcome);
        Ok(outcome?)
    }

    fn activity(&self) -> Option<watch::Receiver<Activity>> {
        Some(self.activity.follow())
    }

    fn console(&self) -> Option<&dyn ConsoleAccess> {
        Some(self)
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        Some(self)
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        probe::player_query(&self.ready, self.healthy.as_ref())
    }

    fn health(&self) -> Option<&dyn HealthCheck> {
        Some(self)
    }

    fn plan(&self) -> Option<&dyn VerbPlan> {
        Some(self)
    }

    fn survey(&self) -> Option<&dyn Survey> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl Survey for ProcessSupervisor {
    async fn findings(&self) -> Vec<Finding> {
        self.spec.as_deref().map(survey::of_spec).unwrap_or_default()
    }
}

impl ProcessSupervisor {
    /// Publishes how a verb ended.
    fn settle(&self, outcome: &Result<Outcome, Failure>) {
        match outcome {
            Ok(outcome) => self.publish(outcome.state.clone()),
            Err(failure) if failure.kind == FailureKind::Timeout => {}
            Err(_) => {
                if let Ok(evidence) = self.gather()
                    && let Observation::Known(facts) = derive::observation(&evidence, &self.policy)
                {
                    self.publish(facts.state);
                }
            }
        }
        self.awaits("", None);
    }
}
