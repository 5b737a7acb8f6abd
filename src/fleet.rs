//! Inventory in, supervisors out: the one place that names every plane.

mod plane_change;
mod unknown_plane;

use std::sync::Arc;

use crate::containers::{EngineEvents, EngineSnapshots};
use crate::docker_compose::{self, DockerComposeSupervisor};
use crate::failure::Failure;
use crate::inventory::{Instance, Inventory, Plane, is_valid_id};
use crate::process::shim::spawner::Spawner;
use crate::process::{self, ProcessSupervisor, Snapshot};
use crate::store::changes::Changes;
use crate::store::origin::{self, Origin};
use crate::store::{InstanceDir, ReadError, StateDir};
use crate::supervisor::{Facts, InstanceState, Observation, Supervisor};
use crate::unmanaged::Unmanaged;
use plane_change::PlaneChange;
use unknown_plane::UnknownPlane;

/// One instance with its supervisor.
#[derive(Clone)]
pub struct Member {
    /// Its supervisor.
    pub supervisor: Arc<dyn Supervisor>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it is in the inventory.
    pub listed: bool,
}

impl Member {
    /// Its id.
    pub fn id(&self) -> &str {
        self.supervisor.instance_id()
    }

    /// Whether nothing manages it.
    pub fn is_unmanaged(&self) -> bool {
        self.supervisor.state() == InstanceState::Unmanaged
    }
}

/// What planes need to work, and to look at many instances at once.
#[derive(Clone, Default)]
pub struct Ground {
    state: Option<Arc<StateDir>>,
    snapshot: Option<Arc<Snapshot>>,
    changes: Option<Arc<Changes>>,
    engine_snapshots: Option<Arc<EngineSnapshots>>,
    engine_events: Option<Arc<EngineEvents>>,
    spawner: Arc<Spawner>,
    only_looks: bool,
}

impl Ground {
    /// To carry verbs out: every look is a fresh one.
    pub fn for_verbs(state: Arc<StateDir>) -> Self {
        Self {
            state: Some(state),
            snapshot: None,
            changes: None,
            engine_snapshots: None,
            engine_events: None,
            spawner: Arc::default(),
            only_looks: false,
        }
    }

    /// To look once at everything. Without a state directory nothing was ever
    /// started.
    pub fn for_a_look(state: Option<Arc<StateDir>>) -> Self {
        let snapshot = state.as_deref().map(Snapshot::take).map(Arc::new);
        Self {
            state,
            snapshot,
            changes: None,
            engine_snapshots: Some(Arc::default()),
            engine_events: None,
            spawner: Arc::default(),
            only_looks: true,
        }
    }

    /// To carry verbs out and to keep watching: what can tell of changes does.
    pub fn for_watching(state: Arc<StateDir>, changes: Arc<Changes>) -> Self {
        Self {
            changes: Some(changes),
            engine_events: Some(Arc::default()),
            ..Self::for_verbs(state)
        }
    }

    /// To keep watching, and to carry nothing out.
    pub fn for_looking_on(state: Arc<StateDir>, changes: Arc<Changes>) -> Self {
        Self {
            only_looks: true,
            ..Self::for_watching(state, changes)
        }
    }

    /// The supervisors of an inventory, in its order.
    pub fn members(&self, inventory: &Inventory) -> Vec<Member> {
        inventory
            .instances
            .iter()
            .map(|instance| self.member(instance))
            .collect()
    }

    fn member(&self, instance: &Instance) -> Member {
        let present: Arc<dyn Supervisor> = match &instance.plane {
            Plane::Unmanaged { plane, reason } => Arc::new(Unmanaged::new(&instance.id, plane, reason)),
            Plane::Process(spec) => {
                let (state, snapshot) = (self.state.clone(), self.snapshot.clone());
                Arc::new(self.equipped(ProcessSupervisor::new(instance, spec, state, snapshot)))
            }
            Plane::DockerCompose(spec) => {
                let (state, engine_snapshots) = (self.state.clone(), self.engine_snapshots.clone());
                let supervisor = DockerComposeSupervisor::new(instance, spec, state, engine_snapshots);
                Arc::new(supervisor.following(self.engine_events.clone()))
            }
        };
        let supervisor = match self.former(instance) {
            Some(former) => Arc::new(PlaneChange::new(former, present)),
            None => present,
        };
        Member {
            supervisor,
            tags: instance.tags.clone(),
            listed: true,
        }
    }

    fn equipped(&self, supervisor: ProcessSupervisor) -> ProcessSupervisor {
        supervisor
            .told_by(self.changes.clone())
            .spawned_by(Arc::clone(&self.spawner))
            .only_looking(self.only_looks)
    }

    /// Returns the supervisor of what an instance was last started by, if that
    /// is not what the inventory defines now, and may still run.
    fn former(&self, instance: &Instance) -> Option<Arc<dyn Supervisor>> {
        let id = &instance.id;
        let is_process = matches!(instance.plane, Plane::Process(_));
        if is_process && self.snapshot.as_ref().is_some_and(|snapshot| snapshot.has(id)) {
            return None;
        }
        let state = self.state.as_ref()?;
        // Without a folder, or where it cannot be used, the present plane says so.
        let dir = state.instance(id).ok()??;
        let origin = origin::read(&dir);
        let is_same = match (&instance.plane, &origin) {
            (_, Err(_)) => false,
            (_, Ok(Some(origin))) if origin.is_stopped() => true,
            (Plane::Process(_), Ok(origin)) => origin.as_ref().is_none_or(|origin| origin.plane() == process::PLANE),
            (Plane::DockerCompose(spec), Ok(Some(origin))) => docker_compose::origin::is_same_stack(origin, spec),
            (Plane::DockerCompose(_) | Plane::Unmanaged { .. }, Ok(_)) => false,
        };
        if is_same {
            return None;
        }
        let former = self
            .recorded(id, &dir, origin)
            .unwrap_or_else(|failure| Arc::new(UnknownPlane::new(id, process::PLANE, failure.message)));
        let is_over = |facts: &Facts| !facts.state.is_alive();
        let is_over = matches!(former.snapshot(), Some(Observation::Known(facts)) if is_over(&facts));
        (!is_over).then_some(former)
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
        let unknown = |plane, reason| -> Arc<dyn Supervisor> { Arc::new(UnknownPlane::new(id, plane, reason)) };
        let origin = match origin {
            Ok(origin) => origin.unwrap_or_else(|| Origin::of(process::PLANE)),
            Err(error) => return Ok(unknown("unknown", error.to_string())),
        };
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
            (plane, _) => unknown(
                "unknown",
                format!("{place}/origin names the plane `{plane}`, which this gamectl does not know"),
            ),
        })
    }

    /// The supervisors of what the selectors name by id and the inventory does
    /// not list, where anything of that name was ever started.
    ///
    /// # Errors
    /// When what is on record of it cannot be read.
    pub fn named_strays(&self, inventory: &Inventory, selectors: &[String]) -> Result<Vec<Member>, Failure> {
        let mut strays = Vec::new();
        for id in selectors {
            if is_valid_id(id) && inventory.get(id).is_none() {
                strays.extend(self.unlisted(id)?);
            }
        }
        Ok(strays)
    }

    /// The supervisor of something that is not in the inventory, if anything
    /// of that name was ever started.
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

    /// Whatever runs, or may run, but is not in the inventory.
    ///
    /// # Errors
    /// When the state directory cannot be read.
    pub fn strays(&self, inventory: &Inventory) -> Result<Vec<Member>, Failure> {
        let Some(snapshot) = &self.snapshot else {
            return Ok(Vec::new());
        };
        let listed = inventory.instances.iter();
        let mut listed: Vec<&str> = listed.map(|instance| instance.id.as_str()).collect();
        listed.sort_unstable();
        let mut strays = Vec::new();
        let mut ids = snapshot.ids()?;
        ids.retain(|id| listed.binary_search(id).is_err());
        ids.sort_unstable();
        for id in ids {
            let Some(member) = self.unlisted(id)? else { continue };
            if self.is_stopped(id) {
                continue;
            }
            let runs = match member.supervisor.snapshot() {
                Some(Observation::Known(facts)) => facts.state.is_alive(),
                Some(Observation::Unknown { .. }) | None => true,
            };
            if runs {
                strays.push(member);
            }
        }
        Ok(strays)
    }

    /// Returns true if a stop of an instance is on record as complete.
    fn is_stopped(&self, id: &str) -> bool {
        let dir = self.state.as_ref().and_then(|state| state.instance(id).ok().flatten());
        let origin = dir.map(|dir| origin::read(&dir));
        matches!(origin, Some(Ok(Some(origin))) if origin.is_stopped())
    }
}
