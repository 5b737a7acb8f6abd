//! A game: its definition, the place of its records, and its published state.

use std::sync::Arc;

use super::evidence::Evidence;
use super::live::LiveState;
use crate::failure::Failure;
use crate::inventory::{Channels, Healthy, Instance, Mask, PlayersRule, ProcessSpec, Ready, RestartPolicy};
use crate::store::plan::Plan;
use crate::store::{InstanceDir, ReadError, StateDir, launch, plan};
use crate::supervisor::DRIFTED;
use crate::sys::host::Frame;

/// The most keys that a note names.
const DRIFT_KEYS: usize = 6;

/// The name of this plane in the inventory.
pub const PLANE: &str = "process";

/// The definition of a game, the place of its records, and its state as this
/// process publishes it.
#[derive(Debug)]
pub(super) struct ManagedGame {
    pub(super) id: String,
    /// `None` for an instance that is not in the inventory.
    pub(super) spec: Option<ProcessSpec>,
    pub(super) ready: Ready,
    pub(super) healthy: Option<Healthy>,
    pub(super) players: Option<PlayersRule>,
    pub(super) channels: Channels,
    pub(super) policy: RestartPolicy,
    pub(super) plan: Plan,
    pub(super) live: LiveState,
    /// `None` if there is none: then nothing was ever started.
    state_dir: Option<Arc<StateDir>>,
}

/// The folder of an instance.
#[derive(Debug)]
pub(super) struct Folder<'a> {
    id: &'a str,
    pub(super) state_dir: &'a StateDir,
    pub(super) dir: Arc<InstanceDir>,
}

impl ManagedGame {
    pub(super) fn listed(instance: &Instance, spec: &ProcessSpec, state_dir: Option<Arc<StateDir>>) -> Self {
        Self {
            id: instance.id.clone(),
            spec: Some(spec.clone()),
            ready: instance.ready.clone(),
            healthy: instance.healthy.clone(),
            players: instance.counted_by(),
            channels: instance.channels.clone(),
            policy: instance.restart.clone(),
            plan: Plan {
                stop: instance.stop.clone(),
                log: spec.log,
                tty: spec.tty,
                main: spec.main.clone(),
                entry: Some(spec.digest()),
                entry_keys: spec.key_digests(),
            },
            live: LiveState::default(),
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
            Some(Err(ReadError::Damaged(..))) if dir.as_ref().is_some_and(nothing_of_this_boot) => Plan::default(),
            Some(Err(error)) => return Err(Failure::failed(error.to_string())),
        };
        Ok(Self {
            id: id.to_owned(),
            spec: None,
            ready: Ready::default(),
            healthy: None,
            players: None,
            channels: Channels::default(),
            policy: RestartPolicy::default(),
            plan,
            live: LiveState::default(),
            state_dir: Some(state_dir),
        })
    }

    /// Returns the program to launch.
    ///
    /// # Errors
    /// When the instance is not in the inventory.
    pub(super) fn program(&self) -> Result<&ProcessSpec, Failure> {
        self.spec
            .as_ref()
            .ok_or_else(|| Failure::failed("it is not in the inventory, so how to start it is not known"))
    }

    /// Returns the plan that it was started with, which may differ from the
    /// inventory.
    pub(super) fn recorded_plan(&self, dir: &InstanceDir) -> Plan {
        let recorded = plan::read(dir).ok().flatten();
        recorded.unwrap_or_else(|| self.plan.clone())
    }

    /// Returns the note that the entry in the inventory is not the one from which the
    /// game was started, if so, with the keys that have changed.
    pub(super) fn drift(&self, started_from: Option<u32>) -> Option<String> {
        let (then, now) = (started_from?, self.plan.entry?);
        if then == now {
            return None;
        }
        // The record may be of another launch already.
        let folder = self.find_folder().ok().flatten();
        let plan = folder.and_then(|folder| plan::read(&folder.dir).ok().flatten());
        let recorded = plan.filter(|plan| plan.entry == Some(then)).unwrap_or_default();
        Some(drift_note(&changed_keys(&recorded.entry_keys, &self.plan.entry_keys)))
    }

    /// Returns the mask of its secrets.
    pub(super) fn mask(&self) -> Mask {
        Mask::of(&self.channels, self.spec.as_ref())
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
        if let Some(evidence) = self.gather_in_folder()? {
            return Ok(evidence);
        }
        let detached = self
            .state_dir
            .as_deref()
            .and_then(|state| Evidence::detached(state, &self.id));
        let Some(detached) = detached else {
            return Ok(Evidence::never_started());
        };
        // The folder may have been made meanwhile.
        Ok(self.gather_in_folder().ok().flatten().unwrap_or(detached))
    }

    /// Gathers the evidence in its folder; `None` if it has none.
    ///
    /// # Errors
    /// As [`Self::find_folder`].
    pub(super) fn gather_in_folder(&self) -> Result<Option<Evidence>, String> {
        Ok(self.find_folder()?.map(|folder| folder.gather()))
    }
}

impl Folder<'_> {
    pub(super) fn gather(&self) -> Evidence {
        Evidence::gather(self.state_dir, &self.dir, self.id)
    }
}

/// Returns true if nothing was launched there since the host booted: then no
/// plan is needed any more.
fn nothing_of_this_boot(dir: &InstanceDir) -> bool {
    match (launch::read(dir), Frame::here()) {
        (Ok(None), _) => true,
        (Ok(Some(launch)), Ok(here)) => launch.frame.boot != here.boot,
        _ => false,
    }
}

/// Returns the names of the keys whose values differ, or that one of the two does not have.
fn changed_keys<'a>(then: &'a [(String, u32)], now: &'a [(String, u32)]) -> Vec<&'a str> {
    // It was started by a build that has not put them on record.
    if then.is_empty() {
        return Vec::new();
    }
    let differs = |all: &[(String, u32)], one: &(String, u32)| !all.contains(one);
    let mut changed: Vec<&str> = now
        .iter()
        .filter(|one| differs(then, one))
        .chain(then.iter().filter(|one| differs(now, one)))
        .map(|(key, _)| key.as_str())
        .collect();
    changed.sort_unstable();
    changed.dedup();
    changed
}

fn drift_note(changed: &[&str]) -> String {
    let shown = changed.iter().take(DRIFT_KEYS).copied().collect::<Vec<_>>().join(", ");
    match changed.len().saturating_sub(DRIFT_KEYS) {
        0 if changed.is_empty() => DRIFTED.to_owned(),
        0 => format!("{DRIFTED} (changed: {shown})"),
        more => format!("{DRIFTED} (changed: {shown} and {more} more)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_that_have_changed_are_named() {
        let keys = |all: &[(&str, u32)]| -> Vec<(String, u32)> {
            all.iter().map(|(key, number)| ((*key).to_owned(), *number)).collect()
        };
        for (then, now, wanted) in [
            (
                &[("args", 1), ("env.A", 2)][..],
                &[("args", 1), ("env.A", 3)][..],
                "env.A",
            ),
            (&[("args", 1)], &[("args", 2), ("user", 1)], "args user"),
            (&[("args", 1), ("env.A", 2)], &[("args", 1)], "env.A"),
            // Not on record: none can be named.
            (&[], &[("args", 1)], ""),
        ] {
            assert_eq!(
                changed_keys(&keys(then), &keys(now)).join(" "),
                wanted,
                "{then:?} {now:?}"
            );
        }
        assert_eq!(drift_note(&[]), DRIFTED);
        assert_eq!(drift_note(&["args"]), format!("{DRIFTED} (changed: args)"));
        let many = ["a", "b", "c", "d", "e", "f", "g", "h"];
        assert_eq!(
            drift_note(&many),
            format!("{DRIFTED} (changed: a, b, c, d, e, f and 2 more)")
        );
    }
}
