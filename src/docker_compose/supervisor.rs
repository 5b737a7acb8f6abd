//! The supervisor of one stack.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use tokio::sync::watch;

use super::PLANE;
use super::labels::COMPOSE;
use super::{origin, output, survey};
use crate::containers::{
    Aggregate, Circumstances, Container, DOCKER, Engine, EngineEvents, EngineSnapshots, aggregate,
};
use crate::event::Want;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::{ComposeSpec, Healthy, Instance, Probe, Ready};
use crate::probe::{self, ProbeContext, Readiness};
use crate::store::intent::{self, Intent};
use crate::store::launch::LogPosition;
use crate::store::origin::Origin;
use crate::store::stack::{self, Stack};
use crate::store::{InstanceDir, StateDir};
use crate::supervisor::{
    Activity, ConsoleOutput, InstanceState, Observation, Outcome, OutputFrom, OutputSource, PlayerQuery, StartOptions,
    StateCell, StopOptions, Supervisor, Survey, VerbPlan,
};
use crate::sys::clock;

/// The time for which a container must be alive by default: a crash loop is up
/// again and again.
const SETTLES: Duration = Duration::from_secs(1);

/// The time that a look may take to ask the probes of a stack.
const JUDGE: Duration = Duration::from_secs(3);

/// The time that a stop may take beyond the grace periods.
const ENDING: Duration = Duration::from_secs(30);

/// Supervises one docker-compose project.
pub struct DockerComposeSupervisor {
    pub(super) id: String,
    pub(super) spec: ComposeSpec,
    pub(super) engine: Engine,
    pub(super) ready: Ready,
    healthy: Option<Healthy>,
    pub(super) place: Option<Arc<StateDir>>,
    /// One look at all stacks, if it serves them all.
    snapshots: Option<Arc<EngineSnapshots>>,
    events: Option<Arc<EngineEvents>>,
    /// The time for which a container without a health check must be alive until
    /// it counts as up.
    settles: Duration,
    state: StateCell<InstanceState>,
    activity: StateCell<Activity>,
    /// The start time of the run whose probes have held.
    held: Mutex<Option<SystemTime>>,
    since: Mutex<Option<SystemTime>>,
}

pub(super) struct StackLook {
    pub(super) containers: Vec<Container>,
    pub(super) aggregate: Aggregate,
}

impl DockerComposeSupervisor {
    pub fn new(
        instance: &Instance,
        spec: &ComposeSpec,
        place: Option<Arc<StateDir>>,
        snapshots: Option<Arc<EngineSnapshots>>,
    ) -> Self {
        let (ready, healthy) = (instance.ready.clone(), instance.healthy.clone());
        Self::with(instance.id.clone(), spec.clone(), ready, healthy, place, snapshots)
    }

    /// Returns the supervisor of a stack that is not in the inventory, by the
    /// record of its last start; `None` if that does not name the project.
    pub fn recorded(
        id: &str,
        origin: &Origin,
        place: Option<Arc<StateDir>>,
        snapshots: Option<Arc<EngineSnapshots>>,
    ) -> Option<Self> {
        let spec = origin::to_spec(origin)?;
        Some(Self::with(
            id.to_owned(),
            spec,
            Ready::default(),
            None,
            place,
            snapshots,
        ))
    }

    fn with(
        id: String,
        spec: ComposeSpec,
        mut ready: Ready,
        healthy: Option<Healthy>,
        place: Option<Arc<StateDir>>,
        snapshots: Option<Arc<EngineSnapshots>>,
    ) -> Self {
        let settles = ready.probes.iter().find_map(|probe| match probe {
            Probe::AliveFor(span) => Some(*span),
            _ => None,
        });
        // The health checks of the services say more than `alive_for`, and a
        // stack has no console.
        let means_something = |probe: &Probe| !matches!(probe, Probe::AliveFor(_) | Probe::Log(_));
        ready.probes.retain(means_something);
        Self {
            id,
            engine: Engine::new(&DOCKER, &COMPOSE, spec.context.clone()),
            spec,
            ready,
            healthy,
            place,
            snapshots,
            events: None,
            settles: settles.unwrap_or(SETTLES),
            state: StateCell::new(InstanceState::Stopped),
            activity: StateCell::default(),
            held: Mutex::default(),
            since: Mutex::default(),
        }
    }

    /// Makes it follow the events of its engine, so that a watch need not look
    /// again and again.
    #[must_use]
    pub fn following(mut self, events: Option<Arc<EngineEvents>>) -> Self {
        self.events = events;
        self
    }

    /// Looks at the containers, and judges them.
    ///
    /// # Errors
    /// When the containers could not be found out.
    pub(super) async fn see(&self) -> Result<StackLook, Failure> {
        let containers = match &self.snapshots {
            Some(snapshots) => snapshots.of_group(&self.engine, &self.spec.project).await?,
            None => self.engine.of_group(&self.spec.project).await?,
        };
        let intent = self.intent()?;
        let dir = self.dir()?;
        let stack = match &dir {
            Some(dir) => stack::read(dir).map_err(|error| Failure::unknown(error.to_string()))?,
            None => None,
        };
        let aggregate = aggregate(&containers, &self.circumstances(&containers, intent, stack.as_ref()));
        let mut look = StackLook { containers, aggregate };
        self.probe(&mut look).await?;
        let state = look.aggregate.facts.state.clone();
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = look.aggregate.started;
        self.publish(state);
        Ok(look)
    }

    fn circumstances<'a>(
        &'a self,
        containers: &[Container],
        intent: Option<Intent>,
        stack: Option<&'a Stack>,
    ) -> Circumstances<'a> {
        let want = intent.map(|intent| intent.want);
        let past = |since_ms: u64| Duration::from_millis(clock::wall_ms().saturating_sub(since_ms));
        let grace = containers
            .iter()
            .map(|one| Duration::from_secs(one.grace))
            .sum::<Duration>();
        let now = SystemTime::now();
        let ends = intent.filter(|intent| intent.want == Want::Stopped);
        Circumstances {
            engine: self.engine.kind().program,
            required: &self.spec.services,
            known: stack.map(|stack| stack.services.as_slice()).unwrap_or_default(),
            want,
            wanted_since: intent.map(|intent| SystemTime::UNIX_EPOCH + Duration::from_millis(intent.at_ms)),
            is_booting: want != Some(Want::Stopped)
                && stack.is_some_and(|stack| !stack.arrived && past(stack.started_wall_ms) < self.ready.timeout),
            is_ending: ends.is_some_and(|intent| past(intent.at_ms) < grace + ENDING),
            restarts: stack.map_or(0, |stack| stack.restarts),
            young: now.checked_sub(self.settles).map(|then| then..now),
        }
    }

    /// Asks the probes of a stack that is up, unless they have held already.
    async fn probe(&self, look: &mut StackLook) -> Result<(), Failure> {
        let facts = &mut look.aggregate.facts;
        if facts.state != InstanceState::Running || self.ready.probes.is_empty() {
            return Ok(());
        }
        let held = |this: &Self| *this.held.lock().unwrap_or_else(PoisonError::into_inner);
        if look.aggregate.started.is_some() && held(self) == look.aggregate.started {
            return Ok(());
        }
        let mut readiness = Readiness::new(&self.ready, &self.probe_context())?;
        if tokio::time::timeout(JUDGE, readiness.check()).await.unwrap_or(false) {
            *self.held.lock().unwrap_or_else(PoisonError::into_inner) = look.aggregate.started;
            return Ok(());
        }
        facts.state = InstanceState::Starting;
        facts.uptime_seconds = 0;
        let awaited = format!("ready ({})", readiness.awaits());
        facts.note = Some(format!("all services are up; not yet {awaited}"));
        look.aggregate.awaited.push(awaited);
        Ok(())
    }

    fn probe_context(&self) -> ProbeContext {
        let folder = self.spec.files.first().and_then(|file| file.parent());
        ProbeContext {
            dir: None,
            log_from: LogPosition::default(),
            launched_boot_ms: 0,
            cwd: folder.map_or_else(|| PathBuf::from("/"), PathBuf::from),
            env: std::env::vars_os().collect(),
        }
    }

    /// Returns its folder in the state directory, if it was ever started.
    pub(super) fn dir(&self) -> Result<Option<InstanceDir>, Failure> {
        let Some(place) = &self.place else { return Ok(None) };
        place
            .instance(&self.id)
            .map_err(|error| Failure::unknown(format!("its records cannot be read: {error}")))
    }

    pub(super) fn intent(&self) -> Result<Option<Intent>, Failure> {
        let Some(place) = &self.place else { return Ok(None) };
        intent::peek(place, &self.id).map_err(|error| Failure::unknown(error.to_string()))
    }

    pub(super) fn awaits(&self, awaiting: impl Into<String>, limit: Option<Duration>) {
        self.activity.set(Activity::awaiting(awaiting, limit));
    }

    fn publish(&self, state: InstanceState) {
        self.state.set(state);
    }
}

#[async_trait::async_trait]
impl Supervisor for DockerComposeSupervisor {
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
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let up = since.and_then(|since| since.elapsed().ok());
        match self.state() {
            InstanceState::Running => up.map_or(0, |up| up.as_secs()),
            _ => 0,
        }
    }

    fn plane(&self) -> &'static str {
        PLANE
    }

    async fn look(&self) -> Observation {
        match self.see().await {
            Ok(look) => look.aggregate.facts.into(),
            Err(failure) => Observation::Unknown {
                reason: failure.message,
            },
        }
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        self.watch(self.events.as_deref(), &seen).await;
    }

    async fn start_with(self: Arc<Self>, options: StartOptions) -> Result<Outcome> {
        let outcome = self.carry_out_start(&options).await;
        self.awaits("", None);
        Ok(outcome?)
    }

    async fn stop_with(self: Arc<Self>, _options: StopOptions) -> Result<Outcome> {
        let outcome = self.carry_out_stop().await;
        self.awaits("", None);
        Ok(outcome?)
    }

    fn activity(&self) -> Option<watch::Receiver<Activity>> {
        Some(self.activity.follow())
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        probe::player_query(&self.ready, self.healthy.as_ref())
    }

    fn plan(&self) -> Option<&dyn VerbPlan> {
        Some(self)
    }

    fn survey(&self) -> Option<&dyn Survey> {
        Some(self)
    }

    fn output(&self) -> Option<&dyn OutputSource> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl Survey for DockerComposeSupervisor {
    async fn findings(&self) -> Vec<Finding> {
        survey::of_spec(&self.spec, &self.engine).await
    }
}

#[async_trait::async_trait]
impl OutputSource for DockerComposeSupervisor {
    async fn open(&self, from: OutputFrom, follow: bool) -> Result<ConsoleOutput> {
        Ok(output::open(&self.engine, &self.spec, from, follow).await?)
    }
}
