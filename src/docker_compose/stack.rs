//! One project on its engine, as looks find it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::labels::COMPOSE;
use super::records::StackRecords;
use super::runs::RunCount;
use crate::containers::{Aggregate, Circumstances, Container, DOCKER, Engine, EngineSnapshots, aggregate};
use crate::event::Want;
use crate::failure::Failure;
use crate::inventory::{ComposeSpec, Instance, Probe, Ready, RestartPolicy, RestartWhen};
use crate::probe::{self, PortOwner, ProbeContext, Readiness};
use crate::store::intent::Intent;
use crate::store::launch::LogPosition;
use crate::store::stack::{Stack, StackStop};
use crate::supervisor::{InstanceState, Observation, StateCell};
use crate::sys::clock;

/// The time for which a container must be alive by default: a crash loop is up
/// again and again.
const SETTLES: Duration = Duration::from_secs(1);

/// The time that a look may take to ask the probes of a stack.
const JUDGE: Duration = Duration::from_secs(3);

/// The time that a stop may take beyond the grace periods.
const ENDING: Duration = Duration::from_secs(30);

pub(super) struct ComposeStack {
    spec: ComposeSpec,
    engine: Engine,
    ready: Ready,
    policy: RestartPolicy,
    /// True if `run` starts it without being told to.
    autostart: bool,
    /// True once it was seen to run.
    was_up: AtomicBool,
    runs: Mutex<RunCount>,
    records: StackRecords,
    /// One look at all stacks, if it serves them all.
    snapshots: Option<Arc<EngineSnapshots>>,
    /// The time for which a container without a health check must be alive until
    /// it counts as up.
    settles: Duration,
    state: StateCell<InstanceState>,
    since: StateCell<Option<SystemTime>>,
    /// The start time of the run whose probes have held.
    held: StateCell<Option<SystemTime>>,
}

/// The wish for a stack, and its time in milliseconds since the epoch.
#[derive(Clone, Copy)]
struct Wish {
    want: Want,
    since_ms: u64,
}

/// Returns what tells one run of these containers from another: the latest start of
/// one, in nanoseconds of the engine's clock; 0 if none was ever started.
pub(super) fn run_ns(containers: &[Container]) -> u64 {
    let started = containers.iter().filter_map(|one| one.started).max();
    let since = started.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

pub(super) struct StackLook {
    pub(super) containers: Vec<Container>,
    pub(super) aggregate: Aggregate,
}

impl ComposeStack {
    pub(super) fn new(
        spec: ComposeSpec,
        mut ready: Ready,
        records: StackRecords,
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
            engine: Engine::new(&DOCKER, &COMPOSE, spec.context.clone()),
            spec,
            ready,
            policy: RestartPolicy::default(),
            autostart: false,
            was_up: AtomicBool::new(false),
            runs: Mutex::default(),
            records,
            snapshots,
            settles: settles.unwrap_or(SETTLES),
            state: StateCell::new(InstanceState::Stopped),
            since: StateCell::default(),
            held: StateCell::default(),
        }
    }

    /// Makes it what the inventory has it be.
    #[must_use]
    pub(super) fn kept_as(mut self, instance: &Instance) -> Self {
        self.policy = instance.restart.clone();
        self.autostart = instance.autostart;
        self
    }

    pub(super) fn spec(&self) -> &ComposeSpec {
        &self.spec
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns the probes that mean something for a stack, with their limits.
    pub(super) fn ready(&self) -> &Ready {
        &self.ready
    }

    pub(super) fn records(&self) -> &StackRecords {
        &self.records
    }

    pub(super) fn state(&self) -> InstanceState {
        self.state.get()
    }

    pub(super) fn follow_state(&self) -> watch::Receiver<InstanceState> {
        self.state.follow()
    }

    pub(super) fn uptime_seconds(&self) -> u64 {
        let up = self.since.get().and_then(|since| since.elapsed().ok());
        match self.state() {
            InstanceState::Running => up.map_or(0, |up| up.as_secs()),
            _ => 0,
        }
    }

    pub(super) async fn look(&self) -> Observation {
        match self.see().await {
            Ok(look) => look.aggregate.facts.into(),
            Err(failure) => Observation::Unknown {
                reason: failure.message,
            },
        }
    }

    /// Looks at the containers, judges them, and publishes the state.
    pub(super) async fn see(&self) -> Result<StackLook, Failure> {
        let containers = match &self.snapshots {
            Some(snapshots) => snapshots.of_group(&self.engine, &self.spec.project).await?,
            None => self.engine.of_group(&self.spec.project).await?,
        };
        let intent = self.records.intent()?;
        let stack = self.records.last_start()?;
        let aggregate = aggregate(&containers, &self.circumstances(&containers, intent, stack.as_ref()));
        let mut look = StackLook { containers, aggregate };
        look.aggregate.facts.run = Some(self.count_runs(&look.containers, stack.as_ref()));
        self.probe(&mut look, stack.as_ref()).await?;
        if look.aggregate.facts.state == InstanceState::Running {
            self.was_up.store(true, Ordering::Relaxed);
        }
        self.since.set(look.aggregate.started);
        self.state.set(look.aggregate.facts.state.clone());
        Ok(look)
    }

    fn count_runs(&self, containers: &[Container], stack: Option<&Stack>) -> u64 {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.look(containers, stack)
    }

    fn circumstances<'a>(
        &'a self,
        containers: &[Container],
        intent: Option<Intent>,
        stack: Option<&'a Stack>,
    ) -> Circumstances<'a> {
        let is_of_them = |stop: &StackStop| stop.run_ns == run_ns(containers);
        let stop = stack.and_then(|stack| stack.stop).filter(is_of_them);
        let wish = self.wish(intent, stack, stop);
        let want = wish.map(|wish| wish.want);
        let past = |since_ms: u64| Duration::from_millis(clock::wall_ms().saturating_sub(since_ms));
        let grace = containers
            .iter()
            .map(|one| Duration::from_secs(one.grace))
            .sum::<Duration>();
        let now = SystemTime::now();
        let ends = wish.filter(|wish| wish.want == Want::Stopped);
        let is_booting = want != Some(Want::Stopped)
            && stack.is_some_and(|stack| !stack.arrived && past(stack.started_wall_ms) < self.ready.timeout);
        let coming_up = stack.filter(|stack| is_booting && stack.services.is_empty());
        Circumstances {
            engine: self.engine.kind().program,
            required: &self.spec.services,
            known: stack.map(|stack| stack.services.as_slice()).unwrap_or_default(),
            want,
            wanted_since: wish.map(|wish| SystemTime::UNIX_EPOCH + Duration::from_millis(wish.since_ms)),
            is_booting,
            coming_up_after: coming_up.map(|stack| SystemTime::UNIX_EPOCH + Duration::from_nanos(stack.follows_ns)),
            is_hurried: stop.is_some_and(|stop| stop.now),
            is_ending: ends.is_some_and(|wish| past(wish.since_ms) < grace + ENDING),
            restarts: stack.map_or(0, |stack| stack.restarts),
            success_codes: match self.policy.policy {
                RestartWhen::Always => &[],
                RestartWhen::OnFailure | RestartWhen::Never => &self.policy.success_exit_codes,
            },
            young: now.checked_sub(self.settles).map(|then| then..now),
        }
    }

    /// Returns what is wanted of the stack; `stop` is the last stop of these containers.
    /// Where no verb was ever typed, it is to run once it was started here, or `run`
    /// keeps it and has seen it run.
    fn wish(&self, intent: Option<Intent>, stack: Option<&Stack>, stop: Option<StackStop>) -> Option<Wish> {
        let (want, since_ms) = match (intent, stop) {
            // Between the halves of a restart, and before the next start.
            (
                Some(Intent {
                    want: Want::Running, ..
                })
                | None,
                Some(stop),
            ) => (Want::Stopped, stop.at_wall_ms),
            (Some(intent), _) => (intent.want, intent.at_ms),
            (None, None) => {
                let was_up = self.autostart && self.was_up.load(Ordering::Relaxed);
                let since_ms = stack.map(|stack| stack.started_wall_ms);
                (Want::Running, since_ms.or(was_up.then_some(0))?)
            }
        };
        Some(Wish { want, since_ms })
    }

    /// Asks the probes of a stack that is up, unless they have held already.
    async fn probe(&self, look: &mut StackLook, stack: Option<&Stack>) -> Result<(), Failure> {
        let StackLook { containers, aggregate } = look;
        let facts = &mut aggregate.facts;
        let has_held = aggregate.started.is_some() && self.held.get() == aggregate.started;
        if facts.state != InstanceState::Running || self.ready.probes.is_empty() || has_held {
            return Ok(());
        }
        let owner = self.records.ports(containers, stack).map(PortOwner::Stack);
        let mut readiness = Readiness::new(&self.ready, &self.probe_context(owner))?;
        if tokio::time::timeout(JUDGE, readiness.check()).await.unwrap_or(false) {
            self.held.set(aggregate.started);
            return Ok(());
        }
        facts.state = InstanceState::Starting;
        facts.uptime_seconds = 0;
        let awaited = format!("ready ({})", readiness.awaits());
        facts.note = Some(format!("all services are up; not yet {awaited}"));
        aggregate.awaited.push(awaited);
        Ok(())
    }

    /// Refuses probes that root is not to run.
    pub(super) fn refuse_probes(&self) -> Result<(), Failure> {
        let path = std::env::var_os("PATH");
        probe::refuse(&self.ready.probes, &self.folder(), path.as_deref())
    }

    fn folder(&self) -> PathBuf {
        let folder = self.spec.files.first().and_then(|file| file.parent());
        folder.map_or_else(|| PathBuf::from("/"), PathBuf::from)
    }

    fn probe_context(&self, owner: Option<PortOwner>) -> ProbeContext {
        ProbeContext {
            owner,
            dir: None,
            log_from: LogPosition::default(),
            launched_boot_ms: 0,
            cwd: self.folder(),
            env: std::env::vars_os().collect(),
        }
    }
}
