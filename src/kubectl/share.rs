//! The looks that all supervisors of one command share.

use std::sync::Arc;

use tokio::sync::watch;

use super::engine::KubectlEngine;
use super::roster::ClusterRoster;
use super::snapshots::{ClusterSnapshots, ContextListing};
use super::streams::ClusterStreams;
use crate::inventory::KubectlSpec;

/// The looks that all supervisors of one command share.
#[derive(Debug, Clone, Default)]
pub struct KubectlShare {
    roster: Arc<ClusterRoster>,
    /// One look for all, where that is enough.
    snapshots: Option<Arc<ClusterSnapshots>>,
    /// The changes, where they are followed.
    streams: Option<Arc<ClusterStreams>>,
}

impl KubectlShare {
    /// Makes what serves a command that looks once.
    pub fn for_a_look() -> Self {
        Self {
            snapshots: Some(Arc::default()),
            ..Self::default()
        }
    }

    /// Makes what serves a command that keeps watching.
    pub fn for_supervising() -> Self {
        Self {
            streams: Some(Arc::default()),
            ..Self::default()
        }
    }

    pub(super) fn enroll(&self, spec: &KubectlSpec) {
        self.roster.enroll(spec);
    }

    /// Returns what is known of a context by all; `None` where each looks for itself.
    pub(super) async fn listing(&self, engine: &KubectlEngine) -> Option<ContextListing> {
        if let Some(streams) = &self.streams {
            return Some(streams.listing(engine, &self.roster).await);
        }
        let snapshots = self.snapshots.as_ref()?;
        Some(snapshots.listing(engine, &self.roster).await)
    }

    /// Subscribes to the changes of a context; `None` where they are not followed.
    pub(super) fn changes(&self, engine: &KubectlEngine) -> Option<watch::Receiver<u64>> {
        Some(self.streams.as_ref()?.subscribe(engine, &self.roster))
    }
}
