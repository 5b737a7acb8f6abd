//! A game as it is defined, and the place of its records.

use std::sync::Arc;

use super::evidence::{self, Evidence, Shim};
use crate::failure::Failure;
use crate::inventory::{Channels, Healthy, Instance, Mask, ProcessSpec, Ready, RestartPolicy};
use crate::store::plan::Plan;
use crate::store::{InstanceDir, ReadError, StateDir, plan};

/// The definition of a game, and the place of its records. It never changes.
#[derive(Debug)]
pub(super) struct ManagedGame {
    id: String,
    /// `None` for an instance that is not in the inventory.
    spec: Option<Box<ProcessSpec>>,
    ready: Ready,
    healthy: Option<Healthy>,
    channels: Channels,
    policy: RestartPolicy,
    plan: Plan,
    /// `None` if there is none: then nothing was ever started.
    state_dir: Option<Arc<StateDir>>,
}

/// The folder of an instance.
#[derive(Debug)]
pub(super) struct Folder<'a> {
    id: &'a str,
    state_dir: &'a StateDir,
    dir: Arc<InstanceDir>,
}

impl ManagedGame {
    pub(super) fn listed(instance: &Instance, spec: &ProcessSpec, state_dir: Option<Arc<StateDir>>) -> Self {
        Self {
            id: instance.id.clone(),
            spec: Some(Box::new(spec.clone())),
            ready: instance.ready.clone(),
            healthy: instance.healthy.clone(),
            channels: instance.channels.clone(),
            policy: instance.restart.clone(),
            plan: Plan {
                stop: instance.stop.clone(),
                log: spec.log,
                tty: spec.tty,
                main: spec.main.clone(),
            },
            state_dir,
        }
    }

    /// Returns a game that is not in the inventory, with the plan that it was
    /// started with.
    ///
    /// # Errors
    /// When that plan cannot be read.
    pub(super) fn unlisted(id: &str, state_dir: Arc<StateDir>) -> Result<Self, Failure> {
        let dir = state_dir
            .instance(id)
            .map_err(|error| Failure::unknown(format!("{id}: {error}")))?;
        let plan = match dir.as_ref().map(plan::read) {
            Some(Ok(Some(plan))) => plan,
            None | Some(Ok(None)) => Plan::default(),
            // A power cut may damage it.
            Some(Err(ReadError::Damaged(..))) if dir.as_ref().is_some_and(evidence::nothing_of_this_boot) => {
                Plan::default()
            }
            Some(Err(error)) => return Err(Failure::failed(error.to_string())),
        };
        Ok(Self {
            id: id.to_owned(),
            spec: None,
            ready: Ready::default(),
            healthy: None,
            channels: Channels::default(),
            policy: RestartPolicy::default(),
            plan,
            state_dir: Some(state_dir),
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn spec(&self) -> Option<&ProcessSpec> {
        self.spec.as_deref()
    }

    /// Returns the program to launch.
    ///
    /// # Errors
    /// When the instance is not in the inventory.
    pub(super) fn program(&self) -> Result<&ProcessSpec, Failure> {
        self.spec()
            .ok_or_else(|| Failure::failed("it is not in the inventory, so how to start it is not known"))
    }

    pub(super) fn ready(&self) -> &Ready {
        &self.ready
    }

    pub(super) fn healthy(&self) -> Option<&Healthy> {
        self.healthy.as_ref()
    }

    pub(super) fn channels(&self) -> &Channels {
        &self.channels
    }

    pub(super) fn policy(&self) -> &RestartPolicy {
        &self.policy
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the mask of its secrets.
    pub(super) fn mask(&self) -> Mask {
        Mask::of(&self.channels, self.spec())
    }

    /// Returns the folder, which is made if there is none.
    pub(super) fn create_folder(&self) -> Result<Folder<'_>, Failure> {
        let state_dir = self
            .state_dir
            .as_deref()
            .ok_or_else(|| Failure::failed("there is no state directory"))?;
        let dir = state_dir.create_instance(&self.id)?;
        Ok(self.folder(state_dir, dir))
    }

    /// Returns the folder; `None` if the instance was never started.
    ///
    /// # Errors
    /// A sentence for a person, when that cannot be told.
    pub(super) fn find_folder(&self) -> Result<Option<Folder<'_>>, String> {
        let Some(state_dir) = self.state_dir.as_deref() else {
            return Ok(None);
        };
        match state_dir.instance(&self.id) {
            Ok(dir) => Ok(dir.map(|dir| self.folder(state_dir, dir))),
            Err(error) => Err(format!("its folder in {}: {error}", state_dir.path().display())),
        }
    }

    fn folder<'a>(&'a self, state_dir: &'a StateDir, dir: InstanceDir) -> Folder<'a> {
        Folder {
            id: &self.id,
            state_dir,
            dir: Arc::new(dir),
        }
    }

    /// Gathers the evidence there is now.
    ///
    /// # Errors
    /// As [`Self::find_folder`].
    pub(super) fn gather(&self) -> Result<Evidence, String> {
        self.gather_or(|state_dir| Evidence::without_folder(state_dir, &self.id))
    }

    /// Gathers the evidence there is now, where all living shims are known to
    /// have a folder, or to be others.
    pub(super) fn gather_in_folder(&self) -> Result<Evidence, String> {
        self.gather_or(|_| Evidence::never_started())
    }

    fn gather_or(&self, without_folder: impl FnOnce(&StateDir) -> Evidence) -> Result<Evidence, String> {
        if let Some(folder) = self.find_folder()? {
            return Ok(folder.gather());
        }
        let Some(state_dir) = self.state_dir.as_deref() else {
            return Ok(Evidence::never_started());
        };
        let evidence = without_folder(state_dir);
        // The folder may have been made meanwhile.
        if matches!(evidence.shim, Shim::Detached(_))
            && let Ok(Some(folder)) = self.find_folder()
        {
            return Ok(folder.gather());
        }
        Ok(evidence)
    }
}

impl Folder<'_> {
    pub(super) fn gather(&self) -> Evidence {
        Evidence::gather(self.state_dir, &self.dir, self.id)
    }

    pub(super) fn dir(&self) -> &Arc<InstanceDir> {
        &self.dir
    }

    pub(super) fn state_dir(&self) -> &StateDir {
        self.state_dir
    }
}
