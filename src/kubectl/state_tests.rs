use serde_json::{Value, json};

use super::*;
use crate::inventory::{KubectlPlace, UpRule};
use crate::kubectl::listing::ClusterListing;
use crate::kubectl::target::{FoundOrNot, find};

fn spec(object: KubectlObject) -> KubectlSpec {
    KubectlSpec {
        place: KubectlPlace {
            context: "c".to_owned(),
            namespace: "n".to_owned(),
            kubeconfig: None,
        },
        object,
        name: "x".to_owned(),
        container: None,
        send: Vec::new(),
    }
}

fn workload(word: &str) -> KubectlSpec {
    spec(KubectlObject::Workload {
        kind: WorkloadKind::of_word(word),
        replicas: None,
        pods: Some("app=x".to_owned()),
    })
}

fn battlegroup() -> KubectlSpec {
    spec(KubectlObject::Resource(Box::new(PatchedResource {
        kind: "battlegroup".to_owned(),
        start: json!({ "spec": { "stop": false } }),
        stop: json!({ "spec": { "stop": true } }),
        up: Some(UpRule {
            path: vec!["status".to_owned(), "phase".to_owned()],
            values: vec!["Running".to_owned(), "Reconciling".to_owned()],
        }),
        pods: "app=x".to_owned(),
    })))
}

#[expect(clippy::needless_pass_by_value, reason = "`json!` takes references")]
fn object(kind: &str, api: &str, spec: Value, status: Value) -> Value {
    let mut spec = spec;
    spec["selector"] = json!({ "matchLabels": { "app": "x" } });
    json!({ "kind": kind, "apiVersion": api, "spec": spec, "status": status,
        "metadata": { "name": "x", "namespace": "n", "uid": "u", "generation": 2 } })
}

fn deployment(replicas: u32, status: Value) -> Value {
    object("Deployment", "apps/v1", json!({ "replicas": replicas }), status)
}

/// A pod of each of these conditions.
fn pod(name: &str, how: &str) -> Value {
    let owner = json!({ "kind": "ReplicaSet", "name": "x-h", "uid": "u" });
    let mut pod = json!({ "kind": "Pod", "metadata": { "name": name, "namespace": "n", "ownerReferences": [owner],
        "labels": { "app": "x", "pod-template-hash": "h" }, "creationTimestamp": "2026-11-30T05:00:00Z" } });
    pod["status"] = match how {
        "ready" | "ending" => json!({ "phase": "Running",
            "conditions": [{ "type": "Ready", "status": "True", "lastTransitionTime": "2026-11-30T05:00:05Z" }] }),
        "crashed" => json!({ "phase": "Running", "containerStatuses": [{ "name": "game", "restartCount": 4,
            "state": { "waiting": { "reason": "CrashLoopBackOff" } },
            "lastState": { "terminated": { "exitCode": 3, "reason": "Error", "finishedAt": "2026-11-30T05:01:00Z" } } }] }),
        "image" => json!({ "phase": "Pending", "containerStatuses": [{ "name": "game",
            "state": { "waiting": { "reason": "ErrImagePull", "message": "no such image" } } }] }),
        "over" => json!({ "phase": "Succeeded" }),
        _ => json!({ "phase": "Pending" }),
    };
    if how == "ending" {
        pod["metadata"]["deletionTimestamp"] = json!("2026-11-30T05:02:00Z");
    }
    pod
}

fn judged(spec: &KubectlSpec, object: &Value, pods: &[&str], records: ClusterRecords) -> Judged {
    let pods = pods.iter().enumerate().map(|(n, how)| pod(&format!("x-{n}"), how));
    let items: Vec<Value> = std::iter::once(object.clone()).chain(pods).collect();
    let listing = ClusterListing::read(json!({ "items": items }).to_string().as_bytes()).unwrap();
    match find(spec, &listing) {
        FoundOrNot::Yes(found) => judge(spec, &found, &records),
        FoundOrNot::No(_) => panic!("it is there"),
    }
}

fn told(spec: &KubectlSpec, object: &Value, pods: &[&str]) -> String {
    let judged = judged(spec, object, pods, ClusterRecords::default());
    let note = judged.facts.note.unwrap_or_default();
    let arrived = if judged.has_arrived { " (arrived)" } else { "" };
    format!("{}{arrived}: {note}", judged.facts.state)
}

/// A count that is absent is zero, and one of an older generation says nothing.
#[test]
fn deployments() {
    let status = |updated: u32| json!({ "observedGeneration": 2, "replicas": updated, "updatedReplicas": updated });
    let spec = workload("deployment");
    for (object, pods, wanted) in [
        (deployment(0, json!({ "observedGeneration": 2 })), &[][..], "stopped: "),
        (
            deployment(0, json!({ "observedGeneration": 2 })),
            &["over"],
            "stopped: ",
        ),
        (deployment(0, json!({})), &["ending"], "stopping: still there: x-0"),
        (
            deployment(0, json!({})),
            &["ready", "starting"],
            "stopping: still there: x-0, x-1",
        ),
        (deployment(1, json!({})), &[], "starting: 0 of 1 pod is ready"),
        (deployment(1, status(1)), &["starting"], "starting: 0 of 1 pod is ready"),
        (deployment(1, status(1)), &["ready"], "running (arrived): "),
        (
            deployment(
                1,
                json!({ "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1 }),
            ),
            &["ready"],
            "running: a new version is being rolled out",
        ),
        (
            deployment(
                1,
                json!({ "observedGeneration": 2, "replicas": 2, "updatedReplicas": 1 }),
            ),
            &["ready", "starting"],
            "running: a new version is being rolled out",
        ),
        (deployment(1, status(1)), &["ending"], "starting: 0 of 1 pod is ready"),
        (
            deployment(2, status(2)),
            &["ready", "crashed"],
            "running: 1 of 2 pods are ready; x-1: game: exit code 3, restarted 4 times",
        ),
        (
            deployment(1, status(1)),
            &["crashed"],
            "crashed: x-0: game: exit code 3, restarted 4 times; Kubernetes starts it again",
        ),
        (
            deployment(1, status(1)),
            &["image"],
            "starting: x-0: game: ErrImagePull: no such image",
        ),
        (
            deployment(
                1,
                json!({ "observedGeneration": 2, "conditions": [{ "type": "ReplicaFailure", "status": "True",
                "message": "exceeded quota" }] }),
            ),
            &[],
            "starting: 0 of 1 pod is ready; exceeded quota",
        ),
    ] {
        assert_eq!(told(&spec, &object, pods), wanted, "{object} {pods:?}");
    }
    let paused = object(
        "Deployment",
        "apps/v1",
        json!({ "replicas": 1, "paused": true }),
        json!({ "observedGeneration": 2 }),
    );
    assert_eq!(
        told(&spec, &paused, &["ready"]),
        "running (arrived): its rollout is paused"
    );
}

#[test]
fn a_crash_has_its_exit_and_its_restarts() {
    let judged = judged(
        &workload("deployment"),
        &deployment(1, json!({})),
        &["crashed"],
        ClusterRecords {
            restarts: 1,
            ..ClusterRecords::default()
        },
    );
    let facts = judged.facts;
    assert_eq!(facts.state, InstanceState::Crashed { exit_code: Some(3) });
    assert_eq!((facts.restarts, facts.restarts_itself), (5, true));
    assert_eq!(facts.last_exit.unwrap().code, Some(3));
    assert_eq!(
        facts.run,
        Some(1_796_014_800),
        "2026-11-30T05:00:00Z, when the pod was made"
    );
}

/// Somebody else's stop leaves it down, and is told; ours is not.
#[test]
fn a_stop_past_gamectl_is_told() {
    let of = |want, is_stopped_by_us| {
        let records = ClusterRecords {
            want,
            is_stopped_by_us,
            restarts: 0,
        };
        let judged = judged(&workload("deployment"), &deployment(0, json!({})), &[], records);
        (judged.facts.stays_down, judged.facts.note.is_some())
    };
    assert_eq!(of(Some(Want::Running), false), (true, true));
    assert_eq!(of(Some(Want::Running), true), (false, false));
    assert_eq!(of(Some(Want::Stopped), false), (false, false));
    assert_eq!(of(None, false), (false, false));
}

#[test]
fn fleets_are_up_by_their_own_counts() {
    let fleet = |wanted: u32, status: Value| object("Fleet", "agones.dev/v1", json!({ "replicas": wanted }), status);
    let spec = workload("fleet");
    let playing = json!({ "replicas": 3, "readyReplicas": 1, "allocatedReplicas": 2 });
    assert_eq!(
        told(&spec, &fleet(3, playing), &[]),
        "running (arrived): 1 ready, 2 allocated, 0 reserved"
    );
    assert_eq!(
        told(&spec, &fleet(2, json!({ "readyReplicas": 1 })), &[]),
        "running: 1 of 2 pods are ready; 1 ready, 0 allocated, 0 reserved"
    );
    assert_eq!(told(&spec, &fleet(0, json!({})), &[]), "stopped: ");
}

#[test]
fn cronjobs_are_up_while_they_are_not_suspended() {
    let cronjob = |suspend: bool| {
        object(
            "CronJob",
            "batch/v1",
            json!({ "suspend": suspend, "schedule": "0 5 * * *" }),
            json!({}),
        )
    };
    let spec = workload("cronjob");
    assert_eq!(
        told(&spec, &cronjob(false), &[]),
        "running (arrived): waits for its time, `0 5 * * *`"
    );
    assert_eq!(told(&spec, &cronjob(true), &[]), "stopped: ");
}

#[test]
fn resources_say_themselves_when_they_are_up() {
    let group = |stop: Value, phase: &str| {
        object(
            "BattleGroup",
            "igw.funcom.com/v1",
            json!({ "stop": stop }),
            json!({ "phase": phase }),
        )
    };
    let spec = battlegroup();
    for (object, pods, wanted) in [
        (group(json!(true), "Stopped"), &[][..], "stopped: "),
        (
            group(json!(true), "Running"),
            &["ready"],
            "stopping: still there: x-0; it says: Running",
        ),
        (
            group(json!(false), "Running"),
            &["ready", "over"],
            "running (arrived): it says: Running",
        ),
        (
            group(json!(false), "reconciling"),
            &["ready"],
            "running (arrived): it says: reconciling",
        ),
        (
            group(Value::Null, "Running"),
            &["ready"],
            "running (arrived): it says: Running",
        ),
        (
            group(json!(false), "Running"),
            &[],
            "starting: it says: Running; 0 of 1 pod is ready",
        ),
        (
            group(json!(false), "Starting"),
            &["ready"],
            "starting: it says: Starting",
        ),
        (
            group(json!(false), ""),
            &[],
            "starting: it says nothing of its state yet",
        ),
        (
            group(json!(false), "Starting"),
            &["crashed"],
            "crashed: it says: Starting; x-0: game: exit code 3, restarted 4 times",
        ),
        (
            group(json!(false), "Running"),
            &["ready", "crashed"],
            "running (arrived): it says: Running; x-1: game: exit code 3, restarted 4 times",
        ),
    ] {
        assert_eq!(told(&spec, &object, pods), wanted, "{object} {pods:?}");
    }
}

#[test]
fn stateful_sets_roll_out_by_revision() {
    let of = |strategy: Value, status: Value| {
        let object = object(
            "StatefulSet",
            "apps/v1",
            json!({ "replicas": 1, "updateStrategy": strategy }),
            status,
        );
        let mut pod = pod("x-0", "ready");
        pod["metadata"]["ownerReferences"] = json!([{ "kind": "StatefulSet", "name": "x", "uid": "u" }]);
        let items = json!({ "items": [object, pod] }).to_string();
        let spec = workload("statefulset");
        match find(&spec, &ClusterListing::read(items.as_bytes()).unwrap()) {
            FoundOrNot::Yes(found) => judge(&spec, &found, &ClusterRecords::default()).has_arrived,
            FoundOrNot::No(_) => panic!("it is there"),
        }
    };
    let rolling =
        json!({ "observedGeneration": 2, "currentRevision": "a", "updateRevision": "b", "updatedReplicas": 0 });
    assert!(!of(json!({ "type": "RollingUpdate" }), rolling.clone()));
    assert!(of(json!({ "type": "OnDelete" }), rolling.clone()));
    assert!(of(
        json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 1 } }),
        rolling
    ));
    assert!(of(
        json!({}),
        json!({ "observedGeneration": 2, "currentRevision": "b", "updateRevision": "b" })
    ));
}
