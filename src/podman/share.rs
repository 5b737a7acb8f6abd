//! The looks and the engines that all supervisors of one command share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::engine::PodmanEngine;
use super::events::PodmanEvents;
use super::snapshots::PodmanSnapshots;

/// The looks that all supervisors of one command share.
#[derive(Debug, Clone, Default)]
pub struct PodmanShare {
    /// One look for all, where that is enough.
    pub(super) snapshots: Option<Arc<PodmanSnapshots>>,
    /// The changes, where they are followed.
    pub(super) events: Option<Arc<PodmanEvents>>,
    /// The podman of each user.
    engines: Arc<Mutex<HashMap<Option<String>, PodmanEngine>>>,
}

impl PodmanShare {
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
            events: Some(Arc::default()),
            ..Self::default()
        }
    }

    /// Returns the podman of a user; without one it is that of who calls.
    pub(super) fn engine(&self, user: Option<&str>) -> PodmanEngine {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        let user = user.map(str::to_owned);
        let of_user = || PodmanEngine::of_user(user.clone());
        engines.entry(user.clone()).or_insert_with(of_user).clone()
    }
}
