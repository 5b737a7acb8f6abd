//! One unit, as looks find it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::state::{UnitCircumstances, judge, tells_ready};
use super::{explain, state};
use crate::containers::GroupRecords;
use crate::failure::Failure;
use crate::inventory::{
    Channels, Healthy, Instance, PlayersRule, Probe, Ready, RestartPolicy, RestartWhen, StopAction, StopStep, UnitSpec,
};
use crate::invocation::command;
use crate::probe::{self, PortOwner, ProbeContext, Readiness, UnitPorts};
use crate::store::launch::LogPosition;
use crate::supervisor::{Facts, InstanceState, Observation, StateCell, join_notes};
use crate::sys::clock;
use crate::systemd::{UnitManager, UnitProperties};

/// The time that a look may take to ask the probes of a unit.
const JUDGE: Duration = Duration::from_secs(3);

pub(super) struct ManagedUnit {
    spec: UnitSpec,
    manager: Arc<UnitManager>,
    records: GroupRecords,
    plan: UnitPlan,
    state: StateCell<InstanceState>,
    since: StateCell<Option<SystemTime>>,
    /// The run whose probes have held.
    held: StateCell<u64>,
    /// The units that went down with it, and are to come back with it.
    bound: StateCell<Vec<String>>,
}

/// The plan for a unit: all that the inventory has of it beside its name.
#[derive(Default)]
pub(super) struct UnitPlan {
    pub(super) ready: Ready,
    pub(super) healthy: Option<Healthy>,
    pub(super) players: Option<PlayersRule>,
    pub(super) stop: Vec<StopStep>,
    pub(super) channels: Channels,
    policy: RestartPolicy,
    /// True if the inventory has no probe for it.
    is_ready_by_default: bool,
}

impl UnitPlan {
    /// Returns the plan of a unit that is not in the inventory.
    pub(super) fn unlisted() -> Self {
        Self {
            is_ready_by_default: true,
            ..Self::default()
        }
    }

    /// Returns true if the inventory has no probe for it.
    pub(super) fn is_ready_by_default(&self) -> bool {
        self.is_ready_by_default
    }

    pub(super) fn of(instance: &Instance) -> Self {
        let mut ready = instance.ready.clone();
        let is_possible = |step: &&StopStep| !matches!(step.action, StopAction::Stdin(_) | StopAction::Named(_));
        let is_ready_by_default = ready.probes == Ready::default().probes;
        // A unit has no console log, which only a preset can look into here.
        ready
            .probes
            .retain(|probe| !matches!(probe, Probe::Log(_) | Probe::LogFile(_)));
        Self {
            is_ready_by_default: is_ready_by_default || ready.probes.is_empty(),
            ready,
            healthy: instance.healthy.clone(),
            players: instance.counted_by(),
            // Nor a console.
            stop: instance.stop.iter().filter(is_possible).cloned().collect(),
            channels: instance.channels.clone(),
            policy: instance.restart.clone(),
        }
    }
}

/// The result of a look.
pub(super) struct UnitLook {
    pub(super) unit: UnitProperties,
    pub(super) facts: Facts,
    /// The probes that have not held yet, in words.
    pub(super) awaited: String,
}

impl ManagedUnit {
    pub(super) fn new(spec: UnitSpec, plan: UnitPlan, records: GroupRecords, manager: Arc<UnitManager>) -> Self {
        Self {
            spec,
            manager,
            records,
            plan,
            state: StateCell::new(InstanceState::Stopped),
            since: StateCell::default(),
            held: StateCell::default(),
            bound: StateCell::default(),
        }
    }

    pub(super) fn spec(&self) -> &UnitSpec {
        &self.spec
    }

    pub(super) fn manager(&self) -> &UnitManager {
        &self.manager
    }

    pub(super) fn records(&self) -> &GroupRecords {
        &self.records
    }

    pub(super) fn plan(&self) -> &UnitPlan {
        &self.plan
    }

    /// Keeps the units that went down with it, until it is started again.
    pub(super) fn keep_bound(&self, names: Vec<String>) {
        self.bound.set(names);
    }

    /// Returns those units, once.
    pub(super) fn take_bound(&self) -> Vec<String> {
        let names = self.bound.get();
        self.bound.set(Vec::new());
        names
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
            Ok(look) => look.facts.into(),
            Err(failure) => Observation::Unknown {
                reason: match failure.hint {
                    Some(hint) => format!("{}; {hint}", failure.message),
                    None => failure.message,
                },
            },
        }
    }

    /// Returns the properties of the unit.
    pub(super) async fn properties(&self) -> Result<UnitProperties, Failure> {
        let asked = self.manager.properties(&self.spec.unit).await;
        asked.map_err(|why| explain::unanswered(&self.spec, &why))
    }

    /// Looks at the unit, judges it, and publishes the state.
    pub(super) async fn see(&self) -> Result<UnitLook, Failure> {
        let unit = self.properties().await?;
        // What runs may have lost its file since.
        if !state::is_up(&unit) && unit.load_state.as_deref() == Some("not-found") {
            return Err(explain::not_found(&self.spec, &self.manager).await);
        }
        let intent = self.records.intent()?;
        let start = self.records.last_start()?;
        let wanted = UnitCircumstances {
            intent: intent.map(|intent| (intent.want, intent.at_ms)),
            stop: start.as_ref().and_then(|start| start.stop),
            was_started: start
                .as_ref()
                .is_some_and(|start| start.started_wall_ms > clock::wall_ms().saturating_sub(clock::boot_ms())),
            restarts: start.as_ref().map_or(0, |start| start.restarts),
            success_codes: match self.plan.policy.policy {
                RestartWhen::Always => &[],
                RestartWhen::OnFailure | RestartWhen::Never => &self.plan.policy.success_exit_codes,
            },
        };
        let mut facts = judge(&self.spec, &unit, &wanted).map_err(Failure::unknown)?;
        if facts.state == InstanceState::Running && wanted.is_to_end(state::started_us(&unit)) {
            self.tell_of_stop(&mut facts);
        }
        let mut look = UnitLook {
            unit,
            facts,
            awaited: String::new(),
        };
        self.probe(&mut look).await?;
        self.since.set(look.facts.since);
        self.state.set(look.facts.state.clone());
        Ok(look)
    }

    /// Tells that a stop of a unit that is active has begun: systemd knows nothing of the
    /// steps of a chain.
    fn tell_of_stop(&self, facts: &mut Facts) {
        if self.records.is_at_work() {
            facts.state = InstanceState::Stopping;
            facts.uptime_seconds = 0;
            return;
        }
        let stop = command(format_args!("stop {}", self.records.id()));
        let cut = format!("its stop was cut short; {stop} finishes it");
        facts.note = join_notes([facts.note.take(), Some(cut)]);
    }

    /// Asks the probes of a unit that is active, unless they have held already.
    async fn probe(&self, look: &mut UnitLook) -> Result<(), Failure> {
        let run = state::started_us(&look.unit);
        let is_enough = self.plan.is_ready_by_default && tells_ready(&look.unit);
        if look.facts.state != InstanceState::Running || is_enough || self.held.get() == run {
            return Ok(());
        }
        let mut readiness = Readiness::new(&self.plan.ready, &self.probe_context(&look.unit))?;
        if tokio::time::timeout(JUDGE, readiness.check()).await.unwrap_or(false) {
            self.held.set(run);
            return Ok(());
        }
        look.awaited = format!("ready ({})", readiness.awaits());
        look.facts.state = InstanceState::Starting;
        look.facts.uptime_seconds = 0;
        look.facts.note = Some(format!("systemd calls it active; not yet {}", look.awaited));
        Ok(())
    }

    /// Refuses probes that root is not to run.
    pub(super) fn refuse_probes(&self) -> Result<(), Failure> {
        let path = std::env::var_os("PATH");
        probe::refuse(&self.plan.ready.probes, Path::new("/"), path.as_deref())
    }

    /// Returns the surroundings of the present run for its probes.
    pub(super) fn probe_context(&self, unit: &UnitProperties) -> ProbeContext {
        let start = self.records.last_start().ok().flatten();
        let strangers = start.map(|start| self.records.strangers(&start)).unwrap_or_default();
        let group = unit.control_group.clone().filter(|group| !group.is_empty());
        let active = unit.active_enter_timestamp.unwrap_or(0);
        let active = UNIX_EPOCH + Duration::from_micros(active.min(u64::from(u32::MAX) * 1_000_000));
        let age = active.elapsed().unwrap_or_default();
        let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        ProbeContext {
            owner: group.map(|group| {
                PortOwner::Unit(UnitPorts {
                    group,
                    strangers: strangers.into_iter().collect(),
                })
            }),
            dir: None,
            log_from: LogPosition::default(),
            launched_boot_ms: clock::boot_ms().saturating_sub(age_ms),
            cwd: "/".into(),
            env: std::env::vars_os().collect(),
            file_from: None,
        }
    }
}
