//! One project on its engine, as looks find it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::labels::COMPOSE;
use super::origin;
use crate::containers::{
    ContainerGroup, DOCKER, Engine, EngineEvents, EngineSnapshots, GroupLook, GroupPlace, GroupRecords, PODMAN,
    SeenGroup,
};
use crate::failure::Failure;
use crate::inventory::{Channels, ComposeEngine, ComposeSpec, Instance, Probe, Ready};
use crate::program::Finished;
use crate::store::origin::Origin;
use crate::supervisor::Observation;

/// The number of last lines that are shown of a service that ended early.
const LAST_LINES: &str = "20";

pub(super) struct ComposeStack {
    spec: ComposeSpec,
    engine: Engine,
    group: ContainerGroup,
    channels: Channels,
    /// One look at all stacks, if it serves them all.
    snapshots: Option<Arc<EngineSnapshots>>,
}

impl ComposeStack {
    pub(super) fn new(
        spec: ComposeSpec,
        ready: Ready,
        records: GroupRecords,
        snapshots: Option<Arc<EngineSnapshots>>,
    ) -> Self {
        // The health checks of the services say more, and its output is the engine's.
        let kind = match spec.engine {
            ComposeEngine::Docker => &DOCKER,
            ComposeEngine::Podman => &PODMAN,
        };
        let means_something = |probe: &Probe| !matches!(probe, Probe::Log(_) | Probe::LogFile(_));
        Self {
            engine: Engine::new(kind, &COMPOSE, spec.context.clone()),
            spec,
            group: ContainerGroup::new(ready, records, means_something),
            channels: Channels::default(),
            snapshots,
        }
    }

    /// Makes it what the inventory has it be.
    #[must_use]
    pub(super) fn kept_as(mut self, instance: &Instance) -> Self {
        self.group = self.group.kept_as(instance);
        self.channels = instance.channels.clone();
        self
    }

    pub(super) fn spec(&self) -> &ComposeSpec {
        &self.spec
    }

    pub(super) fn channels(&self) -> &Channels {
        &self.channels
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns the probes that mean something for a stack, with their limits.
    pub(super) fn ready(&self) -> &Ready {
        self.group.ready()
    }

    pub(super) fn records(&self) -> &GroupRecords {
        self.group.records()
    }

    /// Returns the record by which it is found again.
    pub(super) fn origin(&self) -> Origin {
        origin::of_spec(&self.spec)
    }

    pub(super) fn changes(&self, events: &EngineEvents) -> watch::Receiver<u64> {
        events.subscribe(&self.engine, &self.spec.project)
    }

    pub(super) async fn look(&self) -> Observation {
        match self.see().await {
            Ok(look) => look.aggregate.facts.into(),
            Err(failure) => Observation::Unknown {
                reason: failure.message,
            },
        }
    }

    /// Refuses probes that root is not to run.
    pub(super) fn refuse_probes(&self) -> Result<(), Failure> {
        self.group.refuse_probes(self.folder())
    }

    fn place(&self) -> GroupPlace<'_> {
        GroupPlace {
            engine: self.engine.kind().program,
            required: &self.spec.services,
            folder: self.folder(),
            clock_step: Duration::ZERO,
            tells_stops: false,
        }
    }

    fn folder(&self) -> &Path {
        let folder = self.spec.files.first().and_then(|file| file.parent());
        folder.unwrap_or(Path::new("/"))
    }
}

#[async_trait::async_trait]
impl SeenGroup for ComposeStack {
    fn group(&self) -> &ContainerGroup {
        &self.group
    }

    async fn see(&self) -> Result<GroupLook, Failure> {
        let containers = match &self.snapshots {
            Some(snapshots) => snapshots.of_group(&self.engine, &self.spec.project).await?,
            None => self.engine.of_group(&self.spec.project).await?,
        };
        let place = self.place();
        let mut look = self.group.judge(containers, &place)?;
        self.group.probe(&mut look, &place).await?;
        self.group.publish(&look);
        Ok(look)
    }

    async fn last_output(&self, container: &str) -> Result<Finished, Failure> {
        self.engine.ask(["logs", "--tail", LAST_LINES, container]).await
    }
}
