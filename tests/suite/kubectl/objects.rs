//! Resources that are patched, and kinds that a cluster has only once they are installed.

use serde_json::{Value, json};

use super::World;
use crate::support::wait_until;

/// Defines a kind, once for all tests.
fn define(world: &World, group: &str, kind: &str, spec: &Value) {
    let plural = format!("{}s", kind.to_lowercase());
    let name = format!("{plural}.{group}");
    let schema = json!({ "type": "object", "properties": { "spec": { "type": "object", "properties": spec },
        "status": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } } });
    world.apply(&json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": name }, "spec": { "group": group, "scope": "Namespaced",
            "names": { "plural": plural, "singular": kind.to_lowercase(), "kind": kind },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }] } }));
    wait_until("the kind", || {
        let mut get = world.kubectl_command(&["get", &name]);
        get.output().is_ok_and(|got| got.status.success())
    });
}

#[test]
#[ignore = "needs Kubernetes"]
fn a_resource_is_patched_and_its_phase_and_its_pods_tell_the_rest() {
    let mut world = World::new();
    define(
        &world,
        "igw.funcom.com",
        "BattleGroup",
        &json!({ "stop": { "type": "boolean" } }),
    );
    let group = |world: &World, stop: bool, phase: &str| {
        world.apply(
            &json!({ "apiVersion": "igw.funcom.com/v1", "kind": "BattleGroup", "metadata": { "name": "dune" },
            "spec": { "stop": stop }, "status": { "phase": phase } }),
        );
    };
    group(&world, true, "Stopped");
    let section = |start: Value| {
        json!({ "resource": "battlegroup/dune", "pods": "app=map", "start": start, "stop": { "spec": { "stop": true } },
            "up": { "path": ".status.phase", "values": ["Running", "Reconciling"] } })
    };
    world.instance("dune", "", &section(json!({ "spec": { "stop": false } })));
    world.instance("misspelt", "", &section(json!({ "spec": { "stopp": false } })));
    assert_eq!(world.told("dune"), "stopped: ");
    // A field that the kind does not have is left out without a word.
    let failed = world.run(&["start", "misspelt"]).expect_code(1);
    assert!(
        failed.stderr.contains("battlegroup/dune is not as it says"),
        "{}",
        failed.stderr
    );
    let late = world.run(&["start", "--timeout", "2s", "dune"]).expect_code(124);
    assert!(late.stderr.contains("it says: Stopped"), "{}", late.stderr);
    assert_eq!(world.field("battlegroup/dune", ".spec.stop"), "false");
    world.workload("Deployment", "map", 1, "ready");
    group(&world, false, "reconciling");
    assert_eq!(world.result(&["start", "dune"])["state"], "running");
    assert_eq!(world.told("dune"), "running: it says: reconciling");
    // Nobody follows it here: its pods are what is left.
    let late = world.run(&["stop", "--timeout", "2s", "dune"]).expect_code(124);
    assert!(late.stderr.contains("not stopped"), "{}", late.stderr);
    assert!(
        world.told("dune").starts_with("stopping: still there: map-"),
        "{}",
        world.told("dune")
    );
    world.kubectl(&["scale", "deployment/map", "--replicas=0"]);
    assert_eq!(world.result(&["stop", "dune"])["state"], "stopped");
}

#[test]
#[ignore = "needs Kubernetes"]
fn a_fleet_is_scaled_and_tells_who_is_allocated() {
    let mut world = World::new();
    define(
        &world,
        "agones.dev",
        "Fleet",
        &json!({ "replicas": { "type": "integer" } }),
    );
    define(&world, "agones.dev", "GameServer", &json!({}));
    let fleet = |world: &World, replicas: u32, status: Value| {
        world.apply(
            &json!({ "apiVersion": "agones.dev/v1", "kind": "Fleet", "metadata": { "name": "simple" },
            "spec": { "replicas": replicas }, "status": status }),
        );
    };
    fleet(
        &world,
        3,
        json!({ "replicas": 3, "readyReplicas": 1, "allocatedReplicas": 2 }),
    );
    world.instance("simple", "fleet/simple", &json!({}));
    assert_eq!(world.told("simple"), "running: 1 ready, 2 allocated, 0 reserved");
    assert_eq!(world.result(&["stop", "simple"])["state"], "stopped");
    assert_eq!(
        world.field("fleet/simple", ".metadata.annotations.gamectl-replicas"),
        "3"
    );
}

#[test]
#[ignore = "needs Kubernetes"]
fn what_is_not_there_has_its_own_words() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "ready");
    world.instance("loby", "deployment/loby", &json!({}));
    world.instance("kind", "rocket.moon.com/x", &json!({ "pods": "app=x" }));
    world.instance("space", "deployment/lobby", &json!({ "namespace": "nowhere" }));
    world.instance("context", "deployment/lobby", &json!({ "context": "nowhere" }));
    world.instance("file", "deployment/lobby", &json!({ "kubeconfig": "/nonexistent" }));
    world.instance("stranger", "deployment/lobby", &json!({ "context": "stranger" }));
    world.instance("lobby", "deployment/lobby", &json!({}));
    let status = world.run(&["status", "--json"]).expect_code(4).json();
    let told = |id: &str| {
        let rows = status["instances"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["id"] == id).expect("its row");
        format!(
            "{}: {}",
            row["state"].as_str().unwrap_or_default(),
            row["note"].as_str().unwrap_or_default()
        )
    };
    for (id, wanted) in [
        ("loby", "unknown: there is no deployment/loby in the namespace"),
        ("loby", "did you mean `deployment/lobby`?"),
        ("kind", "unknown: the cluster of `admin` has no kind `rocket.moon.com`"),
        (
            "space",
            "unknown: there is no namespace `nowhere` in the cluster of `admin`",
        ),
        ("context", "unknown: kubectl knows no context `nowhere`"),
        ("file", "unknown: the kubeconfig cannot be used"),
        (
            "stranger",
            "unknown: the cluster of `stranger` does not know who you are",
        ),
        ("lobby", "running: "),
    ] {
        assert!(told(id).contains(wanted), "{id}: {}", told(id));
    }
    let failed = world.run(&["start", "loby"]).expect_code(4);
    assert!(
        failed.stderr.contains("there is no deployment/loby"),
        "{}",
        failed.stderr
    );
    world.run(&["check"]).expect_code(1);
}
