//! The looks that all supervisors of one command share.

use std::sync::Arc;

use super::engine::KubectlEngine;
use super::roster::ClusterRoster;
use super::snapshots::{ClusterSnapshots, ContextListing};
use crate::inventory::KubectlSpec;

/// The looks that all supervisors of one command share.
#[derive(Debug, Clone, Default)]
pub struct KubectlShare {
    roster: Arc<ClusterRoster>,
    /// One look for all, where that is enough.
    snapshots: Option<Arc<ClusterSnapshots>>,
}

impl KubectlShare {
    /// Makes what serves a command that looks once.
    pub fn for_a_look() -> Self {
        Self {
            snapshots: Some(Arc::default()),
            ..Self::default()
        }
    }

    pub(super) fn enroll(&self, spec: &KubectlSpec) {
        self.roster.enroll(spec);
    }

    /// Returns what is known of a context by all; `None` where each looks for itself.
    pub(super) async fn listing(&self, engine: &KubectlEngine) -> Option<ContextListing> {
        let snapshots = self.snapshots.as_ref()?;
        Some(snapshots.listing(engine, &self.roster).await)
    }
}
