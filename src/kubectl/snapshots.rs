//! One look at each context for all instances that it has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::engine::KubectlEngine;
use super::listing::ClusterListing;
use super::reading;
use super::roster::{ClusterRoster, ContextKey};
use crate::failure::Failure;

/// All that was listed of a context, or why it could not be found out.
pub(super) type ContextListing = Result<Arc<ClusterListing>, Failure>;

/// The listing of every context, each asked for once.
#[derive(Debug, Default)]
pub(super) struct ClusterSnapshots {
    contexts: Mutex<HashMap<ContextKey, Arc<OnceCell<ContextListing>>>>,
}

impl ClusterSnapshots {
    /// Returns what there was at the first question.
    pub(super) async fn listing(&self, engine: &KubectlEngine, roster: &ClusterRoster) -> ContextListing {
        let key = ContextKey::of(engine);
        let needs = roster.needs(&key);
        let cell = {
            let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(contexts.entry(key).or_default())
        };
        let look = || async {
            reading::list(engine, &needs.namespaces(), &needs.kinds())
                .await
                .map(Arc::new)
        };
        cell.get_or_init(look).await.clone()
    }
}
