//! The answers of a Kubernetes 1.36 to a kubectl 1.32, where they are others than those of
//! 1.20: the real cluster of the gate is that.

use serde_json::{Value, json};

use super::complaint::Complaint;
use super::listing::ClusterListing;
use super::state::{ClusterRecords, judge};
use super::streams::WatchLine;
use super::target::{FoundOrNot, find};
use crate::inventory::{KubectlObject, KubectlPlace, KubectlSpec, WorkloadKind};

fn spec(word: &str) -> KubectlSpec {
    KubectlSpec {
        place: KubectlPlace {
            context: "c".to_owned(),
            namespace: "n".to_owned(),
            kubeconfig: None,
        },
        object: KubectlObject::Workload {
            kind: WorkloadKind::of_word(word),
            replicas: None,
            pods: None,
        },
        name: "lobby".to_owned(),
        container: None,
        send: Vec::new(),
    }
}

/// A deployment of generation 6, and its pods.
fn told(replicas: u32, status: &Value, pods: &[Value]) -> String {
    let meta = json!({ "name": "lobby", "namespace": "n", "uid": "d", "generation": 6 });
    let selector = json!({ "matchLabels": { "app": "lobby" } });
    let object = json!({ "kind": "Deployment", "apiVersion": "apps/v1", "metadata": meta,
        "spec": { "replicas": replicas, "selector": selector }, "status": status });
    let set = json!({ "kind": "ReplicaSet", "apiVersion": "apps/v1", "spec": { "selector": selector },
        "metadata": { "name": "lobby-h", "namespace": "n", "uid": "r", "labels": { "app": "lobby" },
            "ownerReferences": [{ "kind": "Deployment", "name": "lobby", "uid": "d" }] } });
    let items: Vec<&Value> = [&object, &set].into_iter().chain(pods).collect();
    let listing = ClusterListing::read(json!({ "items": items }).to_string().as_bytes()).unwrap();
    let spec = spec("deployment");
    let FoundOrNot::Yes(found) = find(&spec, &listing) else {
        panic!("it is there")
    };
    let judged = judge(&spec, &found, &ClusterRecords::default());
    let arrived = if judged.has_arrived { " (arrived)" } else { "" };
    format!(
        "{}{arrived}: {}",
        judged.facts.state,
        judged.facts.note.unwrap_or_default()
    )
}

fn pod(status: &Value, is_ending: bool) -> Value {
    let mut pod = json!({ "kind": "Pod", "apiVersion": "v1", "spec": { "nodeName": "one" }, "status": status,
        "metadata": { "name": "lobby-h-1", "namespace": "n", "uid": "p", "generation": 1,
            "labels": { "app": "lobby", "pod-template-hash": "h" },
            "ownerReferences": [{ "kind": "ReplicaSet", "name": "lobby-h", "uid": "r", "controller": true }] } });
    if is_ending {
        pod["metadata"]["deletionTimestamp"] = json!("2026-11-30T05:00:00Z");
    }
    pod
}

/// Conditions of pods have the generation that they are of, too.
fn ready() -> Value {
    json!({ "phase": "Running", "observedGeneration": 1, "conditions": [{ "type": "Ready", "status": "True",
        "observedGeneration": 1, "lastTransitionTime": "2026-11-30T05:00:00Z" }] })
}

/// Zeros are left out, and pods that end are counted by a field that older ones do not have.
#[test]
fn a_stop_is_over_by_the_pods_and_not_by_the_status() {
    let ending = json!({ "observedGeneration": 6, "terminatingReplicas": 1 });
    assert_eq!(
        told(0, &ending, &[pod(&ready(), true)]),
        "stopping: still there: lobby-h-1"
    );
    assert_eq!(told(0, &json!({ "observedGeneration": 6 }), &[]), "stopped: ");
    // The watch tells the new specification first, with the old status.
    let old = json!({ "observedGeneration": 5, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1 });
    assert_eq!(
        told(0, &old, &[pod(&ready(), false)]),
        "stopping: still there: lobby-h-1"
    );
}

#[test]
fn a_start_is_over_with_the_newest_generation() {
    let up = |observed: u32| {
        json!({ "observedGeneration": observed, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1,
            "availableReplicas": 1, "terminatingReplicas": 0 })
    };
    assert_eq!(told(1, &up(6), &[pod(&ready(), false)]), "running (arrived): ");
    assert_eq!(
        told(1, &up(5), &[pod(&ready(), false)]),
        "running: a new version is being rolled out"
    );
}

/// A container that goes on beside the others is an init container.
#[test]
fn a_sidecar_is_no_trouble_and_a_missing_image_is() {
    let status = |game: Value| {
        json!({ "phase": "Pending", "conditions": [{ "type": "Ready", "status": "False", "reason": "ContainersNotReady",
                "observedGeneration": 1 }],
            "initContainerStatuses": [{ "name": "side", "ready": true, "started": true, "restartCount": 0,
                "state": { "running": { "startedAt": "2026-11-30T05:00:00Z" } } }],
            "containerStatuses": [{ "name": "game", "ready": false, "started": false, "restartCount": 0, "state": game,
                "resources": { "limits": { "memory": "1Gi" } }, "user": { "linux": { "uid": 0, "gid": 0 } } }] })
    };
    let seen = json!({ "observedGeneration": 6, "unavailableReplicas": 1 });
    let never = json!({ "waiting": { "reason": "ErrImageNeverPull", "message": "Container image is not present" } });
    assert_eq!(
        told(1, &seen, &[pod(&status(never), false)]),
        "starting: lobby-h-1: game: ErrImageNeverPull: Container image is not present"
    );
    let made = json!({ "waiting": { "reason": "ContainerCreating" } });
    assert!(told(1, &seen, &[pod(&status(made), false)]).contains("its containers are being made"));
}

#[test]
fn complaints_of_newer_ones_have_their_kinds() {
    let refused = "The connection to the server 127.0.0.1:16443 was refused - did you specify the right host or port?";
    let log = "E1130 05:00:00.000000    1234 memcache.go:265] \"Unhandled Error\" err=\"couldn't get current server API \
               group list: connection refused\"";
    let scale = "error: no objects passed to scale deployments.apps \"lobby\" is forbidden: User \"viewer\" cannot get";
    for (said, wanted) in [
        (
            format!("{log}\n{log}\n{refused}\n"),
            Complaint::Unreachable(refused.to_owned()),
        ),
        (
            scale.to_owned(),
            Complaint::Forbidden(scale.trim_start_matches("error: ").to_owned()),
        ),
        (
            "error: deployments.apps \"nosuch\" not found".to_owned(),
            Complaint::NoObject,
        ),
        (
            "Warning: the kind is deprecated\nError from server (NotFound): namespaces \"nosuch\" not found".to_owned(),
            Complaint::NoNamespace,
        ),
    ] {
        assert_eq!(Complaint::of(&said), wanted, "{said}");
    }
}

/// A bookmark tells how far a watch has come.
#[test]
fn a_bookmark_of_a_watch_is_no_loss() {
    let line = r#"{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"12"}}}"#;
    assert!(matches!(WatchLine::read(line), Some(WatchLine::Nothing)));
}
