//! One instance, as looks find it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;

use super::controller::{AmpCall, AmpScope};
use super::desk::{AmpDesk, AmpShare};
use super::listing::{AmpSeen, ListedInstance};
use super::phase::AmpPhase;
use super::state::{self, AmpCircumstances, judge};
use super::task;
use crate::containers::GroupRecords;
use crate::failure::Failure;
use crate::inventory::{AmpSpec, Channels, Healthy, Instance, PlayersRule, Probe, Ready};
use crate::probe::{self, ProbeContext, Readiness};
use crate::store::launch::LogPosition;
use crate::supervisor::{Facts, InstanceState, Observation, StateCell, join_notes};
use crate::sys::clock;

/// The time that a look may take to ask the probes.
const JUDGE: Duration = Duration::from_secs(3);

/// The time that a look may take to ask for the task that AMP is at: it is only a note.
const TASK: Duration = Duration::from_secs(2);

/// The interval between two questions for that task.
const TASK_EVERY: Duration = Duration::from_secs(5);

/// The note of what runs as far as `ampinstmgr` knows, and has no probes.
const NOT_TOLD: &str = "its instance of AMP runs; whether the game does, only a `ready` would tell";

pub(super) struct AmpGame {
    spec: AmpSpec,
    desk: Arc<AmpDesk>,
    records: GroupRecords,
    /// The probes that are asked beside AMP; none where the inventory has none.
    ready: Ready,
    healthy: Option<Healthy>,
    players: Option<PlayersRule>,
    /// The channels past AMP.
    channels: Channels,
    /// The time from which on a list is new enough for a look.
    seen_from: Option<Instant>,
    state: StateCell<InstanceState>,
    /// The time of the change to its present state, if that was seen here.
    since: StateCell<Option<SystemTime>>,
    was_seen: StateCell<bool>,
    has_held: StateCell<bool>,
    /// The task that AMP was at when it was last asked, and when that was.
    task: StateCell<Option<(Instant, Option<String>)>>,
}

/// The result of a look.
pub(super) struct AmpLook {
    pub(super) one: ListedInstance,
    pub(super) phase: AmpPhase,
    pub(super) facts: Facts,
    /// The probes that have not held yet, in words.
    pub(super) awaited: String,
}

impl AmpGame {
    pub(super) fn new(spec: AmpSpec, ready: Ready, records: GroupRecords, share: &AmpShare) -> Self {
        let mut asked = ready;
        // AMP reads the output, and knows how long it has been up.
        asked
            .probes
            .retain(|probe| !matches!(probe, Probe::Log(_) | Probe::LogFile(_) | Probe::AliveFor(_)));
        Self {
            desk: share.desk(&spec.access),
            spec,
            records,
            ready: asked,
            healthy: None,
            players: None,
            channels: Channels::default(),
            seen_from: share.seen_from(),
            state: StateCell::new(InstanceState::Stopped),
            since: StateCell::default(),
            was_seen: StateCell::default(),
            has_held: StateCell::default(),
            task: StateCell::default(),
        }
    }

    /// Makes it what the inventory has it be.
    #[must_use]
    pub(super) fn kept_as(mut self, instance: &Instance) -> Self {
        self.healthy = instance.healthy.clone();
        self.players = instance.counted_by();
        self.channels = instance.channels.clone();
        self
    }

    pub(super) fn spec(&self) -> &AmpSpec {
        &self.spec
    }

    pub(super) fn desk(&self) -> &AmpDesk {
        &self.desk
    }

    pub(super) fn records(&self) -> &GroupRecords {
        &self.records
    }

    pub(super) fn ready(&self) -> &Ready {
        &self.ready
    }

    pub(super) fn healthy(&self) -> Option<&Healthy> {
        self.healthy.as_ref()
    }

    /// Returns the way to count its players past AMP.
    pub(super) fn players_rule(&self) -> Option<&PlayersRule> {
        self.players.as_ref()
    }

    pub(super) fn channels(&self) -> &Channels {
        &self.channels
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

    /// Returns the time from which on a list is new enough, where one serves all looks.
    pub(super) fn seen_from(&self) -> Option<Instant> {
        self.seen_from
    }

    pub(super) async fn look(&self) -> Observation {
        let not_before = self.seen_from.unwrap_or_else(Instant::now);
        let (_, seen) = self.desk.listing(not_before).await;
        self.observe(seen).await
    }

    /// Judges a list, and publishes the state.
    pub(super) async fn observe(&self, seen: AmpSeen) -> Observation {
        match self.judge(seen).await {
            Ok(look) => look.facts.into(),
            Err(failure) => Observation::Unknown {
                reason: failure.in_one(),
            },
        }
    }

    /// Looks anew, judges, and publishes the state.
    pub(super) async fn see(&self) -> Result<AmpLook, Failure> {
        let (_, seen) = self.desk.listing(Instant::now()).await;
        self.judge(seen).await
    }

    async fn judge(&self, seen: AmpSeen) -> Result<AmpLook, Failure> {
        let listing = seen?;
        let one = listing.find(&self.spec.instance).map_err(Failure::unknown)?.clone();
        let (_, phase) = state::phase(&one).map_err(Failure::unknown)?;
        let facts = judge(&one, self.circumstances()?).map_err(Failure::unknown)?;
        let mut look = AmpLook {
            one,
            phase,
            facts,
            awaited: String::new(),
        };
        self.probe(&mut look).await?;
        let is_open = !look.one.tells_game && self.ready.probes.is_empty();
        if is_open && look.facts.state == InstanceState::Running {
            look.facts.note = Some(NOT_TOLD.to_owned());
        }
        if phase == AmpPhase::Busy
            && let Some(task) = self.task(&look.one).await
        {
            look.facts.note = join_notes([look.facts.note.take(), Some(task)]);
        }
        self.publish(&mut look.facts);
        Ok(look)
    }

    fn circumstances(&self) -> Result<AmpCircumstances, Failure> {
        let intent = self.records.intent()?;
        let start = self.records.last_start()?;
        let booted = clock::wall_ms().saturating_sub(clock::boot_ms());
        let started = start.as_ref().map_or(0, |start| start.started_wall_ms);
        Ok(AmpCircumstances {
            want: intent.map(|intent| intent.want),
            was_started: start.as_ref().is_some_and(|start| start.arrived) && started > booted,
            was_stopped: start
                .as_ref()
                .and_then(|start| start.stop)
                .is_some_and(|stop| stop.at_wall_ms >= started),
            restarts: start.map_or(0, |start| start.restarts),
        })
    }

    fn publish(&self, facts: &mut Facts) {
        let is_change = self.state.get() != facts.state;
        if self.was_seen.get() && is_change {
            self.since.set(Some(SystemTime::now()));
        }
        self.was_seen.set(true);
        facts.since = self.since.get();
        self.state.set(facts.state.clone());
        facts.uptime_seconds = self.uptime_seconds();
    }

    /// Returns the task that AMP is at, if it tells one in time.
    async fn task(&self, one: &ListedInstance) -> Option<String> {
        if let Some((asked, task)) = self.task.get()
            && asked.elapsed() < TASK_EVERY
        {
            return task;
        }
        let call = AmpCall {
            scope: AmpScope::Instance(one.id.clone()),
            method: "Core/GetTasks",
            args: json!({}),
            limit: TASK,
        };
        let answer = self.desk.controller().ok()?.ask(&call).await;
        let task = answer.ok().and_then(|body| task::main_task(&body));
        self.task.set(Some((Instant::now(), task.clone())));
        task
    }

    /// Asks the probes of what AMP calls ready, unless they have held already.
    async fn probe(&self, look: &mut AmpLook) -> Result<(), Failure> {
        if look.facts.state != InstanceState::Running {
            self.has_held.set(false);
            return Ok(());
        }
        if self.ready.probes.is_empty() || self.has_held.get() {
            return Ok(());
        }
        let mut readiness = Readiness::new(&self.ready, &self.probe_context())?;
        if tokio::time::timeout(JUDGE, readiness.check()).await.unwrap_or(false) {
            self.has_held.set(true);
            return Ok(());
        }
        look.awaited = format!("ready ({})", readiness.awaits());
        look.facts.state = InstanceState::Starting;
        let so_far = match look.one.tells_game {
            true => "AMP calls it ready",
            false => "its instance of AMP runs",
        };
        look.facts.note = Some(format!("{so_far}; not yet {}", look.awaited));
        Ok(())
    }

    /// Returns the surroundings of the game for its probes. It may be on another host, so
    /// whose ports these are cannot be told.
    pub(super) fn probe_context(&self) -> ProbeContext {
        let start = self.records.last_start().ok().flatten();
        let started = start.map_or(0, |start| start.started_wall_ms);
        let age = clock::wall_ms().saturating_sub(started);
        ProbeContext {
            owner: None,
            dir: None,
            log_from: LogPosition::default(),
            launched_boot_ms: clock::boot_ms().saturating_sub(age),
            cwd: "/".into(),
            env: std::env::vars_os().collect(),
            file_from: None,
        }
    }

    /// Refuses probes that root is not to run.
    pub(super) fn refuse_probes(&self) -> Result<(), Failure> {
        let path = std::env::var_os("PATH");
        probe::refuse(&self.ready.probes, Path::new("/"), path.as_deref())
    }
}
