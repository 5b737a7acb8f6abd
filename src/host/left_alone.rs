//! The things that a verb over the whole inventory leaves alone.

use super::{Host, Scope};
use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::inventory::Plane;
use crate::store::lock;
use crate::supervisor::Observation;

/// The processes that go on after a stop of the whole inventory.
#[derive(Debug, Default)]
pub struct StillThere {
    /// The ids of what runs without being in the inventory, or may run.
    pub unlisted: Vec<String>,
    /// The `run` that watches the state directory.
    pub run: Option<String>,
}

impl Host {
    /// Returns the unmanaged instances of a scope, which a start passes over, each
    /// with the reason.
    pub fn unmanaged(&self, scope: Scope<'_>) -> Result<Vec<(String, String)>, Failure> {
        let reason = |id: &str| match &self.inventory.get(id)?.plane {
            Plane::Unmanaged { reason, .. } => Some((id.to_owned(), reason.clone())),
            Plane::Process(_)
            | Plane::DockerCompose(_)
            | Plane::Podman(_)
            | Plane::Systemd(_)
            | Plane::Kubectl(_)
            | Plane::Amp(_) => None,
        };
        if !self.inventory.instances.iter().any(|one| reason(&one.id).is_some()) {
            return Ok(Vec::new());
        }
        let members = self.choose(&Fleet::for_a_look(self.state()?), scope, &[])?;
        let passed = members
            .iter()
            .filter(|one| one.is_unmanaged() && !scope.names(one.id()));
        Ok(passed.filter_map(|one| reason(one.id())).collect())
    }

    /// Returns what is still there when all instances of the inventory are stopped.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn still_there(&self) -> Result<StillThere, Failure> {
        let Some(state) = self.state()? else {
            return Ok(StillThere::default());
        };
        let run = lock::run_holder(&state).map(|holder| holder.0);
        let mut unlisted = Vec::new();
        for member in Fleet::for_a_look(Some(state)).running_unlisted(&self.inventory)? {
            match member.supervisor.look().await {
                Observation::Known(facts) if !facts.state.is_alive() => {}
                _ => unlisted.push(member.id().to_owned()),
            }
        }
        Ok(StillThere { unlisted, run })
    }
}
