//! The plane `kubectl`.

use std::fmt;
use std::path::PathBuf;

use serde_json::Value;

/// Something in a namespace of a cluster of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubectlSpec {
    pub place: KubectlPlace,
    pub object: KubectlObject,
    /// The name of the object.
    pub name: String,
    /// The container whose console and programs are used; `None` for the first of a pod.
    pub container: Option<String>,
    /// The program in the container that takes a line for the game on its standard input.
    pub send: Vec<String>,
}

/// The place of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KubectlPlace {
    pub context: String,
    pub namespace: String,
    /// The file that has the context; `None` for where kubectl looks by itself.
    pub kubeconfig: Option<PathBuf>,
}

/// The way in which an object is started and stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KubectlObject {
    /// An object that is scaled, or suspended.
    Workload {
        kind: WorkloadKind,
        /// The pods that it is started with; `None` for as many as before.
        replicas: Option<u32>,
        /// The selector of its pods; `None` for the one that it has.
        pods: Option<String>,
    },
    /// An object that is patched.
    Resource(Box<PatchedResource>),
}

/// A resource that a controller of its own follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchedResource {
    /// Its kind, as kubectl takes it.
    pub kind: String,
    /// The merge patches; both are objects.
    pub start: Value,
    pub stop: Value,
    pub up: Option<UpRule>,
    /// The selector of its pods.
    pub pods: String,
}

/// The values by which a resource says that it is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpRule {
    /// The names of the fields on the way there.
    pub path: Vec<String>,
    pub values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WorkloadKind {
    Deployment,
    StatefulSet,
    CronJob,
    /// A fleet of Agones.
    Fleet,
    /// Another kind, which is scaled by `.spec.replicas`.
    Other(String),
}

impl WorkloadKind {
    /// Returns the kind that a word of kubectl means.
    pub fn of_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "deployment" | "deployments" | "deploy" | "deployment.apps" | "deployments.apps" => Self::Deployment,
            "statefulset" | "statefulsets" | "sts" | "statefulset.apps" | "statefulsets.apps" => Self::StatefulSet,
            "cronjob" | "cronjobs" | "cj" | "cronjob.batch" | "cronjobs.batch" => Self::CronJob,
            "fleet" | "fleets" | "flt" | "fleet.agones.dev" | "fleets.agones.dev" => Self::Fleet,
            _ => Self::Other(word.to_owned()),
        }
    }
}

impl KubectlSpec {
    /// Returns the kind as kubectl takes it, with its group where that is known.
    pub fn resource(&self) -> &str {
        match &self.object {
            KubectlObject::Workload { kind, .. } => match kind {
                WorkloadKind::Deployment => "deployments.apps",
                WorkloadKind::StatefulSet => "statefulsets.apps",
                WorkloadKind::CronJob => "cronjobs.batch",
                WorkloadKind::Fleet => "fleets.agones.dev",
                WorkloadKind::Other(word) => word,
            },
            KubectlObject::Resource(resource) => &resource.kind,
        }
    }

    /// Returns the kind as a person says it.
    pub fn kind(&self) -> &str {
        match &self.object {
            KubectlObject::Workload { kind, .. } => match kind {
                WorkloadKind::Deployment => "deployment",
                WorkloadKind::StatefulSet => "statefulset",
                WorkloadKind::CronJob => "cronjob",
                WorkloadKind::Fleet => "fleet",
                WorkloadKind::Other(word) => word,
            },
            KubectlObject::Resource(resource) => &resource.kind,
        }
    }
}

impl fmt::Display for KubectlSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind(), self.name)
    }
}
