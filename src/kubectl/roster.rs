//! The instances of one command, by their contexts: what must be listed for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::engine::KubectlEngine;
use super::target;
use crate::inventory::KubectlSpec;

/// The name of a context, with its file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ContextKey {
    kubeconfig: Option<PathBuf>,
    context: String,
}

impl ContextKey {
    pub(super) fn of(engine: &KubectlEngine) -> Self {
        Self {
            kubeconfig: engine.place().kubeconfig.clone(),
            context: engine.place().context.clone(),
        }
    }
}

/// The kinds that are needed in the namespaces of a context.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ContextNeeds {
    /// The kinds beside pods, by namespace.
    by_namespace: BTreeMap<String, BTreeSet<String>>,
}

impl ContextNeeds {
    pub(super) fn namespaces(&self) -> Vec<String> {
        self.by_namespace.keys().cloned().collect()
    }

    /// Returns the kinds of all namespaces.
    pub(super) fn kinds(&self) -> Vec<String> {
        let all: BTreeSet<&String> = self.by_namespace.values().flatten().collect();
        all.into_iter().cloned().collect()
    }

    /// Returns each namespace with each kind in it, pods too.
    pub(super) fn watched(&self) -> Vec<(String, String)> {
        let mut watched = Vec::new();
        for (namespace, kinds) in &self.by_namespace {
            watched.extend(kinds.iter().map(|kind| (namespace.clone(), kind.clone())));
            watched.push((namespace.clone(), "pods".to_owned()));
        }
        watched
    }
}

/// The needs of all contexts.
#[derive(Debug, Default)]
pub(super) struct ClusterRoster {
    contexts: Mutex<BTreeMap<ContextKey, ContextNeeds>>,
}

impl ClusterRoster {
    /// Adds an instance.
    pub(super) fn enroll(&self, spec: &KubectlSpec) {
        let key = ContextKey::of(&KubectlEngine::new(spec.place.clone()));
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        let needs = contexts.entry(key).or_default();
        let kinds = needs.by_namespace.entry(spec.place.namespace.clone()).or_default();
        kinds.extend(target::kinds(spec));
    }

    /// Returns what is needed of a context.
    pub(super) fn needs(&self, key: &ContextKey) -> ContextNeeds {
        let contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.get(key).cloned().unwrap_or_default()
    }
}
