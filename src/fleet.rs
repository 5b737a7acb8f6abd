//! Inventory in, supervisors out: the one place that names every plane.

use std::sync::Arc;

use crate::containers::{EngineEvents, EngineSnapshots};
use crate::docker_compose::DockerComposeSupervisor;
use crate::failure::Failure;
use crate::inventory::{Instance, Inventory, Plane, is_valid_id};
use crate::process::shim::spawner::Spawner;
use crate::process::{ProcessSupervisor, Snapshot};
use crate::store::StateDir;
use crate::store::changes::Changes;
use crate::supervisor::{InstanceState, Observation, Supervisor};
use crate::unmanaged::Unmanaged;

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
        let supervisor: Arc<dyn Supervisor> = match &instance.plane {
            Plane::Unmanaged { plane, reason } => Arc::new(Unmanaged::new(&instance.id, plane, reason)),
            Plane::Process(spec) => {
                let (state, snapshot) = (self.state.clone(), self.snapshot.clone());
                let supervisor = ProcessSupervisor::new(instance, spec, state, snapshot);
                Arc::new(
                    supervisor
                        .told_by(self.changes.clone())
                        .spawned_by(Arc::clone(&self.spawner))
                        .only_looking(self.only_looks),
                )
            }
            Plane::DockerCompose(spec) => {
                let (state, engine_snapshots) = (self.state.clone(), self.engine_snapshots.clone());
                let supervisor = DockerComposeSupervisor::new(instance, spec, state, engine_snapshots);
                Arc::new(supervisor.following(self.engine_events.clone()))
            }
        };
        Member {
            supervisor,
            tags: instance.tags.clone(),
            listed: true,
        }
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
        if folder.is_none() {
            return Ok(None);
        }
        let supervisor = ProcessSupervisor::unlisted(id, Arc::clone(state), self.snapshot.clone())?;
        let supervisor = supervisor
            .told_by(self.changes.clone())
            .spawned_by(Arc::clone(&self.spawner))
            .only_looking(self.only_looks);
        Ok(Some(Member {
            supervisor: Arc::new(supervisor),
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
}
