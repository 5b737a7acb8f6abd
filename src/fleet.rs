//! Makes the supervisor of each instance, from the inventory or from the record
//! of its last start: the one place that names every plane.

mod plane_change;

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::amp::{self, AmpShare, AmpSupervisor};
use crate::before_start::{PreparationSlots, PreparedSupervisor};
use crate::containers::{EngineEvents, EngineSnapshots};
use crate::docker_compose::{self, DockerComposeSupervisor};
use crate::failure::Failure;
use crate::inventory::{Instance, Inventory, Plane, is_valid_id};
use crate::kubectl::{self, KubectlShare, KubectlSupervisor};
use crate::podman::{self, PodmanShare, PodmanSupervisor};
use crate::process::shim::lending::Lender;
use crate::process::shim::spawner::Spawner;
use crate::process::{self, ProcessSupervisor, Snapshot};
use crate::ssh::{self, Keeping, RemoteHost, RemoteHosts, SshSupervisor};
use crate::store::changes::Changes;
use crate::store::origin::{self, Origin};
use crate::store::{InstanceDir, ReadError, StateDir};
use crate::supervisor::{InstanceState, Observation, Supervisor};
use crate::systemd::UnitManagers;
use crate::systemd_unit::{self, SystemdUnitSupervisor};
use crate::unmanaged::Unmanaged;
use plane_change::PlaneChange;

/// One instance with its supervisor.
#[derive(Clone)]
pub struct Member {
    pub supervisor: Arc<dyn Supervisor>,
    pub tags: Vec<String>,
    /// True if it is in the inventory.
    pub listed: bool,
}

impl Member {
    pub fn id(&self) -> &str {
        self.supervisor.instance_id()
    }

    pub fn is_unmanaged(&self) -> bool {
        self.supervisor.state() == InstanceState::Unmanaged
    }
}

/// Makes supervisors that work in the same way, and share what serves many of
/// them at once. Without a state directory nothing was ever started.
#[derive(Clone, Default)]
pub struct Fleet {
    state: Option<Arc<StateDir>>,
    snapshot: Option<Arc<Snapshot>>,
    changes: Option<Arc<Changes>>,
    engine_snapshots: Option<Arc<EngineSnapshots>>,
    engine_events: Option<Arc<EngineEvents>>,
    podman: PodmanShare,
    kubectl: KubectlShare,
    amp: AmpShare,
    unit_managers: Arc<UnitManagers>,
    spawner: Arc<Spawner>,
    remotes: Arc<RemoteHosts>,
    preparations: PreparationSlots,
    only_looks: bool,
}

impl Fleet {
    /// Makes supervisors that carry verbs out: every look is a fresh one.
    pub fn for_verbs(state: Option<Arc<StateDir>>) -> Self {
        Self {
            state,
            spawner: Arc::new(Spawner::borrowing()),
            ..Self::default()
        }
    }

    /// Makes supervisors that look once, at a snapshot of all.
    pub fn for_a_look(state: Option<Arc<StateDir>>) -> Self {
        Self {
            snapshot: state.as_deref().map(Snapshot::take).map(Arc::new),
            state,
            engine_snapshots: Some(Arc::default()),
            podman: PodmanShare::for_a_look(),
            kubectl: KubectlShare::for_a_look(),
            amp: AmpShare::for_a_look(),
            only_looks: true,
            ..Self::default()
        }
    }

    /// Makes supervisors that carry verbs out and keep watching: planes that can
    /// report changes do.
    pub fn for_supervising(state: Arc<StateDir>, changes: Arc<Changes>) -> Self {
        Self {
            podman: PodmanShare::for_supervising(),
            kubectl: KubectlShare::for_supervising(),
            spawner: Arc::default(),
            ..Self::for_verbs(Some(state)).told_by(changes)
        }
    }

    /// Has what it makes follow these changes while it is watched.
    #[must_use]
    pub fn told_by(self, changes: Arc<Changes>) -> Self {
        Self {
            changes: Some(changes),
            engine_events: Some(Arc::default()),
            ..self
        }
    }

    /// Launches what verbs of others launch in a state directory, for as long as the
    /// future is polled, so that it gets what this process has.
    ///
    /// # Errors
    /// When the place where they ask for that cannot be made.
    pub fn launch_for_verbs(&self, state: &StateDir) -> io::Result<impl Future<Output = ()> + use<>> {
        let lender = Lender::open(state, Arc::clone(&self.spawner))?;
        Ok(lender.serve())
    }

    /// Has what is followed on other hosts kept there.
    #[must_use]
    pub fn keeping_on_hosts(self, keeping: Keeping) -> Self {
        Self {
            remotes: Arc::new(RemoteHosts::of_run(keeping)),
            ..self
        }
    }

    /// Ends the keeping on other hosts. Returns what has to be said of it.
    pub async fn release_hosts(&self) -> Vec<String> {
        self.remotes.release().await
    }

    /// Returns who else keeps the instances of a host.
    pub fn other_keeper(&self, host: &str) -> Option<String> {
        self.remotes.other_keeper(host)
    }

    /// Makes supervisors that keep watching, and carry nothing out.
    pub fn for_watching(state: Arc<StateDir>, changes: Arc<Changes>) -> Self {
        Self {
            only_looks: true,
            ..Self::for_supervising(state, changes)
        }
    }

    /// Makes supervisors that keep watching where there is no state directory: nothing was
    /// ever started here, and containers may run all the same.
    pub fn for_watching_others() -> Self {
        Self {
            engine_events: Some(Arc::default()),
            podman: PodmanShare::for_supervising(),
            kubectl: KubectlShare::for_supervising(),
            only_looks: true,
            ..Self::default()
        }
    }

    /// Returns the other hosts of an inventory, by their names.
    pub fn hosts(&self, inventory: &Inventory) -> Vec<Arc<RemoteHost>> {
        self.remotes.meet(inventory);
        self.remotes.all()
    }

    /// Returns the instances of an inventory, in its order.
    pub fn members(&self, inventory: &Inventory) -> Vec<Member> {
        self.remotes.meet(inventory);
        let instances = inventory.instances.iter();
        instances.map(|instance| self.member(instance)).collect()
    }

    fn member(&self, instance: &Instance) -> Member {
        let remote = instance.host().and_then(|host| self.remotes.get(host));
        let present: Arc<dyn Supervisor> = match (&instance.plane, remote) {
            (Plane::Unmanaged { plane, reason }, _) => {
                Arc::new(Unmanaged::new(&instance.id, plane, reason).on_host(instance.host()))
            }
            (_, Some(remote)) => Arc::new(SshSupervisor::new(instance, remote, self.records())),
            (Plane::Process(spec), None) => {
                let (state, snapshot) = (self.state.clone(), self.snapshot.clone());
                Arc::new(self.equipped(ProcessSupervisor::new(instance, spec, state, snapshot)))
            }
            (Plane::DockerCompose(spec), None) => {
                let (state, engine_snapshots) = (self.state.clone(), self.engine_snapshots.clone());
                let supervisor = DockerComposeSupervisor::new(instance, spec, state, engine_snapshots);
                Arc::new(supervisor.following(self.engine_events.clone()))
            }
            (Plane::Podman(spec), None) => {
                Arc::new(PodmanSupervisor::new(instance, spec, self.state.clone(), &self.podman))
            }
            (Plane::Systemd(spec), None) => {
                let (state, managers) = (self.state.clone(), &self.unit_managers);
                Arc::new(SystemdUnitSupervisor::new(instance, spec, state, managers))
            }
            (Plane::Kubectl(spec), None) => {
                let (state, share) = (self.state.clone(), self.kubectl.clone());
                Arc::new(KubectlSupervisor::new(instance, spec, state, share))
            }
            (Plane::Amp(spec), None) => Arc::new(AmpSupervisor::new(instance, spec, self.state.clone(), &self.amp)),
        };
        let supervisor = match self.former(instance) {
            Some((former, record, account)) => Arc::new(PlaneChange::new(former, present, record, account)),
            None => present,
        };
        Member {
            supervisor: self.prepared(instance, supervisor),
            tags: instance.tags.clone(),
            listed: true,
        }
    }

    /// Has the command of an instance of this host run before its starts. On another host
    /// that is done there.
    fn prepared(&self, instance: &Instance, supervisor: Arc<dyn Supervisor>) -> Arc<dyn Supervisor> {
        match &instance.before_start {
            Some(rule) if instance.hosted.is_none() => {
                let (state, slots) = (self.state.clone(), self.preparations.clone());
                Arc::new(PreparedSupervisor::new(supervisor, rule.clone(), state, slots))
            }
            _ => supervisor,
        }
    }

    /// Returns where starts on other hosts are put on record: nowhere by who only looks.
    fn records(&self) -> Option<Arc<StateDir>> {
        self.state.clone().filter(|_| !self.only_looks)
    }

    fn equipped(&self, supervisor: ProcessSupervisor) -> ProcessSupervisor {
        supervisor.equipped(Arc::clone(&self.spawner), self.changes.clone(), !self.only_looks)
    }

    /// Returns the supervisor of what an instance was last started by, if that
    /// is not what the inventory defines now, and may still run; with the folder of the
    /// record, and the account on record.
    fn former(&self, instance: &Instance) -> Option<(Arc<dyn Supervisor>, PathBuf, Option<String>)> {
        let id = &instance.id;
        let state = self.state.as_ref()?;
        let has_shim = || self.snapshot.as_ref().is_some_and(|snapshot| snapshot.has(id));
        let is_process = matches!(instance.plane, Plane::Process(_)) && instance.hosted.is_none();
        if is_process && (has_shim() || !origin::may_be_on_record(state, id)) {
            return None;
        }
        // Without a folder, or where it cannot be used, the present plane says so.
        let dir = state.instance(id).ok()??;
        let origin = origin::read(&dir);
        let is_same = match &origin {
            Err(_) => false,
            Ok(Some(origin)) if origin.is_stopped() => true,
            Ok(Some(origin)) if ssh::is_of_another_inventory(origin, state.inventory()) => true,
            Ok(origin) => match (origin.as_ref().and_then(ssh::host_on_record), &instance.hosted) {
                (Some(recorded), Some(hosted)) => ssh::is_same_account(&recorded, &hosted.host),
                (None, None) => is_same_plane(&instance.plane, origin.as_ref()),
                _ => false,
            },
        };
        if is_same {
            return None;
        }
        let known = origin.as_ref().ok().and_then(Option::as_ref);
        let account = known.and_then(ssh::account_on_record).map(str::to_owned);
        let former = self
            .recorded(id, &dir, origin)
            .unwrap_or_else(|failure| Arc::new(Unmanaged::unknown(id, process::PLANE, failure.message)));
        (!is_over(former.as_ref())).then(|| (former, dir.path().to_owned(), account))
    }

    /// Returns the supervisor of what is on record as the last start.
    ///
    /// # Errors
    /// When the plan of a process cannot be read.
    fn recorded(
        &self,
        id: &str,
        dir: &InstanceDir,
        origin: Result<Option<Origin>, ReadError>,
    ) -> Result<Arc<dyn Supervisor>, Failure> {
        let place = dir.path().display();
        let unknown = |plane, reason| -> Arc<dyn Supervisor> { Arc::new(Unmanaged::unknown(id, plane, reason)) };
        let origin = match origin {
            Ok(origin) => origin.unwrap_or_else(|| Origin::of(process::PLANE)),
            Err(error @ ReadError::Damaged(..)) => {
                let reason = format!("{error}; once nothing of it runs, remove that with: rm {place}/origin");
                return Ok(unknown("unknown", reason));
            }
            Err(error) => return Ok(unknown("unknown", error.to_string())),
        };
        if let Some(host) = ssh::host_on_record(&origin) {
            let remote = self.remotes.on_record(host);
            let supervisor = SshSupervisor::recorded(id, origin.plane(), remote, self.records());
            return Ok(Arc::new(supervisor));
        }
        let state = self.state.clone();
        Ok(match (origin.plane(), state) {
            (process::PLANE, Some(state)) => {
                let supervisor = ProcessSupervisor::unlisted(id, state, self.snapshot.clone())?;
                Arc::new(self.equipped(supervisor))
            }
            (docker_compose::PLANE, state) => {
                let snapshots = self.engine_snapshots.clone();
                match DockerComposeSupervisor::recorded(id, &origin, state, snapshots) {
                    Some(supervisor) => Arc::new(supervisor.following(self.engine_events.clone())),
                    None => unknown(
                        docker_compose::PLANE,
                        format!(
                            "an older gamectl started it, and did not write down the project of the stack; \
                             put it back into the inventory, or remove {place} once nothing of it runs"
                        ),
                    ),
                }
            }
            (podman::PLANE, state) => match PodmanSupervisor::recorded(id, &origin, state, &self.podman) {
                Some(supervisor) => Arc::new(supervisor),
                None => unknown(podman::PLANE, format!("{place}/origin names no container")),
            },
            (systemd_unit::PLANE, state) => {
                match SystemdUnitSupervisor::recorded(id, &origin, state, &self.unit_managers) {
                    Some(supervisor) => Arc::new(supervisor),
                    None => unknown(systemd_unit::PLANE, format!("{place}/origin does not name its unit")),
                }
            }
            (kubectl::PLANE, state) => match KubectlSupervisor::recorded(id, &origin, state, self.kubectl.clone()) {
                Some(supervisor) => Arc::new(supervisor),
                None => unknown(kubectl::PLANE, format!("{place}/origin does not name its object")),
            },
            (amp::PLANE, state) => match AmpSupervisor::recorded(id, &origin, state, &self.amp) {
                Ok(supervisor) => Arc::new(supervisor),
                Err(reason) => unknown(amp::PLANE, format!("{place}/origin {reason}")),
            },
            (plane, _) => unknown(
                "unknown",
                format!("{place}/origin names the plane `{plane}`, which this gamectl does not know"),
            ),
        })
    }

    /// Returns the unlisted instances that the selectors name by id, as far as
    /// they were ever started.
    ///
    /// # Errors
    /// When the record of one cannot be read.
    pub fn named_unlisted(&self, inventory: &Inventory, selectors: &[String]) -> Result<Vec<Member>, Failure> {
        let mut unlisted = Vec::new();
        for id in selectors {
            if is_valid_id(id) && inventory.get(id).is_none() {
                unlisted.extend(self.unlisted(id)?);
            }
        }
        Ok(unlisted)
    }

    /// Returns an unlisted instance, if it was ever started.
    fn unlisted(&self, id: &str) -> Result<Option<Member>, Failure> {
        let Some(state) = &self.state else { return Ok(None) };
        let folder = state
            .instance(id)
            .map_err(|error| Failure::unknown(format!("{id}: {error}")))?;
        let Some(dir) = folder else { return Ok(None) };
        Ok(Some(Member {
            supervisor: self.recorded(id, &dir, origin::read(&dir))?,
            tags: Vec::new(),
            listed: false,
        }))
    }

    /// Returns the unlisted instances that run, or may run; none without a
    /// snapshot.
    ///
    /// # Errors
    /// When the state directory cannot be read.
    pub fn running_unlisted(&self, inventory: &Inventory) -> Result<Vec<Member>, Failure> {
        let Some(snapshot) = &self.snapshot else {
            return Ok(Vec::new());
        };
        let listed = inventory.instances.iter();
        let listed: HashSet<&str> = listed.map(|instance| instance.id.as_str()).collect();
        let mut ids = snapshot.ids()?;
        ids.retain(|id| !listed.contains(id));
        ids.sort_unstable();
        let mut running = Vec::new();
        for id in ids {
            let Some(member) = self.unlisted(id)? else { continue };
            if !self.is_nothing_of_ours(id) && !is_over(member.supervisor.as_ref()) {
                running.push(member);
            }
        }
        Ok(running)
    }

    /// Returns true if a stop of an instance is on record as complete, or another inventory
    /// has started it on another host.
    fn is_nothing_of_ours(&self, id: &str) -> bool {
        let Some(state) = &self.state else { return true };
        let dir = state.instance(id).ok().flatten();
        let origin = dir.map(|dir| origin::read(&dir));
        let is_others = |origin: &Origin| ssh::is_of_another_inventory(origin, state.inventory());
        matches!(origin, Some(Ok(Some(origin))) if origin.is_stopped() || is_others(&origin))
    }
}

/// Returns true if the plane on record, on this machine, is that of a definition.
fn is_same_plane(plane: &Plane, origin: Option<&Origin>) -> bool {
    match (plane, origin) {
        (Plane::Process(_), origin) => origin.is_none_or(|origin| origin.plane() == process::PLANE),
        (Plane::DockerCompose(spec), Some(origin)) => docker_compose::origin::is_same_stack(origin, spec),
        (Plane::Podman(spec), Some(origin)) => podman::origin::is_same_object(origin, spec),
        (Plane::Systemd(spec), Some(origin)) => systemd_unit::origin::is_same_unit(origin, spec),
        (Plane::Kubectl(spec), Some(origin)) => kubectl::origin::is_same_object(origin, spec),
        (Plane::Amp(spec), Some(origin)) => amp::origin::is_same_instance(origin, spec),
        (Plane::Unmanaged { .. }, _) | (_, None) => false,
    }
}

/// Returns true if an instance is known not to run, without waiting for a look.
fn is_over(supervisor: &dyn Supervisor) -> bool {
    matches!(supervisor.snapshot(), Some(Observation::Known(facts)) if !facts.state.is_alive())
}
