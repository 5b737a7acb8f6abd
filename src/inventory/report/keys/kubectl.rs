//! The plane `kubectl`.

use super::table::Holds::{Free, Number, Path, Section as In, Text, Words};
use super::table::{Key, Section, keys};

/// Its place in an instance.
pub(super) const PLANE: Key = Key {
    name: "kubectl",
    holds: In(&KUBECTL),
    default: "none",
    example: "kubectl: { context: prod, namespace: games, workload: deployment/lobby }",
    about: "It is something in a cluster of Kubernetes.",
    not_on: &[],
};

pub(crate) static KUBECTL: Section = Section {
    name: "kubectl",
    place: "`kubectl`",
    about: "A context, a namespace, and a workload or a resource are needed. Kubernetes starts again what ends, so `restart` means nothing to it. A stop takes the steps of `stop`, if there are any, and has it scaled to nothing then, or patched; each pod has its own grace period. Commands of `ready.exec`, `players.exec` and of `stop` are run in a container of the first pod; queries such as `a2s` are made from here, and `kubectl port-forward` carries no UDP to a pod.",
    groups: &[keys! {
        "context": Text, "required", "context: prod",
            "The context of the kubeconfig; the current one is never used.";
        "namespace": Text, "required", "namespace: games",
            "The namespace; that of the context is never used.";
        "kubeconfig": Path, "where kubectl looks", "kubeconfig: /etc/rancher/k3s/k3s.yaml",
            "The file that has the context.";
        "workload": Text, "required, or `resource`", "workload: deployment/lobby",
            "What is scaled: `deployment/NAME`, `statefulset/NAME`, `fleet/NAME` (Agones), another kind with `.spec.replicas` as `KIND.GROUP/NAME`; or what is suspended, `cronjob/NAME`.";
        "replicas": Number(1, 10000), "as many as before the last stop, else 1", "replicas: 2",
            "How many pods a start makes of the workload.";
        "resource": Text, "required, or `workload`", "resource: battlegroup/dune",
            "What is patched: `KIND/NAME`, or `KIND.GROUP/NAME`.";
        "start": Free, "required for a resource", "start: { spec: { stop: false } }",
            "The merge patch that starts the resource.";
        "stop": Free, "required for a resource", "stop: { spec: { stop: true } }",
            "The merge patch that stops it.";
        "up": In(&UP), "its pods alone say it", "up: { path: .status.phase, values: [Running, Ready] }",
            "How the resource says that it is up.";
        "pods": Text, "the workload's own selector; required for a resource", "pods: app=dune",
            "The selector of its pods: what is stopped has none left.";
        "container": Text, "the first of the pod", "container: game",
            "The container whose console, log and programs are the game's. Without it the log is that of all.";
        "send": Words, "its console", "send: [rcon-cli]",
            "The program in the container that takes what `gamectl send` sends on its standard input, and prints the reply.";
    }],
};

pub(crate) static UP: Section = Section {
    name: "up",
    place: "`up`",
    about: "Where a resource tells its state. The case of the values does not matter.",
    groups: &[keys! {
        "path": Text, "required", "path: .status.phase",
            "The field, by the names on the way to it.";
        "values": Words, "required", "values: [Running, Ready]",
            "What is there when it is up.";
    }],
};
