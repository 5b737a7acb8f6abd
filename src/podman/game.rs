//! One container or pod, as looks find it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::described::{self, Described};
use super::engine::PodmanEngine;
use super::events::PodmanEvents;
use super::listing::{KILLED, ListedContainer, UserListing};
use super::origin;
use super::share::PodmanShare;
use super::snapshots::PodmanSnapshots;
use super::target::{self, OwnContainers};
use crate::containers::{Container, ContainerGroup, GroupLook, GroupPlace, GroupRecords, SeenGroup};
use crate::failure::Failure;
use crate::inventory::{Channels, Instance, PodmanObject, PodmanSpec, Probe, Ready, StopStep};
use crate::program::Finished;
use crate::store::origin::Origin;
use crate::supervisor::Observation;

/// The number of last lines that are shown of a container that ended early.
const LAST_LINES: &str = "20";

/// The list tells times in whole seconds.
const CLOCK_STEP: Duration = Duration::from_secs(1);

pub(super) struct PodmanGame {
    spec: PodmanSpec,
    engine: PodmanEngine,
    group: ContainerGroup,
    /// The polite steps that end it; without any it is stopped as its container says.
    stop: Vec<StopStep>,
    channels: Channels,
    /// One look at all containers, if it serves all instances.
    snapshots: Option<Arc<PodmanSnapshots>>,
    /// The lists as they change, where they are followed.
    events: Option<Arc<PodmanEvents>>,
}

impl PodmanGame {
    pub(super) fn new(spec: PodmanSpec, ready: Ready, records: GroupRecords, share: &PodmanShare) -> Self {
        // Its output is kept by podman.
        let means_something = |probe: &Probe| !matches!(probe, Probe::Log(_) | Probe::LogFile(_));
        Self {
            engine: share.engine(spec.user.as_deref()),
            spec,
            group: ContainerGroup::new(ready, records, means_something),
            stop: Vec::new(),
            channels: Channels::default(),
            snapshots: share.snapshots.clone(),
            events: share.events.clone(),
        }
    }

    /// Makes it what the inventory has it be.
    #[must_use]
    pub(super) fn kept_as(mut self, instance: &Instance) -> Self {
        self.group = self.group.kept_as(instance);
        self.stop.clone_from(&instance.stop);
        self.channels = instance.channels.clone();
        self
    }

    pub(super) fn spec(&self) -> &PodmanSpec {
        &self.spec
    }

    pub(super) fn engine(&self) -> &PodmanEngine {
        &self.engine
    }

    pub(super) fn stop_chain(&self) -> &[StopStep] {
        &self.stop
    }

    pub(super) fn channels(&self) -> &Channels {
        &self.channels
    }

    pub(super) fn records(&self) -> &GroupRecords {
        self.group.records()
    }

    /// Returns the record by which it is found again.
    pub(super) fn origin(&self) -> Origin {
        origin::of_spec(&self.spec)
    }

    /// Subscribes to changes, where they are followed.
    pub(super) fn changes(&self) -> Option<watch::Receiver<u64>> {
        let events = self.events.as_ref()?;
        Some(events.subscribe(&self.engine))
    }

    /// Observes it, by the list that is followed, or that serves all.
    pub(super) async fn look(&self) -> Observation {
        match self.see_all_in(self.shared_listing().await).await {
            Ok(look) => look.aggregate.facts.into(),
            Err(failure) => Observation::Unknown {
                reason: failure.message,
            },
        }
    }

    async fn shared_listing(&self) -> UserListing {
        match (&self.snapshots, &self.events) {
            (Some(snapshots), _) => snapshots.listing(&self.engine).await,
            (None, Some(events)) => events.listing(&self.engine).await,
            (None, None) => self.engine.list().await,
        }
    }

    /// Judges its containers in a list, and publishes the state.
    async fn see_all_in(&self, listing: UserListing) -> Result<GroupLook, Failure> {
        let mut containers = self.own(&listing?).await?;
        self.add_ends(&mut containers).await?;
        let place = self.place();
        let mut look = self.group.judge(containers, &place)?;
        if self.group.awaits_probes(&look) {
            // Whose answers count depends on the networks.
            let described = self.describe(&look.containers).await?;
            described::complete(&mut look.containers, &described);
        }
        self.group.probe(&mut look, &place).await?;
        if look.containers.is_empty() {
            look.aggregate.facts.note = Some(format!("podman has no container of {} any more", self.spec.object));
        }
        self.group.publish(&look);
        Ok(look)
    }

    /// Returns its containers among those of a list.
    ///
    /// # Errors
    /// When there is none, and nothing on record says that this is as it should be.
    async fn own(&self, listed: &[ListedContainer]) -> Result<Vec<Container>, Failure> {
        let missing = match target::find(&self.spec.object, listed) {
            OwnContainers::Some(own) => return Ok(own),
            OwnContainers::None(missing) => missing,
        };
        // One that podman removes at its end is gone after a stop.
        if self.records().is_stopped() {
            return Ok(Vec::new());
        }
        if let PodmanObject::Pod(name) = &self.spec.object {
            let pods = match &self.snapshots {
                Some(snapshots) => snapshots.pods(&self.engine).await?,
                None => self.engine.pods().await?,
            };
            if pods.iter().any(|pod| pod == name) {
                return Ok(Vec::new());
            }
        }
        let whose = match self.engine.user() {
            Some(user) => format!(" (of user {user})"),
            None => String::new(),
        };
        let hint = "see `podman ps --all --pod`, as the user who has it";
        Err(Failure::unknown(format!("{missing}{whose}")).hint(hint))
    }

    /// Adds why containers were killed, which the list does not tell.
    async fn add_ends(&self, containers: &mut [Container]) -> Result<(), Failure> {
        if !containers.iter().any(|one| !one.is_alive() && one.exit_code == KILLED) {
            return Ok(());
        }
        // One question serves all instances. It may be too much for one answer.
        if let Some(snapshots) = &self.snapshots
            && let Ok(described) = snapshots.killed(&self.engine).await
        {
            described::complete(containers, &described);
            return Ok(());
        }
        let described = self.describe(containers).await?;
        described::complete(containers, &described);
        Ok(())
    }

    pub(super) async fn describe(&self, containers: &[Container]) -> Result<Vec<Described>, Failure> {
        let ids: Vec<&str> = containers.iter().map(|one| one.id.as_str()).collect();
        self.engine.describe(&ids).await
    }

    /// Returns its containers as they are now, with their descriptions; none where they
    /// are gone.
    pub(super) async fn fresh(&self) -> Result<(Vec<Container>, Vec<Described>), Failure> {
        let listed = self.engine.list().await?;
        let mut containers = match target::find(&self.spec.object, &listed) {
            OwnContainers::Some(own) => own,
            OwnContainers::None(_) => Vec::new(),
        };
        let described = self.describe(&containers).await?;
        described::complete(&mut containers, &described);
        Ok((containers, described))
    }

    fn place(&self) -> GroupPlace<'_> {
        GroupPlace {
            engine: "podman",
            required: &[],
            folder: &self.spec.folder,
            clock_step: CLOCK_STEP,
            tells_stops: true,
        }
    }
}

#[async_trait::async_trait]
impl SeenGroup for PodmanGame {
    fn group(&self) -> &ContainerGroup {
        &self.group
    }

    async fn see(&self) -> Result<GroupLook, Failure> {
        self.see_all_in(self.engine.list().await).await
    }

    async fn last_output(&self, container: &str) -> Result<Finished, Failure> {
        self.engine.ask(["logs", "--tail", LAST_LINES, container]).await
    }
}
