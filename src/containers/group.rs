//! The containers of one instance, as looks find them: what their state means for it,
//! by what is wanted of it and what is on record.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::aggregate::{Aggregate, Circumstances, aggregate};
use super::container::{Container, ContainerStatus};
use super::records::GroupRecords;
use super::runs::RunCount;
use crate::event::Want;
use crate::failure::Failure;
use crate::inventory::{Instance, Probe, Ready, RestartPolicy, RestartWhen};
use crate::invocation::command;
use crate::probe::{self, PortOwner, ProbeContext, Readiness};
use crate::store::intent::Intent;
use crate::store::launch::LogPosition;
use crate::store::stack::{Stack, StackStop};
use crate::supervisor::{InstanceState, StateCell, join_notes};
use crate::sys::clock;

/// The time for which a container must be alive by default: a crash loop is up
/// again and again.
const SETTLES: Duration = Duration::from_secs(1);

/// The time that a look may take to ask the probes of a group.
const JUDGE: Duration = Duration::from_secs(3);

/// The time that a stop may take beyond the grace periods.
const ENDING: Duration = Duration::from_secs(30);

pub struct ContainerGroup {
    ready: Ready,
    policy: RestartPolicy,
    /// True if `run` starts it without being told to.
    autostart: bool,
    /// True once it was seen to run.
    was_up: AtomicBool,
    runs: Mutex<RunCount>,
    records: GroupRecords,
    /// The time for which a container without a health check must be alive until
    /// it counts as up.
    settles: Duration,
    state: StateCell<InstanceState>,
    since: StateCell<Option<SystemTime>>,
    /// The start time of the run whose probes have held.
    held: StateCell<Option<SystemTime>>,
}

/// The facts about a group that its plane knows.
#[derive(Debug, Clone, Copy)]
pub struct GroupPlace<'a> {
    /// The engine's name in messages.
    pub engine: &'static str,
    /// The services that must run; if empty, all of them.
    pub required: &'a [String],
    /// The folder in which commands are run.
    pub folder: &'a Path,
    /// The step in which the engine tells times.
    pub clock_step: Duration,
    /// True if the engine tells which containers are being stopped.
    pub tells_stops: bool,
}

/// The wish for a group, and its time in milliseconds since the epoch.
#[derive(Clone, Copy)]
struct Wish {
    want: Want,
    since_ms: u64,
}

/// The outcome of a look at a group.
pub struct GroupLook {
    pub containers: Vec<Container>,
    pub aggregate: Aggregate,
    stack: Option<Stack>,
}

/// Returns what tells one run of these containers from another: the latest start of
/// one, in nanoseconds of the engine's clock; 0 if none was ever started.
pub fn run_ns(containers: &[Container]) -> u64 {
    let started = containers.iter().filter_map(|one| one.started).max();
    let since = started.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

impl ContainerGroup {
    /// Creates the group of an instance; `usable` tells which probes mean something
    /// for it.
    pub fn new(mut ready: Ready, records: GroupRecords, usable: impl Fn(&Probe) -> bool) -> Self {
        let settles = ready.probes.iter().find_map(|probe| match probe {
            Probe::AliveFor(span) => Some(*span),
            _ => None,
        });
        // `alive_for` is the time in which a container settles.
        let is_asked = |probe: &Probe| !matches!(probe, Probe::AliveFor(_)) && usable(probe);
        ready.probes.retain(is_asked);
        Self {
            ready,
            policy: RestartPolicy::default(),
            autostart: false,
            was_up: AtomicBool::new(false),
            runs: Mutex::default(),
            records,
            settles: settles.unwrap_or(SETTLES),
            state: StateCell::new(InstanceState::Stopped),
            since: StateCell::default(),
            held: StateCell::default(),
        }
    }

    /// Makes it what the inventory has it be.
    #[must_use]
    pub fn kept_as(mut self, instance: &Instance) -> Self {
        self.policy = instance.restart.clone();
        self.autostart = instance.autostart;
        self
    }

    /// Returns the probes that mean something for it, with their limits.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    pub fn records(&self) -> &GroupRecords {
        &self.records
    }

    pub fn state(&self) -> InstanceState {
        self.state.get()
    }

    pub fn follow_state(&self) -> watch::Receiver<InstanceState> {
        self.state.follow()
    }

    pub fn uptime_seconds(&self) -> u64 {
        let up = self.since.get().and_then(|since| since.elapsed().ok());
        match self.state() {
            InstanceState::Running => up.map_or(0, |up| up.as_secs()),
            _ => 0,
        }
    }

    /// Judges the containers that a look has found; no probe is asked yet.
    ///
    /// # Errors
    /// When what is on record cannot be read.
    pub fn judge(&self, containers: Vec<Container>, place: &GroupPlace<'_>) -> Result<GroupLook, Failure> {
        let intent = self.records.intent()?;
        let stack = self.records.last_start()?;
        let around = self.circumstances(&containers, intent, stack.as_ref(), place);
        let mut aggregate = aggregate(&containers, &around);
        aggregate.facts.run = Some(self.count_runs(&containers, stack.as_ref()));
        if aggregate.is_paused && aggregate.facts.state == InstanceState::Running {
            let start = command(format_args!("start {}", self.records.id()));
            let goes_on = Some(format!("{start} lets it go on"));
            aggregate.facts.note = join_notes([aggregate.facts.note.take(), goes_on]);
        }
        if around.is_cut_short && aggregate.facts.state.is_alive() {
            let stop = command(format_args!("stop {}", self.records.id()));
            let cut = Some(format!("its stop was cut short; {stop} finishes it"));
            aggregate.facts.note = join_notes([aggregate.facts.note.take(), cut]);
        }
        Ok(GroupLook {
            containers,
            aggregate,
            stack,
        })
    }

    /// Publishes the state that was found.
    pub fn publish(&self, look: &GroupLook) {
        if look.aggregate.facts.state == InstanceState::Running {
            self.was_up.store(true, Ordering::Relaxed);
        }
        self.since.set(look.aggregate.started);
        self.state.set(look.aggregate.facts.state.clone());
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
        place: &GroupPlace<'a>,
    ) -> Circumstances<'a> {
        let is_of_them = |stop: &StackStop| stop.run_ns == run_ns(containers);
        let stop = stack.and_then(|stack| stack.stop).filter(is_of_them);
        let wish = self.wish(intent, stack, stop);
        let want = wish.map(|wish| wish.want);
        let past = |since_ms: u64| Duration::from_millis(clock::wall_ms().saturating_sub(since_ms));
        let now = SystemTime::now();
        // What was started after the stop has begun is not ended by it.
        let run = run_ns(containers);
        let is_left = |wish: &Wish| {
            let last = stack.and_then(|stack| stack.stop);
            !last.is_some_and(|stop| stop.at_wall_ms >= wish.since_ms && stop.run_ns < run)
        };
        let ends = wish.filter(|wish| wish.want == Want::Stopped && is_left(wish));
        let is_ending = ends.is_some_and(|wish| self.is_ending(containers, past(wish.since_ms), place));
        let is_booting = want != Some(Want::Stopped)
            && stack.is_some_and(|stack| !stack.arrived && past(stack.started_wall_ms) < self.ready.timeout);
        let coming_up = stack.filter(|stack| is_booting && stack.services.is_empty());
        Circumstances {
            engine: place.engine,
            required: place.required,
            known: stack.map(|stack| stack.services.as_slice()).unwrap_or_default(),
            want,
            wanted_since: wish.map(|wish| SystemTime::UNIX_EPOCH + Duration::from_millis(wish.since_ms)),
            is_booting,
            coming_up_after: coming_up.map(|stack| SystemTime::UNIX_EPOCH + Duration::from_nanos(stack.follows_ns)),
            is_hurried: stop.is_some_and(|stop| stop.now),
            is_ending,
            is_cut_short: ends.is_some() && !is_ending,
            restarts: stack.map_or(0, |stack| stack.restarts),
            success_codes: match self.policy.policy {
                RestartWhen::Always => &[],
                RestartWhen::OnFailure | RestartWhen::Never => &self.policy.success_exit_codes,
            },
            young: now.checked_sub(self.settles + place.clock_step).map(|then| then..now),
        }
    }

    /// Returns true if a stop that was asked for so long ago goes on. Where an engine tells
    /// of its stops, that is so while a verb is at work, or the engine itself.
    fn is_ending(&self, containers: &[Container], past: Duration, place: &GroupPlace<'_>) -> bool {
        if place.tells_stops {
            return containers.iter().any(|one| one.status == ContainerStatus::Stopping) || self.records.is_at_work();
        }
        let graces = containers.iter().map(|one| Duration::from_secs(one.grace));
        past < graces.sum::<Duration>() + ENDING
    }

    /// Returns what is wanted of the group; `stop` is the last stop of these containers.
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

    /// Returns true if the probes of a group that is up are still to be asked.
    pub fn awaits_probes(&self, look: &GroupLook) -> bool {
        let Aggregate {
            facts,
            started,
            is_paused,
            ..
        } = &look.aggregate;
        let has_held = started.is_some() && self.held.get() == *started;
        // What is paused answers nobody, and is not to be taken for one that comes up.
        facts.state == InstanceState::Running && !is_paused && !self.ready.probes.is_empty() && !has_held
    }

    /// Asks the probes of a group that is up, unless they have held already.
    ///
    /// # Errors
    /// When a probe cannot be asked at all.
    pub async fn probe(&self, look: &mut GroupLook, place: &GroupPlace<'_>) -> Result<(), Failure> {
        if !self.awaits_probes(look) {
            return Ok(());
        }
        let owner = self.records.ports(&look.containers, look.stack.as_ref());
        let context = probe_context(place.folder, owner.map(PortOwner::Stack));
        let aggregate = &mut look.aggregate;
        let mut readiness = Readiness::new(&self.ready, &context)?;
        if tokio::time::timeout(JUDGE, readiness.check()).await.unwrap_or(false) {
            self.held.set(aggregate.started);
            return Ok(());
        }
        let facts = &mut aggregate.facts;
        facts.state = InstanceState::Starting;
        facts.uptime_seconds = 0;
        let awaited = format!("ready ({})", readiness.awaits());
        facts.note = Some(format!("all services are up; not yet {awaited}"));
        aggregate.awaited.push(awaited);
        Ok(())
    }

    /// Refuses probes that root is not to run.
    ///
    /// # Errors
    /// With the reason.
    pub fn refuse_probes(&self, folder: &Path) -> Result<(), Failure> {
        let path = std::env::var_os("PATH");
        probe::refuse(&self.ready.probes, folder, path.as_deref())
    }
}

fn probe_context(folder: &Path, owner: Option<PortOwner>) -> ProbeContext {
    ProbeContext {
        owner,
        dir: None,
        log_from: LogPosition::default(),
        launched_boot_ms: 0,
        cwd: folder.to_owned(),
        env: std::env::vars_os().collect(),
        file_from: None,
    }
}
