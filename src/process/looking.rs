//! What is seen of an instance: what a glance showed, or what its records and
//! its shim say now.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use super::derive;
use super::environment;
use super::evidence::{Evidence, Shim};
use super::shim::client::Client;
use super::shim::wire::Request;
use super::supervisor::ProcessSupervisor;
use crate::probe::{Readiness, Scene};
use crate::store::board::Phase;
use crate::store::{InstanceDir, StateDir, launch};
use crate::supervisor::{Facts, InstanceState, Observation};

impl ProcessSupervisor {
    /// What the glance showed, where it showed anything.
    fn glimpse(&self) -> Option<Facts> {
        let glance = self.glance.as_ref()?;
        let entry = glance.of(&self.id).filter(|entry| entry.phase != Phase::Ended)?;
        self.remember(entry.ready.map(|ready| ready.boot_ms));
        Some(derive::of_entry(entry, glance.now_boot_ms))
    }

    fn remember(&self, ready_boot_ms: Option<u64>) {
        *self
            .running_since_boot_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = ready_boot_ms;
    }

    /// Gathers what there is now.
    pub(super) fn gather(&self) -> Result<Evidence, String> {
        self.gather_or(|state| self.gather_without_folder(state))
    }

    /// The same; `absent` says what there is where there is no folder.
    fn gather_or(&self, absent: impl FnOnce(&StateDir) -> Evidence) -> Result<Evidence, String> {
        let Some(state) = &self.state_dir else {
            return Ok(Evidence::never_started());
        };
        match state.instance(&self.id) {
            Ok(Some(dir)) => Ok(Evidence::gather(state, &dir, &self.id)),
            Ok(None) => Ok(absent(state)),
            Err(error) => Err(format!("its folder in {}: {error}", state.path().display())),
        }
    }

    fn gather_without_folder(&self, state: &StateDir) -> Evidence {
        let evidence = Evidence::without_folder(state, &self.id);
        match (&evidence.shim, state.instance(&self.id)) {
            // It was made since we looked.
            (Shim::Strayed(_), Ok(Some(dir))) => Evidence::gather(state, &dir, &self.id),
            _ => evidence,
        }
    }

    pub(super) fn see(&self) -> Observation {
        if let Some(facts) = self.glimpse() {
            return Observation::Known(Box::new(facts));
        }
        let gathered = match self.glance {
            // It has shown all that live, also those whose folder is gone.
            Some(_) => self.gather_or(|_| Evidence::never_started()),
            None => self.gather(),
        };
        match gathered {
            Ok(evidence) => self.conclude(&evidence),
            Err(reason) => Observation::Unknown { reason },
        }
    }

    /// What this evidence shows.
    pub(super) fn conclude(&self, evidence: &Evidence) -> Observation {
        let ready = match &evidence.shim {
            Shim::Lives(Some(entry)) | Shim::Strayed(entry) => entry.ready,
            _ => evidence.launch.this().and_then(|launch| launch.ready),
        };
        self.remember(ready.map(|ready| ready.boot_ms));
        derive::observation(evidence, &self.policy)
    }

    /// Whether nobody but us judges its readiness: it is starting, and we only
    /// look. Whoever carries a verb out judges for itself, with patience.
    pub(super) fn wants_judging(&self, observation: &Observation) -> bool {
        let starting = |facts: &Facts| facts.state == InstanceState::Starting && facts.pid.is_some();
        self.glance.is_some() && matches!(observation, Observation::Known(facts) if starting(facts))
    }

    /// Judges whether an instance that nobody waits for has become ready, and
    /// has that put on record.
    pub(super) async fn judge(&self) -> Option<()> {
        self.spec.as_ref()?;
        let state = self.state_dir.as_ref()?;
        let dir = Arc::new(state.instance(&self.id).ok()??);
        let launch = launch::read(&dir).ok()??;
        let mut readiness = Readiness::new(&self.ready, &self.scene(&dir, &launch)).ok()?;
        if !readiness.check().await {
            return None;
        }
        let generation = launch.generation;
        let client = Client::connect(&dir).await.ok()?;
        client.ask(&Request::Ready { generation }).await.ok()?.map(drop)
    }

    /// What the probes of a launch look at.
    pub(super) fn scene(&self, dir: &Arc<InstanceDir>, launch: &launch::Launch) -> Scene {
        let spec = self.spec.as_deref();
        let env = spec.and_then(|spec| environment::of_game(spec, None, std::env::vars_os()).ok());
        Scene {
            dir: Some(Arc::clone(dir)),
            log_from: launch.log,
            launched_boot_ms: launch.launched_boot_ms,
            cwd: spec.map_or(PathBuf::from("/"), |spec| spec.cwd.clone()),
            env: env.unwrap_or_default().into_iter().collect(),
        }
    }
}
